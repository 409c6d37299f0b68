//! Anti-entropy: R2′. Whoever lacks something asks for it; answers are proofs, never bare state.

use super::SecureBroadcast;
use super::accountability::Compared;
use super::decided::{Decision, SummaryReceived};
use super::effect::{Effect, Effects, To};
use super::error::{Malformed, Rejection};
use super::packet::{Payload, Proof, Pull, Summary};
use super::quota::{Charge, Once, Share};
use super::rules::Rules;
use std::collections::BTreeMap;

use super::header::VersionVector;
use crate::actor::{Actor, Keys};
use crate::codec::Digest;
use crate::membership::Signers;
use crate::traits::SecureBroadcastAlgorithm;

/// How many peers hear from us on a tick; every member has its turn.
const PEERS_PER_TICK: usize = 2;

/// On every so many ticks the summary carries the digest of the state even while we are busy.
const DIGEST_TICKS: u64 = 16;

/// How many pieces of evidence answer one summary.
const EVIDENCE_PER_SUMMARY: usize = 4;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Tells the next peers what we have, relays certificates that wait here for their operations,
    /// and asks again for what we know we lack.
    pub(super) fn gossip(&mut self, peers: Vec<Actor>, effects: &mut Effects<A>) {
        let state = self.state_for_summary();
        if peers.is_empty() {
            return;
        }
        let generation = self.generation();
        let mut culprits = Signers::none(self.chain.members().len());
        for index in self
            .convictions
            .iter()
            .filter_map(|evidence| self.chain.members().index_of(&evidence.culprit))
        {
            culprits.insert(index);
        }
        // Whoever is no member hears from nobody of what it lacks.
        let lacking = !self.is_member()
            || self
                .slots
                .iter()
                .any(|(_, slot)| slot.parked.is_some() || !slot.ahead.is_empty());
        let forked = self.forked();
        for peer in peers {
            let clock = self.ledger.clock().clone();
            let summary = Summary {
                generation,
                clock: clock.clone(),
                culprits: culprits.clone(),
                state,
            };
            effects.send(To::One(peer), Payload::Summary(summary));
            for pull in self.lacking_headers() {
                effects.send(To::One(peer), pull);
            }
            if lacking {
                effects.send(To::One(peer), Payload::Pull(Pull { generation, clock }));
            }
            self.send_tips(peer, forked.iter().copied(), effects);
            for certified in self
                .slots
                .iter()
                .filter_map(|(_, slot)| slot.ahead.values().next())
            {
                let proof = Proof {
                    certificate: certified.certificate.clone(),
                    ops: None,
                };
                effects.send(To::One(peer), Payload::Proof(proof));
            }
        }
    }

    /// Whose turn it is.
    pub(super) fn next_peers(&mut self) -> Vec<Actor> {
        let own = self.actor();
        let others: Vec<Actor> = self
            .chain
            .members()
            .actors()
            .iter()
            .copied()
            .filter(|member| *member != own)
            .collect();
        let turn = self.gossip.turn;
        self.gossip.turn = turn.wrapping_add(PEERS_PER_TICK);
        let start = turn.checked_rem(others.len()).unwrap_or(0);
        others
            .iter()
            .cycle()
            .skip(start)
            .take(PEERS_PER_TICK.min(others.len()))
            .copied()
            .collect()
    }

    /// The digest of the state: when nothing was delivered since the last tick, and on every sixteenth tick.
    fn state_for_summary(&mut self) -> Option<Digest> {
        let length = self.height();
        let quiet = self.gossip.seen == length;
        self.gossip.seen = length;
        self.gossip.ticks = self.gossip.ticks.wrapping_add(1);
        if !quiet && self.gossip.ticks.checked_rem(DIGEST_TICKS) != Some(0) {
            return None;
        }
        Some(self.known_digest().unwrap_or_else(|| self.new_digest()))
    }

    fn known_digest(&self) -> Option<Digest> {
        let (at, digest) = self.gossip.digest?;
        (at == self.height()).then_some(digest)
    }

    fn new_digest(&mut self) -> Digest {
        let digest = self.state_summary();
        self.gossip.digest = Some((self.height(), digest));
        digest
    }

    pub(super) fn decide_summary(
        &self,
        from: Actor,
        summary: &Summary,
    ) -> Result<Decision<A>, Rejection> {
        if let Some(gated) = self.gate(from, summary.generation)? {
            return Ok(gated);
        }
        self.check_clock(summary.clock.seats())?;
        if self.check_member(from).is_err() {
            return self.decide_departed(from, summary);
        }
        if !summary.culprits.is_canonical(self.chain.members().len()) {
            return Err(Malformed::Signers.into());
        }
        let mut payloads = Vec::new();
        if summary.clock.is_ahead_of(self.ledger.clock()) {
            payloads.push(Payload::Pull(self.pull()));
        }
        let unknown = self.convictions.iter().filter(|evidence| {
            self.chain
                .members()
                .index_of(&evidence.culprit)
                .is_some_and(|index| !summary.culprits.contains(index))
        });
        let mut charge = self.charge_nothing(&from);
        for evidence in unknown.take(EVIDENCE_PER_SUMMARY) {
            // Evidence is an answer like any other: a peer that has had its share waits for the next tick.
            if charge.add(evidence.weight()) {
                payloads.push(Payload::Evidence(Box::new(evidence.clone())));
            }
        }
        let theirs = summary
            .state
            .filter(|_| summary.clock == *self.ledger.clock());
        let known = self.known_digest();
        // The state may be large: it is encoded because of summaries once between two ticks and no more.
        let worked_out = (theirs.is_some() && known.is_none() && self.quota.may_encode())
            .then(|| self.state_summary());
        let diverged = theirs
            .zip(known.or(worked_out))
            .is_some_and(|(theirs, ours)| theirs != ours);
        // A peer that has had its share, or knows enough, is told nothing more.
        let tips = diverged.then(|| self.compare_tips(self.seats(), &mut charge));
        Ok(Decision::Summary(Box::new(SummaryReceived {
            from,
            clock: summary.clock.clone(),
            payloads,
            diverged,
            tips: match tips {
                Some(Compared::Tell(payload)) => Some(payload),
                _ => None,
            },
            charge,
            worked_out,
        })))
    }

    /// Carries out what another replica's summary leads to.
    pub(super) fn apply_summary(&mut self, received: SummaryReceived, effects: &mut Effects<A>) {
        let SummaryReceived {
            from,
            clock,
            payloads,
            diverged,
            tips,
            charge,
            worked_out,
        } = received;
        self.hand_over_to(from, &clock, effects);
        for payload in payloads {
            effects.send(To::One(from), payload);
        }
        if let Some(digest) = worked_out {
            self.quota.note_encoded();
            self.gossip.digest = Some((self.height(), digest));
        }
        if diverged {
            effects.push(Effect::Diverged { member: from });
        }
        self.quota.spend(charge);
        if let Some(tips) = tips {
            effects.send(To::One(from), tips);
        }
    }

    /// R7: a peer that was a member stays until enough of us have what it has.
    fn decide_departed(&self, from: Actor, summary: &Summary) -> Result<Decision<A>, Rejection> {
        let departed = self.chain.members().seat_of(&from).is_some();
        if !departed || !self.is_member() {
            return Err(Rejection::NotMember(from));
        }
        let answer = if summary.clock.is_ahead_of(self.ledger.clock()) {
            Payload::Pull(self.pull())
        } else {
            Payload::Summary(Summary {
                generation: self.generation(),
                clock: self.ledger.clock().clone(),
                culprits: Signers::none(self.chain.members().len()),
                state: None,
            })
        };
        let mut charge = self.charge_nothing(&from);
        match charge.add(0) {
            true => Ok(Decision::charged(from, (charge, vec![answer]))),
            false => Err(Rejection::OverBudget),
        }
    }

    /// Counts a member that has all that we have, once we have left.
    fn hand_over_to(&mut self, from: Actor, theirs: &VersionVector, effects: &mut Effects<A>) {
        if self.ledger.clock().is_ahead_of(theirs) {
            return;
        }
        let Some(enough) = &mut self.reconfiguration.leaving else {
            return;
        };
        enough.insert(from);
        let members = self.chain.members().actors();
        let counted = enough.iter().filter(|actor| members.contains(actor));
        if counted.count() >= R::quorum(members.len()) {
            self.reconfiguration.leaving = None;
            effects.push(Effect::Left);
        }
    }

    pub(super) fn decide_pull(&self, from: Actor, pull: &Pull) -> Result<Decision<A>, Rejection> {
        self.check_served(from)?;
        if let Some(gated) = self.gate(from, pull.generation)? {
            return Ok(gated);
        }
        self.check_clock(pull.clock.seats())?;
        let offer = self.decide_offer(&from, &pull.clock);
        let is_pruned = offer.as_ref().is_some_and(|offer| offer.is_pruned);
        let offered = offer.and_then(|offer| offer.checkpoint);
        let once = offered.as_ref().map(|_| Once::OfferCheckpoint);
        let (mut charge, mut payloads) = match offered {
            Some((charge, checkpoint)) => (charge, vec![Payload::Checkpoint(checkpoint)]),
            None => (self.charge_nothing(&from), Vec::new()),
        };
        if is_pruned {
            return Ok(Decision::Answer {
                to: from,
                payloads,
                charge: Some(charge),
                once,
            });
        }
        // Our log is in causal order, and so is every answer from it: merge what the asker lacks of
        // each source by place in the log.
        let mut next = BTreeMap::new();
        for (seat, theirs) in pull.clock.iter() {
            let index = theirs
                .next()
                .map_or(usize::MAX, |first| self.ledger.message_index(seat, first));
            if let Some(place) = self.ledger.log_index(seat, index) {
                next.insert(place, (seat, index));
            }
        }
        let lacking = !next.is_empty();
        while let Some((place, (seat, index))) = next.pop_first() {
            let Some(logged) = self.ledger.log().get(place) else {
                break;
            };
            let bytes = logged.certificate.weight().saturating_add(logged.ops.len());
            if !charge.add(bytes) {
                break;
            }
            let (certificate, ops) = (logged.certificate.clone(), Some(logged.ops.clone()));
            payloads.push(Payload::Proof(Proof { certificate, ops }));
            let index = index.saturating_add(1);
            if let Some(place) = self.ledger.log_index(seat, index) {
                next.insert(place, (seat, index));
            }
        }
        if lacking && payloads.is_empty() {
            return Err(Rejection::OverBudget);
        }
        Ok(Decision::Answer {
            to: from,
            payloads,
            charge: Some(charge),
            once,
        })
    }

    pub(super) fn check_clock(&self, have: usize) -> Result<(), Rejection> {
        let need = self.chain.members().seats();
        if have == need {
            Ok(())
        } else {
            Err(Malformed::Clock { have, need }.into())
        }
    }

    /// A charge to a peer's share, with no answer yet.
    pub(super) fn charge_nothing(&self, peer: &Actor) -> Charge {
        let admitted = self.reconfiguration.requested.admits(peer);
        self.quota
            .charge(Share::of(peer, self.chain.members(), admitted))
    }

    /// What an answer of so many bytes takes of a peer's share.
    pub(super) fn charge(&self, peer: &Actor, bytes: usize) -> Result<Charge, Rejection> {
        let mut charge = self.charge_nothing(peer);
        charge
            .add(bytes)
            .then_some(charge)
            .ok_or(Rejection::OverBudget)
    }
}
