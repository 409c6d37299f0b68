//! Recorded editing histories over secure broadcast: exact for every number of members, with Byzantine nodes among them.
//!
//! The history of three friends is always replayed. `BFT_CRDTS_TRACE=FILE` adds a recorded one.

#[path = "history/generator.rs"]
mod generator;
#[path = "../../../tests/common/golden.rs"]
mod golden;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use bft_crdts_cli::replay::history::{self, History};
use bft_crdts_cli::replay::{Options, ReplayError, Replayed, run};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

/// The committed history has so many agents and transactions.
const AGENTS: usize = 3;
const TRANSACTIONS: usize = 720;

fn made() -> generator::Made {
    generator::history(3, AGENTS, TRANSACTIONS)
}

fn file() -> PathBuf {
    golden::root().join("crates/cli/tests/history/three_friends.json.gz")
}

fn friends() -> Arc<History> {
    Arc::new(history::read(&file()).expect("the history of three friends"))
}

fn options(members: usize, faulty: usize, batch: usize) -> Options {
    Options {
        members: Some(members),
        faulty,
        batch,
        seed: 1,
    }
}

fn replayed(history: &Arc<History>, options: Options) -> Replayed {
    let replayed = run(history, options, &mut |_| {}).expect("it can be replayed");
    assert!(replayed.is_right(), "{}", replayed.text());
    assert_eq!(
        replayed.exact,
        options.members.unwrap_or(4) - options.faulty
    );
    replayed
}

/// The file is what `history/generator.rs` makes; `BLESS=1` writes it.
#[test]
fn the_history_of_three_friends_is_the_generators() {
    let made = serde_json::to_vec(&made()).expect("it is JSON");
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&made).expect("in memory");
        fs::write(file(), gzip.finish().expect("in memory")).expect("it is written");
    }
    let mut committed = Vec::new();
    let compressed = fs::read(file()).expect("it is committed");
    let read = GzDecoder::new(compressed.as_slice()).read_to_end(&mut committed);
    read.expect("it is gzip");
    assert!(made == committed, "another history: BLESS=1 writes it");
}

#[test]
fn the_history_of_three_friends_is_worth_replaying() {
    let json: Value = serde_json::to_value(made()).expect("it is JSON");
    let txns = json["txns"].as_array().expect("transactions");
    let count = |of: &dyn Fn(&Value) -> bool| txns.iter().filter(|txn| of(txn)).count();
    let many = |field: &'static str, least: usize| {
        count(&|txn: &Value| {
            txn[field]
                .as_array()
                .is_some_and(|list| list.len() >= least)
        })
    };
    let concurrent = |(index, txn): &(usize, &Value)| {
        let parents = txn["parents"].as_array().expect("parents");
        *index > 0 && !parents.contains(&(index - 1).into())
    };
    assert!(txns.len() >= 500);
    assert!(many("parents", 2) >= 40, "merges");
    assert!(many("patches", 2) >= 30, "transactions of several patches");
    assert!(txns.iter().enumerate().filter(concurrent).count() >= 300);
    for agent in 0..AGENTS {
        assert!(count(&|txn| txn["agent"] == agent) >= 150);
    }
    let deletes = |txn: &Value| {
        let patches = txn["patches"].as_array().expect("patches");
        patches.iter().any(|patch| patch[1] != 0)
    };
    assert!(count(&deletes) >= 100);
    let end = json["endContent"].as_str().expect("a text");
    assert!(end.len() > end.chars().count(), "not only ASCII");
}

#[test]
fn every_number_of_members_ends_with_the_text() {
    let pair = serde_json::to_vec(&generator::history(1, 2, 200)).expect("it is JSON");
    let pair = Arc::new(history::parse(&pair).expect("a history"));
    replayed(&pair, options(2, 0, 1));
    let history = friends();
    for members in 3..=7 {
        let replayed = replayed(&history, options(members, 0, 1));
        assert_eq!(replayed.transactions, TRANSACTIONS);
        assert_eq!(replayed.rejected, 0, "nobody lies among {members}");
    }
}

