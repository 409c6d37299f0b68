//! A register that keeps all values nobody has overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::{CmRDT, ResetRemove, VClock};
use serde::{Deserialize, Serialize};

use super::lwwreg::Write;
use super::map::{Resettable, sealed};
use super::{Forged, Hosted, Invalid, Op, Pen, Value, named};
use crate::actor::{Actor, Counter, Dot};

/// A register that, of values written concurrently, keeps all: [`crdts::MVReg`].
///
/// There a value is tagged with the clock of its author, of which a concurrent remove of its key in a
/// [`Map`](super::Map) cuts off a part or not, as the two arrive. Here a value is tagged with the dot of its write alone,
/// and a write first takes away what it has seen.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "V: Value",
    into = "BTreeMap<Dot, V>",
    try_from = "BTreeMap<Dot, V>"
)]
pub struct MVReg<V: Value>(crdts::MVReg<(Dot, V), Actor>);

impl<V: Value> Default for MVReg<V> {
    fn default() -> Self {
        MVReg(crdts::MVReg::new())
    }
}

impl<V: Value> fmt::Debug for MVReg<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values()).finish()
    }
}

impl<V: Value> MVReg<V> {
    /// The values that nobody has overwritten, each with the write it comes from, in the order of these.
    pub fn values(&self) -> BTreeMap<Dot, V> {
        self.0.read().val.into_iter().collect()
    }

    /// The operation that writes a value over those seen here, and over those the author has written up to then.
    pub fn write(&self, value: V) -> Op<Self> {
        let seen = self.values().into_keys().collect();
        Op::new(Write { value, seen })
    }
}

impl<V: Value> Hosted for MVReg<V> {
    type Act = Write<V>;
    type Ahead = ();

    fn name() -> String {
        "mvreg".into()
    }

    fn witnessed(act: &Write<V>, dots: &mut BTreeSet<Dot>) {
        act.seen.witnessed(dots);
    }

    /// The state has no say, so validity is stable.
    fn admit(&self, (): &mut (), dot: &Dot, act: &Write<V>) -> Result<(), Invalid> {
        act.seen.check(dot)
    }

    fn perform(&mut self, dot: &Dot, act: Write<V>) {
        self.0.reset_remove(&act.seen.clock(dot));
        self.0.apply(put(dot, act.value));
    }

    fn localise(act: &mut Write<V>, pen: &Pen) {
        act.seen.localise(pen);
    }
}

/// The operation of the `crdts` crate that puts a value beside those there are.
fn put<V>(dot: &Dot, value: V) -> crdts::mvreg::Op<(Dot, V), Actor> {
    crdts::mvreg::Op::Put {
        clock: named(dot).into(),
        val: (*dot, value),
    }
}

impl<V: Value> sealed::Sealed for MVReg<V> {}

impl<V: Value> Resettable for MVReg<V> {
    const REMOVABLE: bool = true;

    fn reset(&mut self, clock: &VClock<Actor>) {
        self.0.reset_remove(clock);
    }

    fn live(&self) -> Vec<Dot> {
        self.values().into_keys().collect()
    }
}

impl<V: Value> From<MVReg<V>> for BTreeMap<Dot, V> {
    fn from(register: MVReg<V>) -> Self {
        register.values()
    }
}

impl<V: Value> TryFrom<BTreeMap<Dot, V>> for MVReg<V> {
    type Error = Forged;

    fn try_from(values: BTreeMap<Dot, V>) -> Result<Self, Forged> {
        let mut register = MVReg::default();
        let mut last = None;
        for (dot, value) in values {
            if dot.counter == Counter::ZERO || last.replace(dot.actor) == Some(dot.actor) {
                return Err(Forged("two values of one source, or one of operation 0"));
            }
            register.0.apply(put(&dot, value));
        }
        Ok(register)
    }
}
