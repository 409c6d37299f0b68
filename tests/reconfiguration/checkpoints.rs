//! Checkpoints: what a quorum attests is forgotten, and whoever lacks it goes on from a snapshot, believing nobody.

use std::collections::BTreeSet;

use crate::world::{Flying, Replica, World};
use bft_crdts::codec::{Bytes, Digest, encode};
use bft_crdts::deterministic_secure_broadcast::checkpoint::{
    Attest, Checkpoint, CheckpointProposal, CheckpointStatement,
};
use bft_crdts::deterministic_secure_broadcast::snapshot::{
    CHUNK_BYTES, Manifest, Piece, PullSnapshot, SnapshotPart,
};
use bft_crdts::deterministic_secure_broadcast::{Halt, Malformed};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::orswot::{Entries, Op, Orswot};
use bft_crdts::{
    Change, Config, Counter, Effect, Generation, Packet, PacketKind, Payload, Record, Rejection,
    Seat, Sound, VersionVector,
};

type Set = World<Orswot<u64>>;

/// Everybody makes a checkpoint after four messages.
const EVERY: usize = 4;

fn set(members: usize, adversaries: usize, joiners: usize) -> Set {
    let mut world = World::with_joiners(members, adversaries, joiners, |_| Entries::default());
    world.checkpoint_every(EVERY);
    world
}

fn add(member: u64) -> Op<u64> {
    let members = BTreeSet::from([member]);
    Op::Add { members }
}

/// Everybody ticks, everything that passes arrives, so many times.
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

fn rounds(world: &mut Set, count: usize) {
    rounds_if(world, count, |_| true);
}

/// So many messages, members in turn, with a round after each four.
fn work(world: &mut Set, who: &[usize], messages: u64) {
    for message in 0..messages {
        let at = who[usize::try_from(message).unwrap() % who.len()];
        world.submit(at, [add(message)]);
        world.flow();
        if message % 4 == 3 {
            rounds(world, 1);
        }
    }
}

/// The log and the journal of each.
fn sizes(world: &Set, at: usize) -> (usize, usize) {
    let replica = world.replica(at);
    let journal = replica.compact_journal();
    let bytes = journal.iter().map(|record| encode(record).len()).sum();
    (replica.log().count(), bytes)
}

#[test]
fn what_a_quorum_attests_is_forgotten_and_memory_stays_flat() {
    let mut world = set(4, 0, 0);
    let mut seen = Vec::new();
    for _ in 0..6 {
        work(&mut world, &[0, 1, 2, 3], 40);
        rounds(&mut world, 12);
        seen.push(sizes(&world, 0));
    }
    for at in 0..4 {
        let replica = world.replica(at);
        assert_eq!(replica.height(), 240);
        let (log, _) = sizes(&world, at);
        assert!(log <= 3 * EVERY, "{at} keeps {log} messages");
        assert!(world.nodes[at].checkpoints > 20);
        world.judge_journal(at);
    }
    world.judge_states();
    // The state is a set of at most 40 numbers, so is the snapshot: neither grows with the history.
    let (first, last) = (seen[1], seen[5]);
    assert!(
        last.0 <= 3 * EVERY && last.1 <= first.1 + first.1 / 4,
        "{seen:?}"
    );
}

#[test]
fn a_short_journal_makes_the_same_replica() {
    let mut world = set(4, 0, 0);
    work(&mut world, &[0, 1, 2, 3], 30);
    // Something is under way, too: bound, and not delivered.
    world.submit(0, [add(99)]);
    for request in world.on_wire(|packet| matches!(packet.payload, Payload::Request(_))) {
        let _ = world.hand(request.from, request.to, request.payload);
    }
    world.wire.clear();
    for at in 0..4 {
        let long = world.nodes[at].journal.len();
        world.compact(at);
        let short = world.nodes[at].journal.len();
        assert!(short < long / 2, "{short} records of {long}");
        world.judge_journal(at);
        world.crash(at, 0);
    }
    for at in 0..4 {
        world.restart(at);
        if at != 0 {
            assert!(
                world.replica(at).locked_header(&world.actor(0)).is_some(),
                "{at} forgets its echo"
            );
        }
    }
    rounds(&mut world, 8);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
    assert!(world.replica(3).algorithm().contains(&99));
}

