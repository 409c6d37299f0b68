//! A3: keys that are good for one generation only, announced before, and erased with the seal.

use bft_crdts::deterministic_secure_broadcast::packet::Request;
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    NextKeyStatement, ProposeStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, NextKey, Proposal};
use bft_crdts::deterministic_secure_broadcast::{
    EchoStatement, Evidence, Halt, Malformed, OpenError,
};
use bft_crdts::orswot::{Op, Orswot};
use bft_crdts::{
    Actor, Change, Config, Effect, Generation, MemberIndex, Packet, PacketKind, Payload, Rejection,
    Sig, SigningActor, WeakKey,
};

use super::defects::first_message;
use super::{add, rounds, set, set_of_liars};
use crate::world::{Flying, Replica, Toy, World};

type Set = World<Orswot<u8>>;
type Key = SigningActor<Toy>;

/// Lets somebody join, while what `passes` refuses is lost.
fn join(world: &mut Set, joiner: usize, passes: impl Fn(&Flying) -> bool) {
    world.join(joiner).unwrap();
    world.flow();
    let change = Change::Join(world.actor(joiner));
    for at in world.correct() {
        if world.replica(at).is_member() {
            world.propose(at, change).unwrap();
        }
    }
    for _ in 0..8 {
        for at in world.correct() {
            world.tick(at);
        }
        world.flow_if(&passes);
    }
    assert!(world.replica(joiner).is_member());
}

fn says_its_next_key(packet: &Flying, by: usize) -> bool {
    packet.from == by && packet.payload.kind() == PacketKind::NextKey
}

/// Its key in a generation, as `at` knows it.
fn key_of(world: &Set, at: usize, of: usize, generation: u64) -> Actor {
    let members = world
        .replica(at)
        .members_of(Generation::new(generation))
        .unwrap();
    members
        .key_bytes(members.seat_of(&world.actor(of)).unwrap())
        .unwrap()
}

fn later(key: &Key, steps: usize) -> Key {
    (0..steps).fold(key.clone(), |key, _| key.next())
}

#[test]
fn keys_change_with_the_generations_and_names_do_not() {
    let mut world = set(4, 2);
    world.submit(0, [add(1)]);
    world.flow();
    join(&mut world, 4, |_| true);
    world.submit(0, [add(2)]);
    rounds(&mut world, 4);
    join(&mut world, 5, |_| true);
    rounds(&mut world, 8);
    let first: Vec<Key> = world
        .nodes
        .iter()
        .map(|node| node.identity.clone())
        .collect();
    for at in 0..6 {
        for (of, first) in first.iter().enumerate().take(4) {
            let keys = [0, 1, 2].map(|generation| key_of(&world, at, of, generation));
            assert_eq!(keys, [0, 1, 2].map(|steps| later(first, steps).key()));
        }
        let joined = [1, 2].map(|generation| key_of(&world, at, 4, generation));
        assert_eq!(joined, [0, 1].map(|steps| later(&first[4], steps).key()));
        assert_eq!(world.replica(at).actor(), first[at].actor());
        // What was certified with keys that are gone is still believed: the last one joined after all of it.
        assert!(
            [1, 2]
                .iter()
                .all(|member| world.replica(at).algorithm().contains(member))
        );
        let signs_with = world.key(at).key();
        assert_eq!(signs_with, key_of(&world, at, at, 2));
        assert_eq!(
            world.nodes[at].stored.key(),
            signs_with,
            "and nothing else is stored"
        );
    }
}

/// A leader that says it did not hear of somebody's key can put off that it is erased, and no more.
#[test]
fn whoever_is_not_heard_in_time_keeps_its_key_for_one_generation_more() {
    let mut world = set(4, 2);
    join(&mut world, 4, |packet| !says_its_next_key(packet, 3));
    let own = world.nodes[3].identity.clone();
    assert_eq!(key_of(&world, 0, 3, 1), own.key());
    assert_eq!(world.key(3).key(), own.key());
    assert_ne!(key_of(&world, 0, 2, 1), world.actor(2), "the others go on");
    world.submit(3, [add(1)]);
    rounds(&mut world, 4);
    join(&mut world, 5, |_| true);
    assert_eq!(key_of(&world, 0, 3, 2), own.next().key());
    assert_eq!(world.key(3).key(), own.next().key());
}

