//! Peers that keep connections: on a given graph, or finding each other through a bootstrap peer.
//!
//! Every peer pings whom it has not heard for a second, and drops who is silent for five. Without a given graph it begins
//! with a HELLO to the bootstrap peer, which answers with some of the peers it knows; it asks on until it has
//! [`min`](Limits::min) connections, refuses new ones above [`max`](Limits::max), and drops the slowest if there are more.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::codec;
use bft_crdts::net::{Address, Effects, Machine, NodeId, Span, Stream, TimerId, VirtualTime};
use serde::Serialize;

const TICK: TimerId = TimerId(1);
/// How often a peer looks after its connections.
pub const EVERY: Span = Span::from_secs(1);
/// How long a peer may be silent.
pub const SILENCE: Span = Span::from_secs(5);
/// How many peers a list names.
const LIST: usize = 5;
/// How many peers are asked for a list at a time.
const ASKED: usize = 5;

/// How many connections a peer keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// With fewer it looks for more.
    pub min: usize,
    /// With so many it refuses more; with more it drops the slowest.
    pub max: usize,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Let us be connected.
    Hello,
    /// Let us not.
    Bye,
    /// Are you there?
    Ping,
    /// Yes.
    Pong,
    /// Whom do you know?
    RequestPeers,
    /// These.
    PeerList(Vec<NodeId>),
}

/// What a peer does that no packet shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It counts this one as connected.
    Connected(NodeId),
    /// No longer, for it was silent.
    Silent(NodeId),
    /// No longer, for it was the slowest of too many.
    Slowest(NodeId),
    /// No longer, for the other one said so.
    Left(NodeId),
    /// It has so few connections that it looks for more.
    TooFew(usize),
}

/// A connection.
#[derive(Clone, Copy, Debug)]
struct Link {
    seen: VirtualTime,
    pinged: Option<VirtualTime>,
    /// How long an answer took, the last time.
    delay: Span,
}

/// A peer, or the bootstrap peer.
#[derive(Debug)]
pub struct Peer {
    me: NodeId,
    role: Role,
    limits: Limits,
    links: BTreeMap<NodeId, Link>,
    /// Whom it has heard of.
    known: BTreeSet<NodeId>,
    /// Whom it has dropped, and will not ask again.
    dropped: BTreeSet<NodeId>,
    stream: Stream,
}

/// How a peer comes to its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// These are its neighbours.
    Given(Vec<NodeId>),
    /// It asks this one.
    Finds(NodeId),
    /// It is the one that is asked.
    Bootstrap,
}

impl Peer {
    /// A peer without connections.
    #[must_use]
    pub const fn new(me: NodeId, role: Role, limits: Limits, stream: Stream) -> Self {
        Self {
            me,
            role,
            limits,
            links: BTreeMap::new(),
            known: BTreeSet::new(),
            dropped: BTreeSet::new(),
            stream,
        }
    }

    /// Whom it is connected with.
    pub fn connections(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.links.keys().copied()
    }

    const fn bootstrap(&self) -> Option<NodeId> {
        match self.role {
            Role::Finds(bootstrap) => Some(bootstrap),
            Role::Given(_) | Role::Bootstrap => None,
        }
    }

    fn connect(&mut self, other: NodeId, out: &mut Effects<Self>) -> bool {
        if self.links.contains_key(&other) || Some(other) == self.bootstrap() {
            return false;
        }
        let link = Link {
            seen: out.now(),
            pinged: None,
            delay: Span::ZERO,
        };
        self.links.insert(other, link);
        out.note(Act::Connected(other));
        true
    }

    fn disconnect(&mut self, other: NodeId, out: &mut Effects<Self>) {
        self.links.remove(&other);
        self.dropped.insert(other);
        out.send(Address::One(other), Message::Bye);
    }

    /// A random few of these.
    fn some(&mut self, mut nodes: Vec<NodeId>, count: usize) -> Vec<NodeId> {
        self.stream.shuffle(&mut nodes);
        nodes.truncate(count);
        nodes
    }

