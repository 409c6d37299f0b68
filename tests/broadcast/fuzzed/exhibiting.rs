//! Arbitrary bytes where an exhibit or a genesis should be.
//!
//! `run` is what `fuzz/fuzz_targets/exhibit.rs` calls and `tests/broadcast/corpus_replay.rs` replays. It panics if anything is
//! accepted that is not the one file of what it says, or if anything is proven against somebody who has signed nothing of
//! the kind.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use bft_crdts::deterministic_secure_broadcast::exhibit::{Exhibit, GenesisFile, Subject};
use bft_crdts::{Digest, Ed25519, Evidence, Payload};

use crate::specimens;

/// One of everything, from the specimens' network.
pub(crate) fn exhibits() -> Vec<(&'static str, Exhibit)> {
    let wire = specimens::network();
    let message = specimens::first_message(&wire, 2);
    let proof = wire.proof(&message, &[0, 1, 3]);
    let generations = specimens::generations();
    let here = wire.machine(0).generations();
    let mut exhibits = vec![
        ("nothing but the network", Exhibit::chain(here)),
        ("chain", Exhibit::chain(&generations)),
        ("proof", Exhibit::proof(here, proof.certificate, message.1)),
    ];
    for (name, payload) in specimens::payloads() {
        if let Payload::Evidence(evidence) = payload {
            exhibits.push((name, Exhibit::evidence(&generations, *evidence)));
        }
    }
    exhibits
}

/// What the fuzzer starts from.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let genesis = GenesisFile::of(&specimens::network().genesis).to_bytes();
    let mut seeds = vec![[vec![1], genesis].concat()];
    for (_, exhibit) in exhibits() {
        seeds.push([vec![0], exhibit.to_bytes()].concat());
        seeds.push([vec![2], exhibit.to_bytes()].concat());
        let mut parts = vec![3];
        // The bodies of the frames, without what keeps a fuzzer out of them.
        let (file, mut at) = (exhibit.to_bytes(), 20);
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
        0 => exhibit(bytes),
        1 => genesis(bytes),
        // As it would be if its checksums held: a fuzzer cannot find them.
        2 => exhibit(&mended(bytes)),
        _ => exhibit(&framed(bytes)),
    }
}

fn genesis(bytes: &[u8]) {
    if let Ok(genesis) = GenesisFile::read(bytes) {
        assert_eq!(genesis.to_bytes(), bytes, "one file per genesis");
    }
}

fn exhibit(bytes: &[u8]) {
    let Ok(exhibit) = Exhibit::read(bytes) else {
        return;
    };
    assert_eq!(exhibit.to_bytes(), bytes, "one file per exhibit");
    let genesis = GenesisFile::of(&specimens::network().genesis);
    let Ok(generations) = exhibit.verify::<Ed25519>(&genesis, None) else {
        return;
    };
    assert!(exhibit.links.len() < 2, "nobody has signed more");
    match exhibit.subject {
        Subject::Chain => {}
        Subject::Proof { ops, certificate } => {
            assert_eq!(Digest::of(&ops), certificate.header.ops);
        }
        Subject::Evidence(evidence) => {
            let liars = specimens::payloads();
            let mut liars = liars.iter().filter_map(|(_, payload)| match payload {
                Payload::Evidence(evidence) => Some(evidence.culprit),
                _ => None,
            });
            let Evidence { culprit, .. } = *evidence;
            assert!(
                liars.any(|liar| liar == culprit),
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
