//! The way of a packet: what it changes is decided by looking only; then that is carried out, part by part, in a fixed
//! order.

use super::SecureBroadcast;
use super::decided::{Decision, Receipts};
use super::effect::{Effect, Effects, To};
use super::error::Rejection;
use super::packet::{Packet, Payload};
use super::rules::Rules;
use crate::actor::Keys;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// What this packet changes; if it changes nothing, why (I11).
    pub(super) fn decide(
        &self,
        packet: &Packet,
        _receipts: &Receipts,
    ) -> Result<Decision<A>, Rejection> {
        let from = packet.from;
        match &packet.payload {
            Payload::Request(request) => self.decide_request(from, request),
            Payload::Echo(echo) => self.decide_echo(from, echo),
            Payload::Proof(proof) => self.decide_proof(from, proof),
            Payload::Refusal(refusal) => self.decide_refusal(from, refusal),
            Payload::Evidence(evidence) => {
                let proven = self.decide_evidence(evidence)?;
                Ok(Decision::Convict(vec![proven]))
            }
            Payload::Summary(summary) => self.decide_summary(from, summary),
            Payload::Pull(pull) => self.decide_pull(from, pull),
            Payload::Compare(compare) => {
                let answers = self.decide_compare(from, compare)?;
                Ok(Decision::charged(from, answers))
            }
            Payload::Headers(headers) => {
                let proven = self.decide_headers(from, headers)?;
                Ok(Decision::Headers { from, proven })
            }
            Payload::CheckpointProposal(proposal) => self.decide_proposal(from, proposal),
            Payload::Attest(attest) => self.decide_attest(from, attest),
            Payload::Checkpoint(checkpoint) => self.decide_checkpoint(from, checkpoint),
            Payload::PullSnapshot(pull) => {
                let answers = self.decide_pull_snapshot(from, pull)?;
                Ok(Decision::charged(from, answers))
            }
            Payload::Snapshot(piece) => {
                let piece = self.decide_snapshot(piece)?;
                Ok(Decision::Snapshot { from, piece })
            }
            Payload::PullChain(pull) => {
                let answers = self.decide_pull_chain(from, *pull)?;
                Ok(Decision::charged(from, answers))
            }
            Payload::PullHeaders(pull) => {
                let answers = self.decide_pull_headers(from, pull)?;
                Ok(Decision::charged(from, answers))
            }
            payload => {
                if let Some(generation) = payload.deciding()
                    && let Some(gated) = self.gate(from, generation)?
                {
                    return Ok(gated);
                }
                let received = self.decide_reconfiguration(from, payload)?;
                Ok(Decision::Reconfiguration(received))
            }
        }
    }

    /// Carries out what was decided.
    pub(super) fn apply(&mut self, decision: Decision<A>) -> Effects<A> {
        let mut effects = Effects::none();
        let convicted = self.convictions.len();
        match decision {
            Decision::Answer {
                to,
                payloads,
                charge,
                once,
            } => {
                if let Some(charge) = charge {
                    self.quota.spend(charge);
                }
                if let Some(once) = once {
                    self.quota.note(to, once);
                }
                for payload in payloads {
                    effects.send(To::One(to), payload);
                }
            }
            Decision::Halt(halt) => self.halt(halt, &mut effects),
            Decision::Convict(convictions) => self.convict_all(convictions, &mut effects),
            Decision::Request {
                from,
                convictions,
                verdict,
            } => {
                self.convict_all(convictions, &mut effects);
                if let Some(verdict) = verdict {
                    self.carry_out(verdict, Some(from), &mut effects);
                }
            }
            Decision::Operations { seat, first, ops } => {
                self.slots.supply(seat, first, ops);
                self.advance(&mut effects);
            }
            Decision::Echo {
                from,
                sig,
                conviction,
            } => {
                self.source.count(from, sig);
                self.convict_all(conviction, &mut effects);
                if self.source.is_certified::<R>(self.chain.members().len()) {
                    self.advance(&mut effects);
                }
            }
            Decision::Refusal { from, dot, reason } => {
                self.source.refused(from);
                effects.push(Effect::RefusedBy {
                    member: from,
                    dot,
                    reason,
                });
            }
            Decision::Proof(received) => self.apply_proof(*received, &mut effects),
            Decision::Headers { from, proven } => self.apply_headers(from, proven, &mut effects),
            Decision::Report(effect) => effects.push(effect),
            Decision::Summary(received) => self.apply_summary(*received, &mut effects),
            Decision::AwaitProposal(proposer) => self.await_proposal(proposer),
            Decision::Attest {
                from,
                proposer,
                state,
            } => self.answer_proposal(from, proposer, *state, &mut effects),
            Decision::Attestation { member, sig } => {
                self.count_attestation(member, sig, &mut effects);
            }
            Decision::CheckpointAhead(checkpoint) => self.learn_checkpoint(*checkpoint),
            Decision::Adopt(base) => self.adopt(*base, &mut effects),
            Decision::Snapshot { from, piece } => self.apply_snapshot(from, piece, &mut effects),
            Decision::Reconfiguration(received) => {
                self.apply_reconfiguration(received, &mut effects);
            }
        }
        if self.convictions.len() > convicted {
            self.approve_expulsions(&mut effects);
        }
        effects
    }
}
