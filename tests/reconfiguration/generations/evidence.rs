//! Every kind of lie about generations convicts its signer, wherever the two statements meet; and as a file it convinces
//! anybody.

use bft_crdts::codec::Digest;
use bft_crdts::deterministic_secure_broadcast::evidence::{
    Contradiction, Evidence, Invention, SignedHeader, concealers,
};
use bft_crdts::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, ProofFile};
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    ApproveStatement, FirstVoteStatement, JoinStatement, ProposeStatement, SecondVoteStatement,
    TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{
    Announced, Approvals, Chain, Lock, NextKeys, Phase, Proposal, SealedSource, Shown, Timeout,
    Timeouts, Vote,
};
use bft_crdts::deterministic_secure_broadcast::{Decision, Halt, Header, Link};
use bft_crdts::membership::Signers;
use bft_crdts::orswot::Orswot;
use bft_crdts::{
    Certificate, Change, Generation, MemberIndex, Payload, Rejection, Seat, Sig, Statement,
};

use super::defects::{echo, first_message, seal};
use super::{add, rounds, set_of_liars};
use crate::world::{Toy, World};

type Set = World<Orswot<u8>>;

pub(crate) const GENESIS: Generation = Generation::GENESIS;

/// The member that lies, by key the last of four.
const ADVERSARY: usize = 3;

pub(crate) fn sign(world: &Set, by: usize, statement: &impl Statement) -> Sig {
    let network = world.genesis.network();
    world.nodes[by].identity.sign(&network, statement)
}

pub(crate) fn vote(world: &Set, by: usize, attempt: u32, phase: Phase, decision: Digest) -> Vote {
    let generation = GENESIS;
    let sig = match phase {
        Phase::First => {
            let statement = FirstVoteStatement {
                generation,
                attempt,
                decision,
            };
            sign(world, by, &statement)
        }
        Phase::Second => {
            let statement = SecondVoteStatement {
                generation,
                attempt,
                decision,
            };
            sign(world, by, &statement)
        }
    };
    Vote {
        generation,
        attempt,
        phase,
        decision,
        sig,
    }
}

fn shown(world: &Set, by: usize, attempt: u32, highest: Option<(u32, Digest)>) -> Shown {
    let generation = GENESIS;
    let statement = TimeoutStatement {
        generation,
        attempt,
        highest,
    };
    let sig = sign(world, by, &statement);
    Shown { highest, sig }
}

/// A timeout that shows no quorum of first votes.
fn timeout(world: &Set, by: usize, attempt: u32) -> Payload {
    Payload::Timeout(Box::new(Timeout {
        generation: GENESIS,
        attempt,
        highest: None,
        sig: shown(world, by, attempt, None).sig,
    }))
}

/// Those of these members, who show no quorum of first votes.
pub(crate) fn timeouts(world: &Set, attempt: u32, by: &[usize]) -> Timeouts {
    Timeouts {
        generation: GENESIS,
        attempt,
        signers: signers(by),
        shown: by
            .iter()
            .map(|by| shown(world, *by, attempt, None))
            .collect(),
        highest: None,
    }
}

fn signers(of: &[usize]) -> Signers {
    let mut signers = Signers::none(4);
    for index in of {
        signers.insert(MemberIndex::new(u16::try_from(*index).unwrap()));
    }
    signers
}

/// The first decision there can be.
pub(crate) fn decision(world: &Set, change: Change) -> Decision {
    Decision {
        generation: Generation::new(1),
        link: *world.genesis.network().digest(),
        change,
        keys: nobodys_keys().digest(),
    }
}

/// Nobody has announced another key.
fn nobodys_keys() -> NextKeys {
    NextKeys {
        members: signers(&[]),
        keys: Vec::new(),
    }
}

pub(crate) fn announced() -> Announced {
    Announced {
        keys: nobodys_keys(),
        signatures: Vec::new(),
    }
}

