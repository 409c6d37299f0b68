//! The whole wire, one table: everything one replica can say to another.
//!
//! | packet | from → to | says | answered by |
//! | --- | --- | --- | --- |
//! | [`Request`] | source → members | here is my message, please vouch for it | echo, refusal, proof, pull |
//! | [`Echo`] | witness → source | I vouch for this header, and for no other in its slot | |
//! | [`Proof`] | anyone → anyone | a quorum vouched for this header | pull |
//! | [`Refusal`] | witness → source | this operation is invalid, and why | |
//! | evidence | anyone → anyone | this actor signed two contradicting statements | |
//! | [`Summary`] | member → member | this is what I have delivered | pull, evidence |
//! | [`Pull`] | member → member | send me what I lack beyond this clock | proofs with operations |
//! | [`Compare`] | member → member | these are headers I have delivered; are they yours? | compare, or the proof of the first that is not |
//! | [`Join`] | joiner → members | I want to be a member | |
//! | [`Approvals`] | anyone → members | these members approve this change | |
//! | [`NextKey`] | member → members | this will be my key in the next generation | |
//! | [`Proposal`] | leader → members | in this attempt, decide this | vote |
//! | [`Vote`] | member → members | my first or second vote | |
//! | [`Timeout`], [`Timeouts`] | member → members | I give, we have given, this attempt up | |
//! | [`Chain`] | anyone → anyone | these generations are decided | pull-chain |
//! | [`Seal`] | anyone → anyone | I echo no more in this generation, and am bound to this | |
//! | [`PullChain`] | anyone → anyone | send me the chain from here on | chain, seals |
//! | [`PullHeaders`] | member → member | send me the headers before this one | headers |
//! | [`Headers`] | member → member | headers, each naming the one before it | pull-headers, pull |
//! | [`CheckpointProposal`] | member → members | please attest our state at this clock | attest, checkpoint |
//! | [`Attest`] | member → member | this is my state there, signed | |
//! | [`Checkpoint`] | anyone → members | a quorum has attested this state | pull-snapshot |
//! | [`PullSnapshot`] | member → member | send me this part of the snapshot behind it | snapshot, checkpoint |
//! | [`SnapshotPiece`] | member → member | a part of it | pull-snapshot |
//!
//! Operations travel as bytes: a witness decodes them only after their digest and the source's
//! signature were checked, and relays them without encoding them again.

use serde::{Deserialize, Serialize};

use super::error::Malformed;
use super::header::{Header, VersionVector};
use super::proof::Certificate;
pub use super::wire::checkpoint::{Attest, Checkpoint, CheckpointProposal};
use super::wire::evidence::Evidence;
pub use super::wire::snapshot::{PullSnapshot, SnapshotPiece};
pub use super::wire::{
    Approvals, Chain, Headers, Join, NextKey, Proposal, PullChain, PullHeaders, Seal, Timeout,
    Timeouts, Vote,
};
use crate::actor::{Actor, Counter, Sig};
use crate::codec::{self, Bytes, Digest};
use crate::membership::{Generation, Seat, Signers};

