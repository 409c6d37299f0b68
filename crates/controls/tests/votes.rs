//! Broken rules about votes, timeouts and seals, each noticed by one replica that is shown what it takes. The same is shown to a
//! replica with the sound rules, of which nothing of it is to be seen.

#[path = "../../../tests/common/film.rs"]
mod film;
#[allow(
    dead_code,
    reason = "shared with the tests of the library, which use the rest"
)]
#[path = "../../../tests/common/world/mod.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bft_crdts::deterministic_secure_broadcast::rules::{Rules, Sound};
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, ProposeStatement, SecondVoteStatement, TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{
    Announced, Approvals, Chain, NextKeys, Phase, Proposal, Shown, Timeout, Timeouts,
};
use bft_crdts::deterministic_secure_broadcast::{Decision, Link};
use bft_crdts::membership::Signers;
use bft_crdts::orswot::{Entries, Orswot};
use bft_crdts::{Change, Digest, Generation, MemberIndex, Payload, Record, Sig, Statement};
use bft_crdts_controls::generations::{
    OneTimeoutShort, ProposesUnapproved, SealsUnactivated, TimesOutAhead, VotesInThePast,
    VotesTwice,
};

use world::World;

type Set<R> = World<Orswot<u8>, R>;

const MEMBERS: usize = 4;

/// The replica that is looked at.
const ONE: usize = 1;

/// The last of four members lies.
fn four<R: Rules>() -> Set<R> {
    World::new(MEMBERS, 1, |_| Entries::default())
}

fn index(of: usize) -> MemberIndex {
    MemberIndex::new(u16::try_from(of).unwrap())
}

/// What these members sign, with their signatures.
fn signed<R: Rules, S: Statement>(
    world: &Set<R>,
    (by, members): (impl IntoIterator<Item = usize>, usize),
    statement: &S,
) -> (Signers, Vec<Sig>) {
    let (mut signers, mut signatures) = (Signers::none(members), Vec::new());
    for at in by {
        signers.insert(index(at));
        let network = world.genesis.network();
        signatures.push(world.nodes[at].identity.sign(&network, statement));
    }
    (signers, signatures)
}

/// No member has another key in the next generation.
fn nobody(members: usize) -> NextKeys {
    NextKeys {
        members: Signers::none(members),
        keys: Vec::new(),
    }
}

/// What the leader of an attempt proposes, with all that it takes.
fn proposal<R: Rules>(world: &Set<R>, attempt: u32, change: Change) -> Payload {
    let (generation, network) = (Generation::GENESIS, world.genesis.network());
    let (signers, signatures) = signed(
        world,
        (0..3, MEMBERS),
        &ApproveStatement { generation, change },
    );
    let decision = Decision {
        generation: Generation::new(1),
        link: *network.digest(),
        change,
        keys: nobody(MEMBERS).digest(),
    };
    let leader = usize::try_from(attempt).unwrap();
    let statement = ProposeStatement {
        generation,
        attempt,
        decision: decision.digest(&network),
    };
    Payload::Propose(Box::new(Proposal {
        generation,
        attempt,
        decision,
        approvals: Approvals {
            generation,
            change,
            possession: None,
            signers,
            signatures,
        },
        keys: Announced {
            keys: nobody(MEMBERS),
            signatures: Vec::new(),
        },
        timeouts: attempt.checked_sub(1).map(|before| timeouts(world, before)),
        sig: world.nodes[leader].identity.sign(&network, &statement),
    }))
}

fn gives_up(attempt: u32) -> TimeoutStatement {
    TimeoutStatement {
        generation: Generation::GENESIS,
        attempt,
        highest: None,
    }
}

fn timeouts<R: Rules>(world: &Set<R>, attempt: u32) -> Timeouts {
    let by = ([0, 2, 3], MEMBERS);
    let (signers, signatures) = signed(world, by, &gives_up(attempt));
    let shown = signatures
        .into_iter()
        .map(|sig| Shown { highest: None, sig });
    Timeouts {
        generation: Generation::GENESIS,
        attempt,
        signers,
        shown: shown.collect(),
        highest: None,
    }
}

fn timeout<R: Rules>(world: &Set<R>, by: usize, attempt: u32) -> Payload {
    let network = world.genesis.network();
    Payload::Timeout(Box::new(Timeout {
        generation: Generation::GENESIS,
        attempt,
        highest: None,
        sig: world.nodes[by].identity.sign(&network, &gives_up(attempt)),
    }))
}

/// A link of the chain: the last of so many members goes.
fn link<R: Rules>(world: &Set<R>, generation: u64, tip: Digest, members: usize) -> Link {
    let (keys, network) = (nobody(members), world.genesis.network());
    let decision = Decision {
        generation: Generation::new(generation + 1),
        link: tip,
        change: Change::Expel(world.actor(members - 1)),
        keys: keys.digest(),
    };
    let statement = SecondVoteStatement {
        generation: Generation::new(generation),
        attempt: 0,
        decision: decision.digest(&network),
    };
    let (signers, signatures) = signed(world, (0..3, members), &statement);
    Link {
        decision,
        keys,
        attempt: 0,
        signers,
        signatures,
    }
}

