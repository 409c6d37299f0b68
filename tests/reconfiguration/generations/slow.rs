//! Hand-overs that some of the correct members miss, and what one faulty member may make of it. Every test is a line of
//! `docs/threats.md`.

use bft_crdts::codec::{decode, encode};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::wire::statement::JoinStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Join, Phase, SealedSource, Vote};
use bft_crdts::orswot::Orswot;
use bft_crdts::{
    Actor, Change, Digest, Generation, Packet, Payload, Record, Seat, Sig, SigningActor,
};

use super::defects::{echo, first_message, seal};
use super::evidence::convicted;
use super::{add, approve, rounds, set, set_of_liars};
use crate::world::{Flying, Toy, World};

type Set = World<Orswot<u8>>;

/// As [`rounds`], but `away` hears and says nothing, and what `passes` refuses is lost.
fn rounds_without(
    world: &mut Set,
    away: &[usize],
    rounds: usize,
    passes: impl Fn(&Flying) -> bool,
) {
    for _ in 0..rounds {
        for at in 0..world.nodes.len() {
            if world.is_up(at) && !away.contains(&at) {
                world.tick(at);
            }
        }
        world.flow_if(|packet| {
            !away.contains(&packet.from) && !away.contains(&packet.to) && passes(packet)
        });
    }
}

/// Lets somebody join while `away` hears nothing.
fn join_without(
    world: &mut Set,
    joiner: usize,
    away: &[usize],
    passes: impl Fn(&Flying) -> bool + Copy,
) {
    world.join(joiner).unwrap();
    rounds_without(world, away, 1, passes);
    let change = Change::Join(world.actor(joiner));
    for at in world.correct() {
        if world.is_up(at) && !away.contains(&at) && world.replica(at).is_member() {
            world.propose(at, change).expect("it applies");
        }
    }
    rounds_without(world, away, 6, passes);
}

fn generation(world: &Set, at: usize) -> u64 {
    world.replica(at).generation().get()
}

fn is_seal_of(packet: &Flying, generation: u64, index: usize) -> bool {
    matches!(&packet.payload, Payload::Seal(seal)
        if seal.generation.get() == generation && seal.signer.get() == index)
}

/// Member 2 misses two reconfigurations, and member 3 votes for a third one and falls silent: now the others have
/// sealed, and need the seal of member 2, which has to catch up first.
#[test]
fn a_member_that_was_away_for_two_reconfigurations_helps_with_the_third() {
    let mut world = set(4, 3);
    world.submit(0, [add(1)]);
    join_without(&mut world, 4, &[2], |_| true);
    join_without(&mut world, 5, &[2], |_| true);
    assert_eq!(generation(&world, 0), 2);
    let silent = world
        .replica(3)
        .members()
        .index_of(&world.actor(3))
        .unwrap();
    join_without(&mut world, 6, &[2], |packet| {
        !is_seal_of(packet, 2, silent.get())
    });
    world.crash(3, 0);
    assert!(
        [0, 1, 4, 5]
            .into_iter()
            .all(|at| { generation(&world, at) == 2 && world.replica(at).chain().count() == 3 })
    );
    rounds(&mut world, 20);
    for at in [0, 1, 2, 4, 5, 6] {
        assert_eq!(generation(&world, at), 3, "{at}");
        assert!(world.replica(at).algorithm().contains(&1), "{at}");
    }
}

