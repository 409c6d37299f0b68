//! Guards on the way from one generation to the next: each test fails when its guard is taken away.

use bft_crdts::codec::Digest;
use bft_crdts::deterministic_secure_broadcast::wire::statement::ProposeStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, Phase, Proposal, PullChain};
use bft_crdts::{Change, Effect, Generation, PacketKind, Payload, Rejection, Sig};

use super::evidence::{GENESIS, announced, approvals, decision, join, link, sign, timeouts, vote};
use super::{add, approve, rounds, set, set_of_liars};
use crate::world::Flying;

fn is(kind: PacketKind) -> impl Fn(&Flying) -> bool {
    move |packet| packet.payload.kind() == kind
}

/// A leader that lies says that a quorum approves an expulsion. The bits are a quorum; the signatures are made up, or made
/// for another change.
#[test]
fn a_proposal_with_approvals_that_nobody_signed_is_refused() {
    let mut world = set_of_liars(4, 1, 0);
    let (adversary, victim) = (3, world.actor(0));
    let change = Change::Expel(victim);
    let honest = approvals(&world, change);
    let elsewhere = approvals(&world, Change::Expel(world.actor(1)));
    for (signatures, refused) in [
        (vec![Sig::from_bytes([7; 64]); 3], true),
        (elsewhere.signatures, true),
        (honest.signatures.clone(), false),
    ] {
        let decision = decision(&world, change);
        let (generation, attempt) = (GENESIS, 3);
        let statement = ProposeStatement {
            generation,
            attempt,
            decision: decision.digest(&world.genesis.network()),
        };
        let proposal = Payload::Propose(Box::new(Proposal {
            generation,
            attempt,
            decision,
            approvals: bft_crdts::deterministic_secure_broadcast::wire::Approvals {
                signatures,
                ..honest.clone()
            },
            keys: announced(),
            timeouts: Some(timeouts(&world, 2, &[0, 1, 2])),
            sig: sign(&world, adversary, &statement),
        }));
        let answer = world.hand(adversary, 1, proposal);
        let votes = world.on_wire(is(PacketKind::Vote)).len();
        if refused {
            assert!(
                matches!(answer, Err(Rejection::InvalidSignature { .. })),
                "{answer:?}"
            );
            assert_eq!(votes, 0);
        } else {
            assert_eq!(answer, Ok(()));
            assert_eq!(
                votes, 3,
                "the same proposal with the approvals is voted for"
            );
        }
    }
}

/// Three correct members vote for one decision. The Byzantine node votes for a greater digest, and before them.
#[test]
fn a_vote_for_a_greater_digest_does_not_hide_a_quorum() {
    for phases in [
        vec![Phase::First],
        vec![Phase::Second],
        vec![Phase::First, Phase::Second],
    ] {
        let mut world = set_of_liars(4, 1, 1);
        world.join(4).expect("it is no member");
        world.flow();
        for phase in phases {
            let vote = vote(&world, 3, 0, phase, Digest::from_bytes([0xff; 32]));
            for to in 0..3 {
                world.hand(3, to, Payload::Vote(vote)).expect("a vote");
            }
        }
        let change = join(&world);
        approve(&mut world, 0..3, change);
        rounds(&mut world, 8);
        let attempts: Vec<u32> = world.replica(0).chain().map(|link| link.attempt).collect();
        assert_eq!(attempts, [0], "decided in the first attempt");
    }
}

/// A member has operations waiting when a generation begins that it is no member of. All of them come back.
#[test]
fn what_waits_comes_back_when_its_source_is_no_member_any_more() {
    let mut world = set(4, 0);
    let gone = 3;
    world.limit_message_ops(gone, 1);
    world.submit(gone, (1..=5).map(add));
    world.wire.clear();
    assert_eq!(world.replica(gone).pending(), 5, "one under way, four wait");
    let expel = Change::Expel(world.actor(gone));
    approve(&mut world, 0..3, expel);
    rounds(&mut world, 60);
    assert!(!world.replica(gone).is_member());
    assert_eq!(world.nodes[gone].returned, 4);
}

/// A member approves a change, withdraws that, and restarts: it approves nothing, and says so no more.
#[test]
fn what_was_withdrawn_is_not_approved_after_a_restart() {
    let mut world = set(4, 0);
    let expel = Change::Expel(world.actor(3));
    world.propose(0, expel).expect("it applies");
    world.flow();
    assert_eq!(world.replica(0).wanted().collect::<Vec<_>>(), [&expel]);
    let effects = world.replica_mut(0).withdraw(&expel);
    for effect in effects {
        match effect {
            Effect::Persist(record) => world.nodes[0].journal.push(record),
            other => panic!("{other:?}"),
        }
    }
    world.nodes[0].synced = world.nodes[0].journal.len();
    world.crash(0, 0);
    world.restart(0);
    assert_eq!(world.replica(0).wanted().count(), 0);
    world.tick(0);
    let approvals = world.on_wire(is(PacketKind::Approve)).into_iter();
    assert_eq!(approvals.filter(|packet| packet.from == 0).count(), 0);
}

