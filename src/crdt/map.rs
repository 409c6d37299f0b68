//! A map of other hosted types.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;

use crdts::ctx::AddCtx;
use crdts::{CmRDT, ResetRemove, VClock};
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::{Forged, Hosted, Invalid, Op, Pen, Seen, Value, check_named, dots, named};
use crate::actor::{Actor, Counter, Dot};

/// A map whose values are hosted types themselves: [`crdts::Map`].
///
/// Removing a key takes away what the author had seen under it; what others do to it concurrently stays. As with
/// [`Orswot`](super::Orswot) the clock of a remove is cut to the clock of the map, so that none is kept for later. It
/// costs what it takes away, however much stays under the key. Maps of maps are possible, up to four within each other
/// (the codec reads no deeper).
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "K: Value, V: Nested",
    into = "Entries<K, V>",
    try_from = "Entries<K, V>"
)]
pub struct Map<K: Value, V: Nested> {
    map: crdts::Map<K, Cell<V>, Actor>,
    /// From the first [`reset`](Resettable::reset) on.
    index: Option<Index<K>>,
}

/// What can be done to a [`Map`].
#[derive(Serialize, Deserialize)]
#[serde(bound = "K: Value, V: Nested")]
pub enum MapAct<K, V: Nested> {
    /// Does something to the value under a key.
    Update {
        /// The key. If there is nothing under it yet, it begins with the empty value.
        key: K,
        /// What is done to the value.
        act: V::Act,
    },
    /// Removes keys as far as they were updated by what is seen.
    Remove {
        /// From one to [`MAX_NAMED`](super::MAX_NAMED).
        keys: BTreeSet<K>,
        /// What the author had seen.
        seen: Seen,
    },
}

/// A hosted type that can stand in a [`Map`]: [`Orswot`](super::Orswot), [`MVReg`](super::MVReg), [`Map`],
/// [`GCounter`](super::GCounter), [`PNCounter`](super::PNCounter).
pub trait Nested: Hosted + Resettable {}

impl<T: Hosted + Resettable> Nested for T {}

pub(super) mod sealed {
    /// Only types whose reset is known to be sound stand in maps.
    pub trait Sealed {}
}

/// What a map asks of its values. Not for use outside.
pub trait Resettable: sealed::Sealed {
    /// Whether keys can be removed.
    const REMOVABLE: bool;

    /// Forgets what the dots up to this clock have made.
    fn reset(&mut self, clock: &VClock<Actor>);

    /// The operations that what is in it hangs on, as far as a reset could take it away.
    fn live(&self) -> Vec<Dot>;

    /// Whether all these lie below this clock.
    fn within(&self, clock: &VClock<Actor>) -> bool {
        let mut live = self.live().into_iter();
        live.all(|dot| dot.counter.get() <= clock.get(&dot.actor))
    }
}

/// A hosted type in the place of a value of the `crdts` crate.
#[derive(Clone, Debug, Default)]
struct Cell<V>(V);

/// What happens to a value in a map.
#[derive(Clone, Debug)]
enum Turn<V: Nested> {
    Act(Dot, V::Act),
    /// It is taken from a snapshot.
    Load(Box<V>),
    /// Nothing, but its key is counted as updated.
    Nothing,
}

impl<V: Nested> CmRDT for Cell<V> {
    type Op = Turn<V>;
    type Validation = Infallible;

    fn validate_op(&self, _: &Turn<V>) -> Result<(), Infallible> {
        Ok(())
    }

    fn apply(&mut self, turn: Turn<V>) {
        match turn {
            Turn::Act(dot, act) => self.0.perform(&dot, act),
            Turn::Load(value) => self.0 = *value,
            Turn::Nothing => {}
        }
    }
}

impl<V: Nested> ResetRemove<Actor> for Cell<V> {
    fn reset_remove(&mut self, clock: &VClock<Actor>) {
        self.0.reset(clock);
    }
}

impl<K: Value, V: Nested> Default for Map<K, V> {
    fn default() -> Self {
        crdts::Map::new().into()
    }
}

