//! Deterministic secure broadcast: the middle layer.
//!
//! A state machine without a clock, input or output, randomness, threads or printing inside.
//! One door in, one value out: [`broadcast`](SecureBroadcast::broadcast),
//! [`handle`](SecureBroadcast::handle) and [`tick`](SecureBroadcast::tick) return ordered
//! [`Effects`] for a driver to carry out; the driver owns time, sockets and disks.
//!
//! The way of an operation, in one direction: `broadcast` → its source builds a *message*, journals
//! it and **requests** echoes (`issue`) → each witness checks it, journals it as *open* and **echoes**
//! (`witness`) → at a quorum of echoes the source has a *certificate* and sends the **proof** → whoever
//! holds a proof delivers it once what it builds on is delivered (`delivery`) → `apply`. What gets
//! lost on the way is asked for again on a tick (`anti_entropy`).
//!
//! After Malkhi & Reiter, *Secure reliable multicast protocols in a WAN* (1997), made safe against
//! restarts, loss and relays by the rules R1, R2 and R2′ of `docs/protocol.md`.

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod accountability;
mod anti_entropy;
mod chain;
mod checkpoints;
mod config;
mod convictions;
mod decided;
mod delivery;
pub mod effect;
pub mod error;
mod frame;
pub mod genesis;
mod gossip;
pub mod header;
mod issue;
pub mod journal;
mod journal_state;
mod kinds;
mod ledger;
pub mod packet;
mod parts;
pub mod proof;
mod quota;
mod reconfiguration;
mod router;
pub mod rules;
mod signer;
mod slots;
mod source;
pub mod step;
mod ticket;
pub mod wire;
mod witness;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use checkpoints::CHECKPOINT_MESSAGES;
pub use config::Config;
pub use effect::{Delivery, Effect, Effects, To};
pub use error::{
    GenesisError, Halt, Malformed, OpenError, Refused, RefusedReason, Rejection, ReturnReason,
};
pub use evidence::{Contradiction, Evidence};
pub use genesis::Genesis;
pub use header::{EchoStatement, Header, MAX_MESSAGE_BYTES, MAX_MESSAGE_OPS, VersionVector};
pub use journal::Record;
pub use packet::{Packet, PacketKind, Payload};
pub use proof::Certificate;
pub use reconfiguration::ChangeRefused;
pub use rules::{Rules, Sound};
pub use source::{MAX_WAITING_BYTES, MAX_WAITING_OPS};
pub use step::{RecordStore, Step};
pub use ticket::{Ticket, Tickets};
pub use wire::checkpoint::Checkpoint;
pub use wire::{ChainError, Decision, Generations, Link, Pin};
pub use wire::{checkpoint, evidence, proof_file, snapshot};

use crate::actor::{Actor, Counter, Dot, Ed25519, Keys, NetworkId, SigningActor};
use crate::codec::{self, Bytes, Digest};
use crate::crdt::{Draft, Hosted, Replicated};
use crate::membership::{Generation, MemberIndex, Members, Seat};
use crate::traits::SecureBroadcastAlgorithm;
use chain::ChainState;
use checkpoints::{Bases, Checkpoints};
use convictions::Convictions;
use decided::Receipts;
use gossip::Gossip;
use ledger::Ledger;
use quota::Quota;
use reconfiguration::Reconfiguration;
use signer::Signer;
use slots::{Slot, Slots};
use source::Source;

