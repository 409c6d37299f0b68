//! A network driven by hand: replicas with journals, a wire anybody may hold back, and checkers.
//!
//! The driver here does what the contract of the effects asks for and no more: it syncs the journal before a packet
//! leaves, and a crash keeps what was synced and any part of the rest.

mod inquest;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::{ChangeRefused, Decision, OpenError};
use bft_crdts::{
    Actor, Causes, Change, ChangeError, Config, Counter, Delivery, Digest, Dot, Effect, Effects,
    Genesis, Keys, Packet, Payload, Record, Rejection, Rules, Seat, SecureBroadcast,
    SecureBroadcastAlgorithm, Sig, SigningActor, Sound, To, VersionVector, WeakKey,
};

use crate::film::{self, Film};
use inquest::Inquest;

/// Signatures that cost nothing. Anybody could forge them; the Byzantine nodes here sign with their own keys only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toy {}

impl Keys for Toy {
    type Secret = [u8; 32];
    type Public = Actor;

    fn actor(secret: &[u8; 32]) -> Actor {
        Actor::from_bytes(*Digest::of_parts("toy/actor", &[secret]).as_bytes())
    }

    fn next(secret: &[u8; 32]) -> [u8; 32] {
        *Digest::of_parts("toy/next", &[secret]).as_bytes()
    }

    fn sign(secret: &[u8; 32], bytes: &[u8]) -> Sig {
        seal(&Self::actor(secret), bytes)
    }

    /// Refuses the actor of 32 zeros, so that there is a weak key.
    fn public(actor: &Actor) -> Result<Actor, WeakKey> {
        let weak = actor.as_bytes() == &[0; 32];
        let actor = *actor;
        if weak {
            Err(WeakKey { actor })
        } else {
            Ok(actor)
        }
    }

    fn verify(public: &Actor, bytes: &[u8], sig: &Sig) -> bool {
        seal(public, bytes) == *sig
    }
}

fn seal(actor: &Actor, bytes: &[u8]) -> Sig {
    let half = Digest::of_parts("toy/signature", &[actor.as_bytes(), bytes]);
    let mut sig = [0x5e; 64];
    sig[..32].copy_from_slice(half.as_bytes());
    Sig::from_bytes(sig)
}

pub(crate) type Replica<A, R = Sound> = SecureBroadcast<A, Toy, R>;

/// One member: a replica with its disk, or (without either) a Byzantine node.
pub(crate) struct Node<A: SecureBroadcastAlgorithm, R: Rules = Sound> {
    /// With its first secret.
    pub(crate) identity: SigningActor<Toy>,
    /// With the secret that is stored.
    pub(crate) stored: SigningActor<Toy>,
    /// `None` while it is down, and of a Byzantine node.
    pub(crate) replica: Option<Replica<A, R>>,
    pub(crate) adversary: bool,
    pub(crate) journal: Vec<Record>,
    pub(crate) synced: usize,
    /// Operations that came back.
    pub(crate) returned: usize,
    config: Config,
    /// How many checkpoints it has had, and how many snapshots it has taken over.
    pub(crate) checkpoints: usize,
    pub(crate) snapshots: usize,
    /// Whom it takes for members.
    members: Vec<Actor>,
    /// Changes that were asked of it.
    pub(crate) asked: Vec<Change>,
    pub(crate) left: bool,
    /// What it has delivered, in order, in this life.
    delivered: Vec<Dot>,
    clock: VersionVector,
}

/// A packet on its way.
#[derive(Clone)]
pub(crate) struct Flying {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) payload: Payload,
}

pub(crate) struct World<A: SecureBroadcastAlgorithm, R: Rules = Sound> {
    pub(crate) genesis: Genesis<A>,
    pub(crate) nodes: Vec<Node<A, R>>,
    pub(crate) wire: Vec<Flying>,
    /// What was delivered for each dot, by anybody in any life.
    agreed: BTreeMap<Dot, Vec<u8>>,
    /// What correct sources have made of their dots.
    made: BTreeMap<Dot, Vec<u8>>,
    /// Every checkpoint that a correct replica has gone by.
    line: Vec<VersionVector>,
    /// What correct replicas have signed and sent.
    inquest: Inquest,
    /// The longest chain of decisions that anybody has.
    pub(crate) chain: Vec<Decision>,
    pub(crate) crashes: usize,
    pub(crate) deliveries: usize,
    film: Film,
}

