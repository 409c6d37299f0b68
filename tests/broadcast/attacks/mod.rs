//! Executions that once broke a promise of the secure broadcast, and a search for more of them.
//!
//! Each test is a claim that was false when it was written.

mod adversary;
mod search;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use crate::world::{Flying, Replica, World};
use bft_crdts::codec::{MAX_PACKET_BYTES, decode, encode};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Pull, Summary};
use bft_crdts::deterministic_secure_broadcast::{Halt, Header};
use bft_crdts::membership::Signers;
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Actor, Bytes, Causes, Config, Counter, Digest, Dot, Effect, Evidence, Packet, PacketKind,
    Payload, Seat, SecureBroadcastAlgorithm, Sig, SigningActor, VersionVector,
};
use serde::{Deserialize, Serialize};

type Set = Orswot<u8>;
type SetWorld = World<Set>;

fn set_world(members: usize, adversaries: usize) -> SetWorld {
    World::new(members, adversaries, |_| Entries::default())
}

fn add(member: u8) -> Op<u8> {
    let members = BTreeSet::from([member]);
    Op::Add { members }
}

fn remove(member: u8, source: Actor, counter: u64) -> Op<u8> {
    Op::Remove {
        members: BTreeSet::from([member]),
        witnessed: BTreeSet::from([Dot::new(source, Counter::new(counter))]),
    }
}

fn is(kind: PacketKind) -> impl Fn(&Flying) -> bool {
    move |packet| packet.payload.kind() == kind
}

fn without(at: usize) -> impl Fn(&Flying) -> bool {
    move |packet| packet.to != at
}

/// What `holder` answers to somebody who lacks everything: its proofs with operations, in causal order.
fn proofs(world: &SetWorld, holder: usize) -> Vec<Payload> {
    let log = world.replica(holder).log();
    log.map(|(certificate, ops)| {
        let (certificate, ops) = (certificate.clone(), Some(ops.clone()));
        Payload::Proof(Proof { certificate, ops })
    })
    .collect()
}

fn ticks(world: &mut SetWorld, rounds: usize) {
    for _ in 0..rounds {
        for at in world.correct() {
            world.tick(at);
        }
        world.flow();
    }
}

/// Replica 3 missed everything, and is asked for nothing until the end: 0 adds, 1 removes what 0 added.
fn add_and_remove_without_3() -> SetWorld {
    let mut world = set_world(4, 0);
    world.submit(0, [add(7)]);
    world.flow_if(without(3));
    let remove = remove(7, world.actor(0), 1);
    world.submit(1, [remove]);
    world.flow_if(without(3));
    world
}

#[test]
fn a_replica_that_restored_ahead_certificates_still_delivers() {
    let mut world = add_and_remove_without_3();
    let [add, remove] = proofs(&world, 0).try_into().unwrap();
    world.hand(0, 3, remove).unwrap();
    world.hand(0, 3, add).unwrap();
    // The delivery of the cause reached the disk, the one that it made possible did not.
    world.crash(3, 1);
    world.restart(3);
    assert_eq!(world.replica(3).log().count(), 1);
    world.wire.clear();
    ticks(&mut world, 8);
    assert_eq!(world.unfinished(), None);
}

#[test]
fn a_network_of_one_finishes_the_message_it_crashed_in() {
    let mut world = set_world(1, 0);
    world.submit(0, [add(7)]);
    world.crash(0, 2);
    world.restart(0);
    assert_eq!(
        world.replica(0).pending(),
        1,
        "the message is in the journal"
    );
    ticks(&mut world, 3);
    assert_eq!(world.unfinished(), None);
}

#[test]
fn a_replica_that_has_stopped_signing_does_not_echo_what_it_had_parked() {
    let mut world = set_world(4, 0);
    world.submit(0, [add(7)]);
    world.flow_if(without(3));
    let remove = remove(7, world.actor(0), 1);
    world.submit(1, [remove]);
    world.flow_if(|packet| packet.to != 3 || packet.payload.kind() == PacketKind::Request);
    assert!(!world.replica_mut(3).stop_signing().is_empty());
    for proof in proofs(&world, 0).into_iter().take(1) {
        world.hand(0, 3, proof).unwrap();
    }
    assert_eq!(world.on_wire(is(PacketKind::Echo)).len(), 0);
}

