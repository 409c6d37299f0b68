//! Villains. Each holds the keys of its own node, sees what is sent to it, and may send anything.
//!
//! | villain | what it does |
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
//! | [`Possessed`] | a correct replica in the hands of a [vice]; vices know nothing of this library |
//! | [`Outsider`] | is no member, and sends anyway |
//!
//! No villain can reach into another node. All villains of a run conspire: they know each other, echo each other's
//! messages unread, and show outsiders among them what they get to see. Each counts what harm it tries, and what it
//! achieves, in `sometimes` counters of the report, whose names begin with its own.

mod accomplice;
mod bid;
mod chain;
mod cheat;
mod conspirator;
mod equivocator;
mod forger;
mod gossip_liar;
mod hands;
mod impersonator;
mod mask;
mod outsider;
mod possessed;
pub mod puppet;
mod reconfigurer;
mod replayer;
mod ring;
mod signer;
mod silent;
mod tongue;
pub mod vice;
mod withholder;

use std::fmt;

use super::machine::{Address, Effects, TimerId};
use super::node::NodeId;
use super::participant::{Note, Participant};
use super::random::Stream;
use super::stage::Staged;
use super::time::{Span, VirtualTime};
use super::wire::Wire;
use crate::actor::{Actor, Keys};
use crate::codec;
use crate::deterministic_secure_broadcast::{Payload, Rules};

pub use cheat::Cheat;
pub use conspirator::Conspirator;
pub(crate) use conspirator::SharedBoard;
pub use equivocator::Equivocator;
pub use forger::Forger;
pub use gossip_liar::GossipLiar;
pub use hands::Hands;
pub(crate) use hands::{Act, Body};
pub use impersonator::Impersonator;
pub use outsider::Outsider;
pub use possessed::Possessed;
pub use reconfigurer::Reconfigurer;
pub use replayer::Replayer;
use ring::Ring;
pub use signer::Signer;
pub use silent::Silent;
pub(crate) use tongue::PacketTongue;
pub use vice::ViceKind;
pub use withholder::Withholder;

/// Somebody who does not keep to the protocol.
pub trait Villain<A: Staged, K: Keys>: fmt::Debug {
    /// What it is: "equivocator", …
    fn role(&self) -> &'static str;

    /// A packet arrives. `payload` is `None` if its bytes are no packet.
    fn packet(
        &mut self,
        from: Actor,
        wire: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    );

    /// Some time has passed.
    fn tick(&mut self, hands: &mut Hands<'_, A, K>);

    /// If it is nothing but a correct replica in the hands of a vice: of which. Such a villain is never told anything;
    /// the replica is, and the vice stands between it and the wire.
    fn vice(&self) -> Option<vice::Assigned> {
        None
    }
}

/// The villains of this module, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VillainKind {
    /// [`Equivocator`].
    Equivocator,
    /// [`Withholder`].
    Withholder,
    /// [`Forger`].
    Forger,
    /// [`Replayer`].
    Replayer,
    /// [`Silent`].
    Silent,
    /// [`Impersonator`].
    Impersonator,
    /// [`Signer`].
    Signer,
    /// [`Cheat`].
    Cheat,
    /// [`GossipLiar`].
    GossipLiar,
    /// [`Conspirator`].
    Conspirator,
    /// [`Reconfigurer`].
    Reconfigurer,
    /// A correct replica in the hands of a [vice].
    Possessed(ViceKind),
    /// [`Outsider`].
    Outsider,
}

impl VillainKind {
    /// What the general campaign draws its members from. That list is closed: a villain more would change every seed.
    pub const MEMBERS: &[Self] = &[
        Self::Equivocator,
        Self::Withholder,
        Self::Forger,
        Self::Replayer,
        Self::Silent,
        Self::Impersonator,
    ];

    /// Every villain there is; the outsider, which is no member, comes last.
    pub fn all() -> impl Iterator<Item = Self> {
        let vices = ViceKind::ALL.into_iter().map(Self::Possessed);
        let more = [
            Self::Signer,
            Self::Cheat,
            Self::GossipLiar,
            Self::Conspirator,
            Self::Reconfigurer,
        ];
        let members = Self::MEMBERS.iter().copied().chain(more).chain(vices);
        members.chain(std::iter::once(Self::Outsider))
    }

