//! How large seals get.

use crate::world::World;
use bft_crdts::codec::{self, Digest, encode};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, NextKeys, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{Decision, EchoStatement, Header, Link, journal};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::orswot::{Entries, Orswot};
use bft_crdts::{Change, Counter, Effect, Generation, Packet, Payload, Record, Seat, Sig};

type Set = World<Orswot<u64>>;

const MEMBERS: usize = 100;
const LIARS: std::ops::Range<usize> = 67..100;

fn index(of: usize) -> MemberIndex {
    MemberIndex::new(u16::try_from(of).unwrap())
}

/// Everybody who decides keeps its key. `members`: the first so many by key.
fn link(world: &Set, generation: u64, tip: Digest, members: usize) -> Link {
    let network = world.genesis.network();
    let keys = NextKeys {
        members: Signers::none(members),
        keys: Vec::new(),
    };
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
    let mut signers = Signers::none(members);
    let mut signatures = Vec::new();
    for voter in 1..=67 {
        signers.insert(index(voter));
        signatures.push(world.nodes[voter].identity.sign(&network, &statement));
    }
    Link {
        decision,
        keys,
        attempt: 0,
        signers,
        signatures,
    }
}

/// What a Byzantine node seals: of every Byzantine node one header that nobody else shows.
fn lie(world: &Set, generation: u64, by: usize) -> Vec<SealedSource> {
    let network = world.genesis.network();
    LIARS
        .map(|of| {
            let source = Seat::new(u16::try_from(of).unwrap());
            let causes = (0..MEMBERS).filter(|seat| *seat != of);
            let causes = causes.map(|seat| {
                (
                    Seat::new(u16::try_from(seat).unwrap()),
                    Counter::new(1 << 60),
                )
            });
            let header = Header {
                source,
                first: Counter::FIRST,
                len: 1,
                previous: *network.digest(),
                causes: causes.collect(),
                ops: Digest::of(format!("{generation} {by}").as_bytes()),
            };
            let signed_in = Generation::GENESIS;
            let statement = EchoStatement {
                generation: signed_in,
                header: header.digest(&network),
            };
            let sig = world.nodes[of].identity.sign(&network, &statement);
            let open = vec![SignedHeader {
                generation: signed_in,
                header,
                sig,
            }];
            SealedSource {
                source,
                best: None,
                open,
            }
        })
        .collect()
}

fn seal(
    world: &Set,
    generation: u64,
    tip: Digest,
    by: usize,
    sources: Vec<SealedSource>,
) -> Payload {
    let mut seal = Seal {
        generation: Generation::new(generation),
        signer: index(by),
        sources,
        sig: Sig::from_bytes([0; 64]),
    };
    seal.sig = world.nodes[by]
        .identity
        .sign(&world.genesis.network(), &seal.statement(tip));
    Payload::Seal(Box::new(seal))
}

/// There: what Byzantine nodes had shown in their seals correct members had to seal in the next generation, and the
/// third seal of one was larger than a packet: nobody could read it, nor it its own journal. Here: it does not seal,
/// and says no more than it can.
#[test]
fn a_seal_that_nobody_could_read_is_not_made() {
    let mut world: Set = World::new(MEMBERS, LIARS.len(), |_| Entries::default());
    let network = world.genesis.network();
    let mut tip = *network.digest();
    let mut bytes = Vec::new();
    let mut sizes = Vec::new();
    for generation in 0..3_u64 {
        let members = MEMBERS - usize::try_from(generation).unwrap();
        let link = link(&world, generation, tip, members);
        let next = link.decision.digest(&network);
        let mut packets = vec![(1, Payload::Chain(Chain { links: vec![link] }))];
        if generation < 2 {
            for by in LIARS.filter(|by| *by < members) {
                let sources = lie(&world, generation, by);
                packets.push((by, seal(&world, generation, tip, by, sources)));
            }
            for by in 1..=34 {
                packets.push((by, seal(&world, generation, tip, by, Vec::new())));
            }
        }
        for (from, payload) in packets {
            assert!(encode(&payload).len() < codec::MAX_PACKET_BYTES);
            let from = world.actor(from);
            let Ok(effects) = world.replica_mut(0).handle(Packet { from, payload }) else {
                continue;
            };
            for effect in effects {
                match effect {
                    Effect::Persist(record) => {
                        if let Record::Seal(seal) = &record
                            && seal.signer == index(0)
                        {
                            sizes.push(encode(&Payload::Seal(seal.clone())).len());
                        }
                        journal::append(&mut bytes, &record);
                    }
                    Effect::Halted(why) => panic!("{why}"),
                    _ => {}
                }
            }
        }
        tip = next;
    }
    assert_eq!(world.replica(0).halted(), None);
    assert_eq!(world.replica(0).generation(), Generation::new(2));
    assert!(sizes.len() == 2 && sizes[1] > 1_000_000, "{sizes:?}");
    journal::read(&bytes).expect("it can read its own journal");
}
