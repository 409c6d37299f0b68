//! A thief (A3): when a generation is over, somebody gets the secrets that its members have then, of the one who left and
//! of those who went on, and everything that can be made of them. Together with a faulty member that is a quorum of the
//! generation that is over.

use std::collections::BTreeSet;

use bft_crdts::codec::{Bytes, Digest, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Request};
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, NextKeys, Phase, Seal};
use bft_crdts::deterministic_secure_broadcast::{Decision, EchoStatement, Header, Link};
use bft_crdts::membership::Signers;
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Certificate, Change, Counter, Dot, Generation, MemberIndex, NetworkId, Payload, Rejection,
    Rules, Seat, Sig, SigningActor, Statement,
};
use rand::{Rng, RngExt};

use crate::world::{Flying, Replica, Toy, World};

type Set<R> = World<Orswot<u8>, R>;
type Key = SigningActor<Toy>;

/// A certificate for a message that nobody has made, in the next slot of somebody.
pub(crate) fn another_message<R: Rules>(
    victim: &Replica<Orswot<u8>, R>,
    keys: &[(MemberIndex, Key)],
    rng: &mut impl Rng,
) -> Payload {
    let members = victim.members();
    let source = Seat::new(rng.random_range(0..u16::try_from(members.seats()).unwrap()));
    let network = victim.network();
    let last = Dot::new(
        *members.in_seat(source).unwrap(),
        victim.clock().get(source),
    );
    let before = victim
        .certificate(&last)
        .map(|known| known.header.digest(&network));
    let ops = encode_sequence(&[Op::Add {
        members: BTreeSet::from([rng.random_range(100..200_u8)]),
    }]);
    let header = Header {
        source,
        first: last.counter.next().unwrap(),
        len: 1,
        previous: before.unwrap_or(*network.digest()),
        causes: Vec::new(),
        ops: Digest::of(&ops),
    };
    let generation = members.generation();
    let statement = EchoStatement {
        generation,
        header: header.digest(&network),
    };
    let (signers, signatures) = signed(members.len(), &network, keys, &statement);
    let certificate = Certificate {
        generation,
        header,
        signers,
        signatures,
    };
    let ops = Some(Bytes::from(ops));
    Payload::Proof(Proof { certificate, ops })
}

/// A link of the chain that nobody has voted for.
pub(crate) fn another_decision<R: Rules>(
    victim: &Replica<Orswot<u8>, R>,
    keys: &[(MemberIndex, Key)],
    rng: &mut impl Rng,
) -> Payload {
    let members = victim.members();
    let network = victim.network();
    let before = victim
        .chain()
        .take(usize::try_from(members.generation().get()).unwrap());
    let link = before.last().map(|link| link.decision.digest(&network));
    let next = NextKeys {
        members: Signers::none(members.len()),
        keys: Vec::new(),
    };
    let decision = Decision {
        generation: members.generation().next().unwrap(),
        link: link.unwrap_or(*network.digest()),
        change: Change::Expel(members.actors()[rng.random_range(0..members.len())]),
        keys: next.digest(),
    };
    let statement = SecondVoteStatement {
        generation: members.generation(),
        attempt: 0,
        decision: decision.digest(&network),
    };
    let (signers, signatures) = signed(members.len(), &network, keys, &statement);
    let link = Link {
        decision,
        keys: next,
        attempt: 0,
        signers,
        signatures,
    };
    let links = vec![link];
    Payload::Chain(Chain { links })
}

/// It hears nothing of the reconfiguration.
const SLOW: usize = 0;
/// It leaves.
const LEAVER: usize = 1;
/// It is faulty, and the source of two messages for one slot.
const ADVERSARY: usize = 4;
const MEMBERS: usize = 5;

fn message<R: Rules>(world: &Set<R>, member: u8) -> (Header, Bytes) {
    let ops = encode_sequence(&[Op::Add {
        members: BTreeSet::from([member]),
    }]);
    let header = Header {
        source: Seat::new(u16::try_from(ADVERSARY).unwrap()),
        first: Counter::FIRST,
        len: 1,
        previous: *world.genesis.network().digest(),
        causes: Vec::new(),
        ops: Digest::of(&ops),
    };
    (header, Bytes::from(ops))
}

/// A statement signed with these keys, of those whose indices go with them.
fn signed(
    members: usize,
    network: &NetworkId,
    keys: &[(MemberIndex, Key)],
    statement: &impl Statement,
) -> (Signers, Vec<Sig>) {
    let mut signers = Signers::none(members);
    let sign = |(index, key): &(MemberIndex, Key)| {
        signers.insert(*index);
        key.sign(network, statement)
    };
    let signatures = keys.iter().map(sign).collect();
    (signers, signatures)
}

fn proof<R: Rules>(world: &Set<R>, keys: &[(MemberIndex, Key)], member: u8) -> Payload {
    let (header, ops) = message(world, member);
    let (generation, network) = (Generation::GENESIS, world.genesis.network());
    let statement = EchoStatement {
        generation,
        header: header.digest(&network),
    };
    let (signers, signatures) = signed(MEMBERS, &network, keys, &statement);
    let certificate = Certificate {
        generation,
        header,
        signers,
        signatures,
    };
    let ops = Some(ops);
    Payload::Proof(Proof { certificate, ops })
}