#[test]
fn whoever_lacks_what_is_forgotten_goes_on_from_a_snapshot() {
    let mut world = set(4, 0, 0);
    work(&mut world, &[0, 1, 2, 3], 8);
    world.crash(3, 0);
    work(&mut world, &[0, 1, 2], 120);
    world.restart(3);
    rounds(&mut world, 40);
    assert!(world.nodes[3].snapshots > 0, "the messages are gone");
    assert_eq!(world.unfinished(), None);
    world.judge_states();
    world.judge_journal(3);
    // It takes part as before.
    world.submit(3, [add(77)]);
    rounds(&mut world, 4);
    assert!((0..4).all(|at| world.replica(at).algorithm().contains(&77)));
    assert_eq!(world.unfinished(), None);
}

fn join(world: &mut Set, joiner: usize) {
    world.join(joiner).unwrap();
    world.flow();
    let change = Change::Join(world.actor(joiner));
    for at in 0..3 {
        world.propose(at, change).unwrap();
    }
    world.flow();
}

#[test]
fn a_newcomer_needs_one_peer_and_need_not_trust_it() {
    let mut world = set(4, 0, 1);
    work(&mut world, &[0, 1, 2, 3], 60);
    join(&mut world, 4);
    // From here on the newcomer and one member hear each other, and nobody else does.
    rounds_if(&mut world, 60, |packet| {
        packet.to != 4 && packet.from != 4 || packet.to == 2 || packet.from == 2
    });
    let newcomer = world.replica(4);
    assert!(newcomer.is_member());
    assert_eq!(newcomer.state_digest(), world.replica(2).state_digest());
    assert_eq!(world.nodes[4].snapshots, 1);
    rounds(&mut world, 8);
    world.submit(4, [add(1_000)]);
    rounds(&mut world, 8);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
}

#[test]
fn a_checkpoint_of_an_older_generation_is_enough() {
    // Nobody but one is left of those who have forgotten: a quorum that could attest anew there is not.
    let mut world = set(2, 0, 1);
    work(&mut world, &[0, 1], 20);
    world.propose(0, Change::Leave(world.actor(0))).unwrap();
    world.propose(1, Change::Leave(world.actor(0))).unwrap();
    world.flow();
    rounds(&mut world, 30);
    assert_eq!(world.replica(1).members().len(), 1);
    work(&mut world, &[1], 20);
    world.join(2).unwrap();
    world.flow();
    world.propose(1, Change::Join(world.actor(2))).unwrap();
    world.flow();
    rounds(&mut world, 40);
    let base = world.replica(2).checkpoint().expect("it has one");
    assert!(base.generation < world.replica(2).generation());
    assert_eq!(
        world.replica(1).state_digest(),
        world.replica(2).state_digest()
    );
}

#[test]
fn an_open_header_outlives_checkpoints_until_its_slot_is_below_one() {
    let mut world = set(4, 0, 0);
    world.submit(3, [add(500)]);
    let requests = world.on_wire(|packet| packet.from == 3);
    world.wire.clear();
    let to_ann = requests.into_iter().find(|packet| packet.to == 0).unwrap();
    world.hand(3, 0, to_ann.payload).unwrap();
    world.wire.clear();
    let source = world.actor(3);
    world.crash(3, 0);
    assert!(world.replica(0).locked_header(&source).is_some());
    work(&mut world, &[0, 1, 2], 160);
    assert!(world.nodes[0].checkpoints > 3);
    assert!(
        world.replica(0).locked_header(&source).is_some(),
        "the slot is not covered"
    );
    world.compact(0);
    world.crash(0, 0);
    world.restart(0);
    assert!(world.replica(0).locked_header(&source).is_some());
    world.restart(3);
    rounds(&mut world, 40);
    assert!(world.replica(0).locked_header(&source).is_none());
    assert!(world.replica(0).algorithm().contains(&500));
    assert_eq!(world.unfinished(), None);
}

