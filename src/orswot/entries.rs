//! What the set replicates: for each member the adds it owes its presence to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::member::Member;
use crate::actor::{Actor, Counter, Dot};

/// The state of a set: equal states have equal bytes. A member is there as long as one add of it is not removed; of
/// each source the newest add counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    bound = "M: Member",
    try_from = "BTreeMap<M, BTreeMap<Actor, Counter>>"
)]
pub struct Entries<M: Member>(BTreeMap<M, BTreeMap<Actor, Counter>>);

/// A decoded set with a member that nobody added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a member that nobody added")]
pub struct EntriesError;

impl<M: Member> Entries<M> {
    pub(super) fn contains(&self, member: &M) -> bool {
        self.0.contains_key(member)
    }

    pub(super) fn members(&self) -> impl ExactSizeIterator<Item = &M> {
        self.0.keys()
    }

    /// The adds that `member` owes its presence to.
    pub(super) fn dots(&self, member: &M) -> impl Iterator<Item = Dot> + '_ {
        let adds = self.0.get(member).into_iter().flatten();
        adds.map(|(actor, counter)| Dot::new(*actor, *counter))
    }

    pub(super) fn add(&mut self, dot: Dot, members: BTreeSet<M>) {
        for member in members {
            let newest = self.0.entry(member).or_default().entry(dot.actor);
            let newest = newest.or_insert(dot.counter);
            *newest = dot.counter.max(*newest);
        }
    }

    pub(super) fn remove(&mut self, members: &BTreeSet<M>, witnessed: &BTreeSet<Dot>) {
        for member in members {
            let Entry::Occupied(mut entry) = self.0.entry(member.clone()) else {
                continue;
            };
            let seen = |actor, counter| witnessed.contains(&Dot::new(actor, counter));
            entry
                .get_mut()
                .retain(|actor, counter| !seen(*actor, *counter));
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }
}

impl<M: Member> Default for Entries<M> {
    fn default() -> Self {
        Entries(BTreeMap::new())
    }
}

impl<M: Member> TryFrom<BTreeMap<M, BTreeMap<Actor, Counter>>> for Entries<M> {
    type Error = EntriesError;

    fn try_from(entries: BTreeMap<M, BTreeMap<Actor, Counter>>) -> Result<Self, EntriesError> {
        if entries.values().any(BTreeMap::is_empty) {
            return Err(EntriesError);
        }
        Ok(Entries(entries))
    }
}
