//! The property tests do as many cases as `QUICKCHECK_TESTS` says, all of them.

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
