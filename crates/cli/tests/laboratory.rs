//! `compare` and `lab`, and what docs/laboratory.md and the read-me say they print.

use std::fs;
use std::path::{Path, PathBuf};

use bft_crdts_cli::args::{Cli, Command};
use bft_crdts_cli::{compare, lab};
use clap::Parser;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// What a command line prints.
fn print(line: &str) -> anyhow::Result<String> {
    match Cli::try_parse_from(line.split_whitespace())?.command {
        Command::Compare(args) => compare::compare(&args),
        Command::Lab(mut args) => {
            let name = args.experiment.clone().unwrap_or_default();
            args.out.get_or_insert_with(|| scratch("lab").join(name));
            lab::lab(&args)
        }
        other => panic!("{other:?}"),
    }
}

fn rows(line: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(&print(line).expect("a comparison")).expect("JSON");
    json["rows"].as_array().expect("rows").clone()
}

#[test]
fn one_decision_of_31_nodes_takes_1892_or_146_or_90_messages() {
    let rows = rows("bft-crdts compare --protocols pbft,ccro,secure-broadcast --nodes 31 --json");
    let told: Vec<(&str, u64)> = rows
        .iter()
        .map(|row| {
            let name = row["protocol"].as_str().expect("a name");
            (name, row["messages"].as_u64().expect("a number"))
        })
        .collect();
    assert_eq!(
        told,
        [("pbft", 1_892), ("ccro", 146), ("secure-broadcast", 90)]
    );
    assert_eq!(rows[1]["messages_stored"], 176);
    for row in rows {
        assert_eq!(
            (&row["violations"], &row["decided"]),
            (&0.into(), &1.into())
        );
        for field in [
            "nodes",
            "faulty",
            "fault",
            "bytes",
            "busiest_node_messages",
            "delays",
            "latency_p50_ms",
            "latency_p99_ms",
            "promise",
        ] {
            assert!(!row[field].is_null(), "{field}: {row}");
        }
    }
}

#[test]
fn a_comparison_says_the_lines_of_the_read_me() {
    let line =
        "bft-crdts compare --protocols pbft,ccro --nodes 6 --faulty 1 --fault malicious --seed 2";
    let text = print(line).expect("a comparison");
    for told in [
        "Total Nodes: 6 -> [0, 1, 2, 3, 4, 5]",
        "Byzantine Nodes: 1  -> [",
        "Commander Node: 1 -> 0",
        "Communication Node: 1",
        "PBFT Consensus Time: 0.",
        "CCRO Consensus Time: 0.",
        "Node 5 -> ",
        " Corrupt",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    assert_eq!(print(line).expect("the same seed"), text);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    for (line, why) in [
        ("compare --protocols raft", "raft"),
        ("compare --fault sleepy --faulty 1", "sleepy"),
        ("compare --protocols pbft --faulty 2", "none"),
        ("compare --protocols pbft --nodes 0", "nodes"),
        ("compare --protocols pbft --nodes 100000", "100000"),
        (
            "compare --protocols pbft --faulty 9 --fault offline",
            "at most",
        ),
        (
            "compare --protocols pbft --faulty 1 --fault eclipse",
            "pbft knows no eclipse",
        ),
        ("compare --protocols pbft --decisions 0", "--decisions"),
        ("lab no-such-thing", "no-such-thing"),
        ("lab --load /no/such/file", "/no/such/file"),
    ] {
        let error = print(&format!("bft-crdts {line}")).expect_err(line);
        assert!(format!("{error:#}").contains(why), "{line}: {error:#}");
    }
}

#[test]
fn an_experiment_is_saved_and_loaded() {
    let directory = scratch("saved");
    let file = directory.join("mine.toml");
    let out = directory.join("out");
    let tail = format!("--out {}", out.display());
    let saved = format!(
        "bft-crdts lab random-topology --seed 9 --save {} {tail}",
        file.display()
    );
    let first = print(&saved).expect("an experiment");
    let loaded = format!("bft-crdts lab --load {} {tail}", file.display());
    assert_eq!(print(&loaded).expect("the same"), first);
    let page = fs::read_to_string(out.join("page.html")).expect("a page");
    assert!(page.contains("<svg") && page.contains("Peer_10.log"));
    fs::write(&file, "experiment = \"latency\"\nseed = 1\ncolour = 3\n").expect("written");
    let error = print(&loaded).expect_err("an unknown field");
    assert!(format!("{error:#}").contains("colour"), "{error:#}");
    fs::write(&file, "experiment = \"crash-gossip\"\nseed = 1\n").expect("written");
    let error = print(&loaded).expect_err("nothing in it");
    assert!(format!("{error:#}").contains("missing"), "{error:#}");
}

#[test]
fn lab_without_a_name_lists_the_experiments() {
    let list = print("bft-crdts lab").expect("a list");
    for name in ["latency", "conflicting-client", "bound", "selfish-lottery"] {
        assert!(list.contains(name), "{name}");
    }
}

/// The blocks of a document that begin with a command of the laboratory, with what they say it prints.
fn told(document: &str) -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join(document)).expect(document);
    let blocks = text.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| {
        let mut lines = block.lines().skip(1);
        let command = lines.next()?.strip_prefix("$ ")?.to_owned();
        Some((command, lines.map(str::to_owned).collect()))
    });
    blocks.collect()
}

#[test]
fn the_documents_say_what_the_commands_print() {
    let blocks = told("docs/laboratory.md");
    assert!(blocks.len() >= 10, "{} blocks", blocks.len());
    for (command, lines) in blocks {
        let printed = print(&command).unwrap_or_else(|why| panic!("{command}: {why:#}"));
        let printed: Vec<&str> = printed.lines().map(str::trim).collect();
        for line in lines.iter().map(|line| line.trim()) {
            let gap = line.is_empty() || line == "...";
            assert!(
                gap || printed.contains(&line),
                "{command} does not print\n{line}"
            );
        }
    }
}
