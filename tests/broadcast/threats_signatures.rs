//! What may be done with signatures: forged, bent, moved to another network, generation, kind or place.
//!
//! The scheme on its own, with its crafted keys and signatures, is tested in `tests/core_layer/actor.rs`; here it
//! stands where the broadcast uses it.

use crate::fixtures;
use crate::wire;
use crate::wire::{RecvError, Wire, vouch};
use bft_crdts::bank::Bank;
use bft_crdts::deterministic_secure_broadcast::Contradiction;
use bft_crdts::deterministic_secure_broadcast::packet::Proof;
use bft_crdts::{
    Actor, Config, Digest, Evidence, Generation, Genesis, GenesisError, NetworkId, OpenError,
    Payload, Rejection, SecureBroadcast, Sig, Statement,
};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::Scalar;
use serde::Serialize;

type BankWire = Wire<Bank>;

/// Every signature of a packet in turn, damaged: which member's it is and the packet with it.
fn damaged(
    wire: &BankWire,
    payload: &Payload,
    damage: &dyn Fn(&Sig) -> Sig,
) -> Vec<(Actor, Payload)> {
    match payload {
        Payload::Request(request) => {
            let mut request = request.clone();
            request.echo = damage(&request.echo);
            let source = request.header.source.get();
            vec![(wire.actor(source), Payload::Request(request))]
        }
        Payload::Proof(proof) => {
            let signers = proof.certificate.signers.iter();
            let one = |(place, index): (usize, bft_crdts::MemberIndex)| {
                let mut proof = proof.clone();
                let sig = &mut proof.certificate.signatures[place];
                *sig = damage(sig);
                (wire.actor(index.get()), Payload::Proof(proof))
            };
            signers.enumerate().map(one).collect()
        }
        Payload::Evidence(evidence) => {
            let culprit = evidence.culprit;
            let Contradiction::Headers { one, other } = &evidence.contradiction else {
                panic!("two headers");
            };
            let mut both = [(one.clone(), other.clone()), (one.clone(), other.clone())];
            both[0].0.sig = damage(&one.sig);
            both[1].1.sig = damage(&other.sig);
            let both = both.map(|(one, other)| {
                let contradiction = Contradiction::Headers { one, other };
                let evidence = Evidence {
                    culprit,
                    contradiction,
                };
                (culprit, Payload::Evidence(Box::new(evidence)))
            });
            both.to_vec()
        }
        _ => Vec::new(),
    }
}

/// A network, and every packet in it that rests on signatures; seat 0 would take any of them.
fn signed() -> (BankWire, Vec<Payload>) {
    let wire = fixtures::network();
    let message = fixtures::first_message(&wire, 2);
    let request = Payload::Request(wire.request(&message));
    let proof = Payload::Proof(wire.proof(&message, &[1, 2, 3]));
    let evidence = Payload::Evidence(Box::new(fixtures::evidence(&wire)));
    (wire, vec![request, proof, evidence])
}

/// Seat 0 waits for echoes of its own message; this is a good one of seat 1.
fn asked() -> (
    BankWire,
    bft_crdts::deterministic_secure_broadcast::packet::Echo,
) {
    let mut wire = fixtures::network();
    wire.pay(0, 1, 1);
    let Payload::Request(request) = wire.flying[0].payload() else {
        panic!("a request");
    };
    let echo = wire.echo(1, &request.header);
    (wire, echo)
}

fn expect_all_refused(damage: &dyn Fn(&Sig) -> Sig) {
    let (mut wire, payloads) = signed();
    let from = wire.actor(1);
    for payload in payloads {
        let all = damaged(&wire, &payload, damage);
        assert!(!all.is_empty());
        for (signer, payload) in all {
            let signer = Some(signer);
            let why = wire.rejection(0, from, payload);
            assert_eq!(why, Rejection::InvalidSignature { signer });
        }
        let good = bft_crdts::codec::encode(&payload);
        let mut copy = signed().0;
        assert_eq!(copy.hand(0, from, &good), Ok(()), "undamaged it is good");
    }
    let (mut wire, mut echo) = asked();
    echo.sig = damage(&echo.sig);
    let why = wire.rejection(0, from, Payload::Echo(echo));
    let signer = Some(from);
    assert_eq!(why, Rejection::InvalidSignature { signer });
}

