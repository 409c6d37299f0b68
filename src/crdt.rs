//! The types of the `crdts` crate, hosted: replicated by secure broadcast without trusting anybody's dots.
//!
//! The operations of the `crdts` crate carry what they claim: the dot that names them, the count that they bring a
//! counter to, the clock that a remove has seen. Whoever may write such a claim may lie in it, and there the lies are
//! believed: a replayed dot passes, a remove from the far future waits in memory for ever, a counter that was
//! told `u64::MAX` panics at the next step. Here an operation ([`Op`]) says only what is to be done:
//!
//! * A dot that *names* something (a member added, a value written, an element inserted) is the dot the broadcast gives
//!   to the operation. It is filled in when the operation is applied; there is no field to write another one into.
//!   Such dots grow, but with gaps, because the same counter also numbers operations of other kinds.
//! * A dot that *counts* (in [`GCounter`] and [`PNCounter`]) is the count so far and the steps of this operation,
//!   worked out by every replica; steps beyond `u64::MAX` are refused.
//! * What an operation has *seen* ([`Seen`]) is what a remove or a write takes away. All of it is among the operation's
//!   [causes](SecureBroadcastAlgorithm::causes), so it is delivered wherever the operation is judged, and nothing from
//!   the future can be named. The past of its own source an operation has always seen: it goes without saying, also
//!   for operations that are still under way. So `add` and `remove`, built one after the other before the first
//!   of them is delivered, do what they say.
//! * An element of a list that was inserted by an operation still under way is named by the number that its author expects
//!   it to have, and how far back that is ([`Ref::Mine`]): if the numbers come out otherwise, the operation comes back. A
//!   [`Draft`] does that, and shows the author what is under way.
//!
//! | type | made safe by | refused |
//! | --- | --- | --- |
//! | [`GCounter`], [`PNCounter`] | counting here, not in the operation | steps beyond `u64::MAX` |
//! | [`GSet`] | | |
//! | [`Orswot`], [`Map`] | removal clocks cut to what is here, so that none is kept for later | |
//! | [`MVReg`] | a value is named by one dot, not by the clock of its author | |
//! | [`LWWReg`] | a marker worked out from what the write has seen | |
//! | [`List`], [`GList`] | places worked out from the neighbours named, in whole numbers | places deeper than [`MAX_PLACE_DEPTH`] |
//! | [`MerkleReg`] | nodes that contain their dot, so that no two have one hash | |
//!
//! Counters in a [`Map`] count, but their keys cannot be removed: the `crdts` crate compares counts with dots
//! there, and replicas fall apart (`tests/core_layer/crdt_counterexamples.rs` shows it, and the other reasons in this
//! table).
//!
//! ```
//! use bft_crdts::crdt::{Map, Orswot, Replicated};
//! use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};
//!
//! let ann = Actor::from_bytes([1; 32]);
//! let mut lists = Replicated::<Map<String, Orswot<String>>>::new(ann);
//! let op = lists.value().update("shopping".into(), |list| list.add(["milk".into()]));
//! let dot = Dot::new(ann, Counter::FIRST); // in a network the broadcast gives it
//! lists.validate(&dot, &op)?;
//! lists.apply(dot, op);
//! assert!(lists.value().get(&"shopping".into()).is_some_and(|list| list.contains(&"milk".into())));
//! # Ok::<(), bft_crdts::crdt::Invalid>(())
//! ```

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod counters;
mod draft;
mod glist;
mod gset;
mod index;
mod invalid;
mod list;
mod lwwreg;
mod map;
mod merkle_reg;
mod mvreg;
pub(crate) mod order;
mod orswot;
mod pen;
mod place;
mod seen;

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::actor::{Actor, Counter, Dot};
use crate::codec;
use crate::traits::{Causes, SecureBroadcastAlgorithm, nth, validate_one_by_one};