pub(crate) fn approvals(world: &Set, change: Change) -> Approvals {
    let statement = ApproveStatement {
        generation: GENESIS,
        change,
    };
    let possession = match change {
        Change::Join(actor) => {
            let joiner = world.seat_of(&actor).unwrap();
            Some(sign(world, joiner, &JoinStatement { actor }))
        }
        _ => None,
    };
    Approvals {
        generation: GENESIS,
        change,
        possession,
        signers: signers(&[0, 1, 2]),
        signatures: [0, 1, 2].map(|by| sign(world, by, &statement)).to_vec(),
    }
}

/// A decision with the second votes of these members.
pub(crate) fn link(world: &Set, change: Change, attempt: u32, by: &[usize]) -> Link {
    let decision = decision(world, change);
    let digest = decision.digest(&world.genesis.network());
    let votes = by
        .iter()
        .map(|by| vote(world, *by, attempt, Phase::Second, digest).sig);
    Link {
        decision,
        keys: nobodys_keys(),
        attempt,
        signers: signers(by),
        signatures: votes.collect(),
    }
}

/// Whom this replica can convict, in order. Whatever it holds convinces anybody who has the genesis, and nobody once it
/// is about somebody else.
pub(crate) fn convicted(world: &Set, at: usize) -> Vec<(usize, &'static str)> {
    let replica = world.replica(at);
    let genesis = GenesisFile::read(&GenesisFile::of(&world.genesis).to_bytes()).unwrap();
    let mut found = Vec::new();
    for evidence in replica.evidence() {
        let proof_file = ProofFile::evidence(replica.generations(), evidence.clone());
        let read = ProofFile::read(&proof_file.to_bytes());
        assert_eq!(read.as_ref(), Ok(&proof_file));
        proof_file
            .verify::<Toy>(&genesis, None)
            .expect("it convinces anybody");
        for other in world.genesis.members() {
            let framed = Evidence {
                culprit: *other,
                ..evidence.clone()
            };
            let innocent = *other != evidence.culprit;
            assert_eq!(framed.verify(replica.generations()).is_err(), innocent);
        }
        let culprit = world.seat_of(&evidence.culprit).unwrap();
        found.push((culprit, evidence.contradiction.kind()));
    }
    found.sort_unstable();
    found
}

pub(crate) fn join(world: &Set) -> Change {
    Change::Join(world.actor(4))
}

#[test]
fn two_votes_in_one_attempt_convict_and_the_second_counts_for_nothing() {
    let cases = [
        (Phase::First, "two first votes in one attempt"),
        (Phase::Second, "two second votes in one attempt"),
    ];
    for (phase, kind) in cases {
        let mut world = set_of_liars(4, 1, 1);
        let [one, other] = [1, 2].map(|tag| vote(&world, ADVERSARY, 0, phase, Digest::of(&[tag])));
        assert_eq!(world.hand(ADVERSARY, 0, Payload::Vote(one)), Ok(()));
        let again = world.hand(ADVERSARY, 0, Payload::Vote(one));
        assert_eq!(again, Err(Rejection::Duplicate));
        assert_eq!(convicted(&world, 0), []);
        assert_eq!(world.hand(ADVERSARY, 0, Payload::Vote(other)), Ok(()));
        assert_eq!(convicted(&world, 0), [(ADVERSARY, kind)]);
        let again = world.hand(ADVERSARY, 0, Payload::Vote(other));
        assert_eq!(again, Err(Rejection::Duplicate), "once is enough");
        world.flow();
        assert!((0..3).all(|at| convicted(&world, at) == [(ADVERSARY, kind)]));
        // A vote is one vote: with two of the others there is still no quorum for either.
        for by in [1, 2] {
            let vote = vote(&world, by, 0, phase, other.decision);
            world.hand(by, 0, Payload::Vote(vote)).unwrap();
        }
        assert_eq!(world.replica(0).chain().count(), 0);
    }
}

