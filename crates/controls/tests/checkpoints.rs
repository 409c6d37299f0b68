//! What the rules of checkpoints are for: a newcomer under broken ones is poisoned by one Byzantine node, and under the
//! sound ones is not.

#[path = "../../../tests/common/film.rs"]
mod film;
#[allow(
    dead_code,
    reason = "shared with the tests of the library, which use the rest"
)]
#[path = "../../../tests/common/world/mod.rs"]
mod world;

use std::collections::BTreeSet;

use bft_crdts::codec::{Bytes, encode};
use bft_crdts::deterministic_secure_broadcast::checkpoint::{
    Checkpoint, CheckpointProposal, CheckpointStatement,
};
use bft_crdts::deterministic_secure_broadcast::rules::Rules;
use bft_crdts::deterministic_secure_broadcast::snapshot::{Manifest, Piece, SnapshotPiece};
use bft_crdts::membership::{Change, Signers};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Actor, Counter, Digest, Generation, Packet, PacketKind, Payload, Seat,
    SecureBroadcastAlgorithm, Sound, VersionVector,
};
use bft_crdts_controls::generations::{AdoptsUnattested, AttestsAside, AttestsOpenClocks};
use bft_crdts_controls::recording::{CHECKPOINTS, Recording, asked};
use world::{Flying, World};

type Set<R> = World<Orswot<u8>, R>;

fn set<R: Rules>(members: usize, liars: usize) -> Set<R> {
    let mut world = World::new(members, liars, |_| Entries::default());
    world.checkpoint_every(4);
    world
}

fn add(member: u8) -> Op<u8> {
    let members = BTreeSet::from([member]);
    Op::Add { members }
}

fn rounds<R: Rules>(world: &mut Set<R>, count: usize) {
    for _ in 0..count {
        for at in 0..world.nodes.len() {
            if world.is_up(at) {
                world.tick(at);
            }
        }
        world.flow();
    }
}

/// A snapshot of nothing but a lie, as the Byzantine node encodes it: the tips of all sources at zero, and a set with
/// one element.
fn lie(world: &Set<impl Rules>) -> Vec<u8> {
    let liar = world.actor(3);
    let mut set = Orswot::<u8>::new(liar);
    set.apply(bft_crdts::Dot::new(liar, Counter::FIRST), add(66));
    let network = *world.genesis.network().digest();
    let tip = |messages: u64| (network, messages, Vec::<(Seat, Counter)>::new());
    let tips = vec![tip(0), tip(0), tip(0), tip(0)];
    let strings: [Bytes; 2] = [encode(&tips).into(), encode(&set.state()).into()];
    encode(&strings)
}

/// One Byzantine node of four, who signs alone that everybody has come to its lie, and serves it. What a correct member
/// holds then.
fn poisoned<R: Rules>() -> bool {
    let mut world = set::<R>(4, 1);
    let snapshot = lie(&world);
    let mut clock = VersionVector::zero(4);
    clock.advance(Seat::new(3), Counter::FIRST);
    let manifest = Manifest {
        clock,
        bytes: snapshot.len() as u64,
        chunks: vec![Digest::of(&snapshot)],
    };
    let members = world.replica(0).members().clone();
    let from: Actor = world.actor(3);
    let generation = Generation::GENESIS;
    let statement = CheckpointStatement {
        generation,
        manifest: manifest.digest(),
    };
    let sig = world.nodes[3]
        .identity
        .sign(&world.genesis.network(), &statement);
    let mut signers = Signers::none(4);
    signers.insert(members.index_of(&from).unwrap());
    let digest = manifest.digest();
    let checkpoint = Checkpoint {
        generation,
        manifest,
        signers,
        signatures: vec![sig],
    };
    let payload = Payload::Checkpoint(Box::new(checkpoint));
    let replica = world.replica_mut(0);
    if replica.handle(Packet { from, payload }).is_err() {
        return false;
    }
    for _ in 0..20 {
        let _ = replica.tick();
    }
    let piece = Piece::Chunk {
        index: 0,
        bytes: snapshot.into(),
    };
    let manifest = digest;
    let payload = Payload::Snapshot(Box::new(SnapshotPiece { manifest, piece }));
    let _ = replica.handle(Packet { from, payload });
    replica.algorithm().contains(&66)
}

#[test]
fn one_liar_poisons_whoever_takes_one_members_word() {
    assert!(poisoned::<AdoptsUnattested>());
    assert!(!poisoned::<Sound>());
}

