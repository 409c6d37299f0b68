//! What a Byzantine member, an outsider or the weather can do to the broadcast, and what comes of it.
//!
//! `docs/threats.md` lists the rows these tests answer. Everything goes through `wire::Wire`, which compares a replica
//! with its copy after every packet it rejects.

use std::collections::BTreeSet;

use crate::networks;
use crate::wire;
use crate::wire::{Cheap, RecvError, Wire, clock_of, payloads};
use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::deterministic_secure_broadcast::Contradiction;
use bft_crdts::deterministic_secure_broadcast::packet::{
    Compare, Echo, MAX_COMPARED, MAX_REASON_BYTES, Proof, Refusal, Summary,
};
use bft_crdts::deterministic_secure_broadcast::{
    Effect, Halt, Header, MAX_MESSAGE_BYTES, MAX_MESSAGE_OPS, Malformed, RefusedReason, Sound,
    evidence::SignedHeader, journal,
};
use bft_crdts::membership::quorum::{faults, quorum};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::{
    Actor, Bytes, Config, Counter, Digest, Evidence, Generation, Packet, PacketKind, Payload,
    Rejection, Seat, SecureBroadcast, SigningActor, To,
};
use rand::RngExt;

type BankWire = Wire<Bank>;

/// Four members with ten coins each, the last of them an adversary whose key is in our hands.
fn village() -> BankWire {
    adversaries(4, 1)
}

fn adversaries(n: usize, count: usize) -> BankWire {
    let mut wire = BankWire::bank(n, 10);
    (n - count..n).for_each(|seat| wire.silence(seat));
    wire
}

fn pay(wire: &BankWire, to: usize, amount: u64) -> bank::Op {
    Bank::transfer_citing(wire.actor(to), amount, BTreeSet::new())
}

/// A message of one payment without causes.
fn payment(wire: &BankWire, source: usize, to: usize, amount: u64) -> (Header, Bytes) {
    wire.message(source, 1, None, &[pay(wire, to, amount)])
}

fn hand(wire: &mut BankWire, to: usize, from: usize, payload: Payload) -> Result<(), RecvError> {
    let from = wire.actor(from);
    wire.hand(to, from, &bft_crdts::codec::encode(&payload))
}

fn ask(wire: &mut BankWire, to: usize, message: &(Header, Bytes)) -> Result<(), RecvError> {
    let source = message.0.source.get();
    let request = Payload::Request(wire.request(message));
    hand(wire, to, source, request)
}

fn prove(wire: &mut BankWire, to: usize, message: &(Header, Bytes), signers: &[usize]) {
    let proof = Payload::Proof(wire.proof(message, signers));
    let source = message.0.source.get();
    hand(wire, to, source, proof).expect("a good proof");
}

fn rejected(why: Rejection) -> Result<(), RecvError> {
    Err(RecvError::Rejected(why))
}

fn malformed(why: Malformed) -> Result<(), RecvError> {
    rejected(Rejection::Malformed(why))
}

/// The members whom the replica at `seat` holds evidence against.
fn convicted(wire: &BankWire, seat: usize) -> Vec<usize> {
    let evidence = wire.machine(seat).evidence();
    let mut culprits: Vec<_> = evidence
        .map(|evidence| wire.seat_of(&evidence.culprit).expect("a member"))
        .collect();
    culprits.sort_unstable();
    culprits
}

fn balances(wire: &BankWire, at: usize) -> Vec<u64> {
    (0..wire.nodes.len())
        .map(|of| wire.balance(at, of))
        .collect()
}

// Row 1: two operations in one slot.

#[test]
fn of_two_payments_in_one_slot_one_is_delivered_everywhere_and_the_payer_is_convicted() {
    let mut wire = village();
    let [this, that] = [0, 1].map(|to| payment(&wire, 3, to, 10));
    ask(&mut wire, 0, &this).unwrap();
    ask(&mut wire, 1, &this).unwrap();
    ask(&mut wire, 2, &that).unwrap();
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 3);
    // Two witnesses and the adversary are a quorum for one payment; no quorum is left for the other.
    for seat in 0..3 {
        prove(&mut wire, seat, &this, &[0, 1, 3]);
    }
    wire.quiet();
    for seat in 0..3 {
        assert_eq!(balances(&wire, seat), [20, 10, 10, 0]);
        assert_eq!(convicted(&wire, seat), [3], "at {seat}");
    }
    wire.pay(0, 1, 20);
    wire.quiet();
    assert_eq!(
        balances(&wire, 2),
        [0, 30, 10, 0],
        "the others keep delivering"
    );
    wire.assert_agreement(&[3]);
}

#[test]
fn a_slot_split_three_to_three_freezes_and_everybody_else_goes_on() {
    let mut wire = adversaries(7, 1);
    let [this, that] = [0, 1].map(|to| payment(&wire, 6, to, 10));
    for seat in 0..6 {
        let message = if seat < 3 { &this } else { &that };
        ask(&mut wire, seat, message).unwrap();
    }
    for seat in 0..6 {
        let other = if seat < 3 { &that } else { &this };
        ask(&mut wire, seat, other).unwrap_or(());
    }
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 6, "one echo each");
    wire.quiet();
    wire.pay(0, 1, 10);
    wire.heal();
    for seat in 0..6 {
        assert_eq!(balances(&wire, seat), [0, 20, 10, 10, 10, 10, 10]);
        assert_eq!(convicted(&wire, seat), [6]);
        assert!(
            wire.machine(seat).locked_header(&wire.actor(6)).is_some(),
            "bound"
        );
    }
    wire.assert_agreement(&[6]);
}

#[test]
fn two_requests_for_one_slot_convict_their_source_wherever_they_meet() {
    let mut wire = village();
    let [this, that] = [0, 1].map(|to| payment(&wire, 3, to, 10));
    // At a witness that has echoed, …
    ask(&mut wire, 0, &this).unwrap();
    ask(&mut wire, 0, &that).unwrap();
    assert_eq!(convicted(&wire, 0), [3]);
    wire.quiet();
    assert_eq!([1, 2].map(|seat| convicted(&wire, seat)), [[3], [3]]);
    // … at one that could not echo yet, …
    let mut wire = village();
    let [this, that] = [0, 1].map(|to| wire.message(3, 2, Some(&this.0), &[pay(&wire, to, 1)]));
    ask(&mut wire, 0, &this).unwrap();
    ask(&mut wire, 0, &that).unwrap();
    assert_eq!(convicted(&wire, 0), [3]);
    // … and at one that has delivered.
    let mut wire = village();
    let [this, that] = [0, 1].map(|to| payment(&wire, 3, to, 10));
    prove(&mut wire, 0, &this, &[1, 2, 3]);
    ask(&mut wire, 0, &that).unwrap();
    assert_eq!(convicted(&wire, 0), [3]);
}

#[test]
fn a_certificate_against_a_parked_request_convicts_its_source() {
    let mut wire = village();
    let first = payment(&wire, 3, 0, 1);
    let [this, that] = [0, 1].map(|to| wire.message(3, 2, Some(&first.0), &[pay(&wire, to, 1)]));
    ask(&mut wire, 0, &this).unwrap();
    prove(&mut wire, 0, &that, &[1, 2, 3]);
    assert_eq!(convicted(&wire, 0), [3]);
}