impl<K: Value, V: Nested> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Value, V: Nested> Map<K, V> {
    /// A copy of the value under `key`.
    pub fn get(&self, key: &K) -> Option<V> {
        self.map.get(key).val.map(|cell| cell.0)
    }

    /// Every key with its value, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.map.iter().map(|entry| {
            let (key, cell) = entry.val;
            (key, &cell.0)
        })
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.map.keys().map(|entry| entry.val)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.map.len().val
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty().val
    }

    /// The operation that does something to the value under `key`; if there is none, to an empty value.
    pub fn update(&self, key: K, build: impl FnOnce(&V) -> Op<V>) -> Op<Self> {
        let mut act = None;
        self.look(&key, |value| act = Some(build(value).into_act()));
        match act {
            Some(act) => Op::new(MapAct::Update { key, act }),
            // `look` always looks. An operation without keys is refused.
            None => self.remove([]),
        }
    }

    /// The operation that removes these keys as they are seen here, and as the author has updated them up to then. It is
    /// valid if there are from one to [`MAX_NAMED`](super::MAX_NAMED), and the values are not counters.
    pub fn remove(&self, keys: impl IntoIterator<Item = K>) -> Op<Self> {
        let keys: BTreeSet<K> = keys.into_iter().collect();
        let mut seen = Seen::nothing();
        for key in &keys {
            seen.join(&Seen::from(&self.map.get(key).rm_clock));
        }
        Op::new(MapAct::Remove { keys, seen })
    }

    /// Shows the value under `key`, or an empty one, without copying it.
    fn look(&self, key: &K, show: impl FnOnce(&V)) {
        let clock = VClock::new();
        let dot = crdts::Dot::new(Actor::from_bytes([0; 32]), 0);
        let _ = self
            .map
            .update(key.clone(), AddCtx { clock, dot }, |cell, _| {
                show(&cell.0);
                Turn::Nothing
            });
    }
}

impl<K: Value, V: Nested> Hosted for Map<K, V> {
    type Act = MapAct<K, V>;
    /// By key.
    type Ahead = BTreeMap<K, V::Ahead>;

    fn name() -> String {
        format!("map({})", V::name())
    }

    fn witnessed(act: &MapAct<K, V>, dots: &mut BTreeSet<Dot>) {
        match act {
            MapAct::Update { act, .. } => V::witnessed(act, dots),
            MapAct::Remove { seen, .. } => seen.witnessed(dots),
        }
    }

    /// Of the state only what the source itself has counted has a say, and nothing takes that away: so validity is
    /// stable.
    fn admit(&self, ahead: &mut Self::Ahead, dot: &Dot, act: &MapAct<K, V>) -> Result<(), Invalid> {
        match act {
            MapAct::Update { key, act } => {
                let ahead = ahead.entry(key.clone()).or_default();
                let mut verdict = Ok(());
                self.look(key, |value| verdict = value.admit(ahead, dot, act));
                verdict
            }
            MapAct::Remove { .. } if !V::REMOVABLE => Err(Invalid::NotRemovable),
            MapAct::Remove { keys, seen } => {
                check_named(keys.len())?;
                seen.check(dot)
            }
        }
    }

    fn perform(&mut self, dot: &Dot, act: MapAct<K, V>) {
        if let (Some(index), MapAct::Update { key, .. }) = (&mut self.index, &act) {
            index.add(*dot, key.clone());
            if index.is_stale() {
                self.index = None;
            }
        }
        self.map.apply(match act {
            MapAct::Update { key, act } => crdts::map::Op::Up {
                dot: named(dot),
                key,
                op: Turn::Act(*dot, act),
            },
            MapAct::Remove { keys, seen } => {
                let mut clock = seen.clock(dot);
                // What the map has not seen, or has forgotten, is not in it either.
                clock.glb(&self.map.read_ctx().rm_clock);
                let keyset = keys;
                crdts::map::Op::Rm { clock, keyset }
            }
        });
    }

    fn localise(act: &mut MapAct<K, V>, pen: &Pen) {
        match act {
            MapAct::Update { act, .. } => V::localise(act, pen),
            MapAct::Remove { seen, .. } => seen.localise(pen),
        }
    }
}