pub use counters::{CountAct, GCounter, Increment, PNCounter};
pub use draft::Draft;
pub use glist::{GList, InsertAct};
pub use gset::{GSet, Insert};
pub use invalid::{Forged, Invalid};
pub use list::{List, ListAct};
pub use lwwreg::{LWWReg, Write};
pub use map::{Map, MapAct, Nested};
pub use merkle_reg::{MerkleReg, WriteOver};
pub use mvreg::MVReg;
pub use orswot::{Orswot, SetAct};
pub use pen::Pen;
pub use place::{MAX_PLACE_DEPTH, Place, Ref};
pub use seen::{MAX_SEEN, Seen};

/// The most members, keys or elements that one operation may name.
pub const MAX_NAMED: usize = 1024;

/// What can be kept in a set, a register, a list, or as a key.
///
/// Values that are equal must have equal encodings: replicas keep whichever of two equal values came first.
pub trait Value: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + 'static {}

impl<T: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + 'static> Value for T {}

/// A data type that [`Replicated`] can host.
///
/// Its encoding is canonical (values that behave alike have equal bytes), and decoding checks everything, for it may be
/// the snapshot of a Byzantine node. The contract of [`SecureBroadcastAlgorithm`] holds for `witnessed`, `admit` and
/// `perform` as it does there for `causes`, `validate` and `apply`.
pub trait Hosted: Clone + Debug + Default + Serialize + DeserializeOwned + 'static {
    /// What can be done to it, without any dot that is the broadcast's to give.
    type Act: Clone + Debug + Serialize + DeserializeOwned + 'static;

    /// What earlier operations of one message, not yet performed, mean to the later ones.
    type Ahead: Default;

    /// The name of these rules, for a genesis.
    fn name() -> String;

    /// Adds the operations that `act` names to `dots`.
    fn witnessed(act: &Self::Act, dots: &mut BTreeSet<Dot>);

    /// Whether the operation named `dot` may ever be performed, after those that `ahead` has recorded; records it if
    /// so.
    ///
    /// # Errors
    ///
    /// The reason why not.
    fn admit(&self, ahead: &mut Self::Ahead, dot: &Dot, act: &Self::Act) -> Result<(), Invalid>;

    /// Does it. Called only with what `admit` has just admitted.
    fn perform(&mut self, dot: &Dot, act: Self::Act);

    /// Rewrites what the author refers to for the wire: what is still under way becomes [`Ref::Mine`]. A type whose acts
    /// refer to nothing leaves them alone.
    fn localise(act: &mut Self::Act, pen: &Pen) {
        let _ = (act, pen);
    }
}

/// An operation of a hosted type as it is broadcast.
///
/// Equality and hash are those of its canonical bytes.
pub struct Op<T: Hosted>(T::Act);

impl<T: Hosted> Op<T> {
    /// The operation that does `act`, whoever made it up: it is checked before it is applied.
    pub fn new(act: T::Act) -> Self {
        Op(act)
    }

    /// What it does.
    pub fn act(&self) -> &T::Act {
        &self.0
    }

    pub(crate) fn act_mut(&mut self) -> &mut T::Act {
        &mut self.0
    }

    pub(crate) fn into_act(self) -> T::Act {
        self.0
    }
}

impl<T: Hosted> Clone for Op<T> {
    fn clone(&self) -> Self {
        Op(self.0.clone())
    }
}

impl<T: Hosted> Debug for Op<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Hosted> PartialEq for Op<T> {
    fn eq(&self, other: &Self) -> bool {
        codec::encode(&self.0) == codec::encode(&other.0)
    }
}

impl<T: Hosted> Eq for Op<T> {}

impl<T: Hosted> Hash for Op<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        codec::encode(&self.0).hash(state);
    }
}

impl<T: Hosted> Serialize for Op<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Hosted> Deserialize<'de> for Op<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::Act::deserialize(deserializer).map(Op)
    }
}

/// The state of a hosted type: equal if its canonical bytes are.
#[derive(Clone, Debug, Default)]
pub struct State<T: Hosted>(T);

impl<T: Hosted> State<T> {
    /// The state of this value.
    pub fn new(value: T) -> Self {
        State(value)
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.0
    }
}

