//! The observed-remove set: anybody adds, anybody removes what they have seen, and of an add and a concurrent
//! remove the add wins.
//!
//! After Bieniusa, Zawirski, Preguiça, Shapiro, Baquero, Balegas, Duarte: *An Optimized Conflict-free Replicated Set*
//! (2012). An add is named by the dot the broadcast gives it, so it cannot be forged or used twice; a remove lists the
//! dots it has witnessed, which are its causes, so it takes away nothing but what it names and has seen.
//!
//! Of several adds of one member by one source only the newest is kept. Whoever has seen the newest has seen the
//! older ones, because operations of one source are delivered in order. So the state is bounded by members times
//! sources, however often they add.
//!
//! ```
//! use bft_crdts::orswot::Orswot;
//! use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};
//!
//! let ann = Actor::from_bytes([1; 32]);
//! let mut set = Orswot::new(ann);
//! let add = set.add(["milk", "eggs"].map(String::from));
//! set.apply(Dot::new(ann, Counter::FIRST), add); // in a network the broadcast gives the dot
//!
//! let remove = set.remove(&"milk".to_string()).expect("milk is there");
//! set.apply(Dot::new(ann, Counter::new(2)), remove);
//! assert_eq!(set.members().collect::<Vec<_>>(), ["eggs"]);
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

mod entries;
mod member;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Dot};
use crate::traits::{Causes, SecureBroadcastAlgorithm};

pub use entries::{Entries, EntriesError};
pub use member::Member;

/// The name of these rules in a genesis. Another version is another network.
pub const ALGORITHM: &str = "orswot/1";

/// The most members one operation may name.
pub const MAX_MEMBERS: usize = 1024;

/// The most dots one remove may list.
pub const MAX_WITNESSED: usize = 4096;

/// What anyone can do to the set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "M: Member")]
pub enum Op<M> {
    /// Adds members. Its name, which a remove has to know, is the dot of the broadcast.
    Add {
        /// From one to [`MAX_MEMBERS`].
        members: BTreeSet<M>,
    },
    /// Removes these members as far as they were added by the operations witnessed.
    Remove {
        /// From one to [`MAX_MEMBERS`].
        members: BTreeSet<M>,
        /// The adds it has seen, from one to [`MAX_WITNESSED`]. One that is gone already does no harm.
        witnessed: BTreeSet<Dot>,
    },
}

/// Why an operation of the set can never be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It names no members.
    #[error("no members named")]
    NoMembers,
    /// It names too many members.
    #[error("{have} members named, at most {MAX_MEMBERS} allowed")]
    TooManyMembers {
        /// How many it names.
        have: usize,
    },
    /// A remove that has witnessed nothing.
    #[error("a remove that has witnessed no add")]
    NothingWitnessed,
    /// A remove with too many dots.
    #[error("{have} dots witnessed, at most {MAX_WITNESSED} allowed")]
    TooManyWitnessed {
        /// How many it lists.
        have: usize,
    },
    /// A remove lists an operation of its own source that does not come before it.
    #[error("{0} is witnessed before it is made")]
    NotYetMade(Dot),
}

/// The set at one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orswot<M: Member> {
    actor: Actor,
    entries: Entries<M>,
}

impl<M: Member> Orswot<M> {
    /// The replica this is the set of.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: &M) -> bool {
        self.entries.contains(member)
    }

    /// The members, in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &M> {
        self.entries.members()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The operation that adds these members. It is valid if there are from one to [`MAX_MEMBERS`].
    pub fn add(&self, members: impl IntoIterator<Item = M>) -> Op<M> {
        let members = members.into_iter().collect();
        Op::Add { members }
    }

    /// The operation that removes `member` as it is seen here; `None` if it is not in the set.
    pub fn remove(&self, member: &M) -> Option<Op<M>> {
        self.remove_all([member.clone()])
    }

    /// The operation that removes those of `members` that are in the set here; `None` if none is.
    pub fn remove_all(&self, members: impl IntoIterator<Item = M>) -> Option<Op<M>> {
        let members: BTreeSet<M> = members.into_iter().filter(|m| self.contains(m)).collect();
        let witnessed = members.iter().flat_map(|m| self.entries.dots(m)).collect();
        (!members.is_empty()).then_some(Op::Remove { members, witnessed })
    }
}

impl<M: Member> SecureBroadcastAlgorithm for Orswot<M> {
    type Op = Op<M>;
    type ReplicatedState = Entries<M>;
    type Invalid = Invalid;

    fn new(actor: Actor) -> Self {
        let entries = Entries::default();
        Orswot { actor, entries }
    }

    fn state(&self) -> Entries<M> {
        self.entries.clone()
    }

    fn sync_from(&mut self, other: Entries<M>) {
        self.entries = other;
    }

    fn causes(&self, op: &Op<M>) -> Causes {
        match op {
            Op::Add { .. } => Causes::Nothing,
            Op::Remove { witnessed, .. } => Causes::Dots(witnessed.clone()),
        }
    }

    fn validate(&self, dot: &Dot, op: &Op<M>) -> Result<(), Invalid> {
        check(dot, op)
    }

    /// The state has no say in what is valid, so nothing needs to be copied.
    fn validate_batch(&self, first: &Dot, ops: &[Op<M>]) -> Result<(), (usize, Invalid)> {
        ops.iter().enumerate().try_for_each(|(index, op)| {
            check(&crate::traits::nth(first, index), op).map_err(|why| (index, why))
        })
    }

    fn apply(&mut self, dot: Dot, op: Op<M>) {
        if check(&dot, &op).is_err() {
            return;
        }
        match op {
            Op::Add { members } => self.entries.add(dot, members),
            Op::Remove { members, witnessed } => self.entries.remove(&members, &witnessed),
        }
    }
}

/// Every rule of the set. They look at the operation and its name only, so validity is stable (I21).
fn check<M>(dot: &Dot, op: &Op<M>) -> Result<(), Invalid> {
    let (Op::Add { members } | Op::Remove { members, .. }) = op;
    match members.len() {
        0 => return Err(Invalid::NoMembers),
        1..=MAX_MEMBERS => {}
        have => return Err(Invalid::TooManyMembers { have }),
    }
    let Op::Remove { witnessed, .. } = op else {
        return Ok(());
    };
    match witnessed.len() {
        0 => return Err(Invalid::NothingWitnessed),
        1..=MAX_WITNESSED => {}
        have => return Err(Invalid::TooManyWitnessed { have }),
    }
    let future = |seen: &&Dot| seen.actor == dot.actor && seen.counter >= dot.counter;
    match witnessed.iter().find(future) {
        Some(seen) => Err(Invalid::NotYetMade(*seen)),
        None => Ok(()),
    }
}
