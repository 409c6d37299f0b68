//! What went wrong in the systems before this one, each as a claim that is false here.
//!
//! Every test is one line of `docs/defects.md`: two lines say what happened there and what stops it here. S1, S2, S4
//! and L3 concern changing memberships (`tests/reconfiguration/generations/`); S6, snapshots, which are to come.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::wire;
use crate::wire::{Counted, Envelope, RecvError, Wire};
use bft_crdts::bank::{self, Bank, Invalid, Ledger, LedgerError};
use bft_crdts::codec::{decode, encode};
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Refusal};
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Effect, Malformed};
use bft_crdts::membership::quorum::quorum;
use bft_crdts::net::{ChartOptions, NodeId, VirtualTime, msc, trace};
use bft_crdts::{
    Actor, Bytes, Config, Counter, Dot, Ed25519, Generation, Genesis, GenesisError, Keys,
    OpenError, Orswot, PacketKind, Payload, Rejection, Seat, SecureBroadcast,
    SecureBroadcastAlgorithm, Sig, orswot,
};

type BankWire = Wire<Bank>;

fn pay(wire: &BankWire, to: usize, amount: u64) -> bank::Op {
    Bank::transfer_citing(wire.actor(to), amount, BTreeSet::new())
}

fn hand(wire: &mut BankWire, to: usize, from: usize, payload: Payload) -> Result<(), RecvError> {
    let from = wire.actor(from);
    wire.hand(to, from, &encode(&payload))
}

fn refusal(envelope: &Envelope) -> Refusal {
    match envelope.payload() {
        Payload::Refusal(refusal) => refusal,
        other => panic!("a refusal, not {other:?}"),
    }
}

// Safety.

/// There, nested ballots let one voter count as a "super-majority".
/// Here a certificate is a bitmap of distinct members and one signature for each bit: votes cannot be nested, nor counted.
#[test]
fn s3_one_voter_is_no_majority() {
    let mut wire = BankWire::bank(4, 10);
    wire.silence(3);
    let message = wire.message(3, 1, None, &[pay(&wire, 0, 10)]);
    let mut proof = wire.proof(&message, &[3]);
    let mine = proof.certificate.signatures[0];
    let from = wire.actor(3);
    let why = wire.rejection(0, from, Payload::Proof(proof.clone()));
    assert!(matches!(
        why,
        Rejection::QuorumTooSmall {
            have: 1,
            need: 3,
            ..
        }
    ));
    proof.certificate.signatures = vec![mine; 3];
    let why = wire.rejection(0, from, Payload::Proof(proof.clone()));
    assert_eq!(why, Rejection::Malformed(Malformed::Signers));
    proof.certificate.signers = wire.certificate(&message.0, &[0, 1, 3]).signers;
    let why = wire.rejection(0, from, Payload::Proof(proof));
    let signer = Some(wire.actor(0));
    assert_eq!(why, Rejection::InvalidSignature { signer });
}

/// There, opening an account minted `u64::MAX`, and one more transfer panicked every replica.
/// Here only issuers named in the genesis make money, up to a cap, and all of it together fits into 64 bits.
#[test]
fn s5_nobody_mints_and_no_sum_overflows() {
    let keys = wire::identities(4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|seat: usize| keys[seat].actor());
    let too_much = Ledger::genesis([(a, u64::MAX), (b, 0)], [(c, 1)]);
    assert_eq!(too_much, Err(LedgerError::SupplyTooLarge));
    let accounts = [(a, u64::MAX - 10), (b, 0), (c, 0), (d, 0)];
    let ledger = Ledger::genesis(accounts, [(c, 10)]).unwrap();
    let mut wire = BankWire::new("full", bank::ALGORITHM, keys, ledger);
    wire.silence(3);
    let issue = bank::Op::Issue {
        to: d,
        amount: u64::MAX,
    };
    let message = wire.message(3, 1, None, &[issue]);
    let request = Payload::Request(wire.request(&message));
    hand(&mut wire, 0, 3, request).unwrap();
    let envelopes = wire.take(|_| true);
    assert_eq!(
        refusal(&envelopes[0]).reason,
        Invalid::NotIssuer.to_string()
    );
    // Everything there can be ends up in one account, and not one coin more.
    wire.submit(2, [bank::Op::Issue { to: b, amount: 10 }]);
    wire.pay(0, 1, u64::MAX - 10);
    wire.quiet();
    assert_eq!(wire.balance(0, 1), u64::MAX);
    wire.submit(2, [bank::Op::Issue { to: b, amount: 1 }]);
    assert!(matches!(
        wire.nodes[2].told.last(),
        Some(Effect::Returned { .. })
    ));
    assert_eq!(wire.machine(1).algorithm().supply(), u64::MAX);
}

