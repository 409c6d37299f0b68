//! What enough members want happens, whatever was wanted before.

use bft_crdts::codec::Digest;
use bft_crdts::deterministic_secure_broadcast::wire::statement::FirstVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Phase, Vote};
use bft_crdts::{Change, Generation, PacketKind, Payload};

use crate::open_faults::support::{proven, rounds, set_world, sign};

/// Two of four members have approved eight joins each that came to nothing, and have withdrawn them. The others never
/// hear of their next approval, and no change is decided any more, although nobody is faulty.
///
/// Right: the newest approvals replace the oldest.
#[test]
fn gen5_approvals_that_came_to_nothing_bar_no_change() {
    let mut world = set_world(4, 0, 17);
    (4..21).for_each(|joiner| world.join(joiner).expect("it is no member"));
    world.flow();
    let stale = |at: usize| (0..8).map(move |of| 4 + at * 8 + of);
    for at in [0, 1] {
        for joiner in stale(at) {
            let change = Change::Join(world.actor(joiner));
            world.propose(at, change).expect("it applies");
        }
    }
    world.flow();
    rounds(&mut world, 3);
    (4..20).for_each(|joiner| world.crash(joiner, 0));
    for at in [0, 1] {
        for joiner in stale(at) {
            let change = Change::Join(world.actor(joiner));
            let _ = world.replica_mut(at).withdraw(&change);
        }
    }
    rounds(&mut world, 20);
    world.join(20).expect("it is no member");
    world.flow();
    let change = Change::Join(world.actor(20));
    (0..4).for_each(|at| world.propose(at, change).expect("it applies"));
    rounds(&mut world, 400);
    assert!(world.replica(20).is_member(), "all four want it to join");
}

/// Two of four want to expel a member and withdraw that. Then the member wants to leave, all four want it to, and it stays
/// for ever: there is one approval per member and subject.
///
/// Right: it leaves.
#[test]
fn gen5_an_expulsion_that_came_to_nothing_bars_no_leave() {
    let mut world = set_world(4, 0, 0);
    let who = world.actor(3);
    for at in [0, 1] {
        world.propose(at, Change::Expel(who)).expect("it applies");
    }
    rounds(&mut world, 20);
    for at in [0, 1] {
        let _ = world.replica_mut(at).withdraw(&Change::Expel(who));
    }
    (0..4).for_each(|at| world.propose(at, Change::Leave(who)).expect("it applies"));
    rounds(&mut world, 400);
    let members = world.replica(0).members();
    assert!(
        members.index_of(&who).is_none(),
        "all four want it to leave"
    );
}

/// Three correct members want a convict out and twelve others in. The convict is expelled after all of them have joined.
///
/// Right: convicts are expelled first.
#[test]
fn gen5_a_convict_is_expelled_before_others_join() {
    let mut world = set_world(4, 1, 12);
    (4..16).for_each(|joiner| world.join(joiner).expect("it is no member"));
    world.flow();
    // Convicted: two first votes in one attempt.
    for tag in [1, 2] {
        let vote = first_vote(&world, 3, tag);
        (0..3).for_each(|to| world.hand(3, to, vote.clone()).expect("a vote"));
    }
    world.flow();
    assert!((0..3).all(|at| proven(&world, at).contains(&3)));
    let expel = Change::Expel(world.actor(3));
    let joins: Vec<Change> = (4..16)
        .map(|joiner| Change::Join(world.actor(joiner)))
        .collect();
    for at in 0..3 {
        world.propose(at, expel).expect("it applies");
        for join in &joins {
            let _ = world.propose(at, *join);
        }
    }
    for _ in 0..200 {
        rounds(&mut world, 4);
        for at in 4..16 {
            if world.replica(at).is_member() {
                let _ = world.propose(at, expel);
                for join in &joins {
                    let _ = world.propose(at, *join);
                }
            }
        }
    }
    let place = world
        .replica(0)
        .chain()
        .position(|link| link.decision.change == expel);
    assert_eq!(
        place,
        Some(0),
        "of {} changes",
        world.replica(0).chain().count()
    );
}

fn first_vote(world: &crate::open_faults::support::SetWorld, by: usize, tag: u8) -> Payload {
    let (generation, decision) = (Generation::GENESIS, Digest::of(&[tag]));
    let statement = FirstVoteStatement {
        generation,
        attempt: 0,
        decision,
    };
    let sig = sign(world, by, &statement);
    Payload::Vote(Vote {
        generation,
        attempt: 0,
        phase: Phase::First,
        decision,
        sig,
    })
}

/// Member 0 convicts the Byzantine node and approves its expulsion; the approval overtakes the evidence, so the others
/// ask nobody when it arrives, and look at it never again. The convict stays a member.
///
/// Right: with the evidence, all approve, in whatever order the two arrive.
#[test]
fn gen6_a_convict_is_expelled_although_the_approval_overtakes_the_evidence() {
    let mut world = set_world(4, 1, 0);
    let adversary = 3;
    for tag in [1, 2] {
        let vote = first_vote(&world, adversary, tag);
        world.hand(adversary, 0, vote).expect("a vote");
    }
    let expel = Change::Expel(world.actor(adversary));
    world.propose(0, expel).expect("it applies");
    world.flow_if(|packet| packet.payload.kind() != PacketKind::Evidence);
    rounds(&mut world, 200);
    assert!(
        (0..3).all(|at| proven(&world, at).contains(&adversary)),
        "all have the evidence"
    );
    assert_eq!(world.replica(0).members().len(), 3);
}