#[test]
fn whoever_leaves_erases_its_key_though_nobody_heard_of_another() {
    let mut world = set(5, 0);
    let leave = Change::Leave(world.actor(1));
    for at in 0..5 {
        world.propose(at, leave).unwrap();
    }
    for _ in 0..12 {
        (0..5).for_each(|at| world.tick(at));
        world.flow_if(|packet| !says_its_next_key(packet, 1));
    }
    assert!(world.nodes[1].left);
    assert_eq!(
        key_of(&world, 0, 1, 1),
        world.actor(1),
        "the last that anybody knows"
    );
    assert_eq!(world.key(1).key(), world.nodes[1].identity.next().key());
    world.judge_journal(1);
    world.restart_from(1, 0).unwrap();
    assert_eq!(world.key(1).key(), world.nodes[1].identity.next().key());
}

/// The power may have gone before the new secret was stored. It cannot have gone the other way round.
#[test]
fn a_replica_goes_on_from_an_earlier_secret_and_from_no_later_one() {
    let mut world = set(4, 2);
    join(&mut world, 4, |_| true);
    let early = world.nodes[1].journal.len();
    join(&mut world, 5, |_| true);
    rounds(&mut world, 8);
    let key = world.key(1).key();
    for steps in 0..=2 {
        world.restart_from(1, steps).unwrap();
        assert_eq!(world.key(1).key(), key, "after {steps}");
    }
    assert_eq!(world.restart_from(1, 3), Err(OpenError::OtherSecret));
    let first = world.nodes[1].identity.clone();
    let other = world.nodes[2].identity.secret();
    world.nodes[1].identity = Key::with_secret(first.actor(), *other);
    assert_eq!(world.restart_from(1, 0), Err(OpenError::OtherSecret));
    world.nodes[1].identity = first;
    // An old journal forgets what was signed since.
    world.nodes[1].journal.truncate(early);
    assert_eq!(world.restart_from(1, 2), Err(OpenError::OtherSecret));
    // So does none.
    let (used, genesis) = (later(&world.nodes[1].identity, 2), world.genesis.clone());
    let new = Replica::<Orswot<u8>>::open(used, genesis, [], Config::default()).map(|_| ());
    assert_eq!(new, Err(OpenError::KeyChanged(world.actor(1))));
}

fn announcement(world: &Set, by: &Key, generation: u64, key: Actor) -> Payload {
    let generation = Generation::new(generation);
    let statement = NextKeyStatement { generation, key };
    let sig = by.sign(&world.genesis.network(), &statement);
    Payload::NextKey(NextKey {
        generation,
        key,
        sig,
    })
}

#[test]
fn an_announcement_is_signed_by_its_member_once_and_names_a_sound_key() {
    let mut world = set_of_liars(4, 1, 1);
    let adversary = world.nodes[3].identity.clone();
    let [one, two] = [1, 2].map(|steps| later(&adversary, steps).key());
    let weak = Actor::from_bytes([0; 32]);
    let forged = announcement(&world, &later(&adversary, 1), 0, one);
    let signer = Some(adversary.actor());
    let invalid = Err(Rejection::InvalidSignature { signer });
    assert_eq!(world.hand(3, 0, forged), invalid);
    let other = announcement(&world, &adversary, 0, weak);
    let why = Rejection::WeakKey(WeakKey { actor: weak });
    assert_eq!(world.hand(3, 0, other), Err(why));
    let ahead = announcement(&world, &adversary, 5, one);
    assert_eq!(world.hand(3, 0, ahead), Ok(()), "asks for the chain");
    let stranger = announcement(&world, &world.nodes[4].identity, 0, one);
    let why = Rejection::NotMember(world.actor(4));
    assert_eq!(world.hand(4, 0, stranger), Err(why));
    let sound = announcement(&world, &adversary, 0, one);
    assert_eq!(world.hand(3, 0, sound.clone()), Ok(()));
    assert_eq!(world.hand(3, 0, sound), Err(Rejection::Duplicate));
    let changed = announcement(&world, &adversary, 0, two);
    assert_eq!(world.hand(3, 0, changed), Err(Rejection::Duplicate));
}