/// A world in which everybody but 3 has forgotten what 3 lacks, with 3 up again and the wire empty.
fn behind() -> Set {
    let mut world = set(4, 0, 0);
    world.crash(3, 0);
    work(&mut world, &[0, 1, 2], 40);
    rounds(&mut world, 12);
    world.restart(3);
    world.wire.clear();
    world
}

fn checkpoint_of(world: &Set, at: usize) -> Checkpoint {
    world.replica(at).checkpoint().expect("it has one").clone()
}

/// What `to` says to a packet that must change nothing.
fn refused(world: &mut Set, from: usize, to: usize, payload: Payload) -> Rejection {
    let before = world.replica(to).clone();
    let from = world.actor(from);
    let replica = world.replica_mut(to);
    let rejection = replica
        .handle(Packet { from, payload })
        .expect_err("it is wrong");
    assert!(*replica == before, "{rejection} changed something");
    rejection
}

fn offer(checkpoint: &Checkpoint) -> Payload {
    Payload::Checkpoint(Box::new(checkpoint.clone()))
}

/// S6. There: a snapshot was taken as it came, and poisoned a newcomer or crashed a replica. Here: nothing enters
/// that a quorum has not attested, digest by digest.
#[test]
fn s6_a_forged_checkpoint_is_refused() {
    let mut world = behind();
    let good = checkpoint_of(&world, 0);
    let members = world.replica(3).members().len();
    let mut few = good.clone();
    few.signers = Signers::none(members);
    few.signers.insert(MemberIndex::new(0));
    few.signers.insert(MemberIndex::new(1));
    few.signatures.truncate(2);
    assert_eq!(
        refused(&mut world, 0, 3, offer(&few)),
        Rejection::QuorumTooSmall {
            have: 2,
            need: 3,
            generation: Generation::GENESIS
        }
    );
    // Its quorum has signed something else.
    let mut other = good.clone();
    other.manifest.chunks[0] = Digest::of(b"another state");
    assert!(matches!(
        refused(&mut world, 0, 3, offer(&other)),
        Rejection::InvalidSignature { .. }
    ));
    let mut ahead = good.clone();
    ahead
        .manifest
        .clock
        .advance(Seat::new(0), Counter::new(1 << 60));
    assert!(
        matches!(
            refused(&mut world, 0, 3, offer(&ahead)),
            Rejection::InvalidSignature { .. }
        ),
        "row 42: a clock bomb"
    );
    // One member signs for all: the wrong keys.
    let mut forged = good.clone();
    let statement = CheckpointStatement {
        generation: forged.generation,
        manifest: forged.manifest.digest(),
    };
    let network = world.genesis.network();
    let sig = world.nodes[1].identity.sign(&network, &statement);
    forged.signatures.fill(sig);
    assert!(matches!(
        refused(&mut world, 1, 3, offer(&forged)),
        Rejection::InvalidSignature { .. }
    ));
    // Sizes that do not fit together, and a clock of other seats.
    let mut large = good.clone();
    large.manifest.bytes = u64::MAX;
    assert_eq!(
        refused(&mut world, 0, 3, offer(&large)),
        Malformed::Snapshot.into()
    );
    let mut long = good.clone();
    long.manifest.clock = VersionVector::zero(5);
    assert_eq!(
        refused(&mut world, 0, 3, offer(&long)),
        Malformed::Clock { have: 5, need: 4 }.into()
    );
    let mut unsorted = good.clone();
    unsorted.signers = Signers::none(9);
    assert!(matches!(
        refused(&mut world, 0, 3, offer(&unsorted)),
        Rejection::QuorumTooSmall { .. }
    ));
    // After all that, the true one is taken.
    world.hand(0, 3, offer(&good)).unwrap();
    rounds(&mut world, 40);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
}

