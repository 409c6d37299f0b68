//! R3: approvals. Not binding; a quorum of them is what a proposal needs.

use thiserror::Error;

use super::Reconfiguration;
use super::view::View;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::Effects;
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::Approvals;
use crate::membership::{Change, ChangeError, MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// How many changes one member may approve in one generation (I14). More are approved in the next.
const MAX_APPROVALS: usize = 8;

/// Why a change was not taken up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeRefused {
    /// This replica is no member.
    #[error("not a member")]
    NotMember,
    /// This replica has stopped signing.
    #[error("stopped signing: {0}")]
    Halted(Halt),
    /// It does not apply to our generation.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Whoever is to join has not asked us to, so there is no proof that it has the key.
    #[error("{0} has not asked to join")]
    NotAsked(Actor),
}

impl Reconfiguration {
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
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Approves a change, in our generation and, as long as it applies, in later ones. It comes about once a quorum
    /// approves it: the application decides, by calling this or not, when [`Effect::Asked`](crate::Effect::Asked) says
    /// that others want a change. The one thing approved without asking is the expulsion of whom we can convict.
    ///
    /// Whoever asks to leave submits no operations any more, and approves once those under way are delivered.
    ///
    /// # Errors
    /// [`ChangeRefused`] if nothing was taken up.
    pub fn propose(&mut self, change: Change) -> Result<Effects<A>, ChangeRefused> {
        if !self.is_member() {
            return Err(ChangeRefused::NotMember);
        }
        if let Some(halt) = self.halted() {
            return Err(ChangeRefused::Halted(halt));
        }
        self.chain.members().after(&change)?;
        let possession = match change {
            Change::Join(actor) => {
                let possession = self.reconfiguration.candidates.get(&actor).copied();
                Some(possession.ok_or(ChangeRefused::NotAsked(actor))?)
            }
            _ => None,
        };
        let mut effects = Effects::none();
        self.want(change, possession, &mut effects);
        self.advance(&mut effects);
        Ok(effects)
    }

    /// Approves a change no more, in later generations. In ours, an approval that was given stands.
    pub fn withdraw(&mut self, change: &Change) -> Effects<A> {
        let mut effects = Effects::none();
        if self.reconfiguration.wanted.remove(change) {
            let (change, possession) = (*change, None);
            let wanted = false;
            self.persist(
                Record::Wanted {
                    change,
                    wanted,
                    possession,
                },
                &mut effects,
            );
        }
        effects
    }

    /// What we approve.
    pub fn wanted(&self) -> impl Iterator<Item = &Change> + '_ {
        self.reconfiguration.wanted.iter()
    }

    pub(super) fn want(
        &mut self,
        change: Change,
        possession: Option<Sig>,
        effects: &mut Effects<A>,
    ) {
        if self.reconfiguration.wanted.insert(change) {
            let wanted = true;
            self.persist(
                Record::Wanted {
                    change,
                    wanted,
                    possession,
                },
                effects,
            );
        }
    }

    /// Whether we are on our way out.
    pub(in crate::deterministic_secure_broadcast) fn is_leaving(&self) -> bool {
        self.reconfiguration
            .wanted
            .contains(&Change::Leave(self.actor()))
    }

    /// Whether the next generation is decided.
    pub(in crate::deterministic_secure_broadcast) fn is_decided(&self) -> bool {
        self.chain.is_decided()
    }
}