/// What the replica has sent to one other member.
fn sent<R: Rules>(world: &Set<R>) -> impl Iterator<Item = &Payload> {
    let to_two = world.wire.iter().filter(|packet| packet.to == 2);
    to_two.map(|packet| &packet.payload)
}

/// The attempts in which it has voted for a proposal.
fn voted<R: Rules>(world: &Set<R>) -> Vec<u32> {
    let votes = sent(world).filter_map(|payload| match payload {
        Payload::Vote(vote) if vote.phase == Phase::First => Some(vote.attempt),
        _ => None,
    });
    votes.collect()
}

/// Whether a replica that has voted votes for another proposal of the same attempt.
fn votes_twice<R: Rules>() -> bool {
    let mut world = four::<R>();
    let [one, other] = [0, 2].map(|of| Change::Expel(world.actor(of)));
    let [one, other] = [one, other].map(|change| proposal(&world, 3, change));
    let liar = 3;
    world.hand(liar, ONE, one).unwrap();
    assert_eq!(voted(&world), [3]);
    // The first time it proves its leader faulty.
    world.hand(liar, ONE, other.clone()).unwrap();
    assert_eq!(voted(&world), [3]);
    let judged = catch_unwind(AssertUnwindSafe(|| world.hand(liar, ONE, other)));
    judged.is_err()
}

/// Whether a replica votes in an attempt that it has left.
fn votes_in_the_past<R: Rules>() -> bool {
    let mut world = four::<R>();
    let change = Change::Expel(world.actor(3));
    let [late, current] = [0, 1].map(|attempt| proposal(&world, attempt, change));
    world.hand(2, ONE, current).unwrap();
    let _ = world.hand(2, ONE, late);
    assert!(voted(&world).contains(&1));
    voted(&world).contains(&0)
}

/// Whether a replica gives up an attempt that it has not come to.
fn times_out_ahead<R: Rules>() -> bool {
    let mut world = four::<R>();
    let later = timeout(&world, 2, 5);
    let _ = world.hand(2, ONE, later);
    sent(&world).any(|payload| matches!(payload, Payload::Timeout(timeout) if timeout.attempt == 5))
}

/// Whether a replica leaves its attempt when fewer than a quorum have given it up.
fn enters_early<R: Rules>() -> bool {
    let mut world = four::<R>();
    for by in [0, 2] {
        let timeout = timeout(&world, by, 0);
        world.hand(by, ONE, timeout).unwrap();
    }
    let mut records = world.nodes[ONE].journal.iter();
    records.any(|record| matches!(record, Record::Entered(_)))
}

/// Whether a replica seals a generation that it has not activated.
fn seals_ahead<R: Rules>() -> bool {
    let mut world = four::<R>();
    let network = world.genesis.network();
    let first = link(&world, 0, *network.digest(), MEMBERS);
    let second = link(&world, 1, first.decision.digest(&network), MEMBERS - 1);
    let links = vec![first, second];
    world.hand(2, ONE, Payload::Chain(Chain { links })).unwrap();
    let active = world.replica(ONE).generation();
    assert!(sent(&world).any(|payload| matches!(payload, Payload::Seal(_))));
    sent(&world).any(|payload| matches!(payload, Payload::Seal(seal) if seal.generation > active))
}

/// Whether a leader proposes what it alone approves.
fn proposes_alone<R: Rules>() -> bool {
    let mut world = four::<R>();
    let leader = 0;
    world
        .propose(leader, Change::Expel(world.actor(3)))
        .unwrap();
    for _ in 0..4 {
        world.tick(leader);
    }
    sent(&world).any(|payload| matches!(payload, Payload::Propose(_)))
}

#[test]
fn a_vote_for_a_second_proposal_is_noticed() {
    assert!(!votes_twice::<Sound>());
    assert!(votes_twice::<VotesTwice>());
}

#[test]
fn a_vote_in_an_attempt_that_is_left_is_noticed() {
    assert!(!votes_in_the_past::<Sound>());
    assert!(votes_in_the_past::<VotesInThePast>());
}

#[test]
fn a_timeout_of_an_attempt_to_come_is_noticed() {
    assert!(!times_out_ahead::<Sound>());
    assert!(times_out_ahead::<TimesOutAhead>());
}

#[test]
fn a_timeout_too_few_is_noticed() {
    assert!(!enters_early::<Sound>());
    assert!(enters_early::<OneTimeoutShort>());
}

#[test]
fn a_seal_of_a_generation_to_come_is_noticed() {
    assert!(!seals_ahead::<Sound>());
    assert!(seals_ahead::<SealsUnactivated>());
}

#[test]
fn a_proposal_that_one_member_approves_is_noticed() {
    assert!(!proposes_alone::<Sound>());
    assert!(proposes_alone::<ProposesUnapproved>());
}
