//! What a replica calls a certificate must be one: DP2 of `docs/defects.md`.

use std::num::NonZeroUsize;

use bft_crdts::bank::{self, Bank};
use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::packet::{Headers, Proof};
use bft_crdts::membership::Signers;
use bft_crdts::{Config, Counter, Payload, Seat};

use crate::wire::Wire;

/// Everything arrives, whatever is said to it.
fn drain(wire: &mut Wire<Bank>) {
    while !wire.flying.is_empty() {
        let _ = wire.arrive(0);
    }
}

/// How many entries of a replica's log have a certificate that proves nothing.
fn unproven(wire: &Wire<Bank>, at: usize) -> usize {
    let machine = wire.machine(at);
    let log = machine.log();
    log.filter(|(certificate, _)| {
        let members = machine.members_of(certificate.generation);
        members.is_none_or(|members| certificate.check(&wire.network(), members).is_err())
    })
    .count()
}

/// Hands `to` the proof of the last of these messages, their headers, and of each of the others a certificate that nobody
/// has signed.
fn strip(wire: &mut Wire<Bank>, to: usize, messages: &[Proof]) {
    let adversary = wire.actor(3);
    let Some((last, rest)) = messages.split_last() else {
        return;
    };
    let _ = wire.hand(to, adversary, &encode(&Payload::Proof(last.clone())));
    let headers = rest
        .iter()
        .rev()
        .map(|proof| proof.certificate.header.clone());
    let headers = Headers {
        headers: headers.collect(),
    };
    let _ = wire.hand(to, adversary, &encode(&Payload::Headers(headers)));
    for proof in rest {
        let mut stripped = proof.clone();
        stripped.certificate.signers = Signers::none(wire.nodes.len());
        stripped.certificate.signatures.clear();
        let _ = wire.hand(to, adversary, &encode(&Payload::Proof(stripped)));
    }
}

/// The messages of a source at a replica from a counter on, as proofs with their operations.
fn messages(wire: &Wire<Bank>, at: usize, source: usize, after: Counter) -> Vec<Proof> {
    let seat = Seat::new(u16::try_from(source).expect("a seat"));
    let log = wire.machine(at).log();
    let new = log.filter(|(certificate, _)| {
        certificate.header.source == seat && certificate.header.first > after
    });
    let proof = |(certificate, ops): (&_, &_)| Proof {
        certificate: Clone::clone(certificate),
        ops: Some(Clone::clone(ops)),
    };
    new.map(proof).collect()
}

/// Member 2 misses two messages of member 0. The Byzantine node shows it the second, genuine, and the first with a
/// certificate that nobody has signed. The header of the first is proven by the second, so member 2 delivered it and kept
/// the forgery as its certificate: its own proof file failed, and it handed the forgery on.
///
/// What stops it: a certificate is verified whatever else proves its header (I7).
#[test]
fn dp2_every_certificate_of_a_log_proves_its_message() {
    let mut wire = Wire::<Bank>::bank(4, 100);
    for _ in 0..2 {
        wire.pay(0, 1, 1);
        wire.quiet_without(2);
    }
    let both = messages(&wire, 1, 0, Counter::ZERO);
    strip(&mut wire, 2, &both);
    wire.quiet();
    assert_eq!(wire.machine(2).delivered(&wire.actor(0)), Counter::new(2));
    assert_eq!(
        unproven(&wire, 2),
        0,
        "certificates in the log that nobody has signed"
    );
}

/// A replica with such a forgery in its log took over no checkpoint any more: what it kept grew without bound, while the
/// others forgot.
#[test]
fn dp2_a_forged_certificate_stops_no_checkpoint() {
    let mut wire = Wire::<Bank>::bank(4, 1_000_000);
    for at in 0..4 {
        wire.configure(at, Config::default().checkpoint_every(NonZeroUsize::new(8)));
    }
    let adversary = wire.actor(3);
    for _ in 0..20 {
        let mut held = Vec::new();
        for half in 0..2 {
            for _ in 0..5 {
                wire.pay(3, 1, 1);
                held.extend(wire.quiet_without(2));
            }
            if half == 0 {
                for at in [0, 1, 3] {
                    wire.tick(at);
                    held.extend(wire.quiet_without(2));
                }
            }
        }
        let known = wire.machine(2).delivered(&adversary);
        let new = messages(&wire, 3, 3, known);
        strip(&mut wire, 2, &new);
        wire.flying.extend(held);
        drain(&mut wire);
        wire.tick(2);
        drain(&mut wire);
    }
    let kept = |at| wire.machine(at).log().count();
    assert_eq!(wire.machine(2).delivered(&adversary), Counter::new(200));
    let most = kept(0).max(kept(1)) + 16;
    assert!(
        kept(2) <= most,
        "member 2 keeps {} messages, the others {most} at most",
        kept(2)
    );
}

/// Five of seven lie: they tell members 0 and 1 different payments of member 6, two each. Whom the two correct ones can
/// convict when they meet.
fn convicted_after_a_fork(forge: bool) -> (usize, usize) {
    let mut wire = Wire::<Bank>::bank(7, 100);
    (2..7).for_each(|adversary| wire.silence(adversary));
    let adversaries = [2, 3, 4, 5, 6];
    let teller = wire.actor(2);
    let chain = |wire: &Wire<Bank>, to| {
        let pay = bank::Op::Transfer {
            to,
            amount: 1,
            causes: Default::default(),
        };
        let first = wire.message(6, 1, None, std::slice::from_ref(&pay));
        let second = wire.message(6, 2, Some(&first.0), &[pay]);
        [first, second]
    };
    let [one, other] = [0, 1].map(|to| chain(&wire, wire.actor(to)));
    let tell = |wire: &mut Wire<Bank>, to, payload: Payload| {
        wire.hand(to, teller, &encode(&payload)).expect("taken");
    };
    let proof = wire.proof(&one[1], &adversaries);
    tell(&mut wire, 0, Payload::Proof(proof));
    let headers = Headers {
        headers: vec![one[0].0.clone()],
    };
    tell(&mut wire, 0, Payload::Headers(headers));
    let signers: &[usize] = if forge { &[] } else { &adversaries };
    let proof = encode(&Payload::Proof(wire.proof(&one[0], signers)));
    let taken = wire.hand(0, teller, &proof);
    assert_eq!(taken.is_err(), forge, "a forged certificate is rejected");
    for message in &other {
        let proof = wire.proof(message, &adversaries);
        tell(&mut wire, 1, Payload::Proof(proof));
    }
    for _ in 0..30 {
        wire.heal_but_for_pending();
    }
    let found = |at: usize| wire.machine(at).evidence().count();
    (found(0), found(1))
}

/// More than f lie, and two correct replicas deliver different messages. If the Byzantine nodes showed one of them its
/// first message without any signature, no certificate there contradicted the other's, and nobody was convicted.
///
/// Now as many are convicted as without the forgery.
#[test]
fn dp2_a_forged_certificate_hides_no_liar() {
    let genuine = convicted_after_a_fork(false);
    assert!(
        genuine.0 > 0 && genuine.1 > 0,
        "the fork convicts somebody: {genuine:?}"
    );
    assert_eq!(convicted_after_a_fork(true), genuine);
}
