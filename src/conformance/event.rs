//! What scenarios are made of: operations that were issued, replicas that deliver them, and what is said about them.

use std::fmt::Debug;

use super::panics::{asking, asking_about};
use crate::actor::{Actor, Dot};
use crate::codec::try_encode;
use crate::traits::SecureBroadcastAlgorithm;

/// How many operations of each actor.
pub(super) type Counts = Vec<u64>;

/// What must be delivered before an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// All that its source had delivered.
    Seen,
    /// The causes it declares: all that the broadcast waits for.
    Declared,
}

/// Why a scenario breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// In words, with keys where names should stand.
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What to make of a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The type breaks the clause at hand.
    Clause,
    /// It panics, whatever was looked for.
    Panic,
    /// The generator is to blame.
    Generator,
}

impl Complaint {
    /// The type is to blame.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Complaint {
            text: text.into(),
            kind: Kind::Clause,
        }
    }

    /// The type has panicked with these words.
    pub(super) fn panic(text: String) -> Self {
        let kind = Kind::Panic;
        Complaint { text, kind }
    }
}

/// One operation that was issued.
#[derive(Clone, Debug)]
pub(super) struct Event<O> {
    pub(super) dot: Dot,
    pub(super) source: usize,
    pub(super) op: O,
    /// What its source had delivered.
    pub(super) seen: Counts,
    /// What it declares to need.
    pub(super) needs: Counts,
    /// Whether its source is up to no good.
    pub(super) hostile: bool,
    /// Refused by the first who could judge it: nobody delivers it, or anything of its source after it.
    pub(super) void: bool,
}

/// One replica.
#[derive(Clone, Debug)]
pub(super) struct Replica<A: SecureBroadcastAlgorithm> {
    pub(super) algorithm: A,
    pub(super) clock: Counts,
    pub(super) delivered: Vec<(Dot, A::Op)>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// Nothing that matters.
    Nothing,
    /// The replica `at` has delivered an event, its own or another's.
    Delivered { at: usize, event: usize },
}

/// How much was drawn, for the clause that the generator means something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) turns: u64,
    pub(super) drawn: u64,
    pub(super) issued: u64,
    pub(super) concurrent: u64,
    /// A bit for each variant of the operations that was issued.
    pub(super) variants: u128,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Tally) {
        self.turns += other.turns;
        self.drawn += other.drawn;
        self.issued += other.issued;
        self.concurrent += other.concurrent;
        self.variants |= other.variants;
    }
}

/// One line of the chart.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: usize,
    pub(super) text: String,
}

impl<A: SecureBroadcastAlgorithm> Replica<A> {
    pub(super) fn apply(&mut self, event: &Event<A::Op>) {
        asking_about("apply", event.dot.actor, event.dot, &event.op);
        self.algorithm.apply(event.dot, event.op.clone());
        self.clock[event.source] += 1;
    }

    /// The state, and its bytes if it has any.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        try_encode(&self.algorithm.state()).ok()
    }
}

/// A replica of `actor` that begins with this state.
pub(super) fn begun<A: SecureBroadcastAlgorithm>(actor: Actor, state: &A::ReplicatedState) -> A {
    asking("new", actor);
    let mut algorithm = A::new(actor);
    asking("sync_from", actor);
    algorithm.sync_from(state.clone());
    algorithm
}

/// Whether all of `needs` is in `clock`.
pub(super) fn covers(clock: &Counts, needs: &Counts) -> bool {
    clock.iter().zip(needs).all(|(have, need)| have >= need)
}

pub(super) fn join(clock: &mut Counts, other: &Counts) {
    for (have, more) in clock.iter_mut().zip(other) {
        *have = (*have).max(*more);
    }
}
