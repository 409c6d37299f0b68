//! When more than f members lie, at least f + 1 of them are convicted, with evidence that convinces others; and no evidence
//! is sent that does not.

use std::collections::{BTreeSet, VecDeque};

use bft_crdts::deterministic_secure_broadcast::packet::{Echo, Proof, Request};
use bft_crdts::deterministic_secure_broadcast::wire::statement::TimeoutStatement;
use bft_crdts::deterministic_secure_broadcast::wire::{Chain, SealedSource, Shown, Timeouts};
use bft_crdts::deterministic_secure_broadcast::{Header, Link};
use bft_crdts::membership::Signers;
use bft_crdts::{
    Certificate, Change, Effect, Generation, MemberIndex, Packet, PacketKind, Payload, Seat, To,
};

use super::support::{
    SetWorld, add, echo_statement, first_message, index, key_in, let_join, link, made_up, proven,
    rounds, seal, set_world, sign,
};

const ADVERSARY: usize = 3;

/// The Byzantine node echoes a message and conceals that in its seal, behind a certificate of a later message that it
/// makes up. If it dates the certificate into the generation it seals it is convicted; if it dates it into an older
/// one, whose members the judge of seals does not look at, it is not.
///
/// Right: a certificate excuses nothing before it is verified.
#[test]
#[ignore = "open: GEN2"]
fn gen2_a_made_up_certificate_of_an_older_generation_excuses_nothing() {
    for (made_up_in, members) in [(1, 5), (0, 4)] {
        let mut world = set_world(4, 1, 2);
        let_join(&mut world, 4);
        let now = Generation::new(1);
        world.submit(0, [add(1)]);
        let request =
            world.on_wire(|packet| packet.to == 1 && packet.payload.kind() == PacketKind::Request);
        let Payload::Request(Request { header, .. }) = request[0].payload.clone() else {
            panic!("a request");
        };
        let (network, statement) = (
            world.genesis.network(),
            echo_statement(&world, now, &header),
        );
        let echo = Payload::Echo(Echo {
            generation: now,
            first: header.first,
            header: header.digest(&network),
            sig: key_in(&world, 0, ADVERSARY, now).sign(&network, &statement),
        });
        world.hand(ADVERSARY, 0, echo).expect("an echo");
        world.flow();
        rounds(&mut world, 3);
        let best = Some(made_up(&world, 0, made_up_in, members));
        let source = Seat::new(0);
        let lie = seal(
            &world,
            ADVERSARY,
            1,
            vec![SealedSource {
                source,
                best,
                open: vec![],
            }],
        );
        for to in [0, 1, 2, 4] {
            let lie = Payload::Seal(Box::new(lie.clone()));
            world.hand(ADVERSARY, to, lie).expect("a seal");
        }
        let_join(&mut world, 5);
        for at in [0, 1, 2, 4, 5] {
            let proven = proven(&world, at);
            assert_eq!(
                proven,
                BTreeSet::from([ADVERSARY]),
                "at {at}, dated {made_up_in}"
            );
        }
    }
}

/// A certificate of these members' echoes of generation `generation`.
fn certificate(world: &SetWorld, generation: u64, header: &Header, by: &[usize]) -> Certificate {
    let number = Generation::new(generation);
    let statement = echo_statement(world, number, header);
    let members = world
        .replica(0)
        .members_of(number)
        .expect("a known generation");
    let sign = |by: &usize| {
        let key = match by {
            0 => world.key(0),
            by => &world.nodes[*by].identity,
        };
        let sig = key.sign(&world.genesis.network(), &statement);
        (index(world, 0, generation, *by), sig)
    };
    let mut echoes: Vec<_> = by.iter().map(sign).collect();
    echoes.sort_unstable();
    let mut signers = Signers::none(members.len());
    echoes.iter().for_each(|(index, _)| signers.insert(*index));
    Certificate {
        generation: number,
        header: header.clone(),
        signers,
        signatures: echoes.into_iter().map(|(_, sig)| sig).collect(),
    }
}

