//! One encoding per value, and nothing else is accepted.

use std::collections::{BTreeMap, BTreeSet};

use crate::seed::Seed;
use bft_crdts::bank::{self, Ledger};
use bft_crdts::codec::{
    MAX_PACKET_BYTES, decode, decode_sequence, decode_within, encode, encode_sequence, try_encode,
};
use bft_crdts::{Actor, Bytes, Counter, DecodeError, Digest, Dot, Sig, orswot};
use quickcheck_macros::quickcheck;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Something of every shape a packet, a record or an operation may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Sample {
    Nothing,
    Number(u64),
    Signed(i64),
    Flag(bool),
    Letter(char),
    Text(String),
    Names {
        actor: Actor,
        sig: Sig,
        digest: Digest,
        dot: Dot,
    },
    Body(Bytes),
    Maybe(Option<u16>),
    Map(BTreeMap<String, BTreeSet<u32>>),
    Bank(Vec<bank::Op>),
    Set(orswot::Op<String>),
}

fn actor(rng: &mut ChaCha8Rng) -> Actor {
    Actor::from_bytes(rng.random())
}

fn dot(rng: &mut ChaCha8Rng) -> Dot {
    Dot::new(actor(rng), Counter::new(number(rng)))
}

/// Numbers of every encoded length.
fn number(rng: &mut ChaCha8Rng) -> u64 {
    rng.next_u64() >> rng.random_range(0..64)
}

fn text(rng: &mut ChaCha8Rng) -> String {
    let letters = ['a', 'ß', '水', '🦀', '"', '\n'];
    (0..rng.random_range(0..5))
        .map(|_| letters[rng.random_range(0..letters.len())])
        .collect()
}

fn some<T>(rng: &mut ChaCha8Rng, most: usize, item: fn(&mut ChaCha8Rng) -> T) -> Vec<T> {
    (0..rng.random_range(0..=most)).map(|_| item(rng)).collect()
}

fn bank_op(rng: &mut ChaCha8Rng) -> bank::Op {
    let (to, amount) = (actor(rng), number(rng));
    match rng.random() {
        true => bank::Op::Issue { to, amount },
        false => bank::Op::Transfer {
            to,
            amount,
            causes: some(rng, 2, dot).into_iter().collect(),
        },
    }
}

fn sample(rng: &mut ChaCha8Rng) -> Sample {
    match rng.random_range(0..12) {
        0 => Sample::Nothing,
        1 => Sample::Number(number(rng)),
        2 => Sample::Signed(number(rng) as i64),
        3 => Sample::Flag(rng.random()),
        4 => Sample::Letter(text(rng).chars().next().unwrap_or('x')),
        5 => Sample::Text(text(rng)),
        6 => {
            let mut sig = [0; 64];
            rng.fill_bytes(&mut sig);
            Sample::Names {
                actor: actor(rng),
                sig: Sig::from_bytes(sig),
                digest: Digest::of(text(rng).as_bytes()),
                dot: dot(rng),
            }
        }
        7 => Sample::Body(some(rng, 20, |rng| rng.random()).into()),
        8 => Sample::Maybe(rng.random::<bool>().then(|| rng.random())),
        9 => {
            let entry = |rng: &mut ChaCha8Rng| {
                let numbers = some(rng, 3, |rng| number(rng) as u32);
                (text(rng), numbers.into_iter().collect())
            };
            Sample::Map(some(rng, 3, entry).into_iter().collect())
        }
        10 => Sample::Bank(some(rng, 2, bank_op)),
        _ => {
            let members = some(rng, 3, text).into_iter().collect();
            Sample::Set(match rng.random() {
                true => orswot::Op::Add { members },
                false => orswot::Op::Remove {
                    members,
                    witnessed: some(rng, 2, dot).into_iter().collect(),
                },
            })
        }
    }
}

/// The claim about any input: it is refused, or it is the one encoding of what it decodes to.
fn refused_or_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    match decode::<T>(bytes) {
        Ok(value) => encode(&value) == bytes,
        Err(_) => true,
    }
}

#[quickcheck]
fn every_value_survives_the_round_trip(seed: Seed) -> bool {
    let value = sample(&mut seed.rng());
    decode(&encode(&value)) == Ok(value)
}

#[quickcheck]
fn sequences_survive_the_round_trip_and_have_no_other_count(seed: Seed) {
    let mut rng = seed.rng();
    let items: Vec<Sample> = (0..rng.random_range(0..8))
        .map(|_| sample(&mut rng))
        .collect();
    let bytes = encode_sequence(&items);
    let whole: Vec<u8> = items.iter().flat_map(encode).collect();
    assert_eq!(bytes, whole, "items one after the other, nothing between");
    assert_eq!(decode_sequence(items.len(), &bytes), Ok(items.clone()));
    assert!(decode_sequence::<Sample>(items.len() + 1, &bytes).is_err());
    if let Some(fewer) = items.len().checked_sub(1) {
        assert_eq!(
            decode_sequence::<Sample>(fewer, &bytes),
            Err(DecodeError::TrailingBytes)
        );
    }
}

