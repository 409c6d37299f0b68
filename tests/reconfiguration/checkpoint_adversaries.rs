//! What one Byzantine node may do with checkpoints, and what comes of it: nobody is kept out, nothing grows, nobody stops.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use crate::world::{Flying, World};
use bft_crdts::deterministic_secure_broadcast::checkpoint::CheckpointProposal;
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{PacketKind, Payload, Rejection};

type Set = World<Orswot<String>>;

/// Does not lie unless a test makes it.
const ADVERSARY: usize = 3;
/// Is late.
const BEHIND: usize = 2;

fn set() -> Set {
    World::new(4, 0, |_| Entries::default())
}

fn add(name: impl Into<String>) -> Op<String> {
    let members = BTreeSet::from([name.into()]);
    Op::Add { members }
}

fn every(world: &mut Set, at: usize, messages: usize) {
    let every = NonZeroUsize::new(messages);
    world.configure(at, |config| config.checkpoint_every(every));
}

/// Two megabytes, which take eight ticks to fetch from one peer.
fn fill(world: &mut Set, passes: impl Fn(&Flying) -> bool) {
    for number in 0..48 {
        let name = format!("{number:04}{}", "x".repeat(40_000));
        world.submit(number % 2, [add(name)]);
        world.flow_if(&passes);
    }
}

fn tick(world: &mut Set, who: &[usize], passes: impl Fn(&Flying) -> bool) {
    for at in who {
        world.tick(*at);
    }
    world.flow_if(&passes);
}

/// There: a Byzantine node made a checkpoint of one message after the other. Whoever was late could not fetch a
/// snapshot before there was the next one, and honest sources waited for its echo for ever. Here: a base lasts as long
/// as it takes.
#[test]
fn checkpoints_all_the_time_keep_nobody_out() {
    let mut world = set();
    let without = |packet: &Flying| packet.to != BEHIND && packet.from != BEHIND;
    fill(&mut world, without);
    every(&mut world, ADVERSARY, 1);
    while world.nodes[0].checkpoints < 2 {
        world.submit(ADVERSARY, [add("liar")]);
        world.flow_if(without);
        tick(
            &mut world,
            &[0, 1, ADVERSARY, ADVERSARY, ADVERSARY],
            without,
        );
    }
    // The Byzantine node vouches for nobody's messages, and serves nobody that is behind.
    let passes = |packet: &Flying| {
        let kind = packet.payload.kind();
        let kept_back = packet.to == BEHIND && kind != PacketKind::Checkpoint;
        packet.from != ADVERSARY || kind != PacketKind::Echo && !kept_back
    };
    world.submit(0, [add("a payment of an honest member")]);
    for _ in 0..150 {
        tick(&mut world, &[0, 1, BEHIND], passes);
        world.submit(ADVERSARY, [add("again")]);
        world.flow_if(passes);
        for _ in 0..8 {
            tick(&mut world, &[ADVERSARY], passes);
        }
    }
    assert!(world.nodes[BEHIND].snapshots > 0);
    assert_eq!(world.replica(0).pending(), 0);
}

/// The same, but nobody was ever away: the Byzantine node keeps its own messages from one member.
#[test]
fn messages_kept_from_one_member_keep_it_out_no_longer_than_a_snapshot_takes() {
    let mut world = set();
    fill(&mut world, |_| true);
    every(&mut world, ADVERSARY, 1);
    let passes = |packet: &Flying| {
        let kept_back = packet.payload.kind() == PacketKind::Echo || packet.to == BEHIND;
        packet.from != ADVERSARY || !kept_back
    };
    let round = |world: &mut Set| {
        for _ in 0..2 {
            world.submit(ADVERSARY, [add("again")]);
            world.flow_if(passes);
        }
        for _ in 0..8 {
            tick(world, &[ADVERSARY], passes);
        }
        tick(world, &[0, 1, BEHIND], passes);
    };
    (0..60).for_each(|_| round(&mut world));
    // An honest operation that has one of the Byzantine node's among its causes.
    let remove = world.replica(0).algorithm().remove(&"again".to_owned());
    world.submit(0, [remove.expect("it is there")]);
    (0..100).for_each(|_| round(&mut world));
    assert_eq!(world.replica(0).pending(), 0);
}

