//! Counters. The `crdts` crate has an operation say what its source has counted to; here it says how far to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use crdts::pncounter::Dir;
use crdts::{CmRDT, ResetRemove, VClock};
use serde::{Deserialize, Serialize};

use super::map::{Resettable, sealed};
use super::{Hosted, Invalid, Op};
use crate::actor::{Actor, Dot};

/// A counter that only grows: [`crdts::GCounter`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Counts")]
pub struct GCounter(crdts::GCounter<Actor>);

/// A counter that grows and shrinks: [`crdts::PNCounter`], one grow-only counter for each direction.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "BothCounts")]
pub struct PNCounter(crdts::PNCounter<Actor>);

/// What can be done to a [`GCounter`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Increment {
    /// Steps, not zero.
    pub by: u64,
}

/// What can be done to a [`PNCounter`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CountAct {
    /// Up.
    Increment {
        /// Steps, not zero.
        by: u64,
    },
    /// Down.
    Decrement {
        /// Steps, not zero.
        by: u64,
    },
}

/// `ahead` and `by` on top of `count`, as a sum that fits.
fn go_on(count: u64, ahead: &mut u64, by: u64) -> Result<(), Invalid> {
    if by == 0 {
        return Err(Invalid::Nothing);
    }
    let more = ahead.checked_add(by).ok_or(Invalid::Overflow)?;
    count.checked_add(more).ok_or(Invalid::Overflow)?;
    *ahead = more;
    Ok(())
}

impl GCounter {
    /// What everybody has counted together.
    pub fn value(&self) -> u128 {
        u128::try_from(self.0.read()).unwrap_or(u128::MAX)
    }

    /// What one source has counted.
    pub fn counted_by(&self, source: &Actor) -> u64 {
        // Zero steps on from there.
        self.0.inc_many(*source, 0).counter
    }

    /// The operation that counts one step.
    pub fn increment(&self) -> Op<Self> {
        self.increment_by(1)
    }

    /// The operation that counts this many steps. It is valid if there is a step, and all steps of its source together
    /// fit into 64 bits.
    pub fn increment_by(&self, by: u64) -> Op<Self> {
        Op::new(Increment { by })
    }
}

impl Hosted for GCounter {
    type Act = Increment;
    /// Steps of the source.
    type Ahead = u64;

    fn name() -> String {
        "gcounter".into()
    }

    fn witnessed(_: &Increment, _: &mut BTreeSet<Dot>) {}

    /// Only the source's own past counts, so validity is stable.
    fn admit(&self, ahead: &mut u64, dot: &Dot, act: &Increment) -> Result<(), Invalid> {
        go_on(self.counted_by(&dot.actor), ahead, act.by)
    }

    fn perform(&mut self, dot: &Dot, act: Increment) {
        self.0.apply(self.0.inc_many(dot.actor, act.by));
    }
}

impl PNCounter {
    /// What everybody has counted together.
    pub fn value(&self) -> i128 {
        // At most 2^64 times the number of sources in either direction.
        i128::try_from(self.0.read()).unwrap_or(i128::MAX)
    }

    /// How far one source has counted up, and how far down.
    pub fn counted_by(&self, source: &Actor) -> (u64, u64) {
        let up = self.0.inc_many(*source, 0).dot.counter;
        (up, self.0.dec_many(*source, 0).dot.counter)
    }

    /// The operation that counts one step up.
    pub fn increment(&self) -> Op<Self> {
        self.increment_by(1)
    }

    /// The operation that counts one step down.
    pub fn decrement(&self) -> Op<Self> {
        self.decrement_by(1)
    }

    /// The operation that counts this many steps up. It is valid if there is a step, and all steps up of its source
    /// together fit into 64 bits.
    pub fn increment_by(&self, by: u64) -> Op<Self> {
        Op::new(CountAct::Increment { by })
    }

    /// The operation that counts this many steps down; valid as [`increment_by`](Self::increment_by).
    pub fn decrement_by(&self, by: u64) -> Op<Self> {
        Op::new(CountAct::Decrement { by })
    }
}

impl Hosted for PNCounter {
    type Act = CountAct;
    /// Steps of the source up and down.
    type Ahead = (u64, u64);

    fn name() -> String {
        "pncounter".into()
    }

    fn witnessed(_: &CountAct, _: &mut BTreeSet<Dot>) {}

    /// Only the source's own past counts, so validity is stable.
    fn admit(&self, ahead: &mut (u64, u64), dot: &Dot, act: &CountAct) -> Result<(), Invalid> {
        let (up, down) = self.counted_by(&dot.actor);
        match act {
            CountAct::Increment { by } => go_on(up, &mut ahead.0, *by),
            CountAct::Decrement { by } => go_on(down, &mut ahead.1, *by),
        }
    }

    fn perform(&mut self, dot: &Dot, act: CountAct) {
        self.0.apply(match act {
            CountAct::Increment { by } => self.0.inc_many(dot.actor, by),
            CountAct::Decrement { by } => self.0.dec_many(dot.actor, by),
        });
    }
}

// In a map counters count, but nothing resets them: the clock of a remove holds dots, and these are counts.

impl sealed::Sealed for GCounter {}

impl Resettable for GCounter {
    const REMOVABLE: bool = false;

    fn reset(&mut self, clock: &VClock<Actor>) {
        self.0.reset_remove(clock);
    }

    fn live(&self) -> Vec<Dot> {
        Vec::new()
    }
}

impl sealed::Sealed for PNCounter {}

impl Resettable for PNCounter {
    const REMOVABLE: bool = false;

    fn reset(&mut self, clock: &VClock<Actor>) {
        self.0.reset_remove(clock);
    }

    fn live(&self) -> Vec<Dot> {
        Vec::new()
    }
}

/// [`crdts::GCounter`] as it is encoded, without counts of zero.
#[derive(Deserialize)]
struct Counts {
    inner: Dots,
}

/// [`crdts::VClock`] as it is encoded.
#[derive(Deserialize)]
struct Dots {
    dots: BTreeMap<Actor, NonZeroU64>,
}

/// [`crdts::PNCounter`] as it is encoded.
#[derive(Deserialize)]
struct BothCounts {
    p: Counts,
    n: Counts,
}

impl From<Counts> for GCounter {
    fn from(counts: Counts) -> Self {
        let mut counter = crdts::GCounter::new();
        for (actor, count) in counts.inner.dots {
            counter.apply(crdts::Dot::new(actor, count.get()));
        }
        GCounter(counter)
    }
}

impl From<BothCounts> for PNCounter {
    fn from(counts: BothCounts) -> Self {
        let mut counter = crdts::PNCounter::new();
        for (Counts { inner }, dir) in [(counts.p, Dir::Pos), (counts.n, Dir::Neg)] {
            for (actor, count) in inner.dots {
                let dot = crdts::Dot::new(actor, count.get());
                let dir = dir.clone();
                counter.apply(crdts::pncounter::Op { dot, dir });
            }
        }
        PNCounter(counter)
    }
}