/// Every value of every byte, not a sample of them: an encoding has no neighbour that reads as the same value.
#[quickcheck]
fn every_single_byte_mutation_is_refused_or_another_value(seed: Seed) {
    let value = sample(&mut seed.rng());
    let mut bytes = encode(&value);
    for place in 0..bytes.len() {
        let right = bytes[place];
        for wrong in (0..=u8::MAX).filter(|wrong| *wrong != right) {
            bytes[place] = wrong;
            if let Ok(other) = decode::<Sample>(&bytes) {
                assert_ne!(other, value, "byte {place} has two spellings");
                assert_eq!(encode(&other), bytes);
            }
        }
        bytes[place] = right;
    }
}

#[quickcheck]
fn a_shorter_or_longer_input_is_refused(seed: Seed) {
    let mut rng = seed.rng();
    let mut bytes = encode(&sample(&mut rng));
    for end in 0..bytes.len() {
        assert!(decode::<Sample>(&bytes[..end]).is_err(), "cut at {end}");
    }
    bytes.push(rng.random());
    assert_eq!(decode::<Sample>(&bytes), Err(DecodeError::TrailingBytes));
}

#[quickcheck]
fn random_bytes_are_refused_or_canonical(seed: Seed) -> bool {
    let mut rng = seed.rng();
    let mut bytes = some(&mut rng, 80, |rng| rng.random::<u8>());
    // Small numbers are lengths and tags, where the interesting paths begin.
    for byte in &mut bytes {
        if rng.random_bool(0.7) {
            *byte %= 8;
        }
    }
    refused_or_canonical::<Sample>(&bytes)
        && refused_or_canonical::<Ledger>(&bytes)
        && refused_or_canonical::<orswot::Entries<String>>(&bytes)
        && refused_or_canonical::<Vec<BTreeMap<u8, Option<Bytes>>>>(&bytes)
}

#[test]
fn a_number_has_one_spelling() {
    assert_eq!(encode(&5u64), [5]);
    for padded in [
        &[251, 5, 0][..],
        &[252, 5, 0, 0, 0],
        &[253, 5, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(decode::<u64>(padded), Err(DecodeError::NonCanonical));
    }
    assert_eq!(encode(&300u64), [251, 44, 1]);
    assert_eq!(decode::<u64>(&[251, 44, 1]), Ok(300));
}

#[test]
fn a_set_has_one_order_and_no_repetition() {
    type Set = BTreeSet<u8>;
    assert_eq!(decode::<Set>(&[2, 1, 2]), Ok(Set::from([1, 2])));
    assert_eq!(decode::<Set>(&[2, 2, 1]), Err(DecodeError::NonCanonical));
    assert_eq!(decode::<Set>(&[2, 1, 1]), Err(DecodeError::NonCanonical));
    type Map = BTreeMap<u8, u8>;
    assert_eq!(
        decode::<Map>(&[2, 9, 0, 8, 0]),
        Err(DecodeError::NonCanonical)
    );
}

#[test]
fn flags_tags_and_letters_outside_their_range_are_malformed() {
    let malformed = |result: Result<Sample, DecodeError>| match result {
        Err(DecodeError::Malformed(why)) => assert!(!why.is_empty() && why.len() <= 160),
        other => panic!("{other:?}"),
    };
    malformed(decode(&[3, 2])); // neither false nor true
    malformed(decode(&[8, 2])); // neither none nor some
    malformed(decode(&[12])); // no such variant
    malformed(decode(&[4, 0xff])); // not a character
    malformed(decode(&[5, 1, 0xff])); // not UTF-8
    assert!(matches!(
        decode::<Actor>(&[31; 32]),
        Err(DecodeError::Malformed(_))
    ));
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let have = MAX_PACKET_BYTES + 1;
    let limit = MAX_PACKET_BYTES;
    let large = vec![0; have];
    let error = DecodeError::TooLarge { have, limit };
    assert_eq!(decode::<u8>(&large), Err(error.clone()));
    assert_eq!(decode_sequence::<u8>(have, &large), Err(error));
    assert_eq!(decode_sequence(limit, &large[1..]), Ok(vec![0u8; limit]));
    assert_eq!(
        decode_within::<u8>(0, &[0]),
        Err(DecodeError::TooLarge { have: 1, limit: 0 })
    );
}

/// 2⁶³ and other lengths that no input has room for.
#[test]
fn a_length_prefix_beyond_the_input_ends_at_once() {
    let promise = |elements: u64| {
        let mut bytes = encode(&elements);
        bytes.extend([0; 16]);
        bytes
    };
    for elements in [18, 1 << 20, 1 << 32, 1 << 63, u64::MAX] {
        let bomb = promise(elements);
        let many = DecodeError::TooManyElements;
        assert_eq!(decode::<Vec<()>>(&bomb), Err(many.clone()));
        assert_eq!(decode::<Vec<u8>>(&bomb), Err(many.clone()));
        assert_eq!(decode::<Vec<Sample>>(&bomb), Err(many.clone()));
        assert_eq!(decode::<BTreeSet<u8>>(&bomb), Err(many.clone()));
        assert_eq!(decode::<BTreeMap<(), ()>>(&bomb), Err(many.clone()));
        assert_eq!(decode::<Vec<Vec<Vec<()>>>>(&bomb), Err(many.clone()));
        assert_eq!(
            decode_sequence::<u8>(elements as usize, &[0; 17]),
            Err(many)
        );
        let end = DecodeError::UnexpectedEnd;
        assert_eq!(decode::<Bytes>(&bomb), Err(end.clone()));
        assert_eq!(decode::<String>(&bomb), Err(end));
    }
}

/// Elements that take no bytes could be promised without end.
#[test]
fn elements_without_bytes_are_refused() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing;
    let many = DecodeError::TooManyElements;
    assert_eq!(decode::<Vec<()>>(&encode(&vec![(); 3])), Err(many.clone()));
    assert_eq!(decode_sequence::<Nothing>(3, &[0; 3]), Err(many));
    // Nested sequences cannot each spend the same bytes: three lists of three in six bytes.
    let nested = decode::<Vec<Vec<()>>>(&[3, 3, 3, 3, 0, 0]);
    assert_eq!(nested, Err(DecodeError::TooManyElements));
}