/// Whether a member attests a clock that has an operation without its cause in it.
fn attests_nonsense<R: Rules>() -> bool {
    let mut world = set::<R>(4, 0);
    world.submit(0, [add(1)]);
    world.flow();
    let remove = world
        .replica(1)
        .algorithm()
        .remove(&1)
        .expect("it is there");
    world.submit(1, [remove]);
    world.flow();
    let mut clock = VersionVector::zero(4);
    clock.advance(Seat::new(1), Counter::FIRST);
    let generation = Generation::GENESIS;
    let proposal = Payload::CheckpointProposal(CheckpointProposal { generation, clock });
    let from = world.actor(3);
    let answer = world.replica_mut(2).handle(Packet {
        from,
        payload: proposal,
    });
    answer.is_ok_and(|effects| !effects.is_empty())
}

#[test]
fn a_clock_without_the_causes_of_what_is_in_it_is_not_attested() {
    assert!(attests_nonsense::<AttestsOpenClocks>());
    assert!(!attests_nonsense::<Sound>());
}

/// There: a member that was alone had forgotten its first messages. Three joined, and before they had heard them they
/// attested a checkpoint of their own messages and forgot those: neither side could be helped by the other's snapshot, and
/// whoever took it all the same had lost what it had forgotten (churn, seed 1180). Here: what the generation before may
/// have attested comes first.
///
/// The world judges that all checkpoints are in one line, and that everybody comes to the same.
fn newcomers_go_their_own_way<R: Rules>() {
    let mut world = World::<Orswot<u8>, R>::with_joiners(1, 0, 3, |_| Entries::default());
    world.checkpoint_every(4);
    for message in 0..10 {
        world.submit(0, [add(message)]);
        world.tick(0);
    }
    let kept_back = |packet: &Flying| {
        let old = match &packet.payload {
            Payload::Proof(proof) => proof.certificate.header.source == Seat::new(0),
            Payload::Snapshot(_) => true,
            _ => false,
        };
        !old || packet.from != 0
    };
    let round = |world: &mut Set<R>, silent: usize| {
        for at in (silent..4)
            .filter(|at| world.is_up(*at))
            .collect::<Vec<_>>()
        {
            world.tick(at);
        }
        world.flow_if(kept_back);
    };
    for joiner in 1..4 {
        world.join(joiner).unwrap();
        world.flow_if(kept_back);
        for at in 0..joiner {
            let change = Change::Join(world.actor(joiner));
            world.propose(at, change).unwrap();
        }
        (0..20).for_each(|_| round(&mut world, 0));
    }
    assert!((0..4).all(|at| world.replica(at).generation() == Generation::new(3)));
    for message in 20..40 {
        world.submit(1 + usize::from(message % 3), [add(message)]);
        round(&mut world, 1);
    }
    rounds(&mut world, 60);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
}

/// Whether a member attests two clocks, neither of which covers the other; also after it has come back from its journal.
fn attests_aside<R: Rules>(crashes: bool) -> bool {
    let mut world = set::<R>(4, 0);
    for source in 0..2 {
        world.submit(source, [add(1)]);
        world.flow();
    }
    let attests = |world: &mut Set<R>, seat: u16| {
        let mut clock = VersionVector::zero(4);
        clock.advance(Seat::new(seat), Counter::FIRST);
        let generation = Generation::GENESIS;
        let proposal = Payload::CheckpointProposal(CheckpointProposal { generation, clock });
        world.tick(2);
        world.wire.clear();
        // It may take note of a draft without attesting it.
        let _ = world.hand(3, 2, proposal);
        let attests = |packet: &Flying| packet.payload.kind() == PacketKind::Attest;
        !world.on_wire(attests).is_empty()
    };
    assert!(attests(&mut world, 0));
    if crashes {
        world.crash(2, 0);
        world.restart(2);
    }
    attests(&mut world, 1)
}

fn fails(act: fn()) -> bool {
    std::panic::catch_unwind(act).is_err()
}

#[test]
fn all_checkpoints_are_in_one_line() {
    newcomers_go_their_own_way::<Sound>();
    assert!(fails(newcomers_go_their_own_way::<AttestsAside>));
    for crashes in [false, true] {
        assert!(!attests_aside::<Sound>(crashes));
        assert!(attests_aside::<AttestsAside>(crashes));
    }
}

#[test]
fn the_replica_asks_the_rules_of_checkpoints() {
    let mut world = set::<Recording>(4, 0);
    world.crash(3, 0);
    for message in 0..40 {
        world.submit(usize::from(message % 3), [add(message)]);
        rounds(&mut world, 1);
    }
    world.restart(3);
    rounds(&mut world, 40);
    assert_eq!(world.nodes[3].snapshots, 1);
    assert_eq!(world.unfinished(), None);
    let asked = asked();
    let missed = CHECKPOINTS.iter().filter(|rule| !asked.contains(*rule));
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<&&str>::new());
}
