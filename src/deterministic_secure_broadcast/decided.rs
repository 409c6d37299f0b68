//! What a packet changes, as a value: decided by looking only, carried out later, checked nowhere in between.

use std::sync::Arc;

use super::checkpoints::{Base, NewPiece, StateAt};
use super::convictions::Proven;
use super::effect::Effect;
use super::error::Halt;
use super::header::{Header, VersionVector};
use super::packet::Payload;
use super::quota::{Charge, Once};
use super::reconfiguration::Received;
use super::slots::{Certified, Parked, Refused};
use super::wire::checkpoint::Checkpoint;
use crate::actor::{Actor, Counter, Dot, Sig};
use crate::codec::{Bytes, Digest};
use crate::membership::{MemberIndex, Seat};
use crate::traits::SecureBroadcastAlgorithm;

/// What is known about the signatures of a packet before it is handled: nothing yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receipts;

/// What a packet changes. Nothing is checked any more when it is carried out.
#[must_use = "a decision that is not carried out is a packet that is lost"]
pub(crate) enum Decision<A: SecureBroadcastAlgorithm> {
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
    Convict(Vec<Proven>),
    /// A request was evaluated.
    Request {
        /// The peer that has brought it.
        from: Actor,
        /// Members that it convicts, first of all.
        convictions: Vec<Proven>,
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
        conviction: Option<Proven>,
    },
    /// A member refuses an operation of our message.
    Refusal {
        /// The member.
        from: Actor,
        /// The operation.
        dot: Dot,
        /// Why.
        reason: String,
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

/// What becomes of a request whose signature holds.
pub(crate) enum Verdict<Op> {
    /// It is echoed.
    Echo(Parked, Arc<Vec<Op>>),
    /// One of its operations is invalid: its source is told which, and why.
    Refuse {
        /// Its source.
        source: Actor,
        /// Its header, and what is said.
        refused: Box<Refused>,
    },
    /// It came too early, and is held.
    Park(Parked),
}

/// A certificate that was not known, and counts.
pub(crate) struct ProofReceived<Op> {
    /// The peer that has brought it.
    pub(super) from: Actor,
    /// Whether it shows a signature of ours that we do not know: then another replica has our key.
    pub(super) signed_elsewhere: bool,
    /// Members that it convicts.
    pub(super) convictions: Vec<Proven>,
    pub(super) certified: Certified<Op>,
    /// Whether there is none higher of its source.
    pub(super) is_highest: bool,
    /// The operations that came with it.
    pub(super) brought: Option<Bytes>,
}

/// What another replica's summary leads to.
pub(crate) struct SummaryReceived {
    pub(super) from: Actor,
    /// What it has delivered.
    pub(super) clock: VersionVector,
    /// What it is sent.
    pub(super) payloads: Vec<Payload>,
    /// Whether it has delivered what we have, and reports another state.
    pub(super) diverged: bool,
    /// Then, our headers, so that it finds out where.
    pub(super) tips: Option<Payload>,
    pub(super) charge: Charge,
    /// The digest of our state, if it was worked out for this.
    pub(super) worked_out: Option<Digest>,
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
