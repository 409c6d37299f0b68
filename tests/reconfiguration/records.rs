//! The journal's records: every kind is loaded by the part it is about, and one that does not follow from those before it is
//! named. What loads them concludes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{Flying, Replica, World};
use bft_crdts::codec::Digest;
use bft_crdts::deterministic_secure_broadcast::checkpoint::Checkpoint;
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::snapshot::Piece;
use bft_crdts::deterministic_secure_broadcast::{EchoStatement, Evidence, Header};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{Change, Config, Counter, Generation, OpenError, Payload, Record, Seat};

type Set = World<Orswot<u64>>;

fn add(member: u64) -> Op<u64> {
    let members = BTreeSet::from([member]);
    Op::Add { members }
}

fn rounds_if(world: &mut Set, rounds: usize, passes: impl Fn(&Flying) -> bool) {
    for _ in 0..rounds {
        for at in 0..world.nodes.len() {
            if world.is_up(at) {
                world.tick(at);
            }
        }
        world.flow_if(&passes);
    }
}

fn work(world: &mut Set, messages: u64) {
    for message in 0..messages {
        world.submit(usize::try_from(message % 3).unwrap(), [add(message)]);
        world.flow();
        if message % 4 == 3 {
            rounds_if(world, 1, |_| true);
        }
    }
}

fn propose_to_join(world: &mut Set, joiner: usize) {
    world.join(joiner).unwrap();
    world.flow();
    let change = Change::Join(world.actor(joiner));
    for at in 0..3 {
        world.propose(at, change).unwrap();
    }
}

/// The last of four members, which is faulty, has signed two headers for one slot.
fn equivocation(world: &Set) -> Evidence {
    let network = world.genesis.network();
    let signed = |ops: &[u8]| {
        let header = Header {
            source: Seat::new(3),
            first: Counter::FIRST,
            len: 1,
            previous: *network.digest(),
            causes: Vec::new(),
            ops: Digest::of(ops),
        };
        let statement = EchoStatement {
            generation: Generation::GENESIS,
            header: header.digest(&network),
        };
        let sig = world.key(3).sign(&network, &statement);
        SignedHeader {
            generation: Generation::GENESIS,
            header,
            sig,
        }
    };
    Evidence::headers(&network, world.actor(3), signed(b"one"), signed(b"other"))
}

/// Four members, of which one is faulty and says nothing but two headers for one slot, make checkpoints, give up an attempt
/// in which no proposal arrives, let a fifth join, which fetches a snapshot, and have a message under way at the end.
fn history() -> Set {
    let mut world = World::with_joiners(4, 1, 1, |_| Entries::default());
    world.checkpoint_every(4);
    work(&mut world, 20);
    let evidence = Payload::Evidence(Box::new(equivocation(&world)));
    for at in 0..3 {
        world.hand(3, at, evidence.clone()).unwrap();
    }
    world.wire.clear();
    propose_to_join(&mut world, 4);
    rounds_if(&mut world, 12, |packet| {
        !matches!(packet.payload, Payload::Propose(_))
    });
    rounds_if(&mut world, 60, |_| true);
    assert_eq!(world.replica(0).generation(), Generation::new(1));
    work(&mut world, 10);
    rounds_if(&mut world, 20, |_| true);
    world.submit(0, [add(99)]);
    world.flow_if(|packet| matches!(packet.payload, Payload::Request(_)));
    world
}

/// Four members, of which the last has the certificate of the second message of another, and lacks the first.
fn gap() -> Set {
    let mut world: Set = World::with_joiners(4, 0, 0, |_| Entries::default());
    world.submit(0, [add(1)]);
    world.flow_if(|packet| packet.to != 3);
    world.wire.clear();
    world.submit(0, [add(2)]);
    world.flow_if(|packet| packet.to != 3 || matches!(packet.payload, Payload::Proof(_)));
    world
}

fn restored(
    world: &Set,
    at: usize,
    journal: Vec<Record>,
) -> Result<Replica<Orswot<u64>>, OpenError> {
    let node = &world.nodes[at];
    Replica::open(
        node.stored.clone(),
        world.genesis.clone(),
        journal,
        Config::default(),
    )
}

