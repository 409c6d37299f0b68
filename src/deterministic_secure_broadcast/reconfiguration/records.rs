//! What records say about generations, and what of it a short journal needs. Which part loads and writes which record
//! stands in `journal_state`.

use std::collections::BTreeSet;

use super::state::Reconfiguration;
use crate::actor::Keys;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::chain::ChainState;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Lock, NextKey};
use crate::membership::{Change, Generation};
use crate::traits::SecureBroadcastAlgorithm;

impl Reconfiguration {
    /// Loads one record; `None` if it does not follow from the ones before it, or is not about generations.
    pub(crate) fn load<K: Keys>(&mut self, chain: &ChainState<K>, record: Record) -> Option<()> {
        let (active, network) = (chain.active(), chain.generations.network());
        match record {
            Record::Joining => self.requested.joining = true,
            Record::Wanted {
                change,
                wanted: true,
                possession,
            } => {
                self.requested.want(change);
                self.requested.learn(change, possession);
            }
            Record::Wanted { change, .. } => {
                self.requested.withdraw(chain.index(), &change);
            }
            Record::Approved {
                generation,
                change,
                sig,
            } => {
                let index = chain.index().filter(|_| generation == active)?;
                self.requested.count_approval(index, change, sig);
            }
            Record::Announced(next) => {
                let index = chain.index().filter(|_| next.generation == active)?;
                self.announced.insert(index, (next.key, next.sig));
            }
            Record::Proposed(proposal) => {
                if proposal.generation != active {
                    return None;
                }
                self.requested.learn_approvals(&proposal.approvals);
                let signed = proposal.signed(*network);
                self.statement_log(active)
                    .note_proposal(proposal.attempt, signed);
                self.round.proposal = Some(*proposal);
            }
            Record::Voted(vote) => {
                let index = chain.index()?;
                if (vote.generation, vote.attempt) != (active, self.round.attempt) {
                    return None;
                }
                self.record_vote(index, vote);
            }
            Record::Locked(lock) => self.learn_lock(*lock),
            Record::TimedOut(timeout) => {
                let index = chain.index()?;
                let highest = timeout.highest.as_ref();
                let shown = highest.map(|lock| (lock.attempt, lock.decision.digest(network)));
                self.record_timeout(index, *timeout, shown);
            }
            Record::Entered(timeouts) => {
                let attempt = timeouts.attempt.checked_add(1)?;
                // What they prove about anyone is written down elsewhere.
                for (index, shown) in timeouts.iter() {
                    let statement_log = self.statement_log(timeouts.generation);
                    statement_log.note_timeout(timeouts.attempt, index, shown);
                }
                self.round.next(attempt, *timeouts);
            }
            Record::Seal(seal) => {
                let place = (seal.generation, seal.signer);
                self.seals.insert(place, *seal);
            }
            _ => return None,
        }
        Some(())
    }

    /// We stood at this generation.
    pub(crate) fn load_resumed(&mut self, generation: Generation, leaving: bool) {
        self.begin(generation);
        self.leaving = leaving.then(BTreeSet::new);
    }

    fn learn_lock(&mut self, lock: Lock) {
        self.requested.learn_approvals(&lock.approvals);
        self.round.lock = Some(lock);
    }
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The chain, the generation we are in, and the seals that count.
    pub(crate) fn compact_chain(&self, records: &mut Vec<Record>) {
        let reconfiguration = &self.reconfiguration;
        let links = self.chain.generations.links().iter().cloned().map(Box::new);
        records.extend(links.map(Record::Decided));
        records.push(Record::Resumed {
            generation: self.generation(),
            since: self.chain.since(),
            leaving: reconfiguration.leaving.is_some(),
        });
        let seals = reconfiguration.seals.values().cloned().map(Box::new);
        records.extend(seals.map(Record::Seal));
    }

    /// What we want, and what we have said about the next generation.
    pub(crate) fn compact_decision(&self, records: &mut Vec<Record>) {
        let reconfiguration = &self.reconfiguration;
        if reconfiguration.requested.joining {
            records.push(Record::Joining);
        }
        for change in &reconfiguration.requested.wanted {
            let possession = match change {
                Change::Join(actor) => reconfiguration.requested.candidates.get(actor).copied(),
                _ => None,
            };
            let (change, wanted) = (*change, true);
            records.push(Record::Wanted {
                change,
                wanted,
                possession,
            });
        }
        let Some(index) = self.index() else { return };
        let generation = self.generation();
        let approved = reconfiguration.requested.approved_by(index).iter();
        records.extend(approved.map(|(change, sig)| Record::Approved {
            generation,
            change: *change,
            sig: *sig,
        }));
        if let Some((key, sig)) = reconfiguration.announced.get(&index).copied() {
            records.push(Record::Announced(NextKey {
                generation,
                key,
                sig,
            }));
        }
        let round = &reconfiguration.round;
        records.extend(round.entered.clone().map(Box::new).map(Record::Entered));
        records.extend(round.lock.clone().map(Box::new).map(Record::Locked));
        let proposal = round.proposal.clone();
        let own = proposal.filter(|proposal| self.view().leader(proposal.attempt) == Some(index));
        records.extend(own.map(Box::new).map(Record::Proposed));
        let votes = [round.cast_first, round.cast_second].into_iter().flatten();
        records.extend(votes.map(Record::Voted));
        records.extend(round.timeout.clone().map(Box::new).map(Record::TimedOut));
    }
}