/// There, dependencies were operations inside operations: they doubled, 3 MB at the 16th, or overflowed the stack.
/// Here causes are dots, one per payer at most, and a header names at most one counter per member.
#[test]
fn s7_dependencies_do_not_nest() {
    let mut wire = BankWire::bank(4, 10);
    let mut sizes = Vec::new();
    for round in 0..16 {
        let (from, to) = (round % 4, (round + 1) % 4);
        let amount = wire.balance(from, from);
        let op = wire.payment(from, to, amount);
        sizes.push(encode(&op).len());
        wire.submit(from, [op]);
        wire.quiet();
    }
    assert!(sizes.iter().all(|size| *size <= 36 + 4 * 36), "{sizes:?}");
    assert_eq!(
        wire.balance(3, 0),
        40,
        "every payment rests on the one before it"
    );
    for (certificate, _) in wire.machine(0).log() {
        assert!(certificate.header.causes.len() < 4);
    }
}

/// There, a small-order key signed two different messages with one signature, where verification was not strict.
/// Here such keys are refused when they are decoded, and verification is strict everywhere.
#[test]
fn s8_no_key_signs_two_messages_at_once() {
    // The neutral element signs everything with R = itself, S = 0, to whoever does not look.
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = Actor::from_bytes(identity);
    let mut sig = [0; 64];
    sig[0] = 1;
    let lax = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
    let fits_all = ed25519_dalek::Signature::from_bytes(&sig);
    for message in [&b"pay ann"[..], b"pay bob"] {
        use ed25519_dalek::Verifier;
        assert!(lax.verify(message, &fits_all).is_ok(), "the defect is real");
        assert!(lax.verify_strict(message, &fits_all).is_err());
        assert!(!Ed25519::verify(&lax, message, &Sig::from_bytes(sig)));
    }
    assert!(Ed25519::public(&weak).is_err());
    let wire = BankWire::bank(4, 10);
    let members = wire.genesis.members().iter().copied().chain([weak]);
    let genesis = Genesis::<Bank>::new("x", "bank/1", members, wire.genesis.state().clone());
    let refused =
        SecureBroadcast::<Bank>::open(wire.key(0).clone(), genesis.unwrap(), [], Config::default());
    assert!(matches!(
        refused,
        Err(OpenError::Genesis(GenesisError::WeakKey(_)))
    ));
}

/// There, a signature covered the statement alone: it could be shown in another network, generation or as another kind.
/// Here the signed bytes begin with the kind and the network, and an echo holds its generation.
#[test]
fn s9_a_statement_counts_only_where_it_was_made() {
    #[derive(serde::Serialize)]
    struct Vote(EchoStatement);
    impl bft_crdts::Statement for Vote {
        const DOMAIN: &'static str = "bft-crdts/vote/1";
    }
    let mut wire = BankWire::bank(4, 10);
    let elsewhere = BankWire::bank(4, 11).network();
    let message = wire.message(3, 1, None, &[pay(&wire, 0, 10)]);
    let key = wire.key(3).clone();
    let good = wire.request(&message);
    let header = message.0.digest(&wire.network());
    let echo = |generation| EchoStatement {
        generation: Generation::new(generation),
        header,
    };
    let sigs = [
        key.sign(&elsewhere, &echo(0)),
        key.sign(&wire.network(), &echo(1)),
        key.sign(&wire.network(), &Vote(echo(0))),
    ];
    for sig in sigs {
        let mut request = good.clone();
        request.echo = sig;
        let signer = Some(key.actor());
        let why = wire.rejection(0, key.actor(), Payload::Request(request));
        assert_eq!(why, Rejection::InvalidSignature { signer });
    }
    assert_eq!(hand(&mut wire, 0, 3, Payload::Request(good)), Ok(()));
}