#[test]
fn a_type_that_contains_itself_does_not_nest_without_end() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Chain(Option<Box<Chain>>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tree {
        children: Vec<Tree>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Onion {
        Core,
        Layer(Box<Onion>),
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Abyss(Box<Abyss>); // takes no bytes to descend

    let deep = DecodeError::TooDeep { limit: 16 };
    let bomb = vec![1; MAX_PACKET_BYTES];
    assert_eq!(decode::<Chain>(&bomb), Err(deep.clone()));
    assert_eq!(decode::<Onion>(&bomb), Err(deep.clone()));
    assert_eq!(decode::<Tree>(&bomb), Err(deep.clone()));
    assert_eq!(decode::<Abyss>(&[]).map(drop), Err(deep));
    let onion = |layers| {
        let mut bytes = vec![1; layers];
        bytes.push(0);
        decode::<Onion>(&bytes).map(|onion| encode(&onion) == bytes)
    };
    assert_eq!(onion(15), Ok(true), "sixteen levels with the core");
    let limit = 16;
    assert_eq!(onion(16), Err(DecodeError::TooDeep { limit }));
}

#[test]
fn a_type_that_cannot_be_encoded_is_an_error_not_a_guess() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            serializer.serialize_seq(None)?.end()
        }
    }
    assert!(try_encode(&Refuses).is_err());
    assert_eq!(try_encode(&5u8), Ok(vec![5]));
}

#[test]
fn names_are_byte_strings_on_the_wire_and_hexadecimal_for_people() {
    let actor = Actor::from_bytes([0xab; 32]);
    assert_eq!(encode(&actor), [&[32][..], &[0xab; 32]].concat());
    assert_eq!(encode(&Sig::from_bytes([7; 64])).len(), 65);
    let hex = "ab".repeat(32);
    assert_eq!(serde_json::to_string(&actor).unwrap(), format!("\"{hex}\""));
    assert_eq!(
        serde_json::from_str::<Actor>(&format!("\"{hex}\"")).unwrap(),
        actor
    );
    assert_eq!(hex.parse(), Ok(actor));
    assert_eq!(actor.to_string(), "ababab");
    assert_eq!(actor.to_hex(), hex);
    for wrong in [
        "",
        "ab",
        &hex.to_uppercase(),
        &format!("{hex}ab"),
        &"zz".repeat(32),
    ] {
        assert!(wrong.parse::<Actor>().is_err(), "{wrong:?}");
    }
}

/// Two lists of parts never run together to the same bytes.
#[test]
fn a_digest_of_parts_keeps_the_parts_apart() {
    let digests = [
        Digest::of_parts("a", &[b"b", b"c"]),
        Digest::of_parts("a", &[b"bc"]),
        Digest::of_parts("a", &[b"bc", b""]),
        Digest::of_parts("a", &[b"", b"bc"]),
        Digest::of_parts("ab", &[b"c"]),
        Digest::of_parts("", &[b"a", b"b", b"c"]),
        Digest::of(b"abc"),
    ];
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), digests.len());
}
