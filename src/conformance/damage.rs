//! Operations nobody honest would send: good ones whose bytes were changed and still decode.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::random::Random;
use super::roster::roster;
use crate::codec::{decode, try_encode};

/// What is done to the bytes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Numbers become as large, or as strange, as they can be.
    Limits,
    /// Names and dots become others'.
    Forgery,
    /// Anything.
    Any,
}

/// The length of a key in bytes, as it stands in an encoding.
const KEY: usize = 32;

/// How many changes are tried until one decodes.
const ATTEMPTS: usize = 24;

/// `op` with one harm done to it; `None` if nothing that was tried decodes to another operation.
pub(super) fn harmed<O>(op: &O, harm: Harm, random: &mut Random) -> Option<O>
where
    O: Serialize + DeserializeOwned + PartialEq,
{
    let bytes = try_encode(op).ok()?;
    if bytes.is_empty() {
        return None;
    }
    let keys = keys_in(&bytes);
    (0..ATTEMPTS).find_map(|_| {
        let changed = match harm {
            Harm::Limits => at_a_limit(&bytes, &keys, random),
            Harm::Forgery => forged(&bytes, &keys, random)?,
            Harm::Any => match random.below(6) {
                0 => at_a_limit(&bytes, &keys, random),
                1 | 2 if !keys.is_empty() => forged(&bytes, &keys, random)?,
                _ => scratched(&bytes, random),
            },
        };
        let other = decode::<O>(&changed).ok()?;
        (other != *op).then_some(other)
    })
}

/// Bytes that may be anything: most often an operation's, damaged.
pub(super) fn noise(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => (0..random.below(24)).map(|_| random.next() as u8).collect(),
        _ if bytes.is_empty() => Vec::new(),
        _ => scratched(bytes, random),
    }
}

/// Where keys of people we know stand.
fn keys_in(bytes: &[u8]) -> Vec<usize> {
    let known = |window: &[u8]| roster().iter().any(|actor| actor.as_bytes() == window);
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(window) = bytes.get(at..at + KEY) {
        if known(window) {
            places.push(at);
            at += KEY;
        } else {
            at += 1;
        }
    }
    places
}

/// The length in bytes of the number that begins with this byte, if one does.
fn width(first: u8) -> usize {
    match first {
        0..=250 => 1,
        251 => 3,
        252 => 5,
        253 => 9,
        _ => 17,
    }
}

/// `bytes` with those from `at` on, `width` of them, replaced.
fn spliced(bytes: &[u8], at: usize, width: usize, by: &[u8]) -> Vec<u8> {
    let (head, tail) = bytes.split_at(at.min(bytes.len()));
    let tail = tail.get(width..).unwrap_or_default();
    [head, by, tail].concat()
}

/// This number as the codec writes it.
fn number(value: u64) -> Vec<u8> {
    try_encode(&value).unwrap_or_default()
}

fn at_a_limit(bytes: &[u8], keys: &[usize], random: &mut Random) -> Vec<u8> {
    let in_a_key = |at: usize| keys.iter().any(|key| (*key..key + KEY).contains(&at));
    let places: Vec<usize> = (0..bytes.len()).filter(|at| !in_a_key(*at)).collect();
    let Some(at) = random.pick(&places).copied() else {
        return bytes.to_vec();
    };
    let back = random.below(3) as u64;
    let wide = width(bytes[at]);
    match random.below(10) {
        0..=2 => spliced(bytes, at, wide, &number(u64::MAX - back)),
        3 => spliced(bytes, at, wide, &number(u64::MAX / 2 + 1 - back)),
        4 => spliced(bytes, at, wide, &number(u64::from(u32::MAX) - back)),
        5 => spliced(bytes, at, wide, &number(u64::from(u16::MAX) - back)),
        6 => spliced(bytes, at, 1, &[u8::MAX - back as u8]),
        7 => spliced(bytes, at, 1, &[0]),
        8 => {
            let strange = [
                f64::MAX,
                f64::MIN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
                1e17,
                -0.0,
            ];
            let float = random.pick(&strange).copied().unwrap_or(f64::NAN);
            spliced(bytes, at, 8, &float.to_le_bytes())
        }
        _ => {
            let strange = [f32::MAX, f32::MIN, f32::INFINITY, f32::NAN];
            let float = random.pick(&strange).copied().unwrap_or(f32::NAN);
            spliced(bytes, at, 4, &float.to_le_bytes())
        }
    }
}

/// Another name, another dot, or both. `None` if there is no name.
fn forged(bytes: &[u8], keys: &[usize], random: &mut Random) -> Option<Vec<u8>> {
    let key = random.pick(keys).copied()?;
    let mut bytes = bytes.to_vec();
    let what = random.below(3);
    if what != 0 {
        let somebody = match random.below(12) {
            0 => [random.next() as u8; KEY],
            one => *roster()[one % roster().len()].as_bytes(),
        };
        bytes = spliced(&bytes, key, KEY, &somebody);
    }
    let counter = key + KEY;
    if what != 1 && counter < bytes.len() {
        let value = match random.below(10) {
            0 => u64::MAX - random.below(2) as u64,
            _ => random.below(6) as u64,
        };
        bytes = spliced(&bytes, counter, width(bytes[counter]), &number(value));
    }
    Some(bytes)
}

fn scratched(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len());
    match random.below(5) {
        0 => spliced(bytes, at, 1, &[bytes[at] ^ (1 << random.below(8))]),
        1 => spliced(bytes, at, 1, &[random.next() as u8]),
        2 => spliced(bytes, at, 1, &[]),
        3 => spliced(bytes, at, 0, &[random.below(4) as u8]),
        _ => bytes[..at].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::actor::{Counter, Dot};

    fn drawn<O>(op: &O, harm: Harm) -> BTreeSet<O>
    where
        O: Serialize + DeserializeOwned + PartialEq + Ord,
    {
        let mut random = Random::new(1);
        (0..400)
            .filter_map(|_| harmed(op, harm, &mut random))
            .collect()
    }

    #[test]
    fn every_number_is_pushed_to_its_limit() {
        let all = drawn(&(7_u8, 7_u16, 7_u64, 7_i64), Harm::Limits);
        assert!(all.contains(&(u8::MAX, 7, 7, 7)));
        assert!(all.contains(&(7, u16::MAX, 7, 7)));
        assert!(all.contains(&(7, 7, u64::MAX, 7)));
        assert!(all.contains(&(7, 7, 7, i64::MIN)));
        assert!(all.contains(&(7, 7, 7, i64::MAX)));
        let floats = (0..400).scan(Random::new(1), |random, _| {
            Some(harmed(&1.5_f64, Harm::Limits, random))
        });
        assert!(floats.flatten().any(f64::is_infinite));
    }

    #[test]
    fn names_and_dots_become_others() {
        let [ann, bob, ..] = roster();
        let dot = |actor, counter| (3_u8, Dot::new(actor, Counter::new(counter)));
        let all = drawn(&dot(ann, 2), Harm::Forgery);
        assert!(all.contains(&dot(bob, 2)), "another name");
        assert!(all.contains(&dot(ann, 1)), "another number");
        assert!(all.contains(&dot(bob, 3)) && all.contains(&dot(ann, u64::MAX)));
        assert!(all.iter().all(|(first, _)| *first == 3), "nothing else");
        assert_eq!(
            drawn(&7_u64, Harm::Forgery),
            BTreeSet::new(),
            "nothing to forge"
        );
    }
}