/// There: nobody lied, checkpoints were made after four messages, and there were as many in every tick.
#[test]
fn a_busy_network_leaves_time_to_fetch_a_snapshot() {
    let mut world = set();
    world.checkpoint_every(4);
    let without = |packet: &Flying| packet.to != BEHIND && packet.from != BEHIND;
    fill(&mut world, without);
    for _ in 0..40 {
        tick(&mut world, &[0, 1, ADVERSARY], without);
    }
    for round in 0..120 {
        for source in [0, 1, ADVERSARY, 0] {
            world.submit(source, [add(format!("{}", round % 10))]);
            world.flow();
        }
        tick(&mut world, &[0, 1, BEHIND, ADVERSARY], |_| true);
    }
    assert_eq!(world.replica(BEHIND).clock(), world.replica(0).clock());
}

/// There: a Byzantine node had one member after the other attest what nobody else had delivered yet, so that no other
/// draft covered what they were bound to, and nothing was ever forgotten. Here: it is attested for a while, and then it
/// is others' turn.
#[test]
fn drafts_ahead_of_everybody_do_not_keep_others_from_being_attested() {
    let mut world = set();
    for at in 0..3 {
        every(&mut world, at, 4);
    }
    world.configure(ADVERSARY, |config| config.checkpoint_every(None));
    let silent =
        |packet: &Flying| packet.from != ADVERSARY || packet.payload.kind() != PacketKind::Attest;
    for round in 0..300_usize {
        world.submit(round % 3, [add(format!("{}", round % 10))]);
        world.flow_if(silent);
        let target = round % 2;
        world.submit(ADVERSARY, [add("mine")]);
        world.flow_if(|packet| {
            let kept_back = packet.payload.kind() == PacketKind::Proof && packet.to != target;
            silent(packet) && (packet.from != ADVERSARY || !kept_back)
        });
        let clock = world.replica(target).clock().clone();
        let generation = world.replica(target).generation();
        // Whether it attests that or not.
        let _ = world.hand(
            ADVERSARY,
            target,
            Payload::CheckpointProposal(CheckpointProposal { generation, clock }),
        );
        world.wire.clear();
        tick(&mut world, &[0, 1, 2], silent);
        tick(&mut world, &[ADVERSARY], silent);
    }
    let (checkpoints, kept) = (world.nodes[0].checkpoints, world.replica(0).log().count());
    assert!(
        checkpoints > 3 && kept < 300,
        "{checkpoints}, {kept} of 600"
    );
    for _ in 0..8 {
        tick(&mut world, &[0, 1, 2, ADVERSARY], |_| true);
    }
    // The Byzantine node forgets nothing and takes no snapshot, so what it has missed it misses for ever.
    let clock = world.replica(0).clock();
    assert!(
        (1..3).all(|at| world.replica(at).clock() == clock && world.replica(at).pending() == 0)
    );
}

/// There: a member that had forgotten a message of its own below a checkpoint stopped signing for good when somebody asked
/// it to echo that, as if another had its key. Here: what is forgotten tells nothing.
#[test]
fn a_request_of_ones_own_that_is_forgotten_stops_nobody() {
    for compacted in [false, true] {
        let mut world = set();
        for at in 0..4 {
            every(&mut world, at, 4);
        }
        world.submit(0, [add("first")]);
        let request = |packet: &Flying| {
            packet.to == ADVERSARY && packet.payload.kind() == PacketKind::Request
        };
        let request = world.on_wire(request)[0].payload.clone();
        world.flow();
        assert_eq!(
            world.hand(ADVERSARY, 0, request.clone()),
            Err(Rejection::Duplicate)
        );
        for number in 0..if compacted { 7 } else { 20 } {
            world.submit(number % 4, [add(format!("{number}"))]);
            world.flow();
            tick(&mut world, &[0, 1, 2, 3], |_| true);
        }
        if compacted {
            world.compact(0);
            world.crash(0, 0);
            world.restart(0);
        }
        assert_eq!(world.hand(ADVERSARY, 0, request), Err(Rejection::Late));
    }
}