/// There, one operation with an extreme timestamp or counter froze a type for everybody, for nothing came after it.
/// Here dots are the broadcast's to give, and every counter is checked to be the next.
#[test]
fn s10_no_extreme_counter_freezes_anything() {
    let keys = wire::identities(4);
    let mut wire = Wire::<Orswot<u8>>::new("set", orswot::ALGORITHM, keys, Default::default());
    wire.silence(3);
    let adversary = wire.actor(3);
    let add = orswot::Op::Add {
        members: BTreeSet::from([7]),
    };
    let first = wire.message(3, 1, None, std::slice::from_ref(&add));
    for counter in [2, u64::MAX - 1, u64::MAX] {
        let far = wire.message(3, counter, Some(&first.0), std::slice::from_ref(&add));
        let request = encode(&Payload::Request(wire.request(&far)));
        let _ = wire.hand(0, adversary, &request);
    }
    // A remove of what nobody has added yet waits for it, or names what cannot be.
    let witnessed = BTreeSet::from([Dot::new(wire.actor(0), Counter::new(u64::MAX))]);
    let members = BTreeSet::from([7]);
    let remove = orswot::Op::Remove { members, witnessed };
    let (mut header, ops) = wire.message(3, 1, None, &[remove]);
    header.causes = vec![(Seat::new(0), Counter::new(u64::MAX))];
    let request = encode(&Payload::Request(wire.request(&(header, ops))));
    let _ = wire.hand(1, adversary, &request);
    assert!(
        wire.history
            .iter()
            .all(|envelope| envelope.kind() != PacketKind::Echo)
    );
    for seat in 0..3 {
        wire.submit(seat, [add.clone()]);
    }
    wire.heal();
    for seat in 0..3 {
        assert!(wire.machine(seat).algorithm().contains(&7));
        assert_eq!(wire.machine(seat).log().count(), 3);
    }
    let remove = wire.machine(0).algorithm().remove(&7).unwrap();
    wire.submit(0, [remove]);
    wire.heal();
    assert!((0..3).all(|seat| wire.machine(seat).algorithm().is_empty()));
}

// Liveness of an honest source.

/// There, one lost echo at n = 3, or two at n = 4, blocked an honest source for ever; sending again did not help.
/// Here a witness gives the same echo again, for as long as it is asked.
#[test]
fn l1_lost_echoes_are_given_again() {
    for (n, lost) in [(3, 1), (4, 2), (7, 3)] {
        let mut wire = BankWire::bank(n, 10);
        wire.pay(0, 1, 4);
        let witnesses: Vec<_> = wire.take_kind(PacketKind::Request);
        let source = wire.actor(0);
        for envelope in &witnesses {
            let to = wire.seat_of(&envelope.to).unwrap();
            wire.hand(to, source, &envelope.bytes).unwrap();
        }
        let mut echoes = wire.take_kind(PacketKind::Echo);
        wire.flying.extend(echoes.drain(lost..));
        wire.quiet();
        assert_eq!(wire.machine(0).log().count(), 0, "n = {n}: too few echoes");
        wire.heal();
        for seat in 0..n {
            assert_eq!(wire.balance(seat, 1), 14, "n = {n}");
        }
        wire.assert_agreement(&[]);
    }
}

/// There, one echo from an outsider was counted towards the quorum and spoiled the proof for everyone.
/// Here only members of the generation count, each once, and all is checked before anything changes.
#[test]
fn l2_an_outsider_stops_nobody() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 4);
    let Payload::Request(request) = wire.flying[0].payload() else {
        panic!("a request");
    };
    let outsider = wire::stranger();
    for key in [outsider.clone(), wire.key(1).clone()] {
        let echo = wire::echo(&key, &wire.network(), &request.header);
        let result = wire.hand(0, outsider.actor(), &encode(&Payload::Echo(echo)));
        let expected = Rejection::NotMember(outsider.actor());
        assert_eq!(result, Err(RecvError::Rejected(expected)));
    }
    wire.quiet();
    for seat in 0..4 {
        assert_eq!(wire.balance(seat, 1), 14);
        let (certificate, _) = wire.machine(seat).log().next().unwrap();
        let members = wire.machine(seat).members();
        assert_eq!(certificate.check(&wire.network(), members), Ok(()));
    }
}

