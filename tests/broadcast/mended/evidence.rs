//! Whoever is convicted is convicted by what everybody can verify.

use std::collections::BTreeSet;

use bft_crdts::codec::{Bytes, Digest, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Request};
use bft_crdts::deterministic_secure_broadcast::wire::SealedSource;
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Header};
use bft_crdts::membership::Signers;
use bft_crdts::{Certificate, Change, Counter, Generation, PacketKind, Payload, Seat};

use crate::open_faults::support::{
    SetWorld, add, convicted, echo_statement, first_message, index, key_in, let_join, proven,
    rounds, seal, set_world, sign,
};

const ADVERSARY: usize = 3;

/// The Byzantine node seals a header of its own of generation 0 that names seat 4, which generation 0 does not have.
/// All take it over as open. When the Byzantine node sends another message for the slot, member 0 convicts it with
/// evidence that no other member can verify, and its evidence bars any that could be.
///
/// Right: whatever is found is verified before it convicts, with the seats of the generation it was signed in.
#[test]
fn gen3_no_evidence_is_kept_that_does_not_verify() {
    let mut world = set_world(4, 1, 2);
    let_join(&mut world, 4);
    let (network, genesis) = (world.genesis.network(), Generation::GENESIS);
    let (mut header, _) = first_message(&world, ADVERSARY, &add(7));
    header.causes = vec![(Seat::new(4), Counter::FIRST)];
    let sig = sign(&world, ADVERSARY, &echo_statement(&world, genesis, &header));
    let open = vec![SignedHeader {
        generation: genesis,
        header,
        sig,
    }];
    let source = Seat::new(3);
    let lie = seal(
        &world,
        ADVERSARY,
        1,
        vec![SealedSource {
            source,
            best: None,
            open,
        }],
    );
    for to in [0, 1, 2, 4] {
        let lie = Payload::Seal(Box::new(lie.clone()));
        world.hand(ADVERSARY, to, lie).expect("a seal");
    }
    let_join(&mut world, 5);
    let now = Generation::new(2);
    for op in [1, 2] {
        let (header, ops) = first_message(&world, ADVERSARY, &add(op));
        let statement = echo_statement(&world, now, &header);
        let echo = key_in(&world, 0, ADVERSARY, now).sign(&network, &statement);
        let request = Request {
            generation: now,
            header,
            echo,
            ops,
        };
        let _ = world.hand(ADVERSARY, 0, Payload::Request(request));
    }
    rounds(&mut world, 5);
    for at in [0, 1, 2, 4, 5] {
        let convicted = convicted(&world, at);
        assert_eq!(
            convicted,
            [(ADVERSARY, true)],
            "at {at}: whom, and whether others can verify it"
        );
    }
}

/// Member 2 misses three messages and a change of members, and is then shown the headers by correct members and the
/// certificates by a Byzantine node, with junk for signatures. After it has made its journal short and restarted, the
/// junk counts as verified: its evidence against the Byzantine node, which signs another message for a slot, convinces
/// nobody.
///
/// Right: its evidence verifies.
#[test]
fn gen3_junk_for_signatures_is_not_verified_by_a_restart() {
    let mut world = set_world(4, 0, 1);
    let network = world.genesis.network();
    let (late, adversary) = (2, 3);
    let without = |packet: &crate::world::Flying| packet.to != 2 && packet.from != 2;
    for op in 0..3 {
        world.submit(adversary, [add(op)]);
        world.flow_if(without);
    }
    world.join(4).expect("it is no member");
    world.flow_if(without);
    let join = Change::Join(world.actor(4));
    for at in [0, 1, 3] {
        world.propose(at, join).expect("it applies");
    }
    for _ in 0..20 {
        [0, 1, 3, 4].into_iter().for_each(|at| world.tick(at));
        world.flow_if(without);
    }
    assert!(world.replica(4).is_member());
    for _ in 0..6 {
        (0..5).for_each(|at| world.tick(at));
        world.flow_if(|packet| packet.to != 2 || packet.payload.kind() != PacketKind::Proof);
    }
    assert_eq!(world.replica(late).generation(), Generation::new(1));
    let log = world.replica(0).log();
    let real: Vec<(Certificate, Bytes)> =
        log.map(|(one, ops)| (one.clone(), ops.clone())).collect();
    let junk = |world: &SetWorld, place: usize| {
        let (mut certificate, ops) = real[place].clone();
        certificate.signers = Signers::none(4);
        certificate.signers.insert(index(world, 0, 0, adversary));
        certificate.signatures = vec![bft_crdts::Sig::from_bytes([0x66; 64])];
        Payload::Proof(Proof {
            certificate,
            ops: Some(ops),
        })
    };
    let second = junk(&world, 1);
    let _ = world.hand(adversary, late, second);
    world.compact(late);
    world.crash(late, 0);
    world.restart(late);
    let first = junk(&world, 0);
    let _ = world.hand(adversary, late, first);
    for _ in 0..6 {
        (0..5).for_each(|at| world.tick(at));
        world.flow();
    }
    let ops = encode_sequence(&[add(77)]);
    let header = Header {
        ops: Digest::of(&ops),
        ..real[1].0.header.clone()
    };
    let generation = Generation::new(1);
    let statement: EchoStatement = echo_statement(&world, generation, &header);
    let echo = key_in(&world, 0, adversary, generation).sign(&network, &statement);
    let request = Request {
        generation,
        header,
        echo,
        ops: Bytes::from(ops),
    };
    world.nodes[adversary].adversary = true;
    let _ = world.hand(adversary, late, Payload::Request(request));
    for (who, verifies) in convicted(&world, late) {
        assert!(verifies, "the evidence against {who} convinces nobody");
    }
    assert_eq!(proven(&world, late), BTreeSet::from([adversary]));
}
