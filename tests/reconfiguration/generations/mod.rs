//! Members come and go while operations keep flowing (R3-R7).

mod churn;
mod defects;
mod evidence;
mod flight;
mod guards;
mod keys;
mod random;
mod seals;
mod slow;
mod thief;
mod time;

use std::collections::BTreeSet;

use crate::world::World;
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{Change, Generation};

fn set(members: usize, joiners: usize) -> World<Orswot<u8>> {
    set_of_liars(members, 0, joiners)
}

/// The last of the members lie.
fn set_of_liars(members: usize, adversaries: usize, joiners: usize) -> World<Orswot<u8>> {
    World::with_joiners(members, adversaries, joiners, |_| Entries::default())
}

fn add(member: u8) -> Op<u8> {
    Op::Add {
        members: BTreeSet::from([member]),
    }
}

/// Everybody ticks, everything arrives, so many times.
fn rounds(world: &mut World<Orswot<u8>>, rounds: usize) {
    for _ in 0..rounds {
        for at in 0..world.nodes.len() {
            if world.is_up(at) {
                world.tick(at);
            }
        }
        world.flow();
    }
}

fn approve(world: &mut World<Orswot<u8>>, by: impl IntoIterator<Item = usize>, change: Change) {
    for at in by {
        world.propose(at, change).expect("it applies");
    }
    world.flow();
}

#[test]
fn a_member_joins_and_takes_part() {
    let mut world = set(4, 1);
    world.submit(0, [add(1)]);
    world.flow();
    world.join(4).unwrap();
    world.flow();
    let joiner = Change::Join(world.actor(4));
    assert!((0..4).all(|at| world.nodes[at].asked == [joiner]));
    approve(&mut world, 0..3, joiner);
    rounds(&mut world, 8);
    for at in 0..5 {
        let replica = world.replica(at);
        assert_eq!(replica.generation(), Generation::new(1), "{at}");
        assert_eq!(replica.members().len(), 5);
        assert!(
            replica.algorithm().contains(&1),
            "{at} lacks what was before"
        );
    }
    world.submit(4, [add(2)]);
    world.submit(1, [add(3)]);
    rounds(&mut world, 4);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
    assert!(world.replica(4).algorithm().contains(&2));
    for at in 0..5 {
        world.judge_journal(at);
    }
}

#[test]
fn a_change_that_no_quorum_approves_does_not_come_about() {
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    let joiner = Change::Join(world.actor(4));
    approve(&mut world, 0..2, joiner);
    rounds(&mut world, 100);
    assert!((0..5).all(|at| world.replica(at).generation() == Generation::GENESIS));
    let evict = Change::Expel(world.actor(0));
    approve(&mut world, [3], evict);
    rounds(&mut world, 100);
    assert!((0..5).all(|at| world.replica(at).generation() == Generation::GENESIS));
}

#[test]
fn a_leaver_drains_hands_over_and_goes() {
    let mut world = set(5, 0);
    world.submit(0, [add(1)]);
    let leave = Change::Leave(world.actor(0));
    approve(&mut world, 0..4, leave);
    rounds(&mut world, 12);
    assert!(world.nodes[0].left);
    assert!(!world.replica(0).is_member());
    for at in 1..5 {
        let replica = world.replica(at);
        assert_eq!(replica.members().len(), 4);
        assert!(
            replica.algorithm().contains(&1),
            "its last operation is there"
        );
    }
    world.submit(1, [add(2)]);
    rounds(&mut world, 4);
    assert!((1..5).all(|at| world.replica(at).algorithm().contains(&2)));
}

#[test]
fn nobody_is_made_to_leave() {
    let mut world = set(5, 0);
    let leave = Change::Leave(world.actor(0));
    approve(&mut world, 1..5, leave);
    rounds(&mut world, 100);
    assert!((0..5).all(|at| world.replica(at).is_member()));
}

#[test]
fn a_crashed_member_is_expelled_and_operations_go_on() {
    let mut world = set(4, 0);
    world.crash(3, 0);
    let expel = Change::Expel(world.actor(3));
    world.submit(0, [add(1)]);
    approve(&mut world, 0..3, expel);
    rounds(&mut world, 60);
    for at in 0..3 {
        assert_eq!(world.replica(at).members().len(), 3);
        assert!(world.replica(at).algorithm().contains(&1));
    }
    world.submit(2, [add(2)]);
    rounds(&mut world, 4);
    assert!((0..3).all(|at| world.replica(at).algorithm().contains(&2)));
    // Whoever comes back learns that it was expelled.
    world.restart(3);
    rounds(&mut world, 8);
    assert!(!world.replica(3).is_member());
    assert!(world.join(3).is_err(), "with that key never again");
}
