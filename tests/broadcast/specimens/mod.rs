//! One of everything that is on the wire or in a journal, from fixed keys: equal in every run.

#![allow(dead_code, reason = "every test program uses its own part of this")]

mod changing;
mod checkpoints;

use std::collections::BTreeSet;

use bft_crdts::bank::Bank;
use bft_crdts::deterministic_secure_broadcast::evidence::{
    Contradiction, Invention, SignedDigest, SignedHeader,
};
use bft_crdts::deterministic_secure_broadcast::packet::{
    Compare, Headers, Proof, PullHeaders, Refusal,
};
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    FirstVoteStatement, ProposeStatement, SecondVoteStatement, TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{Phase, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{Generations, Halt, Header};
use bft_crdts::membership::MemberIndex;
use bft_crdts::{Bytes, Counter, Digest, Dot, Evidence, Generation, Payload, Record, Seat};

use crate::wire::{Wire, stranger, vouch};
use changing::Changing;

/// The network all of this belongs to: four members with ten coins each.
pub(crate) fn network() -> Wire<Bank> {
    Wire::bank(4, 10)
}

/// The second message of seat 1: it pays twice, and claims a credit of seat 0.
pub(crate) fn message(wire: &Wire<Bank>) -> (Header, Bytes) {
    let first = first_message(wire, 2).0;
    let cause = Dot::new(wire.actor(0), Counter::new(300));
    let ops = [
        Bank::transfer_citing(wire.actor(2), 7, BTreeSet::from([cause])),
        Bank::transfer_citing(wire.actor(3), 1_000, BTreeSet::new()),
    ];
    let (mut header, ops) = wire.message(1, 2, Some(&first), &ops);
    header.causes = vec![(Seat::new(0), Counter::new(300))];
    (header, ops)
}

/// A first message of seat 1, of one payment.
pub(crate) fn first_message(wire: &Wire<Bank>, to: usize) -> (Header, Bytes) {
    let op = Bank::transfer_citing(wire.actor(to), 3, BTreeSet::new());
    wire.message(1, 1, None, &[op])
}

/// Seat 1 has paid two members in one slot.
pub(crate) fn evidence(wire: &Wire<Bank>) -> Evidence {
    evidence_against(wire, 1)
}

/// This seat has vouched for both of these payments: their source, or a witness.
fn evidence_against(wire: &Wire<Bank>, signer: usize) -> Evidence {
    let network = wire.network();
    let signed = |to| {
        let header = first_message(wire, to).0;
        SignedHeader {
            generation: Generation::GENESIS,
            sig: vouch(wire.key(signer), &network, &header),
            header,
        }
    };
    Evidence::headers(&network, wire.actor(signer), signed(2), signed(3))
}

/// Every kind of packet, those with options twice.
pub(crate) fn payloads() -> Vec<(&'static str, Payload)> {
    let wire = network();
    let message = message(&wire);
    let mut summary = wire.summary(&[300, 2, 0, 70_000]);
    let brief = summary.clone();
    summary.culprits.insert(MemberIndex::new(1));
    summary.state = Some(Digest::of(b"a state"));
    let refusal = Refusal {
        first: Counter::new(2),
        header: message.0.digest(&wire.network()),
        index: 1,
        reason: "have 3, need 1000".to_owned(),
    };
    let proof = wire.proof(&message, &[0, 1, 3]);
    let bare = Proof {
        ops: None,
        ..proof.clone()
    };
    let digest = Digest::of(b"a header");
    let compare = Compare {
        generation: Generation::GENESIS,
        headers: vec![(Seat::new(1), 300, digest), (Seat::new(2), 0, digest)],
    };
    let mut payloads = vec![
        ("request", Payload::Request(wire.request(&message))),
        ("echo", Payload::Echo(wire.echo(2, &message.0))),
        ("proof", Payload::Proof(bare)),
        ("proof with operations", Payload::Proof(proof)),
        ("refusal", Payload::Refusal(refusal)),
        ("evidence", Payload::Evidence(Box::new(evidence(&wire)))),
        (
            "evidence against a witness",
            Payload::Evidence(Box::new(evidence_against(&wire, 2))),
        ),
        ("summary", Payload::Summary(brief)),
        ("summary with a digest", Payload::Summary(summary)),
        ("pull", Payload::Pull(wire.pull(&[300, 2, 0, 70_000]))),
        ("compare", Payload::Compare(compare)),
    ];
    payloads.extend(payloads_of_a_change());
    payloads.extend(checkpoints::payloads());
    payloads.extend(contradictions().into_iter().map(|(name, contradiction)| {
        let culprit = wire.actor(LIAR);
        let evidence = Evidence {
            culprit,
            contradiction,
        };
        (name, Payload::Evidence(Box::new(evidence)))
    }));
    payloads
}

/// Who says all of this twice, or what is not true.
const LIAR: usize = 2;

/// One of each kind of contradiction that is about the next generation.
fn contradictions() -> Vec<(&'static str, Contradiction)> {
    let wire = network();
    let (network, generation) = (wire.network(), Generation::GENESIS);
    let (attempt, link) = (1, *network.digest());
    let mut digests = [1, 2].map(|tag| Digest::of(&[tag]));
    digests.sort();
    let [one, other] = digests;
    let key = wire.key(LIAR);
    let first = |digest| {
        let statement = FirstVoteStatement {
            generation,
            attempt,
            decision: digest,
        };
        let sig = key.sign(&network, &statement);
        SignedDigest { digest, sig }
    };
    let second = |digest| {
        let statement = SecondVoteStatement {
            generation,
            attempt,
            decision: digest,
        };
        let sig = key.sign(&network, &statement);
        SignedDigest { digest, sig }
    };
    let proposal = |digest| {
        let statement = ProposeStatement {
            generation,
            attempt,
            decision: digest,
        };
        let sig = key.sign(&network, &statement);
        SignedDigest { digest, sig }
    };
    let highest = Some((0, other));
    let timeout = TimeoutStatement {
        generation,
        attempt: 3,
        highest,
    };
    // A seal that shows of seat 1 a message that another has signed, and of seat 0 nothing.
    let header = first_message(&wire, 3).0;
    let forged = SignedHeader {
        generation,
        sig: vouch(wire.key(0), &network, &header),
        header,
    };
    let mut seal = Seal {
        generation,
        signer: MemberIndex::new(LIAR as u16),
        sources: vec![SealedSource {
            source: Seat::new(1),
            best: None,
            open: vec![forged],
        }],
        sig: bft_crdts::Sig::from_bytes([0; 64]),
    };
    seal.sig = key.sign(&network, &seal.statement(link));
    let mut empty = Seal {
        sources: Vec::new(),
        ..seal.clone()
    };
    empty.sig = key.sign(&network, &empty.statement(link));
    let (hidden, _) = wire.message(0, 1, None, &[]);
    let hidden = Header { len: 1, ..hidden };
    let echo = SignedHeader {
        generation,
        sig: vouch(key, &network, &hidden),
        header: hidden,
    };
    let votes = |phase, one, other| Contradiction::Votes {
        generation,
        attempt,
        phase,
        one,
        other,
    };
    let forgotten = Contradiction::Forgotten {
        generation,
        voted: attempt,
        vote: second(one),
        given_up: 3,
        highest,
        timeout: key.sign(&network, &timeout),
    };
    let proposals = Contradiction::Proposals {
        generation,
        attempt,
        one: proposal(one),
        other: proposal(other),
    };
    let culprit = key.actor();
    let of = |evidence: Evidence| evidence.contradiction;
    let invented = Evidence::invented(culprit, &seal, Seat::new(1), Invention::Open(0));
    vec![
        (
            "evidence of first votes",
            votes(Phase::First, first(one), first(other)),
        ),
        (
            "evidence of second votes",
            votes(Phase::Second, second(one), second(other)),
        ),
        ("evidence of a denied vote", forgotten),
        ("evidence of proposals", proposals),
        (
            "evidence of seals",
            of(Evidence::seals(culprit, link, &seal, &empty)),
        ),
        (
            "evidence of a hidden echo",
            of(Evidence::hidden(culprit, echo, &seal)),
        ),
        ("evidence of an invention", of(invented)),
    ]
}

/// The chain of a change of this network's members.
pub(crate) fn generations() -> Generations<bft_crdts::Ed25519> {
    changing().replicas[1].generations().clone()
}

/// A change of this network's members.
fn changing() -> Changing {
    let wire = network();
    let members = (0..4).map(|seat| wire.nodes[seat].identity.clone());
    Changing::run(&wire.genesis, members, stranger())
}

fn payloads_of_a_change() -> Vec<(&'static str, Payload)> {
    let changing = changing();
    let first = |is: &dyn Fn(&Payload) -> bool| {
        let mut payloads = changing.packets.iter().map(|(.., payload)| payload);
        payloads
            .find(|payload| is(payload))
            .expect("it was sent")
            .clone()
    };
    let vote = |is| first(&|payload| matches!(payload, Payload::Vote(vote) if vote.phase == is));
    let Payload::Timeout(timeout) = first(&|payload| matches!(payload, Payload::Timeout(_))) else {
        unreachable!();
    };
    let mut locked = timeout.clone();
    locked.highest = changing
        .records
        .iter()
        .find_map(|(_, record)| match record {
            Record::Locked(lock) => Some((**lock).clone()),
            _ => None,
        });
    assert!(locked.highest.is_some());
    let header = message(&network()).0;
    let pull = PullHeaders {
        source: Seat::new(1),
        below: Counter::new(300),
        delivered: Counter::new(2),
    };
    let headers = Headers {
        headers: vec![header],
    };
    vec![
        (
            "join",
            first(&|payload| matches!(payload, Payload::Join(_))),
        ),
        (
            "approval",
            first(&|payload| matches!(payload, Payload::Approvals(of) if of.signers.count() == 1)),
        ),
        (
            "approvals",
            first(&|payload| matches!(payload, Payload::Approvals(of) if of.signers.count() > 1)),
        ),
        (
            "next-key",
            first(&|payload| matches!(payload, Payload::NextKey(_))),
        ),
        (
            "proposal",
            first(&|payload| matches!(payload, Payload::Propose(of) if of.timeouts.is_some())),
        ),
        ("first vote", vote(Phase::First)),
        ("second vote", vote(Phase::Second)),
        ("timeout", Payload::Timeout(timeout)),
        ("timeout with votes", Payload::Timeout(locked)),
        (
            "timeouts",
            first(&|payload| matches!(payload, Payload::Timeouts(_))),
        ),
        (
            "chain",
            first(&|payload| matches!(payload, Payload::Chain(_))),
        ),
        (
            "seal",
            first(&|payload| matches!(payload, Payload::Seal(_))),
        ),
        (
            "pull of the chain",
            first(&|payload| matches!(payload, Payload::PullChain(_))),
        ),
        ("pull of headers", Payload::PullHeaders(pull)),
        ("headers", Payload::Headers(headers)),
    ]
}

fn records_of_a_change() -> Vec<(&'static str, Record)> {
    let changing = changing();
    type Is = fn(&Record) -> bool;
    let kinds: [(&'static str, Is); 11] = [
        ("joining", |record| matches!(record, Record::Joining)),
        ("wanted", |record| matches!(record, Record::Wanted { .. })),
        ("approved", |record| {
            matches!(record, Record::Approved { .. })
        }),
        ("announced", |record| matches!(record, Record::Announced(_))),
        ("proposed", |record| matches!(record, Record::Proposed(_))),
        ("voted", |record| matches!(record, Record::Voted(_))),
        ("locked", |record| matches!(record, Record::Locked(_))),
        ("timed out", |record| matches!(record, Record::TimedOut(_))),
        ("entered", |record| matches!(record, Record::Entered(_))),
        ("decided", |record| matches!(record, Record::Decided(_))),
        ("activated", |record| {
            matches!(record, Record::Activated { .. })
        }),
    ];
    let mut all: Vec<(&'static str, Record)> = Vec::new();
    for (name, is) in kinds {
        let records = &mut changing.records.iter().map(|(_, record)| record);
        let record = records.find(|record| is(record)).expect("it was written");
        all.push((name, record.clone()));
    }
    let seal = changing
        .records
        .iter()
        .find_map(|(_, record)| match record {
            Record::Seal(seal) => Some(seal.clone()),
            _ => None,
        });
    all.push(("seal", Record::Seal(seal.expect("everybody seals"))));
    all
}

/// Every kind of record, those with options twice.
pub(crate) fn records() -> Vec<(&'static str, Record)> {
    let wire = network();
    let (header, ops) = message(&wire);
    let generation = Generation::GENESIS;
    let sig = |seat| vouch(wire.key(seat), &wire.network(), &header);
    let certificate = wire.certificate(&header, &[0, 1, 3]);
    let identity = Record::Identity {
        network: wire.network(),
        actor: wire.actor(1),
    };
    let own = Record::Own {
        generation,
        header: header.clone(),
        echo: sig(1),
        ops: ops.clone(),
    };
    let open = Record::Open {
        generation,
        header: header.clone(),
        source_echo: sig(1),
        echo: sig(2),
        ops: ops.clone(),
    };
    let certified = |ops| Record::Certified {
        certificate: certificate.clone(),
        ops,
    };
    let delivered = |source_echo, ops| Record::Delivered {
        certificate: certificate.clone(),
        source_echo,
        ops,
    };
    let mut records = vec![
        ("identity", identity),
        ("own", own),
        ("open", open),
        ("certified", certified(None)),
        ("certified with operations", certified(Some(ops.clone()))),
        ("delivered", delivered(None, None)),
        (
            "delivered with operations",
            delivered(Some((generation, sig(1))), Some(ops)),
        ),
        ("evidence", Record::Evidence(Box::new(evidence(&wire)))),
        ("halted by a twin", Record::Halted(Halt::KeyUsedElsewhere)),
        ("halted by its driver", Record::Halted(Halt::Driver)),
    ];
    records.extend(records_of_a_change());
    records.extend(checkpoints::records());
    records
}