#[test]
fn two_requests_are_evidence_although_the_second_is_invalid() {
    let mut wire = village();
    let this = payment(&wire, 3, 0, 10);
    let overdraft = payment(&wire, 3, 1, 11);
    ask(&mut wire, 0, &this).unwrap();
    ask(&mut wire, 0, &overdraft).unwrap();
    assert_eq!(convicted(&wire, 0), [3]);
    wire.assert_agreement(&[3]);
}

/// G12: beyond the assumption consistency may fail, but never silently.
#[test]
fn two_certificates_in_one_slot_name_a_third_of_the_members() {
    for n in [4, 7, 10] {
        let f = faults(n);
        let mut wire = adversaries(n, f + 1);
        let [this, that] = [0, 1].map(|to| payment(&wire, n - 1, to, 10));
        let adversaries: Vec<_> = (n - f - 1..n).collect();
        let correct: Vec<_> = (0..n - f - 1).collect();
        let (some, others) = correct.split_at(correct.len() / 2);
        let quorum = |of: &[usize]| [of, adversaries.as_slice()].concat();
        prove(&mut wire, 0, &this, &quorum(some));
        let proof = Payload::Proof(wire.proof(&that, &quorum(others)));
        if quorum(others).len() < bft_crdts::membership::quorum::quorum(n) {
            panic!("{n}: no two quorums");
        }
        let from = wire.actor(n - 1);
        let effects = wire.offer(0, from, proof).expect("evidence");
        wire.carry_out(0, effects);
        assert_eq!(convicted(&wire, 0), adversaries, "n = {n}");
        assert_eq!(wire.balance(0, 1), 10, "the first stands");
    }
}

/// Two Byzantine nodes of four tell one half this and the other half that, once `common` messages are delivered: each
/// list is how many operations the messages of a chain carry. Returns whom the two correct replicas hold evidence against.
fn fall_apart(common: usize, chains: [&[usize]; 2]) -> [Vec<usize>; 2] {
    let mut wire = BankWire::bank(4, 1_000);
    for adversary in [2, 3] {
        wire.silence(adversary);
    }
    let say = |wire: &mut BankWire, to: usize, last: Option<&Header>, ops: Vec<bank::Op>| {
        let first = last.map_or(1, |last| last.last().unwrap().get() + 1);
        let message = wire.message(3, first, last, &ops);
        let _ = ask(wire, to, &message);
        prove(wire, to, &message, &[to, 2, 3]);
        message.0
    };
    let mut last = None;
    for round in 0..common {
        let ops = vec![pay(&wire, round % 3, 1)];
        let known = last.take();
        last = [0, 1]
            .map(|to| say(&mut wire, to, known.as_ref(), ops.clone()))
            .into_iter()
            .next();
    }
    for (to, chain) in chains.into_iter().enumerate() {
        let mut last = last.clone();
        for (place, len) in chain.iter().enumerate() {
            // In some of these the states are equal in the end, and only the messages differ.
            let amount = 1 + ((to + place) % 2) as u64;
            let ops = vec![pay(&wire, 2, amount); *len];
            last = Some(say(&mut wire, to, last.as_ref(), ops));
        }
    }
    wire.heal_but_for_pending();
    for at in [0, 1] {
        assert_eq!(wire.machine(at).halted(), None);
    }
    [0, 1].map(|at| convicted(&wire, at))
}

/// G12, without anybody who holds both certificates: they find each other.
#[test]
fn replicas_that_were_told_different_things_name_the_culprits_by_themselves() {
    let ones = [1; 30];
    let shapes: [(usize, [&[usize]; 2]); 13] = [
        (0, [&[1], &[1]]),
        (0, [&[1], &[1, 1]]),
        (2, [&[1, 1], &[1, 1]]),
        (3, [&[2], &[1, 1]]),
        (3, [&[2, 2], &[1, 1, 1, 1]]),
        (5, [&[1], &[1, 1, 1]]),
        (2, [&[3], &[1, 3]]),
        (2, [&[1, 3], &[3]]),
        (2, [&[3], &[1]]),
        (7, [&[2, 3], &[1]]),
        (40, [&[1, 1], &[1, 1]]),
        (0, [&ones, &ones]),
        (33, [&ones, &ones[..17]]),
    ];
    for (common, chains) in shapes {
        let named = fall_apart(common, chains);
        assert_eq!(named, [[2, 3], [2, 3]], "{common} {chains:?}");
    }
}

/// The same for any two chains.
#[test]
fn wherever_two_chains_part_the_culprits_are_named() {
    networks::check(1, 12, |plan| {
        let mut rng = plan.rng();
        let common = rng.random_range(0..20) * plan.size / 12;
        let mut chain = || -> Vec<usize> {
            let messages = 1 + rng.random_range(0..=plan.size);
            (0..messages).map(|_| rng.random_range(1..=4)).collect()
        };
        let (one, other) = (chain(), chain());
        let named = fall_apart(common, [&one, &other]);
        assert_eq!(named, [[2, 3], [2, 3]], "{common} {one:?} {other:?}");
    });
}

// Rows 6 and 7: who counts, and how many are enough.

#[test]
fn an_outsiders_echo_is_dropped_before_it_spoils_anything() {
    let mut wire = BankWire::bank(4, 10);
    let op = pay(&wire, 1, 3);
    wire.submit(0, [op]);
    let Payload::Request(request) = wire.flying[0].payload() else {
        panic!("a request");
    };
    let stranger = wire::stranger();
    let echo = wire::echo(&stranger, &wire.network(), &request.header);
    let why = wire.rejection(0, stranger.actor(), Payload::Echo(echo.clone()));
    assert_eq!(why, Rejection::NotMember(stranger.actor()));
    // A member that passes it on as its own gains nothing either.
    let why = wire.rejection(0, wire.actor(1), Payload::Echo(echo));
    assert_eq!(
        why,
        Rejection::InvalidSignature {
            signer: Some(wire.actor(1))
        }
    );
    wire.quiet();
    for (certificate, _) in wire.machine(3).log() {
        assert_eq!(
            certificate.check(&wire.network(), wire.machine(3).members()),
            Ok(())
        );
    }
    assert_eq!(balances(&wire, 3), [7, 13, 10, 10]);
}

#[test]
fn an_outsider_is_heard_by_nobody() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 3);
    wire.quiet();
    let stranger = wire::stranger();
    let message = payment(&wire, 1, 2, 1);
    let request = wire::request(&stranger, &wire.network(), &message);
    let refusal = Refusal {
        first: Counter::FIRST,
        header: message.0.digest(&wire.network()),
        index: 0,
        reason: String::new(),
    };
    let says = [
        Payload::Request(request.clone()),
        Payload::Request(wire.request(&message)),
        Payload::Refusal(refusal),
        Payload::Summary(wire.summary(&[0, 0, 0, 0])),
        Payload::Pull(wire.pull(&[0, 0, 0, 0])),
    ];
    for payload in says {
        let why = wire.rejection(2, stranger.actor(), payload);
        assert_eq!(why, Rejection::NotMember(stranger.actor()));
    }
    // Through a member it is not its source's signature.
    let signer = Some(wire.actor(1));
    assert_eq!(
        hand(&mut wire, 2, 3, Payload::Request(request)),
        rejected(Rejection::InvalidSignature { signer })
    );
}