/// Two of five lie, and after an expulsion two of four. Members 1 and 0 vouch for different messages of liar 4 in the
/// generations 1 and 2, and both are certified: the Byzantine nodes' seals of generation 1 conceal the first behind made-up
/// certificates. Dated into generation 1 these convict both Byzantine nodes, dated into generation 0 nobody.
///
/// Right: both Byzantine nodes, either way.
#[test]
#[ignore = "open: GEN2"]
fn gen2_two_certificates_of_two_generations_convict_those_who_sealed_between_them() {
    for (made_up_in, members) in [(1, 4), (0, 5)] {
        let mut world = set_world(5, 2, 1);
        let (adversaries, network) = ([3, 4], world.genesis.network());
        let expel = Change::Expel(world.actor(2));
        let voters = [0, 1, 3, 4].map(|by| (by, by as u16));
        let first = link(&world, *network.digest(), (0, 0), 5, expel, &voters);
        let tip = first.decision.digest(&network);
        world
            .hand(3, 0, Payload::Chain(Chain { links: vec![first] }))
            .expect("a decision");
        for by in [1, 3, 4] {
            let seal = seal(&world, by, 0, Vec::new());
            world
                .hand(by, 0, Payload::Seal(Box::new(seal)))
                .expect("a seal");
        }
        assert_eq!(world.replica(0).generation(), Generation::new(1));
        let [(one, ops_of_one), (other, ops_of_other)] =
            [1, 2].map(|op| first_message(&world, 4, &add(op)));
        let older = certificate(&world, 1, &one, &[1, 3, 4]);
        let voters = [1, 3, 4].map(|by| (by, index(&world, 0, 1, by).get() as u16));
        let second = link(
            &world,
            tip,
            (1, 0),
            4,
            Change::Join(world.actor(5)),
            &voters,
        );
        world
            .hand(
                3,
                0,
                Payload::Chain(Chain {
                    links: vec![second],
                }),
            )
            .expect("a decision");
        for by in adversaries {
            let best = Some(made_up(&world, 4, made_up_in, members));
            let source = Seat::new(4);
            let seal = seal(
                &world,
                by,
                1,
                vec![SealedSource {
                    source,
                    best,
                    open: vec![],
                }],
            );
            world
                .hand(by, 0, Payload::Seal(Box::new(seal)))
                .expect("a seal");
        }
        let now = Generation::new(2);
        assert_eq!(world.replica(0).generation(), now);
        let request = Payload::Request(Request {
            generation: now,
            echo: sign(&world, 4, &echo_statement(&world, now, &other)),
            header: other.clone(),
            ops: ops_of_other.clone(),
        });
        world.hand(4, 0, request).expect("nothing binds member 0");
        let newer = certificate(&world, 2, &other, &[0, 3, 4, 5]);
        let proof = |certificate, ops| {
            let ops = Some(ops);
            Payload::Proof(Proof { certificate, ops })
        };
        world
            .hand(4, 0, proof(newer, ops_of_other))
            .expect("a certificate");
        assert!(world.replica(0).algorithm().contains(&2));
        let _ = world.hand(1, 0, proof(older, ops_of_one));
        assert_eq!(
            proven(&world, 0),
            BTreeSet::from(adversaries),
            "dated {made_up_in}"
        );
    }
}

/// The story of one of two correct members: all of 2 and 3, which lie, and nothing of the other.
fn told(side: usize) -> SetWorld {
    let mut world = set_world(4, 0, 0);
    world.checkpoint_every(4);
    let away = 1 - side;
    let without = |packet: &crate::world::Flying| packet.to != away && packet.from != away;
    world.submit(2, [add(1 + side as u8)]);
    world.flow_if(without);
    for number in 0..20 {
        world.submit(3, [add(10 + number % 5)]);
        world.flow_if(without);
        [side, 2, 3].into_iter().for_each(|at| world.tick(at));
        world.flow_if(without);
    }
    world
}

