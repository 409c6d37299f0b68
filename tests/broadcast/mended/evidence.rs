//! Whoever is convicted is convicted by what everybody can verify.

use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::Request;
use bft_crdts::deterministic_secure_broadcast::wire::SealedSource;
use bft_crdts::{Counter, Generation, Payload, Seat};

use crate::open_faults::support::{
    add, convicted, echo_statement, first_message, key_in, let_join, rounds, seal, set_world, sign,
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