/// The first message of a Byzantine node, with its request.
fn first_of(world: &SetWorld, adversary: usize, member: u8) -> (Header, Bytes, Payload) {
    let network = world.genesis.network();
    let (header, ops) = adversary::header(
        adversary,
        Counter::FIRST,
        *network.digest(),
        Vec::new(),
        &[add(member)],
    );
    let identity = &world.nodes[adversary].identity;
    let request = adversary::request(identity, &network, header.clone(), ops.clone());
    (header, ops, request)
}

/// The echoes on the wire for this liar.
fn echoes_for(world: &SetWorld, adversary: usize) -> BTreeMap<usize, Sig> {
    let echoes = world.on_wire(|packet| packet.to == adversary);
    let echoes = echoes
        .into_iter()
        .filter_map(|packet| match packet.payload {
            Payload::Echo(echo) => Some((packet.from, echo.sig)),
            _ => None,
        });
    echoes.collect()
}

#[test]
fn an_equivocator_is_convicted_though_its_certificate_leaves_its_own_echo_out() {
    let mut world = set_world(4, 1);
    let (header, _, request) = first_of(&world, 3, 1);
    for witness in 0..3 {
        world.hand(3, witness, request.clone()).unwrap();
    }
    let certificate = adversary::certificate(4, header, &echoes_for(&world, 3));
    assert_eq!(
        certificate.signers.count(),
        3,
        "a quorum without its source"
    );
    let proof = Payload::Proof(Proof {
        certificate,
        ops: None,
    });
    world.hand(3, 0, proof).unwrap();
    assert!(world.replica(0).algorithm().contains(&1));
    world.crash(0, usize::MAX);
    world.restart(0);
    let (_, _, other) = first_of(&world, 3, 2);
    let _ = world.hand(3, 0, other);
    assert_eq!(world.replica(0).evidence().count(), 1);
}

#[test]
fn somebody_who_is_no_member_signs_nothing() {
    let world = set_world(4, 0);
    let stranger = SigningActor::from_secret([77; 32]);
    let mut stranger =
        Replica::<Set>::open(stranger, world.genesis.clone(), [], Config::default()).unwrap();
    let (_, _, request) = first_of(&world, 3, 1);
    let packet = Packet {
        from: world.actor(3),
        payload: request,
    };
    let effects: Vec<_> = stranger.handle(packet).into_iter().flatten().collect();
    assert_eq!(effects, []);
}

#[test]
fn a_peer_is_answered_no_more_than_its_share_however_large_certificates_are() {
    let mut world = set_world(31, 1);
    for round in 0..10 {
        for adder in 0..30 {
            world.submit(adder, [add(round)]);
        }
        world.flow();
    }
    let pull = Pull {
        generation: adversary::G,
        clock: VersionVector::zero(31),
    };
    for _ in 0..10 {
        let _ = world.hand(30, 0, Payload::Pull(pull.clone()));
    }
    let answers = world
        .wire
        .iter()
        .map(|packet| encode(&packet.payload).len());
    let answers: Vec<usize> = answers.collect();
    let most = 256 * 1024 + answers.iter().max().unwrap();
    let all: usize = answers.iter().sum();
    assert!(all <= most, "{all} bytes for one peer in one tick");
}

/// A member of a set that contains others, as deep as one likes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Nested(Option<Box<Nested>>);

fn nested(depth: usize) -> Nested {
    (0..depth).fold(Nested(None), |inner, _| Nested(Some(Box::new(inner))))
}

#[test]
fn an_operation_that_nobody_can_read_comes_back_and_blocks_nothing() {
    let mut world: World<Orswot<Nested>> = World::new(4, 0, |_| Entries::default());
    let add = |depth| Op::Add {
        members: BTreeSet::from([nested(depth)]),
    };
    world.submit(0, [add(1), add(100), add(2)]);
    world.flow();
    assert_eq!(world.unfinished(), None);
    assert_eq!(world.nodes[0].returned, 1);
    assert!(world.replica(3).algorithm().contains(&nested(2)));
}

/// An operation of no bytes: as many as one likes would fit into an empty message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Nothing;

/// An algorithm with nothing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Silent;

impl SecureBroadcastAlgorithm for Silent {
    type Op = Nothing;
    type ReplicatedState = u8;
    type Invalid = Infallible;

    fn new(_: Actor) -> Self {
        Self
    }

    fn state(&self) -> u8 {
        0
    }

    fn sync_from(&mut self, _: u8) {}

