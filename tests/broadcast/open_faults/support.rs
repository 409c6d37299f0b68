//! What the Byzantine nodes of these tests say, on a network of sets driven by hand.

use std::collections::BTreeSet;

use bft_crdts::codec::{Bytes, Digest, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::wire::statement::SecondVoteStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{NextKeys, Seal, SealedSource};
use bft_crdts::deterministic_secure_broadcast::{Decision, EchoStatement, Header, Link};
use bft_crdts::membership::Signers;
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Certificate, Change, Counter, Generation, MemberIndex, Seat, Sig, SigningActor, Statement,
};

use crate::world::{Toy, World};

pub(crate) type SetWorld = World<Orswot<u8>>;

pub(crate) fn set_world(members: usize, adversaries: usize, joiners: usize) -> SetWorld {
    World::with_joiners(members, adversaries, joiners, |_| Entries::default())
}

pub(crate) fn add(member: u8) -> Op<u8> {
    let members = BTreeSet::from([member]);
    Op::Add { members }
}

/// Every replica ticks, everything arrives, so many times.
pub(crate) fn rounds(world: &mut SetWorld, rounds: usize) {
    for _ in 0..rounds {
        for at in 0..world.nodes.len() {
            if world.is_up(at) {
                world.tick(at);
            }
        }
        world.flow();
    }
}

/// All correct members let a joiner in.
pub(crate) fn let_join(world: &mut SetWorld, joiner: usize) {
    world.join(joiner).expect("it is no member");
    world.flow();
    let change = Change::Join(world.actor(joiner));
    let members: Vec<usize> = world
        .correct()
        .filter(|at| world.is_up(*at) && world.replica(*at).is_member())
        .collect();
    for at in members {
        world.propose(at, change).expect("it applies");
    }
    world.flow();
    rounds(world, 40);
    assert!(world.replica(joiner).is_member(), "{joiner} is in");
}

/// Signed with the first key of a node.
pub(crate) fn sign(world: &SetWorld, by: usize, statement: &impl Statement) -> Sig {
    let network = world.genesis.network();
    world.nodes[by].identity.sign(&network, statement)
}

/// The first message of a source.
pub(crate) fn first_message(world: &SetWorld, source: usize, op: &Op<u8>) -> (Header, Bytes) {
    let ops = encode_sequence(std::slice::from_ref(op));
    let header = Header {
        source: Seat::new(u16::try_from(source).expect("a seat")),
        first: Counter::FIRST,
        len: 1,
        previous: *world.genesis.network().digest(),
        causes: Vec::new(),
        ops: Digest::of(&ops),
    };
    (header, Bytes::from(ops))
}

pub(crate) fn echo_statement(
    world: &SetWorld,
    generation: Generation,
    header: &Header,
) -> EchoStatement {
    let header = header.digest(&world.genesis.network());
    EchoStatement { generation, header }
}

/// The key that a node has in a generation, as `knows` knows it.
pub(crate) fn key_in(
    world: &SetWorld,
    knows: usize,
    who: usize,
    generation: Generation,
) -> SigningActor<Toy> {
    let members = world.replica(knows).members_of(generation);
    let members = members.expect("a known generation");
    let seat = members.seat_of(&world.actor(who)).expect("a seat");
    let mut key = world.nodes[who].identity.clone();
    while Some(key.key()) != members.key_bytes(seat) {
        key = key.next();
    }
    key
}

/// The index of a node among the members of a generation, as `knows` knows them.
pub(crate) fn index(world: &SetWorld, knows: usize, generation: u64, who: usize) -> MemberIndex {
    let members = world.replica(knows).members_of(Generation::new(generation));
    let index = members
        .expect("a known generation")
        .index_of(&world.actor(who));
    index.expect("a member")
}

/// A seal that a node signs, whatever is in it.
pub(crate) fn seal(
    world: &SetWorld,
    by: usize,
    generation: u64,
    sources: Vec<SealedSource>,
) -> Seal {
    let knows = world
        .correct()
        .find(|at| world.is_up(*at))
        .expect("a correct replica");
    let signer = index(world, knows, generation, by);
    let (generation, network) = (Generation::new(generation), world.genesis.network());
    let mut seal = Seal {
        generation,
        signer,
        sources,
        sig: Sig::from_bytes([0; 64]),
    };
    let link = world.replica(knows).generations().tip_of(generation);
    let statement = seal.statement(*link.expect("a decision"));
    seal.sig = key_in(world, knows, by, generation).sign(&network, &statement);
    seal
}

/// A certificate of `source`'s fifth message, signed by nobody, dated into a generation of `members` members.
pub(crate) fn made_up(
    world: &SetWorld,
    source: usize,
    generation: u64,
    members: usize,
) -> Certificate {
    let (mut header, _) = first_message(world, source, &add(66));
    header.first = Counter::new(5);
    let mut signers = Signers::none(members);
    (0..4).for_each(|index| signers.insert(MemberIndex::new(index)));
    Certificate {
        generation: Generation::new(generation),
        header,
        signers,
        signatures: vec![Sig::from_bytes([9; 64]); 4],
    }
}

/// A decided link behind `tip`, with second votes of these members of attempt `attempt`, by their indices.
pub(crate) fn link(
    world: &SetWorld,
    tip: Digest,
    (generation, attempt): (u64, u32),
    members: usize,
    change: Change,
    votes: &[(usize, u16)],
) -> Link {
    let keys = NextKeys {
        members: Signers::none(members),
        keys: Vec::new(),
    };
    let decision = Decision {
        generation: Generation::new(generation + 1),
        link: tip,
        change,
        keys: keys.digest(),
    };
    let statement = SecondVoteStatement {
        generation: Generation::new(generation),
        attempt,
        decision: decision.digest(&world.genesis.network()),
    };
    let mut votes = votes.to_vec();
    votes.sort_unstable_by_key(|(_, index)| *index);
    let mut signers = Signers::none(members);
    for (_, index) in &votes {
        signers.insert(MemberIndex::new(*index));
    }
    let signatures = votes.iter().map(|(by, _)| sign(world, *by, &statement));
    Link {
        decision,
        keys,
        attempt,
        signers,
        signatures: signatures.collect(),
    }
}

/// Whom a replica has convicted, and whether its evidence convinces others.
pub(crate) fn convicted(world: &SetWorld, at: usize) -> Vec<(usize, bool)> {
    let replica = world.replica(at);
    let evidence = replica.evidence().map(|evidence| {
        let culprit = world.seat_of(&evidence.culprit).expect("a node");
        (culprit, evidence.verify(replica.generations()).is_ok())
    });
    evidence.collect()
}

/// Whom a replica has convicted with evidence that convinces others.
pub(crate) fn proven(world: &SetWorld, at: usize) -> BTreeSet<usize> {
    let convicted = convicted(world, at).into_iter();
    convicted
        .filter(|(_, proven)| *proven)
        .map(|(who, _)| who)
        .collect()
}
