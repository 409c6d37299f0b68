//! The committed scenarios do what their files say.

use std::fs;
use std::path::PathBuf;

use bft_crdts::bank::Invalid;
use bft_crdts_cli::input::Input;
use bft_crdts_cli::ledger;
use bft_crdts_cli::operations::Row;
use bft_crdts_cli::scenario::{self, Scenario};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn read(name: &str) -> Scenario {
    let text = fs::read_to_string(directory().join(format!("{name}.toml"))).expect(name);
    scenario::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn rows(input: &Input, seed: u64) -> Vec<Row> {
    input.rows(&input.scenario, seed)
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
    assert_eq!(committed, ledger::generate(1, 1_400));
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

#[test]
fn the_expected_balances_are_what_the_paper_computes() {
    let input = Input::read(&directory().join("ledger.toml")).expect("the ledger");
    let outcome = ledger::outcome(&input, 1).expect("a bank");
    let committed = fs::read_to_string(directory().join("ledger.expected.csv")).expect("expected");
    assert_eq!(committed, outcome.csv());
    let supply: u128 = outcome.balances.values().sum();
    assert_eq!(supply, 7_000);
    // The paper refuses exactly the rows that were made to be refused, each for the reason in its note.
    let csv = fs::read_to_string(directory().join("ledger.csv")).expect("ledger.csv");
    let notes = csv
        .lines()
        .skip(2)
        .map(|line| line.rsplit_once(',').expect("columns").1);
    for (number, note) in (1..).zip(notes) {
        let refused = outcome.refused.get(&number);
        let fits = match note {
            "overdraft" => matches!(refused, Some(Invalid::Overdraft { .. })),
            "zero" => refused == Some(&Invalid::Zero),
            "self" => refused == Some(&Invalid::SelfTransfer),
            "unknown payee" => matches!(refused, Some(Invalid::NoAccount(_))),
            _ => refused.is_none(),
        };
        assert!(fits, "row {number}, {note}: {refused:?}");
    }
    let transfers = rows(&input, 1).len() - outcome.refused.len();
    assert!(transfers >= 1_000, "{transfers} transfers");
}

#[test]
fn a_seed_makes_its_rows_and_another_seed_makes_others() {
    for name in ["lossy"] {
        let input = Input::read(&directory().join(format!("{name}.toml"))).expect(name);
        assert_eq!(rows(&input, 1), rows(&input, 1));
        assert_ne!(rows(&input, 1), rows(&input, 2));
        assert_eq!(rows(&input, 1).len(), 100);
        for row in rows(&input, 1) {
            input
                .scenario
                .check_row(&row)
                .expect("it fits the scenario");
        }
        let outcome = ledger::outcome(&input, 1).expect("a bank");
        assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
    }
}
