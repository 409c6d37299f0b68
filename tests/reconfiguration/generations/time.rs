//! Clocks that run fast, stand still or jump (`docs/threats.md`, 66). A replica is told that time has passed and believes
//! it, so this is what a wrong clock can do: give up an attempt to decide early or late. Nothing else asks.

use std::collections::BTreeSet;

use bft_crdts::orswot::{Op, Orswot};
use bft_crdts::{Change, Counter, Generation, Payload, Seat};
use rand::RngExt;

use super::{add, rounds, set};
use crate::networks::{self, Plan};
use crate::world::World;

type Set = World<Orswot<u8>>;

/// The messages a replica has delivered, in order.
fn delivered(world: &Set, at: usize) -> Vec<(Seat, Counter)> {
    let log = world.replica(at).log();
    log.map(|(certificate, _)| (certificate.header.source, certificate.header.first))
        .collect()
}

/// The same packets in the same order, with time passing at no replica, or in jumps at any of them: everybody delivers the
/// same in the same order, and signs the same.
#[test]
fn what_is_delivered_and_in_which_order_does_not_depend_on_time() {
    // Each plan is two networks.
    networks::check(2, 12, |plan| {
        time_changes_no_order(plan);
    });
}

fn time_changes_no_order(plan: Plan) {
    let mut rng = plan.rng();
    let (mut still, mut late) = (set(4, 0), set(4, 0));
    for _ in 0..plan.size {
        let (by, item) = (rng.random_range(0..4), rng.random_range(0..8));
        for world in [&mut still, &mut late] {
            world.submit(by, [add(item)]);
        }
        while !still.wire.is_empty() {
            let place = rng.random_range(0..still.wire.len());
            let (one, other) = (still.take(place), late.take(place));
            assert_eq!(one.payload, other.payload, "{plan:?}");
            assert_eq!(
                still.hand(one.from, one.to, one.payload),
                late.hand(other.from, other.to, other.payload),
            );
            if rng.random_bool(0.3) {
                // Whatever it says on these ticks is lost, or would be one packet more.
                let sent = late.wire.len();
                let at = rng.random_range(0..4);
                for _ in 0..[1, 100, 1_000][rng.random_range(0..3)] {
                    late.tick(at);
                    late.wire.truncate(sent);
                }
            }
        }
    }
    for at in 0..4 {
        assert_eq!(delivered(&still, at), delivered(&late, at));
        assert_eq!(still.replica(at).clock(), late.replica(at).clock());
    }
}

/// One member whose clock runs a thousand times too fast gives up one attempt after the other, and nobody follows it.
#[test]
fn one_fast_clock_moves_nobody() {
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    let join = Change::Join(world.actor(4));
    for at in 0..3 {
        world.propose(at, join).unwrap();
    }
    // Nothing is decided yet: what everybody says is under way.
    let mut timeouts = BTreeSet::new();
    for _ in 0..2_000 {
        let under_way = world.wire.len();
        world.tick(3);
        for packet in world.wire.drain(under_way..) {
            if let Payload::Timeout(timeout) = packet.payload {
                timeouts.insert(timeout.attempt);
            }
        }
    }
    assert!(
        timeouts.is_subset(&BTreeSet::from([0])),
        "{timeouts:?}: alone it goes nowhere"
    );
    rounds(&mut world, 12);
    for at in 0..5 {
        assert_eq!(world.replica(at).generation(), Generation::new(1), "{at}");
    }
    let link = world.replica(0).chain().next().unwrap().clone();
    assert_eq!(link.attempt, 0, "the attempt that it had given up");
}

/// A clock that stands still costs its member's voice in ending attempts. Where that is one too few, a change waits, and
/// nothing else does; once the clock moves again, in whatever jumps, the change comes about.
#[test]
fn a_clock_that_stands_still_and_jumps_delays_a_change_and_no_operation() {
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    // The leader of the first attempt is away, and the clock of another member stands still.
    world.crash(0, 0);
    let join = Change::Join(world.actor(4));
    for at in 1..4 {
        world.propose(at, join).unwrap();
    }
    world.submit(1, [add(1)]);
    let ticking = |world: &mut Set, of: &[usize], rounds: usize| {
        for _ in 0..rounds {
            of.iter().for_each(|at| world.tick(*at));
            world.flow();
        }
    };
    ticking(&mut world, &[1, 2, 4], 60);
    assert_eq!(
        world.replica(1).chain().count(),
        0,
        "two timeouts are no quorum"
    );
    let has = |world: &Set, at: usize| world.replica(at).algorithm().contains(&1);
    assert!(
        (1..4).all(|at| has(&world, at)),
        "operations do not wait for it"
    );
    // Its clock jumps now and then, by hours, which may end an attempt too soon, but not all of them: they grow.
    for _ in 0..6 {
        for _ in 0..2_000 {
            let under_way = world.wire.len();
            world.tick(3);
            world.wire.truncate(under_way.max(20));
        }
        ticking(&mut world, &[1, 2, 4], 100);
    }
    for at in 1..5 {
        assert_eq!(world.replica(at).generation(), Generation::new(1), "{at}");
    }
}

/// Every member's clock at a rate of its own, from one tick in a hundred to all of them: changes come about, and all that
/// was submitted is delivered.
#[test]
fn clocks_of_all_rates_agree_in_the_end() {
    networks::check(1, 20, |plan| {
        clocks_agree(plan);
    });
}

fn clocks_agree(plan: Plan) {
    let mut rng = plan.rng();
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    let rates: Vec<f64> = (0..5)
        .map(|_| [0.01, 0.1, 1.0][rng.random_range(0..3)])
        .collect();
    let join = Change::Join(world.actor(4));
    let mut wanted: Vec<usize> = (0..4).collect();
    let mut submitted = 0_u8;
    for round in 0..40_000 {
        let at = rng.random_range(0..5);
        if rng.random_bool(rates[at]) {
            world.tick(at);
        }
        if round % 50 == 0 && usize::from(submitted) < plan.size {
            let op: Op<u8> = add(submitted);
            world.submit(rng.random_range(0..4), [op]);
            submitted += 1;
        }
        if round % 97 == 0
            && let Some(at) = wanted.pop()
        {
            let _ = world.propose(at, join);
        }
        while !world.wire.is_empty() && rng.random_bool(0.9) {
            let packet = world.take(rng.random_range(0..world.wire.len()));
            if !rng.random_bool(0.05) {
                let _ = world.hand(packet.from, packet.to, packet.payload);
            }
        }
        let done = (0..5).all(|at| {
            let replica = world.replica(at);
            let all = (0..plan.size as u8).all(|item| replica.algorithm().contains(&item));
            replica.generation() == Generation::new(1) && all
        });
        if done {
            world.judge_states();
            return;
        }
    }
    panic!("rates {rates:?}: it does not come to an end");
}