/// Rows 43, 44: every piece is checked alone, and whoever serves a wrong one only loses its turn.
#[test]
fn wrong_pieces_of_a_snapshot_are_refused_and_another_peer_is_asked() {
    let mut world = behind();
    // A state of some chunks.
    for number in 0..12_u64 {
        let some = (0..200).map(|member| 1_000_000 + number * 200 + member);
        world.submit(
            0,
            [Op::Add {
                members: some.collect(),
            }],
        );
        world.flow_if(|packet| packet.to != 3);
    }
    rounds_if(&mut world, 20, |packet| packet.to != 3);
    world.wire.clear();
    let good = checkpoint_of(&world, 0);
    assert!(
        good.manifest.chunks.len() >= 3,
        "{} bytes",
        good.manifest.bytes
    );
    let manifest = good.manifest.digest();
    world.hand(0, 3, offer(&good)).unwrap();
    let pull = |world: &mut Set, from: usize, part| {
        world.wire.clear();
        let pull = Payload::PullSnapshot(PullSnapshot { manifest, part });
        world.hand(3, from, pull).unwrap();
        let pieces = world.on_wire(|packet| packet.to == 3);
        world.wire.clear();
        pieces
            .into_iter()
            .map(|packet| packet.payload)
            .collect::<Vec<_>>()
    };
    let mut chunks = Vec::new();
    while chunks.len() < good.manifest.chunks.len() {
        let next = u32::try_from(chunks.len()).unwrap();
        chunks.extend(pull(&mut world, 0, SnapshotPart::Chunks(next)));
    }
    let tips = pull(&mut world, 0, SnapshotPart::Tips(Seat::new(0)));
    let chunk = |payload: &Payload| match payload {
        Payload::Snapshot(piece) => match &piece.piece {
            Piece::Chunk { index, bytes } => (*index, bytes.to_vec()),
            Piece::Tips(_) => panic!("a chunk"),
        },
        _ => panic!("a piece"),
    };
    let piece = |index, bytes: Vec<u8>| {
        let Payload::Snapshot(mut piece) = chunks[0].clone() else {
            panic!("a piece")
        };
        let bytes = Bytes::from(bytes);
        piece.piece = Piece::Chunk { index, bytes };
        Payload::Snapshot(piece)
    };
    // Nobody asked for it yet.
    assert_eq!(
        refused(&mut world, 0, 3, chunks[0].clone()),
        Rejection::NotRequested
    );
    for _ in 0..20 {
        world.tick(3);
    }
    world.wire.clear();
    let (first, second) = (chunk(&chunks[0]).1, chunk(&chunks[1]).1);
    assert_eq!(first.len(), CHUNK_BYTES);
    let mut flipped = first.clone();
    flipped[17] ^= 1;
    assert_eq!(
        refused(&mut world, 1, 3, piece(0, flipped)),
        Rejection::BadSnapshot
    );
    let swapped = piece(0, second.clone());
    assert_eq!(
        refused(&mut world, 1, 3, swapped),
        Rejection::BadSnapshot,
        "swapped"
    );
    let short = piece(0, first[1..].to_vec());
    assert_eq!(
        refused(&mut world, 1, 3, short),
        Rejection::BadSnapshot,
        "truncated"
    );
    let early = piece(1, second);
    assert_eq!(
        refused(&mut world, 1, 3, early),
        Rejection::NotRequested,
        "out of order"
    );
    let far = piece(u32::MAX, first.clone());
    assert_eq!(refused(&mut world, 1, 3, far), Rejection::NotRequested);
    world.hand(1, 3, chunks[0].clone()).unwrap();
    let again = chunks[0].clone();
    assert_eq!(
        refused(&mut world, 1, 3, again),
        Rejection::NotRequested,
        "repeated"
    );
    for chunk in &chunks[1..] {
        world.hand(2, 3, chunk.clone()).unwrap();
    }
    // The certificates of last headers: of another header, and with a signature that is none.
    let Payload::Snapshot(genuine) = &tips[0] else {
        panic!("a piece")
    };
    let with = |change: &dyn Fn(&mut bft_crdts::Certificate)| {
        let mut piece = genuine.clone();
        if let Piece::Tips(certificates) = &mut piece.piece {
            change(&mut certificates[0]);
        }
        Payload::Snapshot(piece)
    };
    let other = with(&|certificate| certificate.header.ops = Digest::of(b"others"));
    assert_eq!(refused(&mut world, 1, 3, other), Rejection::BadSnapshot);
    let unsigned = with(&|certificate| certificate.signatures[0] = certificate.signatures[1]);
    assert!(matches!(
        refused(&mut world, 1, 3, unsigned),
        Rejection::InvalidSignature { .. }
    ));
    assert_eq!(world.nodes[3].snapshots, 0);
    world.hand(2, 3, tips[0].clone()).unwrap();
    assert_eq!(world.nodes[3].snapshots, 1);
    assert_eq!(
        world.replica(3).state_digest(),
        world.replica(0).state_digest()
    );
    world.judge_journal(3);
}

