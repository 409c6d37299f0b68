//! Arbitrary bytes where a proof file or a genesis should be.
//!
//! `run` is what `fuzz/fuzz_targets/proof_file.rs` calls and `tests/broadcast/corpus_replay.rs` replays. It panics if
//! anything is accepted that is not the one file of what it says, or if anything is proven against somebody who has
//! signed nothing of the kind.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use bft_crdts::deterministic_secure_broadcast::proof_file::{GenesisFile, ProofFile, Subject};
use bft_crdts::{Digest, Ed25519, Evidence, Payload};

use crate::fixtures;

/// One of everything, from the fixtures' network.
pub(crate) fn proof_files() -> Vec<(&'static str, ProofFile)> {
    let wire = fixtures::network();
    let message = fixtures::first_message(&wire, 2);
    let proof = wire.proof(&message, &[0, 1, 3]);
    let generations = fixtures::generations();
    let here = wire.machine(0).generations();
    let mut proof_files = vec![
        ("nothing but the network", ProofFile::chain(here)),
        ("chain", ProofFile::chain(&generations)),
        (
            "proof",
            ProofFile::proof(here, proof.certificate, message.1),
        ),
    ];
    for (name, payload) in fixtures::payloads() {
        if let Payload::Evidence(evidence) = payload {
            proof_files.push((name, ProofFile::evidence(&generations, *evidence)));
        }
    }
    proof_files
}

/// What the fuzzer starts from.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let genesis = GenesisFile::of(&fixtures::network().genesis).to_bytes();
    let mut seeds = vec![[vec![1], genesis].concat()];
    for (_, proof_file) in proof_files() {
        seeds.push([vec![0], proof_file.to_bytes()].concat());
        seeds.push([vec![2], proof_file.to_bytes()].concat());
        let mut parts = vec![3];
        // The bodies of the frames, without what keeps a fuzzer out of them.
        let (file, mut at) = (proof_file.to_bytes(), 20);
        while at < file.len() {
            let length = usize::from(u16::from_le_bytes([file[at], file[at + 1]]));
            parts.extend((length as u16).to_le_bytes());
            parts.extend(&file[at + 16..at + 16 + length]);
            at += 16 + length;
        }
        seeds.push(parts);
    }
    seeds
}

/// The first byte says what the others should be.
pub(crate) fn run(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => proof_file(bytes),
        1 => genesis(bytes),
        // As it would be if its checksums held: a fuzzer cannot find them.
        2 => proof_file(&mended(bytes)),
        _ => proof_file(&framed(bytes)),
    }
}

fn genesis(bytes: &[u8]) {
    if let Ok(genesis) = GenesisFile::read(bytes) {
        assert_eq!(genesis.to_bytes(), bytes, "one file per genesis");
    }
}

fn proof_file(bytes: &[u8]) {
    let Ok(proof_file) = ProofFile::read(bytes) else {
        return;
    };
    assert_eq!(proof_file.to_bytes(), bytes, "one file per proof file");
    let genesis = GenesisFile::of(&fixtures::network().genesis);
    let Ok(generations) = proof_file.verify::<Ed25519>(&genesis, None) else {
        return;
    };
    assert!(proof_file.links.len() < 2, "nobody has signed more");
    match proof_file.subject {
        Subject::Chain => {}
        Subject::Proof { ops, certificate } => {
            assert_eq!(Digest::of(&ops), certificate.header.ops);
        }
        Subject::Evidence(evidence) => {
            let adversaries = fixtures::payloads();
            let mut adversaries = adversaries.iter().filter_map(|(_, payload)| match payload {
                Payload::Evidence(evidence) => Some(evidence.culprit),
                _ => None,
            });
            let Evidence { culprit, .. } = *evidence;
            assert!(
                adversaries.any(|adversary| adversary == culprit),
                "an innocent is convicted"
            );
            assert!(generations.newest().seat_of(&culprit).is_some());
        }
    }
}

fn append(file: &mut Vec<u8>, body: &[u8]) {
    let mut head = (body.len() as u32).to_le_bytes().to_vec();
    head.extend(&Digest::of(body).as_bytes()[..8]);
    let check = Digest::of(&head);
    head.extend(&check.as_bytes()[..4]);
    file.extend(head);
    file.extend(body);
}

/// The frames of these bytes, with the checksums that belong there.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let (line, mut rest) = bytes.split_at(bytes.len().min(20));
    let mut file = line.to_vec();
    while let Some((head, body)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (body, behind) = body.split_at(length.min(body.len()));
        append(&mut file, body);
        rest = behind;
    }
    file
}

/// Parts one after the other, each with its length in two bytes before it.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut file = b"bft-crdts exhibit 1\n".to_vec();
    while let Some(([low, high], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (body, rest) = rest.split_at(length);
        append(&mut file, body);
        bytes = rest;
    }
    file
}