impl<K: Value, V: Nested> sealed::Sealed for Map<K, V> {}

impl<K: Value, V: Nested> Resettable for Map<K, V> {
    const REMOVABLE: bool = V::REMOVABLE;

    fn reset(&mut self, clock: &VClock<Actor>) {
        let map = &self.map;
        let index = self.index.get_or_insert_with(|| Index::of(updates(map)));
        let keyset = index.take(clock);
        if keyset.is_empty() {
            return;
        }
        let mut clock = clock.clone();
        clock.glb(&self.map.read_ctx().rm_clock);
        self.map.apply(crdts::map::Op::Rm { clock, keyset });
    }

    fn live(&self) -> Vec<Dot> {
        updates(&self.map).map(|(dot, _)| dot).collect()
    }
}

impl<K: Value, V: Nested> From<crdts::Map<K, Cell<V>, Actor>> for Map<K, V> {
    fn from(map: crdts::Map<K, Cell<V>, Actor>) -> Self {
        Map { map, index: None }
    }
}

/// Every operation that a key, or something under it, hangs on.
fn updates<K: Value, V: Nested>(
    map: &crdts::Map<K, Cell<V>, Actor>,
) -> impl Iterator<Item = (Dot, K)> + '_ {
    map.iter().flat_map(|entry| {
        let (key, cell) = entry.val;
        let newest = dots(entry.rm_clock).into_iter();
        let live = newest.chain(cell.0.live());
        live.map(|dot| (dot, key.clone()))
    })
}

impl<K: Clone, V: Nested> Clone for MapAct<K, V> {
    fn clone(&self) -> Self {
        match self {
            MapAct::Update { key, act } => MapAct::Update {
                key: key.clone(),
                act: act.clone(),
            },
            MapAct::Remove { keys, seen } => MapAct::Remove {
                keys: keys.clone(),
                seen: seen.clone(),
            },
        }
    }
}

impl<K: fmt::Debug, V: Nested> fmt::Debug for MapAct<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MapAct::Update { key, act } => f
                .debug_struct("Update")
                .field("key", key)
                .field("act", act)
                .finish(),
            MapAct::Remove { keys, seen } => f
                .debug_struct("Remove")
                .field("keys", keys)
                .field("seen", seen)
                .finish(),
        }
    }
}

/// For each key the updates it owes its presence to (of each source the newest), and its value.
type Entries<K, V> = BTreeMap<K, (BTreeMap<Actor, Counter>, V)>;

impl<K: Value, V: Nested> From<Map<K, V>> for Entries<K, V> {
    fn from(map: Map<K, V>) -> Self {
        let entries = map.map.iter();
        entries
            .map(|entry| {
                let (key, cell) = entry.val;
                let updates = entry.rm_clock.dots.into_iter();
                let updates = updates.map(|(actor, counter)| (actor, Counter::new(counter)));
                (key.clone(), (updates.collect(), cell.0.clone()))
            })
            .collect()
    }
}

impl<K: Value, V: Nested> TryFrom<Entries<K, V>> for Map<K, V> {
    type Error = Forged;

    fn try_from(entries: Entries<K, V>) -> Result<Self, Forged> {
        // The updates in order, each with what it does: the first of a key brings the value.
        let mut updates = BTreeMap::new();
        for (key, (dots, value)) in entries {
            let clock = VClock {
                dots: dots.iter().map(|(a, c)| (*a, c.get())).collect(),
            };
            if dots.is_empty() || !value.within(&clock) {
                return Err(Forged("a value that no updates lead to"));
            }
            let mut turn = Turn::Load(Box::new(value));
            for (actor, counter) in dots {
                let turn = std::mem::replace(&mut turn, Turn::Nothing);
                let update = (key.clone(), turn);
                let twice = updates.insert(Dot::new(actor, counter), update).is_some();
                if twice || counter == Counter::ZERO {
                    return Err(Forged("an update of two keys, or operation 0"));
                }
            }
        }
        let mut map = crdts::Map::new();
        for (dot, (key, op)) in updates {
            let dot = named(&dot);
            map.apply(crdts::map::Op::Up { dot, key, op });
        }
        Ok(map.into())
    }
}
