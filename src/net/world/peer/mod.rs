//! A peer put together from services: a machine for the engine, generic over what it carries.
//!
//! ```
//! use bft_crdts::net::world::peer::{Cargo, Peer};
//! use bft_crdts::net::world::service::{Producer, Push};
//! use bft_crdts::net::world::Topology;
//! use bft_crdts::net::{Engine, Faults, Law, Limits, NodeId, Span, Step, Streams, VirtualTime};
//!
//! #[derive(Clone, Debug)]
//! struct Text(String);
//!
//! impl Cargo for Text {
//!     fn bytes(&self) -> u32 {
//!         self.0.len() as u32
//!     }
//! }
//!
//! let streams = Streams::new(7);
//! let ring = Topology::ring(10);
//! let peer = |node| Peer::new(node, &streams).neighbours(ring.neighbours(node)).service(Push::new(2));
//! let mut peers: Vec<Peer<Text>> = ring.nodes().map(peer).collect();
//! let every = Law::Constant(Span::from_millis(200));
//! peers[0] = peer(NodeId::new(0))
//!     .service(Producer::new(&every, |number, _| Text(format!("text {number}"))).count(5).ttl(10));
//! let limits = Limits { steps: 100_000, time: VirtualTime::from_secs(60) };
//! let mut engine = Engine::new(peers, &[], Faults::default(), limits, &streams);
//! engine.start(&mut ());
//! while engine.step(&mut ()) == Step::Ran {}
//! for node in ring.nodes() {
//!     assert_eq!(engine.machine(node).map(|peer| peer.store().len()), Some(5));
//! }
//! ```

mod context;
mod message;
mod store;
mod validation;

use core::fmt::Debug;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use context::{Link, Parting, PeerContext};
pub use message::{Cargo, Item, ItemId, PeerMessage};
pub use store::Store;
pub use validation::Validation;

use super::topology::Topology;
use crate::net::engine::Engine;
use crate::net::machine::{Effects, Machine, TimerId};
use crate::net::node::NodeId;
use crate::net::random::Streams;
use crate::net::time::{Span, VirtualTime};
use context::{News, PeerState, service_of, timer_of};

/// One of the things a peer does. A service is a state machine of its own: it is told what happens, and asks the
/// [`PeerContext`] for what it wants. Everything has a default that does nothing.
pub trait Service<C: Cargo>: Debug {
    /// The peer goes up.
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        let _ = context;
    }

    /// A letter has arrived. Items in it are kept by the peer, not by its services.
    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        context: &mut PeerContext<'_, C>,
    ) {
        let _ = (from, message, context);
    }

    /// A timer of this service fires.
    fn timer(&mut self, timer: u32, context: &mut PeerContext<'_, C>) {
        let _ = (timer, context);
    }

    /// The peer has taken a new item: the first of its name, and valid.
    fn item(&mut self, item: &Arc<Item<C>>, origin: Origin, context: &mut PeerContext<'_, C>) {
        let _ = (item, origin, context);
    }

    /// The peer has a neighbour more.
    fn linked(&mut self, peer: NodeId, context: &mut PeerContext<'_, C>) {
        let _ = (peer, context);
    }

    /// The peer has a neighbour less.
    fn parted(&mut self, peer: NodeId, why: Parting, context: &mut PeerContext<'_, C>) {
        let _ = (peer, why, context);
    }
}

/// Where an item came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The peer made it.
    Own,
    /// Somebody sent it unasked.
    Pushed(NodeId),
    /// Somebody sent it because the peer had asked.
    Pulled(NodeId),
}

/// What a peer made of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It was no item, and its services have read it.
    Read,
    /// So many items in it were new.
    New(u32),
    /// So many items in it are being validated.
    Checking(u32),
    /// It had all items in it already.
    Known,
}

/// What a peer has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remark {
    /// It has a neighbour more.
    Linked(NodeId),
    /// It has a neighbour less.
    Parted(NodeId, Parting),
    /// It says no to an item.
    Vetoed(ItemId, Origin),
    /// A service says this.
    Said(&'static str),
}

/// A peer: its services, and the books they share.
#[derive(Debug)]
pub struct Peer<C: Cargo> {
    services: Vec<Box<dyn Service<C>>>,
    state: PeerState<C>,
}

impl<C: Cargo> Peer<C> {
    /// A peer without services and neighbours. Its randomness is its own.
    #[must_use]
    pub fn new(me: NodeId, streams: &Streams) -> Self {
        Self {
            services: Vec::new(),
            state: PeerState {
                me,
                links: BTreeMap::new(),
                store: Store::default(),
                stream: streams.of_node("peer", me),
                validation: None,
                checking: BTreeMap::new(),
                next_check: 0,
                checked: VirtualTime::ZERO,
                made: 0,
                news: VecDeque::new(),
            },
        }
    }

    /// Neighbours it has from the start.
    #[must_use]
    pub fn neighbours(mut self, neighbours: &[NodeId]) -> Self {
        let link = Link {
            heard: VirtualTime::ZERO,
            round_trip: None,
        };
        for peer in neighbours.iter().filter(|peer| **peer != self.state.me) {
            self.state.links.insert(*peer, link);
        }
        self
    }

    /// One service more; at most 255 of them are heard.
    #[must_use]
    pub fn service(self, service: impl Service<C> + 'static) -> Self {
        self.boxed(Box::new(service))
    }

    /// The same, for one whose type is not known.
    #[must_use]
    pub fn boxed(mut self, service: Box<dyn Service<C>>) -> Self {
        if self.services.len() < 255 {
            self.services.push(service);
        }
        self
    }

