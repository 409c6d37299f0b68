//! One of everything there is about checkpoints, from fixed keys.

use bft_crdts::deterministic_secure_broadcast::checkpoint::{
    Attest, CheckpointProposal, CheckpointStatement,
};
use bft_crdts::deterministic_secure_broadcast::evidence::SignedHeader;
use bft_crdts::deterministic_secure_broadcast::snapshot::{
    Manifest, Part, Piece, PullSnapshot, SnapshotPiece,
};
use bft_crdts::membership::{MemberIndex, Signers};
use bft_crdts::{
    Bytes, Checkpoint, Clock, Counter, Digest, Generation, Payload, Record, Seat, Sig,
};

use super::{message, network};
use crate::wire::vouch;

const GENERATION: Generation = Generation::GENESIS;

fn manifest() -> Manifest {
    let mut clock = Clock::zero(4);
    for (seat, counter) in [(0, 300), (1, 3), (3, 70_000)] {
        clock.advance(Seat::new(seat), Counter::new(counter));
    }
    Manifest {
        clock,
        bytes: 40_000,
        chunks: vec![Digest::of(b"one"), Digest::of(b"two")],
    }
}

fn attested(seat: usize) -> Sig {
    let wire = network();
    let manifest = manifest().digest();
    let generation = GENERATION;
    let statement = CheckpointStatement {
        generation,
        manifest,
    };
    wire.key(seat).sign(&wire.network(), &statement)
}

fn checkpoint() -> Box<Checkpoint> {
    let mut signers = Signers::none(4);
    for index in [0, 2, 3] {
        signers.insert(MemberIndex::new(index));
    }
    Box::new(Checkpoint {
        generation: GENERATION,
        manifest: manifest(),
        signers,
        signatures: [0, 2, 3].map(attested).to_vec(),
    })
}

fn piece(piece: Piece) -> Box<SnapshotPiece> {
    let manifest = manifest().digest();
    Box::new(SnapshotPiece { manifest, piece })
}

fn pieces() -> [(&'static str, Box<SnapshotPiece>); 2] {
    let wire = network();
    let tips = vec![wire.certificate(&message(&wire).0, &[0, 1, 3])];
    let bytes = Bytes::from(b"some bytes of a state".to_vec());
    let chunk = Piece::Chunk { index: 300, bytes };
    [("chunk", piece(chunk)), ("tips", piece(Piece::Tips(tips)))]
}

pub(crate) fn payloads() -> Vec<(&'static str, Payload)> {
    let clock = manifest().clock;
    let manifest = manifest().digest();
    let draft = CheckpointProposal {
        generation: GENERATION,
        clock: clock.clone(),
    };
    let attest = Attest {
        generation: GENERATION,
        clock: Digest::of(&bft_crdts::codec::encode(&clock)),
        manifest,
        sig: attested(2),
    };
    let pull = |part| Payload::PullSnapshot(PullSnapshot { manifest, part });
    let [chunk, tips] = pieces().map(|(_, piece)| Payload::Snapshot(piece));
    vec![
        ("draft", Payload::Draft(draft)),
        ("attestation", Payload::Attest(attest)),
        ("checkpoint", Payload::Checkpoint(checkpoint())),
        ("pull of chunks", pull(Part::Chunks(300))),
        ("pull of tips", pull(Part::Tips(Seat::new(2)))),
        ("chunk of a snapshot", chunk),
        ("tips of a snapshot", tips),
    ]
}

pub(crate) fn records() -> Vec<(&'static str, Record)> {
    let wire = network();
    let header = message(&wire).0;
    let sig = vouch(wire.key(1), &wire.network(), &header);
    let open = Box::new(SignedHeader {
        generation: GENERATION,
        header,
        sig,
    });
    let [chunk, tips] = pieces().map(|(_, piece)| Record::Snapshot(piece));
    vec![
        ("checkpoint", Record::Checkpoint(checkpoint())),
        ("chunk of a snapshot", chunk),
        ("tips of a snapshot", tips),
        ("installed", Record::Installed(checkpoint())),
        ("attested", Record::Attested(checkpoint().clock().clone())),
        (
            "resumed",
            Record::Resumed {
                generation: Generation::new(300),
                since: Generation::new(2),
                leaving: true,
            },
        ),
        (
            "inherited",
            Record::Inherited {
                open,
                vouched: true,
            },
        ),
    ]
}
