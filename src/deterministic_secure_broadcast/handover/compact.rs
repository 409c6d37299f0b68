//! The shortest way back to what a replica knows of generations, in the journal's records.

use crate::actor::Keys;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::membership::Change;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The chain, the generation we are in, and the seals that count.
    pub(in crate::deterministic_secure_broadcast) fn compact_chain(
        &self,
        records: &mut Vec<Record>,
    ) {
        let handover = &self.handover;
        let links = self.chain.generations.links().iter().cloned().map(Box::new);
        records.extend(links.map(Record::Decided));
        records.push(Record::Resumed {
            generation: self.generation(),
            since: self.chain.since(),
            leaving: handover.leaving.is_some(),
        });
        let seals = handover.seals.values().cloned().map(Box::new);
        records.extend(seals.map(Record::Seal));
    }

    /// What we want, and what we have said about the next generation.
    pub(in crate::deterministic_secure_broadcast) fn compact_decision(
        &self,
        records: &mut Vec<Record>,
    ) {
        let handover = &self.handover;
        if handover.joining {
            records.push(Record::Joining);
        }
        for change in &handover.wanted {
            let possession = match change {
                Change::Join(actor) => handover.candidates.get(actor).copied(),
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
        for (change, approvals) in &handover.approvals {
            if let Some(sig) = approvals.get(&index).copied() {
                let change = *change;
                records.push(Record::Approved {
                    generation,
                    change,
                    sig,
                });
            }
        }
        let round = &handover.round;
        records.extend(round.entered.clone().map(Box::new).map(Record::Entered));
        records.extend(round.lock.clone().map(Box::new).map(Record::Locked));
        let proposal = round.proposal.clone();
        let own = proposal.filter(|proposal| self.leader(proposal.attempt) == Some(index));
        records.extend(own.map(Box::new).map(Record::Proposed));
        let votes = [round.cast_first, round.cast_second].into_iter().flatten();
        records.extend(votes.map(Record::Voted));
        records.extend(round.timeout.clone().map(Box::new).map(Record::TimedOut));
    }
}
