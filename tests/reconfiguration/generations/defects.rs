//! What went wrong elsewhere when members changed, and what one faulty member may try here. Every test is a line of
//! `docs/defects.md` or `docs/threats.md`.

use std::collections::BTreeSet;

use bft_crdts::codec::{Bytes, Digest, encode_sequence};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::packet::{Proof, Request};
use bft_crdts::deterministic_secure_broadcast::wire::statement::{
    FirstVoteStatement, TimeoutStatement,
};
use bft_crdts::deterministic_secure_broadcast::wire::{
    Join, Phase, Seal, SealedSource, Timeout, Vote,
};
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Halt, Header};
use bft_crdts::membership::{MAX_MEMBERS, Members, Signers};
use bft_crdts::orswot::{Op, Orswot};
use bft_crdts::{
    Actor, Certificate, Change, ChangeError, Counter, Generation, MemberIndex, Packet, PacketKind,
    Payload, Rejection, Seat, Sig, SigningActor,
};

use super::{add, approve, rounds, set, set_of_liars};
use crate::world::{Toy, World};

type Set = World<Orswot<u8>>;

/// A first message of `source`, and its echo by `by` in this generation.
pub(crate) fn first_message(world: &Set, source: usize, op: &Op<u8>) -> (Header, Bytes) {
    let ops = encode_sequence(std::slice::from_ref(op));
    let header = Header {
        source: Seat::new(u16::try_from(source).unwrap()),
        first: Counter::FIRST,
        len: 1,
        previous: *world.genesis.network().digest(),
        causes: Vec::new(),
        ops: Digest::of(&ops),
    };
    (header, Bytes::from(ops))
}

pub(crate) fn echo(world: &Set, by: usize, generation: Generation, header: &Header) -> Sig {
    let network = world.genesis.network();
    let header = header.digest(&network);
    let statement = EchoStatement { generation, header };
    world.key(by).sign(&network, &statement)
}

/// A seal as its signer signs it, if the first of all correct replicas that are up knows the chain.
pub(crate) fn seal(
    world: &Set,
    by: usize,
    generation: u64,
    index: usize,
    sources: Vec<SealedSource>,
) -> Seal {
    let (generation, network) = (Generation::new(generation), world.genesis.network());
    let mut seal = Seal {
        generation,
        signer: MemberIndex::new(u16::try_from(index).unwrap()),
        sources,
        sig: Sig::from_bytes([0; 64]),
    };
    let knows = world.correct().find(|at| world.is_up(*at)).unwrap();
    let link = world.replica(knows).generations().tip_of(generation);
    let statement = seal.statement(*link.unwrap());
    seal.sig = key_in(world, knows, by, generation).sign(&network, &statement);
    seal
}

/// The secret that somebody has, or had, in this generation.
fn key_in(world: &Set, knows: usize, who: usize, generation: Generation) -> SigningActor<Toy> {
    let members = world.replica(knows).members_of(generation).unwrap();
    let seat = members.seat_of(&world.actor(who)).unwrap();
    let mut key = world.nodes[who].identity.clone();
    while Some(key.key()) != members.key_bytes(seat) {
        key = key.next();
    }
    key
}

fn request(world: &Set, source: usize, generation: Generation, op: &Op<u8>) -> Payload {
    let (header, ops) = first_message(world, source, op);
    let echo = echo(world, source, generation, &header);
    Payload::Request(Request {
        generation,
        header,
        echo,
        ops,
    })
}

/// How many echoes for `to` are under way.
fn echoes(world: &Set, to: usize) -> usize {
    let is = |kind: PacketKind, at: usize| kind == PacketKind::Echo && at == to;
    world
        .on_wire(|packet| is(packet.payload.kind(), packet.to))
        .len()
}

