//! What a villain has in its hands: its own keys, what everybody knows, and the wire.

use std::fmt;
use std::sync::Arc;

use super::conspirator::SharedBoard;
use super::ring::Ring;
use crate::actor::{Actor, Keys, NetworkId, Sig, SigningActor, signing_bytes};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::{EchoStatement, Genesis, Payload};
use crate::membership::{Generation, MemberIndex, Members, Seat};
use crate::net::directory::Directory;
use crate::net::node::NodeId;
use crate::net::random::Stream;
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// What belongs to a villain's node for the whole run.
pub(crate) struct Body<A: Staged, K: Keys> {
    pub(crate) identity: SigningActor<K>,
    pub(crate) genesis: Arc<Genesis<A>>,
    pub(crate) members: Arc<Members<K>>,
    /// All villains of the run, this one included.
    pub(crate) coven: Arc<[Actor]>,
    /// What they know together.
    pub(crate) board: SharedBoard,
    /// How many echoes the rules of this run ask for: a villain knows the rules.
    pub(crate) quorum: usize,
    pub(crate) directory: Arc<Directory>,
    /// The nodes of all other members.
    pub(crate) others: Arc<[NodeId]>,
}

impl<A: Staged, K: Keys> fmt::Debug for Body<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Something a villain does.
#[derive(Debug)]
pub(crate) enum Act {
    One(Actor, Wire),
    Members(Wire),
    Note(String),
    Count(&'static str),
}

/// A villain's hands during one step.
#[derive(Debug)]
pub struct Hands<'a, A: Staged, K: Keys> {
    body: &'a Body<A, K>,
    ring: &'a mut Ring<K>,
    stream: &'a mut Stream,
    acts: &'a mut Vec<Act>,
}

impl<'a, A: Staged, K: Keys> Hands<'a, A, K> {
    pub(crate) fn new(
        body: &'a Body<A, K>,
        ring: &'a mut Ring<K>,
        stream: &'a mut Stream,
        acts: &'a mut Vec<Act>,
    ) -> Self {
        Self {
            body,
            ring,
            stream,
            acts,
        }
    }

    /// Its own actor.
    #[must_use]
    pub fn me(&self) -> Actor {
        self.body.identity.actor()
    }

    /// Its own seat, if it is a member.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.body.members.seat_of(&self.me())
    }

    /// Its own index, if it is a member.
    #[must_use]
    pub fn index(&self) -> Option<MemberIndex> {
        self.body.members.index_of(&self.me())
    }

    /// Its first key.
    #[must_use]
    pub fn identity(&self) -> &'a SigningActor<K> {
        &self.body.identity
    }

    /// The key it has in a generation: the first one until it has entered a later generation.
    #[must_use]
    pub fn key_in(&self, generation: Generation) -> &SigningActor<K> {
        self.ring.of(generation)
    }

    /// Learns which of its keys it has among these members.
    pub(super) fn enter(&mut self, members: &Members<K>) {
        self.ring.enter(members);
    }

    /// The genesis of the network.
    #[must_use]
    pub fn genesis(&self) -> &'a Genesis<A> {
        &self.body.genesis
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.body.genesis.network()
    }

    /// The members.
    #[must_use]
    pub fn members(&self) -> &'a Members<K> {
        &self.body.members
    }

    /// The members that are not villains, so far as the villains know.
    #[must_use]
    pub fn honest(&self) -> Vec<Actor> {
        self.body
            .members
            .actors()
            .iter()
            .filter(|actor| !self.is_friend(actor))
            .copied()
            .collect()
    }

    /// The villains that are members, this one left out.
    #[must_use]
    pub fn friends(&self) -> Vec<Actor> {
        let me = self.me();
        let friend = |actor: &&Actor| **actor != me && self.is_friend(actor);
        self.body
            .members
            .actors()
            .iter()
            .filter(friend)
            .copied()
            .collect()
    }

    /// Whether this actor is a villain, too.
    #[must_use]
    pub fn is_friend(&self, actor: &Actor) -> bool {
        self.body.coven.contains(actor)
    }

    /// What all villains of the run know together.
    pub(super) fn board(&self) -> &'a SharedBoard {
        &self.body.board
    }

    /// How many echoes a certificate needs.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.body.quorum
    }

    /// This villain's randomness.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream
    }

    /// Its signature under an echo.
    #[must_use]
    pub fn echo(&self, generation: Generation, header: Digest) -> Sig {
        self.key_in(generation)
            .sign(&self.network(), &EchoStatement { generation, header })
    }

    /// Whether this is that member's signature under an echo.
    #[must_use]
    pub fn is_echo(
        &self,
        signer: MemberIndex,
        generation: Generation,
        header: Digest,
        sig: &Sig,
    ) -> bool {
        let bytes = signing_bytes(&self.network(), &EchoStatement { generation, header });
        self.body
            .members
            .key(signer)
            .is_some_and(|key| K::verify(key, &bytes, sig))
    }

    /// Sends a payload to one actor.
    pub fn send(&mut self, to: Actor, payload: &Payload) {
        self.send_wire(to, Wire::of(payload));
    }

    /// Sends bytes, whatever they are.
    pub fn send_wire(&mut self, to: Actor, wire: Wire) {
        self.acts.push(Act::One(to, wire));
    }

    /// Sends a payload to all other members.
    pub fn send_members(&mut self, payload: &Payload) {
        self.acts.push(Act::Members(Wire::of(payload)));
    }

    /// Says what it does, for charts.
    pub fn note(&mut self, text: impl Into<String>) {
        self.acts.push(Act::Note(text.into()));
    }

    /// Counts what it does, for the `sometimes` counters.
    pub fn count(&mut self, what: &'static str) {
        self.acts.push(Act::Count(what));
    }

    /// Passes a packet on to the villains that are no members.
    pub(super) fn show_outsiders(&mut self, wire: &Wire) {
        if self.seat().is_none() {
            return;
        }
        let coven = self.body.coven.clone();
        for outsider in coven
            .iter()
            .filter(|actor| self.body.members.index_of(actor).is_none())
        {
            self.send_wire(*outsider, wire.clone());
        }
    }
}