#[test]
fn liars_get_nothing_accepted_and_are_convicted() {
    let history = friends();
    for (members, faulty) in [(4, 1), (5, 1), (6, 1), (7, 2)] {
        let replayed = replayed(&history, options(members, faulty, 1));
        assert!(replayed.rejected > 100, "{}", replayed.text());
        assert_eq!(replayed.convicted, faulty, "{}", replayed.text());
        for act in [
            "vandal: lost a packet",
            "vandal: forged a dot",
            "vandal: equivocated",
            "vandal: asked in another's name",
            "vandal: named causes from the future",
        ] {
            let times = replayed.sometimes.get(act).copied().unwrap_or_default();
            assert!(times > 0, "{act}: {}", replayed.text());
        }
    }
}

#[test]
fn several_transactions_fit_in_a_message() {
    let history = friends();
    let one = replayed(&history, options(4, 0, 1));
    let many = replayed(&history, options(4, 1, 16));
    assert!(many.traffic.messages < one.traffic.messages);
    replayed(&history, options(7, 2, 100));
}

#[test]
fn equal_seeds_are_equal_runs() {
    let history = friends();
    let json = |seed| {
        let options = Options {
            seed,
            ..options(4, 1, 2)
        };
        let json = replayed(&history, options).json();
        let mut json: Value = serde_json::from_str(&json).expect("JSON");
        let speed = json
            .as_object_mut()
            .expect("an object")
            .remove("ops_per_second");
        assert!(speed.is_some());
        json
    };
    let first = json(1);
    assert_eq!(first, json(1));
    assert_ne!(first["trace_digest"], json(2)["trace_digest"]);
}

#[test]
fn too_few_members_and_too_many_liars_are_refused() {
    let history = friends();
    let refused = |members, faulty| run(&history, options(members, faulty, 1), &mut |_| {});
    assert!(matches!(
        refused(0, 0),
        Err(ReplayError::Members { members: 0 })
    ));
    assert!(matches!(
        refused(6, 2),
        Err(ReplayError::TooManyFaulty {
            faulty: 2,
            members: 6,
            tolerated: 1
        })
    ));
    assert!(matches!(
        refused(3, 1),
        Err(ReplayError::TooManyFaulty { .. })
    ));
}

/// Once every agent had to be a member of its own.
#[test]
fn agents_share_members() {
    let crowd = br#"{ "endContent": "abcd", "txns": [
        { "parents": [], "agent": 0, "patches": [[0, 0, "a"]] },
        { "parents": [0], "agent": 1, "patches": [[1, 0, "b"]] },
        { "parents": [1], "agent": 2, "patches": [[2, 0, "c"]] },
        { "parents": [2], "agent": 3, "patches": [[3, 0, "d"]] } ] }"#;
    let crowd = Arc::new(history::parse(crowd).expect("a history"));
    for (members, faulty) in [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1)] {
        let right = run(&crowd, options(members, faulty, 1), &mut |_| {}).expect("it is replayed");
        assert!(right.is_right(), "{}", right.text());
    }
    // With a view each, although the second member's operations are those of two agents that see nothing of each other.
    for (members, faulty, batch) in [(2, 0, 1), (2, 0, 8), (1, 0, 1), (4, 1, 1)] {
        let right = run(&friends(), options(members, faulty, batch), &mut |_| {});
        let right = right.expect("it is replayed");
        assert!(right.is_right(), "{}", right.text());
    }
}

/// An agent that is in two places at once is two hands.
#[test]
fn an_agent_may_be_in_two_places_at_once() {
    let forked = br#"{ "endContent": "a-b", "txns": [
        { "parents": [], "agent": 0, "patches": [[0, 0, "-"]] },
        { "parents": [0], "agent": 0, "patches": [[0, 0, "a"]] },
        { "parents": [0], "agent": 0, "patches": [[1, 0, "b"]] } ] }"#;
    let history = Arc::new(history::parse(forked).expect("a history"));
    assert_eq!((history.agents, history.hands), (1, 2));
    for members in [1, 4] {
        let right = run(&history, options(members, 0, 1), &mut |_| {}).expect("it is replayed");
        assert!(right.is_right(), "{}", right.text());
    }
}

/// Once what is more than one operation carries was refused, and so was a patch that says when it was made.
#[test]
fn large_transactions_are_split_and_times_are_passed_over() {
    let (before, after) = ("\u{e9}".repeat(150_000), "b".repeat(70_000));
    let end = format!("{after}{}", "\u{e9}".repeat(10_000));
    let json = serde_json::json!({ "endContent": end, "numAgents": 2, "txns": [
        { "parents": [], "agent": 0, "patches": [[0, 0, before, "2023-11-22T04:49:00Z"]] },
        { "parents": [0], "agent": 1, "patches": [[0, 140_000, after, "2023-11-22T04:49:01Z"]] },
    ] });
    let history = history::parse(json.to_string().as_bytes()).expect("a history");
    assert_eq!((history.recorded, history.operations()), (2, 3 + 5));
    let right = run(&Arc::new(history), options(4, 0, 1), &mut |_| {}).expect("it is replayed");
    assert!(right.is_right(), "{}", right.text());
}

