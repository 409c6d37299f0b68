//! What a service works with: its peer's books, and what it may ask for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::message::{Cargo, Item, ItemId, PeerMessage};
use super::store::Store;
use super::validation::Validation;
use super::{Origin, Peer, Remark};
use crate::net::machine::{Address, Effects, TimerId};
use crate::net::node::NodeId;
use crate::net::random::Stream;
use crate::net::time::{Span, VirtualTime};

/// What a peer knows of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// When something came from it last, or when it became a neighbour.
    pub heard: VirtualTime,
    /// How long the last ping took there and back.
    pub round_trip: Option<Span>,
}

/// Why somebody is a neighbour no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parting {
    /// Nothing came from it for too long.
    Silent,
    /// There were too many, and it was the slowest.
    Slowest,
    /// It said so.
    Left,
}

/// The books of a peer, which its services share.
#[derive(Debug)]
pub(super) struct PeerState<C> {
    pub(super) me: NodeId,
    pub(super) links: BTreeMap<NodeId, Link>,
    pub(super) store: Store<C>,
    pub(super) stream: Stream,
    pub(super) validation: Option<Validation<C>>,
    /// Items that are being validated, by the number of their timer.
    pub(super) checking: BTreeMap<u32, (Arc<Item<C>>, Origin)>,
    pub(super) next_check: u32,
    /// When the validation that was begun last is done.
    pub(super) checked: VirtualTime,
    /// Its own items so far.
    pub(super) made: u32,
    /// What services have still to be told.
    pub(super) news: VecDeque<News<C>>,
}

/// What services are told.
#[derive(Debug)]
pub(super) enum News<C> {
    Item(Arc<Item<C>>, Origin),
    Linked(NodeId),
    Parted(NodeId, Parting),
}

/// What a [`Service`](super::Service) works with while it is asked: the books of its peer, and what it may ask for.
#[derive(Debug)]
pub struct PeerContext<'a, C: Cargo> {
    pub(super) state: &'a mut PeerState<C>,
    pub(super) effects: &'a mut Effects<Peer<C>>,
    /// The number of the service, from 1.
    pub(super) service: u32,
}

/// Timers of a service have numbers below this.
const TIMERS: u32 = 1 << 24;

/// The timer of a service as one of its peer.
pub(super) const fn timer_of(service: u32, timer: u32) -> TimerId {
    TimerId(service * TIMERS + timer % TIMERS)
}

/// The service, from 1, and its timer. Number 0 are validations.
pub(super) const fn service_of(timer: TimerId) -> (u32, u32) {
    (timer.0 / TIMERS, timer.0 % TIMERS)
}

impl<C: Cargo> PeerContext<'_, C> {
    /// The time by the peer's clock.
    #[must_use]
    pub const fn now(&self) -> VirtualTime {
        self.effects.now()
    }

    /// The peer's own number.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.state.me
    }

    /// The peer's own randomness.
    pub const fn stream(&mut self) -> &mut Stream {
        &mut self.state.stream
    }

    /// The items it has.
    #[must_use]
    pub const fn store(&self) -> &Store<C> {
        &self.state.store
    }

    /// Somebody says that there are items of a maker up to this number.
    pub fn rumour(&mut self, source: NodeId, number: u32) {
        self.state.store.rumour(source, number);
    }

    /// Its neighbours, in order.
    pub fn neighbours(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.state.links.keys().copied()
    }

    /// How many neighbours it has.
    #[must_use]
    pub fn degree(&self) -> usize {
        self.state.links.len()
    }

    /// What it knows of a neighbour; `None` if that is none.
    #[must_use]
    pub fn link_to(&self, peer: NodeId) -> Option<&Link> {
        self.state.links.get(&peer)
    }

    /// At most so many neighbours, each equally likely, in random order; none of those left out.
    pub fn sample(&mut self, most: usize, left_out: &[NodeId]) -> Vec<NodeId> {
        let links = self.state.links.keys().copied();
        let mut chosen: Vec<NodeId> = links.filter(|peer| !left_out.contains(peer)).collect();
        // Everybody is everybody in any order, and needs no draws.
        if most < chosen.len() {
            self.state.stream.shuffle(&mut chosen);
            chosen.truncate(most);
        }
        chosen
    }

    /// Sends a letter.
    pub fn send(&mut self, to: NodeId, message: PeerMessage<C>) {
        self.effects.send(Address::One(to), message);
    }

    /// Sends a letter to several.
    pub fn send_all(&mut self, to: Vec<NodeId>, message: PeerMessage<C>) {
        if !to.is_empty() {
            self.effects.send(Address::Many(to.into()), message);
        }
    }

    /// Asks to be told when so much time has passed. Timers of a service have numbers of its own choice, below 2^24.
    pub fn set_timer(&mut self, after: Span, timer: u32) {
        self.effects.set_timer(after, timer_of(self.service, timer));
    }

    /// Makes an item: it has the next number of this peer, is kept, and delivered here. All services hear of it.
    pub fn publish(&mut self, cargo: C, ttl: u32) -> Arc<Item<C>> {
        self.state.made += 1;
        let id = ItemId {
            source: self.state.me,
            number: self.state.made,
        };
        let item = Arc::new(Item { id, ttl, cargo });
        self.state.take(item.clone(), Origin::Own, self.effects);
        item
    }

    /// How many items this peer has made so far.
    #[must_use]
    pub const fn made(&self) -> u32 {
        self.state.made
    }

    /// Makes somebody a neighbour.
    pub fn link(&mut self, peer: NodeId) {
        let heard = self.now();
        let link = Link {
            heard,
            round_trip: None,
        };
        if peer != self.me() && self.state.links.insert(peer, link).is_none() {
            self.effects.note(Remark::Linked(peer));
            self.state.news.push_back(News::Linked(peer));
        }
    }

    /// Somebody is a neighbour no more.
    pub fn part(&mut self, peer: NodeId, why: Parting) {
        if self.state.links.remove(&peer).is_some() {
            self.effects.note(Remark::Parted(peer, why));
            self.state.news.push_back(News::Parted(peer, why));
        }
    }

    /// Notes how long a ping took.
    pub fn round_trip(&mut self, peer: NodeId, span: Span) {
        if let Some(link) = self.state.links.get_mut(&peer) {
            link.round_trip = Some(span);
        }
    }

    /// Says something to people and checkers.
    pub fn remark(&mut self, text: &'static str) {
        self.effects.note(Remark::Said(text));
    }
}

impl<C: Cargo> PeerState<C> {
    /// Keeps and delivers an item, if it is new.
    pub(super) fn take(
        &mut self,
        item: Arc<Item<C>>,
        origin: Origin,
        effects: &mut Effects<Peer<C>>,
    ) -> bool {
        let new = self.store.insert(item.clone(), effects.now());
        if new {
            effects.deliver((item.clone(), origin));
            self.news.push_back(News::Item(item, origin));
        }
        new
    }
}
