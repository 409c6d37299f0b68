//! The changes of members that somebody has asked for: who approves which, and who wants to join.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::view::View;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Approvals, Join};
use crate::membership::{Change, MemberIndex, Signers};

/// How many changes one member approves at a time (I14): the newest of those it wants. Of the others, the newest take the
/// place of what is withdrawn, or decided.
const MAX_APPROVALS: usize = 8;

/// How many that nobody approves may ask to join at a time (I14). When more do, those who asked first ask again.
const MAX_CANDIDATES: usize = 64;

/// Changes of members that are asked for and not decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Requested {
    /// What we want, now and in later generations, as long as it applies; the newest last.
    pub(super) wanted: Vec<Change>,
    /// Who wants to join, with the proof of possession.
    pub(super) candidates: BTreeMap<Actor, Sig>,
    /// Those of them that no member is known to approve, in the order in which they asked. Bounded.
    pub(super) unapproved: VecDeque<Actor>,
    /// What each member approves in our generation, the newest last. Bounded.
    approvals: BTreeMap<MemberIndex, Vec<(Change, Sig)>>,
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
        let mut unapproved = std::mem::take(&mut self.unapproved);
        unapproved.retain(|actor| !self.is_supported(&Change::Join(*actor)));
        self.unapproved = unapproved;
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

    /// Whether anybody is known to want a change.
    fn is_supported(&self, change: &Change) -> bool {
        self.wanted.contains(change) || self.is_heard(change)
    }

    /// Whether a member is known to approve a change.
    fn is_heard(&self, change: &Change) -> bool {
        let mut approved = self.approvals.values().flatten();
        approved.any(|(approved, _)| approved == change)
    }

    /// Whether nobody approves anything.
    pub(super) fn is_idle(&self) -> bool {
        self.approvals.values().all(Vec::is_empty)
    }

    /// What a member approves, with its signatures.
    pub(super) fn approved_by(&self, index: MemberIndex) -> &[(Change, Sig)] {
        self.approvals.get(&index).map_or(&[], Vec::as_slice)
    }

    /// What is approved, by whom.
    pub(super) fn by_change(&self) -> BTreeMap<Change, BTreeMap<MemberIndex, Sig>> {
        let mut found = BTreeMap::<Change, BTreeMap<MemberIndex, Sig>>::new();
        for (index, approved) in &self.approvals {
            for (change, sig) in approved {
                found.entry(*change).or_default().insert(*index, *sig);
            }
        }
        found
    }

    /// Whether an approval is news. What a member says itself counts, and takes the place of what it said before: it
    /// is the newest. Others may pass on what it has withdrawn; that only fills the room it leaves.
    fn is_news(&self, index: MemberIndex, change: &Change, itself: bool) -> bool {
        let theirs = self.approved_by(index);
        let known = theirs.iter().any(|(other, _)| other == change);
        let mut subjects = theirs.iter().map(|(other, _)| other.subject());
        let room = theirs.len() < MAX_APPROVALS;
        !known && (itself || room && subjects.all(|subject| subject != change.subject()))
    }

    /// What we are to approve: the newest of what we want, of each subject one, and of those the expulsions of whom we
    /// have convicted first.
    pub(super) fn due(&self, is_convicted: impl Fn(&Change) -> bool) -> Vec<Change> {
        let mut newest: Vec<Change> = self.wanted.iter().rev().copied().collect();
        // Stable: the newest stay first.
        newest.sort_by_key(|change| !is_convicted(change));
        let mut subjects = BTreeSet::new();
        newest.retain(|change| subjects.insert(change.subject()));
        newest.truncate(MAX_APPROVALS);
        newest.reverse();
        newest
    }

    /// We approve nothing but this any more.
    pub(super) fn keep_only(&mut self, index: MemberIndex, due: &[Change]) {
        if let Some(approved) = self.approvals.get_mut(&index) {
            approved.retain(|(change, _)| due.contains(change));
        }
    }

    /// We want this; whether that is new.
    pub(super) fn want(&mut self, change: Change) -> bool {
        let new = !self.wanted.contains(&change);
        if new {
            self.wanted.push(change);
        }
        new
    }

    /// We want this no more; whether we did. What is said cannot be taken back, but it makes room.
    pub(super) fn withdraw(&mut self, index: Option<MemberIndex>, change: &Change) -> bool {
        let before = self.wanted.len();
        self.wanted.retain(|wanted| wanted != change);
        if let Some(approved) = index.and_then(|index| self.approvals.get_mut(&index)) {
            approved.retain(|(approved, _)| approved != change);
        }
        self.wanted.len() < before
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
        for (index, approved) in &self.approvals {
            if of.is_none_or(|of| of == *index)
                && let Some((_, sig)) = approved.iter().find(|(approved, _)| approved == change)
            {
                signers.insert(*index);
                signatures.push(*sig);
            }
        }
        (!signatures.is_empty()).then(|| Approvals {
            generation: view.generation(),
            change: *change,
            possession,
            signers,
            signatures,
        })
    }

    /// A change that a quorum approves: the expulsion of whom we have convicted before any other.
    pub(super) fn approved<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Change> {
        let members = view.members();
        let approved = self.by_change().into_iter().filter(|(change, approvals)| {
            let asked = match change {
                Change::Leave(actor) => {
                    let index = members.index_of(actor);
                    index.is_some_and(|index| approvals.contains_key(&index))
                }
                _ => true,
            };
            let enough = asked && R::is_approved(approvals.len(), members.len());
            enough && members.after(change).is_ok()
        });
        let approved = approved.map(|(change, _)| change);
        approved.min_by_key(|change| !view.is_expulsion_of_convict(change))
    }

    /// Those of these approvals that are news, if they count.
    pub(super) fn check_approvals<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        from: &Actor,
        approvals: &Approvals,
    ) -> Result<Vec<(MemberIndex, Sig)>, Rejection> {
        let from = view.check_member(from)?;
        // What we approve we know ourselves: what we have withdrawn does not come back.
        let others = approvals
            .iter()
            .filter(|(index, _)| Some(*index) != view.chain.index());
        let new = others
            .filter(|(index, _)| self.is_news(*index, &approvals.change, *index == from))
            .map(|(index, sig)| (index, *sig));
        let new: Vec<_> = new.collect();
        if new.is_empty() {
            return Err(Rejection::Duplicate);
        }
        approvals.check::<K, R>(view.network(), view.members(), 1)?;
        Ok(new)
    }

    /// Counts an approval. It takes the place of what the member has said about the same subject, and else of the oldest.
    pub(super) fn count_approval(&mut self, index: MemberIndex, change: Change, sig: Sig) {
        let approved = self.approvals.entry(index).or_default();
        let before = approved.clone();
        approved.retain(|(other, _)| other.subject() != change.subject());
        let over = approved
            .len()
            .saturating_add(1)
            .saturating_sub(MAX_APPROVALS);
        approved.drain(..over);
        approved.push((change, sig));
        for (replaced, _) in before {
            if let Change::Join(actor) = replaced
                && !self.is_supported(&replaced)
                && !self.unapproved.contains(&actor)
            {
                self.candidates.remove(&actor);
            }
        }
    }

    /// Counts approvals that were checked; whether we hear of the change for the first time, and do not approve it.
    pub(super) fn count_approvals(
        &mut self,
        change: Change,
        possession: Option<Sig>,
        new: Vec<(MemberIndex, Sig)>,
    ) -> bool {
        let heard = self.is_heard(&change);
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
            .retain(|actor, _| wanted.contains(&Change::Join(*actor)));
        self.unapproved.clear();
    }
}
