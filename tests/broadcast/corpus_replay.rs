//! Everything the fuzzer has found worth keeping, run again with the same code that it runs.
//!
//! `fuzz/README.md` says how the corpora come about. Those of the command are replayed by its own tests.

use std::fs;
use std::path::Path;

use crate::fixtures;
use crate::fuzzed::attack;
use crate::fuzzed::charting;
use crate::fuzzed::decoding;
use crate::fuzzed::proof_files;
use bft_crdts::codec::encode;

/// Calls `target` with every file of the corpus; there must be some.
fn replay(name: &str, target: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "{} has {} files",
        corpus.display(),
        files.len()
    );
    for file in files {
        // The last line before a failure names the file.
        eprintln!("{}", file.display());
        target(&fs::read(&file).expect("a file"));
    }
}

#[test]
fn the_corpus_of_bytes_is_refused_or_canonical() {
    replay("decode", decoding::run);
}

#[test]
fn the_corpus_of_attacks_breaks_no_promise() {
    replay("handle", |script| {
        attack::run(script);
    });
}

#[test]
fn the_corpus_of_charts_stays_inside_its_quotes() {
    replay("chart", charting::run);
}

#[test]
fn the_corpus_of_proof_files_proves_nothing_against_innocents() {
    replay("proof_file", proof_files::run);
}

/// What the fuzzer starts from: one of everything, as its targets read it.
#[test]
fn every_fixture_goes_through_the_target_of_the_decoder() {
    for (_, payload) in fixtures::payloads() {
        decoding::run(&[vec![0], encode(&payload)].concat());
    }
    let mut journal = Vec::new();
    for (_, record) in fixtures::records() {
        let bytes = encode(&record);
        decoding::run(&[vec![1], bytes.clone()].concat());
        bft_crdts::deterministic_secure_broadcast::journal::append(&mut journal, &record);
        let length = (bytes.len() as u16).to_le_bytes();
        decoding::run(&[&[7], &length[..], &bytes].concat());
    }
    decoding::run(&[vec![6], journal].concat());
}