/// A voter whose two votes never reach the same member is found out by the quorum that one of them is part of.
#[test]
fn a_vote_in_a_quorum_contradicts_one_that_was_heard() {
    let mut world = set_of_liars(4, 1, 1);
    let change = join(&world);
    let told = vote(&world, ADVERSARY, 0, Phase::First, Digest::of(b"another"));
    world.hand(ADVERSARY, 0, Payload::Vote(told)).unwrap();
    let decision = decision(&world, change);
    let digest = decision.digest(&world.genesis.network());
    let by = [1, 2, ADVERSARY];
    let votes = by.map(|by| vote(&world, by, 0, Phase::First, digest).sig);
    let lock = Lock {
        attempt: 0,
        decision,
        approvals: approvals(&world, change),
        keys: announced(),
        signers: signers(&by),
        signatures: votes.to_vec(),
    };
    let timeout = Timeout {
        generation: GENESIS,
        attempt: 0,
        sig: shown(&world, 1, 0, Some((0, digest))).sig,
        highest: Some(lock),
    };
    world
        .hand(1, 0, Payload::Timeout(Box::new(timeout)))
        .unwrap();
    assert_eq!(
        convicted(&world, 0),
        [(ADVERSARY, "two first votes in one attempt")]
    );
}

#[test]
fn a_timeout_that_denies_a_second_vote_convicts_in_whatever_order_they_come() {
    let kind = "a second vote that a later timeout denies";
    for vote_first in [true, false] {
        let mut world = set_of_liars(4, 1, 1);
        let vote = vote(
            &world,
            ADVERSARY,
            0,
            Phase::Second,
            Digest::of(b"a decision"),
        );
        let mut said = [Payload::Vote(vote), timeout(&world, ADVERSARY, 0)];
        if !vote_first {
            said.reverse();
        }
        for payload in said {
            assert_eq!(convicted(&world, 0), []);
            world.hand(ADVERSARY, 0, payload).unwrap();
        }
        assert_eq!(convicted(&world, 0), [(ADVERSARY, kind)]);
    }
    // In a later attempt, and as one of a quorum.
    let mut world = set_of_liars(4, 1, 1);
    let vote = vote(
        &world,
        ADVERSARY,
        0,
        Phase::Second,
        Digest::of(b"a decision"),
    );
    world.hand(ADVERSARY, 0, Payload::Vote(vote)).unwrap();
    let ended = timeouts(&world, 2, &[1, 2, ADVERSARY]);
    world
        .hand(1, 0, Payload::Timeouts(Box::new(ended)))
        .unwrap();
    assert_eq!(convicted(&world, 0), [(ADVERSARY, kind)]);
}

/// What is given up before a vote, or shows a later quorum, denies nothing.
#[test]
fn a_timeout_that_may_be_honest_convicts_nobody() {
    let world = set_of_liars(4, 1, 1);
    let voted = vote(
        &world,
        ADVERSARY,
        3,
        Phase::Second,
        Digest::of(b"a decision"),
    );
    let generations = world.replica(0).generations();
    let denies = |given_up: u32, highest: Option<(u32, Digest)>| {
        let evidence = Evidence {
            culprit: world.actor(ADVERSARY),
            contradiction: Contradiction::StaleTimeout {
                generation: GENESIS,
                voted: 3,
                vote: bft_crdts::deterministic_secure_broadcast::evidence::SignedDigest {
                    digest: voted.decision,
                    sig: voted.sig,
                },
                given_up,
                highest,
                timeout: shown(&world, ADVERSARY, given_up, highest).sig,
            },
        };
        evidence.verify(generations).is_ok()
    };
    let another = Digest::of(b"another");
    assert!(denies(3, None) && denies(4, Some((2, another))));
    assert!(!denies(2, None), "signed before the vote");
    assert!(!denies(3, Some((3, voted.decision))));
    // With more than f Byzantine nodes there may be two quorums in one attempt, and a correct member shows the first it
    // has seen.
    assert!(!denies(3, Some((3, another))));
    assert!(!denies(9, Some((7, another))));
}

