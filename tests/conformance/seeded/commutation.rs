//! Types in which the order decides.

use std::collections::BTreeMap;

use bft_crdts::conformance::{Arbitrary, Clause, Gen, Turn};
use bft_crdts::{Actor, Counter, Dot};

use super::plain::{Of, Plain, up_to};
use super::{mended, seeded};

/// A register: whoever comes last wins. Mended, the larger dot does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Register<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Register<BROKEN> {
    type Op = u8;
    type State = Option<(Counter, Actor, u8)>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(u8::arbitrary(g))
    }
    fn apply(state: &mut Self::State, _: Actor, dot: Dot, value: u8) {
        let new = Some((dot.counter, dot.actor, value));
        *state = if BROKEN { new } else { new.max(*state) };
    }
}

/// A sum of tenths kept as a float. Mended, it is kept in tenths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Sum<BROKEN> {
    type Op = u16;
    /// The float's bits, for a float is not `Eq`.
    type State = u64;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u16> {
        Some(u16::arbitrary(g) % 1000)
    }
    fn apply(state: &mut u64, _: Actor, _: Dot, tenths: u16) {
        *state = if BROKEN {
            (f64::from_bits(*state) + f64::from(tenths) / 10.0).to_bits()
        } else {
            *state + u64::from(tenths)
        };
    }
}

/// How much a replica has not seen yet, which each counts for itself. Mended, all count what each has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread<const BROKEN: bool>;

impl<const BROKEN: bool> Plain for Unread<BROKEN> {
    type Op = u8;
    type State = BTreeMap<Actor, u64>;

    fn draw(_: &Turn<'_, Of<Self>>, g: &mut Gen) -> Option<u8> {
        Some(up_to(9, g))
    }
    fn apply(state: &mut Self::State, me: Actor, dot: Dot, _: u8) {
        if BROKEN && me == dot.actor {
            state.remove(&me);
        } else {
            *state.entry(dot.actor).or_default() += 1;
        }
    }
}

#[test]
fn a_register_that_keeps_the_last_to_come() {
    seeded::<Register<true>>(Clause::Commutation);
    mended::<Register<false>>();
}

#[test]
fn a_sum_of_floats() {
    seeded::<Sum<true>>(Clause::Commutation);
    mended::<Sum<false>>();
}

#[test]
fn a_state_that_depends_on_whose_replica_it_is() {
    seeded::<Unread<true>>(Clause::Commutation);
    mended::<Unread<false>>();
}
