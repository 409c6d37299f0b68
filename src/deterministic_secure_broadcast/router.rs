//! The way of a packet: what it changes is decided by looking only; then that is carried out, part by part, in a fixed
//! order.

use super::SecureBroadcast;
use super::checkpoints::{Base, NewPiece, StateAt};
use super::effect::{Effect, Effects, To};
use super::error::{Halt, Rejection};
use super::evidence::Evidence;
use super::handover::Received;
use super::header::Header;
use super::packet::{Packet, Payload};
use super::quota::{Charge, Once};
use super::rules::Rules;
use super::wire::checkpoint::Checkpoint;
use super::witness::Verdict;
use crate::actor::{Actor, Counter, Keys, Sig};
use crate::codec::{Bytes, Digest};
use crate::membership::{MemberIndex, Seat};
use crate::traits::SecureBroadcastAlgorithm;

use super::anti_entropy::SummaryReceived;
use super::delivery::ProofReceived;

/// What is known about the signatures of a packet before it is handled: nothing yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Receipts;

/// What a packet changes. Nothing is checked any more when it is carried out.
#[must_use = "a decision that is not carried out is a packet that is lost"]
pub(super) enum Decision<A: SecureBroadcastAlgorithm> {
    /// These are sent to one peer; the charge is what they take of what it may ask for.
    Answer {
        /// The peer.
        to: Actor,
        /// What it is sent, in order.
        payloads: Vec<Payload>,
        /// What that takes of its share; nothing for what a protocol step owes.
        charge: Option<Charge>,
        /// What is done for it at most once between two ticks.
        once: Option<Once>,
    },
    /// We stop signing.
    Halt(Halt),
    /// Members are convicted.
    Convict(Vec<Evidence>),
    /// A request was evaluated.
    Request {
        /// The peer that has brought it.
        from: Actor,
        /// Members that it convicts, first of all.
        convictions: Vec<Evidence>,
        /// What R1 says; nothing if it is worth no more than what it proves.
        verdict: Option<Verdict<A::Op>>,
    },
    /// Operations for a certificate that came without.
    Operations {
        /// Its source.
        seat: Seat,
        /// Its first counter.
        first: Counter,
        /// Their bytes, whose digest is the one in the header.
        ops: Bytes,
    },
    /// A member has echoed our message.
    Echo {
        /// The member.
        from: Actor,
        /// Its signature.
        sig: Sig,
        /// What it says against the member.
        conviction: Option<Evidence>,
    },
    /// A certificate counts.
    Proof(Box<ProofReceived<A::Op>>),
    /// Headers are proven that lead to a certificate.
    Headers {
        /// The peer that has sent them.
        from: Actor,
        /// The headers, with their digests.
        proven: Vec<(Digest, Header)>,
    },
    /// One thing for the application to know.
    Report(Effect<A>),
    /// A peer tells how far it has delivered.
    Summary(Box<SummaryReceived>),
    /// It is this member's turn to propose a checkpoint.
    AwaitProposal(MemberIndex),
    /// We attest the state that a member proposes as a checkpoint.
    Attest {
        /// The member.
        from: Actor,
        /// The same, by its index.
        proposer: MemberIndex,
        /// The state.
        state: Box<StateAt>,
    },
    /// A member attests our proposal.
    Attestation {
        /// The member.
        member: MemberIndex,
        /// Its signature.
        sig: Sig,
    },
    /// A checkpoint is ahead of what is delivered here.
    CheckpointAhead(Box<Checkpoint>),
    /// A checkpoint is delivered here.
    Adopt(Box<Base>),
    /// A piece of the snapshot that is being fetched.
    Snapshot {
        /// The peer that has sent it.
        from: Actor,
        /// The piece.
        piece: NewPiece,
    },
    /// Something was said about generations.
    Reconfiguration(Received),
}

impl<A: SecureBroadcastAlgorithm> Decision<A> {
    /// These payloads are owed to a peer.
    pub(super) fn answer(to: Actor, payloads: Vec<Payload>) -> Self {
        Self::Answer {
            to,
            payloads,
            charge: None,
            once: None,
        }
    }

    /// These payloads are sent at the expense of what the peer may ask for.
    pub(super) fn charged(to: Actor, (charge, payloads): (Charge, Vec<Payload>)) -> Self {
        Self::Answer {
            to,
            payloads,
            charge: Some(charge),
            once: None,
        }
    }
}

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
            Payload::Refusal(refusal) => self.decide_refusal(from, refusal).map(Decision::Report),
            Payload::Evidence(evidence) => self.decide_evidence(evidence).map(Decision::Convict),
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
            Payload::Draft(proposal) => self.decide_proposal(from, proposal),
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
        match decision {
            Decision::Answer {
                to,
                payloads,
                charge,
                once,
            } => {
                if let Some(charge) = charge {
                    self.quota.settle(charge);
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
        effects
    }
}