#[test]
fn two_proposals_of_one_attempt_convict_their_leader_whoever_brings_them() {
    let mut world = set_of_liars(4, 1, 1);
    let network = world.genesis.network();
    // The turn of the last by key comes with attempt 3.
    let propose = |world: &Set, change: Change| {
        let (generation, attempt) = (GENESIS, 3);
        let decision = decision(world, change);
        let statement = ProposeStatement {
            generation,
            attempt,
            decision: decision.digest(&network),
        };
        Payload::Propose(Box::new(Proposal {
            generation,
            attempt,
            decision,
            approvals: approvals(world, change),
            keys: announced(),
            timeouts: Some(timeouts(world, 2, &[0, 1, 2])),
            sig: sign(world, ADVERSARY, &statement),
        }))
    };
    let one = propose(&world, join(&world));
    let other = propose(&world, Change::Expel(world.actor(2)));
    world.hand(ADVERSARY, 0, one.clone()).unwrap();
    assert_eq!(convicted(&world, 0), []);
    // Somebody passes the other one on.
    world.hand(1, 0, other.clone()).unwrap();
    let found = [(ADVERSARY, "two proposals in one attempt")];
    assert_eq!(convicted(&world, 0), found);
    assert_eq!(world.hand(1, 0, other), Err(Rejection::Duplicate));
    world.flow();
    assert_eq!(convicted(&world, 2), found);
}

#[test]
fn two_seals_of_one_generation_convict() {
    let mut world = set_of_liars(4, 1, 1);
    let (header, _) = first_message(&world, 0, &add(1));
    let open = vec![SignedHeader {
        generation: GENESIS,
        sig: echo(&world, 0, GENESIS, &header),
        header,
    }];
    let sealed = SealedSource {
        source: Seat::new(0),
        best: None,
        open,
    };
    let one = seal(&world, ADVERSARY, 0, ADVERSARY, Vec::new());
    let other = seal(&world, ADVERSARY, 0, ADVERSARY, vec![sealed]);
    world
        .hand(ADVERSARY, 0, Payload::Seal(Box::new(one.clone())))
        .unwrap();
    let again = world.hand(1, 0, Payload::Seal(Box::new(one)));
    assert_eq!(again, Err(Rejection::Duplicate));
    world
        .hand(1, 0, Payload::Seal(Box::new(other.clone())))
        .unwrap();
    assert_eq!(
        convicted(&world, 0),
        [(ADVERSARY, "two seals of one generation")]
    );
    let again = world.hand(1, 0, Payload::Seal(Box::new(other)));
    assert_eq!(again, Err(Rejection::Duplicate));
}

/// Whoever did not hear of it by itself is told with the next summary, and a conviction is reason enough to expel.
#[test]
fn a_conviction_spreads_and_expels() {
    let mut world = set_of_liars(4, 1, 1);
    let [one, other] =
        [1, 2].map(|tag| vote(&world, ADVERSARY, 0, Phase::First, Digest::of(&[tag])));
    for vote in [one, other] {
        world.hand(ADVERSARY, 0, Payload::Vote(vote)).unwrap();
    }
    world.wire.clear();
    world.crash(0, 0);
    world.restart(0);
    let found = [(ADVERSARY, "two first votes in one attempt")];
    assert_eq!(convicted(&world, 0), found, "it is in the journal");
    assert_eq!(convicted(&world, 1), []);
    rounds(&mut world, 3);
    assert!((0..3).all(|at| convicted(&world, at) == found));
    // One asks, and the others agree without being told to.
    let expel = Change::Expel(world.actor(ADVERSARY));
    world.propose(0, expel).unwrap();
    rounds(&mut world, 20);
    for at in 0..3 {
        let changes = world.replica(at).chain().map(|link| link.decision.change);
        assert_eq!(changes.collect::<Vec<_>>(), [expel]);
        world.judge_journal(at);
    }
}

const HIDDEN: &str = "an echo that its seal of the generation does not show";

/// The Byzantine node vouches for a message of 0, and seals as if it had not.
fn vouched(world: &mut Set) -> (Payload, Payload, Header) {
    world.submit(0, [add(1)]);
    let requests = world.on_wire(|packet| packet.to == ADVERSARY);
    let Some(Payload::Request(request)) = requests.first().map(|packet| &packet.payload) else {
        panic!("a request");
    };
    let header = request.header.clone();
    let echo = Payload::Echo(Echo {
        generation: GENESIS,
        first: header.first,
        header: header.digest(&world.genesis.network()),
        sig: echo(world, ADVERSARY, GENESIS, &header),
    });
    let seal = seal(world, ADVERSARY, 0, ADVERSARY, Vec::new());
    (echo, Payload::Seal(Box::new(seal)), header)
}

