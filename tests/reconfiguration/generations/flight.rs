//! A message that is on its way while generations change.

use std::collections::BTreeSet;

use crate::world::World;
use bft_crdts::codec::Digest;
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::Proof;
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, NextKeys, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{Certificate, Decision, EchoStatement, Link};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{Change, Generation, PacketKind, Payload, Seat, Sig};

type Set = World<Orswot<u64>>;

fn set_of(members: usize, of: &[u16]) -> Signers {
    let mut signers = Signers::none(members);
    of.iter()
        .for_each(|of| signers.insert(MemberIndex::new(*of)));
    signers
}

/// `by`: by index in that generation, and by number in the world.
fn link(
    world: &Set,
    generation: u64,
    tip: Digest,
    change: Change,
    members: usize,
    by: &[(u16, usize)],
) -> Link {
    let network = world.genesis.network();
    let keys = NextKeys {
        members: Signers::none(members),
        keys: Vec::new(),
    };
    let next = Generation::new(generation + 1);
    let decision = Decision {
        generation: next,
        link: tip,
        change,
        keys: keys.digest(),
    };
    let statement = SecondVoteStatement {
        generation: Generation::new(generation),
        attempt: 0,
        decision: decision.digest(&network),
    };
    let indices: Vec<u16> = by.iter().map(|(index, _)| *index).collect();
    let sign = |(_, of): &(u16, usize)| world.nodes[*of].identity.sign(&network, &statement);
    Link {
        decision,
        keys,
        attempt: 0,
        signers: set_of(members, &indices),
        signatures: by.iter().map(sign).collect(),
    }
}

/// There: while a message is on its way a member goes through two generations, and echoes that it had got in the first one
/// passed as known in a certificate of the second: it delivered what nobody has certified. Here: they are of their
/// generation.
#[test]
fn echoes_of_the_generation_before_certify_nothing() {
    let mut world: Set = World::with_joiners(5, 0, 1, |_| Entries::default());
    let network = world.genesis.network();
    let adversary = 4;
    world.submit(
        0,
        [Op::Add {
            members: BTreeSet::from([7]),
        }],
    );
    let requests = world.on_wire(|packet| packet.payload.kind() == PacketKind::Request);
    world.wire.clear();
    let Payload::Request(request) = requests[0].payload.clone() else {
        panic!()
    };
    // 1 echoes, and so does the Byzantine node; the echo of 1 was read on its way.
    world.hand(0, 1, Payload::Request(request.clone())).unwrap();
    let echo = world
        .on_wire(|packet| packet.payload.kind() == PacketKind::Echo)
        .remove(0);
    world.wire.clear();
    let Payload::Echo(of_one) = echo.payload.clone() else {
        panic!()
    };
    world.hand(1, 0, echo.payload).unwrap();
    let digest = request.header.digest(&network);
    let statement = EchoStatement {
        generation: Generation::GENESIS,
        header: digest,
    };
    let of_liar = world.nodes[adversary].identity.sign(&network, &statement);
    let mut echo = of_one.clone();
    echo.sig = of_liar;
    world.hand(adversary, 0, Payload::Echo(echo)).unwrap();
    assert_eq!(world.replica(0).pending(), 1, "three of five");
    // Two decisions come at once.
    let first = link(
        &world,
        0,
        *network.digest(),
        Change::Expel(world.actor(3)),
        5,
        &[(0, 0), (1, 1), (2, 2), (4, 4)],
    );
    let tip = first.decision.digest(&network);
    let second = link(
        &world,
        1,
        tip,
        Change::Join(world.actor(5)),
        4,
        &[(1, 1), (2, 2), (3, 4)],
    );
    world
        .hand(
            1,
            0,
            Payload::Chain(Chain {
                links: vec![first, second],
            }),
        )
        .unwrap();
    for by in [1, 2, 4] {
        let open = SignedHeader {
            generation: Generation::GENESIS,
            header: request.header.clone(),
            sig: request.echo,
        };
        let source = SealedSource {
            source: Seat::new(0),
            best: None,
            open: vec![open],
        };
        let mut seal = Seal {
            generation: Generation::GENESIS,
            signer: MemberIndex::new(u16::try_from(by).unwrap()),
            sources: if by != 2 { vec![source] } else { Vec::new() },
            sig: Sig::from_bytes([0; 64]),
        };
        seal.sig = world.nodes[by]
            .identity
            .sign(&network, &seal.statement(*network.digest()));
        world.hand(by, 0, Payload::Seal(Box::new(seal))).unwrap();
    }
    assert_eq!(world.replica(0).generation(), Generation::new(1));
    assert_eq!(world.replica(0).pending(), 1);
    // Three signatures of the old generation, in a certificate of the new one.
    let certificate = Certificate {
        generation: Generation::new(1),
        header: request.header.clone(),
        signers: set_of(4, &[0, 1, 3]),
        signatures: vec![request.echo, of_one.sig, of_liar],
    };
    let members = world
        .replica(0)
        .members_of(Generation::new(1))
        .unwrap()
        .clone();
    let stranger = certificate.check(&network, &members);
    let told = world.hand(
        adversary,
        0,
        Payload::Proof(Proof {
            certificate,
            ops: None,
        }),
    );
    assert!(stranger.is_err() && told.is_err());
    assert_eq!(
        world.replica(0).height(),
        0,
        "it has delivered what nobody has certified"
    );
}