/// A payload with the identity its link vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sent it, as the authenticated link says (A1); the driver fills it in, no payload can.
    pub from: Actor,
    /// What it says.
    pub payload: Payload,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Payload {
    /// Please vouch for my message.
    Request(Request),
    /// I vouch for this header.
    Echo(Echo),
    /// A quorum vouched for this header.
    Proof(Proof),
    /// This operation is invalid.
    Refusal(Refusal),
    /// Two contradicting statements of one signer.
    Evidence(Box<Evidence>),
    /// What I have delivered.
    Summary(Summary),
    /// Send me what I lack.
    Pull(Pull),
    /// Headers I have delivered; are they yours?
    Compare(Compare),
    /// I want to be a member.
    Join(Join),
    /// These members approve this change.
    Approvals(Approvals),
    /// In this attempt, decide this.
    Propose(Box<Proposal>),
    /// My vote.
    Vote(Vote),
    /// I give this attempt up.
    Timeout(Box<Timeout>),
    /// A quorum has given this attempt up.
    Timeouts(Box<Timeouts>),
    /// These generations are decided.
    Chain(Chain),
    /// I echo no more in this generation.
    Seal(Box<Seal>),
    /// Send me the chain.
    PullChain(PullChain),
    /// Send me headers.
    PullHeaders(PullHeaders),
    /// Headers, newest first.
    Headers(Headers),
    /// Please attest this.
    CheckpointProposal(CheckpointProposal),
    /// I attest this.
    Attest(Attest),
    /// A quorum attests this.
    Checkpoint(Box<Checkpoint>),
    /// Send me a part of a snapshot.
    PullSnapshot(PullSnapshot),
    /// A part of a snapshot.
    Snapshot(Box<SnapshotPiece>),
    /// This will be my key in the next generation.
    NextKey(NextKey),
}

impl Payload {
    /// The generation that decides, of what is said about the next one: in another it means nothing.
    pub(crate) fn deciding(&self) -> Option<Generation> {
        match self {
            Self::Approvals(approvals) => Some(approvals.generation),
            Self::NextKey(next) => Some(next.generation),
            Self::Propose(proposal) => Some(proposal.generation),
            Self::Vote(vote) => Some(vote.generation),
            Self::Timeout(timeout) => Some(timeout.generation),
            Self::Timeouts(timeouts) => Some(timeouts.generation),
            _ => None,
        }
    }

    /// Which of the kinds it is.
    #[must_use]
    pub fn kind(&self) -> PacketKind {
        match self {
            Self::Request(_) => PacketKind::Request,
            Self::Echo(_) => PacketKind::Echo,
            Self::Proof(_) => PacketKind::Proof,
            Self::Refusal(_) => PacketKind::Refusal,
            Self::Evidence(_) => PacketKind::Evidence,
            Self::Summary(_) => PacketKind::Summary,
            Self::Pull(_) => PacketKind::Pull,
            Self::Compare(_) => PacketKind::Compare,
            Self::Join(_) => PacketKind::Join,
            Self::Approvals(_) => PacketKind::Approve,
            Self::NextKey(_) => PacketKind::NextKey,
            Self::Propose(_) => PacketKind::Propose,
            Self::Vote(_) => PacketKind::Vote,
            Self::Timeout(_) | Self::Timeouts(_) => PacketKind::Timeout,
            Self::Chain(_) => PacketKind::Chain,
            Self::Seal(_) => PacketKind::Seal,
            Self::PullChain(_) => PacketKind::PullChain,
            Self::PullHeaders(_) => PacketKind::PullHeaders,
            Self::Headers(_) => PacketKind::Headers,
            Self::CheckpointProposal(_) => PacketKind::CheckpointProposal,
            Self::Attest(_) => PacketKind::Attest,
            Self::Checkpoint(_) => PacketKind::Checkpoint,
            Self::PullSnapshot(_) => PacketKind::PullSnapshot,
            Self::Snapshot(_) => PacketKind::Snapshot,
        }
    }
}

/// The kinds of packets, for counting and drawing.
#[derive(
    Copy,
    Clone,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum PacketKind {
    /// A [`Request`].
    Request,
    /// An [`Echo`].
    Echo,
    /// A [`Proof`].
    Proof,
    /// A [`Refusal`].
    Refusal,
    /// An [`Evidence`].
    Evidence,
    /// A [`Summary`].
    Summary,
    /// A [`Pull`].
    Pull,
    /// A [`Compare`].
    Compare,
    /// A [`Join`].
    Join,
    /// [`Approvals`].
    Approve,
    /// A [`NextKey`].
    NextKey,
    /// A [`Proposal`].
    Propose,
    /// A [`Vote`].
    Vote,
    /// A [`Timeout`] or [`Timeouts`].
    Timeout,
    /// A [`Chain`].
    Chain,
    /// A [`Seal`].
    Seal,
    /// A [`PullChain`].
    PullChain,
    /// A [`PullHeaders`].
    PullHeaders,
    /// [`Headers`].
    Headers,
    /// A [`CheckpointProposal`].
    CheckpointProposal,
    /// An [`Attest`].
    Attest,
    /// A [`Checkpoint`].
    Checkpoint,
    /// A [`PullSnapshot`].
    PullSnapshot,
    /// A [`SnapshotPiece`].
    Snapshot,
}