impl<A: SecureBroadcastAlgorithm, R: Rules> World<A, R> {
    /// `members` of whom `liars` lie, which are the last by key; every member's number is its seat.
    pub(crate) fn new(
        members: usize,
        adversaries: usize,
        state: impl FnOnce(&[Actor]) -> A::ReplicatedState,
    ) -> Self {
        Self::with_joiners(members, adversaries, 0, state)
    }

    /// As [`new`](Self::new), and after the members so many that are none yet.
    pub(crate) fn with_joiners(
        members: usize,
        adversaries: usize,
        joiners: usize,
        state: impl FnOnce(&[Actor]) -> A::ReplicatedState,
    ) -> Self {
        let identity = |number| SigningActor::<Toy>::from_secret([number as u8 + 1; 32]);
        let mut identities: Vec<_> = (0..members).map(identity).collect();
        identities.sort_by_key(SigningActor::actor);
        let actors: Vec<Actor> = identities.iter().map(SigningActor::actor).collect();
        let genesis = Genesis::new("attacks", "toy/1", actors.clone(), state(&actors)).unwrap();
        identities.extend((members..members + joiners).map(identity));
        let correct = |seat| !(members - adversaries..members).contains(&seat);
        let nodes = identities.into_iter().enumerate().map(|(seat, identity)| {
            let adversary = !correct(seat);
            let replica =
                Replica::open(identity.clone(), genesis.clone(), [], Config::default()).unwrap();
            Node {
                replica: (!adversary).then_some(replica),
                stored: identity.clone(),
                identity,
                adversary,
                journal: Vec::new(),
                synced: 0,
                returned: 0,
                config: Config::default(),
                checkpoints: 0,
                snapshots: 0,
                members: actors.clone(),
                asked: Vec::new(),
                left: false,
                delivered: Vec::new(),
                clock: VersionVector::zero(members),
            }
        });
        Self {
            nodes: nodes.collect(),
            genesis,
            wire: Vec::new(),
            agreed: BTreeMap::new(),
            made: BTreeMap::new(),
            line: Vec::new(),
            inquest: Inquest::default(),
            chain: Vec::new(),
            crashes: 0,
            deliveries: 0,
            film: Film::new((0..members + joiners).map(correct)),
        }
    }

    pub(crate) fn actor(&self, at: usize) -> Actor {
        self.nodes[at].identity.actor()
    }

    /// Who it is with the secret it has now.
    pub(crate) fn key(&self, at: usize) -> &SigningActor<Toy> {
        let node = &self.nodes[at];
        (node.replica.as_ref()).map_or(&node.stored, SecureBroadcast::identity)
    }

    pub(crate) fn replica(&self, at: usize) -> &Replica<A, R> {
        self.nodes[at].replica.as_ref().expect("it is up")
    }

    pub(crate) fn replica_mut(&mut self, at: usize) -> &mut Replica<A, R> {
        self.nodes[at].replica.as_mut().expect("it is up")
    }

    pub(crate) fn is_up(&self, at: usize) -> bool {
        self.nodes[at].replica.is_some()
    }

