//! Types that ask more than the operation and the state.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Turn};
use bft_crdts::{Actor, Dot};
use serde::{Deserialize, Serialize};

use super::plain::{Of, Plain, up_to};
use super::{elsewhere, later, mended, seeded};

/// A diary that notes when it heard of something, in units of this many milliseconds. Mended, it has no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diary<const UNIT: u64>;

impl<const UNIT: u64> Plain for Diary<UNIT> {
    type Op = u8;
    type State = BTreeMap<Dot, (u8, u64)>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(up_to(9, g))
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, text: u8) {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let now = (now.as_millis() as u64).checked_div(UNIT).unwrap_or(0);
        state.insert(dot, (text, now));
    }
}

/// Numbers that come out of one counter for the whole process. Mended, out of the dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbered<const BROKEN: bool>;

static NEXT: AtomicU64 = AtomicU64::new(0);

impl<const BROKEN: bool> Plain for Numbered<BROKEN> {
    type Op = u8;
    type State = BTreeMap<Dot, u64>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(up_to(9, g))
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, _: u8) {
        let number = if BROKEN {
            NEXT.fetch_add(1, Ordering::Relaxed)
        } else {
            dot.counter.get()
        };
        state.insert(dot, number);
    }
}

/// Shards chosen by a hash that is the same all day, and another in every process. Mended, the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sharded<const BROKEN: bool>;

static KEYS: OnceLock<RandomState> = OnceLock::new();

impl<const BROKEN: bool> Plain for Sharded<BROKEN> {
    type Op = u8;
    type State = BTreeMap<u64, u64>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut Self::State, _: Actor, _: Dot, what: u8) {
        let mut fixed = DefaultHasher::new();
        what.hash(&mut fixed);
        let hash = if BROKEN {
            KEYS.get_or_init(RandomState::new).hash_one(what)
        } else {
            fixed.finish()
        };
        *state.entry(hash % 4).or_default() += 1;
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    done: u64,
    questions: Cell<u64>,
}

/// A type that counts how often it is asked. Mended, it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Curious<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Curious<BROKEN> {
    type Op = u8;
    type State = Asked;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(up_to(9, g))
    }
    fn validate(state: &Asked, _: &Dot, _: &u8) -> bool {
        state
            .questions
            .set(state.questions.get() + u64::from(BROKEN));
        true
    }
    fn apply(state: &mut Asked, _: Actor, _: Dot, more: u8) {
        state.done += u64::from(more);
    }
}

#[test]
fn a_clock_inside() {
    let pause = Duration::from_millis(5);
    later::<Diary<2>>(pause);
    mended::<Diary<0>>();
}

/// Seconds, and the pause that every user of the kit gets.
#[test]
fn a_clock_that_ticks_in_seconds() {
    use crate::seeded::plain::Drawn;
    use bft_crdts::conformance::Kit;
    let kit = Kit::<Of<Diary<1_000>>, _>::new(Drawn);
    // A second may begin at any moment, and then less of a pause is needed.
    let found = (0..8).map(|_| kit.check(Clause::Determinism, 0..5).unwrap_err().complaint);
    let mut found = found.inspect(|complaint| println!("{complaint}"));
    assert!(found.any(|complaint| complaint.contains("a second later")));
}

#[test]
fn a_counter_of_the_whole_process() {
    seeded::<Numbered<true>>(Clause::Determinism);
    mended::<Numbered<false>>();
}

#[test]
fn a_hash_that_every_process_has_its_own_of() {
    elsewhere::<Sharded<true>>(concat!(
        module_path!(),
        "::a_hash_that_every_process_has_its_own_of"
    ));
}

#[test]
fn a_hash_that_is_the_same_everywhere() {
    mended::<Sharded<false>>();
}

#[test]
fn questions_that_leave_something_behind() {
    seeded::<Curious<true>>(Clause::Determinism);
    mended::<Curious<false>>();
}