#[test]
fn a_member_attests_only_where_it_has_been() {
    let mut world = set(4, 0, 0);
    world.limit_message_ops(0, 2);
    world.submit(0, [add(1), add(2)]);
    world.flow();
    let dot = world
        .replica(1)
        .algorithm()
        .remove(&1)
        .expect("it is there");
    world.submit(1, [dot]);
    world.flow();
    let clock = |counters: [u64; 4]| {
        let mut clock = VersionVector::zero(4);
        for (seat, counter) in (0..).map(Seat::new).zip(counters) {
            clock.advance(seat, Counter::new(counter));
        }
        Payload::CheckpointProposal(CheckpointProposal {
            generation: Generation::GENESIS,
            clock,
        })
    };
    world
        .hand(0, 2, clock([4, 0, 0, 0]))
        .expect("it may get there");
    assert!(world.wire.is_empty(), "and is not there yet");
    assert_eq!(
        refused(&mut world, 0, 2, clock([4, 0, 0, 0])),
        Rejection::NotDelivered
    );
    let across = refused(&mut world, 0, 2, clock([1, 0, 0, 0]));
    assert_eq!(across, Malformed::Snapshot.into(), "across a message");
    let open = refused(&mut world, 0, 2, clock([0, 1, 0, 0]));
    assert_eq!(
        open,
        Malformed::Snapshot.into(),
        "an operation without its cause"
    );
    let seats = CheckpointProposal {
        generation: Generation::GENESIS,
        clock: VersionVector::zero(3),
    };
    assert_eq!(
        refused(&mut world, 0, 2, Payload::CheckpointProposal(seats)),
        Malformed::Clock { have: 3, need: 4 }.into()
    );
    world
        .hand(0, 2, clock([2, 0, 0, 0]))
        .expect("it has been there");
    assert_eq!(
        world
            .on_wire(|packet| packet.payload.kind() == PacketKind::Attest)
            .len(),
        1
    );
    // Working one out is dear.
    assert_eq!(
        refused(&mut world, 0, 2, clock([2, 1, 0, 0])),
        Rejection::OverBudget
    );
    // And so that drafts do not cross, one member has its attested for a while, and then others have precedence.
    assert_eq!(
        refused(&mut world, 1, 2, clock([2, 1, 0, 0])),
        Rejection::Late
    );
    (0..16).for_each(|_| world.tick(2));
    world
        .hand(1, 2, clock([2, 1, 0, 0]))
        .expect("everybody has a turn");
    assert_eq!(
        refused(&mut world, 0, 2, clock([2, 1, 0, 0])),
        Rejection::Late
    );
}

#[test]
fn attestations_count_once_for_members_and_for_the_draft_they_are_of() {
    let mut world = set(4, 0, 0);
    work(&mut world, &[0], 3);
    world.submit(0, [add(9)]);
    world.flow();
    while world
        .on_wire(|packet| packet.payload.kind() == PacketKind::CheckpointProposal)
        .is_empty()
    {
        world.tick(0);
    }
    let drafts = world.on_wire(|packet| {
        packet.to == 1 && packet.payload.kind() == PacketKind::CheckpointProposal
    });
    world.wire.clear();
    world.hand(0, 1, drafts[0].payload.clone()).unwrap();
    let [attest] = &world.on_wire(|packet| packet.payload.kind() == PacketKind::Attest)[..] else {
        panic!("one attestation");
    };
    let Payload::Attest(attest) = attest.payload else {
        panic!("an attestation");
    };
    world.wire.clear();
    let wrong = Attest {
        sig: bft_crdts::Sig::from_bytes([7; 64]),
        ..attest
    };
    assert!(matches!(
        refused(&mut world, 1, 0, Payload::Attest(wrong)),
        Rejection::InvalidSignature { .. }
    ));
    let borrowed = refused(&mut world, 2, 0, Payload::Attest(attest));
    assert!(
        matches!(borrowed, Rejection::InvalidSignature { .. }),
        "another's signature"
    );
    let late = Attest {
        clock: Digest::of(b"an older draft"),
        ..attest
    };
    assert_eq!(
        refused(&mut world, 1, 0, Payload::Attest(late)),
        Rejection::Late
    );
    world.hand(1, 0, Payload::Attest(attest)).unwrap();
    assert_eq!(
        refused(&mut world, 1, 0, Payload::Attest(attest)),
        Rejection::Duplicate
    );
    assert_eq!(
        refused(&mut world, 0, 1, Payload::Attest(attest)),
        Rejection::NotRequested
    );
    assert!(
        world.replica(0).checkpoint().is_none(),
        "two of four are no quorum"
    );
}

