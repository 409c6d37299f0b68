//! The replica leaves its decisions to the rules. (So do the models: `crates/model/tests/model/asked.rs`.)

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bft_crdts::net::campaign::Campaign;
use bft_crdts_controls::recording::{self, OPERATIONS, Recording, asked};

/// What a replica has to ask while nobody comes or goes; [`recording::GENERATIONS`] and [`recording::REPLICAS`] are looked
/// after in `generations.rs`, [`recording::CHECKPOINTS`] in `checkpoints.rs`.
const REPLICA: &[&[&str]] = &[&OPERATIONS];

#[test]
fn the_replica_asks_the_rules() {
    for seed in 0..20 {
        let result = Campaign::default().run::<Recording>(seed).unwrap();
        assert!(
            result.violations.is_empty(),
            "seed {seed}: {:?}",
            result.violations
        );
    }
    let wanted: BTreeSet<&str> = REPLICA.iter().copied().flatten().copied().collect();
    let missed: Vec<_> = wanted.difference(&asked()).copied().collect();
    assert!(missed.is_empty(), "nobody asked {missed:?}");
}

#[test]
fn every_rule_is_recorded() {
    let path = "../../src/deterministic_secure_broadcast/rules.rs";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let rules = text.split("pub trait Rules").nth(1).unwrap();
    let rules = rules.split("\n}\n").next().unwrap();
    let functions = rules
        .lines()
        .filter_map(|line| line.strip_prefix("    fn "))
        .filter_map(|line| line.split(['(', '<']).next());
    assert_eq!(
        functions.collect::<BTreeSet<_>>(),
        recording::all().collect::<BTreeSet<_>>()
    );
}
