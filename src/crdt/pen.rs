//! Where an author stands while operations are under way.

use crate::actor::{Actor, Counter, Dot};

/// Where an author stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pen {
    pub(super) me: Actor,
    pub(super) delivered: Counter,
    pub(super) made: Counter,
}

impl Pen {
    /// The author.
    pub fn actor(&self) -> Actor {
        self.me
    }

    /// How many operations back from the next one this one of the author's is, if it is still under way.
    pub fn back(&self, dot: &Dot) -> Option<u64> {
        let under_way = dot.actor == self.me && dot.counter > self.delivered;
        let back = self.made.get().checked_sub(dot.counter.get())?;
        under_way.then_some(back.saturating_add(1))
    }
}
