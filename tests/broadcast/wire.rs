//! A network of replicas with nothing in it but a heap of letters.
//!
//! No time, no chance, no simulator: the test picks the letter that arrives next, drops it, copies it, tampers
//! with it. Letters are bytes, journals are bytes, and a replica that restarts is decoded from them anew. After every
//! packet that is refused the replica is compared with what it was before: nothing may have changed, and nothing may
//! leave.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

use bft_crdts::actor::signing_bytes;
use bft_crdts::bank::{self, Ledger};
use bft_crdts::codec::{decode, encode, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::packet::{Echo, Proof, Pull, Request, Summary};
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Header, Sound, journal};
use bft_crdts::membership::Signers;
use bft_crdts::{
    Actor, Bank, Bytes, Certificate, Config, Counter, DecodeError, Delivery, Digest, Ed25519,
    Effect, Effects, Evidence, Generation, Genesis, Keys, MemberIndex, NetworkId, OpenError,
    Packet, PacketKind, Payload, Record, Rejection, Rules, Seat, SecureBroadcast,
    SecureBroadcastAlgorithm, Sig, SigningActor, Tickets, To, VersionVector, WeakKey,
};

use crate::film::{self, Film};

/// Why an arriving letter changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RecvError {
    /// It is no payload.
    Undecodable(DecodeError),
    /// The replica says no.
    Rejected(Rejection),
}

/// A letter under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Envelope {
    pub(crate) from: Actor,
    pub(crate) to: Actor,
    pub(crate) bytes: Bytes,
}

impl Envelope {
    pub(crate) fn payload(&self) -> Payload {
        decode(&self.bytes).expect("a correct replica wrote it")
    }

    pub(crate) fn kind(&self) -> PacketKind {
        self.payload().kind()
    }
}

/// One seat: a key, the replica that runs with it, and its disk.
pub(crate) struct Node<A: SecureBroadcastAlgorithm, K: Keys = Ed25519, R: Rules = Sound> {
    pub(crate) identity: SigningActor<K>,
    /// `None` while it is down, or if the key is an adversary's.
    pub(crate) machine: Option<SecureBroadcast<A, K, R>>,
    pub(crate) journal: Vec<u8>,
    /// What the replica told its driver, letters and records left out.
    pub(crate) told: Vec<Effect<A>>,
    /// How many effects were carried out.
    pub(crate) effects: usize,
    /// After so many effects the power goes.
    pub(crate) dies_after: Option<usize>,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> Node<A, K, R> {
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery<A::Op>> {
        self.told.iter().filter_map(|effect| match effect {
            Effect::Deliver(delivery) => Some(delivery),
            _ => None,
        })
    }

    pub(crate) fn convictions(&self) -> impl Iterator<Item = &Evidence> {
        self.told.iter().filter_map(|effect| match effect {
            Effect::Evidence(evidence) => Some(evidence),
            _ => None,
        })
    }
}

/// Seats 0… in order of their keys, and the letters between them.
pub(crate) struct Wire<A: SecureBroadcastAlgorithm, K: Keys = Ed25519, R: Rules = Sound> {
    pub(crate) genesis: Genesis<A>,
    pub(crate) nodes: Vec<Node<A, K, R>>,
    pub(crate) flying: VecDeque<Envelope>,
    /// Packets ever put on the wire and their bytes, by kind.
    pub(crate) sent: BTreeMap<PacketKind, (usize, usize)>,
    /// Every payload ever sent by a correct replica, for tests that look back.
    pub(crate) history: Vec<Envelope>,
    film: Film,
}

/// The `n` keys of every test network, in order of their names.
pub(crate) fn identities<K: Keys<Secret = <Ed25519 as Keys>::Secret>>(
    n: usize,
) -> Vec<SigningActor<K>> {
    let secret = |tag: usize| {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&(tag as u64).to_le_bytes());
        ed25519_dalek::SigningKey::from_bytes(&seed)
    };
    let mut keys: Vec<_> = (0..n)
        .map(|tag| SigningActor::from_secret(secret(tag)))
        .collect();
    keys.sort_by_key(SigningActor::actor);
    keys
}

/// A key that is no member of any of these networks.
pub(crate) fn stranger() -> SigningActor {
    SigningActor::from_seed([0xee; 32])
}