/// Two of four lie and tell two correct members two stories; both make checkpoints on top of them and forget. Then the two
/// meet: their checkpoints of one clock have different states, and nobody is convicted, because the certificates that
/// contradict each other are below.
///
/// Right: two attestations of one clock are evidence, and certificates below a checkpoint are served.
#[test]
#[ignore = "open: GEN2"]
fn gen2_a_fork_below_a_checkpoint_convicts() {
    let [mut one, mut other] = [0, 1].map(told);
    assert!(one.nodes[0].checkpoints > 0 && other.nodes[1].checkpoints > 0);
    let names = [one.actor(0), one.actor(1)];
    for _ in 0..60 {
        let mut queue = VecDeque::new();
        queue.push_back((0, one.replica_mut(0).tick()));
        queue.push_back((1, other.replica_mut(1).tick()));
        while let Some((at, effects)) = queue.pop_front() {
            for effect in effects {
                let Effect::Send { to, payload } = effect else {
                    continue;
                };
                let peer = 1 - at;
                if to != To::Members && to != To::One(names[peer]) {
                    continue;
                }
                let packet = Packet {
                    from: names[at],
                    payload,
                };
                let answer = match peer {
                    0 => one.replica_mut(0).handle(packet),
                    _ => other.replica_mut(1).handle(packet),
                };
                queue.extend(answer.ok().map(|effects| (peer, effects)));
            }
        }
    }
    let adversaries = BTreeSet::from([2, 3]);
    assert_eq!(
        (proven(&one, 0), proven(&other, 1)),
        (adversaries.clone(), adversaries)
    );
}

/// Two decisions of generation 1: `one` in attempt 1, `other` in attempt 0. Members 2 and 3 have voted for both.
fn two_histories(world: &SetWorld) -> [Link; 2] {
    let tip = *world.genesis.network().digest();
    let join = |joiner: usize| Change::Join(world.actor(joiner));
    let votes = |by: [usize; 3]| by.map(|by| (by, by as u16));
    [
        link(world, tip, (0, 1), 4, join(4), &votes([0, 2, 3])),
        link(world, tip, (0, 0), 4, join(5), &votes([1, 2, 3])),
    ]
}

/// Member 0 was told one history of who the members are, member 1 another, decided in different attempts. When member 0 is
/// shown the other, nobody is convicted: votes of two attempts contradict each other only with the timeouts between them.
///
/// Right: a link of a later attempt carries, or hashes, how the attempts before it ended; so both Byzantine nodes are
/// convicted.
#[test]
#[ignore = "open: GEN2"]
fn gen2_two_histories_of_members_convict() {
    let mut world = set_world(4, 2, 2);
    let [one, other] = two_histories(&world);
    let chain = |link: Link| Payload::Chain(Chain { links: vec![link] });
    world.hand(2, 0, chain(one)).expect("a decision");
    let _ = world.hand(1, 0, chain(other));
    assert_eq!(proven(&world, 0), BTreeSet::from([2, 3]));
}

/// The same, and member 0 has the timeouts that ended attempt 0. It convicts the Byzantine nodes as long as it has not
/// made its journal short and restarted: what it would convict with is not in a short journal.
///
/// Right: both Byzantine nodes, either way.
#[test]
#[ignore = "open: GEN2"]
fn gen2_two_histories_of_members_convict_after_a_short_journal() {
    for short in [false, true] {
        let mut world = set_world(4, 2, 2);
        let [one, other] = two_histories(&world);
        let (generation, attempt) = (Generation::GENESIS, 0);
        let statement = TimeoutStatement {
            generation,
            attempt,
            highest: None,
        };
        let mut signers = Signers::none(4);
        [0, 2, 3]
            .iter()
            .for_each(|index| signers.insert(MemberIndex::new(*index)));
        let shown = |by| Shown {
            highest: None,
            sig: sign(&world, by, &statement),
        };
        let ended = Timeouts {
            generation,
            attempt,
            signers,
            shown: [0, 2, 3].map(shown).to_vec(),
            highest: None,
        };
        world
            .hand(2, 0, Payload::Timeouts(Box::new(ended)))
            .expect("a quorum of timeouts");
        let chain = |link: Link| Payload::Chain(Chain { links: vec![link] });
        world.hand(2, 0, chain(one)).expect("a decision");
        for by in [1, 2, 3] {
            let seal = seal(&world, by, 0, Vec::new());
            let _ = world.hand(by, 0, Payload::Seal(Box::new(seal)));
        }
        assert_eq!(world.replica(0).generation(), Generation::new(1));
        if short {
            world.compact(0);
        }
        world.crash(0, 99);
        world.restart(0);
        let _ = world.hand(1, 0, chain(other));
        assert_eq!(
            proven(&world, 0),
            BTreeSet::from([2, 3]),
            "short journal: {short}"
        );
    }
}
