//! A register that keeps its history.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::CmRDT;
use crdts::merkle_reg::Hash;
use serde::{Deserialize, Serialize};

use super::order::in_order;
use super::{Forged, Hosted, Invalid, Op, Pen, Value};
use crate::actor::{Actor, Counter, Dot};
use crate::codec;

/// A register whose values know which values they were written over: [`crdts::merkle_reg::MerkleReg`]. It forgets nothing.
///
/// There a value is named by a hash of the hashes it was written over and its bytes, with nothing in between: a value
/// that begins with such a hash can pass for another. And a write names hashes, which say nothing about what has to be
/// delivered. Here the bytes of a value begin with the dot of its write, and a write names dots.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "V: Value",
    into = "BTreeMap<Dot, WriteOver<V>>",
    try_from = "BTreeMap<Dot, WriteOver<V>>"
)]
pub struct MerkleReg<V: Value> {
    register: crdts::merkle_reg::MerkleReg<Leaf<V>>,
    writes: BTreeMap<Dot, (Hash, BTreeSet<Dot>)>,
}

/// What can be done to a [`MerkleReg`]: writing a value over others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "V: Value")]
pub struct WriteOver<V> {
    /// The new value.
    pub value: V,
    /// The writes it goes over, at most [`MAX_NAMED`](super::MAX_NAMED). The newest write of its own source goes without
    /// saying.
    pub over: BTreeSet<Dot>,
}

/// A value with its dot, and the bytes that are hashed.
#[derive(Clone, PartialEq, Eq)]
struct Leaf<V> {
    dot: Dot,
    value: V,
    bytes: Vec<u8>,
}

impl<V: Value> Leaf<V> {
    fn new(dot: Dot, value: V) -> Self {
        let bytes = codec::encode(&(dot, &value));
        Leaf { dot, value, bytes }
    }
}

impl<V> AsRef<[u8]> for Leaf<V> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<V: Value> Default for MerkleReg<V> {
    fn default() -> Self {
        MerkleReg {
            register: crdts::merkle_reg::MerkleReg::new(),
            writes: BTreeMap::new(),
        }
    }
}

impl<V: Value> fmt::Debug for MerkleReg<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values()).finish()
    }
}

impl<V: Value> MerkleReg<V> {
    /// The values that nobody has written over, each with the write it comes from, in the order of these.
    pub fn values(&self) -> BTreeMap<Dot, V> {
        let content = self.register.read();
        content
            .values()
            .map(|leaf| (leaf.dot, leaf.value.clone()))
            .collect()
    }

    /// How many values were ever written.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether nothing was ever written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The value of a write.
    pub fn value(&self, write: &Dot) -> Option<&V> {
        let (hash, _) = self.writes.get(write)?;
        self.register.node(*hash).map(|node| &node.value.value)
    }

    /// The writes that a write went over.
    pub fn over(&self, write: &Dot) -> Option<&BTreeSet<Dot>> {
        self.writes.get(write).map(|(_, over)| over)
    }

    /// The operation that writes a value over those seen here, and over the author's newest up to then.
    pub fn write(&self, value: V) -> Op<Self> {
        let over = self.values().into_keys().collect();
        Op::new(WriteOver { value, over })
    }

    /// The newest write of a source.
    fn newest(&self, source: &Actor) -> Option<Dot> {
        let (first, last) = (Counter::ZERO, Counter::new(u64::MAX));
        let range = Dot::new(*source, first)..=Dot::new(*source, last);
        self.writes.range(range).next_back().map(|(dot, _)| *dot)
    }

    fn insert(&mut self, dot: Dot, over: BTreeSet<Dot>, value: V) {
        let known = over.iter().filter_map(|dot| self.writes.get(dot));
        let children = known.map(|(hash, _)| *hash).collect();
        let node = self.register.write(Leaf::new(dot, value), children);
        self.writes.insert(dot, (node.hash(), over));
        self.register.apply(node);
    }
}

impl<V: Value> Hosted for MerkleReg<V> {
    type Act = WriteOver<V>;
    /// Writes of the source.
    type Ahead = BTreeSet<Dot>;

    fn name() -> String {
        "merklereg".into()
    }

    fn witnessed(act: &WriteOver<V>, dots: &mut BTreeSet<Dot>) {
        dots.extend(&act.over);
    }

    /// The writes named are delivered, and nothing is forgotten: so validity is stable.
    fn admit(
        &self,
        ahead: &mut BTreeSet<Dot>,
        dot: &Dot,
        act: &WriteOver<V>,
    ) -> Result<(), Invalid> {
        let (have, limit) = (act.over.len(), super::MAX_NAMED);
        if have > limit {
            return Err(Invalid::TooMany { have, limit });
        }
        if self.writes.contains_key(dot) || dot.counter == Counter::ZERO {
            return Err(Invalid::NotYetMade(*dot));
        }
        for over in &act.over {
            if over.actor == dot.actor && over.counter >= dot.counter {
                return Err(Invalid::NotYetMade(*over));
            }
            if !self.writes.contains_key(over) && !ahead.contains(over) {
                return Err(Invalid::NoSuchElement(*over));
            }
        }
        ahead.insert(*dot);
        Ok(())
    }

    fn perform(&mut self, dot: &Dot, act: WriteOver<V>) {
        let mut over = act.over;
        over.extend(self.newest(&dot.actor));
        self.insert(*dot, over, act.value);
    }

    fn localise(act: &mut WriteOver<V>, pen: &Pen) {
        act.over.retain(|dot| dot.actor != pen.actor());
    }
}

impl<V: Value> From<MerkleReg<V>> for BTreeMap<Dot, WriteOver<V>> {
    fn from(register: MerkleReg<V>) -> Self {
        let MerkleReg { register, writes } = register;
        let writes = writes.into_iter().filter_map(|(dot, (hash, over))| {
            let value = register.node(hash)?.value.value.clone();
            Some((dot, WriteOver { value, over }))
        });
        writes.collect()
    }
}

impl<V: Value> TryFrom<BTreeMap<Dot, WriteOver<V>>> for MerkleReg<V> {
    type Error = Forged;

    /// Writes everything again, each write after those it goes over.
    fn try_from(mut writes: BTreeMap<Dot, WriteOver<V>>) -> Result<Self, Forged> {
        let needs = writes.iter().map(|(dot, write)| (*dot, write.over.clone()));
        let order = in_order(&needs.collect());
        let mut register = MerkleReg::default();
        for dot in order.ok_or(Forged("a write over nothing, or writes over each other"))? {
            if let Some(WriteOver { value, over }) = writes.remove(&dot) {
                if dot.counter == Counter::ZERO {
                    return Err(Forged("operation 0"));
                }
                register.insert(dot, over, value);
            }
        }
        Ok(register)
    }
}
