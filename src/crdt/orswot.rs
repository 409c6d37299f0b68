//! The observed-remove set of the `crdts` crate. ([`crate::orswot`] is our own.)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::{CmRDT, VClock};
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::map::{Resettable, sealed};
use super::{Forged, Hosted, Invalid, Op, Pen, Seen, Value, check_named, dots, named};
use crate::actor::{Actor, Counter, Dot};

/// A set in which of an add and a concurrent remove the add wins: [`crdts::Orswot`].
///
/// There a remove whose clock is ahead of the set is kept until the set has caught up, which it may never do. Here
/// the clock of a remove is delivered before the remove is, and is cut to the clock of the set, so nothing is kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(
    bound = "M: Value",
    into = "BTreeMap<M, BTreeMap<Actor, Counter>>",
    try_from = "BTreeMap<M, BTreeMap<Actor, Counter>>"
)]
pub struct Orswot<M: Value> {
    set: crdts::Orswot<M, Actor>,
    /// From the first [`reset`](Resettable::reset) on.
    index: Option<Index<M>>,
}

/// What can be done to an [`Orswot`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "M: Value")]
pub enum SetAct<M> {
    /// Adds members.
    Add {
        /// From one to [`MAX_NAMED`](super::MAX_NAMED).
        members: BTreeSet<M>,
    },
    /// Removes these members as far as they were added by what is seen.
    Remove {
        /// From one to [`MAX_NAMED`](super::MAX_NAMED).
        members: BTreeSet<M>,
        /// What the author had seen.
        seen: Seen,
    },
}

impl<M: Value> Default for Orswot<M> {
    fn default() -> Self {
        crdts::Orswot::new().into()
    }
}

impl<M: Value> fmt::Debug for Orswot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In order, as the hash map below is not.
        f.debug_set().entries(self.members()).finish()
    }
}

impl<M: Value> Orswot<M> {
    /// Whether `member` is in the set.
    pub fn contains(&self, member: &M) -> bool {
        self.set.contains(member).val
    }

    /// The members, in order.
    pub fn members(&self) -> BTreeSet<&M> {
        self.set.iter().map(|entry| entry.val).collect()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.set.iter().count()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.set.iter().next().is_none()
    }

    /// The operation that adds these members. It is valid if there are from one to
    /// [`MAX_NAMED`](super::MAX_NAMED).
    pub fn add(&self, members: impl IntoIterator<Item = M>) -> Op<Self> {
        let members = members.into_iter().collect();
        Op::new(SetAct::Add { members })
    }

    /// The operation that removes these members as they are seen here, and as the author has added them up to then. It
    /// is valid if there are from one to [`MAX_NAMED`](super::MAX_NAMED).
    pub fn remove(&self, members: impl IntoIterator<Item = M>) -> Op<Self> {
        let members: BTreeSet<M> = members.into_iter().collect();
        let mut seen = Seen::nothing();
        for member in &members {
            seen.join(&Seen::from(&self.set.contains(member).rm_clock));
        }
        Op::new(SetAct::Remove { members, seen })
    }
}

impl<M: Value> Hosted for Orswot<M> {
    type Act = SetAct<M>;
    type Ahead = ();

    fn name() -> String {
        "orswot".into()
    }

    fn witnessed(act: &SetAct<M>, dots: &mut BTreeSet<Dot>) {
        if let SetAct::Remove { seen, .. } = act {
            seen.witnessed(dots);
        }
    }

    /// The state has no say, so validity is stable.
    fn admit(&self, (): &mut (), dot: &Dot, act: &SetAct<M>) -> Result<(), Invalid> {
        match act {
            SetAct::Add { members } => check_named(members.len()),
            SetAct::Remove { members, seen } => {
                check_named(members.len())?;
                seen.check(dot)
            }
        }
    }

    fn perform(&mut self, dot: &Dot, act: SetAct<M>) {
        if let (Some(index), SetAct::Add { members }) = (&mut self.index, &act) {
            members
                .iter()
                .for_each(|member| index.add(*dot, member.clone()));
            if index.is_stale() {
                self.index = None;
            }
        }
        self.set.apply(match act {
            SetAct::Add { members } => crdts::orswot::Op::Add {
                dot: named(dot),
                members: members.into_iter().collect(),
            },
            SetAct::Remove { members, seen } => {
                let mut clock = seen.clock(dot);
                // What the set has not seen, or has forgotten, is not in it either.
                clock.glb(&self.set.clock());
                crdts::orswot::Op::Rm {
                    clock,
                    members: members.into_iter().collect(),
                }
            }
        });
    }

    fn localise(act: &mut SetAct<M>, pen: &Pen) {
        if let SetAct::Remove { seen, .. } = act {
            seen.localise(pen);
        }
    }
}

impl<M: Value> From<crdts::Orswot<M, Actor>> for Orswot<M> {
    fn from(set: crdts::Orswot<M, Actor>) -> Self {
        Orswot { set, index: None }
    }
}

/// Every add that a member owes its presence to.
fn adds<M: Value>(set: &crdts::Orswot<M, Actor>) -> impl Iterator<Item = (Dot, M)> + '_ {
    set.iter().flat_map(|entry| {
        let dots = dots(entry.rm_clock).into_iter();
        dots.map(|dot| (dot, entry.val.clone()))
    })
}

impl<M: Value> sealed::Sealed for Orswot<M> {}

impl<M: Value> Resettable for Orswot<M> {
    const REMOVABLE: bool = true;

    fn reset(&mut self, clock: &VClock<Actor>) {
        let set = &self.set;
        let index = self.index.get_or_insert_with(|| Index::of(adds(set)));
        let members = index.take(clock);
        if members.is_empty() {
            return;
        }
        let mut clock = clock.clone();
        clock.glb(&self.set.clock());
        self.set.apply(crdts::orswot::Op::Rm {
            clock,
            members: members.into_iter().collect(),
        });
    }

    fn live(&self) -> Vec<Dot> {
        adds(&self.set).map(|(dot, _)| dot).collect()
    }
}

/// For each member the adds it owes its presence to, as the `crdts` crate knows them: of each source the newest.
/// What the set has seen beyond that it can forget, for it comes in source order.
type Entries<M> = BTreeMap<M, BTreeMap<Actor, Counter>>;

impl<M: Value> From<Orswot<M>> for Entries<M> {
    fn from(set: Orswot<M>) -> Self {
        let entries = set.set.iter();
        entries
            .map(|entry| {
                let adds = entry.rm_clock.dots.into_iter();
                let adds = adds.map(|(actor, counter)| (actor, Counter::new(counter)));
                (entry.val.clone(), adds.collect())
            })
            .collect()
    }
}

impl<M: Value> TryFrom<Entries<M>> for Orswot<M> {
    type Error = Forged;

    fn try_from(entries: Entries<M>) -> Result<Self, Forged> {
        // The dots in order, each with all that it has added.
        let mut adds: BTreeMap<Dot, Vec<M>> = BTreeMap::new();
        for (member, dots) in entries {
            if dots.is_empty() {
                return Err(Forged("a member that nobody added"));
            }
            for (actor, counter) in dots {
                if counter == Counter::ZERO {
                    return Err(Forged("operation 0"));
                }
                let dot = Dot::new(actor, counter);
                adds.entry(dot).or_default().push(member.clone());
            }
        }
        let mut set = crdts::Orswot::new();
        for (dot, members) in adds {
            let dot = named(&dot);
            set.apply(crdts::orswot::Op::Add { dot, members });
        }
        Ok(set.into())
    }
}