/// Lets somebody join, approved by all that are correct.
fn let_join(world: &mut Set, joiner: usize) {
    world.join(joiner).unwrap();
    world.flow();
    let change = Change::Join(world.actor(joiner));
    let members: Vec<usize> = world
        .correct()
        .filter(|at| world.is_up(*at) && world.replica(*at).is_member())
        .collect();
    approve(world, members, change);
    rounds(world, 40);
    assert!(world.replica(joiner).is_member(), "{joiner} is in");
}

/// There, one faulty member of seven had two messages certified for one slot: joiners learned what was delivered, not what
/// was echoed. Here the seals show every header that somebody is bound to, and whoever goes on is bound to it, too.
#[test]
fn s1_one_slot_is_certified_once_however_often_members_change() {
    for idle in 1..=2 {
        let mut world = set_of_liars(7, 1, 2);
        let (adversary, genesis) = (6, Generation::GENESIS);
        for to in 0..3 {
            let first = request(&world, adversary, genesis, &add(1));
            world.hand(adversary, to, first).unwrap();
        }
        assert_eq!(echoes(&world, adversary), 3, "one less than it takes");
        world.flow();
        for joiner in 7..7 + idle {
            let_join(&mut world, joiner);
        }
        let generation = Generation::new(idle as u64);
        for to in 0..6 {
            let other = request(&world, adversary, generation, &add(2));
            let _ = world.hand(adversary, to, other);
        }
        assert_eq!(
            echoes(&world, adversary),
            0,
            "everybody is bound to the first"
        );
        assert!((0..6).all(|at| world.replica(at).evidence().count() == 1));
        for to in 0..6 {
            let first = request(&world, adversary, generation, &add(1));
            let _ = world.hand(adversary, to, first);
        }
        assert_eq!(
            echoes(&world, adversary),
            6,
            "the first may still be certified"
        );
    }
}

/// There, honest members adopted any proposal, and one of them evicted four of five. Here it takes a quorum that
/// approves, and nobody approves without being told to.
#[test]
fn s2_nobody_is_evicted_by_a_few() {
    let mut world = set_of_liars(7, 0, 1);
    let expel = Change::Expel(world.actor(0));
    approve(&mut world, [5, 6], expel);
    rounds(&mut world, 100);
    assert!((0..7).all(|at| world.replica(at).is_member()));
    assert!(
        (0..5).all(|at| world.nodes[at].asked == [expel]),
        "but everybody is asked"
    );
}

fn people(many: usize) -> Vec<Actor> {
    let name = |tag: usize| Actor::from_bytes([u8::try_from(tag + 1).unwrap(); 32]);
    (0..many).map(name).collect()
}

/// There, three joins at once exceeded the limit of members. Here there is one change at a time, and the limits are
/// checked on what comes out.
#[test]
fn s4_changes_keep_the_limits() {
    let members = Members::<Toy>::genesis(&people(MAX_MEMBERS)).unwrap();
    let [first, stranger] = [1, 200].map(|tag| Actor::from_bytes([tag; 32]));
    let after = |members: &Members<Toy>, change| members.after(&change).map(|after| after.len());
    let join = Change::Join(stranger);
    assert_eq!(after(&members, join), Err(ChangeError::TooManyMembers));
    let present = Change::Join(first);
    let known = ChangeError::AlreadyMember(first);
    assert_eq!(after(&members, present), Err(known));
    let fewer = members.after(&Change::Leave(first)).unwrap();
    assert_eq!(after(&fewer, join), Ok(MAX_MEMBERS));
    let again = ChangeError::KeyUsedBefore(first);
    assert_eq!(after(&fewer, present), Err(again));
    let twice = ChangeError::NotMember(first);
    assert_eq!(after(&fewer, Change::Expel(first)), Err(twice));
    let alone = Members::<Toy>::genesis(&people(1)).unwrap();
    let last = Err(ChangeError::LastMember);
    assert_eq!(after(&alone, Change::Leave(first)), last);
    assert_eq!(fewer.in_seat(Seat::new(0)), Some(&first), "the seat stays");
    assert_eq!(fewer.index_of(&first), None);
}

