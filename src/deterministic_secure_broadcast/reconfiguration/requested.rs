//! The changes of members that somebody has asked for: who approves which, and who wants to join.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::view::View;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Approvals, Join};
use crate::membership::{Change, MemberIndex, Signers};

/// How many changes one member may approve in one generation (I14). More are approved in the next.
const MAX_APPROVALS: usize = 8;

/// How many that nobody approves may ask to join at a time (I14). When more do, those who asked first ask again.
const MAX_CANDIDATES: usize = 64;

/// Changes of members that are asked for and not decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Requested {
    /// What we approve, now and in later generations, as long as it applies.
    pub(super) wanted: BTreeSet<Change>,
    /// Who wants to join, with the proof of possession.
    pub(super) candidates: BTreeMap<Actor, Sig>,
    /// Those of them that no member is known to approve, in the order in which they asked. Bounded.
    pub(super) unapproved: VecDeque<Actor>,
    /// Approvals in our generation.
    pub(super) approvals: BTreeMap<Change, BTreeMap<MemberIndex, Sig>>,
    /// Whether we want to be a member.
    pub(super) joining: bool,
}

impl Requested {
    /// Whether a request to join counts.
    pub(super) fn check_join<K: Keys>(
        &self,
        view: View<'_, K>,
        join: &Join,
    ) -> Result<(), Rejection> {
        let change = Change::Join(join.actor);
        view.members().after(&change).map_err(Rejection::Change)?;
        if self.candidates.contains_key(&join.actor) {
            return Err(Rejection::Duplicate);
        }
        join.verify::<K>(view.network())
    }

    /// Remembers a request that was checked. Keys cost nothing: many of them must not keep others out.
    pub(super) fn add_candidate(&mut self, join: Join) {
        self.make_room(MAX_CANDIDATES);
        self.unapproved.push_back(join.actor);
        self.candidates.insert(join.actor, join.possession);
    }

    /// Makes room for one more who asks to join: of those that no member is known to approve, the first to ask has to ask again.
    fn make_room(&mut self, most: usize) {
        if self.unapproved.len() < most {
            return;
        }
        let (wanted, approvals) = (&self.wanted, &self.approvals);
        self.unapproved.retain(|actor| {
            let join = Change::Join(*actor);
            !wanted.contains(&join) && !approvals.contains_key(&join)
        });
        while self.unapproved.len() >= most
            && let Some(first) = self.unapproved.pop_front()
        {
            self.candidates.remove(&first);
        }
    }

    /// Whether somebody who is no member may be served: we approve its joining.
    pub(crate) fn admits(&self, actor: &Actor) -> bool {
        self.wanted.contains(&Change::Join(*actor))
    }

    /// Kept: one approval per member and subject, and a small number per member.
    pub(super) fn may_approve(&self, index: MemberIndex, change: &Change) -> bool {
        let theirs = self.approvals.iter();
        let mut theirs = theirs.filter(|(_, approvals)| approvals.contains_key(&index));
        let many = theirs.clone().count() >= MAX_APPROVALS;
        !many && theirs.all(|(other, _)| other.subject() != change.subject())
    }

    /// The approvals of a change: of one member, or all of them.
    pub(super) fn approvals<K: Keys>(
        &self,
        view: View<'_, K>,
        change: &Change,
        of: Option<MemberIndex>,
    ) -> Option<Approvals> {
        let possession = match change {
            Change::Join(actor) => Some(*self.candidates.get(actor)?),
            _ => None,
        };
        let mut signers = Signers::none(view.members().len());
        let mut signatures = Vec::new();
        for (index, sig) in self.approvals.get(change)? {
            if of.is_none_or(|of| of == *index) {
                signers.insert(*index);
                signatures.push(*sig);
            }
        }
        Some(Approvals {
            generation: view.generation(),
            change: *change,
            possession,
            signers,
            signatures,
        })
    }

    /// A change that a quorum approves.
    pub(super) fn approved<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Change> {
        let members = view.members();
        let enough = self.approvals.iter().filter(|(change, approvals)| {
            let asked = match change {
                Change::Leave(actor) => {
                    let index = members.index_of(actor);
                    index.is_some_and(|index| approvals.contains_key(&index))
                }
                _ => true,
            };
            asked && R::is_approved(approvals.len(), members.len())
        });
        enough
            .map(|(change, _)| *change)
            .find(|change| members.after(change).is_ok())
    }

    /// Those of these approvals that are news, if they count.
    pub(super) fn check_approvals<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        from: &Actor,
        approvals: &Approvals,
    ) -> Result<Vec<(MemberIndex, Sig)>, Rejection> {
        view.check_member(from)?;
        let change = &approvals.change;
        let known = self.approvals.get(change);
        let known = |index: &MemberIndex| known.is_some_and(|known| known.contains_key(index));
        let new = approvals
            .iter()
            .filter(|(index, _)| !known(index) && self.may_approve(*index, change));
        let new: Vec<_> = new.map(|(index, sig)| (index, *sig)).collect();
        if new.is_empty() {
            return Err(Rejection::Duplicate);
        }
        approvals.check::<K, R>(view.network(), view.members(), 1)?;
        Ok(new)
    }

    pub(super) fn count_approval(&mut self, index: MemberIndex, change: Change, sig: Sig) {
        self.approvals.entry(change).or_default().insert(index, sig);
    }

    /// Counts approvals that were checked; whether we hear of the change for the first time, and do not approve it.
    pub(super) fn count_approvals(
        &mut self,
        change: Change,
        possession: Option<Sig>,
        new: Vec<(MemberIndex, Sig)>,
    ) -> bool {
        let heard = self.approvals.contains_key(&change);
        if let (Change::Join(actor), Some(possession)) = (change, possession) {
            self.candidates.entry(actor).or_insert(possession);
        }
        for (index, sig) in new {
            self.count_approval(index, change, sig);
        }
        !heard && !self.wanted.contains(&change)
    }

    pub(super) fn learn(&mut self, change: Change, possession: Option<Sig>) {
        if let (Change::Join(actor), Some(possession)) = (change, possession) {
            self.candidates.insert(actor, possession);
        }
    }

    pub(super) fn learn_approvals(&mut self, approvals: &Approvals) {
        self.learn(approvals.change, approvals.possession);
        for (index, sig) in approvals.iter() {
            self.count_approval(index, approvals.change, *sig);
        }
    }

    /// A new generation has begun: nothing is approved in it yet.
    pub(super) fn begin_generation(&mut self) {
        self.approvals.clear();
        let wanted = &self.wanted;
        self.candidates
            .retain(|actor, _| wanted.contains(&crate::membership::Change::Join(*actor)));
        self.unapproved.clear();
    }
}