/// A replica: one member's copy of the algorithm, and everything needed to keep it equal to the
/// others'.
///
/// `A` is the algorithm, `K` the scheme of its keys, `R` the rules; only `A` is the embedder's to
/// choose.
///
/// # Durability
/// Effects are ordered. Carry them out in order, and send nothing, nor act on a delivery outside, before
/// every [`Effect::Persist`] in front of it is durable. Then a crash at any point may lose an echo, never
/// contradict one, and [`open`](Self::open) continues where the journal ends.
///
/// Two replicas are equal if whatever happens next, they do the same: everything counts but the secret.
#[derive(Clone, PartialEq)]
pub struct SecureBroadcast<A: SecureBroadcastAlgorithm, K: Keys = Ed25519, R: Rules = Sound> {
    signer: Signer<K>,
    chain: ChainState<K>,
    reconfiguration: Reconfiguration,
    ledger: Ledger<A>,
    slots: Slots<A::Op>,
    source: Source<A::Op>,
    /// What everything that is not pruned goes on from.
    bases: Bases<A::ReplicatedState>,
    checkpoints: Checkpoints,
    convictions: Convictions,
    gossip: Gossip,
    quota: Quota,
    rules: PhantomData<R>,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The replica of `identity` in the network of `genesis`, as it was after the last record of its `journal`. With an
    /// empty journal it begins: it has never signed anything. An identity that is not a member only observes.
    ///
    /// Operations that were submitted but not part of a message are the caller's to submit again; what is part of one
    /// is [`in_flight`](Self::in_flight). The secret may be an older one than the journal ends with, if it was not
    /// stored in time: then [`identity`](Self::identity) has the right one, to be stored before anything else.
    ///
    /// # What this cannot know
    /// A key that has signed must never sign without what it has signed. An empty journal is refused if the secret is
    /// not the identity's first one. But a first secret beside an empty journal may be a new member, or one whose disk
    /// was lost, replaced or restored from a copy; and a journal may be older than what was signed after it was
    /// copied. Only the driver knows which: it writes [`Record::Identity`] into a new journal before anything else, once
    /// in the life of the key, and then never opens a journal without it (as the journal file of the package
    /// `bft-crdts-driver` does). Should a key have signed what its journal lacks, the replica stops when a peer shows
    /// it ([`Halt::KeyUsedElsewhere`]), which may be too late.
    ///
    /// # Errors
    /// [`OpenError`] if a member's key is not sound, the secret of an empty journal is not the first one, or the journal
    /// does not begin with an identity, belongs to another key or network, does not make sense, is a part of a short
    /// one, or is older than the secret.
    pub fn open(
        identity: SigningActor<K>,
        genesis: Genesis<A>,
        journal: impl IntoIterator<Item = Record>,
        config: Config,
    ) -> Result<Self, OpenError> {
        let is_first = identity.key() == identity.actor();
        let mut replica = Self::blank(identity, genesis, &config)?;
        let mut records = journal.into_iter();
        let first = match records.next() {
            Some(first) => first,
            None if is_first => return Ok(replica),
            None => return Err(OpenError::KeyChanged(replica.actor())),
        };
        match first.identity() {
            Some(own) if own == (replica.network(), replica.actor()) => {}
            Some(_) => return Err(OpenError::Foreign),
            None => return Err(OpenError::NoIdentity),
        }
        replica.load_journal(&first, records)?;
        Ok(replica)
    }

    fn blank(
        identity: SigningActor<K>,
        genesis: Genesis<A>,
        config: &Config,
    ) -> Result<Self, GenesisError> {
        let members = Members::<K>::genesis(genesis.members())?;
        let actor = identity.actor();
        let mut algorithm = A::new(actor);
        algorithm.sync_from(genesis.state().clone());
        let (network, seats) = (genesis.network(), members.seats());
        Ok(Self {
            signer: Signer::new(identity, network),
            chain: ChainState::new(actor, network, Arc::new(members)),
            reconfiguration: Reconfiguration::new(),
            ledger: Ledger::new(algorithm, &network, seats),
            slots: Slots::new(seats),
            source: Source::new(config.message_ops),
            bases: Bases::new(genesis.state().clone()),
            checkpoints: Checkpoints::new(config.checkpoint_every),
            convictions: Convictions::default(),
            gossip: Gossip::default(),
            quota: Quota::new(seats),
            rules: PhantomData,
        })
    }

    /// Submits operations of our own. They are signed, in order, as part of our next message: at
    /// once if our slot is free, else as soon as it is. One that is invalid by then comes back as
    /// [`Effect::Returned`].
    ///
    /// Each operation gets a [`Ticket`], in order, by which [`Effect::Issued`] and [`Effect::Returned`] name it, be it
    /// among these effects or later ones.
    ///
    /// # Errors
    /// [`Refused`] with all the operations if none was taken.
    pub fn broadcast(
        &mut self,
        ops: impl IntoIterator<Item = A::Op>,
    ) -> Result<(Tickets, Effects<A>), Refused<A::Op>> {
        self.submit(ops.into_iter().collect())
    }

