//! What the kit has to be told about a type: what somebody might do next.

use std::iter::empty;

use quickcheck::{Arbitrary, Gen};

use super::roster::roster;
use crate::actor::{Actor, Counter, Dot};
use crate::traits::SecureBroadcastAlgorithm;

/// Somebody is to act: what they know at that moment.
#[derive(Debug)]
pub struct Turn<'a, A: SecureBroadcastAlgorithm> {
    /// Their copy.
    pub replica: &'a A,
    /// The name that the operation will have; its actor is who acts.
    pub dot: Dot,
    /// Everybody in this scenario, who acts among them: from two to four of [`roster`].
    pub everybody: &'a [Actor],
    /// What was delivered here, in this order: everything that the operation may build on.
    pub delivered: &'a [(Dot, A::Op)],
}

impl<A: SecureBroadcastAlgorithm> Turn<'_, A> {
    /// Who acts.
    pub fn me(&self) -> Actor {
        self.dot.actor
    }

    /// Somebody of this scenario, who acts included.
    pub fn somebody(&self, g: &mut Gen) -> Actor {
        g.choose(self.everybody).copied().unwrap_or(self.dot.actor)
    }

    /// Somebody else of this scenario.
    pub fn somebody_else(&self, g: &mut Gen) -> Actor {
        let others: Vec<Actor> = self
            .everybody
            .iter()
            .copied()
            .filter(|actor| *actor != self.me())
            .collect();
        g.choose(&others).copied().unwrap_or(self.dot.actor)
    }

    /// One of the operations delivered here, if there are any.
    pub fn something_delivered(&self, g: &mut Gen) -> Option<&(Dot, A::Op)> {
        g.choose(self.delivered)
    }
}

/// Draws the operations of a type.
///
/// A function `fn(&Turn<'_, A>, &mut Gen) -> Option<A::Op>` is a generator if the operations are [`Arbitrary`]: what is
/// arbitrary is its garbage. Implement the trait where they are not, or where scenarios must begin with something.
///
/// Draw all randomness from the [`Gen`]: it has a seed, so that a failure can be run again.
pub trait Generator<A: SecureBroadcastAlgorithm> {
    /// The state that a scenario begins with: a genesis. Unless told otherwise, that of a new replica.
    fn genesis(&self, everybody: &[Actor], g: &mut Gen) -> A::ReplicatedState {
        let _ = g;
        let somebody = everybody.first().copied().unwrap_or(roster()[0]);
        A::new(somebody).state()
    }

    /// What somebody might do now; `None` if they can do nothing. An operation that their replica refuses is not
    /// broadcast, so most of them should be valid, and some may be just not.
    fn operation(&self, turn: &Turn<'_, A>, g: &mut Gen) -> Option<A::Op>;

    /// An operation that need not make sense: whatever a peer could send. The kit damages the bytes of good operations
    /// anyway; this is what it would not think of.
    fn garbage(&self, g: &mut Gen) -> Option<A::Op> {
        let _ = g;
        None
    }

    /// The variants of operations that are valid in no state, by name; every other one has to be issued somewhere.
    fn never_valid(&self) -> &[&'static str] {
        &[]
    }

    /// Simpler operations that are tried in the place of this one when a counterexample is made smaller.
    fn simpler(&self, op: &A::Op) -> Box<dyn Iterator<Item = A::Op>> {
        let _ = op;
        Box::new(empty())
    }
}

impl<A, F> Generator<A> for F
where
    A: SecureBroadcastAlgorithm<Op: Arbitrary>,
    F: Fn(&Turn<'_, A>, &mut Gen) -> Option<A::Op>,
{
    fn operation(&self, turn: &Turn<'_, A>, g: &mut Gen) -> Option<A::Op> {
        self(turn, g)
    }

    fn garbage(&self, g: &mut Gen) -> Option<A::Op> {
        Some(A::Op::arbitrary(g))
    }

    fn simpler(&self, op: &A::Op) -> Box<dyn Iterator<Item = A::Op>> {
        op.shrink()
    }
}

/// The dot after `count` operations of `actor`.
pub(super) fn dot_after(actor: Actor, count: u64) -> Dot {
    Dot::new(actor, Counter::new(count.saturating_add(1)))
}
