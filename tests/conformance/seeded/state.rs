//! Types whose state is not all of it, or not always the same.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Turn};
use bft_crdts::{Actor, Dot};
use serde::{Deserialize, Serialize};

use super::plain::{Of, Plain, each_alone, up_to};
use super::{mended, seeded};

/// Tags in a hash set. Mended, in an ordered one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hashed;

impl Plain for Hashed {
    type Op = u8;
    type State = HashSet<u8>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut HashSet<u8>, _: Actor, _: Dot, tag: u8) {
        state.insert(tag);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ordered;

impl Plain for Ordered {
    type Op = u8;
    type State = BTreeSet<u8>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut BTreeSet<u8>, _: Actor, _: Dot, tag: u8) {
        state.insert(tag);
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Skipping {
    tags: BTreeSet<u8>,
    #[serde(skip)]
    many: u64,
}

/// A state with a field that is not encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipped;

impl Plain for Skipped {
    type Op = u8;
    type State = Skipping;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut Skipping, _: Actor, _: Dot, tag: u8) {
        state.tags.insert(tag);
        state.many += 1;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Change {
    Add(u8),
    Remove(u8),
}

impl Arbitrary for Change {
    fn arbitrary(g: &mut Gen) -> Self {
        let what = u8::arbitrary(g) % 8;
        if bool::arbitrary(g) {
            Change::Add(what)
        } else {
            Change::Remove(what)
        }
    }
}

/// What is there, and what was removed for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Both {
    there: BTreeSet<u8>,
    removed: BTreeSet<u8>,
}

/// A set in which what was removed stays away; but its snapshots do not say what was removed. Mended, they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forgetful<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Forgetful<BROKEN> {
    type Op = Change;
    type State = Both;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Change> {
        Some(Change::arbitrary(g))
    }
    fn apply(state: &mut Both, _: Actor, _: Dot, op: Change) {
        match op {
            Change::Add(what) if state.removed.contains(&what) => {}
            Change::Add(what) => drop(state.there.insert(what)),
            Change::Remove(what) => {
                state.there.remove(&what);
                state.removed.insert(what);
            }
        }
    }
    fn shown(state: &Both) -> Both {
        let mut shown = state.clone();
        if BROKEN {
            shown.removed.clear();
        }
        shown
    }
}

/// A limit of three for everybody, of which snapshots say nothing. Mended, they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amnesty<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Amnesty<BROKEN> {
    type Op = u8;
    type State = (u64, BTreeMap<Actor, u64>);

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        let may = Self::validate(&turn.replica.state, &turn.dot, &0);
        (may || u8::arbitrary(g) % 4 == 0).then(|| up_to(9, g))
    }
    fn validate((_, done): &Self::State, dot: &Dot, _: &u8) -> bool {
        done.get(&dot.actor).is_none_or(|done| *done < 3)
    }
    fn apply((sum, done): &mut Self::State, _: Actor, dot: Dot, more: u8) {
        *sum += u64::from(more);
        *done.entry(dot.actor).or_default() += 1;
    }
    fn shown((sum, done): &Self::State) -> Self::State {
        (
            *sum,
            if BROKEN {
                BTreeMap::new()
            } else {
                done.clone()
            },
        )
    }
}

/// A replica that adds what it is handed to what it has. Mended, it replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merging<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Merging<BROKEN> {
    type Op = u8;
    type State = BTreeSet<u8>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut BTreeSet<u8>, _: Actor, _: Dot, tag: u8) {
        state.insert(tag);
    }
    fn handed(mine: &mut BTreeSet<u8>, mut other: BTreeSet<u8>) {
        if BROKEN {
            other.append(mine);
        }
        *mine = other;
    }
}

/// An allowance that a batch may spend once for each of its operations. Mended, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batched<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Batched<BROKEN> {
    type Op = u8;
    type State = BTreeMap<Actor, u64>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(up_to(9, g))
    }
    fn validate(state: &Self::State, dot: &Dot, amount: &u8) -> bool {
        state.get(&dot.actor).copied().unwrap_or(0) + u64::from(*amount) <= 20
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, amount: u8) {
        *state.entry(dot.actor).or_default() += u64::from(amount);
    }
    fn refused_in(all: &Of<Self>, first: &Dot, ops: &[u8]) -> Option<usize> {
        if BROKEN {
            return each_alone(all, first, ops);
        }
        let mut spent = all.state.get(&first.actor).copied().unwrap_or(0);
        ops.iter().position(|amount| {
            spent += u64::from(*amount);
            spent > 20
        })
    }
}

#[test]
fn a_state_in_hash_order() {
    seeded::<Hashed>(Clause::CanonicalBytes);
    mended::<Ordered>();
}

#[test]
fn a_field_that_is_not_encoded() {
    seeded::<Skipped>(Clause::CanonicalBytes);
}

#[test]
fn a_snapshot_that_forgets_what_was_removed() {
    seeded::<Forgetful<true>>(Clause::Snapshot);
    mended::<Forgetful<false>>();
}

#[test]
fn a_snapshot_that_forgets_what_is_used_up() {
    seeded::<Amnesty<true>>(Clause::Snapshot);
    mended::<Amnesty<false>>();
}

#[test]
fn a_replica_that_keeps_what_it_had_beside_a_snapshot() {
    seeded::<Merging<true>>(Clause::Snapshot);
    mended::<Merging<false>>();
}

#[test]
fn a_batch_that_spends_the_same_money_twice() {
    seeded::<Batched<true>>(Clause::Batches);
    mended::<Batched<false>>();
}
