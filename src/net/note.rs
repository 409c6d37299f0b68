//! What the nodes of a run say: what they make of a packet, and what people and checkers are to know.

use std::sync::Arc;

use super::machine::Machine;
use super::trace::PacketOutcome;
use super::wire::Wire;
use crate::actor::{Actor, Counter, Dot};
use crate::codec::{Bytes, DecodeError};
use crate::deterministic_secure_broadcast::{Delivery, Evidence, Halt, Rejection, ReturnReason};
use crate::membership::{Change, Generation};
use crate::traits::SecureBroadcastAlgorithm;

/// What a node made of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken.
    Accepted,
    /// It is held until what it depends on arrives.
    Parked,
    /// It was no packet.
    Undecodable(DecodeError),
    /// It changed nothing.
    Rejected(Rejection),
    /// An adversary got it, and who knows what it makes of it.
    Unknown,
    /// The node has halted.
    Down,
}

/// What a node has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Note<A: SecureBroadcastAlgorithm> {
    /// Its next operations are part of a message now, and so have their dots.
    Issued {
        /// The counter of the first.
        first: Counter,
        /// How many.
        len: u32,
        /// All of them, as they travel.
        ops: Bytes,
    },
    /// One of its own operations came back before it was signed.
    Returned {
        /// The operation.
        op: A::Op,
        /// Why.
        reason: ReturnReason<A::Invalid>,
    },
    /// A member refuses one of its operations.
    RefusedBy {
        /// Who.
        member: Actor,
        /// Which.
        dot: Dot,
        /// Why, in the member's words.
        reason: String,
    },
    /// It can convict a member.
    Evidence(Box<Evidence>),
    /// A member that has delivered the same reports another state.
    Diverged {
        /// Who.
        member: Actor,
    },
    /// It has stopped signing.
    Halted(Halt),
    /// Somebody wants a change that it does not approve.
    Asked {
        /// What.
        change: Change,
        /// Who.
        by: Actor,
    },
    /// A change that it approved applies no more.
    Obsolete(Change),
    /// It has activated a generation.
    Generation {
        /// Which.
        generation: Generation,
        /// What changed.
        change: Change,
        /// Its members.
        members: Arc<[Actor]>,
        /// Everybody who ever was a member, by seat.
        sources: Arc<[Actor]>,
    },
    /// It has another secret from this generation on, and stores it in place of the old one.
    KeyChanged(Generation),
    /// It has left, and nobody needs it any more.
    Left,
    /// It has a new base, and has begun to forget what lies below the one before.
    Checkpoint,
    /// It has taken a state over, up to these counters.
    Installed(Vec<(Actor, Counter)>),
    /// Its application panicked with this message, and the node has halted.
    AppPanicked(String),
    /// An adversary says what it does.
    Act(String),
    /// An adversary has done this once more.
    Count(&'static str),
}

/// A machine that says these things: whatever stands at a node of a run of `A`.
pub(crate) trait Speaker<A: SecureBroadcastAlgorithm>:
    Machine<Message = Wire, Delivery = Delivery<A::Op>, Note = Note<A>>
{
}

impl<A, M> Speaker<A> for M
where
    A: SecureBroadcastAlgorithm,
    M: Machine<Message = Wire, Delivery = Delivery<A::Op>, Note = Note<A>>,
{
}

impl Verdict {
    /// For a chart.
    #[must_use]
    pub fn outcome(&self) -> PacketOutcome {
        match self {
            Self::Accepted | Self::Unknown => PacketOutcome::Accepted,
            Self::Parked => PacketOutcome::Parked,
            Self::Rejected(rejection) if is_late(rejection) => PacketOutcome::Duplicate,
            Self::Rejected(rejection) => PacketOutcome::Rejected(rejection.to_string()),
            Self::Undecodable(error) => PacketOutcome::Rejected(error.to_string()),
            Self::Down => PacketOutcome::Rejected("halted".into()),
        }
    }

    /// Whether it says no, and not only that it comes late or a second time.
    pub(crate) fn is_rejection(&self) -> bool {
        match self {
            Self::Undecodable(_) => true,
            Self::Rejected(rejection) => !is_late(rejection),
            _ => false,
        }
    }

    /// A small number that tells them apart, for the digest of a run.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Parked => 1,
            Self::Undecodable(_) => 2,
            Self::Rejected(rejection) if is_late(rejection) => 3,
            Self::Rejected(_) => 4,
            Self::Unknown => 5,
            Self::Down => 6,
        }
    }
}

/// Whether there is nothing wrong with a packet but that it comes late, or a second time.
fn is_late(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::Duplicate | Rejection::Late => true,
        Rejection::WrongGeneration { have, got } => got < have,
        _ => false,
    }
}