    /// Looks for more connections, or drops some.
    fn look_after(&mut self, out: &mut Effects<Self>) {
        let Role::Finds(bootstrap) = self.role else {
            return;
        };
        if self.links.len() < self.limits.min {
            out.note(Act::TooFew(self.links.len()));
            let needed = self.limits.min - self.links.len();
            let strangers = self.known.iter().copied();
            let strangers = strangers.filter(|node| {
                *node != self.me && !self.links.contains_key(node) && !self.dropped.contains(node)
            });
            let candidates: Vec<NodeId> = strangers.collect();
            if candidates.len() < needed {
                let connected = self.connections().collect();
                let mut asked = self.some(connected, ASKED);
                asked.push(bootstrap);
                out.send(Address::Many(asked.into()), Message::RequestPeers);
            }
            for other in self.some(candidates, needed) {
                out.send(Address::One(other), Message::Hello);
            }
        }
        while self.links.len() > self.limits.max {
            let slowest = self.links.iter().max_by_key(|(_, link)| link.delay);
            let Some((other, _)) = slowest else { break };
            let other = *other;
            out.note(Act::Slowest(other));
            self.disconnect(other, out);
        }
    }
}

impl Machine for Peer {
    type Message = Message;
    type Verdict = ();
    type Delivery = ();
    type Note = Act;

    fn size(message: &Message) -> u32 {
        u32::try_from(codec::encode(message).len()).unwrap_or(u32::MAX)
    }

    fn kind(message: &Message) -> &'static str {
        match message {
            Message::Hello => "hello",
            Message::Bye => "bye",
            Message::Ping => "ping",
            Message::Pong => "pong",
            Message::RequestPeers => "request-peers",
            Message::PeerList(_) => "peer-list",
        }
    }

    fn start(&mut self, out: &mut Effects<Self>) {
        match &self.role {
            Role::Given(neighbours) => {
                let neighbours: Vec<NodeId> = neighbours.clone();
                for other in &neighbours {
                    self.connect(*other, out);
                }
                // Each link needs one to say hello.
                let later = neighbours.into_iter().filter(|other| *other > self.me);
                out.send(Address::Many(later.collect()), Message::Hello);
            }
            Role::Finds(bootstrap) => {
                let bootstrap = Address::One(*bootstrap);
                out.send(bootstrap.clone(), Message::Hello);
                out.send(bootstrap, Message::RequestPeers);
            }
            Role::Bootstrap => {}
        }
        out.set_timer(EVERY, TICK);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Effects<Self>) {
        if let Some(link) = self.links.get_mut(&from) {
            link.seen = out.now();
        }
        let back = Address::One(from);
        match message {
            Message::Hello if self.role == Role::Bootstrap => {
                self.known.insert(from);
            }
            Message::Hello => {
                self.known.insert(from);
                if self.links.contains_key(&from) {
                    return;
                }
                if self.bootstrap().is_some() && self.links.len() >= self.limits.max {
                    return out.send(back, Message::Bye);
                }
                self.dropped.remove(&from);
                if self.connect(from, out) {
                    out.send(back, Message::Hello);
                }
            }
            Message::Bye => {
                if self.links.remove(&from).is_some() {
                    out.note(Act::Left(from));
                }
                self.dropped.insert(from);
            }
            Message::Ping => out.send(back, Message::Pong),
            Message::Pong => {
                if let Some(link) = self.links.get_mut(&from)
                    && let Some(pinged) = link.pinged.take()
                {
                    link.delay = out.now().since(pinged);
                }
            }
            Message::RequestPeers => {
                let others = self.known.iter().chain(self.links.keys());
                let others: BTreeSet<NodeId> =
                    others.copied().filter(|node| *node != from).collect();
                let list = self.some(others.into_iter().collect(), LIST);
                out.send(back, Message::PeerList(list));
            }
            Message::PeerList(peers) => {
                self.known.extend(peers.iter().take(LIST));
                self.look_after(out);
            }
        }
    }

    fn timer(&mut self, _: TimerId, out: &mut Effects<Self>) {
        let now = out.now();
        self.look_after(out);
        let quiet: Vec<(NodeId, Span)> = self
            .links
            .iter()
            .map(|(node, link)| (*node, now.since(link.seen)))
            .collect();
        for (other, silence) in quiet {
            if silence > SILENCE {
                out.note(Act::Silent(other));
                self.disconnect(other, out);
            } else if silence >= EVERY {
                if let Some(link) = self.links.get_mut(&other) {
                    link.pinged = Some(now);
                }
                out.send(Address::One(other), Message::Ping);
            }
        }
        out.set_timer(EVERY, TICK);
    }
}