/// A history that lies about its end is told so, not believed.
#[test]
fn another_text_at_the_end_is_noticed() {
    let mut history = History::clone(&friends());
    history.end.push('!');
    let wrong = run(&Arc::new(history), options(4, 0, 1), &mut |_| {}).expect("it can be replayed");
    assert!(!wrong.final_equal() && !wrong.is_right());
    assert_eq!((wrong.exact, wrong.converged), (0, true));
    assert!(wrong.text().contains("WRONG: 0 of 4"));
}

fn bft_crdts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bft-crdts"))
        .args(arguments)
        .output()
        .expect("the command runs")
}

#[test]
fn the_command_prints_json_and_text_and_refuses_bad_input() {
    let file = file().display().to_string();
    let output = bft_crdts(&["replay", &file, "--json", "--faulty", "1", "--seed", "5"]);
    assert_eq!(output.status.code(), Some(0));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["transactions"], TRANSACTIONS);
    assert_eq!((&json["members"], &json["faulty"]), (&4.into(), &1.into()));
    assert_eq!(json["seed"], 5);
    assert_eq!(json["final_equal"], true);
    assert_eq!(json["converged"], true);
    assert!(json["rejected"].as_u64() > Some(0));
    assert!(json["ops_per_second"].as_u64() > Some(0));
    assert_eq!(json["trace_digest"].as_str().map(str::len), Some(64));

    let output = bft_crdts(&["replay", &file, "--batch", "8"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("exact: 4 of 4 correct members"), "{text}");

    let bad: [(&[&str], &str); 4] = [
        (&["--members", "70000"], "there are 1 to"),
        (&["--faulty", "2"], "at most 1 are tolerated"),
        (&["--members", "0"], "0 members: there are 1 to"),
        (&["--batch", "0"], "--batch"),
    ];
    for (arguments, why) in bad {
        let output = bft_crdts(&[&["replay", &file], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
    let missing = bft_crdts(&["replay", "no_such_history.json.gz"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no_such_history.json.gz"));
}

#[test]
fn what_is_no_history_is_refused() {
    let wrong = |json: &str| history::parse(json.as_bytes()).expect_err(json).to_string();
    let one = |txns: &str| wrong(&format!(r#"{{ "endContent": "", "txns": [{txns}] }}"#));
    assert!(wrong("[]").starts_with("not an editing history"));
    assert!(one("").contains("no transactions"));
    let begun = r#"{ "startContent": "a", "endContent": "a", "txns": [] }"#;
    assert!(wrong(begun).contains("begins with a text"));
    assert!(
        one(r#"{ "parents": [0], "agent": 0, "patches": [] }"#).contains("before its parent 0")
    );
    let far = r#"{ "parents": [], "agent": 70000, "patches": [] }"#;
    assert!(one(far).contains("agents"));
    let long = r#"{ "parents": [], "agent": 0, "patches": [[0, 18446744073709551615, "a"]] }"#;
    assert!(one(long).contains("at most 268435456"));
    let unknown = r#"{ "endContent": "", "numAgents": 1, "txns": [{ "parents": [], "agent": 1, "patches": [] }] }"#;
    assert!(wrong(unknown).contains("there are 1"));
}

/// What nobody here has made: `BFT_CRDTS_TRACE=FILE cargo test --release -p bft-crdts-cli --test replay`.
#[test]
fn a_recorded_history_ends_with_its_text() {
    let Some(file) = env::var_os("BFT_CRDTS_TRACE") else {
        println!("skipped: BFT_CRDTS_TRACE names no recorded history");
        return;
    };
    let history = Arc::new(history::read(&PathBuf::from(file)).expect("a recorded history"));
    for members in 2..=7 {
        let faulty = (members - 1) / 3;
        for faulty in [0, faulty].into_iter().take(if faulty > 0 { 2 } else { 1 }) {
            println!("{}", replayed(&history, options(members, faulty, 1)).text());
        }
    }
}