#[test]
fn an_echo_that_a_seal_hides_convicts_in_whatever_order_they_come() {
    for seal_first in [false, true] {
        let mut world = set_of_liars(4, 1, 1);
        let (echo, seal, _) = vouched(&mut world);
        let mut said = [echo, seal];
        if seal_first {
            said.reverse();
        }
        for payload in said {
            assert_eq!(convicted(&world, 0), []);
            world.hand(ADVERSARY, 0, payload).unwrap();
        }
        assert_eq!(convicted(&world, 0), [(ADVERSARY, HIDDEN)]);
    }
}

#[test]
fn a_certificate_with_an_echo_that_a_seal_hides_convicts_in_whatever_order_they_come() {
    for seal_first in [false, true] {
        let mut world = set_of_liars(4, 1, 1);
        let (_, seal, header) = vouched(&mut world);
        let by = [0, 1, ADVERSARY];
        let certificate = Certificate {
            generation: GENESIS,
            signers: signers(&by),
            signatures: by.map(|by| echo(&world, by, GENESIS, &header)).to_vec(),
            header,
        };
        let proof = Payload::Proof(Proof {
            certificate: certificate.clone(),
            ops: Some(first_message(&world, 0, &add(1)).1),
        });
        let Payload::Seal(adversaries) = &seal else {
            panic!("a seal");
        };
        let named = concealers(
            world.replica(2).generations(),
            &certificate,
            [&**adversaries],
        );
        assert_eq!(named.len(), 1, "offline, too");
        let mut said = [proof, seal];
        if seal_first {
            said.reverse();
        }
        let request = world.on_wire(|packet| packet.to == 2).remove(0);
        world.hand(0, 2, request.payload).unwrap();
        for payload in said {
            assert_eq!(convicted(&world, 2), []);
            world.hand(1, 2, payload).unwrap();
        }
        assert_eq!(convicted(&world, 2), [(ADVERSARY, HIDDEN)]);
    }
}

/// A source has vouched for its own messages.
#[test]
fn a_source_that_goes_on_after_its_seal_is_convicted() {
    for seal_first in [false, true] {
        let mut world = set_of_liars(4, 1, 1);
        let (header, ops) = first_message(&world, ADVERSARY, &add(1));
        let request = Payload::Request(Request {
            generation: GENESIS,
            echo: echo(&world, ADVERSARY, GENESIS, &header),
            header,
            ops,
        });
        let seal = Payload::Seal(Box::new(seal(&world, ADVERSARY, 0, ADVERSARY, Vec::new())));
        let mut said = [request, seal];
        if seal_first {
            said.reverse();
        }
        for payload in said {
            assert_eq!(convicted(&world, 0), []);
            world.hand(ADVERSARY, 0, payload).unwrap();
        }
        assert_eq!(convicted(&world, 0), [(ADVERSARY, HIDDEN)]);
    }
}

/// To hide an echo a Byzantine node may show a certificate past its slot, and has to make one up.
#[test]
fn a_seal_with_signatures_that_do_not_hold_convicts_whoever_uses_it() {
    for (open, certified) in [(true, false), (false, true)] {
        let mut world = set_of_liars(4, 1, 1);
        let (header, _) = first_message(&world, 0, &add(66));
        // Nobody but its source can have signed it, and no quorum has.
        let sig = echo(&world, ADVERSARY, GENESIS, &header);
        let best = certified.then(|| Certificate {
            generation: GENESIS,
            header: header.clone(),
            signers: signers(&[0, 1, ADVERSARY]),
            signatures: vec![sig; 3],
        });
        let forged = SignedHeader {
            generation: GENESIS,
            header,
            sig,
        };
        let sources = vec![SealedSource {
            source: Seat::new(0),
            best,
            open: Vec::from_iter(open.then_some(forged)),
        }];
        let forged = seal(&world, ADVERSARY, 0, ADVERSARY, sources);
        for to in 0..3 {
            let seal = Payload::Seal(Box::new(forged.clone()));
            world.hand(ADVERSARY, to, seal).unwrap();
        }
        world.join(4).unwrap();
        world.flow();
        let change = join(&world);
        for at in 0..3 {
            assert_eq!(convicted(&world, at), []);
            world.propose(at, change).unwrap();
        }
        rounds(&mut world, 40);
        let found = [(ADVERSARY, "a seal that shows what was never signed")];
        for at in [0, 1, 2, 4] {
            assert_eq!(convicted(&world, at), found, "{at}");
            world.judge_journal(at);
        }
    }
}

