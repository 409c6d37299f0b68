//! Anti-entropy: R2′. Whoever lacks something asks for it; answers are proofs, never bare state.

use super::SecureBroadcast;
use super::effect::{Effect, Effects, To};
use super::error::{Malformed, Rejection};
use super::packet::{Payload, Proof, Pull, Summary};
use super::quota::Share;
use super::rules::Rules;
use std::collections::BTreeMap;

use super::header::Clock;
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

/// Whose turn it is, and what was told last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gossip {
    pub(super) ticks: u64,
    turn: usize,
    /// How many messages were delivered at the last tick.
    seen: usize,
    /// The digest of what we have come to, and after how many messages.
    digest: Option<(usize, Digest)>,
}

impl Gossip {
    /// Makes room for new seats.
    pub(super) fn grow(&mut self) {
        // It is over every seat.
        self.digest = None;
    }
}

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
            .evidence
            .keys()
            .filter_map(|culprit| self.chain.members().index_of(culprit))
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
            self.pull_headers(peer, effects);
            if lacking {
                effects.send(To::One(peer), Payload::Pull(Pull { generation, clock }));
            }
            let _ = self.compare_tips(peer, forked.iter().copied(), effects);
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

    /// The digest of the state: when nothing was delivered since the last tick, and now and then.
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
        let digest = self.standing();
        self.gossip.digest = Some((self.height(), digest));
        digest
    }

    /// The digest to hold another one against. The state may be large, so whoever sends summaries has it encoded
    /// once between two ticks and no more.
    fn digest_to_compare(&mut self) -> Option<Digest> {
        let known = self.known_digest();
        if known.is_some() || !self.quota.may_encode() {
            return known;
        }
        self.quota.note_encoded();
        Some(self.new_digest())
    }

    pub(super) fn on_summary(
        &mut self,
        from: Actor,
        summary: &Summary,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, summary.generation)? {
            return Ok(effects);
        }
        self.check_clock(summary.clock.seats())?;
        if self.check_member(from).is_err() {
            return self.on_departed(from, summary);
        }
        if !summary.culprits.is_canonical(self.chain.members().len()) {
            return Err(Malformed::Signers.into());
        }
        let mut effects = Effects::none();
        self.hand_over_to(from, &summary.clock, &mut effects);
        if summary.clock.is_ahead_of(self.ledger.clock()) {
            let pull = Pull {
                generation: self.generation(),
                clock: self.ledger.clock().clone(),
            };
            effects.send(To::One(from), Payload::Pull(pull));
        }
        let unknown = self.evidence.iter().filter(|(culprit, _)| {
            self.chain
                .members()
                .index_of(culprit)
                .is_some_and(|index| !summary.culprits.contains(index))
        });
        let unknown: Vec<_> = unknown
            .take(EVIDENCE_PER_SUMMARY)
            .map(|(_, evidence)| evidence.clone())
            .collect();
        for evidence in unknown {
            // Evidence is an answer like any other: who has had its share waits for the next tick.
            if self.spend(from, evidence.weight()).is_ok() {
                effects.send(To::One(from), Payload::Evidence(Box::new(evidence)));
            }
        }
        if let Some(theirs) = summary
            .state
            .filter(|_| summary.clock == *self.ledger.clock())
            && let Some(ours) = self.digest_to_compare()
            && ours != theirs
        {
            effects.push(Effect::Diverged { member: from });
            // Whoever has had its share, or knows enough, is told nothing more.
            let _ = self.compare_tips(from, self.seats(), &mut effects);
        }
        Ok(effects)
    }

    /// R7: somebody who was a member stays until enough of us have what it has.
    fn on_departed(&mut self, from: Actor, summary: &Summary) -> Result<Effects<A>, Rejection> {
        let departed = self.chain.members().seat_of(&from).is_some();
        if !departed || !self.is_member() {
            return Err(Rejection::NotMember(from));
        }
        let (generation, clock) = (self.generation(), self.ledger.clock().clone());
        let answer = if summary.clock.is_ahead_of(&clock) {
            Payload::Pull(Pull { generation, clock })
        } else {
            Payload::Summary(Summary {
                generation,
                clock,
                culprits: Signers::none(self.chain.members().len()),
                state: None,
            })
        };
        self.spend(from, 0)?;
        let mut effects = Effects::none();
        effects.send(To::One(from), answer);
        Ok(effects)
    }

    /// Counts a member that has all that we have, once we have left.
    fn hand_over_to(&mut self, from: Actor, theirs: &Clock, effects: &mut Effects<A>) {
        if self.ledger.clock().is_ahead_of(theirs) {
            return;
        }
        let Some(enough) = &mut self.handover.leaving else {
            return;
        };
        enough.insert(from);
        let members = self.chain.members().actors();
        let counted = enough.iter().filter(|actor| members.contains(actor));
        if counted.count() >= R::quorum(members.len()) {
            self.handover.leaving = None;
            effects.push(Effect::Left);
        }
    }

    pub(super) fn on_pull(&mut self, from: Actor, pull: &Pull) -> Result<Effects<A>, Rejection> {
        self.check_served(from)?;
        if let Some(effects) = self.on_other_generation(from, pull.generation)? {
            return Ok(effects);
        }
        self.check_clock(pull.clock.seats())?;
        let mut effects = Effects::none();
        if self.offer(from, &pull.clock, &mut effects) {
            return Ok(effects);
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
        let mut answers = Vec::new();
        let share = self.share_of(&from);
        let mut budget = self.quota.budget(share);
        while let Some((place, (seat, index))) = next.pop_first() {
            let Some(logged) = self.ledger.log().get(place) else {
                break;
            };
            let bytes = logged.certificate.weight().saturating_add(logged.ops.len());
            if !budget.take(bytes) {
                break;
            }
            let (certificate, ops) = (logged.certificate.clone(), Some(logged.ops.clone()));
            answers.push(Payload::Proof(Proof { certificate, ops }));
            let index = index.saturating_add(1);
            if let Some(place) = self.ledger.log_index(seat, index) {
                next.insert(place, (seat, index));
            }
        }
        if lacking && answers.is_empty() && effects.is_empty() {
            return Err(Rejection::OverBudget);
        }
        self.quota.set_budget(share, budget);
        for answer in answers {
            effects.send(To::One(from), answer);
        }
        Ok(effects)
    }

    pub(super) fn check_clock(&self, have: usize) -> Result<(), Rejection> {
        let need = self.chain.members().seats();
        if have == need {
            Ok(())
        } else {
            Err(Malformed::Clock { have, need }.into())
        }
    }

    /// Whose share of our answers a peer draws on.
    fn share_of(&self, peer: &Actor) -> Share {
        Share::of(peer, self.chain.members(), self.handover.admits(peer))
    }

    /// Charges a peer for an answer of so many bytes.
    pub(super) fn spend(&mut self, peer: Actor, bytes: usize) -> Result<(), Rejection> {
        let share = self.share_of(&peer);
        let mut budget = self.quota.budget(share);
        if !budget.take(bytes) {
            return Err(Rejection::OverBudget);
        }
        self.quota.set_budget(share, budget);
        Ok(())
    }
}