/// Member 0 seals with a certificate that is none. Those who have that message do not look at it, and activate with this
/// seal: it has to be good enough for those who have nothing yet, too, because there may be no other.
#[test]
fn a_seal_that_served_some_serves_those_who_know_less() {
    let mut world = set(4, 2);
    world.submit(1, [add(1)]);
    join_without(&mut world, 4, &[2], |_| true);
    assert_eq!(generation(&world, 0), 1);
    let index = world
        .replica(0)
        .members()
        .index_of(&world.actor(0))
        .unwrap();
    let (real, _) = world.replica(0).log().next().unwrap();
    let mut best = real.clone();
    best.signatures[0] = Sig::from_bytes([7; 64]);
    let source = best.header.source;
    let sources = vec![SealedSource {
        source,
        best: Some(best),
        open: Vec::new(),
    }];
    let wrong = seal(&world, 0, 1, index.get(), sources);
    assert_eq!(index.get(), 0, "it is looked at before those of the others");
    world.nodes[0].adversary = true;
    // What member 0 says about the reconfiguration is lost, but for its wrong seal.
    let passes = |packet: &Flying| match &packet.payload {
        Payload::Seal(seal) if seal.generation.get() == 1 && seal.signer == index => {
            **seal == wrong
        }
        _ => true,
    };
    world.join(5).unwrap();
    rounds_without(&mut world, &[2], 1, passes);
    let change = Change::Join(world.actor(5));
    for at in [0, 1, 3, 4] {
        world.propose(at, change).unwrap();
    }
    for to in [1, 3, 4] {
        world
            .hand(0, to, Payload::Seal(Box::new(wrong.clone())))
            .unwrap();
    }
    rounds_without(&mut world, &[2], 6, passes);
    world.crash(0, 0);
    assert!([1, 3, 4].into_iter().all(|at| generation(&world, at) == 2));
    for _ in 0..20 {
        rounds_without(&mut world, &[], 1, passes);
    }
    let found = [(0, "a seal that shows what was never signed")];
    for at in [1, 2, 3, 4, 5] {
        assert_eq!(generation(&world, at), 2, "{at}");
        assert!(world.replica(at).algorithm().contains(&1), "{at}");
        assert_eq!(convicted(&world, at), found, "{at}: somebody has looked");
    }
}

/// In a large network the seals are more than one peer may ask for between two ticks: whoever comes late gets others
/// on every tick.
#[test]
fn all_seals_are_served_in_turn() {
    let mut world = set(31, 0);
    for at in 0..30 {
        world.submit(at, [add(u8::try_from(at).unwrap())]);
        world.flow_if(|packet| packet.to != 30);
    }
    let expel = Change::Expel(world.actor(29));
    for at in 0..29 {
        world.propose(at, expel).unwrap();
    }
    rounds_without(&mut world, &[30], 6, |_| true);
    assert!((0..29).all(|at| generation(&world, at) == 1));
    rounds(&mut world, 60);
    assert_eq!(generation(&world, 30), 1);
}

/// Keys cost nothing. Whoever asks to join with all of them keeps nobody out: the last who asked are heard.
#[test]
fn a_crowd_at_the_door_keeps_nobody_out() {
    let mut world = set(4, 1);
    let network = world.genesis.network();
    let crowd = (0..200_u8).map(|name| {
        let identity = SigningActor::<Toy>::from_secret([name; 32].map(|byte| byte ^ 0x55));
        let actor = identity.actor();
        let possession = identity.sign(&network, &JoinStatement { actor });
        Payload::Join(Join { actor, possession })
    });
    for join in crowd {
        for to in 0..4 {
            let _ = world.hand(4, to, join.clone());
        }
    }
    world.join(4).unwrap();
    world.flow();
    let joiner = Change::Join(world.actor(4));
    approve(&mut world, 0..3, joiner);
    rounds(&mut world, 8);
    assert!(world.replica(4).is_member());
}

/// A source that signs many headers for one slot, and shows others on every reconfiguration: what correct members show
/// in their own seals stays small enough to be read, by others and from their own journals.
#[test]
fn a_seal_of_a_correct_member_can_always_be_read() {
    let mut world = set_of_liars(4, 1, 4);
    let adversary = 3;
    for (round, joiner) in (4..8).enumerate() {
        let now = Generation::new(round as u64);
        let header = |tag: usize| {
            let (mut header, _) = first_message(&world, adversary, &add(1));
            header.ops = Digest::of(&tag.to_le_bytes());
            let sig = echo(&world, adversary, Generation::GENESIS, &header);
            let generation = Generation::GENESIS;
            SignedHeader {
                generation,
                header,
                sig,
            }
        };
        let mut open: Vec<_> = (round * 100..round * 100 + 100).map(header).collect();
        open.sort_by_key(|open| open.header.digest(&world.genesis.network()));
        let source = Seat::new(u16::try_from(adversary).unwrap());
        let sources = vec![SealedSource {
            source,
            best: None,
            open,
        }];
        let members = world.replica(0).members();
        let index = members.index_of(&world.actor(adversary)).unwrap();
        let many = seal(&world, adversary, now.get(), index.get(), sources);
        let members: Vec<usize> = world
            .correct()
            .filter(|at| world.replica(*at).is_member())
            .collect();
        for to in members {
            world
                .hand(adversary, to, Payload::Seal(Box::new(many.clone())))
                .unwrap();
        }
        join_without(&mut world, joiner, &[], |_| true);
        assert_eq!(generation(&world, 0), now.get() + 1);
    }
    for at in 0..3 {
        for record in &world.nodes[at].journal {
            assert_eq!(decode::<Record>(&encode(record)).as_ref(), Ok(record));
        }
    }
}

