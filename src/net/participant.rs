//! A node of a run: a correct replica, or an adversary.

use std::sync::Arc;

use super::adversary::AdversaryNode;
use super::adversary::interceptor::Intercepted;
use super::machine::{Effects, Machine, TimerId};
use super::node::NodeId;
use super::random::Stream;
use super::replica::Replica;
use super::sim_algorithm::SimAlgorithm;
use super::trace::PacketOutcome;
use super::wire::Wire;
use crate::actor::{Actor, Counter, Dot, Keys};
use crate::codec::{Bytes, DecodeError};
use crate::deterministic_secure_broadcast::{
    Delivery, Evidence, Halt, Rejection, ReturnReason, Rules,
};
use crate::membership::{Change, Generation};
use crate::traits::SecureBroadcastAlgorithm;

/// A node of a run.
#[derive(Debug)]
pub enum Participant<A: SimAlgorithm, K: Keys, R: Rules> {
    /// It keeps to the protocol, and to the rules `R`.
    Replica(Replica<A, K, R>),
    /// It does what it likes.
    Adversary(Box<AdversaryNode<A, K>>),
    /// It keeps to the protocol, and somebody stands between it and the wire.
    Intercepted(Box<Intercepted<Self>>),
}

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

impl<A: SimAlgorithm, K: Keys, R: Rules> Participant<A, K, R> {
    /// The correct replica, if it is one.
    #[must_use]
    pub fn replica(&self) -> Option<&Replica<A, K, R>> {
        match self {
            Self::Replica(replica) => Some(replica),
            Self::Adversary(_) | Self::Intercepted(_) => None,
        }
    }
}

impl<A: SimAlgorithm, K: Keys, R: Rules> Machine for Participant<A, K, R> {
    type Message = Wire;
    type Verdict = Verdict;
    type Delivery = Delivery<A::Op>;
    type Note = Note<A>;

    #[inline]
    fn size(message: &Wire) -> u32 {
        u32::try_from(message.bytes().len()).unwrap_or(u32::MAX)
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        match self {
            Self::Replica(replica) => replica.start(effects),
            Self::Adversary(player) => player.start(effects),
            Self::Intercepted(intercepted) => intercepted.start(effects),
        }
    }

    fn message(&mut self, from: NodeId, wire: &Wire, effects: &mut Effects<Self>) -> Verdict {
        match self {
            Self::Replica(replica) => {
                let Some(from) = replica.actor_of(from) else {
                    return Verdict::Down;
                };
                replica.packet(from, wire, effects)
            }
            Self::Adversary(player) => {
                player.packet(from, wire, effects);
                Verdict::Unknown
            }
            Self::Intercepted(intercepted) => {
                intercepted.message(from, wire, effects);
                Verdict::Unknown
            }
        }
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        match self {
            Self::Replica(replica) => replica.timer(effects),
            Self::Adversary(player) => player.timer(effects),
            Self::Intercepted(intercepted) => intercepted.timer(timer, effects),
        }
    }

    fn kind(wire: &Wire) -> &'static str {
        wire.kind_name()
    }

    fn corrupt(wire: &Wire, stream: &mut Stream) -> Option<Wire> {
        Some(wire.corrupted(stream))
    }
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