/// What holds in a seal is no invention.
#[test]
fn a_seal_that_tells_the_truth_convicts_nobody() {
    let world = set_of_liars(4, 1, 1);
    let (header, _) = first_message(&world, 0, &add(1));
    let signed = |by: usize| SignedHeader {
        generation: GENESIS,
        header: header.clone(),
        sig: echo(&world, by, GENESIS, &header),
    };
    let (next, mine) = (signed(0), world.actor(ADVERSARY));
    let of = |sources: Vec<SealedSource>, what: Invention| {
        let seal = seal(&world, ADVERSARY, 0, ADVERSARY, sources);
        let evidence = Evidence::invented(mine, &seal, Seat::new(0), what);
        evidence.verify(world.replica(0).generations()).is_ok()
    };
    let open = |open: SignedHeader| SealedSource {
        source: Seat::new(0),
        best: None,
        open: vec![open],
    };
    assert!(!of(vec![open(next)], Invention::Open(0)));
    assert!(of(vec![open(signed(1))], Invention::Open(0)));
    assert!(
        !of(vec![open(signed(1))], Invention::Open(1)),
        "there is no other"
    );
    assert!(!of(vec![open(signed(1))], Invention::Certificate));
    let certified = |by: &[usize]| SealedSource {
        source: Seat::new(0),
        best: Some(Certificate {
            generation: GENESIS,
            header: header.clone(),
            signers: signers(by),
            signatures: by
                .iter()
                .map(|by| echo(&world, *by, GENESIS, &header))
                .collect(),
        }),
        open: Vec::new(),
    };
    assert!(!of(vec![certified(&[0, 1, 2])], Invention::Certificate));
    assert!(
        of(vec![certified(&[0, 1])], Invention::Certificate),
        "no quorum"
    );
}

/// G12 for the chain: two decisions for one generation take two votes of more than f members, or votes that they deny.
#[test]
fn two_decisions_for_one_generation_name_more_than_f_members() {
    for later in [0, 1] {
        let mut world = World::<Orswot<u8>>::with_joiners(4, 2, 2, |_| Default::default());
        let [one, other] = [4, 5].map(|joiner| Change::Join(world.actor(joiner)));
        if later > 0 {
            let ended = timeouts(&world, 0, &[0, 2, 3]);
            world
                .hand(2, 0, Payload::Timeouts(Box::new(ended)))
                .unwrap();
        }
        let known = link(&world, one, later, &[0, 2, 3]);
        let other = link(&world, other, 0, &[1, 2, 3]);
        let chain = |link: &Link| {
            Payload::Chain(Chain {
                links: vec![link.clone()],
            })
        };
        world.hand(2, 0, chain(&known)).unwrap();
        assert_eq!(convicted(&world, 0), []);
        assert_eq!(world.hand(2, 0, chain(&known)), Err(Rejection::Duplicate));
        // One that does not hold says nothing.
        let mut forged = other.clone();
        forged.signatures.swap(0, 1);
        assert_eq!(world.hand(2, 0, chain(&forged)), Err(Rejection::Duplicate));
        world.hand(1, 0, chain(&other)).unwrap();
        let kind = match later {
            0 => "two second votes in one attempt",
            _ => "a second vote that a later timeout denies",
        };
        assert_eq!(convicted(&world, 0), [(2, kind), (3, kind)]);
        let chain: Vec<Change> = world
            .replica(0)
            .chain()
            .map(|link| link.decision.change)
            .collect();
        assert_eq!(chain, [one], "it stays where it is");
    }
}