#[test]
fn a_checkpoint_that_is_not_beyond_ours_is_a_duplicate() {
    let mut world = set(4, 0, 0);
    work(&mut world, &[0, 1, 2, 3], 12);
    rounds(&mut world, 12);
    let old = checkpoint_of(&world, 0);
    work(&mut world, &[0, 1, 2, 3], 12);
    rounds(&mut world, 12);
    assert!(checkpoint_of(&world, 0).clock().is_ahead_of(old.clock()));
    assert_eq!(refused(&mut world, 1, 0, offer(&old)), Rejection::Duplicate);
}

#[test]
fn whoever_keeps_the_whole_history_forgets_nothing_and_serves_it() {
    let mut world = set(4, 0, 1);
    world.configure(2, |config| config.checkpoint_every(None));
    work(&mut world, &[0, 1, 2, 3], 60);
    assert_eq!(world.replica(2).log().count(), 60);
    assert!(world.replica(0).log().count() < 20);
    // One that wants to read everything itself.
    world.configure(4, |config| config.checkpoint_every(None));
    join(&mut world, 4);
    rounds(&mut world, 80);
    assert_eq!(world.nodes[4].snapshots, 0);
    assert_eq!(world.replica(4).log().count(), world.replica(4).height());
    assert_eq!(
        world.replica(4).state_digest(),
        world.replica(0).state_digest()
    );
}

/// I13: a replica that finds messages of its own in a snapshot which its journal does not know stops signing.
#[test]
fn a_journal_that_lost_its_own_messages_is_found_out_by_a_snapshot() {
    let mut world = set(4, 0, 0);
    work(&mut world, &[0, 1, 2, 3], 40);
    rounds(&mut world, 12);
    let identity = world.nodes[3].identity.clone();
    let mut forgetful =
        Replica::<_, Sound>::open(identity, world.genesis.clone(), [], Config::default()).unwrap();
    let from = world.actor(0);
    let checkpoint = checkpoint_of(&world, 0);
    let manifest = checkpoint.manifest.digest();
    let _ = forgetful
        .handle(Packet {
            from,
            payload: offer(&checkpoint),
        })
        .unwrap();
    for _ in 0..20 {
        let _ = forgetful.tick();
    }
    world.wire.clear();
    for part in [SnapshotPart::Chunks(0), SnapshotPart::Tips(Seat::new(0))] {
        let pull = Payload::PullSnapshot(PullSnapshot { manifest, part });
        world.hand(3, 0, pull).unwrap();
    }
    let mut effects = Vec::new();
    for packet in world.on_wire(|packet| packet.to == 3) {
        let payload = packet.payload;
        effects.extend(forgetful.handle(Packet { from, payload }).unwrap());
    }
    assert!(effects.contains(&Effect::Halted(Halt::KeyUsedElsewhere)));
    let installed = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Installed { .. }));
    assert!(installed, "it still reads");
    let records = effects.iter().filter_map(|effect| match effect {
        Effect::Persist(record) => Some(record),
        _ => None,
    });
    assert!(
        records
            .clone()
            .any(|record| matches!(record, Record::Halted(_)))
    );
    assert!(forgetful.broadcast([add(1)]).is_err());
}