    /// Takes one packet. The sender's identity is the link's to vouch for, everything else is
    /// checked here.
    ///
    /// Equivocation is not an error: it is evidence among the effects. An invalid operation is
    /// answered by a refusal. What came too early is parked.
    ///
    /// # Errors
    /// A [`Rejection`] if the packet changes nothing and nothing is to be sent (I11).
    pub fn handle(&mut self, packet: Packet) -> Result<Effects<A>, Rejection> {
        if packet.from == self.actor() {
            return Err(Rejection::FromOurselves);
        }
        let decision = self.decide(&packet, &Receipts)?;
        Ok(self.apply(decision))
    }

    /// Time passes: whatever may have been lost is sent again, what a restart left undone is done, and
    /// a few peers are told what we have. How often this is called is the driver's choice; safety and the fault-free
    /// path need no tick at all.
    pub fn tick(&mut self) -> Effects<A> {
        let mut effects = Effects::none();
        self.quota.begin_tick();
        let peers = self.next_peers();
        self.tick_decision(&peers, &mut effects);
        self.tick_reconfiguration(&peers, &mut effects);
        self.repeat_request(&mut effects);
        // A crash may have cut a step short; its journal says how far it came, not what is left.
        self.advance(&mut effects);
        self.tick_checkpoint(&mut effects);
        self.gossip(peers, &mut effects);
        effects
    }

    /// Stops signing for good, for example after an error of the disk. What is held is still
    /// served, and certified messages are still delivered.
    pub fn stop_signing(&mut self) -> Effects<A> {
        let mut effects = Effects::none();
        self.halt(Halt::Driver, &mut effects);
        effects
    }