/// G12 across a reconfiguration: of two certificates for one slot the older one is denied by the seals between them,
/// and they name more than f members.
#[test]
fn two_certificates_of_two_generations_name_more_than_f_members() {
    let mut world = World::<Orswot<u8>>::with_joiners(4, 2, 1, |_| Default::default());
    let (now, ops) = (Generation::new(1), |op: u8| {
        first_message(&world, ADVERSARY, &add(op))
    });
    let [(one, bytes_of_one), (other, bytes_of_other)] = [1, 2].map(ops);
    // Two Byzantine nodes and member 1, who has been asked, vouch for one message.
    let by = [1, 2, ADVERSARY];
    let older = Certificate {
        generation: GENESIS,
        signers: signers(&by),
        signatures: by.map(|by| echo(&world, by, GENESIS, &one)).to_vec(),
        header: one,
    };
    // Member 0 goes on with its own seal and those of the Byzantine nodes, who hide it.
    let links = vec![link(&world, join(&world), 0, &[1, 2, ADVERSARY])];
    world.hand(2, 0, Payload::Chain(Chain { links })).unwrap();
    for by in [2, ADVERSARY] {
        let seal = seal(&world, by, 0, by, Vec::new());
        world.hand(by, 0, Payload::Seal(Box::new(seal))).unwrap();
    }
    assert_eq!(world.replica(0).generation(), now);
    // So it vouches for another one, and so does the joiner.
    let request = Payload::Request(Request {
        generation: now,
        echo: echo(&world, ADVERSARY, now, &other),
        header: other.clone(),
        ops: bytes_of_other.clone(),
    });
    world.hand(ADVERSARY, 0, request).unwrap();
    let members = world.replica(0).members().clone();
    let mut echoes: Vec<(MemberIndex, Sig)> = [0, 2, ADVERSARY, 4]
        .map(|by| {
            let index = members.index_of(&world.actor(by)).unwrap();
            (index, echo(&world, by, now, &other))
        })
        .to_vec();
    echoes.sort_unstable();
    let mut all = Signers::none(5);
    echoes.iter().for_each(|(index, _)| all.insert(*index));
    let newer = Certificate {
        generation: now,
        header: other,
        signers: all,
        signatures: echoes.into_iter().map(|(_, sig)| sig).collect(),
    };
    let proof = |certificate: Certificate, ops| {
        Payload::Proof(Proof {
            certificate,
            ops: Some(ops),
        })
    };
    world
        .hand(ADVERSARY, 0, proof(newer, bytes_of_other))
        .unwrap();
    assert!(world.replica(0).algorithm().contains(&2));
    assert_eq!(convicted(&world, 0), []);
    world.hand(1, 0, proof(older, bytes_of_one)).unwrap();
    assert_eq!(convicted(&world, 0), [(2, HIDDEN), (ADVERSARY, HIDDEN)]);
}

/// Whoever sees its own key convicted stops: somebody else has it.
#[test]
fn a_replica_that_sees_a_second_seal_of_its_own_stops_signing() {
    let mut world = set_of_liars(4, 1, 1);
    world.submit(0, [add(1)]);
    world.join(4).unwrap();
    rounds(&mut world, 2);
    let change = join(&world);
    for at in 0..3 {
        world.propose(at, change).unwrap();
    }
    // It decides and seals, and hears of nobody else's seal.
    for _ in 0..20 {
        for at in 0..3 {
            world.tick(at);
        }
        world.flow_if(|packet| !matches!(packet.payload, Payload::Seal(_)));
    }
    let replica = world.replica(0);
    assert_eq!(
        (replica.chain().count(), replica.generation()),
        (1, GENESIS)
    );
    let packet = bft_crdts::Packet {
        from: world.actor(1),
        payload: Payload::Seal(Box::new(seal(&world, 0, 0, 0, Vec::new()))),
    };
    assert!(world.replica_mut(0).handle(packet).is_ok());
    assert_eq!(world.replica(0).halted(), Some(Halt::KeyUsedElsewhere));
}