    /// What is done with every item of somebody else before it is taken.
    #[must_use]
    pub fn validation(mut self, validation: Validation<C>) -> Self {
        self.state.validation = Some(validation);
        self
    }

    /// Its number.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.state.me
    }

    /// The items it has.
    #[must_use]
    pub const fn store(&self) -> &Store<C> {
        &self.state.store
    }

    /// Its neighbours, and what it knows of them.
    #[must_use]
    pub const fn links(&self) -> &BTreeMap<NodeId, Link> {
        &self.state.links
    }

    /// An item has come: it is taken, or validated first. What became of it.
    fn receive(
        &mut self,
        item: &Arc<Item<C>>,
        origin: Origin,
        effects: &mut Effects<Self>,
    ) -> Heard {
        let state = &mut self.state;
        if state.store.has(item.id) {
            return Heard::Known;
        }
        let Some(validation) = &state.validation else {
            state.take(item.clone(), origin, effects);
            return Heard::New(1);
        };
        let cost = validation.cost.draw(&mut state.stream);
        let begin = match validation.in_turn {
            true => state.checked.max(effects.now()),
            false => effects.now(),
        };
        state.checked = begin + cost;
        state.next_check = state.next_check.wrapping_add(1) % (1 << 24);
        let number = state.next_check;
        state.checking.insert(number, (item.clone(), origin));
        effects.set_timer((begin + cost) - effects.now(), timer_of(0, number));
        Heard::Checking(1)
    }

    fn validated(&mut self, number: u32, effects: &mut Effects<Self>) {
        let state = &mut self.state;
        let Some((item, origin)) = state.checking.remove(&number) else {
            return;
        };
        let valid = state
            .validation
            .as_ref()
            .is_none_or(|validation| (validation.check)(&item, &state.store));
        if valid {
            state.take(item, origin, effects);
        } else {
            effects.note(Remark::Vetoed(item.id, origin));
        }
    }

    /// Lets every service act.
    fn each(
        &mut self,
        effects: &mut Effects<Self>,
        mut act: impl FnMut(&mut dyn Service<C>, &mut PeerContext<'_, C>),
    ) {
        for (service, number) in self.services.iter_mut().zip(1..) {
            let mut context = PeerContext {
                state: &mut self.state,
                effects,
                service: number,
            };
            act(service.as_mut(), &mut context);
        }
    }

    /// Tells the services what is new, until nothing more is.
    fn settle(&mut self, effects: &mut Effects<Self>) {
        while let Some(news) = self.state.news.pop_front() {
            self.each(effects, |service, context| match &news {
                News::Item(item, origin) => service.item(item, *origin, context),
                News::Linked(peer) => service.linked(*peer, context),
                News::Parted(peer, why) => service.parted(*peer, *why, context),
            });
        }
    }
}

impl<C: Cargo> Machine for Peer<C> {
    type Message = PeerMessage<C>;
    type Verdict = Heard;
    /// A new item, and where it came from.
    type Delivery = (Arc<Item<C>>, Origin);
    type Note = Remark;

    fn size(message: &PeerMessage<C>) -> u32 {
        message.bytes()
    }

    fn kind(message: &PeerMessage<C>) -> &'static str {
        message.kind()
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        for link in self.state.links.values_mut() {
            link.heard = effects.now();
        }
        self.each(effects, |service, context| service.start(context));
        self.settle(effects);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        effects: &mut Effects<Self>,
    ) -> Heard {
        if let Some(link) = self.state.links.get_mut(&from) {
            link.heard = effects.now();
        }
        let heard = match message {
            PeerMessage::Item(item) => self.receive(item, Origin::Pushed(from), effects),
            PeerMessage::Items(items) => {
                let mut heard = Heard::Known;
                for item in items.iter() {
                    heard = heard.and(self.receive(item, Origin::Pulled(from), effects));
                }
                heard
            }
            _ => Heard::Read,
        };
        self.each(effects, |service, context| {
            service.message(from, message, context)
        });
        self.settle(effects);
        heard
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        let (number, timer) = service_of(timer);
        match number.checked_sub(1) {
            None => self.validated(timer, effects),
            Some(place) => {
                if let Some(service) = self.services.get_mut(place as usize) {
                    let mut context = PeerContext {
                        state: &mut self.state,
                        effects,
                        service: number,
                    };
                    service.timer(timer, &mut context);
                }
            }
        }
        self.settle(effects);
    }

    fn memory(&self) -> u64 {
        let items = self.state.store.iter();
        items.map(|item| u64::from(item.bytes())).sum()
    }
}

impl Heard {
    const fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::New(some), Self::New(more)) => Self::New(some + more),
            (Self::Checking(some), Self::Checking(more)) => Self::Checking(some + more),
            (Self::Known | Self::Read, next) => next,
            (heard, _) => heard,
        }
    }
}

/// Who is whose neighbour now, by their own books: linked are those of whom each has the other, and both are there.
#[must_use]
pub fn current_topology<C: Cargo>(engine: &Engine<Peer<C>>) -> Topology {
    let nodes = u16::try_from(engine.nodes()).unwrap_or(u16::MAX);
    let mut topology = Topology::unlinked(nodes);
    let knows = |one: NodeId, other: NodeId| {
        engine.is_present(one)
            && engine
                .machine(one)
                .is_some_and(|peer| peer.links().contains_key(&other))
    };
    for one in topology.nodes() {
        for other in topology.nodes().take_while(|other| *other < one) {
            if knows(one, other) && knows(other, one) {
                topology.link(one, other);
            }
        }
    }
    topology
}

impl Link {
    /// For how long nothing came from it.
    #[must_use]
    pub const fn silent_for(&self, now: VirtualTime) -> Span {
        now.since(self.heard)
    }
}