impl PacketKind {
    /// Every kind, in the order of the table.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// "Here is my message": the header, its source's echo, and the operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The generation asked to echo.
    pub generation: Generation,
    /// The header.
    pub header: Header,
    /// The source's own echo of it: its vote, and the proof that the header is its own.
    pub echo: Sig,
    /// The operations, one after the other in canonical bytes.
    pub ops: Bytes,
}

/// "I vouch for this header"; the signer is the member the packet comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The generation the signer counts in.
    pub generation: Generation,
    /// The slot, by its counter; its source is who the packet is sent to.
    pub first: Counter,
    /// The digest of the header.
    pub header: Digest,
    /// The signature of the [`EchoStatement`](super::header::EchoStatement).
    pub sig: Sig,
}

/// "A quorum vouched for this header", with or without its operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The certificate.
    pub certificate: Certificate,
    /// The operations, in answers to a [`Pull`]; the source's own proof leaves them out, its
    /// request has brought them already.
    pub ops: Option<Bytes>,
}

/// The most bytes of text in a [`Refusal`].
pub const MAX_REASON_BYTES: usize = 256;

/// "This operation is invalid": sent to its source only, unsigned, changes nothing anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The slot of the message, by its counter.
    pub first: Counter,
    /// The digest of its header.
    pub header: Digest,
    /// Which of its operations, from 0.
    pub index: u32,
    /// Why, for people; at most [`MAX_REASON_BYTES`].
    pub reason: String,
}

/// "This is what I have delivered": the summary of anti-entropy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The sender's generation.
    pub generation: Generation,
    /// Its delivered clock.
    pub clock: VersionVector,
    /// The members it holds evidence against.
    pub culprits: Signers,
    /// The digest of its state at that clock and of the last header of every source, on some ticks, so that
    /// replicas that fell apart find out.
    pub state: Option<Digest>,
}

/// "Send me what I lack": the asker's delivered clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// The asker's generation.
    pub generation: Generation,
    /// Its delivered clock; everything beyond it is wanted.
    pub clock: VersionVector,
}

/// The most headers in a [`Compare`]: one for each member and some more.
pub const MAX_COMPARED: usize = 128;

/// "These are headers I have delivered": sent when two replicas must have been told different messages, to find where
/// they part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// The sender's generation.
    pub generation: Generation,
    /// A source, the place of one of its messages among all of that source, from 0, and the digest of its header.
    /// By increasing source and place; at most [`MAX_COMPARED`].
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_COMPARED>")]
    pub headers: Vec<(Seat, u64, Digest)>,
}

impl Compare {
    /// About how many bytes it takes, never less.
    pub(crate) fn weight(&self) -> usize {
        self.headers.len().saturating_mul(48).saturating_add(16)
    }

    /// # Errors
    /// [`Malformed`] names the first rule broken.
    pub(crate) fn check(&self, seats: usize) -> Result<(), Malformed> {
        if self.headers.is_empty() || self.headers.len() > MAX_COMPARED {
            return Err(Malformed::Headers);
        }
        let mut last = None;
        for (seat, message, _) in &self.headers {
            if seat.get() >= seats {
                return Err(Malformed::UnknownSeat(*seat));
            }
            if last.is_some_and(|last| last >= (*seat, *message)) {
                return Err(Malformed::Headers);
            }
            last = Some((*seat, *message));
        }
        Ok(())
    }
}
