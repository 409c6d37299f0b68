//! The property tests do as many cases as `QUICKCHECK_TESTS` says, all of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use quickcheck::quickcheck;

static CASES: AtomicU64 = AtomicU64::new(0);
const COUNTED: &str = "BFT_CRDTS_COUNT_CASES";

/// Run on its own it is a property like any other; run by the test below it counts its cases.
#[test]
fn counted_property() {
    fn counted(_: u8) -> bool {
        CASES.fetch_add(1, Ordering::Relaxed);
        true
    }
    quickcheck(counted as fn(u8) -> bool);
    if std::env::var_os(COUNTED).is_some() {
        println!("cases: {}", CASES.load(Ordering::Relaxed));
    }
}

#[test]
fn quickcheck_tests_scales_the_properties() {
    for cases in [7, 250] {
        let this = std::env::current_exe().expect("a test has a path");
        let output = Command::new(this)
            .args([
                "--exact",
                "quickcheck_scales::counted_property",
                "--nocapture",
            ])
            .env("QUICKCHECK_TESTS", cases.to_string())
            .env(COUNTED, "1")
            .output()
            .expect("a test can run itself");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("cases: {cases}\n")), "{text}");
    }
}

/// A literal number of cases would ignore the variable.
#[test]
fn no_property_fixes_its_own_number_of_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "crates", "examples"] {
        rust_files(&root.join(folder), &mut files);
    }
    assert!(files.len() > 20, "the tree was not found");
    // Written apart, so that this file does not find itself.
    let forbidden = [
        [".tests", "("].concat(),
        [".max_tests", "("].concat(),
        ["min_tests_", "passed("].concat(),
    ];
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file of ours can be read");
        for word in &forbidden {
            assert!(!text.contains(word), "{} fixes {word}…)", file.display());
        }
    }
}

#[path = "../common/properties.rs"]
mod properties;

/// The test programs that run networks.
const PROGRAMS: [&str; 3] = ["broadcast", "reconfiguration", "simulator"];

/// These loop over seeds of their own, and why.
const OWN_SEEDS: [(&str, &str); 5] = [
    (
        "broadcast/attacks/search.rs",
        "counts what runs reach, by hand",
    ),
    (
        "reconfiguration/generations/churn.rs",
        "a campaign, by hand",
    ),
    ("simulator/speed.rs", "measures"),
    (
        "simulator/engine.rs",
        "has no replicas: a few machines that gossip",
    ),
    ("simulator/details.rs", "compares runs with each other"),
];

/// A loop over seeds would run as many networks whatever the variable says, and leave no chart.
#[test]
fn every_property_over_networks_is_documented_and_no_other_draws_any() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/verification.md")).expect("the page");
    let (_, part) = page
        .split_once("\n## Properties over networks")
        .expect("a part");
    let (part, _) = part.split_once("\n## ").expect("a next part");
    let documented: BTreeSet<String> = part
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(str::to_owned)
        .collect();
    let mut found = BTreeSet::new();
    for program in PROGRAMS {
        let mut files = Vec::new();
        rust_files(&root.join("tests").join(program), &mut files);
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a file of ours can be read");
            let name = file.strip_prefix(root.join("tests")).expect("below it");
            let name = name.display().to_string();
            let own = OWN_SEEDS.iter().any(|(own, _)| *own == name);
            assert_eq!(
                text.contains("for seed in "),
                own,
                "{name} loops over seeds"
            );
        }
        for (module, test, divisor) in properties::of(&root.join("tests").join(program)) {
            let path = module.join("/");
            found.insert(format!("| `{program}/{path}::{test}` | {divisor} |"));
        }
    }
    assert!(found.len() > 20, "{found:?}");
    assert_eq!(documented, found);
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