/// There, two calls in a row gave two operations one number: an honest source equivocated against itself.
/// Here the dot is reserved and journaled before anything is sent, and the second call waits for the next message.
#[test]
fn l4_two_calls_in_a_row_are_two_messages() {
    let mut wire = BankWire::bank(4, 10);
    for amount in [1, 2, 3] {
        let op = pay(&wire, 1, amount);
        wire.submit(0, [op]);
    }
    assert_eq!(
        wire.packets(PacketKind::Request),
        3,
        "one message is under way"
    );
    assert_eq!(wire.machine(0).pending(), 3);
    wire.quiet();
    assert_eq!(wire.balance(3, 1), 16);
    let slots: BTreeSet<_> = wire
        .history
        .iter()
        .filter_map(|envelope| match envelope.payload() {
            Payload::Request(request) => Some((request.header.first, request.header.len)),
            _ => None,
        })
        .collect();
    let two = BTreeSet::from([(Counter::new(1), 1), (Counter::new(2), 2)]);
    assert_eq!(slots, two, "the waiting two share the second");
    wire.assert_agreement(&[]);
}

/// There, a proof was refused from anyone but its source: one that died midway left the replicas apart.
/// Here a proof is valid whoever carries it.
#[test]
fn l5_a_proof_is_valid_whoever_carries_it() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 4);
    let only = wire.actor(1);
    while !wire.flying.is_empty() {
        wire.take(|envelope| envelope.kind() == PacketKind::Proof && envelope.to != only);
        wire.arrive(0).unwrap_or_default();
    }
    wire.silence(0);
    let count = |wire: &BankWire| [1, 2, 3].map(|seat| wire.machine(seat).log().count());
    assert_eq!(count(&wire), [1, 0, 0]);
    let (certificate, _) = wire.machine(1).log().next().unwrap();
    let certificate = certificate.clone();
    let proof = Payload::Proof(Proof {
        certificate,
        ops: None,
    });
    // From a member, and even from somebody who is none.
    hand(&mut wire, 2, 1, proof.clone()).unwrap();
    let stranger = wire::stranger().actor();
    wire.hand(3, stranger, &encode(&proof)).unwrap();
    assert_eq!(count(&wire), [1, 1, 1]);
    wire.assert_agreement(&[]);
}

/// There, identity and state were made in the constructor: a restart was another member without a past.
/// Here `restore` brings back the replica from its journal, in the middle of its message.
#[test]
fn l6_a_restart_continues_where_it_stopped() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 4);
    wire.quiet();
    wire.pay(1, 2, 12);
    wire.pay(0, 2, 1);
    let requests = wire.take_kind(PacketKind::Request);
    (0..4).for_each(|seat| wire.silence(seat));
    wire.flying.clear();
    (0..4).for_each(|seat| wire.restart(seat));
    assert_eq!(wire.machine(1).actor(), wire.actor(1));
    assert_eq!(wire.machine(1).delivered(&wire.actor(0)), Counter::FIRST);
    assert_eq!(wire.machine(1).pending(), 1);
    wire.heal();
    let again = wire.history.iter().skip(9 + requests.len());
    let again = again.filter(|envelope| envelope.kind() == PacketKind::Request);
    let known: BTreeSet<_> = requests.iter().map(|envelope| &envelope.bytes).collect();
    assert!(
        again
            .into_iter()
            .all(|envelope| known.contains(&envelope.bytes))
    );
    for seat in 0..4 {
        let balances = [0, 1, 2, 3].map(|of| wire.balance(seat, of));
        assert_eq!(balances, [5, 2, 23, 10]);
    }
    wire.assert_agreement(&[]);
}

// Correctness with nobody faulty.

/// There, a history was a set of transfers without identity: two equal payments moved the money once.
/// Here an operation is its dot, and two dots are two operations.
#[test]
fn c1_two_equal_payments_are_two_payments() {
    let mut wire = BankWire::bank(4, 10);
    let op = pay(&wire, 1, 3);
    wire.submit(0, [op.clone(), op.clone()]);
    wire.quiet();
    wire.submit(0, [op]);
    wire.quiet();
    for seat in 0..4 {
        assert_eq!([wire.balance(seat, 0), wire.balance(seat, 1)], [1, 19]);
    }
}

