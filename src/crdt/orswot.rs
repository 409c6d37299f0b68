//! The observed-remove set of the `crdts` crate. ([`crate::orswot`] is our own.)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crdts::{CmRDT, ResetRemove, VClock};
use serde::{Deserialize, Serialize};

use super::map::{Resettable, sealed};
use super::{Forged, Hosted, Invalid, Op, Pen, Seen, Value, check_named, named};
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
pub struct Orswot<M: Value>(crdts::Orswot<M, Actor>);

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
        Orswot(crdts::Orswot::new())
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
        self.0.contains(member).val
    }

    /// The members, in order.
    pub fn members(&self) -> BTreeSet<&M> {
        self.0.iter().map(|entry| entry.val).collect()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.iter().count()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.iter().next().is_none()
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
            seen.join(&Seen::from(&self.0.contains(member).rm_clock));
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
        self.0.apply(match act {
            SetAct::Add { members } => crdts::orswot::Op::Add {
                dot: named(dot),
                members: members.into_iter().collect(),
            },
            SetAct::Remove { members, seen } => {
                let mut clock = seen.clock(dot);
                // What the set has not seen, or has forgotten, is not in it either.
                clock.glb(&self.0.clock());
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

impl<M: Value> sealed::Sealed for Orswot<M> {}

impl<M: Value> Resettable for Orswot<M> {
    const REMOVABLE: bool = true;

    fn reset(&mut self, clock: &VClock<Actor>) {
        self.0.reset_remove(clock);
    }

    fn within(&self, clock: &VClock<Actor>) -> bool {
        self.0
            .iter()
            .all(|entry| super::map::covers(clock, &entry.rm_clock))
    }
}

/// For each member the adds it owes its presence to, as the `crdts` crate knows them: of each source the newest.
/// What the set has seen beyond that it can forget, for it comes in source order.
type Entries<M> = BTreeMap<M, BTreeMap<Actor, Counter>>;

impl<M: Value> From<Orswot<M>> for Entries<M> {
    fn from(set: Orswot<M>) -> Self {
        let entries = set.0.iter();
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
        Ok(Orswot(set))
    }
}