#[test]
fn a_forged_signature_is_named_by_its_signer() {
    expect_all_refused(&|_| Sig::from_bytes([0x5a; 64]));
    expect_all_refused(&|_| Sig::from_bytes([0; 64]));
    expect_all_refused(&|_| wire::stranger().sign(&fixtures::network().network(), &Other(1)));
}

#[test]
fn no_bit_of_a_signature_may_flip() {
    for bit in 0..512 {
        expect_all_refused(&|sig| {
            let mut bytes = *sig.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            Sig::from_bytes(bytes)
        });
    }
}

/// S + L is the same number to a verifier that does not look: two signatures where one was made.
#[test]
fn a_malleated_signature_is_refused() {
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    expect_all_refused(&|sig| {
        let mut bytes = *sig.as_bytes();
        let mut carry = 0;
        for (byte, add) in bytes[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(add);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(carry, 0, "S + L fits");
        Sig::from_bytes(bytes)
    });
}

/// A certificate whose every signature is good in itself, but of another member.
#[test]
fn signatures_belong_to_their_signers() {
    let (mut wire, _) = signed();
    let (header, ops) = fixtures::first_message(&wire, 2);
    let mut certificate = wire.certificate(&header, &[1, 2, 3]);
    certificate.signatures.rotate_left(1);
    let proof = Proof {
        certificate,
        ops: Some(ops),
    };
    let from = wire.actor(3);
    let signer = Some(wire.actor(1));
    let why = wire.rejection(0, from, Payload::Proof(proof));
    assert_eq!(why, Rejection::InvalidSignature { signer });
}

#[test]
fn an_echo_of_one_generation_is_none_in_another() {
    // Made for generation 1, shown as one of generation 0.
    let (mut wire, mut echo) = asked();
    let statement = bft_crdts::deterministic_secure_broadcast::EchoStatement {
        generation: Generation::new(1),
        header: echo.header,
    };
    echo.sig = wire.key(1).sign(&wire.network(), &statement);
    let from = wire.actor(1);
    let signer = Some(from);
    let why = wire.rejection(0, from, Payload::Echo(echo.clone()));
    assert_eq!(why, Rejection::InvalidSignature { signer });
    // And shown as what it is.
    echo.generation = Generation::new(1);
    let _ = wire.hand(
        0,
        from,
        &bft_crdts::codec::encode(&Payload::Echo(echo.clone())),
    );
    let why = wire.rejection(0, from, Payload::Echo(echo));
    let (have, got) = (Generation::GENESIS, Generation::new(1));
    assert_eq!(why, Rejection::FutureGeneration { have, got });
}

#[test]
fn nothing_signed_in_one_network_counts_in_another() {
    let here = fixtures::network();
    // The same members, keys and rules, one coin more: another genesis, another network.
    let mut there = BankWire::bank(4, 11);
    assert_ne!(here.network(), there.network());
    let (_, payloads) = signed();
    for payload in payloads {
        let from = there.actor(1);
        let why = there.rejection(0, from, payload.clone());
        assert!(
            matches!(
                why,
                Rejection::InvalidSignature { .. } | Rejection::Malformed(_)
            ),
            "{}: {why}",
            payload.kind()
        );
    }
    // Nor with its first header bent to begin where chains begin there.
    let (mut header, ops) = fixtures::first_message(&here, 2);
    header.previous = *there.network().digest();
    let message = (header, ops);
    let forged = wire::request(here.key(1), &here.network(), &message);
    let from = there.actor(1);
    let signer = Some(from);
    let why = there.rejection(0, from, Payload::Request(forged));
    assert_eq!(why, Rejection::InvalidSignature { signer });
    let own = there.request(&message);
    let bytes = bft_crdts::codec::encode(&Payload::Request(own));
    assert_eq!(
        there.hand(0, from, &bytes),
        Ok(()),
        "signed there it is good"
    );
}

/// A statement of another kind with the very bytes of an echo.
#[derive(Serialize)]
struct Other(u64);

impl Statement for Other {
    const DOMAIN: &'static str = "bft-crdts/other/1";
}

#[derive(Serialize)]
struct LikeAnEcho {
    generation: Generation,
    header: Digest,
}

impl Statement for LikeAnEcho {
    const DOMAIN: &'static str = "bft-crdts/vote/1";
}

#[test]
fn nothing_signed_for_another_purpose_is_an_echo() {
    let (mut wire, mut echo) = asked();
    let statement = LikeAnEcho {
        generation: echo.generation,
        header: echo.header,
    };
    echo.sig = wire.key(1).sign(&wire.network(), &statement);
    let from = wire.actor(1);
    let signer = Some(from);
    let why = wire.rejection(0, from, Payload::Echo(echo));
    assert_eq!(why, Rejection::InvalidSignature { signer });
}

#[test]
fn no_network_begins_with_a_weak_key() {
    let wire = fixtures::network();
    let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    // Small order, not on the curve, not canonical (y ≥ p).
    let mut uncanonical = [0xff; 32];
    uncanonical[31] = 0x7f;
    let off_curve = {
        let mut bytes = [0; 32];
        bytes[0] = 2;
        bytes
    };
    for weak in torsion.into_iter().chain([uncanonical, off_curve]) {
        let weak = Actor::from_bytes(weak);
        let members = wire.genesis.members().iter().copied().chain([weak]);
        let state = wire.genesis.state().clone();
        let genesis = Genesis::<Bank>::new("weak", "bank/1", members, state).unwrap();
        let refused =
            SecureBroadcast::<Bank>::open(wire.key(0).clone(), genesis, [], Config::default());
        let key = bft_crdts::WeakKey { actor: weak };
        assert_eq!(
            refused.map(|_| ()),
            Err(OpenError::Genesis(GenesisError::WeakKey(key)))
        );
    }
}

/// Whatever names a network changes its id, and so everything ever signed in it.
#[test]
fn a_network_is_named_by_all_of_its_genesis() {
    let wire = fixtures::network();
    let members = wire.genesis.members().to_vec();
    let state = wire.genesis.state().clone();
    let other_state = BankWire::bank(4, 11).genesis.state().clone();
    let id = |name: &str, algorithm: &str, members: &[Actor], state: &bft_crdts::bank::Ledger| {
        let members = members.iter().copied();
        Genesis::<Bank>::new(name, algorithm, members, state.clone())
            .map(|genesis| genesis.network())
            .unwrap()
    };
    let same = id("a", "bank/1", &members, &state);
    let reversed: Vec<_> = members.iter().rev().copied().collect();
    assert_eq!(id("a", "bank/1", &reversed, &state), same, "in any order");
    let others: Vec<NetworkId> = vec![
        id("b", "bank/1", &members, &state),
        id("a", "bank/2", &members, &state),
        id("a", "bank/1", &members[1..], &state),
        id("a", "bank/1", &members, &other_state),
        // Name and algorithm cannot be shifted into each other.
        id("ab", "ank/1", &members, &state),
    ];
    for other in others {
        assert_ne!(other, same);
    }
}

/// Evidence is a statement like any other: of another network it proves nothing here.
#[test]
fn evidence_of_another_network_convicts_nobody() {
    let evidence: Evidence = fixtures::evidence(&fixtures::network());
    let mut there = BankWire::bank(4, 11);
    let from = there.actor(2);
    let payload = Payload::Evidence(Box::new(evidence));
    let bytes = bft_crdts::codec::encode(&payload);
    assert!(matches!(
        there.hand(0, from, &bytes),
        Err(RecvError::Rejected(
            Rejection::InvalidSignature { .. } | Rejection::Malformed(_)
        ))
    ));
    assert_eq!(there.machine(0).evidence().count(), 0);
    let vouched = vouch(
        there.key(1),
        &there.network(),
        &fixtures::first_message(&there, 2).0,
    );
    let Contradiction::Headers { one, .. } = fixtures::evidence(&fixtures::network()).contradiction
    else {
        panic!("two headers");
    };
    assert_ne!(vouched, one.sig);
}