/// A proof proves itself, whoever brings it; but nobody answers a stranger.
#[test]
fn a_stranger_is_never_answered() {
    let mut wire = BankWire::bank(4, 10);
    let message = payment(&wire, 1, 2, 1);
    let mut proof = wire.proof(&message, &[0, 1, 3]);
    proof.ops = None;
    let stranger = wire::stranger().actor();
    let effects = wire.offer(2, stranger, Payload::Proof(proof)).unwrap();
    assert_eq!(payloads(&effects), []);
}

#[test]
fn a_certificate_needs_a_quorum_of_its_members_for_every_size() {
    for n in 1..=31 {
        let wire = BankWire::bank(n, 10);
        let message = payment(&wire, 0, 0, 1);
        let generation = Generation::GENESIS;
        // A replica outside looks on, for in a network of one nobody else is there to lie to.
        let stranger = wire::stranger();
        let mut observer =
            SecureBroadcast::<Bank>::open(stranger, wire.genesis.clone(), [], Config::default())
                .expect("sound keys");
        let need = quorum(n);
        let mut give = |signers: &[usize]| {
            let payload = Payload::Proof(wire.proof(&message, signers));
            let from = wire.actor(0);
            let before = observer.clone();
            let result = observer.handle(Packet { from, payload });
            let result = result.map(|_| ());
            assert!(result.is_ok() || observer == before);
            result
        };
        for have in 0..need {
            let signers: Vec<_> = (n - have..n).collect();
            let expected = Rejection::QuorumTooSmall {
                have,
                need,
                generation,
            };
            assert_eq!(give(&signers), Err(expected), "n = {n}");
        }
        let signers: Vec<_> = (n - need..n).collect();
        assert_eq!(give(&signers), Ok(()), "n = {n}");
    }
}

#[test]
fn a_quorum_counted_in_another_generation_is_none() {
    let mut wire = BankWire::bank(4, 10);
    let message = payment(&wire, 0, 1, 1);
    let got = Generation::new(1_000_000_000);
    let have = Generation::GENESIS;
    let mut proof = wire.proof(&message, &[0, 1, 2, 3]);
    proof.certificate.generation = got;
    let future = Rejection::FutureGeneration { have, got };
    let from = wire.actor(0);
    // Once between two ticks a peer is asked for the chain; of what it says nothing is kept.
    let clock = wire.machine(3).clock().clone();
    let asked = wire.offer(3, from, Payload::Proof(proof.clone())).unwrap();
    let asked: Vec<_> = asked.iter().collect();
    assert!(matches!(
        asked.as_slice(),
        [Effect::Send { to: To::One(to), payload: Payload::PullChain(_) }] if *to == from
    ));
    assert_eq!(*wire.machine(3).clock(), clock);
    assert_eq!(wire.rejection(3, from, Payload::Proof(proof)), future);
    let mut request = wire.request(&message);
    request.generation = got;
    assert_eq!(wire.rejection(3, from, Payload::Request(request)), future);
    let mut echo = wire.echo(0, &message.0);
    echo.generation = got;
    assert_eq!(wire.rejection(3, from, Payload::Echo(echo)), future);
    let mut pull = wire.pull(&[0; 4]);
    pull.generation = got;
    assert_eq!(wire.rejection(3, from, Payload::Pull(pull)), future);
    let mut summary = wire.summary(&[0; 4]);
    summary.generation = got;
    assert_eq!(wire.rejection(3, from, Payload::Summary(summary)), future);
}

// Row 15: a gap.

#[test]
fn a_message_beyond_a_gap_waits_and_the_gap_is_pulled() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 1);
    let late = wire.actor(2);
    let missed = wire.quiet_without(2);
    wire.pay(0, 1, 2);
    let requests = wire.take(|envelope| envelope.to == late);
    assert_eq!((missed.len(), requests.len()), (2, 1));
    let from = wire.actor(0);
    wire.hand(2, from, &requests[0].bytes).expect("parked");
    let first = Counter::new(2);
    assert_eq!(
        wire.nodes[2].told,
        [Effect::Parked {
            source: from,
            first
        }]
    );
    let pulls = wire.take_kind(PacketKind::Pull);
    assert_eq!(pulls.len(), 1, "it asks for what is missing");
    // Parked already: the same again is nothing new.
    let again = wire.hand(2, from, &requests[0].bytes);
    assert_eq!(again, rejected(Rejection::Duplicate));
    wire.flying.extend(pulls);
    wire.quiet();
    let echoed = wire.history.iter().filter(|envelope| envelope.from == late);
    let echoed = echoed.filter(|envelope| envelope.kind() == PacketKind::Echo);
    assert_eq!(
        echoed.count(),
        1,
        "what was parked is echoed without being asked again"
    );
    assert_eq!(wire.balance(2, 1), 13);
    wire.assert_agreement(&[]);
}

#[test]
fn of_messages_beyond_a_gap_only_the_nearest_is_held() {
    let mut wire = village();
    let previous = payment(&wire, 3, 0, 1).0;
    let ahead =
        |wire: &BankWire, first| wire.message(3, first, Some(&previous), &[pay(wire, 0, 1)]);
    let (near, far, nearer) = (
        ahead(&wire, 10),
        ahead(&wire, u64::MAX - 1),
        ahead(&wire, 5),
    );
    ask(&mut wire, 0, &near).expect("parked");
    let first = Counter::new(u64::MAX - 1);
    assert_eq!(
        ask(&mut wire, 0, &far),
        rejected(Rejection::OutOfWindow { first })
    );
    ask(&mut wire, 0, &nearer).expect("nearer to what is delivered");
    let first = Counter::new(10);
    assert_eq!(
        ask(&mut wire, 0, &near),
        rejected(Rejection::OutOfWindow { first })
    );
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 0);
    assert_eq!(wire.nodes[0].journal.len(), 0, "nothing is promised");
}

// Row 16: replays.

#[test]
fn a_request_heard_again_is_echoed_again_byte_for_byte() {
    let mut wire = village();
    let message = payment(&wire, 3, 0, 1);
    ask(&mut wire, 0, &message).unwrap();
    let before = wire.machine(0).clone();
    let length = wire.nodes[0].journal.len();
    for _ in 0..5 {
        ask(&mut wire, 0, &message).unwrap();
    }
    // Whoever brings it: the answer goes to its source.
    let request = Payload::Request(wire.request(&message));
    hand(&mut wire, 0, 1, request).unwrap();
    let echoes = wire.take_kind(PacketKind::Echo);
    assert_eq!(echoes.len(), 7);
    assert!(echoes.iter().all(|echo| *echo == echoes[0]));
    assert!(*wire.machine(0) == before && wire.nodes[0].journal.len() == length);
    // After a restart, too: signed statements are kept, not made again.
    wire.silence(0);
    wire.restart(0);
    ask(&mut wire, 0, &message).unwrap();
    assert_eq!(wire.take_kind(PacketKind::Echo), echoes[..1]);
}