    fn causes(&self, _: &Nothing) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, _: &Nothing) -> Result<(), Infallible> {
        Ok(())
    }

    fn apply(&mut self, _: Dot, _: Nothing) {}
}

#[test]
fn operations_that_are_readable_only_alone_come_back_and_block_nothing() {
    let mut world: World<Silent> = World::new(4, 0, |_| 0);
    world.submit(0, [Nothing, Nothing]);
    world.flow();
    assert_eq!(world.unfinished(), None);
    assert_eq!(world.nodes[0].returned, 2);
}

#[test]
fn lists_by_seat_take_no_more_memory_than_the_packet_they_came_in() {
    let most = MAX_PACKET_BYTES - 512;
    let pull = Payload::Pull(Pull {
        generation: adversary::G,
        clock: VersionVector::zero(most),
    });
    let world = set_world(4, 1);
    let identity = &world.nodes[3].identity;
    let causes = vec![(Seat::new(0), Counter::FIRST); most / 2];
    let (header, ops) = adversary::header(3, Counter::FIRST, Digest::of(b""), causes, &[add(1)]);
    let request = adversary::request(identity, &world.genesis.network(), header, ops);
    for payload in [pull, request] {
        let bytes = encode(&payload);
        let counted = allocation_counter::measure(|| drop(decode::<Payload>(&bytes)));
        let peak = counted.bytes_max;
        assert!(peak <= 2 * bytes.len() as u64, "{peak} for {}", bytes.len());
    }
}

thread_local! {
    /// How often a state was asked for.
    static STATES: Cell<usize> = const { Cell::new(0) };
}

/// An algorithm with a state that is dear to encode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heavy;

impl SecureBroadcastAlgorithm for Heavy {
    type Op = u8;
    type ReplicatedState = u8;
    type Invalid = Infallible;

    fn new(_: Actor) -> Self {
        Self
    }

    fn state(&self) -> u8 {
        STATES.set(STATES.get() + 1);
        0
    }

    fn sync_from(&mut self, _: u8) {}

    fn causes(&self, _: &u8) -> Causes {
        Causes::Nothing
    }

    fn validate(&self, _: &Dot, _: &u8) -> Result<(), Infallible> {
        Ok(())
    }

    fn apply(&mut self, _: Dot, _: u8) {}
}

#[test]
fn summaries_cannot_have_the_state_encoded_after_every_delivery() {
    let mut world: World<Heavy> = World::new(4, 1, |_| 0);
    STATES.set(0);
    for op in 0..100 {
        world.submit(0, [op]);
        world.flow();
        let summary = Summary {
            generation: adversary::G,
            clock: world.replica(1).clock().clone(),
            culprits: Signers::none(4),
            state: Some(Digest::of(b"another")),
        };
        world.hand(3, 1, Payload::Summary(summary)).unwrap();
    }
    assert!(STATES.get() <= 1, "{} states in one tick", STATES.get());
}

#[test]
fn a_replica_that_sees_itself_convicted_stops_signing() {
    let mut world = set_world(4, 0);
    // Somebody has the key of 3, and signs two headers with it.
    let [one, other] = [1, 2].map(|member| match first_of(&world, 3, member).2 {
        Payload::Request(request) => SignedHeader {
            generation: request.generation,
            header: request.header,
            sig: request.echo,
        },
        other => unreachable!("{other:?}"),
    });
    let evidence = Evidence::headers(&world.genesis.network(), world.actor(3), one, other);
    let packet = Packet {
        from: world.actor(1),
        payload: Payload::Evidence(Box::new(evidence)),
    };
    let effects = world.replica_mut(3).handle(packet).unwrap();
    assert_eq!(world.replica(3).halted(), Some(Halt::KeyUsedElsewhere));
    // Wherever a crash cuts its journal short: once it knows, it has stopped.
    let records: Vec<_> = effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Persist(record) => Some(record),
            _ => None,
        })
        .collect();
    for kept in 1..=records.len() {
        let node = &world.nodes[3];
        let journal = records[..kept].iter().cloned();
        let again = Replica::<Set>::open(
            node.identity.clone(),
            world.genesis.clone(),
            journal,
            Config::default(),
        );
        let again = again.unwrap();
        if again.evidence().count() > 0 {
            assert_eq!(again.halted(), Some(Halt::KeyUsedElsewhere), "{kept} kept");
        }
    }
}