/// A leader that says nothing costs an attempt, nothing else.
#[test]
fn a_silent_leader_delays_the_decision_and_does_not_prevent_it() {
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    world.crash(0, 0);
    let join = Change::Join(world.actor(4));
    approve(&mut world, 1..4, join);
    rounds(&mut world, 8);
    assert!(!world.replica(4).is_member());
    rounds(&mut world, 20);
    assert!(world.replica(4).is_member());
    assert_eq!(world.replica(1).chain().next().unwrap().attempt, 1);
}

/// One voter has one vote. A second one counts for nothing, but against its voter.
#[test]
fn a_second_vote_is_not_counted() {
    let mut world = set_of_liars(4, 1, 1);
    let network = world.genesis.network();
    let mut vote = |tag: u8| {
        let decision = Digest::of(&[tag]);
        let (generation, attempt) = (Generation::GENESIS, 0);
        let statement = FirstVoteStatement {
            generation,
            attempt,
            decision,
        };
        let sig = world.nodes[3].identity.sign(&network, &statement);
        let phase = Phase::First;
        let vote = Vote {
            generation,
            attempt,
            phase,
            decision,
            sig,
        };
        world.hand(3, 0, Payload::Vote(vote))
    };
    assert_eq!(vote(1), Ok(()));
    assert_eq!(vote(2), Ok(()), "as evidence");
    assert_eq!(vote(2), Err(Rejection::Duplicate));
    assert_eq!(vote(3), Err(Rejection::Duplicate));
}

/// Nobody follows one member into a later attempt.
#[test]
fn a_storm_of_timeouts_moves_nobody() {
    let mut world = set_of_liars(4, 1, 1);
    let network = world.genesis.network();
    for attempt in [1, 2, 1_000, u32::MAX] {
        let generation = Generation::GENESIS;
        let highest = None;
        let statement = TimeoutStatement {
            generation,
            attempt,
            highest,
        };
        let sig = world.nodes[3].identity.sign(&network, &statement);
        let timeout = Timeout {
            generation,
            attempt,
            highest: None,
            sig,
        };
        let handed = world.hand(3, 0, Payload::Timeout(Box::new(timeout)));
        assert_eq!(handed, Err(Rejection::NotRequested));
    }
}

/// A seal full of inventions is worth nothing, and convicts its signer.
#[test]
fn an_invented_header_in_a_seal_binds_nobody() {
    let mut world = set_of_liars(4, 1, 1);
    let generation = Generation::GENESIS;
    let (header, _) = first_message(&world, 0, &add(66));
    // Nobody but its source can have signed it.
    let sig = echo(&world, 3, generation, &header);
    let open = vec![SignedHeader {
        generation,
        header,
        sig,
    }];
    let source = Seat::new(0);
    let sources = vec![SealedSource {
        source,
        best: None,
        open,
    }];
    let seal = seal(&world, 3, generation.get(), 3, sources);
    for to in 0..3 {
        world
            .hand(3, to, Payload::Seal(Box::new(seal.clone())))
            .unwrap();
    }
    let_join(&mut world, 4);
    world.submit(0, [add(1)]);
    rounds(&mut world, 4);
    for at in [0, 1, 2, 4] {
        assert!(world.replica(at).algorithm().contains(&1), "{at}");
        assert_eq!(
            world.replica(at).evidence().count(),
            1,
            "against its signer"
        );
    }
}

/// A seal with our own signature that we do not know: somebody has our key, or our journal is not ours.
#[test]
fn a_replica_that_sees_a_seal_of_its_own_stops_signing() {
    let mut world = set_of_liars(4, 1, 1);
    let seal = seal(&world, 0, 0, 0, Vec::new());
    let packet = Packet {
        from: world.actor(3),
        payload: Payload::Seal(Box::new(seal)),
    };
    assert!(world.replica_mut(0).handle(packet).is_ok());
    let halted = world.replica(0).halted();
    assert_eq!(halted, Some(Halt::KeyUsedElsewhere));
}