/// What the first leader proposes, and has not told anybody yet.
fn proposal(world: &mut Set) -> Proposal {
    world.join(4).unwrap();
    world.flow();
    let change = Change::Join(world.actor(4));
    for at in 0..4 {
        world.propose(at, change).unwrap();
    }
    (0..4).for_each(|at| world.tick(at));
    let heard = world.on_wire(|packet| packet.to == 0);
    world.wire.clear();
    for packet in heard {
        let _ = world.hand(packet.from, packet.to, packet.payload);
    }
    let proposals = world.on_wire(|packet| packet.payload.kind() == PacketKind::Propose);
    if let Some(Flying {
        payload: Payload::Propose(proposal),
        ..
    }) = proposals.first()
    {
        return (**proposal).clone();
    }
    panic!("it proposes nothing");
}

#[test]
fn a_proposal_names_every_key_as_it_was_announced() {
    let mut world = set(4, 1);
    let sound = proposal(&mut world);
    assert_eq!(sound.keys.keys.keys.len(), 4);
    let leader = world.nodes[0].identity.clone();
    let network = world.genesis.network();
    let sign = |mut proposal: Proposal| {
        proposal.decision.keys = proposal.keys.keys.digest();
        let statement = ProposeStatement {
            generation: proposal.generation,
            attempt: proposal.attempt,
            decision: proposal.decision.digest(&network),
        };
        proposal.sig = leader.sign(&network, &statement);
        proposal
    };
    let misfit = Err(Rejection::Malformed(Malformed::NextKeys));
    let mut hand = |proposal: &Proposal| {
        let payload = Payload::Propose(Box::new(proposal.clone()));
        world.hand(0, 1, payload)
    };
    // Not those of the decision.
    let mut other = sound.clone();
    other.keys.keys.keys.swap(0, 1);
    assert_eq!(hand(&other), misfit);
    // Nor those that were announced.
    assert!(matches!(
        hand(&sign(other)),
        Err(Rejection::InvalidSignature { signer: Some(_) })
    ));
    let mut other = sound.clone();
    other.keys.signatures[2] = Sig::from_bytes([3; 64]);
    assert!(matches!(
        hand(&other),
        Err(Rejection::InvalidSignature { signer: Some(_) })
    ));
    // One more, or one less, than there are names and signatures.
    let mut other = sound.clone();
    other.keys.keys.keys.pop();
    assert_eq!(hand(&sign(other)), misfit);
    let mut other = sound.clone();
    other.keys.signatures.pop();
    assert_eq!(hand(&sign(other)), misfit);
    let mut other = sound.clone();
    other.keys.keys.members.insert(MemberIndex::new(7));
    assert_eq!(hand(&sign(other)), misfit);
    // A key that is none.
    let mut other = sound.clone();
    other.keys.keys.keys[1] = Actor::from_bytes([0; 32]);
    assert!(matches!(hand(&sign(other)), Err(Rejection::WeakKey(_))));
    assert_eq!(hand(&sound), Ok(()));
    // A link without the keys of its decision is none.
    world.flow();
    let mut link = world.replica(0).chain().next().unwrap().clone();
    link.keys.keys.swap(0, 1);
    let mut observer = Replica::<Orswot<u8>>::open(
        Key::from_secret([99; 32]),
        world.genesis.clone(),
        [],
        Config::default(),
    )
    .unwrap();
    let mut show = |link| {
        let (from, links) = (leader.actor(), vec![link]);
        let payload = Payload::Chain(Chain { links });
        observer.handle(Packet { from, payload }).map(|_| ())
    };
    assert_eq!(show(link.clone()), misfit);
    link.keys.keys.swap(0, 1);
    assert_eq!(show(link), Ok(()));
}