/// There, proofs that came out of causal order made `balance()` panic.
/// Here what is certified waits for its causes.
#[test]
fn c2_proofs_in_reverse_are_delivered_in_order() {
    let mut wire = BankWire::bank(4, 10);
    let mut log = Vec::new();
    for round in 0..6 {
        let from = round % 3;
        let amount = wire.balance(from, from);
        wire.pay(from, (from + 1) % 3, amount);
        log.extend(wire.quiet_without(3));
    }
    let stale = wire.machine(0).log().count();
    assert_eq!(stale, 6, "the three others are a quorum");
    let mut proofs: Vec<_> = wire
        .machine(0)
        .log()
        .map(|(certificate, ops)| Proof {
            certificate: certificate.clone(),
            ops: Some(ops.clone()),
        })
        .collect();
    proofs.reverse();
    for proof in proofs {
        hand(&mut wire, 3, 0, Payload::Proof(proof)).unwrap();
        assert_eq!(wire.machine(3).algorithm().supply(), 40);
    }
    wire.assert_agreement(&[]);
    let sources: Vec<_> = wire.nodes[3]
        .deliveries()
        .map(|delivery| delivery.seat)
        .collect();
    let seats = [0, 1, 2, 0, 1, 2].map(Seat::new);
    assert_eq!(sources, seats);
}

/// There, "late" and "hostile" were one error, and the assertions that needed the difference were commented out.
/// Here a rejection says which it is, and only evidence accuses.
#[test]
fn c3_late_is_not_hostile() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 4);
    wire.quiet();
    let recv_error: Vec<_> = wire
        .history
        .clone()
        .into_iter()
        .filter_map(|envelope| {
            let to = wire.seat_of(&envelope.to).unwrap();
            let result = wire.hand(to, envelope.from, &envelope.bytes);
            result.err().map(|why| (envelope.kind(), why))
        })
        .collect();
    assert!(!recv_error.is_empty());
    for (kind, why) in recv_error {
        let expected = match kind {
            PacketKind::Echo => Rejection::Late,
            _ => Rejection::Duplicate,
        };
        assert_eq!(why, RecvError::Rejected(expected), "{kind}");
    }
    let forged = wire.message(1, 1, None, &[pay(&wire, 0, 1)]);
    let mut request = wire.request(&forged);
    request.echo = Sig::from_bytes([1; 64]);
    let why = wire.rejection(0, wire.actor(1), Payload::Request(request));
    assert!(matches!(why, Rejection::InvalidSignature { .. }));
    assert!((0..4).all(|seat| wire.machine(seat).evidence().count() == 0));
}

/// There, an operation that raced with what it depends on was dropped.
/// Here it is parked, and echoed when its causes are delivered, without being sent again.
#[test]
fn c4_an_operation_that_overtakes_its_causes_is_not_lost() {
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 10);
    let held = wire.quiet_without(3);
    wire.pay(1, 2, 20);
    let me = wire.actor(3);
    let source = wire.actor(1);
    let requests = wire.take(|envelope| envelope.to == me);
    wire.hand(3, source, &requests[0].bytes).expect("parked");
    wire.take(|envelope| envelope.from == me);
    wire.flying.extend(held);
    wire.quiet();
    let mine = wire.history.iter().filter(|envelope| envelope.from == me);
    let mine = mine.filter(|envelope| envelope.kind() == PacketKind::Echo && envelope.to == source);
    assert_eq!(mine.count(), 1);
    assert_eq!(wire.packets(PacketKind::Request), 6, "nobody asked twice");
    assert_eq!(wire.balance(3, 2), 30);
}

/// There, a message grew with every payment: from 156 bytes to 3,036 in 32 payments.
/// Here its size does not know how many there were.
#[test]
fn c5_messages_do_not_grow_with_history() {
    let mut wire = BankWire::bank(4, 100);
    let mut sizes = Vec::new();
    for _ in 0..32 {
        let before = wire.bytes();
        wire.pay(0, 1, 1);
        wire.quiet();
        sizes.push(wire.bytes() - before);
    }
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
}

/// There, a member without an account panicked every validator.
/// Here validation is total: whatever it does is refused with a reason.
#[test]
fn c6_a_member_without_an_account_is_refused() {
    let keys = wire::identities(4);
    let accounts = keys.iter().take(3).map(|key| (key.actor(), 10));
    let ledger = Ledger::genesis(accounts, []).unwrap();
    let mut wire = BankWire::new("poor", bank::ALGORITHM, keys, ledger);
    let poor = wire.actor(3);
    let op = pay(&wire, 0, 1);
    let message = wire.message(3, 1, None, std::slice::from_ref(&op));
    let request = Payload::Request(wire.request(&message));
    hand(&mut wire, 0, 3, request).unwrap();
    let envelopes = wire.take(|_| true);
    assert_eq!(
        refusal(&envelopes[0]).reason,
        Invalid::NoAccount(poor).to_string()
    );
    // Its own replica says so before it signs, and so does who would pay it.
    wire.submit(3, [op]);
    let op = pay(&wire, 3, 1);
    wire.submit(1, [op]);
    for seat in [3, 1] {
        assert!(matches!(
            wire.nodes[seat].told[..],
            [Effect::Returned { .. }]
        ));
    }
    wire.pay(0, 1, 10);
    wire.quiet();
    assert_eq!(
        wire.balance(3, 1),
        20,
        "it still serves the others as a witness"
    );
    assert_eq!(wire.machine(3).algorithm().balance(&poor), None);
}