/// A network that began with one member: its key alone was a quorum then, and is none any more, whoever has it.
#[test]
fn a_quorum_of_the_past_certifies_nothing_new() {
    let mut world = set(1, 3);
    for joiner in 1..4 {
        let_join(&mut world, joiner);
    }
    let generation = Generation::GENESIS;
    let (header, ops) = first_message(&world, 0, &add(9));
    let network = world.genesis.network();
    let statement = EchoStatement {
        generation,
        header: header.digest(&network),
    };
    // It ought to have been erased long ago; here somebody has a copy.
    let first = &world.nodes[0].identity;
    assert_ne!(first.key(), world.key(0).key());
    let signatures = vec![first.sign(&network, &statement)];
    let mut signers = Signers::none(1);
    signers.insert(MemberIndex::new(0));
    let certificate = Certificate {
        generation,
        header,
        signers,
        signatures,
    };
    let ops = Some(ops);
    for to in 1..4 {
        let (certificate, ops) = (certificate.clone(), ops.clone());
        let proof = Payload::Proof(Proof { certificate, ops });
        let handed = world.hand(0, to, proof);
        assert_eq!(handed, Err(Rejection::Outdated(generation)));
        assert!(!world.replica(to).algorithm().contains(&9));
    }
}

/// What a key has signed binds it for ever: with a key that was a member's once nobody joins.
#[test]
fn a_key_that_was_a_member_joins_no_more() {
    let mut world = set(5, 0);
    let expel = Change::Expel(world.actor(4));
    approve(&mut world, 0..4, expel);
    rounds(&mut world, 20);
    let gone = world.actor(4);
    assert!(!world.replica(0).members().actors().contains(&gone));
    let join = Join {
        actor: gone,
        possession: Sig::from_bytes([0; 64]),
    };
    let handed = world.hand(4, 0, Payload::Join(join));
    let why = Rejection::Change(ChangeError::KeyUsedBefore(gone));
    assert_eq!(handed, Err(why));
    // Nor does it count for anything else.
    let generation = world.replica(0).generation();
    let late = request(&world, 4, generation, &add(1));
    let handed = world.hand(4, 0, late);
    assert_eq!(handed, Err(Rejection::NotMember(gone)));
}

/// Packets about members are flat, however many members and attempts there are.
#[test]
fn votes_do_not_grow() {
    let all: BTreeSet<usize> = [1_u32, u32::MAX]
        .map(|attempt| {
            let vote = Vote {
                generation: Generation::new(1 << 40),
                attempt,
                phase: Phase::Second,
                decision: Digest::of(b""),
                sig: Sig::from_bytes([7; 64]),
            };
            bft_crdts::codec::encode(&Payload::Vote(vote)).len()
        })
        .into();
    assert!(all.into_iter().all(|bytes| bytes < 120));
}

/// There, a message in flight when members changed was never answered again, and blocked its source. Here it is carried
/// over: its source requests it again in the new generation, and whoever has echoed it is bound to echo it again.
#[test]
fn l3_a_message_in_flight_survives_the_change() {
    let mut world = set(4, 1);
    world.join(4).unwrap();
    world.flow();
    // Only one other member echoes: no quorum yet.
    world.submit(0, [add(1)]);
    world.flow_if(|packet| {
        let pair = (packet.from.min(packet.to), packet.from.max(packet.to));
        pair.0 > 0 || pair.1 <= 1
    });
    assert!(!world.replica(0).algorithm().contains(&1));
    let joiner = Change::Join(world.actor(4));
    approve(&mut world, 0..4, joiner);
    rounds(&mut world, 8);
    assert!((0..5).all(|at| world.replica(at).generation() == Generation::new(1)));
    assert!((0..5).all(|at| world.replica(at).algorithm().contains(&1)));
    assert_eq!(world.unfinished(), None);
}