#[test]
fn a_whole_run_replayed_changes_nothing() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 10);
    wire.quiet();
    wire.pay(1, 2, 20);
    wire.heal();
    (0..4).for_each(|seat| wire.tick(seat));
    wire.quiet();
    let digests: Vec<_> = (0..4)
        .map(|seat| wire.machine(seat).state_digest())
        .collect();
    let journals: Vec<_> = (0..4)
        .map(|seat| wire.nodes[seat].journal.clone())
        .collect();
    let told: Vec<_> = (0..4).map(|seat| wire.nodes[seat].told.len()).collect();
    for envelope in wire.history.clone() {
        for seat in 0..4 {
            // Anybody may repeat anything to anybody.
            if wire.actor(seat) != envelope.from {
                let _ = wire.hand(seat, envelope.from, &envelope.bytes);
            }
        }
    }
    wire.quiet();
    for seat in 0..4 {
        assert_eq!(wire.machine(seat).state_digest(), digests[seat]);
        assert_eq!(wire.nodes[seat].journal, journals[seat]);
        // What a replayed request of one's own key says to oneself is known, so nobody halts.
        assert_eq!(wire.nodes[seat].told.len(), told[seat]);
        assert_eq!(wire.machine(seat).halted(), None);
    }
    wire.assert_agreement(&[]);
}

// Row 17: floods.

#[test]
fn a_flood_of_slots_sources_and_generations_takes_no_room() {
    let keys: Vec<_> = (0..4)
        .map(|tag| SigningActor::<Cheap>::from_secret(Actor::from_bytes([tag; 32])))
        .collect();
    let accounts = keys.iter().map(|key| (key.actor(), 10));
    let ledger = Ledger::genesis(accounts, []).unwrap();
    let wire = Wire::<Bank, Cheap>::new("flood", bank::ALGORITHM, keys, ledger);
    let adversary = wire.actor(3);
    let to = wire.actor(0);
    // The largest message there may be, so that holding one too many shows.
    let op = Bank::transfer_citing(to, 1, BTreeSet::new());
    let ops = vec![op; 1_000];
    let big = wire.message(3, 1, None, &ops);
    let mut machine = wire.machine(0).clone();
    let mut flood = |rounds: u64| {
        let mut taken = 0;
        for round in 0..rounds {
            let mut header = big.0.clone();
            let mut generation = Generation::GENESIS;
            match round % 4 {
                0 => header.first = Counter::new(2 + rounds - round),
                1 => header.causes = vec![(Seat::new(0), Counter::new(1 + round))],
                2 => header.source = Seat::new((4 + round) as u16),
                _ => generation = Generation::new(round),
            }
            let mut request = wire::request(wire.key(3), &wire.network(), &(header, big.1.clone()));
            request.generation = generation;
            let payload = Payload::Request(request);
            let from = adversary;
            taken += u64::from(machine.handle(Packet { from, payload }).is_ok());
        }
        taken
    };
    // The first round brings in what may be held; after that nothing may grow.
    assert!(flood(100) > 0);
    let rounds = 20_000;
    let counted = allocation_counter::measure(|| {
        flood(rounds);
    });
    let (grown, limit) = (counted.bytes_current, 2 * big.1.len() as i64);
    assert!(grown <= limit, "{grown} bytes kept of {rounds} requests");
}

// Row 18: unsolicited answers.

#[test]
fn answers_to_nothing_we_asked_are_rejected() {
    let mut wire = village();
    let message = payment(&wire, 0, 1, 1);
    let echo = wire.echo(3, &message.0);
    let refusal = Refusal {
        first: Counter::FIRST,
        header: echo.header,
        index: 0,
        reason: "no".to_owned(),
    };
    let says = [Payload::Echo(echo), Payload::Refusal(refusal)];
    for payload in says.clone() {
        assert_eq!(
            hand(&mut wire, 0, 3, payload),
            rejected(Rejection::NotRequested)
        );
    }
    // The same while another message is in flight.
    let op = pay(&wire, 2, 7);
    wire.submit(0, [op]);
    for payload in says {
        assert_eq!(
            hand(&mut wire, 0, 3, payload),
            rejected(Rejection::NotRequested)
        );
    }
    wire.quiet();
    assert_eq!(balances(&wire, 1), [3, 10, 17, 10]);
    // And after it: too late is another thing than never asked.
    let echo = wire.echo(3, &message.0);
    assert_eq!(
        hand(&mut wire, 0, 3, Payload::Echo(echo)),
        rejected(Rejection::Late)
    );
}

#[test]
fn one_member_counts_once() {
    let mut wire = adversaries(7, 1);
    let op = pay(&wire, 2, 7);
    wire.submit(0, [op]);
    let Payload::Request(request) = wire.flying[0].payload() else {
        panic!("a request");
    };
    wire.flying.clear();
    let echo = Payload::Echo(wire.echo(6, &request.header));
    hand(&mut wire, 0, 6, echo.clone()).expect("the first counts");
    for _ in 0..10 {
        assert_eq!(
            hand(&mut wire, 0, 6, echo.clone()),
            rejected(Rejection::Duplicate)
        );
    }
    assert_eq!(wire.machine(0).log().count(), 0);
}

#[test]
fn a_refusal_is_told_to_the_driver_and_decides_nothing() {
    let mut wire = village();
    let op = pay(&wire, 1, 1);
    wire.submit(0, [op]);
    let Payload::Request(request) = wire.flying[0].payload() else {
        panic!("a request");
    };
    let refusal = |index, reason: &str| Refusal {
        first: Counter::FIRST,
        header: request.header.digest(&wire.network()),
        index,
        reason: reason.to_owned(),
    };
    let (good, beyond) = (refusal(0, "I do not like it"), refusal(1, ""));
    let long = refusal(0, &"x".repeat(MAX_REASON_BYTES + 1));
    hand(&mut wire, 0, 3, Payload::Refusal(good.clone())).unwrap();
    assert_eq!(
        hand(&mut wire, 0, 3, Payload::Refusal(good)),
        rejected(Rejection::Duplicate),
        "told once"
    );
    assert!(matches!(
        &wire.nodes[0].told[..],
        [Effect::Issued { .. }, Effect::RefusedBy { member, reason, .. }]
            if *member == wire.actor(3) && reason == "I do not like it"
    ));
    assert_eq!(
        hand(&mut wire, 0, 2, Payload::Refusal(beyond)),
        malformed(Malformed::Length {
            have: 1,
            limit: MAX_MESSAGE_OPS
        })
    );
    assert_eq!(
        hand(&mut wire, 0, 2, Payload::Refusal(long)),
        malformed(Malformed::TooLarge {
            have: MAX_REASON_BYTES + 1,
            limit: MAX_REASON_BYTES
        })
    );
    wire.quiet();
    assert_eq!(balances(&wire, 2), [9, 11, 10, 10]);
}

// Rows 36 and 38: money that is not there yet, or not any more.

#[test]
fn a_payment_of_money_still_under_way_waits_and_accuses_nobody() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 10);
    let late = wire.actor(2);
    let held = wire.quiet_without(2);
    wire.pay(1, 3, 15);
    let request = wire.take(|envelope| envelope.to == late);
    assert_eq!(request.len(), 1);
    let from = wire.actor(1);
    wire.hand(2, from, &request[0].bytes)
        .expect("parked, not refused");
    let first = Counter::FIRST;
    assert_eq!(
        wire.nodes[2].told,
        [Effect::Parked {
            source: from,
            first
        }]
    );
    assert!(
        wire.take_kind(PacketKind::Echo)
            .iter()
            .all(|echo| echo.from != late)
    );
    wire.flying.extend(held);
    wire.quiet();
    // The certificate of the credit came without its operations; whoever asks gets both.
    wire.heal();
    assert_eq!(balances(&wire, 2), [0, 5, 10, 25]);
    assert_eq!(
        (0..4)
            .map(|seat| convicted(&wire, seat).len())
            .sum::<usize>(),
        0
    );
    wire.assert_agreement(&[]);
}