    pub(crate) fn correct(&self) -> impl Iterator<Item = usize> + use<A, R> {
        let correct = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.adversary);
        correct.map(|(at, _)| at).collect::<Vec<_>>().into_iter()
    }

    pub(crate) fn limit_message_ops(&mut self, at: usize, limit: usize) {
        self.configure(at, |config| config.message_ops(limit));
    }

    /// Gives a replica other settings: it starts again with them, from its journal.
    pub(crate) fn configure(&mut self, at: usize, settings: impl FnOnce(Config) -> Config) {
        let node = &mut self.nodes[at];
        node.config = settings(node.config.clone());
        if node.replica.is_some() {
            self.restart(at);
        }
    }

    /// Everybody makes a checkpoint after so many messages.
    pub(crate) fn checkpoint_every(&mut self, messages: usize) {
        let every = NonZeroUsize::new(messages);
        for at in 0..self.nodes.len() {
            self.configure(at, |config| config.checkpoint_every(every));
        }
    }

    /// Puts the short journal in the place of the long one, as a driver may between two steps.
    pub(crate) fn compact(&mut self, at: usize) {
        let short = self.replica(at).compact_journal();
        let node = &mut self.nodes[at];
        node.synced = short.len();
        node.journal = short;
    }

    // What can happen to a replica. `until`: it crashes when it has carried out so many effects.

    pub(crate) fn submit(&mut self, at: usize, ops: impl IntoIterator<Item = A::Op>) {
        self.submit_until(at, ops, usize::MAX);
    }

    pub(crate) fn submit_until(
        &mut self,
        at: usize,
        ops: impl IntoIterator<Item = A::Op>,
        until: usize,
    ) {
        if let Ok((_, effects)) = self.replica_mut(at).broadcast(ops) {
            self.carry_out(at, effects, until);
        }
    }

    pub(crate) fn tick(&mut self, at: usize) {
        self.tick_until(at, usize::MAX);
    }

    pub(crate) fn tick_until(&mut self, at: usize, until: usize) {
        let effects = self.replica_mut(at).tick();
        self.carry_out(at, effects, until);
    }

    pub(crate) fn propose(&mut self, at: usize, change: Change) -> Result<(), ChangeRefused> {
        let effects = self.replica_mut(at).propose(change)?;
        self.carry_out(at, effects, usize::MAX);
        Ok(())
    }

    pub(crate) fn join(&mut self, at: usize) -> Result<(), ChangeError> {
        let effects = self.replica_mut(at).join()?;
        self.carry_out(at, effects, usize::MAX);
        Ok(())
    }

    /// A packet arrives.
    pub(crate) fn hand(
        &mut self,
        from: usize,
        to: usize,
        payload: Payload,
    ) -> Result<(), Rejection> {
        self.hand_until(from, to, payload, usize::MAX)
    }

    pub(crate) fn hand_until(
        &mut self,
        from: usize,
        to: usize,
        payload: Payload,
        until: usize,
    ) -> Result<(), Rejection> {
        let sender = from;
        let copy = film::recording().then(|| payload.clone());
        let from = self.actor(from);
        let replica = self.nodes[to].replica.as_mut().expect("it is up");
        // Dear, so now and then.
        let before = (self.deliveries % 64 == 7).then(|| replica.clone());
        match replica.handle(Packet { from, payload }) {
            Ok(effects) => {
                self.film.arrived(sender, to, copy.as_ref(), Ok(()));
                self.carry_out(to, effects, until);
                Ok(())
            }
            Err(rejection) => {
                self.film
                    .arrived(sender, to, copy.as_ref(), Err(rejection.to_string()));
                let same = before.is_none_or(|before| before == *replica);
                assert!(same, "{rejection} changed something");
                Err(rejection)
            }
        }
    }

    fn carry_out(&mut self, at: usize, effects: Effects<A>, until: usize) {
        for (done, effect) in effects.into_iter().enumerate() {
            if done == until {
                self.crash(at, 0);
                return;
            }
            match effect {
                Effect::Persist(record) => self.persist(at, record),
                Effect::Send { to, payload } => {
                    self.nodes[at].synced = self.nodes[at].journal.len();
                    self.send(at, to, payload);
                }
                Effect::Deliver(delivery) => {
                    if self.nodes.len() > 1 && self.nodes[at].members.len() == 1 {
                        // Nobody could remind it: what it acts on has to be durable.
                        self.nodes[at].synced = self.nodes[at].journal.len();
                    }
                    self.film.delivered(at, &delivery);
                    self.judge_delivery(at, &delivery);
                }
                Effect::Evidence(evidence) => self.judge_conviction(at, &evidence.culprit),
                Effect::Diverged { member } => {
                    let adversary = self
                        .seat_of(&member)
                        .is_some_and(|of| self.nodes[of].adversary);
                    assert!(adversary, "{at} says that {member} has diverged");
                }
                Effect::Halted(halt) => panic!("the correct replica {at} stops: {halt}"),
                Effect::Returned { .. } => self.nodes[at].returned += 1,
                Effect::Generation { members, .. } => {
                    self.nodes[at].members = members.to_vec();
                    self.judge_chain(at);
                }
                Effect::Checkpoint { clock } => {
                    self.nodes[at].checkpoints += 1;
                    self.judge_line(&clock);
                }
                Effect::Installed { clock } => self.judge_installed(at, &clock),
                Effect::Asked { change, .. } => self.nodes[at].asked.push(change),
                Effect::KeyChanged { .. } => self.store_key(at),
                Effect::Left => self.nodes[at].left = true,
                _ => {}
            }
        }
    }

    /// What the contract asks for: first the journal, then the new secret, in place of the old one.
    fn store_key(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.synced = node.journal.len();
        node.stored = node.replica.as_ref().expect("it is up").identity().clone();
    }

    fn persist(&mut self, at: usize, record: Record) {
        if let Record::Own { header, ops, .. } = &record {
            let ops: Vec<A::Op> = bft_crdts::codec::decode_sequence(header.len as usize, ops)
                .expect("its own operations");
            for (dot, op) in dots(self.actor(at), header.first).zip(&ops) {
                self.made.insert(dot, encode(op));
            }
        }
        self.nodes[at].journal.push(record);
    }

    fn send(&mut self, at: usize, to: To, payload: Payload) {
        let receivers: Vec<usize> = match to {
            To::Members => {
                let members = self.nodes[at].members.iter();
                let members = members.filter_map(|member| self.seat_of(member));
                members.filter(|to| *to != at).collect()
            }
            To::One(actor) => self.seat_of(&actor).into_iter().collect(),
        };
        self.judge_signature(at, &receivers, &payload);
        for to in receivers {
            self.film.sent(at, to, &payload);
            let payload = payload.clone();
            self.wire.push(Flying {
                from: at,
                to,
                payload,
            });
        }
    }

    pub(crate) fn seat_of(&self, actor: &Actor) -> Option<usize> {
        self.nodes
            .iter()
            .position(|node| node.identity.actor() == *actor)
    }

    /// The power goes. What was synced is kept, and so many of the records behind.
    pub(crate) fn crash(&mut self, at: usize, kept: usize) {
        let node = &mut self.nodes[at];
        node.replica = None;
        node.journal.truncate(node.synced.saturating_add(kept));
        node.synced = node.journal.len();
        self.film.note(at, || "crash".to_owned());
        self.crashes += 1;
    }

    /// It comes up again, from its journal alone.
    pub(crate) fn restart(&mut self, at: usize) {
        self.film.note(at, || "restart".to_owned());
        let genesis = self.genesis.clone();
        let node = &mut self.nodes[at];
        let (identity, journal) = (node.stored.clone(), node.journal.clone());
        let replica = Replica::open(identity, genesis, journal, node.config.clone())
            .unwrap_or_else(|error| panic!("{at} cannot restore its own journal: {error}"));
        // What it has forgotten is in the snapshot that its log goes on from.
        let forgotten = replica.forgotten();
        let members = replica.members();
        let is_forgotten = |dot: &Dot| {
            let seat = members.seat_of(&dot.actor);
            seat.is_some_and(|seat| dot.counter <= forgotten.get(seat))
        };
        let (mut delivered, rest): (Vec<Dot>, Vec<Dot>) =
            node.delivered.iter().partition(|dot| is_forgotten(dot));
        let sum: u64 = forgotten.iter().map(|(_, counter)| counter.get()).sum();
        let log = log_of(&replica);
        assert!(
            delivered.len() as u64 == sum && rest.starts_with(&log),
            "{at} remembers deliveries that it never made"
        );
        delivered.extend(log);
        node.delivered = delivered;
        node.clock = replica.clock().clone();
        node.members = replica.members().actors().to_vec();
        node.stored = replica.identity().clone();
        node.replica = Some(replica);
        if self.nodes.len() == 1 {
            // Nobody else knows what it delivered: what never became durable has never happened.
            let known = &self.nodes[at].delivered;
            self.agreed.retain(|dot, _| known.contains(dot));
        }
    }

    /// It crashes, and comes up again from its journal and an earlier secret, or a later one: its first, and so many steps
    /// on.
    pub(crate) fn restart_from(&mut self, at: usize, steps: usize) -> Result<(), OpenError> {
        let node = &mut self.nodes[at];
        let first = node.identity.clone();
        node.stored = (0..steps).fold(first, |key, _| key.next());
        let (secret, journal) = (node.stored.clone(), node.journal.clone());
        Replica::<A, R>::open(secret, self.genesis.clone(), journal, Config::default())?;
        self.crash(at, usize::MAX);
        self.restart(at);
        Ok(())
    }

    /// Its journal gives the machine it is now.
    pub(crate) fn judge_journal(&self, at: usize) {
        let node = &self.nodes[at];
        let Some(live) = node.replica.as_ref().filter(|_| !node.journal.is_empty()) else {
            return;
        };
        let again = Replica::<A, R>::open(
            node.stored.clone(),
            self.genesis.clone(),
            node.journal.clone(),
            node.config.clone(),
        )
        .unwrap_or_else(|error| panic!("{at} could not restore its own journal: {error}"));
        assert_eq!(live.generation(), again.generation());
        assert_eq!(live.identity().key(), again.identity().key(), "key of {at}");
        assert!(live.chain().eq(again.chain()), "chain of {at}");
        assert_eq!(live.clock(), again.clock());
        assert_eq!(live.state_digest(), again.state_digest());
        assert_eq!(live.halted(), again.halted());
        assert!(live.evidence().eq(again.evidence()), "evidence of {at}");
        // A journal that was made short has forgotten more.
        let forgotten = again.forgotten();
        let beyond = live.log().filter(|(certificate, _)| {
            let header = &certificate.header;
            header.first > forgotten.get(header.source)
        });
        assert!(beyond.eq(again.log()), "log of {at}");
        for source in 0..self.nodes.len() {
            let source = self.actor(source);
            assert_eq!(
                live.locked_header(&source),
                again.locked_header(&source),
                "open at {at}"
            );
        }
    }

    // The wire.

    /// Takes one packet off the wire, to be handed over or lost.
    pub(crate) fn take(&mut self, place: usize) -> Flying {
        self.wire.swap_remove(place)
    }

    /// Every packet arrives, and every answer to it, as long as there are any. Liars and those that are down hear nothing.
    pub(crate) fn flow(&mut self) {
        self.flow_if(|_| true);
    }

    /// As [`flow`](Self::flow), but what `passes` refuses is lost.
    pub(crate) fn flow_if(&mut self, passes: impl Fn(&Flying) -> bool) {
        while !self.wire.is_empty() {
            let packet = self.wire.remove(0);
            if self.is_up(packet.to) && passes(&packet) {
                let _ = self.hand(packet.from, packet.to, packet.payload);
            }
        }
    }

    /// Packets on the wire that this is true of, which stay there.
    pub(crate) fn on_wire(&self, is: impl Fn(&Flying) -> bool) -> Vec<Flying> {
        self.wire
            .iter()
            .filter(|packet| is(packet))
            .cloned()
            .collect()
    }

    // The checkers.

    fn judge_delivery(&mut self, at: usize, delivery: &Delivery<A::Op>) {
        self.deliveries += 1;
        let source = self.seat_of(&delivery.source).expect("a member");
        let causes: Vec<Causes> = delivery
            .iter()
            .map(|(_, op)| self.replica(at).algorithm().causes(op))
            .collect();
        for ((dot, op), causes) in delivery.iter().zip(causes) {
            let bytes = encode(op);
            if !self.nodes[source].adversary {
                assert_eq!(self.made.get(&dot), Some(&bytes), "G1: nobody made {dot}");
            }
            let agreed = self.agreed.entry(dot).or_insert_with(|| bytes.clone());
            assert_eq!(*agreed, bytes, "G4: two operations for {dot}");
            let members = self.replica(at).members().clone();
            let node = &mut self.nodes[at];
            let (seat, seats) = (delivery.seat, members.seats());
            assert_eq!(members.seat_of(&delivery.source), Some(seat));
            let mut clock: Vec<Counter> = node.clock.iter().map(|(_, counter)| counter).collect();
            clock.resize(seats, Counter::ZERO);
            assert_eq!(
                clock[seat.get()].next(),
                Some(dot.counter),
                "G3: {at} delivers {dot} out of order"
            );
            for cause in causes.dots() {
                let seat = members.seat_of(&cause.actor).expect("a source");
                let known = cause.counter <= clock[seat.get()];
                assert!(known, "G7: {at} delivers {dot} before {cause}");
            }
            node.clock = VersionVector::zero(seats);
            clock[seat.get()] = dot.counter;
            for (seat, counter) in (0..).map(Seat::new).zip(clock) {
                node.clock.advance(seat, counter);
            }
            node.delivered.push(dot);
        }
    }

    /// A snapshot has nothing in it but what was delivered somewhere, with all its causes, and the state is that of whoever
    /// has delivered just that.
    fn judge_installed(&mut self, at: usize, clock: &VersionVector) {
        let replica = self.replica(at);
        let members = replica.members().clone();
        let covered = |dot: &Dot| {
            let seat = members.seat_of(&dot.actor);
            seat.is_some_and(|seat| dot.counter <= clock.get(seat))
        };
        let mut new = Vec::new();
        for (seat, last) in clock.iter() {
            let source = *members.in_seat(seat).expect("a source");
            for counter in (1..=last.get()).map(Counter::new) {
                let dot = Dot::new(source, counter);
                let op = self.agreed.get(&dot).expect("G1: delivered by nobody");
                let op: A::Op = bft_crdts::codec::decode(op).expect("it was read before");
                let causes = replica.algorithm().causes(&op);
                assert!(causes.dots().all(covered), "G7: {dot} without its causes");
                new.push(dot);
            }
        }
        let node = &mut self.nodes[at];
        new.retain(|dot| !node.delivered.contains(dot));
        node.delivered.extend(new);
        let before = std::mem::replace(&mut node.clock, clock.clone());
        let mut counters: Vec<Counter> = node.clock.iter().map(|(_, counter)| counter).collect();
        counters.resize(counters.len().max(before.seats()), Counter::ZERO);
        node.clock = VersionVector::zero(counters.len());
        for (seat, counter) in (0..).map(Seat::new).zip(counters) {
            node.clock.advance(seat, counter.max(before.get(seat)));
        }
        node.snapshots += 1;
    }

    /// G9: one chain, of which everybody has the beginning.
    fn judge_chain(&mut self, at: usize) {
        let decisions = self.replica(at).chain().map(|link| link.decision);
        let decisions: Vec<Decision> = decisions.collect();
        let both = self.chain.len().min(decisions.len());
        assert_eq!(
            self.chain[..both],
            decisions[..both],
            "G9: {at} is on another chain"
        );
        if self.chain.len() < decisions.len() {
            self.chain = decisions;
        }
    }

    fn judge_conviction(&self, at: usize, culprit: &Actor) {
        let adversary = self
            .seat_of(culprit)
            .is_some_and(|of| self.nodes[of].adversary);
        assert!(adversary, "{at} convicts the correct {culprit}");
    }

    fn judge_signature(&mut self, at: usize, receivers: &[usize], payload: &Payload) {
        let me = self.actor(at);
        let nodes = &self.nodes;
        let replica = nodes[at].replica.as_ref().expect("it is up");
        let seat_of = |of: usize| replica.members().seat_of(&nodes[of].identity.actor());
        let generations = replica.generations();
        self.inquest
            .hear((at, &me), receivers, payload, generations, seat_of);
    }

    /// Once healed: everything submitted is delivered, everywhere, and all states are equal. `None`, or what is missing.
    pub(crate) fn unfinished(&self) -> Option<String> {
        let mut clocks = BTreeSet::new();
        for at in self.correct() {
            let replica = self.replica(at);
            if replica.pending() > 0 {
                return Some(format!("G5: {} operations of {at} wait", replica.pending()));
            }
            clocks.insert(encode(replica.clock()));
        }
        (clocks.len() > 1).then(|| "G6: some have delivered what others have not".to_string())
    }

    /// Of two checkpoints one covers the other: whoever forgets below the one can be helped by whoever has the other.
    fn judge_line(&mut self, clock: &VersionVector) {
        for known in &self.line {
            let aside = known.is_ahead_of(clock) && clock.is_ahead_of(known);
            assert!(
                !aside,
                "two checkpoints, neither above the other: {known:?}, {clock:?}"
            );
        }
        if !self.line.contains(clock) {
            self.line.push(clock.clone());
        }
    }

    pub(crate) fn judge_states(&self) {
        let states: BTreeSet<Vec<u8>> = self
            .correct()
            .map(|at| encode(&self.replica(at).algorithm().state()))
            .collect();
        assert_eq!(states.len(), 1, "G8: the states differ");
    }
}

fn dots(actor: Actor, first: Counter) -> impl Iterator<Item = Dot> {
    (0..).map_while(move |offset| Some(Dot::new(actor, first.checked_add(offset)?)))
}

fn log_of<A: SecureBroadcastAlgorithm, R: Rules>(replica: &Replica<A, R>) -> Vec<Dot> {
    replica
        .log()
        .flat_map(|(certificate, _)| {
            let header = &certificate.header;
            let source = *replica.members().in_seat(header.source).expect("a member");
            dots(source, header.first).take(header.len as usize)
        })
        .collect()
}
