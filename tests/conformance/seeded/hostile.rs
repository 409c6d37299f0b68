//! Types that trust what peers write.

use std::collections::BTreeMap;

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Turn};
use bft_crdts::{Actor, Causes, Dot};
use serde::{Deserialize, Serialize};

use super::plain::{Of, Plain, up_to};
use super::{mended, seeded};

/// Tickets that are closed by dot: "it is there, for it is a cause". Mended, what is no ticket is not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tickets<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Tickets<BROKEN> {
    /// Opens one, or closes that one.
    type Op = Option<Dot>;
    type State = BTreeMap<Dot, bool>;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Option<Dot>> {
        let tickets: Vec<Dot> = turn.replica.state.keys().copied().collect();
        Some(g.choose(&tickets).copied().filter(|_| bool::arbitrary(g)))
    }
    fn causes(_: &Self::State, op: &Option<Dot>) -> Causes {
        Causes::Dots(op.iter().copied().collect())
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, op: Option<Dot>) {
        let Some(ticket) = op else {
            state.insert(dot, true);
            return;
        };
        match state.get_mut(&ticket) {
            Some(open) => *open = false,
            None => assert!(!BROKEN, "the ticket is there, for it is a cause"),
        }
    }
}

/// Four lamps, switched by number. Mended, there is no fifth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lamps<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Lamps<BROKEN> {
    type Op = u8;
    type State = [u8; 4];

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g) % 4)
    }
    fn validate(_: &[u8; 4], _: &Dot, lamp: &u8) -> bool {
        BROKEN || *lamp < 4
    }
    fn apply(state: &mut [u8; 4], _: Actor, _: Dot, lamp: u8) {
        if BROKEN {
            state[usize::from(lamp)] ^= 1;
        } else if let Some(lamp) = state.get_mut(usize::from(lamp)) {
            *lamp ^= 1;
        }
    }
}

/// A sum that overflows. Mended, no number is larger than 32 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Tally<BROKEN> {
    type Op = u64;
    type State = u64;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u64> {
        Some(u64::from(up_to(9, g)))
    }
    fn validate(_: &u64, _: &Dot, more: &u64) -> bool {
        BROKEN || u32::try_from(*more).is_ok()
    }
    fn apply(state: &mut u64, _: Actor, _: Dot, more: u64) {
        if Self::validate(
            state,
            &Dot::new(Actor::from_bytes([0; 32]), Default::default()),
            &more,
        ) {
            *state += more;
        }
    }
}

/// A temperature that stops at its limits, so that it matters from which side they are reached. Mended, nothing large is
/// accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warmth<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Warmth<BROKEN> {
    type Op = i64;
    type State = i64;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<i64> {
        Some(i64::from(i8::arbitrary(g)))
    }
    fn validate(_: &i64, _: &Dot, change: &i64) -> bool {
        BROKEN || change.unsigned_abs() < 1_000
    }
    fn apply(state: &mut i64, _: Actor, _: Dot, change: i64) {
        *state = state.saturating_add(change);
    }
}

/// What somebody says, under the name they give themselves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Line {
    dot: Dot,
    text: u8,
}

impl Arbitrary for Line {
    fn arbitrary(g: &mut Gen) -> Self {
        Line {
            dot: Dot::arbitrary(g),
            text: u8::arbitrary(g),
        }
    }
}

/// A chat that trusts the dots inside its lines. Mended, they must be those of the broadcast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chat<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Chat<BROKEN> {
    type Op = Line;
    type State = BTreeMap<Dot, u8>;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Line> {
        Some(Line {
            dot: turn.dot,
            text: u8::arbitrary(g),
        })
    }
    fn validate(_: &Self::State, dot: &Dot, line: &Line) -> bool {
        BROKEN || line.dot == *dot
    }
    fn apply(state: &mut Self::State, _: Actor, _: Dot, line: Line) {
        state.insert(line.dot, line.text);
    }
}

/// Who spends, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Spend {
    from: Actor,
    amount: u8,
}

impl Arbitrary for Spend {
    fn arbitrary(g: &mut Gen) -> Self {
        Spend {
            from: Actor::arbitrary(g),
            amount: u8::arbitrary(g),
        }
    }
}

/// An allowance of 20 for everybody, spent by whoever says so. Mended, everybody spends their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Allowance<BROKEN> {
    type Op = Spend;
    type State = BTreeMap<Actor, u64>;

    fn draw(turn: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<Spend> {
        Some(Spend {
            from: turn.me(),
            amount: up_to(9, g),
        })
    }
    fn causes(_: &Self::State, _: &Spend) -> Causes {
        Causes::Nothing
    }
    fn validate(state: &Self::State, dot: &Dot, op: &Spend) -> bool {
        let spent = state.get(&op.from).copied().unwrap_or(0);
        spent + u64::from(op.amount) <= 20 && (BROKEN || op.from == dot.actor)
    }
    fn apply(state: &mut Self::State, _: Actor, _: Dot, op: Spend) {
        *state.entry(op.from).or_default() += u64::from(op.amount);
    }
}

#[test]
fn a_panic_on_a_ticket_that_is_none() {
    seeded::<Tickets<true>>(Clause::Totality);
    mended::<Tickets<false>>();
}

#[test]
fn an_index_that_a_peer_chooses() {
    seeded::<Lamps<true>>(Clause::Totality);
    mended::<Lamps<false>>();
}

/// A build that does not check for overflow cannot see it.
#[cfg(debug_assertions)]
#[test]
fn a_sum_that_overflows() {
    seeded::<Tally<true>>(Clause::Limits);
}

#[test]
fn a_sum_that_does_not_overflow() {
    mended::<Tally<false>>();
}

#[test]
fn a_sum_that_stops_at_its_limits() {
    seeded::<Warmth<true>>(Clause::Limits);
    mended::<Warmth<false>>();
}

#[test]
fn lines_under_dots_of_their_own() {
    seeded::<Chat<true>>(Clause::Forgery);
    mended::<Chat<false>>();
}

#[test]
fn money_spent_in_the_name_of_others() {
    seeded::<Allowance<true>>(Clause::Forgery);
    mended::<Allowance<false>>();
}