#[test]
fn an_overdraft_is_refused_with_a_reason_and_nothing_is_kept_of_it() {
    let mut wire = village();
    let message = payment(&wire, 3, 0, 11);
    ask(&mut wire, 0, &message).expect("answered");
    let envelopes = wire.take(|_| true);
    assert_eq!(envelopes.len(), 1);
    let Payload::Refusal(refusal) = envelopes[0].payload() else {
        panic!("a refusal");
    };
    assert_eq!((refusal.first, refusal.index), (Counter::FIRST, 0));
    let expected = bank::Invalid::Overdraft { have: 10, need: 11 };
    assert_eq!(refusal.reason, expected.to_string());
    assert_eq!(envelopes[0].to, wire.actor(3));
    assert!(wire.nodes[0].journal.is_empty());
    // Its slot is free for a payment that is good.
    let good = payment(&wire, 3, 0, 10);
    ask(&mut wire, 0, &good).unwrap();
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 1);
}

#[test]
fn two_payments_in_a_row_cannot_spend_one_coin() {
    let mut wire = village();
    let first = payment(&wire, 3, 0, 10);
    let second = wire.message(3, 2, Some(&first.0), &[pay(&wire, 1, 10)]);
    for seat in 0..3 {
        ask(&mut wire, seat, &first).unwrap();
        ask(&mut wire, seat, &second).expect("parked");
        prove(&mut wire, seat, &first, &[0, 1, 3]);
    }
    let refusals = wire.take_kind(PacketKind::Refusal);
    assert_eq!(refusals.len(), 3);
    assert_eq!(balances(&wire, 0), [20, 10, 10, 0]);
    // In one message neither.
    let mut wire = village();
    let both = wire.message(3, 1, None, &[pay(&wire, 0, 10), pay(&wire, 1, 10)]);
    ask(&mut wire, 0, &both).unwrap();
    let Payload::Refusal(refusal) = wire.flying[0].payload() else {
        panic!("a refusal");
    };
    assert_eq!(refusal.index, 1);
}

/// Whatever a dishonest quorum certifies: `apply` checks again, and everybody skips it alike.
#[test]
fn a_certified_overdraft_moves_no_money_anywhere() {
    let mut wire = adversaries(4, 3);
    let message = wire.message(3, 1, None, &[pay(&wire, 0, 11), pay(&wire, 0, 4)]);
    prove(&mut wire, 0, &message, &[1, 2, 3]);
    assert_eq!(balances(&wire, 0), [14, 10, 10, 6]);
    assert_eq!(wire.machine(0).algorithm().supply(), 40);
    // Nor does it help to certify what does not even decode.
    let (mut header, _) = wire.message(3, 3, Some(&message.0), &[pay(&wire, 0, 1)]);
    let garbage = Bytes::from(vec![0xff; 7]);
    header.ops = Digest::of(&garbage);
    prove(&mut wire, 0, &(header, garbage), &[1, 2, 3]);
    assert_eq!(balances(&wire, 0), [14, 10, 10, 6]);
    wire.assert_agreement(&[]);
}

// Row 42: claims.

#[test]
fn a_clock_that_is_only_claimed_is_never_merged() {
    let mut wire = BankWire::bank(4, 10);
    let before = wire.machine(0).clock().clone();
    let far = [u64::MAX; 4];
    let summary = Payload::Summary(wire.summary(&far));
    hand(&mut wire, 0, 3, summary).expect("worth asking about");
    let pulls = wire.take_kind(PacketKind::Pull);
    assert_eq!(pulls.len(), 1);
    let pull = Payload::Pull(wire.pull(&far));
    hand(&mut wire, 0, 3, pull).expect("nothing to answer");
    assert_eq!(wire.flying.len(), 0);
    assert_eq!(*wire.machine(0).clock(), before);
    for clock in [clock_of(&[]), clock_of(&[0; 3]), clock_of(&[0; 5])] {
        let (have, need) = (clock.seats(), 4);
        let mut summary = wire.summary(&[]);
        summary.clock = clock.clone();
        let mut pull = wire.pull(&[]);
        pull.clock = clock;
        for payload in [Payload::Summary(summary), Payload::Pull(pull)] {
            assert_eq!(
                hand(&mut wire, 0, 3, payload),
                malformed(Malformed::Clock { have, need })
            );
        }
    }
}

// Rows 45 to 47: what is withheld, broken off, silent.

#[test]
fn a_proof_shown_to_one_reaches_everyone() {
    let mut wire = village();
    let message = payment(&wire, 3, 0, 4);
    (0..2).for_each(|seat| ask(&mut wire, seat, &message).unwrap());
    wire.flying.clear();
    prove(&mut wire, 1, &message, &[0, 1, 3]);
    wire.flying.clear();
    assert_eq!(wire.machine(0).log().count(), 0);
    assert_eq!(
        wire.machine(2).log().count(),
        0,
        "it has not even seen the request"
    );
    wire.heal();
    for seat in 0..3 {
        assert_eq!(balances(&wire, seat), [14, 10, 10, 6]);
    }
    wire.assert_agreement(&[]);
}

#[test]
fn a_certificate_without_operations_finds_them_where_they_are() {
    let mut wire = village();
    let message = payment(&wire, 3, 0, 4);
    ask(&mut wire, 1, &message).unwrap();
    let mut proof = wire.proof(&message, &[0, 1, 3]);
    proof.ops = None;
    // Seat 1 has the operations, seat 0 only the certificate.
    for seat in [0, 1] {
        hand(&mut wire, seat, 3, Payload::Proof(proof.clone())).unwrap();
    }
    assert_eq!(wire.machine(0).log().count(), 0);
    wire.heal();
    assert_eq!(wire.machine(0).log().count(), 1);
    assert_eq!(wire.machine(2).log().count(), 1);
    // What comes in place of them has another digest.
    let mut wire = village();
    hand(&mut wire, 0, 3, Payload::Proof(proof.clone())).unwrap();
    let wrong = Some(payment(&wire, 3, 1, 4).1);
    let certificate = proof.certificate;
    let swapped = Payload::Proof(Proof {
        certificate,
        ops: wrong,
    });
    assert_eq!(
        hand(&mut wire, 0, 3, swapped),
        rejected(Rejection::OpsMismatch)
    );
}