/// A network of one has nobody to remind it. A crash after any record of a reconfiguration, and another one after any
/// record that follows, delay it and nothing else.
#[test]
fn a_network_of_one_finishes_what_a_crash_cut_short() {
    for (first, second) in (1..14).flat_map(|first| (0..14).map(move |second| (first, second))) {
        let mut world = set(1, 1);
        world.join(1).unwrap();
        world.flow();
        let join = Change::Join(world.actor(1));
        world.propose(0, join).unwrap();
        // Nothing arrives in between, so a crash may have been at any record.
        for (again, records) in [(false, first), (true, second)] {
            let before = world.nodes[0].journal.len();
            for _ in 0..40 {
                world.tick(0);
            }
            world.nodes[0].synced = 0;
            // Nor had it come to storing another secret.
            world.nodes[0].stored = world.nodes[0].identity.clone();
            world.crash(0, if again { before + records } else { records });
            world.wire.clear();
            world.restart(0);
        }
        rounds(&mut world, 5);
        if world.replica(0).wanted().count() == 0 && generation(&world, 0) == 0 {
            let _ = world.propose(0, join);
        }
        rounds(&mut world, 100);
        assert_eq!(generation(&world, 0), 1, "after {first} and {second} more");
        assert!(world.replica(1).is_member());
    }
}

/// Links cost nothing either: a hundred strangers who speak of a later generation do not use up the questions of a member
/// that is behind.
#[test]
fn strangers_do_not_keep_a_member_from_asking() {
    let mut world = set(4, 0);
    let genesis = world.genesis.network();
    let vote = Payload::Vote(Vote {
        generation: Generation::new(5),
        attempt: 0,
        phase: Phase::First,
        decision: Digest::of(b""),
        sig: world.nodes[1].identity.sign(
            &genesis,
            &JoinStatement {
                actor: world.actor(1),
            },
        ),
    });
    let strangers = (0..150_u8).map(|name| Actor::from_bytes([name; 32]));
    for from in strangers.chain([world.actor(1)]) {
        let payload = vote.clone();
        let handled = world.replica_mut(0).handle(Packet { from, payload });
        assert!(handled.is_ok() || from != world.actor(1));
    }
}

/// Somebody delivers alone, and leaves before the one who stays has heard of it. What is left of it is a certificate of a
/// generation that is over, and headers only the leaver has: it is asked for them although it is no member any more.
#[test]
fn what_only_a_leaver_has_is_handed_over() {
    let mut world = set(1, 1);
    world.limit_message_ops(0, 1);
    world.submit(0, (1..=12).map(add));
    world.join(1).unwrap();
    let hears_nothing =
        |packet: &Flying| !matches!(packet.payload, Payload::Proof(_) | Payload::Headers(_));
    let mut changes = vec![Change::Leave(world.actor(0)), Change::Join(world.actor(1))];
    while let Some(change) = changes.pop() {
        world.flow_if(hears_nothing);
        for at in 0..2 {
            let _ = world.propose(at, change);
        }
        for _ in 0..20 {
            (0..2).for_each(|at| world.tick(at));
            world.flow_if(hears_nothing);
        }
    }
    assert!(!world.replica(0).is_member() && world.replica(1).is_member());
    assert!(!world.nodes[0].left, "it is still needed");
    rounds(&mut world, 12);
    assert!(world.replica(1).algorithm().contains(&12));
    assert!(world.nodes[0].left);
}