impl<T: Hosted> PartialEq for State<T> {
    fn eq(&self, other: &Self) -> bool {
        codec::encode(&self.0) == codec::encode(&other.0)
    }
}

impl<T: Hosted> Eq for State<T> {}

impl<T: Hosted> Serialize for State<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Hosted> Deserialize<'de> for State<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(State)
    }
}

/// A hosted type at one replica.
#[derive(Clone, Debug)]
pub struct Replicated<T: Hosted> {
    actor: Actor,
    state: State<T>,
}

impl<T: Hosted> PartialEq for Replicated<T> {
    fn eq(&self, other: &Self) -> bool {
        self.actor == other.actor && self.state == other.state
    }
}

impl<T: Hosted> Eq for Replicated<T> {}

impl<T: Hosted> Replicated<T> {
    /// The name of these rules in a genesis, such as `crdt/map(orswot)/1`. Another version is another network.
    pub fn algorithm() -> String {
        format!("crdt/{}/1", T::name())
    }

    /// The replica this is the copy of.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The value, to read it and to build operations from what is seen.
    pub fn value(&self) -> &T {
        &self.state.0
    }
}

impl<T: Hosted> SecureBroadcastAlgorithm for Replicated<T> {
    type Op = Op<T>;
    type ReplicatedState = State<T>;
    type Invalid = Invalid;

    fn new(actor: Actor) -> Self {
        let state = State::default();
        Replicated { actor, state }
    }

    fn state(&self) -> State<T> {
        self.state.clone()
    }

    fn sync_from(&mut self, other: State<T>) {
        self.state = other;
    }

    fn causes(&self, op: &Op<T>) -> Causes {
        let mut dots = BTreeSet::new();
        T::witnessed(&op.0, &mut dots);
        Causes::Dots(dots)
    }

    fn validate(&self, dot: &Dot, op: &Op<T>) -> Result<(), Invalid> {
        check_dot(dot)?;
        self.value().admit(&mut T::Ahead::default(), dot, &op.0)
    }

    /// Remembers what the operations so far have added, instead of copying the value.
    fn validate_batch(&self, first: &Dot, ops: &[Op<T>]) -> Result<(), (usize, Invalid)> {
        if first.counter.checked_add(ops.len() as u64).is_none() {
            // The counters run out inside the batch, and what is ahead relies on their growing.
            return validate_one_by_one(self, first, ops);
        }
        let mut ahead = T::Ahead::default();
        ops.iter().enumerate().try_for_each(|(index, op)| {
            let dot = nth(first, index);
            let admitted =
                check_dot(&dot).and_then(|()| self.value().admit(&mut ahead, &dot, &op.0));
            admitted.map_err(|why| (index, why))
        })
    }

    /// Checks again first: an operation that is not valid changes nothing.
    fn apply(&mut self, dot: Dot, op: Op<T>) {
        if self.validate(&dot, &op).is_ok() {
            self.state.0.perform(&dot, op.0);
        }
    }
}

/// The dot of the broadcast as the `crdts` crate writes it.
fn named(dot: &Dot) -> crdts::Dot<Actor> {
    crdts::Dot::new(dot.actor, dot.counter.get())
}

/// Counters begin at 1.
fn check_dot(dot: &Dot) -> Result<(), Invalid> {
    match dot.counter {
        Counter::ZERO => Err(Invalid::Zero(dot.actor)),
        _ => Ok(()),
    }
}

/// The newest operation of each source in a clock of the `crdts` crate.
fn dots(clock: crdts::VClock<Actor>) -> Vec<Dot> {
    let dots = clock.dots.into_iter();
    dots.map(|(actor, counter)| Dot::new(actor, Counter::new(counter)))
        .collect()
}

/// Refuses operations that name nothing, or more than [`MAX_NAMED`].
fn check_named(have: usize) -> Result<(), Invalid> {
    match have {
        0 => Err(Invalid::Nothing),
        1..=MAX_NAMED => Ok(()),
        have => Err(Invalid::TooMany {
            have,
            limit: MAX_NAMED,
        }),
    }
}