#[test]
fn a_source_that_dies_before_its_proof_leaves_asks_again_for_the_same() {
    let mut wire = BankWire::bank(4, 10);
    let op = pay(&wire, 1, 6);
    wire.submit(0, [op]);
    let source = wire.actor(0);
    let requests = wire.take_kind(PacketKind::Request);
    for envelope in &requests {
        let to = wire.seat_of(&envelope.to).unwrap();
        wire.hand(to, source, &envelope.bytes).unwrap();
    }
    // All echoes are on their way; it never hears them.
    let lost = wire.take(|envelope| envelope.to == source);
    assert_eq!(lost.len(), 3);
    wire.silence(0);
    wire.heal();
    assert_eq!(
        wire.machine(1).log().count(),
        0,
        "nothing is decided without it"
    );
    wire.restart(0);
    assert_eq!(
        wire.machine(0).pending(),
        1,
        "its message is still its message"
    );
    wire.heal();
    let again = wire
        .history
        .iter()
        .filter(|envelope| envelope.from == source);
    let again: Vec<_> = again
        .filter(|envelope| envelope.kind() == PacketKind::Request)
        .collect();
    assert!(
        again.len() > 3
            && again
                .iter()
                .all(|envelope| envelope.bytes == again[0].bytes)
    );
    for seat in 0..4 {
        assert_eq!(balances(&wire, seat), [4, 16, 10, 10]);
    }
    wire.assert_agreement(&[]);
}

#[test]
fn silent_members_up_to_a_third_stop_nobody_and_no_tick_is_needed() {
    for n in 4..=13 {
        let mut wire = adversaries(n, faults(n));
        for round in 0..3 {
            for seat in 0..n - faults(n) {
                let op = wire.payment(seat, (seat + 1 + round) % n, 2);
                wire.submit(seat, [op]);
            }
            wire.quiet();
        }
        for seat in wire.up() {
            assert_eq!(
                wire.machine(seat).log().count(),
                3 * (n - faults(n)),
                "n = {n}"
            );
        }
        wire.assert_agreement(&[]);
    }
}

#[test]
fn one_silent_member_too_many_stops_deliveries_but_breaks_nothing() {
    let mut wire = adversaries(4, 2);
    wire.pay(0, 1, 2);
    for _ in 0..5 {
        (0..2).for_each(|seat| wire.tick(seat));
        wire.quiet();
    }
    assert_eq!(
        wire.machine(0).log().count() + wire.machine(1).log().count(),
        0
    );
    assert_eq!(wire.machine(0).pending(), 1);
}

// Row 54: one key, two nodes.

#[test]
fn a_replica_that_sees_its_key_sign_what_it_does_not_know_stops_signing() {
    for way in ["request", "proof of its slot", "proof with its echo"] {
        let mut wire = BankWire::bank(4, 10);
        let message = match way {
            "proof with its echo" => payment(&wire, 2, 1, 5),
            _ => payment(&wire, 0, 1, 5),
        };
        let payload = match way {
            "request" => Payload::Request(wire.request(&message)),
            "proof of its slot" => Payload::Proof(wire.proof(&message, &[1, 2, 3])),
            _ => Payload::Proof(wire.proof(&message, &[0, 1, 2])),
        };
        hand(&mut wire, 0, 1, payload).expect(way);
        assert_eq!(
            wire.machine(0).halted(),
            Some(Halt::KeyUsedElsewhere),
            "{way}"
        );
        wire.silence(0);
        wire.restart(0);
        assert_eq!(
            wire.machine(0).halted(),
            Some(Halt::KeyUsedElsewhere),
            "{way}"
        );
        let op = pay(&wire, 1, 1);
        let refused = wire.machine_mut(0).broadcast([op]).expect_err(way);
        assert_eq!(
            refused.reason,
            RefusedReason::Halted(Halt::KeyUsedElsewhere)
        );
        // It goes on delivering what others certify, and serves it, but vouches for nothing.
        wire.pay(3, 1, 2);
        wire.heal();
        assert_eq!(wire.balance(0, 3), 8);
        let mine = wire.actor(0);
        let echoes = wire.history.iter().filter(|envelope| envelope.from == mine);
        assert!(
            echoes
                .into_iter()
                .all(|envelope| envelope.kind() != PacketKind::Echo)
        );
    }
}

#[test]
fn a_forged_request_of_its_own_stops_nobody() {
    let mut wire = BankWire::bank(4, 10);
    let message = payment(&wire, 0, 1, 5);
    let forged = wire::request(&wire::stranger(), &wire.network(), &message);
    let signer = Some(wire.actor(0));
    assert_eq!(
        hand(&mut wire, 0, 1, Payload::Request(forged)),
        rejected(Rejection::InvalidSignature { signer })
    );
    assert_eq!(wire.machine(0).halted(), None);
}

#[test]
fn twins_that_pay_twice_are_convicted_as_one() {
    let mut wire = BankWire::bank(4, 10);
    // The twin runs elsewhere, from a disk of its own.
    let mut twin = SecureBroadcast::<Bank>::open(
        wire.key(0).clone(),
        wire.genesis.clone(),
        [],
        Config::default(),
    )
    .unwrap();
    let op = pay(&wire, 2, 10);
    let (_, effects) = twin.broadcast([op]).unwrap();
    let Some((To::Members, request)) = payloads(&effects).pop() else {
        panic!("a request");
    };
    let op = pay(&wire, 1, 10);
    wire.submit(0, [op]);
    for seat in 1..4 {
        hand(&mut wire, seat, 0, request.clone()).unwrap();
    }
    wire.heal_but_for_pending();
    for seat in 1..4 {
        assert_eq!(convicted(&wire, seat), [0]);
        assert_eq!(wire.machine(seat).algorithm().supply(), 40);
    }
}

// Row 55: partitions.

#[test]
fn no_side_without_a_quorum_delivers_and_all_agree_after_the_heal() {
    for (n, cut) in [(4, 1), (4, 2), (7, 2), (7, 3), (10, 4)] {
        let mut wire = BankWire::bank(n, 10);
        let across = |wire: &BankWire, envelope: &wire::Envelope| {
            let side = |actor: &Actor| wire.seat_of(actor).is_some_and(|seat| seat < cut);
            side(&envelope.from) != side(&envelope.to)
        };
        for seat in 0..n {
            let op = wire.payment(seat, (seat + 1) % n, 3);
            wire.submit(seat, [op]);
        }
        for _ in 0..5 {
            for _ in 0..wire.flying.len() * 4 {
                let lost: Vec<_> = wire
                    .flying
                    .iter()
                    .map(|envelope| across(&wire, envelope))
                    .collect();
                let mut lost = lost.into_iter();
                wire.flying.retain(|_| !lost.next().unwrap());
                wire.arrive(0).unwrap_or_default();
            }
            (0..n).for_each(|seat| wire.tick(seat));
        }
        let count = |seat: usize| wire.machine(seat).log().count();
        for seat in 0..n {
            let side = if seat < cut { cut } else { n - cut };
            let expected = if side >= quorum(n) { side } else { 0 };
            assert_eq!(count(seat), expected, "n = {n}, {cut} cut off, at {seat}");
        }
        wire.heal();
        for seat in 0..n {
            assert_eq!(wire.machine(seat).log().count(), n);
        }
        wire.assert_agreement(&[]);
    }
}

// Row 67: endless questions.

