//! The journal's records about generations, put back.

use crate::actor::{Keys, Sig};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::Effects;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Approvals, Lock};
use crate::membership::Change;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Puts one record back; `None` if it does not follow from the ones before it.
    pub(in crate::deterministic_secure_broadcast) fn replay_handover(
        &mut self,
        record: Record,
    ) -> Option<()> {
        match record {
            Record::Joining => self.handover.joining = true,
            Record::Wanted {
                change,
                wanted,
                possession,
            } => {
                if wanted {
                    self.handover.wanted.insert(change);
                    self.learn(change, possession);
                } else {
                    self.handover.wanted.remove(&change);
                }
            }
            Record::Approved {
                generation,
                change,
                sig,
            } => {
                let index = self.index().filter(|_| generation == self.generation())?;
                self.handover.count_approval(index, change, sig);
            }
            Record::Announced(next) => {
                let index = self
                    .index()
                    .filter(|_| next.generation == self.generation())?;
                self.handover.announced.insert(index, (next.key, next.sig));
            }
            Record::Proposed(proposal) => {
                if proposal.generation != self.generation() {
                    return None;
                }
                self.learn_approvals(&proposal.approvals);
                self.hear_proposal(&proposal);
                self.handover.round.proposal = Some(*proposal);
            }
            Record::Voted(vote) => {
                let index = self.index()?;
                if (vote.generation, vote.attempt)
                    != (self.generation(), self.handover.round.attempt)
                {
                    return None;
                }
                self.handover.record_vote(index, vote);
            }
            Record::Locked(lock) => self.learn_lock(*lock),
            Record::TimedOut(timeout) => {
                let index = self.index()?;
                let shown = self.shown(&timeout);
                self.handover.record_timeout(index, *timeout, shown);
            }
            Record::Entered(timeouts) => {
                let attempt = timeouts.attempt.checked_add(1)?;
                // Who is convicted by them is written down elsewhere.
                for (index, shown) in timeouts.iter() {
                    let docket = self.handover.docket(timeouts.generation);
                    docket.note_timeout(timeouts.attempt, index, shown);
                }
                self.handover.round.next(attempt, *timeouts);
            }
            Record::Decided(link) => {
                let generations = &mut self.chain.generations;
                let next = link.next_members(generations.newest()).ok()?;
                generations.append(*link, next);
            }
            Record::Seal(seal) => {
                let place = (seal.generation, seal.signer);
                self.handover.seals.insert(place, *seal);
            }
            Record::Activated { generation, seals } => {
                self.activate(generation, &seals, &mut Effects::none());
            }
            Record::Resumed {
                generation,
                since,
                leaving,
            } => {
                self.chain.load(generation, since)?;
                self.grow(self.chain.members().seats());
                self.handover.begin(generation);
                self.handover.leaving = leaving.then(std::collections::BTreeSet::new);
            }
            _ => return None,
        }
        Some(())
    }

    fn learn(&mut self, change: Change, possession: Option<Sig>) {
        if let (Change::Join(actor), Some(possession)) = (change, possession) {
            self.handover.candidates.insert(actor, possession);
        }
    }

    fn learn_approvals(&mut self, approvals: &Approvals) {
        self.learn(approvals.change, approvals.possession);
        for (index, sig) in approvals.iter() {
            self.handover.count_approval(index, approvals.change, *sig);
        }
    }

    fn learn_lock(&mut self, lock: Lock) {
        self.learn_approvals(&lock.approvals);
        self.handover.round.lock = Some(lock);
    }
}
