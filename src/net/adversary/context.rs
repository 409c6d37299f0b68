//! What an adversary has in its hands: its own keys, what everybody knows, and the wire.

use std::fmt;
use std::sync::Arc;

use super::key_ring::KeyRing;
use super::shared_state::SharedState;
use crate::actor::{Actor, Keys, NetworkId, Sig, SigningActor, signing_bytes};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::{EchoStatement, Genesis, Payload};
use crate::membership::{Generation, MemberIndex, Members, Seat};
use crate::net::directory::Directory;
use crate::net::node::NodeId;
use crate::net::random::Stream;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::wire::Wire;

/// What belongs to an adversary's node for the whole run.
pub(crate) struct AdversaryConfig<A: SimAlgorithm, K: Keys> {
    pub(crate) identity: SigningActor<K>,
    pub(crate) genesis: Arc<Genesis<A>>,
    pub(crate) members: Arc<Members<K>>,
    /// All adversaries of the run, this one included.
    pub(crate) colluders: Arc<[Actor]>,
    /// What they know together.
    pub(crate) shared_state: SharedState,
    /// How many echoes the rules of this run ask for: an adversary knows the rules.
    pub(crate) quorum: usize,
    pub(crate) directory: Arc<Directory>,
    /// The nodes of all other members.
    pub(crate) others: Arc<[NodeId]>,
}

impl<A: SimAlgorithm, K: Keys> fmt::Debug for AdversaryConfig<A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdversaryConfig")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Something an adversary does.
#[derive(Debug)]
pub(crate) enum Act {
    One(Actor, Wire),
    Members(Wire),
    Note(String),
    Count(&'static str),
}

/// An adversary's hands during one step.
#[derive(Debug)]
pub struct AdversaryContext<'a, A: SimAlgorithm, K: Keys> {
    config: &'a AdversaryConfig<A, K>,
    key_ring: &'a mut KeyRing<K>,
    stream: &'a mut Stream,
    acts: &'a mut Vec<Act>,
}

impl<'a, A: SimAlgorithm, K: Keys> AdversaryContext<'a, A, K> {
    pub(crate) fn new(
        config: &'a AdversaryConfig<A, K>,
        key_ring: &'a mut KeyRing<K>,
        stream: &'a mut Stream,
        acts: &'a mut Vec<Act>,
    ) -> Self {
        Self {
            config,
            key_ring,
            stream,
            acts,
        }
    }

    /// Its own actor.
    #[must_use]
    pub fn me(&self) -> Actor {
        self.config.identity.actor()
    }

    /// Its own seat, if it is a member.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.config.members.seat_of(&self.me())
    }

    /// Its own index, if it is a member.
    #[must_use]
    pub fn index(&self) -> Option<MemberIndex> {
        self.config.members.index_of(&self.me())
    }

    /// Its first key.
    #[must_use]
    pub fn identity(&self) -> &'a SigningActor<K> {
        &self.config.identity
    }

    /// The key it has in a generation: the first one until it has entered a later generation.
    #[must_use]
    pub fn key_in(&self, generation: Generation) -> &SigningActor<K> {
        self.key_ring.of(generation)
    }

    /// Learns which of its keys it has among these members.
    pub(super) fn enter(&mut self, members: &Members<K>) {
        self.key_ring.enter(members);
    }

    /// The genesis of the network.
    #[must_use]
    pub fn genesis(&self) -> &'a Genesis<A> {
        &self.config.genesis
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.config.genesis.network()
    }

    /// The members.
    #[must_use]
    pub fn members(&self) -> &'a Members<K> {
        &self.config.members
    }

    /// The members that are not adversaries, so far as the adversaries know.
    #[must_use]
    pub fn honest(&self) -> Vec<Actor> {
        self.config
            .members
            .actors()
            .iter()
            .filter(|actor| !self.is_friend(actor))
            .copied()
            .collect()
    }

    /// The adversaries that are members, this one left out.
    #[must_use]
    pub fn friends(&self) -> Vec<Actor> {
        let me = self.me();
        let friend = |actor: &&Actor| **actor != me && self.is_friend(actor);
        self.config
            .members
            .actors()
            .iter()
            .filter(friend)
            .copied()
            .collect()
    }

    /// Whether this actor is an adversary, too.
    #[must_use]
    pub fn is_friend(&self, actor: &Actor) -> bool {
        self.config.colluders.contains(actor)
    }

    /// What all adversaries of the run know together.
    pub(super) fn shared_state(&self) -> &'a SharedState {
        &self.config.shared_state
    }

    /// How many echoes a certificate needs.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.config.quorum
    }

    /// This adversary's randomness.
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
        self.config
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

    /// Passes a packet on to the adversaries that are no members.
    pub(super) fn show_outsiders(&mut self, wire: &Wire) {
        if self.seat().is_none() {
            return;
        }
        let colluders = self.config.colluders.clone();
        for outsider in colluders
            .iter()
            .filter(|actor| self.config.members.index_of(actor).is_none())
        {
            self.send_wire(*outsider, wire.clone());
        }
    }
}