#[test]
fn a_peer_that_asks_for_ever_gets_its_share_and_no_more() {
    let mut wire = BankWire::bank(4, 1_000_000);
    let to = wire.actor(1);
    let op = Bank::transfer_citing(to, 1, BTreeSet::new());
    for _ in 0..10 {
        wire.submit(0, vec![op.clone(); 1_000]);
        wire.quiet();
    }
    let pull = Payload::Pull(wire.pull(&[0; 4]));
    let mut served = 0;
    let mut refused = 0;
    for _ in 0..30 {
        match hand(&mut wire, 2, 3, pull.clone()) {
            Ok(()) => {
                served += wire
                    .take(|_| true)
                    .iter()
                    .map(|proof| proof.bytes.len())
                    .sum::<usize>()
            }
            Err(why) => {
                assert_eq!(why, RecvError::Rejected(Rejection::OverBudget));
                refused += 1;
            }
        }
    }
    let one = 1_000 * 40;
    assert!(served > one, "a share is served");
    assert!(
        served <= 256 * 1024 + one + 1024,
        "{served} bytes between two ticks"
    );
    assert!(refused > 20);
    // One peer's share is not another's.
    hand(&mut wire, 2, 1, pull.clone()).expect("the others are served");
    wire.tick(2);
    hand(&mut wire, 2, 3, pull).expect("and in time so is this one");
}

#[test]
fn no_question_is_answered_at_length_for_ever() {
    let mut wire = village();
    let [this, that] = [0, 1].map(|to| payment(&wire, 3, to, 10));
    ask(&mut wire, 0, &this).unwrap();
    ask(&mut wire, 0, &that).unwrap();
    wire.flying.clear();
    assert_eq!(convicted(&wire, 0), [3]);
    prove(&mut wire, 0, &this, &[1, 2, 3]);
    wire.flying.clear();
    // Each of these has an answer of some hundred bytes.
    let questions = [
        Payload::Summary(wire.summary(&[0; 4])),
        Payload::Request(wire.request(&this)),
        Payload::Pull(wire.pull(&[0; 4])),
        Payload::Compare(compare(vec![(Seat::new(3), 0, Digest::of(b"another"))])),
    ];
    for question in questions {
        wire.tick(0);
        wire.flying.clear();
        let mut answered = 0;
        for _ in 0..10_000 {
            let _ = hand(&mut wire, 0, 1, question.clone());
            answered += wire
                .take(|_| true)
                .iter()
                .map(|envelope| envelope.bytes.len())
                .sum::<usize>();
        }
        let kind = question.kind();
        assert!(answered > 0, "{kind}s are answered");
        assert!(
            answered <= 300 * 1024,
            "{answered} bytes for {kind}s between two ticks"
        );
    }
}

fn compare(headers: Vec<(Seat, u64, Digest)>) -> Compare {
    Compare {
        generation: Generation::GENESIS,
        headers,
    }
}

#[test]
fn headers_to_compare_have_one_order_and_come_from_members() {
    let mut wire = village();
    let digest = Digest::of(b"a header");
    let entry = |seat: u16, place: u64| (Seat::new(seat), place, digest);
    let cases = [
        (vec![], Malformed::Headers),
        (vec![entry(1, 0), entry(0, 0)], Malformed::Headers),
        (vec![entry(1, 2), entry(1, 2)], Malformed::Headers),
        (
            vec![entry(1, 2), entry(4, 0)],
            Malformed::UnknownSeat(Seat::new(4)),
        ),
        (
            (0..=MAX_COMPARED as u64)
                .map(|place| entry(0, place))
                .collect(),
            Malformed::Headers,
        ),
    ];
    for (headers, why) in cases {
        let from = wire.actor(3);
        let got = wire.rejection(0, from, Payload::Compare(compare(headers)));
        assert_eq!(got, Rejection::Malformed(why));
    }
    let mut later = compare(vec![entry(1, 0)]);
    later.generation = Generation::new(1);
    let (have, got) = (Generation::GENESIS, Generation::new(1));
    let from = wire.actor(3);
    let why = wire.rejection(0, from, Payload::Compare(later));
    assert_eq!(why, Rejection::FutureGeneration { have, got });
    let stranger = wire::stranger().actor();
    let good = Payload::Compare(compare(vec![entry(1, 0), entry(1, u64::MAX)]));
    let why = wire.rejection(0, stranger, good.clone());
    assert_eq!(why, Rejection::NotMember(stranger));
    hand(&mut wire, 0, 3, good).unwrap();
    assert_eq!(wire.flying.len(), 0, "there is nothing of it here");
}

// Evidence.

#[test]
fn evidence_convicts_only_whoever_signed_both() {
    let mut wire = village();
    let network = wire.network();
    let [this, that] = [0, 1].map(|to| payment(&wire, 3, to, 10).0);
    let next = wire.message(3, 2, Some(&this), &[pay(&wire, 0, 1)]).0;
    let signed = |signer: usize, header: &Header| SignedHeader {
        generation: Generation::GENESIS,
        header: header.clone(),
        sig: wire::vouch(wire.key(signer), &network, header),
    };
    let ordered = |culprit: usize, a: SignedHeader, b: SignedHeader| {
        Evidence::headers(&network, wire.actor(culprit), a, b)
    };
    let bent = |bend: &dyn Fn(&mut SignedHeader, &mut SignedHeader)| {
        let mut evidence = ordered(3, signed(3, &this), signed(3, &that));
        match &mut evidence.contradiction {
            Contradiction::Headers { one, other } => bend(one, other),
            _ => panic!("two headers"),
        }
        evidence
    };
    let good = ordered(3, signed(3, &this), signed(3, &that));
    let swapped = bent(&|one, other| std::mem::swap(one, other));
    let invalid = |culprit: usize| {
        let signer = Some(wire.actor(culprit));
        Rejection::InvalidSignature { signer }
    };
    let none = || Rejection::Malformed(Malformed::NoContradiction);
    let future = bent(&|one, _| one.generation = Generation::new(1));
    let got = Generation::new(1);
    let have = Generation::GENESIS;
    let mut stranger = good.clone();
    stranger.culprit = wire::stranger().actor();
    let seatless = bent(&|one, _| one.header.source = Seat::new(4));
    let cases = [
        (ordered(3, signed(3, &this), signed(3, &this)), none()),
        (ordered(3, signed(3, &this), signed(3, &next)), none()),
        (swapped, none()),
        (ordered(0, signed(3, &this), signed(3, &that)), invalid(0)),
        (ordered(3, signed(3, &this), signed(0, &that)), invalid(3)),
        (future, Rejection::FutureGeneration { have, got }),
        (stranger.clone(), Rejection::NotMember(stranger.culprit)),
        (
            seatless,
            Rejection::Malformed(Malformed::UnknownSeat(Seat::new(4))),
        ),
    ];
    // A witness that vouched for two is as guilty as the source.
    let witness = ordered(2, signed(2, &this), signed(2, &that));
    for (evidence, expected) in cases {
        let from = wire.actor(2);
        let why = wire.rejection(0, from, Payload::Evidence(Box::new(evidence)));
        assert_eq!(why, expected);
    }
    for evidence in [good.clone(), witness] {
        hand(&mut wire, 0, 1, Payload::Evidence(Box::new(evidence))).unwrap();
    }
    assert_eq!(convicted(&wire, 0), [2, 3]);
    let again = Payload::Evidence(Box::new(good));
    assert_eq!(
        hand(&mut wire, 0, 1, again),
        rejected(Rejection::Duplicate),
        "one conviction is enough"
    );
}

// Form.

