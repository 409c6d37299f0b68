//! A register that keeps one value.

use std::collections::{BTreeMap, BTreeSet};

use crdts::CmRDT;
use serde::{Deserialize, Serialize};

use super::{Forged, Hosted, Invalid, Op, Pen, Seen, Value};
use crate::actor::{Actor, Counter, Dot};

/// A register that, of values written concurrently, keeps one: [`crdts::LWWReg`].
///
/// There the writer chooses a marker, and the highest wins: one who chooses the highest there is has the last word for
/// ever, and two who choose the same break the register. Here every replica works the marker out: how many operations
/// the write follows that it has seen, then its dot. Whoever has seen a value can overwrite it, a source's later
/// writes go over its earlier ones, and of concurrent writes all replicas take the same one for the last.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "V: Value", into = "Parts<V>", try_from = "Parts<V>")]
pub struct LWWReg<V: Value> {
    register: crdts::LWWReg<Option<V>, Marker>,
    /// What each source had seen in all its writes.
    seen: BTreeMap<Actor, Seen>,
}

/// What can be done to an [`LWWReg`] or an [`MVReg`](super::MVReg).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
pub struct Write<V> {
    /// The new value.
    pub value: V,
    /// What it overwrites.
    pub seen: Seen,
}

/// When a value was written, as far as the order of writes goes. The order of the fields matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Marker {
    /// How many operations come before the write: all that it has seen, and its source's own.
    height: u64,
    dot: Option<Dot>,
    /// What it has seen.
    seen: Seen,
}

impl Marker {
    /// The marker of a write whose source has seen all this of the others.
    fn new(dot: Dot, seen: Seen) -> Result<Self, Invalid> {
        let mut height = dot.counter.get();
        for seen in seen.dots() {
            let more = seen.counter.get();
            height = height.checked_add(more).ok_or(Invalid::Overflow)?;
        }
        let dot = Some(dot);
        Ok(Marker { height, dot, seen })
    }
}

impl<V: Value> Default for LWWReg<V> {
    fn default() -> Self {
        LWWReg {
            register: crdts::LWWReg {
                val: None,
                marker: Marker::default(),
            },
            seen: BTreeMap::new(),
        }
    }
}

impl<V: Value> LWWReg<V> {
    /// The value, if one was ever written.
    pub fn value(&self) -> Option<&V> {
        self.register.val.as_ref()
    }

    /// The write it comes from.
    pub fn written_by(&self) -> Option<Dot> {
        self.register.marker.dot
    }

    /// The operation that overwrites the value seen here.
    pub fn write(&self, value: V) -> Op<Self> {
        let Marker { dot, seen, .. } = &self.register.marker;
        let mut seen = seen.clone();
        dot.iter().for_each(|dot| seen.add(*dot));
        Op::new(Write { value, seen })
    }

    /// What a write has seen, together with the earlier writes of its source.
    fn together(&self, ahead: &Seen, dot: &Dot, seen: &Seen) -> Seen {
        let mut all = seen.clone();
        all.join(ahead);
        self.seen.get(&dot.actor).iter().for_each(|s| all.join(s));
        all.forget(&dot.actor);
        all
    }
}

impl<V: Value> Hosted for LWWReg<V> {
    type Act = Write<V>;
    /// What the source has seen in its writes.
    type Ahead = Seen;

    fn name() -> String {
        "lwwreg".into()
    }

    fn witnessed(act: &Write<V>, dots: &mut BTreeSet<Dot>) {
        act.seen.witnessed(dots);
    }

    /// Only the source's own past has a say, so validity is stable.
    fn admit(&self, ahead: &mut Seen, dot: &Dot, act: &Write<V>) -> Result<(), Invalid> {
        act.seen.check(dot)?;
        let all = self.together(ahead, dot, &act.seen);
        ahead.join(&Marker::new(*dot, all)?.seen);
        Ok(())
    }

    fn perform(&mut self, dot: &Dot, act: Write<V>) {
        let all = self.together(&Seen::nothing(), dot, &act.seen);
        if let Ok(marker) = Marker::new(*dot, all) {
            self.seen.insert(dot.actor, marker.seen.clone());
            let val = Some(act.value);
            self.register.apply(crdts::LWWReg { val, marker });
        }
    }

    fn localise(act: &mut Write<V>, pen: &Pen) {
        act.seen.localise(pen);
    }
}

/// The value with its write, and what every source has seen.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
struct Parts<V> {
    written: Option<(Dot, Seen, V)>,
    seen: BTreeMap<Actor, Seen>,
}

impl<V: Value> From<LWWReg<V>> for Parts<V> {
    fn from(LWWReg { register, seen }: LWWReg<V>) -> Self {
        let crdts::LWWReg { val, marker } = register;
        let write = marker.dot.zip(val);
        let written = write.map(|(dot, value)| (dot, marker.seen, value));
        Parts { written, seen }
    }
}

impl<V: Value> TryFrom<Parts<V>> for LWWReg<V> {
    type Error = Forged;

    fn try_from(Parts { written, seen }: Parts<V>) -> Result<Self, Forged> {
        let forged = Forged("a write that is not valid");
        let mut register = LWWReg::default();
        if written
            .as_ref()
            .is_some_and(|(dot, ..)| !seen.contains_key(&dot.actor))
        {
            return Err(forged);
        }
        for (actor, seen) in &seen {
            let last = Dot::new(*actor, Counter::new(u64::MAX));
            if written.is_none() || seen.check(&last).is_err() || seen.of(actor) > Counter::ZERO {
                return Err(forged);
            }
        }
        if let Some((dot, seen, value)) = written {
            if dot.counter == Counter::ZERO || seen.of(&dot.actor) > Counter::ZERO {
                return Err(forged);
            }
            seen.check(&dot).map_err(|_| forged)?;
            register.register.marker = Marker::new(dot, seen).map_err(|_| forged)?;
            register.register.val = Some(value);
        }
        register.seen = seen;
        Ok(register)
    }
}
