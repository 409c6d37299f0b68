//! Everything the fuzzer has found worth keeping, for the files people write.

#[path = "common/parsing.rs"]
mod parsing;

use std::fs;
use std::path::Path;

/// Calls `target` with every file of the corpus; there must be some.
fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
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
fn the_corpus_of_scenarios_is_read_or_refused_with_a_place() {
    replay("scenario", parsing::scenario);
}

#[test]
fn the_corpus_of_operations_is_read_or_refused_with_a_place() {
    replay("operations", parsing::operations);
}

#[test]
fn every_committed_scenario_and_ledger_is_in_order() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut read = 0;
    for entry in fs::read_dir(scenarios).expect("scenarios") {
        let path = entry.expect("a directory entry").path();
        let bytes = fs::read(&path).expect("a file");
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("toml") => parsing::scenario(&bytes),
            Some("csv") => parsing::operations(&[&[0], &bytes[..]].concat()),
            _ => continue,
        }
        read += 1;
    }
    assert!(read >= 8, "{read} files");
}
