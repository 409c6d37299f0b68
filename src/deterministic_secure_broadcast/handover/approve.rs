//! R3: approvals. Not binding; a quorum of them is what a proposal needs.

use thiserror::Error;

use super::Handover;
use crate::actor::{Actor, Keys, Sig};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::Approvals;
use crate::deterministic_secure_broadcast::wire::statement::ApproveStatement;
use crate::membership::{Change, ChangeError, MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// How many changes one member may approve in one generation (I14). More are approved in the next.
const MAX_APPROVALS: usize = 8;

/// Why a change was not taken up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
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

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Approves a change, in our generation and, as long as it applies, in later ones. It comes about once a quorum
    /// approves it: the application decides, by calling this or not, when [`Effect::Asked`] says that others want a
    /// change. The one thing approved without asking is the expulsion of whom we can convict.
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
                let possession = self.handover.candidates.get(&actor).copied();
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
        if self.handover.wanted.remove(change) {
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
        self.handover.wanted.iter()
    }

    fn want(&mut self, change: Change, possession: Option<Sig>, effects: &mut Effects<A>) {
        if self.handover.wanted.insert(change) {
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
        self.handover.wanted.contains(&Change::Leave(self.actor()))
    }

    /// Whether the next generation is decided.
    pub(in crate::deterministic_secure_broadcast) fn is_decided(&self) -> bool {
        self.chain.is_decided()
    }

    /// Gives the approvals that are due, and reports what no longer applies.
    pub(in crate::deterministic_secure_broadcast) fn approve(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.index().filter(|_| self.check_signing().is_ok()) else {
            return;
        };
        if self.is_decided() {
            return;
        }
        for change in self.handover.wanted.clone() {
            if let Err(why) = self.chain.members().after(&change) {
                self.handover.wanted.remove(&change);
                let (wanted, possession) = (false, None);
                self.persist(
                    Record::Wanted {
                        change,
                        wanted,
                        possession,
                    },
                    effects,
                );
                effects.push(Effect::Obsolete { change, why });
                continue;
            }
            if change == Change::Leave(self.actor()) && self.pending() > 0 {
                continue;
            }
            if self.may_approve(index, &change) {
                let generation = self.generation();
                let statement = ApproveStatement { generation, change };
                let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
                    let record = Record::Approved {
                        generation,
                        change,
                        sig,
                    };
                    (Some(record), sig)
                });
                self.signer.commit([unsigned], effects, |sig| {
                    self.handover.count_approval(index, change, sig);
                    None
                });
                if let Some(approvals) = self.approvals(&change, Some(index)) {
                    effects.send(To::Members, Payload::Approvals(approvals));
                }
            }
        }
        self.announce_key(effects);
        self.lead(effects);
    }

    /// Kept: one approval per member and subject, and a small number per member.
    fn may_approve(&self, index: MemberIndex, change: &Change) -> bool {
        let theirs = self.handover.approvals.iter();
        let mut theirs = theirs.filter(|(_, approvals)| approvals.contains_key(&index));
        let many = theirs.clone().count() >= MAX_APPROVALS;
        !many && theirs.all(|(other, _)| other.subject() != change.subject())
    }

    /// The approvals of a change: of one member, or all of them.
    pub(super) fn approvals(&self, change: &Change, of: Option<MemberIndex>) -> Option<Approvals> {
        let possession = match change {
            Change::Join(actor) => Some(*self.handover.candidates.get(actor)?),
            _ => None,
        };
        let mut signers = Signers::none(self.chain.members().len());
        let mut signatures = Vec::new();
        for (index, sig) in self.handover.approvals.get(change)? {
            if of.is_none_or(|of| of == *index) {
                signers.insert(*index);
                signatures.push(*sig);
            }
        }
        Some(Approvals {
            generation: self.generation(),
            change: *change,
            possession,
            signers,
            signatures,
        })
    }

    /// A change that a quorum approves.
    pub(super) fn approved(&self) -> Option<Change> {
        let members = self.chain.members().len();
        let enough = self
            .handover
            .approvals
            .iter()
            .filter(|(change, approvals)| {
                let asked = match change {
                    Change::Leave(actor) => {
                        let index = self.chain.members().index_of(actor);
                        index.is_some_and(|index| approvals.contains_key(&index))
                    }
                    _ => true,
                };
                asked && R::is_approved(approvals.len(), members)
            });
        enough
            .map(|(change, _)| *change)
            .find(|change| self.chain.members().after(change).is_ok())
    }

    pub(in crate::deterministic_secure_broadcast) fn on_approvals(
        &mut self,
        from: Actor,
        approvals: &Approvals,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, approvals.generation)? {
            return Ok(effects);
        }
        self.check_member(from)?;
        let change = approvals.change;
        let known = self.handover.approvals.get(&change);
        let known = |index: &MemberIndex| known.is_some_and(|known| known.contains_key(index));
        let new =
            |(index, _): &(MemberIndex, &Sig)| !known(index) && self.may_approve(*index, &change);
        let new: Vec<_> = approvals
            .iter()
            .filter(new)
            .map(|(i, sig)| (i, *sig))
            .collect();
        if new.is_empty() {
            return Err(Rejection::Duplicate);
        }
        approvals.check::<K, R>(self.signer.network(), &self.chain.members(), 1)?;
        let mut effects = Effects::none();
        let heard = self.handover.approvals.contains_key(&change);
        if let (Change::Join(actor), Some(possession)) = (change, approvals.possession) {
            self.handover.candidates.entry(actor).or_insert(possession);
        }
        for (index, sig) in new {
            self.handover.count_approval(index, change, sig);
        }
        if !heard && !self.handover.wanted.contains(&change) {
            let by = from;
            effects.push(Effect::Asked { change, by });
        }
        // The one policy that is ours: whoever is convicted may be expelled.
        if let Change::Expel(culprit) = change
            && self.convictions.of(&culprit)
            && self.is_member()
        {
            self.want(change, None, &mut effects);
        }
        self.approve(&mut effects);
        Ok(effects)
    }
}

impl Handover {
    pub(super) fn count_approval(&mut self, index: MemberIndex, change: Change, sig: Sig) {
        self.approvals.entry(change).or_default().insert(index, sig);
    }
}