/// The keys that a thief has now of all but the slow one, in generation 0 by rank, with those of the Byzantine node, so
/// many steps on.
fn loot<R: Rules>(world: &Set<R>, steps: usize) -> Vec<(MemberIndex, Key)> {
    let index = |rank: usize| MemberIndex::new(u16::try_from(rank).unwrap());
    let later = |rank: usize| {
        let key = world.key(rank).clone();
        (index(rank), (0..steps).fold(key, |key, _| key.next()))
    };
    let mut loot: Vec<_> = (LEAVER..ADVERSARY).map(later).collect();
    loot.push((index(ADVERSARY), world.nodes[ADVERSARY].identity.clone()));
    loot
}

/// One of two messages of the Byzantine node is delivered by all but the slow one, one member leaves, and the others go
/// on. The slow one has voted for that, and hears no more of it.
pub(crate) fn reconfigured<R: Rules>() -> Set<R> {
    let mut world: Set<R> = World::with_joiners(MEMBERS, 1, 0, |_| Entries::default());
    let network = world.genesis.network();
    let generation = Generation::GENESIS;
    let (header, ops) = message(&world, 1);
    let statement = EchoStatement {
        generation,
        header: header.digest(&network),
    };
    let echo = world.nodes[ADVERSARY].identity.sign(&network, &statement);
    for to in LEAVER..ADVERSARY {
        let (header, ops) = (header.clone(), ops.clone());
        let request = Request {
            generation,
            header,
            echo,
            ops,
        };
        world
            .hand(ADVERSARY, to, Payload::Request(request))
            .unwrap();
    }
    let keys = loot(&world, 0);
    for to in LEAVER..ADVERSARY {
        let first = proof(&world, &keys, 1);
        world.hand(ADVERSARY, to, first).unwrap();
    }
    let silent = |packet: &Flying| {
        let kept = matches!(
            packet.payload,
            Payload::Approvals(_) | Payload::NextKey(_) | Payload::Propose(_) | Payload::Vote(_)
        );
        let second = matches!(&packet.payload, Payload::Vote(vote) if vote.phase == Phase::Second);
        packet.to != SLOW || (kept && !second)
    };
    let leave = Change::Leave(world.actor(LEAVER));
    for at in SLOW..ADVERSARY {
        world.propose(at, leave).unwrap();
    }
    let mut seal = Seal {
        generation,
        signer: MemberIndex::new(u16::try_from(ADVERSARY).unwrap()),
        sources: Vec::new(),
        sig: Sig::from_bytes([0; 64]),
    };
    // Of the first generation, which no decision has made.
    let statement = seal.statement(*network.digest());
    seal.sig = world.nodes[ADVERSARY].identity.sign(&network, &statement);
    for round in 0..8 {
        (SLOW..ADVERSARY).for_each(|at| world.tick(at));
        world.flow_if(silent);
        if round == 6 {
            for to in LEAVER..ADVERSARY {
                let _ = world.hand(ADVERSARY, to, Payload::Seal(Box::new(seal.clone())));
            }
        }
    }
    for at in LEAVER..ADVERSARY {
        assert_eq!(world.replica(at).generation(), Generation::new(1), "{at}");
        assert!(world.replica(at).algorithm().contains(&1), "{at}");
    }
    assert_eq!(world.replica(SLOW).generation(), generation);
    assert_eq!(world.replica(SLOW).chain().count(), 0);
    world
}

/// The other message of the Byzantine node, certified with what was stolen, shown to the slow one.
pub(crate) fn forge_certificate<R: Rules>(
    world: &mut Set<R>,
    steps: usize,
) -> Result<(), Rejection> {
    let other = proof(world, &loot(world, steps), 2);
    world.hand(ADVERSARY, SLOW, other)
}

/// Another decision of the generation that is over, by the votes of those who were robbed, shown to the slow one.
pub(crate) fn forge_chain<R: Rules>(world: &mut Set<R>, steps: usize) -> Result<(), Rejection> {
    let keys = NextKeys {
        members: Signers::none(MEMBERS),
        keys: Vec::new(),
    };
    let network = world.genesis.network();
    let decision = Decision {
        generation: Generation::new(1),
        link: *network.digest(),
        change: Change::Expel(world.actor(SLOW)),
        keys: keys.digest(),
    };
    let statement = SecondVoteStatement {
        generation: Generation::GENESIS,
        attempt: 0,
        decision: decision.digest(&network),
    };
    let (signers, signatures) = signed(MEMBERS, &network, &loot(world, steps), &statement);
    let link = Link {
        decision,
        keys,
        attempt: 0,
        signers,
        signatures,
    };
    let links = vec![link];
    world.hand(ADVERSARY, SLOW, Payload::Chain(Chain { links }))
}

#[test]
fn stolen_keys_say_nothing_about_what_is_over() {
    let mut world = reconfigured::<bft_crdts::deterministic_secure_broadcast::Sound>();
    let robbed = Some(world.actor(LEAVER));
    for steps in 0..4 {
        let forged = forge_certificate(&mut world, steps);
        assert_eq!(forged, Err(Rejection::InvalidSignature { signer: robbed }));
        let forged = forge_chain(&mut world, steps);
        assert_eq!(forged, Err(Rejection::InvalidSignature { signer: robbed }));
    }
    assert!(!world.replica(SLOW).algorithm().contains(&2));
    // The slow one comes to the others, and has what they have.
    for _ in 0..8 {
        (SLOW..ADVERSARY).for_each(|at| world.tick(at));
        world.flow();
    }
    assert_eq!(world.replica(SLOW).generation(), Generation::new(1));
    assert!(world.replica(SLOW).algorithm().contains(&1));
}