/// There, the state lay in hash maps: equal states had no equal bytes, no digest, and no seed replayed a run.
/// Here everything is ordered, whatever order it came in.
#[test]
fn c7_equal_states_have_equal_bytes() {
    let run = |order: [usize; 4]| {
        let mut wire = BankWire::bank(4, 10);
        for seat in order {
            wire.pay(seat, (seat + 1) % 4, 1 + seat as u64);
        }
        // Newest first, then oldest first.
        while !wire.flying.is_empty() {
            let place = (order[0] * wire.flying.len() / 4).min(wire.flying.len() - 1);
            let _ = wire.arrive(place);
        }
        wire.heal();
        wire
    };
    let first = run([0, 1, 2, 3]);
    let bytes = encode(&first.machine(0).algorithm().state());
    for order in [[3, 2, 1, 0], [2, 0, 3, 1]] {
        let wire = run(order);
        for seat in 0..4 {
            assert_eq!(encode(&wire.machine(seat).algorithm().state()), bytes);
            assert_eq!(
                wire.machine(seat).state_digest(),
                first.machine(seat).state_digest()
            );
        }
    }
    let again = run([0, 1, 2, 3]);
    assert!(
        again.history == first.history,
        "the same run, byte for byte"
    );
}

/// There, charts broke on a quote, nodes with equal first bytes became one, and a replacement in the text rewrote payloads.
/// Here names go through one writer that escapes them, and nodes are told apart by number.
#[test]
fn c8_charts_survive_what_is_in_them() {
    let names = ["ann\"];\n}", "ann\"];\n}", "ann"];
    let node = |name: &str| trace::TraceNode {
        name: name.to_owned(),
        role: "member".to_owned(),
        correct: true,
    };
    let sent = |message, from, to| trace::TraceEvent {
        at: VirtualTime::from_nanos(message),
        step: message,
        kind: trace::TraceKind::Sent {
            message,
            from: NodeId::new(from),
            to: NodeId::new(to),
            kind: "request",
            label: "pay \"ann\" \\ ann".to_owned(),
            bytes: 1,
            duplicate: false,
        },
    };
    let arrived = |message| trace::TraceEvent {
        at: VirtualTime::from_nanos(message + 10),
        step: message + 10,
        kind: trace::TraceKind::Arrived {
            message,
            outcome: trace::PacketOutcome::Accepted,
        },
    };
    let trace = trace::Trace {
        title: "a \"title\"".to_owned(),
        scenario: "regression".to_owned(),
        seed: 0,
        nodes: names.iter().map(|name| node(name)).collect(),
        events: vec![sent(1, 0, 1), sent(2, 1, 2), arrived(1), arrived(2)],
    };
    let chart = msc::render(&trace, &ChartOptions::default());
    // Outside of its strings a chart is made of names without anything to escape.
    let mut quoted = false;
    let mut outside = String::new();
    let mut envelopes = chart.chars();
    while let Some(envelope) = envelopes.next() {
        match envelope {
            '\\' if quoted => drop(envelopes.next()),
            '"' => quoted = !quoted,
            '\n' if quoted => panic!("a string ends with its line:\n{chart}"),
            other if !quoted => outside.push(other),
            _ => {}
        }
    }
    assert!(!quoted, "every quote is closed:\n{chart}");
    assert!(
        !outside.contains("ann"),
        "names stay inside of strings:\n{chart}"
    );
    assert_eq!(outside.matches('{').count(), outside.matches('}').count());
}

