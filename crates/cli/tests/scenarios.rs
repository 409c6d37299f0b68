//! The committed scenarios do what their files say.

use std::fs;
use std::path::PathBuf;

use bft_crdts_cli::scenario::{self, Scenario};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn read(name: &str) -> Scenario {
    let text = fs::read_to_string(directory().join(format!("{name}.toml"))).expect(name);
    scenario::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
}

#[test]
fn every_scenario_is_read_and_is_called_like_its_file() {
    let mut seen = 0;
    for entry in fs::read_dir(directory()).expect("scenarios") {
        let path = entry.expect("entry").path();
        if path.extension().is_some_and(|end| end == "toml") {
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("name")
                .to_owned();
            assert_eq!(read(&name).name, name);
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} scenarios");
}

#[test]
fn the_ledger_is_what_its_command_makes() {
    let committed = fs::read_to_string(directory().join("ledger.csv")).expect("ledger.csv");
    assert_eq!(committed, bft_crdts_cli::ledger::generate(1, 1_400));
    for note in ["overdraft", "zero", "self", "unknown payee"] {
        let rows = committed
            .lines()
            .filter(|line| line.ends_with(&format!(",{note}")))
            .count();
        assert!(rows >= 20, "{rows} rows of {note}");
    }
    assert!(
        committed
            .lines()
            .filter(|line| line.ends_with(",chain"))
            .count()
            >= 100
    );
}