/// A generation is decided and not activated, for its seals have not come. Nothing more is signed about it: no vote, no
/// timeout, no proposal.
#[test]
fn nothing_is_signed_about_a_generation_that_is_decided() {
    let mut world = set_of_liars(4, 1, 1);
    world.join(4).expect("it is no member");
    world.flow();
    let change = join(&world);
    let decided = link(&world, change, 0, &[1, 2, 3]);
    let chain = Payload::Chain(Chain {
        links: vec![decided],
    });
    world.hand(3, 0, chain).expect("a decision");
    // Whatever it says, nobody answers.
    let mut said = Vec::new();
    for _ in 0..200 {
        world.tick(0);
        said.append(&mut world.wire);
        // Another change is wanted, and others have given up on the attempt.
        let ended = timeouts(&world, 0, &[1, 2, 3]);
        let _ = world.hand(3, 0, Payload::Timeouts(Box::new(ended)));
        said.append(&mut world.wire);
    }
    assert_eq!(world.replica(0).generation(), GENESIS, "not activated");
    let kinds = [PacketKind::Vote, PacketKind::Timeout, PacketKind::Propose];
    let signed = said
        .iter()
        .filter(|packet| kinds.contains(&packet.payload.kind()));
    assert_eq!(signed.count(), 0);
    assert!(said.iter().any(is(PacketKind::Seal)), "but its seal is");
}

/// Who pulls the chain and is where we are gets the seals of our generation, as soon as we have decided the next one.
#[test]
fn seals_of_the_generation_we_are_in_are_served() {
    let mut world = set_of_liars(4, 1, 1);
    let change = join(&world);
    let decided = link(&world, change, 0, &[1, 2, 3]);
    let chain = Payload::Chain(Chain {
        links: vec![decided],
    });
    world.hand(3, 0, chain).expect("a decision");
    world.wire.clear();
    let pull = PullChain {
        active: GENESIS,
        decided: Generation::new(1),
    };
    world
        .hand(1, 0, Payload::PullChain(pull))
        .expect("it lacks our seal");
    let seals = world.on_wire(|packet| packet.to == 1 && is(PacketKind::Seal)(packet));
    assert_eq!(seals.len(), 1);
}

/// A member is away while two generations are decided and activated. What is decided is activated one after the other,
/// also when the second decision is known before the first generation begins.
#[test]
fn two_decided_generations_are_activated_one_after_the_other() {
    let mut world = set(4, 2);
    let away = 3;
    let without = |packet: &Flying| packet.to != 3 && packet.from != 3;
    for joiner in [4, 5] {
        world.join(joiner).expect("it is no member");
        world.flow_if(without);
        let change = Change::Join(world.actor(joiner));
        for at in (0..3).chain((joiner == 5).then_some(4)) {
            world.propose(at, change).expect("it applies");
        }
        for _ in 0..20 {
            for at in [0, 1, 2, 4, 5] {
                world.tick(at);
            }
            world.flow_if(without);
        }
    }
    assert_eq!(world.replica(0).generation(), Generation::new(2));
    // Both decisions come before any seal.
    let links = world.replica(0).chain().cloned().collect();
    world
        .hand(0, away, Payload::Chain(Chain { links }))
        .expect("two decisions");
    assert_eq!(world.replica(away).generation(), GENESIS);
    rounds(&mut world, 12);
    assert_eq!(world.replica(away).generation(), Generation::new(2));
}

/// A source that has sealed its generation does not go on requesting echoes in it.
#[test]
fn a_sealed_source_requests_nothing() {
    let mut world = set_of_liars(4, 1, 1);
    world.submit(0, [add(1)]);
    world.wire.clear();
    let change = join(&world);
    let decided = link(&world, change, 0, &[1, 2, 3]);
    let chain = Payload::Chain(Chain {
        links: vec![decided],
    });
    world.hand(3, 0, chain).expect("a decision");
    let mut said = Vec::new();
    for _ in 0..40 {
        world.tick(0);
        said.append(&mut world.wire);
    }
    world.submit(0, [add(2)]);
    said.append(&mut world.wire);
    assert!(said.iter().any(is(PacketKind::Seal)));
    assert!(!said.iter().any(is(PacketKind::Request)));
}