    /// The villain of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Its lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equivocator => "equivocator",
            Self::Withholder => "withholder",
            Self::Forger => "forger",
            Self::Replayer => "replayer",
            Self::Silent => "silent",
            Self::Impersonator => "impersonator",
            Self::Signer => "signer",
            Self::Cheat => "cheat",
            Self::GossipLiar => "gossip-liar",
            Self::Conspirator => "conspirator",
            Self::Reconfigurer => "reconfigurer",
            Self::Possessed(vice) => vice.name(),
            Self::Outsider => "outsider",
        }
    }

    /// One that draws all its choices from the run's randomness.
    #[must_use]
    pub fn build<A: Staged, K: Keys>(self) -> Box<dyn Villain<A, K>> {
        match self {
            Self::Equivocator => Box::new(Equivocator::new()),
            Self::Withholder => Box::new(Withholder::new()),
            Self::Forger => Box::new(Forger::new()),
            Self::Replayer => Box::new(Replayer::new()),
            Self::Silent => Box::new(Silent),
            Self::Impersonator => Box::new(Impersonator::new()),
            Self::Signer => Box::new(Signer::new()),
            Self::Cheat => Box::new(Cheat::new()),
            Self::GossipLiar => Box::new(GossipLiar::new()),
            Self::Conspirator => Box::new(Conspirator::new()),
            Self::Reconfigurer => Box::new(Reconfigurer::new()),
            Self::Possessed(vice) => Box::new(Possessed::by(vice)),
            Self::Outsider => Box::new(Outsider::new()),
        }
    }
}

impl fmt::Display for VillainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A villain at its node.
#[derive(Debug)]
pub struct Player<A: Staged, K: Keys> {
    villain: Box<dyn Villain<A, K>>,
    body: Body<A, K>,
    ring: Ring<K>,
    stream: Stream,
    acts: Vec<Act>,
    begins: VirtualTime,
    tick: Span,
}

impl<A: Staged, K: Keys> Player<A, K> {
    pub(crate) fn new(
        villain: Box<dyn Villain<A, K>>,
        body: Body<A, K>,
        stream: Stream,
        begins: VirtualTime,
        tick: Span,
    ) -> Self {
        Self {
            villain,
            ring: Ring::new(body.identity.clone()),
            body,
            stream,
            acts: Vec::new(),
            begins,
            tick,
        }
    }

    pub(crate) fn start<R: Rules>(&mut self, out: &mut Effects<Participant<A, K, R>>) {
        let first = Span::from_nanos(self.stream.range(1, self.tick.as_nanos()));
        out.set_timer((self.begins + first) - out.now(), TimerId(0));
    }

    pub(crate) fn timer<R: Rules>(&mut self, out: &mut Effects<Participant<A, K, R>>) {
        self.act(out, |villain, hands| villain.tick(hands));
        out.set_timer(self.tick, TimerId(0));
    }

    pub(crate) fn packet<R: Rules>(
        &mut self,
        from: NodeId,
        wire: &Wire,
        out: &mut Effects<Participant<A, K, R>>,
    ) {
        let Some(from) = self.body.directory.actor(from) else {
            return;
        };
        let payload = codec::decode::<Payload>(wire.bytes()).ok();
        self.act(out, |villain, hands| {
            if let Some(Payload::Request(_)) = payload {
                hands.show_outsiders(wire);
            }
            villain.packet(from, wire, payload.as_ref(), hands);
        });
    }

    fn act<R: Rules>(
        &mut self,
        out: &mut Effects<Participant<A, K, R>>,
        act: impl FnOnce(&mut dyn Villain<A, K>, &mut Hands<'_, A, K>),
    ) {
        let mut hands = Hands::new(&self.body, &mut self.ring, &mut self.stream, &mut self.acts);
        act(&mut *self.villain, &mut hands);
        for act in self.acts.drain(..) {
            match act {
                Act::One(to, wire) => {
                    if let Some(address) = self.body.directory.address(&to) {
                        out.send(address, wire);
                    }
                }
                Act::Members(wire) => out.send(Address::Many(self.body.others.clone()), wire),
                Act::Note(text) => out.note(Note::Act(text)),
                Act::Count(what) => out.note(Note::Count(what)),
            }
        }
    }
}
