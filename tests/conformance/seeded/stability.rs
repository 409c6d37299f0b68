//! Types in which others decide what is valid.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Turn};
use bft_crdts::{Actor, Causes, Dot};
use serde::{Deserialize, Serialize};

use super::plain::{Of, Plain, up_to};
use super::{mended, seeded};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Money {
    Put(u8),
    Take(u8),
}

impl Arbitrary for Money {
    fn arbitrary(g: &mut Gen) -> Self {
        let amount = u8::arbitrary(g);
        if bool::arbitrary(g) {
            Money::Put(amount)
        } else {
            Money::Take(amount)
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match *self {
            Money::Put(amount) => Box::new(amount.shrink().map(Money::Put)),
            Money::Take(amount) => Box::new(amount.shrink().map(Money::Take)),
        }
    }
}

/// A till that several people take money from. Mended, everybody has a purse of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Till<const BROKEN: bool>;

impl<const BROKEN: bool> Till<BROKEN> {
    fn spending(actor: Actor) -> Actor {
        if BROKEN {
            Actor::from_bytes([0; 32])
        } else {
            actor
        }
    }
    fn held(state: &BTreeMap<Actor, u64>, actor: Actor) -> u64 {
        state.get(&Self::spending(actor)).copied().unwrap_or(0)
    }
}

impl<const BROKEN: bool> Plain for Till<BROKEN> {
    type Op = Money;
    type State = BTreeMap<Actor, u64>;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Money> {
        let amount = up_to(9, g);
        let enough = Self::held(&turn.replica.state, turn.me()) >= u64::from(amount);
        Some(if enough {
            Money::Take(amount)
        } else {
            Money::Put(amount)
        })
    }
    fn causes(_: &Self::State, _: &Money) -> Causes {
        Causes::Nothing
    }
    fn validate(state: &Self::State, dot: &Dot, op: &Money) -> bool {
        match op {
            Money::Put(_) => true,
            Money::Take(amount) => Self::held(state, dot.actor) >= u64::from(*amount),
        }
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, op: Money) {
        let held = state.entry(Self::spending(dot.actor)).or_default();
        *held = match op {
            Money::Put(amount) => *held + u64::from(amount),
            Money::Take(amount) => held.saturating_sub(u64::from(amount)),
        };
    }
}

/// Names that only one may have. Mended, a name belongs to whoever claims it, beside all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Names<BROKEN> {
    type Op = u8;
    type State = BTreeSet<(u8, Actor)>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g) % 32)
    }
    fn causes(_: &Self::State, _: &u8) -> Causes {
        Causes::Nothing
    }
    fn validate(state: &Self::State, dot: &Dot, name: &u8) -> bool {
        state
            .iter()
            .all(|(taken, owner)| taken != name || (!BROKEN && *owner != dot.actor))
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, name: u8) {
        state.insert((name, dot.actor));
    }
}

/// A room in which nobody may speak before somebody has opened it. Mended, everybody opens it for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Room<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Room<BROKEN> {
    /// True opens, false speaks.
    type Op = bool;
    type State = BTreeMap<Actor, u64>;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<bool> {
        Some(u8::arbitrary(g) % 4 == 0 || !Self::validate(&turn.replica.state, &turn.dot, &false))
    }
    fn causes(_: &Self::State, _: &bool) -> Causes {
        Causes::Nothing
    }
    fn validate(state: &Self::State, dot: &Dot, opens: &bool) -> bool {
        *opens
            || if BROKEN {
                !state.is_empty()
            } else {
                state.contains_key(&dot.actor)
            }
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, _: bool) {
        *state.entry(dot.actor).or_default() += 1;
    }
}

/// A board with room for so many lines, whoever writes them. It breaks only when many have been written. Mended, everybody has
/// so much room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quota<const ROOM: usize, const BROKEN: bool>;

impl<const ROOM: usize, const BROKEN: bool> Plain for Quota<ROOM, BROKEN> {
    type Op = u8;
    type State = BTreeMap<Dot, u8>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn validate(state: &Self::State, dot: &Dot, _: &u8) -> bool {
        let counted = state
            .keys()
            .filter(|line| BROKEN || line.actor == dot.actor);
        counted.count() < ROOM
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, line: u8) {
        state.insert(dot, line);
    }
}

/// The scenarios used to be too short for quotas of 8 and more.
#[test]
fn a_quota_of_all_together() {
    seeded::<Quota<3, true>>(Clause::Stability);
    seeded::<Quota<8, true>>(Clause::Stability);
    seeded::<Quota<20, true>>(Clause::Stability);
    mended::<Quota<24, false>>();
}

#[test]
fn a_till_with_several_owners() {
    seeded::<Till<true>>(Clause::Stability);
    mended::<Till<false>>();
}

#[test]
fn names_that_only_one_may_have() {
    seeded::<Names<true>>(Clause::Stability);
    mended::<Names<false>>();
}

#[test]
fn what_is_refused_until_others_allow_it() {
    seeded::<Room<true>>(Clause::Stability);
    mended::<Room<false>>();
}
