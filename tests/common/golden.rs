//! Comparing what a test made with what is in the repository.
//!
//! Tests never write inside the tree: what they made goes to `target/`, and a test fails if it differs from the
//! golden file. `BLESS=1` accepts the difference: it, and only it, writes the golden file.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Compares a chart with `msc/NAME.KIND`; what was made is at `target/msc/NAME.KIND`.
///
/// # Panics
/// If the two differ, or there is no golden file, unless `BLESS=1`.
pub(crate) fn chart(name: &str, kind: &str, actual: &str) {
    compare(&format!("msc/{name}.{kind}"), actual);
}

/// Compares `actual` with the file at `path`, told from the root of the repository. What was made is found at
/// the same path under `target/`.
///
/// # Panics
/// If the two differ, or there is no golden file, unless `BLESS=1`.
pub(crate) fn compare(path: &str, actual: &str) {
    let golden = root().join(path);
    let made = target().join(path);
    write(&made, actual);
    if blessing() {
        write(&golden, actual);
        return;
    }
    let expected = fs::read_to_string(&golden).ok();
    if let Some(difference) = difference(expected.as_deref(), actual) {
        panic!(
            "{path} {difference}\n  golden: {}\n  made:   {}\nLook at both. If the new one is right, run the test again with BLESS=1.",
            golden.display(),
            made.display(),
        );
    }
}

/// Whether what tests make is to replace the golden files.
pub(crate) fn blessing() -> bool {
    env::var_os("BLESS").is_some_and(|bless| bless == "1")
}

/// Says how `actual` differs from `expected`: the first line that does, with its neighbours.
pub(crate) fn difference(expected: Option<&str>, actual: &str) -> Option<String> {
    let Some(expected) = expected else {
        return Some("is not in the repository".to_owned());
    };
    if expected == actual {
        return None;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let mut text = format!(
        "differs from line {} on ({} lines, was {}):",
        same + 1,
        new.len(),
        old.len()
    );
    for line in &old[same.saturating_sub(2)..same] {
        text += &format!("\n    {}", cut(line));
    }
    for (mark, lines) in [('-', &old), ('+', &new)] {
        for line in lines.iter().skip(same).take(3) {
            text += &format!("\n  {mark} {}", cut(line));
        }
        if lines.len() <= same {
            text += &format!("\n  {mark} (ends here)");
        }
    }
    Some(text)
}

/// The program `name`, if it is installed; otherwise says on standard error what is skipped.
pub(crate) fn program(name: &str, what: &str) -> Option<String> {
    let found = Command::new(name)
        .arg("-l")
        .output()
        .or_else(|_| Command::new(name).arg("--version").output());
    if found.is_err() {
        eprintln!("skipped: {what} ({name} is not installed)");
    }
    found.is_ok().then(|| name.to_owned())
}

/// The root of the repository, whichever package the test belongs to.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .find(|path| path.join("Cargo.lock").exists())
        .unwrap_or(package)
        .to_owned()
}

/// `target/`, wherever this build has put it.
pub(crate) fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_owned()
}

fn write(path: &Path, text: &str) {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    }
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn cut(line: &str) -> String {
    if line.chars().count() <= 160 {
        line.to_owned()
    } else {
        line.chars().take(157).chain("...".chars()).collect()
    }
}
