//! What the author of an operation had seen.

use std::collections::{BTreeMap, BTreeSet};

use crdts::VClock;
use serde::{Deserialize, Serialize};

use super::{Invalid, Pen};
use crate::actor::{Actor, Counter, Dot};

/// The most sources that an operation may say it has seen.
pub const MAX_SEEN: usize = 1024;

/// What the author of an operation had seen: of each source, everything up to a counter.
///
/// These are causes of the operation. The past of its own source goes without saying.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seen(BTreeMap<Actor, Counter>);

impl Seen {
    /// Nothing but the author's own past.
    pub fn nothing() -> Self {
        Seen::default()
    }

    /// How far `actor` was seen; zero if not at all.
    pub fn of(&self, actor: &Actor) -> Counter {
        self.0.get(actor).copied().unwrap_or_default()
    }

    /// Every source seen, with the newest operation seen of it.
    pub fn dots(&self) -> impl ExactSizeIterator<Item = Dot> + '_ {
        self.0
            .iter()
            .map(|(actor, counter)| Dot::new(*actor, *counter))
    }

    /// Adds one operation and everything before it of its source.
    pub fn add(&mut self, dot: Dot) {
        let newest = self.0.entry(dot.actor).or_default();
        *newest = dot.counter.max(*newest);
    }

    /// Adds everything seen by another.
    pub fn join(&mut self, other: &Seen) {
        other.dots().for_each(|dot| self.add(dot));
    }

    /// Leaves out one source.
    pub fn forget(&mut self, actor: &Actor) {
        self.0.remove(actor);
    }

    pub(crate) fn check(&self, dot: &Dot) -> Result<(), Invalid> {
        let (have, limit) = (self.0.len(), MAX_SEEN);
        if have > limit {
            return Err(Invalid::TooMany { have, limit });
        }
        if let Some(zero) = self.dots().find(|seen| seen.counter == Counter::ZERO) {
            return Err(Invalid::Zero(zero.actor));
        }
        if self.of(&dot.actor) >= dot.counter && dot.counter > Counter::ZERO {
            let counter = self.of(&dot.actor);
            return Err(Invalid::NotYetMade(Dot::new(dot.actor, counter)));
        }
        Ok(())
    }

    pub(crate) fn witnessed(&self, dots: &mut BTreeSet<Dot>) {
        dots.extend(self.dots());
    }

    pub(crate) fn localise(&mut self, pen: &Pen) {
        self.forget(&pen.actor());
    }

    /// All that the operation named `dot` has seen, its own source's past included.
    pub(crate) fn clock(&self, dot: &Dot) -> VClock<Actor> {
        let mut dots: BTreeMap<Actor, u64> = self.0.iter().map(|(a, c)| (*a, c.get())).collect();
        match dot.counter.get().checked_sub(1) {
            Some(own) if own > 0 => dots.insert(dot.actor, own),
            _ => dots.remove(&dot.actor),
        };
        VClock { dots }
    }
}

impl From<&VClock<Actor>> for Seen {
    fn from(clock: &VClock<Actor>) -> Self {
        let dots = clock.dots.iter();
        Seen(
            dots.map(|(actor, counter)| (*actor, Counter::new(*counter)))
                .collect(),
        )
    }
}

impl FromIterator<Dot> for Seen {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut seen = Seen::default();
        dots.into_iter().for_each(|dot| seen.add(dot));
        seen
    }
}
