//! A node of a run: a correct replica, or an adversary.

use super::adversary::AdversaryNode;
use super::adversary::interceptor::Intercepted;
use super::machine::{Effects, Machine, TimerId};
use super::node::NodeId;
use super::note::{Note, Verdict};
use super::random::Stream;
use super::replica::Replica;
use super::sim_algorithm::SimAlgorithm;
use super::wire::Wire;
use crate::actor::Keys;
use crate::deterministic_secure_broadcast::{Delivery, Rules};

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