#[test]
fn every_header_that_breaks_a_rule_of_form_is_named_for_it() {
    let mut wire = village();
    let good = payment(&wire, 3, 0, 1);
    let seat = Seat::new;
    let with = |change: &dyn Fn(&mut Header)| {
        let mut header = good.0.clone();
        change(&mut header);
        header
    };
    let one = Counter::FIRST;
    let cases = [
        (
            with(&|h| h.source = seat(4)),
            Malformed::UnknownSeat(seat(4)),
        ),
        (with(&|h| h.first = Counter::ZERO), Malformed::Counter),
        (
            with(&|h| h.len = 0),
            Malformed::Length {
                have: 0,
                limit: MAX_MESSAGE_OPS,
            },
        ),
        (
            with(&|h| h.len = MAX_MESSAGE_OPS + 1),
            Malformed::Length {
                have: MAX_MESSAGE_OPS + 1,
                limit: MAX_MESSAGE_OPS,
            },
        ),
        (
            with(&|h| h.first = Counter::new(u64::MAX)),
            Malformed::Counter,
        ),
        (
            with(&|h| (h.first, h.len) = (Counter::new(u64::MAX - 1), 2)),
            Malformed::Counter,
        ),
        (
            with(&|h| h.causes = vec![(seat(1), one), (seat(0), one)]),
            Malformed::CausesUnsorted,
        ),
        (
            with(&|h| h.causes = vec![(seat(1), one), (seat(1), one)]),
            Malformed::CausesUnsorted,
        ),
        (
            with(&|h| h.causes = vec![(seat(4), one)]),
            Malformed::UnknownSeat(seat(4)),
        ),
        (
            with(&|h| h.causes = vec![(seat(3), one)]),
            Malformed::NeedlessCause(seat(3)),
        ),
        (
            with(&|h| h.causes = vec![(seat(0), Counter::ZERO)]),
            Malformed::NeedlessCause(seat(0)),
        ),
    ];
    for (header, expected) in cases {
        let message = (header, good.1.clone());
        let mut request = wire.request(&good);
        request.header = message.0.clone();
        let from = wire.actor(3);
        let expected = Rejection::Malformed(expected);
        assert_eq!(wire.rejection(0, from, Payload::Request(request)), expected);
        let proof = Payload::Proof(wire.proof(&message, &[0, 1, 2, 3]));
        assert_eq!(wire.rejection(0, from, proof), expected);
    }
}

#[test]
fn a_chain_that_does_not_link_and_operations_that_do_not_match_are_rejected() {
    let mut wire = village();
    let mut unlinked = payment(&wire, 3, 0, 1);
    unlinked.0.previous = Digest::of(b"elsewhere");
    assert_eq!(
        ask(&mut wire, 0, &unlinked),
        rejected(Rejection::BrokenChain)
    );
    let mut other = payment(&wire, 3, 0, 1);
    other.1 = payment(&wire, 3, 0, 2).1;
    assert_eq!(ask(&mut wire, 0, &other), rejected(Rejection::OpsMismatch));
    // A header that promises more operations than there are bytes for, or other ones.
    for len in [2, MAX_MESSAGE_OPS] {
        let mut short = payment(&wire, 3, 0, 1);
        short.0.len = len;
        assert!(matches!(
            ask(&mut wire, 0, &short),
            Err(RecvError::Rejected(Rejection::Malformed(
                Malformed::Operations(_)
            )))
        ));
    }
    let big = Bytes::from(vec![0; MAX_MESSAGE_BYTES + 1]);
    let mut header = payment(&wire, 3, 0, 1).0;
    header.ops = Digest::of(&big);
    let (have, limit) = (MAX_MESSAGE_BYTES + 1, MAX_MESSAGE_BYTES);
    let message = (header, big);
    assert_eq!(
        ask(&mut wire, 0, &message),
        malformed(Malformed::TooLarge { have, limit })
    );
    let proof = Payload::Proof(wire.proof(&message, &[0, 1, 2, 3]));
    assert_eq!(
        hand(&mut wire, 0, 3, proof),
        malformed(Malformed::TooLarge { have, limit })
    );
}

/// The causes of an operation lie below its header's clock, or it is invalid: it could never be judged alike.
#[test]
fn a_cause_the_header_does_not_name_is_refused_not_parked() {
    let mut wire = village();
    wire.pay(0, 3, 10);
    wire.quiet();
    let cause = bft_crdts::Dot::new(wire.actor(0), Counter::FIRST);
    let op = Bank::transfer_citing(wire.actor(1), 15, BTreeSet::from([cause]));
    let silent = wire.message(3, 1, None, std::slice::from_ref(&op));
    ask(&mut wire, 1, &silent).unwrap();
    assert_eq!(wire.take_kind(PacketKind::Refusal).len(), 1);
    let mut named = wire.message(3, 1, None, &[op]);
    named.0.causes = vec![(Seat::new(0), Counter::FIRST)];
    ask(&mut wire, 1, &named).unwrap();
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 1);
    // Named a second time along the chain it is no advance.
    prove(&mut wire, 1, &named, &[0, 1, 3]);
    let mut again = wire.message(3, 2, Some(&named.0), &[pay(&wire, 1, 1)]);
    again.0.causes = vec![(Seat::new(0), Counter::FIRST)];
    assert_eq!(
        ask(&mut wire, 1, &again),
        malformed(Malformed::NeedlessCause(Seat::new(0)))
    );
}

#[test]
fn a_packet_from_ourselves_is_a_mistake_of_the_link() {
    let mut wire = BankWire::bank(4, 10);
    let summary = Payload::Summary(wire.summary(&[0; 4]));
    assert_eq!(
        hand(&mut wire, 0, 0, summary),
        rejected(Rejection::FromOurselves)
    );
}

#[test]
fn a_summary_that_lists_culprits_out_of_form_is_rejected() {
    let mut wire = village();
    for size in [0, 8, 16] {
        let mut culprits = Signers::none(size);
        if size == 8 {
            culprits.insert(MemberIndex::new(4));
        }
        let summary = Summary {
            culprits,
            ..wire.summary(&[0; 4])
        };
        assert_eq!(
            hand(&mut wire, 0, 3, Payload::Summary(summary)),
            malformed(Malformed::Signers)
        );
    }
}

#[test]
fn a_driver_that_cannot_write_stops_the_signing_for_good() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 1);
    let effects = wire.machine_mut(2).stop_signing();
    wire.carry_out(2, effects);
    let message = payment(&wire, 1, 3, 1);
    let halted = rejected(Rejection::Halted(Halt::Driver));
    assert_eq!(ask(&mut wire, 2, &message), halted);
    let echo = Echo {
        first: Counter::FIRST,
        ..wire.echo(1, &message.0)
    };
    assert_eq!(hand(&mut wire, 2, 1, Payload::Echo(echo)), halted);
    let refused = wire.machine_mut(2).broadcast([]).expect_err("stopped");
    assert_eq!(refused.reason, RefusedReason::Halted(Halt::Driver));
    while wire.arrive(0).is_ok() && !wire.flying.is_empty() {}
    wire.heal_but_for_pending();
    assert_eq!(balances(&wire, 2), [9, 11, 10, 10], "it still delivers");
    let records = journal::read(&wire.nodes[2].journal).unwrap().records;
    let restored = wire::restore::<Bank, _, Sound>(wire.key(2), &wire.genesis, records);
    assert_eq!(restored.unwrap().halted(), Some(Halt::Driver));
}