/// A source that signs two messages for one slot, with another key each, is convicted by both.
#[test]
fn evidence_reaches_over_generations_with_different_keys() {
    let mut world = set_of_liars(4, 1, 1);
    let network = world.genesis.network();
    let adversary = world.nodes[3].identity.clone();
    let next = adversary.next();
    let request = |world: &Set, by: &Key, generation: u64, op: Op<u8>| {
        let (header, ops) = first_message(world, 3, &op);
        let generation = Generation::new(generation);
        let statement = EchoStatement {
            generation,
            header: header.digest(&network),
        };
        let echo = by.sign(&network, &statement);
        Payload::Request(Request {
            generation,
            header,
            echo,
            ops,
        })
    };
    let one = request(&world, &adversary, 0, add(1));
    world.hand(3, 0, one).unwrap();
    for to in 0..3 {
        let announced = announcement(&world, &adversary, 0, next.key());
        world.hand(3, to, announced).unwrap();
    }
    join(&mut world, 4, |_| true);
    assert_eq!(key_of(&world, 4, 3, 1), next.key());
    let old = request(&world, &adversary, 1, add(2));
    let signer = Some(adversary.actor());
    let invalid = Err(Rejection::InvalidSignature { signer });
    assert_eq!(world.hand(3, 0, old), invalid, "that key is over");
    let other = request(&world, &next, 1, add(2));
    world.hand(3, 0, other).unwrap();
    world.flow();
    for at in [0, 1, 2, 4] {
        let replica = world.replica(at);
        let evidence: Vec<&Evidence> = replica.evidence().collect();
        assert_eq!(evidence.len(), 1, "{at}");
        // Each statement by the key of its generation: neither key alone has signed both.
        assert!(evidence[0].verify(replica.generations()).is_ok());
    }
}

/// I13: a key for the next generation that we have not announced, with our signature: somebody else has our key.
#[test]
fn a_replica_that_is_given_a_key_it_does_not_know_stops_signing() {
    let mut world = set(4, 1);
    let twin = world.nodes[0].identity.clone();
    let foreign = Key::from_secret([77; 32]).key();
    for to in 1..4 {
        let announced = announcement(&world, &twin, 0, foreign);
        world.hand(0, to, announced).unwrap();
    }
    world.join(4).unwrap();
    world.flow();
    let change = Change::Join(world.actor(4));
    for at in 1..4 {
        world.propose(at, change).unwrap();
    }
    // It leads first: its attempt passes.
    for _ in 0..40 {
        (1..5).for_each(|at| world.tick(at));
        world.flow_if(|packet| packet.from != 0 && packet.to != 0);
    }
    let links: Vec<_> = world.replica(1).chain().cloned().collect();
    assert_eq!(key_of(&world, 1, 0, 1), foreign);
    let (from, payload) = (world.actor(1), Payload::Chain(Chain { links }));
    let effects = world
        .replica_mut(0)
        .handle(Packet { from, payload })
        .unwrap();
    let halted = |effect: &Effect<_>| matches!(effect, Effect::Halted(Halt::KeyUsedElsewhere));
    assert!(effects.iter().any(halted));
    assert!(world.replica(0).halted().is_some());
}

/// Somebody who has stopped signing seals nothing, and erases its key all the same when the others go on.
#[test]
fn a_replica_that_has_stopped_erases_its_key_too() {
    let mut world = set(5, 1);
    world.join(5).unwrap();
    world.flow();
    let change = Change::Join(world.actor(5));
    for at in 0..5 {
        world.propose(at, change).unwrap();
    }
    (0..5).for_each(|at| world.tick(at));
    world.flow_if(|packet| packet.payload.kind() == PacketKind::NextKey);
    let stopped = world.replica_mut(4).stop_signing();
    assert_eq!(stopped.len(), 2);
    rounds(&mut world, 12);
    assert_eq!(world.replica(4).generation(), Generation::new(1));
    let own = world.nodes[4].identity.clone();
    assert_eq!(world.key(4).key(), own.next().key());
}
