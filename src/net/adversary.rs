//! Adversaries. Each holds the keys of its own node, sees what is sent to it, and may send anything.
//!
//! | adversary | what it does |
//! | --- | --- |
//! | [`Equivocator`] | signs two messages for one slot and shows one to each part of the members |
//! | [`Withholder`] | sends the proof of its message to one member only |
//! | [`Forger`] | certificates nobody signed, operations nobody may do, clocks from the future |
//! | [`Replayer`] | sends again what it has seen, and its own packets twice and out of order |
//! | [`Silent`] | says nothing |
//! | [`Impersonator`] | statements in other members' names |
//! | [`Signer`] | vouches for everything unread |
//! | [`Cheat`] | operations that no data type allows, dots that nobody can have |
//! | [`GossipLiar`] | never says the truth about what it has |
//! | [`Conspirator`] | several bodies, one mind: they sign for each other and share all they hear |
//! | [`Reconfigurer`] | breaks every rule of the way from one generation to the next |
//! | [`Wrapped`] | a correct replica behind an interceptor with a [behavior]; behaviors know nothing of this library |
//! | [`Outsider`] | is no member, and sends anyway |
//!
//! No adversary can reach into another node. All adversaries of a run conspire: they know each other, echo each other's
//! messages unread, and show outsiders among them what they get to see. Each counts what harm it tries, and what it
//! achieves, in `sometimes` counters of the report, whose names begin with its own.

mod accomplice;
mod attempt;
pub mod behavior;
mod chain;
mod cheat;
mod conspirator;
mod context;
mod delegate;
mod equivocator;
mod forger;
mod gossip_liar;
mod impersonator;
mod intercepted;
pub mod interceptor;
mod key_ring;
mod kind;
mod outsider;
mod packet_mutator;
mod reconfigurer;
mod replayer;
mod shared_state;
mod signer;
mod silent;
mod withholder;
mod wrapped;

use std::fmt;

use super::machine::{Address, Effects, TimerId};
use super::node::NodeId;
use super::note::{Note, Speaker};
use super::random::Stream;
use super::sim_algorithm::SimAlgorithm;
use super::time::{Span, VirtualTime};
use super::wire::Wire;
use crate::actor::{Actor, Keys};
use crate::codec;
use crate::deterministic_secure_broadcast::Payload;

use behavior::Assigned;
pub use behavior::BehaviorKind;
pub use cheat::Cheat;
pub use conspirator::Conspirator;
pub use context::AdversaryContext;
pub(crate) use context::{Act, AdversaryConfig};
pub use equivocator::Equivocator;
pub use forger::Forger;
pub use gossip_liar::GossipLiar;
pub use impersonator::Impersonator;
use key_ring::KeyRing;
pub use kind::AdversaryKind;
pub use outsider::Outsider;
pub(crate) use packet_mutator::PacketMutator;
pub use reconfigurer::Reconfigurer;
pub use replayer::Replayer;
pub(crate) use shared_state::SharedState;
pub use signer::Signer;
pub use silent::Silent;
pub use withholder::Withholder;
pub use wrapped::Wrapped;

/// Somebody who does not keep to the protocol.
pub trait Adversary<A: SimAlgorithm, K: Keys>: fmt::Debug {
    /// What it is: "equivocator", …
    fn role(&self) -> &'static str;

    /// Bytes arrive. `payload` is `None` if they are no packet; without a method of its own it hears of packets only.
    fn packet(
        &mut self,
        from: Actor,
        wire: &Wire,
        payload: Option<&Payload>,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        let _ = wire;
        if let Some(payload) = payload {
            self.hear(from, payload, context);
        }
    }

    /// A packet arrives.
    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        let _ = (from, payload, context);
    }

    /// Some time has passed.
    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let _ = context;
    }

    /// If it is nothing but a correct replica behind an interceptor with a behavior: of which. Such an adversary is
    /// never told anything; the replica is, and the behavior stands between it and the wire.
    fn behavior(&self) -> Option<Assigned> {
        None
    }
}

/// An adversary at its node.
#[derive(Debug)]
pub struct AdversaryNode<A: SimAlgorithm, K: Keys> {
    adversary: Box<dyn Adversary<A, K>>,
    config: AdversaryConfig<A, K>,
    key_ring: KeyRing<K>,
    stream: Stream,
    acts: Vec<Act>,
    begins: VirtualTime,
    tick: Span,
}

impl<A: SimAlgorithm, K: Keys> AdversaryNode<A, K> {
    pub(crate) fn new(
        adversary: Box<dyn Adversary<A, K>>,
        config: AdversaryConfig<A, K>,
        stream: Stream,
        begins: VirtualTime,
        tick: Span,
    ) -> Self {
        Self {
            adversary,
            key_ring: KeyRing::new(config.identity.clone()),
            config,
            stream,
            acts: Vec::new(),
            begins,
            tick,
        }
    }

    pub(crate) fn start<M: Speaker<A>>(&mut self, out: &mut Effects<M>) {
        let first = Span::from_nanos(self.stream.range(1, self.tick.as_nanos()));
        out.set_timer((self.begins + first) - out.now(), TimerId(0));
    }

    pub(crate) fn timer<M: Speaker<A>>(&mut self, out: &mut Effects<M>) {
        self.act(out, |adversary, context| adversary.tick(context));
        out.set_timer(self.tick, TimerId(0));
    }

    pub(crate) fn packet<M: Speaker<A>>(
        &mut self,
        from: NodeId,
        wire: &Wire,
        out: &mut Effects<M>,
    ) {
        let Some(from) = self.config.directory.actor(from) else {
            return;
        };
        let payload = codec::decode::<Payload>(wire.bytes()).ok();
        self.act(out, |adversary, context| {
            if let Some(Payload::Request(_)) = payload {
                context.show_outsiders(wire);
            }
            adversary.packet(from, wire, payload.as_ref(), context);
        });
    }

    fn act<M: Speaker<A>>(
        &mut self,
        out: &mut Effects<M>,
        act: impl FnOnce(&mut dyn Adversary<A, K>, &mut AdversaryContext<'_, A, K>),
    ) {
        let mut context = AdversaryContext::new(
            &self.config,
            &mut self.key_ring,
            &mut self.stream,
            &mut self.acts,
        );
        act(&mut *self.adversary, &mut context);
        for act in self.acts.drain(..) {
            match act {
                Act::One(to, wire) => {
                    if let Some(address) = self.config.directory.address(&to) {
                        out.send(address, wire);
                    }
                }
                Act::Members(wire) => out.send(Address::Many(self.config.others.clone()), wire),
                Act::Note(text) => out.note(Note::Act(text)),
                Act::Count(what) => out.note(Note::Count(what)),
            }
        }
    }
}