    /// Our public identity.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.signer.actor()
    }

    /// Our public identity with the secret we sign with now: what has to be stored after [`Effect::KeyChanged`], and
    /// handed to [`open`](Self::open).
    #[must_use]
    pub fn identity(&self) -> &SigningActor<K> {
        self.signer.identity()
    }

    /// The network all our signatures are for.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        *self.signer.network()
    }

    /// Our copy of the algorithm, with everything delivered applied.
    #[must_use]
    pub fn algorithm(&self) -> &A {
        self.ledger.algorithm()
    }

    /// The members of our generation.
    #[must_use]
    pub fn members(&self) -> &Members<K> {
        self.chain.members()
    }

    /// The members of any generation of the chain that we know.
    #[must_use]
    pub fn members_of(&self, generation: Generation) -> Option<&Members<K>> {
        self.chain.members_of(generation).map(|members| &**members)
    }

    /// Our generation.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.chain.active()
    }

    /// Whether we may echo and issue.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.index().is_some()
    }

    /// The chain of decisions, each of which made a generation of the one before it.
    pub fn chain(&self) -> impl Iterator<Item = &Link> + '_ {
        self.chain.generations.links().iter()
    }

    /// The same with the members of every generation: what it takes to check what was signed in this network.
    #[must_use]
    pub fn generations(&self) -> &Generations<K> {
        &self.chain.generations
    }

    /// How far we have delivered each source.
    #[must_use]
    pub fn clock(&self) -> &VersionVector {
        self.ledger.clock()
    }

    /// How far we have delivered this actor; zero if it is no source.
    #[must_use]
    pub fn delivered(&self, actor: &Actor) -> Counter {
        self.chain
            .members()
            .seat_of(actor)
            .map_or(Counter::ZERO, |seat| self.ledger.clock().get(seat))
    }

    /// The digest of our state: equal for replicas that have delivered the same.
    #[must_use]
    pub fn state_digest(&self) -> Digest {
        Digest::of(&codec::encode(&self.ledger.algorithm().state()))
    }

    /// How many of our own operations are submitted and not yet delivered here.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.source.pending()
    }

    /// Our own operations that have dots and are not delivered here, in order. They will be delivered: whoever submitted
    /// one of them before a restart must not submit it again.
    pub fn in_flight(&self) -> impl Iterator<Item = (Dot, &A::Op)> + '_ {
        self.source.in_flight(self.actor())
    }

    /// Our own operations that wait for a message, in order. After a restart there are none.
    pub fn waiting(&self) -> impl Iterator<Item = &A::Op> + '_ {
        self.source.waiting.iter()
    }

    /// Everybody we can convict, with the evidence.
    pub fn evidence(&self) -> impl Iterator<Item = &Evidence> + '_ {
        self.convictions.iter()
    }

    /// Why we have stopped signing, if we have.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        self.signer.halted()
    }

    /// The certificates of what was delivered and is not forgotten, in the order of delivery, each with the bytes of
    /// its operations. Without a [`checkpoint`](Self::checkpoint) that is everything.
    pub fn log(&self) -> impl Iterator<Item = (&Certificate, &Bytes)> + '_ {
        self.ledger
            .log()
            .iter()
            .map(|logged| (&logged.certificate, &logged.ops))
    }

    /// The certificate that covers this dot, if it is delivered and not forgotten.
    #[must_use]
    pub fn certificate(&self, dot: &Dot) -> Option<&Certificate> {
        let seat = self.chain.members().seat_of(&dot.actor)?;
        self.ledger
            .logged(seat, dot.counter)
            .map(|logged| &logged.certificate)
    }

    /// The header this replica is bound to in the open slot of `source`, if it has echoed one.
    #[must_use]
    pub fn locked_header(&self, source: &Actor) -> Option<&Header> {
        let seat = self.chain.members().seat_of(source)?;
        self.slots.get(seat)?.open.first().map(|open| &open.header)
    }

    // What the doors share.

    fn index(&self) -> Option<MemberIndex> {
        self.chain.index()
    }

    fn slot(&self, seat: Seat) -> Result<&Slot<A::Op>, Rejection> {
        self.slots
            .get(seat)
            .ok_or(Rejection::Malformed(Malformed::UnknownSeat(seat)))
    }

    fn check_generation(&self, got: Generation) -> Result<(), Rejection> {
        let have = self.generation();
        match got.cmp(&have) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(Rejection::WrongGeneration { have, got }),
            std::cmp::Ordering::Greater => Err(Rejection::FutureGeneration { have, got }),
        }
    }

    /// Whom we serve: members, and those whom we let join.
    fn check_served(&self, actor: Actor) -> Result<(), Rejection> {
        if self.chain.members().index_of(&actor).is_some()
            || self.reconfiguration.requested.admits(&actor)
        {
            return Ok(());
        }
        Err(Rejection::NotMember(actor))
    }

    /// The highest certificate known of a source, with its header's digest.
    fn best(&self, seat: Seat) -> Option<(&Certificate, Digest)> {
        if let Some((_, certified)) = self.slots.get(seat)?.ahead.last_key_value() {
            return Some((&certified.certificate, certified.digest));
        }
        self.ledger.last_certificate(seat)
    }

    /// Makes room for new seats.
    fn grow(&mut self, seats: usize) {
        self.ledger.grow(self.signer.network(), seats);
        self.slots.grow(seats);
        self.gossip.grow();
        self.quota.grow(seats);
    }

    fn check_member(&self, actor: Actor) -> Result<MemberIndex, Rejection> {
        self.chain
            .members()
            .index_of(&actor)
            .ok_or(Rejection::NotMember(actor))
    }

    /// Only members sign, and only until they stop.
    fn check_signing(&self) -> Result<(), Rejection> {
        if !self.is_member() {
            return Err(Rejection::NotMember(self.actor()));
        }
        self.signer
            .halted()
            .map_or(Ok(()), |halt| Err(Rejection::Halted(halt)))
    }

    /// I5: appends to the journal, which begins with the reservation of the identity.
    fn persist(&mut self, record: Record, effects: &mut Effects<A>) {
        self.signer.persist(record, effects);
    }

    fn halt(&mut self, halt: Halt, effects: &mut Effects<A>) {
        self.signer.halt(halt, effects);
    }
}

/// Without its key, its log and its copy of the algorithm, which would bury the rest.
impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> fmt::Debug for SecureBroadcast<A, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureBroadcast")
            .field("actor", &self.actor())
            .field("network", self.signer.network())
            .field("generation", &self.generation())
            .field("rules", &R::NAME)
            .field("clock", self.ledger.clock())
            .field("pending", &self.pending())
            .field("halted", &self.signer.halted())
            .finish_non_exhaustive()
    }
}

impl<T: Hosted, K: Keys, R: Rules> SecureBroadcast<Replicated<T>, K, R> {
    /// What our author sees: what is delivered here, and on top of it all that we have under way or waiting.
    #[must_use]
    pub fn draft(&self) -> Draft<T> {
        let mut draft = Draft::of(self.algorithm(), self.delivered(&self.actor()));
        let flying = self.in_flight().map(|(_, op)| op);
        flying.chain(self.waiting()).for_each(|op| draft.go_on(op));
        draft
    }
}