/// There, replicas healed by reading each other's memory, or answered strangers with 90 times what they had asked.
/// Here there are only messages, for members only, and every answer comes out of a share.
#[test]
fn c9_anti_entropy_is_messages_between_members_and_bounded() {
    let mut wire = BankWire::bank(4, 1_000);
    let one = pay(&wire, 1, 1);
    for _ in 0..4 {
        wire.submit(0, vec![one.clone(); 100]);
    }
    let lost = wire.quiet_without(3);
    assert!(!lost.is_empty());
    let stranger = wire::stranger().actor();
    for question in [
        Payload::Pull(wire.pull(&[0; 4])),
        Payload::Summary(wire.summary(&[0; 4])),
    ] {
        let why = wire.rejection(0, stranger, question);
        assert_eq!(why, Rejection::NotMember(stranger));
    }
    // A member gets proofs that it checks like all others: nothing of the state itself is ever sent.
    wire.heal();
    assert_eq!(wire.balance(3, 1), 1_400);
    let kinds: BTreeSet<_> = wire
        .history
        .iter()
        .map(|envelope| envelope.kind())
        .collect();
    assert!(kinds.contains(&PacketKind::Pull) && kinds.contains(&PacketKind::Summary));
    wire.assert_agreement(&[]);
}

/// There, the bank's operations could not be deserialised: it had never run on a network.
/// Here everything that crosses the wire or reaches the disk comes back as itself, and the tests run on bytes.
#[test]
fn c10_every_type_round_trips() {
    fn round<T>(value: &T)
    where
        T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert_eq!(decode::<T>(&encode(value)).as_ref(), Ok(value));
    }
    let mut wire = BankWire::bank(4, 10);
    wire.pay(0, 1, 10);
    wire.quiet();
    wire.pay(1, 2, 20);
    wire.heal();
    for envelope in &wire.history {
        round(&envelope.payload());
    }
    for node in &wire.nodes {
        let journal = bft_crdts::deterministic_secure_broadcast::journal::read(&node.journal);
        journal.unwrap().records.iter().for_each(round);
    }
    for delivery in wire.nodes[3].deliveries() {
        delivery.ops.iter().for_each(round);
    }
    round(&wire.machine(0).algorithm().state());
}

/// There, an operation took 28 signatures and 10.6 KB at n = 7, and was sent whole three times.
/// Here there is one signature per statement, certificates are bitmaps of members, and operations travel once.
#[test]
fn c11_an_operation_costs_what_it_must() {
    let n = 7;
    let mut wire = Wire::<Bank, Counted>::bank(n, 10);
    let op = wire.payment(0, 1, 1);
    let body = Bytes::from(encode(&op));
    let (signed, verified) = Counted::during(|| {
        wire.submit(0, [op]);
        wire.quiet();
    });
    assert_eq!((signed, verified), (n, (n - 1) * quorum(n)));
    assert!(wire.bytes() <= 4_800, "{} bytes", wire.bytes());
    let carries = |envelope: &&Envelope| {
        envelope
            .bytes
            .windows(body.len())
            .any(|part| *part == *body)
    };
    assert_eq!(wire.history.iter().filter(carries).count(), n - 1);
    assert_eq!(wire.history.len(), 3 * (n - 1));
}

/// There, the history was scanned for every balance: 2.5 ms per operation at n = 4, and growing.
/// Here an account keeps its sum, and what an operation costs does not know how many there were.
#[test]
fn c12_an_operation_costs_the_same_after_a_long_history() {
    let [ann, bob] = [1, 2].map(|tag| Actor::from_bytes([tag; 32]));
    let mut bank = Bank::new(ann);
    bank.sync_from(Ledger::genesis([(ann, 1_000_000), (bob, 0)], []).unwrap());
    let mut next = 1;
    let mut measure = |history: u64| {
        while next < history {
            bank.apply(
                Dot::new(ann, Counter::new(next)),
                Bank::transfer_citing(bob, 1, BTreeSet::new()),
            );
            next += 1;
        }
        // The best of many rounds: what else the machine does only ever adds.
        let round = |_| {
            let begin = Instant::now();
            for _ in 0..200 {
                assert_eq!(bank.balance(&bob), Some(next - 1));
                let op = bank.transfer(&ann, bob, 1).unwrap();
                let dot = Dot::new(ann, Counter::new(next));
                bank.validate(&dot, &op).unwrap();
            }
            begin.elapsed()
        };
        (0..20).map(round).min().unwrap_or(Duration::MAX)
    };
    let (short, long) = (measure(100), measure(100_000));
    assert!(
        long < 20 * short,
        "{short:?} after 100 payments, {long:?} after 100,000"
    );
}