impl<K, R> Wire<Bank, K, R>
where
    K: Keys<Secret = <Ed25519 as Keys>::Secret>,
    R: Rules,
{
    /// A bank of `n` members with `each` in every account.
    pub(crate) fn bank(n: usize, each: u64) -> Self {
        let keys = identities::<K>(n);
        let accounts = keys.iter().map(|key| (key.actor(), each));
        let ledger = Ledger::genesis(accounts, []).expect("a sound ledger");
        Self::new("test", bank::ALGORITHM, keys, ledger)
    }

    /// A payment that `seat` could make now.
    pub(crate) fn payment(&self, seat: usize, to: usize, amount: u64) -> bank::Op {
        let (from, to) = (self.actor(seat), self.actor(to));
        let bank = self.machine(seat).algorithm();
        bank.transfer(&from, to, amount).expect("a valid payment")
    }

    /// Submits such a payment.
    pub(crate) fn pay(&mut self, seat: usize, to: usize, amount: u64) {
        let op = self.payment(seat, to, amount);
        self.submit(seat, [op]);
    }

    pub(crate) fn balance(&self, at: usize, of: usize) -> u64 {
        let account = self.actor(of);
        let bank = self.machine(at).algorithm();
        bank.balance(&account).expect("an account")
    }
}

impl<A, K, R> Wire<A, K, R>
where
    A: SecureBroadcastAlgorithm,
    K: Keys,
    R: Rules,
{
    /// These keys as members, everybody up.
    pub(crate) fn new(
        name: &str,
        algorithm: &str,
        keys: Vec<SigningActor<K>>,
        state: A::ReplicatedState,
    ) -> Self {
        let members = keys.iter().map(SigningActor::actor);
        let genesis = Genesis::new(name, algorithm, members, state).expect("a sound genesis");
        let node = |identity: SigningActor<K>| Node {
            machine: Some(restore(&identity, &genesis, Vec::new()).expect("sound keys")),
            identity,
            journal: Vec::new(),
            told: Vec::new(),
            effects: 0,
            dies_after: None,
        };
        Self {
            film: Film::new(keys.iter().map(|_| true)),
            nodes: keys.into_iter().map(node).collect(),
            genesis,
            flying: VecDeque::new(),
            sent: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    pub(crate) fn actor(&self, seat: usize) -> Actor {
        self.nodes[seat].identity.actor()
    }

    pub(crate) fn network(&self) -> NetworkId {
        self.genesis.network()
    }

    pub(crate) fn seat_of(&self, actor: &Actor) -> Option<usize> {
        self.genesis.members().binary_search(actor).ok()
    }

    pub(crate) fn machine(&self, seat: usize) -> &SecureBroadcast<A, K, R> {
        self.nodes[seat].machine.as_ref().expect("it is up")
    }

    pub(crate) fn machine_mut(&mut self, seat: usize) -> &mut SecureBroadcast<A, K, R> {
        self.nodes[seat].machine.as_mut().expect("it is up")
    }

    /// Gives a replica that has not begun other settings.
    pub(crate) fn configure(&mut self, seat: usize, config: Config) {
        let node = &mut self.nodes[seat];
        assert!(node.journal.is_empty(), "it has begun");
        let (identity, genesis) = (node.identity.clone(), self.genesis.clone());
        let machine = SecureBroadcast::open(identity, genesis, [], config);
        node.machine = Some(machine.expect("sound keys"));
    }

    /// The seats whose replicas run.
    pub(crate) fn up(&self) -> impl Iterator<Item = usize> + use<'_, A, K, R> {
        (0..self.nodes.len()).filter(|seat| self.nodes[*seat].machine.is_some())
    }

    /// The replica is gone; what it has sent is still under way. Its key is the test's to play with.
    pub(crate) fn silence(&mut self, seat: usize) {
        self.film.note(seat, || "silent".to_owned());
        self.nodes[seat].machine = None;
    }

    /// Decodes the journal, cuts off what is torn, and runs again.
    pub(crate) fn restart(&mut self, seat: usize) {
        self.film.note(seat, || "restart".to_owned());
        let machine = self.restored(seat).expect("a sound journal");
        let node = &mut self.nodes[seat];
        let sound = journal::read(&node.journal).expect("read before").length;
        node.journal.truncate(sound);
        node.dies_after = None;
        node.machine = Some(machine);
    }

    /// The replica its journal stands for. One that never signed has an empty journal and begins anew.
    pub(crate) fn restored(&self, seat: usize) -> Result<SecureBroadcast<A, K, R>, OpenError> {
        let node = &self.nodes[seat];
        let records = journal::read(&node.journal).expect("no damage").records;
        restore(&node.identity, &self.genesis, records)
    }

    pub(crate) fn submit(&mut self, seat: usize, ops: impl IntoIterator<Item = A::Op>) -> Tickets {
        let (tickets, effects) = self.machine_mut(seat).broadcast(ops).expect("taken");
        self.carry_out(seat, effects);
        tickets
    }

    pub(crate) fn tick(&mut self, seat: usize) {
        let effects = self.machine_mut(seat).tick();
        self.carry_out(seat, effects);
    }

    /// Carries out effects in order, up to the moment the power goes.
    pub(crate) fn carry_out(&mut self, seat: usize, effects: Effects<A>) {
        for effect in effects {
            let node = &mut self.nodes[seat];
            if node.dies_after == Some(node.effects) {
                node.machine = None;
                return;
            }
            node.effects += 1;
            match effect {
                Effect::Persist(record) => journal::append(&mut node.journal, &record),
                Effect::Send { to, payload } => self.send(seat, to, &payload),
                other => {
                    if let Effect::Deliver(delivery) = &other {
                        self.film.delivered(seat, delivery);
                    }
                    node.told.push(other);
                }
            }
        }
    }

    fn send(&mut self, seat: usize, to: To, payload: &Payload) {
        let from = self.actor(seat);
        let bytes = Bytes::from(encode(payload));
        let to = match to {
            To::One(actor) => vec![actor],
            To::Members => {
                let members = self.genesis.members().iter();
                members.copied().filter(|member| *member != from).collect()
            }
        };
        for to in to {
            let sent = self.sent.entry(payload.kind()).or_default();
            *sent = (sent.0 + 1, sent.1 + bytes.len());
            if let Some(to) = self.seat_of(&to) {
                self.film.sent(seat, to, payload);
            }
            let bytes = bytes.clone();
            let envelope = Envelope { from, to, bytes };
            self.history.push(envelope.clone());
            self.flying.push_back(envelope);
        }
    }

    pub(crate) fn packets(&self, kind: PacketKind) -> usize {
        self.sent.get(&kind).map_or(0, |(packets, _)| *packets)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sent.values().map(|(_, bytes)| bytes).sum()
    }

    /// Hands bytes to a replica as if they came from `from` over an authenticated link. Whatever is refused has
    /// changed nothing and sent nothing.
    pub(crate) fn hand(&mut self, to: usize, from: Actor, bytes: &[u8]) -> Result<(), RecvError> {
        let payload = decode::<Payload>(bytes).map_err(RecvError::Undecodable)?;
        let effects = self.offer(to, from, payload).map_err(RecvError::Rejected)?;
        self.carry_out(to, effects);
        Ok(())
    }

    /// As [`Wire::hand`], and returns the effects instead of carrying them out.
    pub(crate) fn offer(
        &mut self,
        to: usize,
        from: Actor,
        payload: Payload,
    ) -> Result<Effects<A>, Rejection> {
        let (film, sender) = (self.film, self.seat_of(&from));
        let copy = film::recording().then(|| payload.clone());
        let machine = self.machine_mut(to);
        let before = machine.clone();
        let digest = machine.state_digest();
        let result = machine.handle(Packet { from, payload });
        if let Some(sender) = sender {
            let outcome = result.as_ref().map(|_| ()).map_err(ToString::to_string);
            film.arrived(sender, to, copy.as_ref(), outcome);
        }
        if let Err(rejection) = &result {
            assert!(*machine == before, "{rejection} changed something");
            assert_eq!(machine.state_digest(), digest);
        }
        result
    }

    /// What this payload is rejected for; it must be.
    pub(crate) fn rejection(&mut self, to: usize, from: Actor, payload: Payload) -> Rejection {
        match self.offer(to, from, payload) {
            Err(rejection) => rejection,
            Ok(effects) => panic!("not rejected: {effects:?}"),
        }
    }

    /// Lets one letter arrive, by its place in the heap. Nobody is at home where a replica is down.
    pub(crate) fn arrive(&mut self, place: usize) -> Result<(), RecvError> {
        let Some(envelope) = self.flying.remove(place) else {
            return Ok(());
        };
        match self.seat_of(&envelope.to) {
            Some(to) if self.nodes[to].machine.is_some() => {
                self.hand(to, envelope.from, &envelope.bytes)
            }
            _ => Ok(()),
        }
    }

    /// Lets letters arrive, oldest first, until none is under way. A rejection of what a correct replica says must be
    /// harmless; returns how many there were.
    pub(crate) fn quiet(&mut self) -> usize {
        let mut recv_error = 0;
        while !self.flying.is_empty() {
            if let Err(why) = self.arrive(0) {
                assert!(harmless(&why), "between correct replicas: {why:?}");
                recv_error += 1;
            }
        }
        recv_error
    }

    /// As [`Wire::quiet`], with one member cut off: what was meant for it is held, and returned.
    pub(crate) fn quiet_without(&mut self, seat: usize) -> Vec<Envelope> {
        let mut held = Vec::new();
        let late = self.actor(seat);
        while !self.flying.is_empty() {
            held.extend(self.take(|envelope| envelope.to == late));
            if let Err(why) = self.arrive(0) {
                assert!(harmless(&why), "between correct replicas: {why:?}");
            }
        }
        held
    }

    /// Takes letters out of the heap.
    pub(crate) fn take(&mut self, mut which: impl FnMut(&Envelope) -> bool) -> Vec<Envelope> {
        let (taken, rest) = self.flying.drain(..).partition(|envelope| which(envelope));
        self.flying = rest;
        Vec::from_iter::<VecDeque<Envelope>>(taken)
    }

    /// Takes the letters of one kind out of the heap.
    pub(crate) fn take_kind(&mut self, kind: PacketKind) -> Vec<Envelope> {
        self.take(|envelope| envelope.kind() == kind)
    }

    /// Everybody ticks and everything arrives, until all that run have delivered the same and have nothing under way.
    pub(crate) fn heal(&mut self) {
        self.heal_with(harmless);
    }

    /// As [`Wire::heal`], where more may be said than correct replicas would.
    pub(crate) fn heal_with(&mut self, harmless: impl Fn(&RecvError) -> bool) {
        for _ in 0..8 * self.nodes.len() + 8 {
            while !self.flying.is_empty() {
                if let Err(why) = self.arrive(0) {
                    assert!(harmless(&why), "between correct replicas: {why:?}");
                }
            }
            if self.is_settled() {
                return;
            }
            let up: Vec<_> = self.up().collect();
            for seat in up {
                if self.nodes[seat].machine.is_some() {
                    self.tick(seat);
                }
            }
        }
        let clocks: Vec<_> = self.up().map(|seat| self.machine(seat)).collect();
        panic!("it does not settle: {clocks:?}");
    }

    /// Ticks and deliveries for as long as that may lead anywhere, whoever is stuck.
    pub(crate) fn heal_but_for_pending(&mut self) {
        for _ in 0..2 * self.nodes.len() {
            while !self.flying.is_empty() {
                let _ = self.arrive(0);
            }
            let up: Vec<_> = self.up().collect();
            up.into_iter().for_each(|seat| self.tick(seat));
        }
    }

    fn is_settled(&self) -> bool {
        let mut clocks = self.up().map(|seat| self.machine(seat).clock());
        let first = clocks.next();
        clocks.all(|clock| Some(clock) == first)
            && self.up().all(|seat| self.machine(seat).pending() == 0)
    }

    /// What every run of correct replicas must come to: equal states from equal operations, nobody accused who is
    /// not in `adversaries`, and every restart from a journal leads back to where its replica is.
    pub(crate) fn assert_agreement(&self, adversaries: &[usize]) {
        let mut delivered = BTreeMap::new();
        for seat in self.up() {
            let (machine, node) = (self.machine(seat), &self.nodes[seat]);
            for (certificate, ops) in machine.log() {
                let slot = (certificate.header.source, certificate.header.first);
                let known = delivered.entry(slot).or_insert(ops.clone());
                assert_eq!(known, ops, "two messages in one slot");
            }
            for evidence in machine.evidence() {
                let culprit = self.seat_of(&evidence.culprit).expect("a member");
                assert!(adversaries.contains(&culprit), "an innocent convicted");
                let checked = evidence.verify(machine.generations());
                checked.expect("evidence that anybody can check");
            }
            let restored = restore::<A, K, R>(
                &node.identity,
                &self.genesis,
                journal::read(&node.journal).expect("no damage").records,
            );
            assert_eq!(
                Durable::of(&restored.expect("a sound journal")),
                Durable::of(machine)
            );
        }
        let mut ends = self.up().map(|seat| {
            (
                self.machine(seat).clock(),
                self.machine(seat).state_digest(),
            )
        });
        let first = ends.next().expect("somebody is up");
        assert!(ends.all(|end| end == first), "the states differ");
    }
}

/// A replica from its records; a journal without any is a new disk.
pub(crate) fn restore<A: SecureBroadcastAlgorithm, K: Keys, R: Rules>(
    identity: &SigningActor<K>,
    genesis: &Genesis<A>,
    records: Vec<Record>,
) -> Result<SecureBroadcast<A, K, R>, OpenError> {
    SecureBroadcast::open(
        identity.clone(),
        genesis.clone(),
        records,
        Config::default(),
    )
}

/// What correct replicas say to each other and may not need any more.
pub(crate) fn harmless(why: &RecvError) -> bool {
    matches!(
        why,
        RecvError::Rejected(
            Rejection::Duplicate
                | Rejection::Late
                | Rejection::NotRequested
                | Rejection::OutOfWindow { .. }
                | Rejection::OverBudget
                | Rejection::Halted(_)
        )
    )
}

/// What of a replica must survive a restart.
#[derive(Debug, PartialEq)]
pub(crate) struct Durable<A: SecureBroadcastAlgorithm> {
    clock: VersionVector,
    state: A::ReplicatedState,
    log: Vec<(Certificate, Bytes)>,
    evidence: Vec<Evidence>,
    open: Vec<Option<Header>>,
    halted: bool,
}

impl<A: SecureBroadcastAlgorithm> Durable<A> {
    pub(crate) fn of<K: Keys, R: Rules>(machine: &SecureBroadcast<A, K, R>) -> Self {
        let members = machine.members().actors().iter();
        Self {
            clock: machine.clock().clone(),
            state: machine.algorithm().state(),
            log: machine
                .log()
                .map(|(certificate, ops)| (certificate.clone(), ops.clone()))
                .collect(),
            evidence: machine.evidence().cloned().collect(),
            open: members
                .map(|actor| machine.locked_header(actor).cloned())
                .collect(),
            halted: machine.halted().is_some(),
        }
    }
}

/// A header for these operations, and their bytes. `previous` is `None` for a source's first message.
pub(crate) fn message<Op: serde::Serialize>(
    network: &NetworkId,
    source: usize,
    first: u64,
    previous: Option<&Header>,
    ops: &[Op],
) -> (Header, Bytes) {
    let bytes = encode_sequence(ops);
    let header = Header {
        source: Seat::new(source as u16),
        first: Counter::new(first),
        len: ops.len() as u32,
        previous: previous.map_or(*network.digest(), |header| header.digest(network)),
        causes: Vec::new(),
        ops: Digest::of(&bytes),
    };
    (header, bytes.into())
}

/// A signature of the echo statement for this header in generation 0.
pub(crate) fn vouch<K: Keys>(key: &SigningActor<K>, network: &NetworkId, header: &Header) -> Sig {
    let statement = EchoStatement {
        generation: Generation::GENESIS,
        header: header.digest(network),
    };
    key.sign(network, &statement)
}

pub(crate) fn request<K: Keys>(
    key: &SigningActor<K>,
    network: &NetworkId,
    (header, ops): &(Header, Bytes),
) -> Request {
    Request {
        generation: Generation::GENESIS,
        header: header.clone(),
        echo: vouch(key, network, header),
        ops: ops.clone(),
    }
}

pub(crate) fn echo<K: Keys>(key: &SigningActor<K>, network: &NetworkId, header: &Header) -> Echo {
    Echo {
        generation: Generation::GENESIS,
        first: header.first,
        header: header.digest(network),
        sig: vouch(key, network, header),
    }
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> Wire<A, K, R> {
    pub(crate) fn key(&self, seat: usize) -> &SigningActor<K> {
        &self.nodes[seat].identity
    }

    /// A message of this seat.
    pub(crate) fn message(
        &self,
        source: usize,
        first: u64,
        previous: Option<&Header>,
        ops: &[A::Op],
    ) -> (Header, Bytes) {
        message(&self.network(), source, first, previous, ops)
    }

    /// The request for it, signed with the key of its source.
    pub(crate) fn request(&self, message: &(Header, Bytes)) -> Request {
        let source = message.0.source.get();
        request(self.key(source), &self.network(), message)
    }

    pub(crate) fn echo(&self, witness: usize, header: &Header) -> Echo {
        echo(self.key(witness), &self.network(), header)
    }

    /// A certificate signed by these seats, which need not be enough.
    pub(crate) fn certificate(&self, header: &Header, signers: &[usize]) -> Certificate {
        let mut bits = Signers::none(self.nodes.len());
        let mut signatures = BTreeMap::new();
        for signer in signers {
            bits.insert(MemberIndex::new(*signer as u16));
            let sig = vouch(self.key(*signer), &self.network(), header);
            signatures.insert(*signer, sig);
        }
        Certificate {
            generation: Generation::GENESIS,
            header: header.clone(),
            signers: bits,
            signatures: signatures.into_values().collect(),
        }
    }

    /// A proof of this message by these seats, operations included.
    pub(crate) fn proof(&self, message: &(Header, Bytes), signers: &[usize]) -> Proof {
        Proof {
            certificate: self.certificate(&message.0, signers),
            ops: Some(message.1.clone()),
        }
    }

    pub(crate) fn pull(&self, clock: &[u64]) -> Pull {
        Pull {
            generation: Generation::GENESIS,
            clock: clock_of(clock),
        }
    }

    pub(crate) fn summary(&self, clock: &[u64]) -> Summary {
        Summary {
            generation: Generation::GENESIS,
            clock: clock_of(clock),
            culprits: Signers::none(self.nodes.len()),
            state: None,
        }
    }
}

/// A clock with these entries.
pub(crate) fn clock_of(counters: &[u64]) -> VersionVector {
    let mut clock = VersionVector::zero(counters.len());
    for (seat, counter) in (0..).zip(counters) {
        clock.advance(Seat::new(seat), Counter::new(*counter));
    }
    clock
}

/// The payloads among these effects, with their addressees.
pub(crate) fn payloads<A: SecureBroadcastAlgorithm>(effects: &Effects<A>) -> Vec<(To, Payload)> {
    let sends = effects.iter().filter_map(|effect| match effect {
        Effect::Send { to, payload } => Some((*to, payload.clone())),
        _ => None,
    });
    sends.collect()
}

/// Ed25519 that counts what it is asked for, on this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {}

thread_local! {
    static SIGNED: Cell<usize> = const { Cell::new(0) };
    static VERIFIED: Cell<usize> = const { Cell::new(0) };
}

impl Counted {
    /// Signatures made and verified by `action`.
    pub(crate) fn during(action: impl FnOnce()) -> (usize, usize) {
        let before = (SIGNED.get(), VERIFIED.get());
        action();
        (SIGNED.get() - before.0, VERIFIED.get() - before.1)
    }
}

impl Keys for Counted {
    type Secret = <Ed25519 as Keys>::Secret;
    type Public = <Ed25519 as Keys>::Public;

    fn actor(secret: &Self::Secret) -> Actor {
        Ed25519::actor(secret)
    }

    fn next(secret: &Self::Secret) -> Self::Secret {
        Ed25519::next(secret)
    }

    fn sign(secret: &Self::Secret, bytes: &[u8]) -> Sig {
        SIGNED.set(SIGNED.get() + 1);
        Ed25519::sign(secret, bytes)
    }

    fn public(actor: &Actor) -> Result<Self::Public, WeakKey> {
        Ed25519::public(actor)
    }

    fn verify(public: &Self::Public, bytes: &[u8], sig: &Sig) -> bool {
        VERIFIED.set(VERIFIED.get() + 1);
        Ed25519::verify(public, bytes, sig)
    }
}

/// Signatures anybody could forge, for tests that need a hundred thousand of them or leave a fuzzer no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cheap {}

impl Keys for Cheap {
    type Secret = Actor;
    type Public = Actor;

    fn actor(secret: &Actor) -> Actor {
        *secret
    }

    fn next(secret: &Actor) -> Actor {
        Actor::from_bytes(*Digest::of_parts("cheap/next", &[secret.as_bytes()]).as_bytes())
    }

    fn sign(secret: &Actor, bytes: &[u8]) -> Sig {
        let digest = Digest::of_parts("cheap", &[secret.as_bytes(), bytes]);
        let mut sig = [0; 64];
        sig[..32].copy_from_slice(digest.as_bytes());
        Sig::from_bytes(sig)
    }

    fn public(actor: &Actor) -> Result<Actor, WeakKey> {
        Ok(*actor)
    }

    fn verify(public: &Actor, bytes: &[u8], sig: &Sig) -> bool {
        Self::sign(public, bytes) == *sig
    }
}

/// The bytes an echo of this header signs.
pub(crate) fn echo_bytes(network: &NetworkId, generation: Generation, header: &Header) -> Vec<u8> {
    let header = header.digest(network);
    signing_bytes(network, &EchoStatement { generation, header })
}