/// The name of its kind.
fn kind(record: &Record) -> String {
    let text = format!("{record:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap()
        .to_owned()
}

/// A record of the same kind that follows from nothing; none of those that always follow.
fn spoilt(record: &Record) -> Option<Record> {
    let nowhere = Seat::new(99);
    let later = |generation: Generation| Generation::new(generation.get() + 7);
    let longer = |checkpoint: &mut Checkpoint| {
        let digest = Digest::of(b"one chunk more");
        checkpoint.manifest.chunks.push(digest);
    };
    let mut spoilt = record.clone();
    match &mut spoilt {
        Record::Own { header, .. } | Record::Open { header, .. } => header.source = nowhere,
        Record::Certified { certificate, .. } | Record::Delivered { certificate, .. } => {
            certificate.header.source = nowhere;
        }
        Record::Inherited { open, .. } => open.header.source = nowhere,
        Record::Approved { generation, .. } | Record::Resumed { generation, .. } => {
            *generation = later(*generation);
        }
        Record::Announced(next) => next.generation = later(next.generation),
        Record::Proposed(proposal) => proposal.generation = later(proposal.generation),
        Record::Voted(vote) => vote.attempt += 1,
        Record::Entered(timeouts) => timeouts.attempt = u32::MAX,
        Record::Decided(link) => link.decision.generation = later(link.decision.generation),
        Record::Activated { generation, .. } => *generation = Generation::GENESIS,
        Record::Checkpoint(checkpoint) | Record::Installed(checkpoint) => longer(checkpoint),
        Record::Snapshot(piece) => match &mut piece.piece {
            Piece::Chunk { index, .. } => *index += 1,
            Piece::Tips(_) => return None,
        },
        _ => return None,
    }
    Some(spoilt)
}

#[test]
fn a_record_that_does_not_follow_is_named_whatever_its_kind() {
    let mut seen = BTreeMap::new();
    for (world, nodes) in [(history(), [0, 1, 2, 4].as_slice()), (gap(), &[3])] {
        for at in nodes.iter().copied() {
            let short = world.replica(at).compact_journal();
            for journal in [world.nodes[at].journal.clone(), short] {
                assert!(restored(&world, at, journal.clone()).is_ok(), "{at}");
                let mut tried = BTreeMap::<String, usize>::new();
                for (index, record) in journal.iter().enumerate().skip(1) {
                    let Some(spoilt) = spoilt(record) else {
                        continue;
                    };
                    // The same again tells nothing new.
                    let tried = tried.entry(kind(record)).or_default();
                    *tried += 1;
                    if *tried > 2 {
                        continue;
                    }
                    *seen.entry(kind(record)).or_insert(0) += 1;
                    let mut bad = journal.clone();
                    bad[index] = spoilt;
                    assert_eq!(
                        restored(&world, at, bad).err(),
                        Some(OpenError::Inconsistent(index)),
                        "{}",
                        kind(record)
                    );
                }
            }
        }
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    for kind in [
        "Activated",
        "Announced",
        "Approved",
        "Certified",
        "Checkpoint",
        "Decided",
        "Delivered",
        "Entered",
        "Installed",
        "Open",
        "Own",
        "Proposed",
        "Resumed",
        "Snapshot",
        "Voted",
    ] {
        assert!(kinds.contains(&kind), "no {kind} among {kinds:?}");
    }
}

#[test]
fn what_happens_once_is_not_loaded_twice() {
    let world = history();
    let journal = &world.nodes[0].journal;
    let mut seen = BTreeSet::new();
    for record in journal {
        let once = matches!(
            record,
            Record::Identity { .. }
                | Record::Delivered { .. }
                | Record::Evidence(_)
                | Record::Checkpoint(_)
                | Record::Decided(_)
                | Record::Activated { .. }
        );
        if once && seen.insert(kind(record)) {
            let mut bad = journal.clone();
            bad.push(record.clone());
            assert_eq!(
                restored(&world, 0, bad).err(),
                Some(OpenError::Inconsistent(journal.len())),
                "{}",
                kind(record)
            );
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn nobody_is_convicted_by_what_loads_a_journal() {
    let world = history();
    for at in [0, 1, 2] {
        assert_eq!(world.replica(at).evidence().count(), 1);
        for journal in [
            world.nodes[at].journal.clone(),
            world.replica(at).compact_journal(),
        ] {
            let again = restored(&world, at, journal.clone()).unwrap();
            assert!(again.evidence().eq(world.replica(at).evidence()));
            let mut without = journal;
            without.retain(|record| !matches!(record, Record::Evidence(_)));
            // A short one says how many records belong to it.
            let belonging = without.len() - 1;
            if let Some(Record::Compacted { records, .. }) = without.first_mut() {
                *records = belonging.try_into().expect("a few");
            }
            let again = restored(&world, at, without).unwrap();
            assert_eq!(again.evidence().count(), 0);
        }
    }
}

#[test]
fn a_key_that_was_announced_is_in_a_short_journal_too() {
    let mut world: Set = World::with_joiners(4, 1, 1, |_| Entries::default());
    work(&mut world, 4);
    propose_to_join(&mut world, 4);
    let undecided = |packet: &Flying| !matches!(packet.payload, Payload::Propose(_));
    rounds_if(&mut world, 2, undecided);
    let announced = |world: &Set, at: usize| {
        let journal = world.nodes[at].journal.iter();
        journal
            .filter(|record| matches!(record, Record::Announced(_)))
            .count()
    };
    for at in 0..3 {
        assert_eq!(announced(&world, at), 1);
        world.compact(at);
        assert_eq!(announced(&world, at), 1);
        world.crash(at, usize::MAX);
        world.restart(at);
    }
    rounds_if(&mut world, 2, undecided);
    for at in 0..3 {
        assert_eq!(announced(&world, at), 1, "{at} announces another time");
    }
    rounds_if(&mut world, 60, |_| true);
    assert_eq!(world.replica(0).generation(), Generation::new(1));
    assert!(world.replica(0).algorithm().contains(&1));
}