#[test]
fn manifests_name_every_byte() {
    let mut world = set(1, 0, 0);
    world.checkpoint_every(1);
    work(&mut world, &[0], 3);
    rounds(&mut world, 4);
    let checkpoint = checkpoint_of(&world, 0);
    let (network, members) = (world.genesis.network(), world.replica(0).members().clone());
    checkpoint
        .check(&network, &members)
        .expect("anybody can check it");
    let Manifest { bytes, chunks, .. } = &checkpoint.manifest;
    assert_eq!(
        chunks.len(),
        usize::try_from(*bytes).unwrap().div_ceil(CHUNK_BYTES)
    );
}

/// There: of two peers the same one was always asked for a snapshot, and when it had none to give, a newcomer waited
/// for ever (churn, seed 824). Here: everybody has its turn.
#[test]
fn the_only_member_that_gives_a_snapshot_has_its_turn() {
    let mut world = set(1, 0, 2);
    work(&mut world, &[0], 20);
    let (first, second, newcomer) = (0, 1, 2);
    assert!(world.actor(first) < world.actor(second));
    let withheld = |packet: &Flying| {
        let gift = matches!(
            packet.payload.kind(),
            PacketKind::Snapshot | PacketKind::Proof
        );
        !gift || packet.to != newcomer || packet.from == second
    };
    for joiner in [1, 2] {
        world.join(joiner).unwrap();
        world.flow_if(withheld);
        for at in 0..joiner {
            world
                .propose(at, Change::Join(world.actor(joiner)))
                .unwrap();
        }
        rounds_if(&mut world, 20, withheld);
    }
    assert!((0..3).all(|at| world.replica(at).generation() == Generation::new(2)));
    rounds_if(&mut world, 40, withheld);
    assert_eq!(world.nodes[2].snapshots, 1);
    assert_eq!(world.unfinished(), None);
    world.judge_states();
}

/// There: of two checkpoints a newcomer knew the later one, which nobody but a member that had gone ever adopted; it asked
/// for that for ever, and took no other (churn, seed 8429). Here: whoever it asks hears of it, too, and can give it.
#[test]
fn a_checkpoint_that_only_a_departed_member_had_holds_nobody_up() {
    let mut world = set(1, 0, 2);
    work(&mut world, &[0], 20);
    world.join(1).unwrap();
    world.flow();
    world.propose(0, Change::Join(world.actor(1))).unwrap();
    rounds(&mut world, 40);
    assert_eq!(world.nodes[1].snapshots, 1);
    // Both attest the next one, and only the first member hears of it.
    let unheard = |packet: &Flying| match packet.payload.kind() {
        PacketKind::Checkpoint => packet.to != 1,
        PacketKind::CheckpointProposal => packet.from != 1,
        _ => true,
    };
    for member in 100..110 {
        world.submit(0, [add(member)]);
        rounds_if(&mut world, 2, unheard);
    }
    let known = |world: &Set, at: usize| world.replica(at).checkpoint().unwrap().clock().clone();
    assert!(known(&world, 0).is_ahead_of(&known(&world, 1)));
    let empty = |packet: &Flying| {
        let kind = packet.payload.kind();
        let gift = matches!(kind, PacketKind::Proof | PacketKind::Snapshot);
        unheard(packet) && !(gift && packet.to == 2)
    };
    world.join(2).unwrap();
    world.flow_if(empty);
    for at in 0..2 {
        world.propose(at, Change::Join(world.actor(2))).unwrap();
    }
    rounds_if(&mut world, 40, empty);
    for at in 0..3 {
        world.propose(at, Change::Leave(world.actor(0))).unwrap();
    }
    rounds_if(&mut world, 40, empty);
    assert!(!world.replica(0).is_member());
    assert_eq!(world.nodes[2].snapshots, 0);
    world.crash(0, 0);
    rounds(&mut world, 80);
    assert_eq!(world.nodes[2].snapshots, 1);
    let copies = [1, 2].map(|at| world.replica(at).algorithm().clone());
    let members = copies
        .each_ref()
        .map(|copy| copy.members().collect::<Vec<_>>());
    assert_eq!(members[0], members[1]);
    assert_eq!(members[0].len(), 30);
}
