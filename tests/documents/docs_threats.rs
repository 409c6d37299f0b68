//! `docs/threats.md` and `docs/defects.md` speak of tests that exist, and of everything there is to speak of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a row may be left to.
const LATER: [&str; 3] = ["generations", "models", "node"];

/// Rows of the layers built here that need what is not built yet.
const NOT_YET: [u8; 0] = [];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the second table of `docs/defects.md` begins.
const OPEN: &str = "\n## Open\n";

/// Where the third begins.
const MENDED: &str = "\n## Mended\n";

/// The rows of the first table in a document, cell by cell, without its head.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = read(&root().join("docs").join(name));
    rows(text.split(OPEN).next().unwrap_or_default())
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

/// Everything between backticks that names a test.
fn names(cell: &str) -> Vec<&str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(|name| name.contains("::")).collect()
}

/// The file a test's name leads to: `core_layer/bank/rules::x` is in `tests/core_layer/bank/rules.rs` (or, if that is a
/// folder, in its `mod.rs`), `cli/y::x` in `crates/cli/tests/y.rs`, `src/z.rs::x` in `src/z.rs`.
fn file_of(name: &str) -> PathBuf {
    let (file, _) = name.rsplit_once("::").expect("a file and a function");
    if file.ends_with(".rs") {
        return root().join(file);
    }
    let tests = match file.strip_prefix("cli/") {
        Some(_) => root().join("crates/cli/tests"),
        None => root().join("tests"),
    };
    let module = tests.join(file.trim_start_matches("cli/"));
    if module.is_dir() {
        return module.join("mod.rs");
    }
    module.with_extension("rs")
}

/// The functions of a file that the test harness runs.
fn tests_in(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" || line == "#[quickcheck]" {
            marked = true;
        } else if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            if std::mem::take(&mut marked) {
                found.insert(name);
            }
        } else {
            let between = line.starts_with("#[") || line.starts_with("//") || line.is_empty();
            marked &= between && !line.starts_with("#[ignore");
        }
    }
    found
}

fn check_names(document: &str, cells: impl IntoIterator<Item = String>) {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for cell in cells {
        for name in names(&cell) {
            let path = file_of(name);
            let text = files.entry(path.clone()).or_insert_with(|| read(&path));
            let function = name.rsplit("::").next().unwrap_or_default();
            assert!(
                tests_in(text).contains(function),
                "{document} names {name}, which is no test in {}",
                path.display()
            );
        }
    }
}

fn is_left_to_a_later_one(cell: &str) -> bool {
    !cell.is_empty()
        && cell.split("; ").all(|part| {
            let topic = part.split(" (").next().unwrap_or_default();
            LATER.contains(&topic)
        })
}

#[test]
fn every_threat_has_a_test_that_exists_or_a_place_it_comes_with() {
    let rows = table("threats.md");
    let numbers: Vec<u8> = rows
        .iter()
        .map(|row| row[0].parse().expect("a number"))
        .collect();
    assert!(
        numbers.iter().copied().eq(1..=68),
        "every row once: {numbers:?}"
    );
    for (row, number) in rows.iter().zip(numbers) {
        let [_, layer, _, tests, later] = &row[..] else {
            panic!("row {number} has {} cells", row.len());
        };
        assert!(
            later.is_empty() || is_left_to_a_later_one(later),
            "row {number}: {later}"
        );
        assert!(
            !names(tests).is_empty() || !later.is_empty(),
            "row {number} is nobody's"
        );
        let ours = layer
            .split('/')
            .any(|layer| ["DEC", "SIG", "BRB", "APP"].contains(&layer));
        if ours && !NOT_YET.contains(&number) {
            assert!(!names(tests).is_empty(), "row {number} has no test");
        }
    }
    check_names(
        "docs/threats.md",
        rows.into_iter().map(|row| row[3].clone()),
    );
}

#[test]
fn every_defect_has_a_regression_or_a_place_it_comes_with() {
    let rows = table("defects.md");
    let ids: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    let expected = [("S", 10), ("L", 6), ("C", 12)];
    let expected = expected
        .into_iter()
        .flat_map(|(letter, last)| (1..=last).map(move |number| format!("{letter}{number}")));
    assert!(expected.eq(ids.iter().cloned()), "{ids:?}");
    for row in &rows {
        let [id, _, tests, later] = &row[..] else {
            panic!("{} has {} cells", row[0], row.len());
        };
        assert!(
            later.is_empty() || is_left_to_a_later_one(later),
            "{id}: {later}"
        );
        assert!(
            !names(tests).is_empty() || !later.is_empty(),
            "{id} is nobody's"
        );
        for name in names(tests) {
            let id = id.to_lowercase();
            let ours = [
                "broadcast/regressions",
                "reconfiguration/generations/defects",
                "reconfiguration/checkpoints",
            ];
            let begins = ours.map(|file| format!("{file}::{id}_"));
            let ours = begins.iter().any(|begins| name.starts_with(begins));
            assert!(ours, "{id} is shown by {name}");
        }
    }
    check_names(
        "docs/defects.md",
        rows.into_iter().map(|row| row[2].clone()),
    );
}

/// The ignored tests of a file, each with the reason why.
fn ignored_in(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut reason = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[ignore = \"") {
            reason = Some(rest.trim_end_matches("\"]").to_owned());
        } else if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split('(').next().unwrap_or_default().to_owned();
            found.extend(reason.take().map(|reason| (name, reason)));
        }
    }
    found
}

/// The open faults in the table are those that ignored tests show, and each test says which it is.
#[test]
fn every_open_fault_has_an_ignored_test_and_every_such_test_its_row() {
    let text = read(&root().join("docs/defects.md"));
    let (_, open) = text.split_once(OPEN).expect("a table of open faults");
    let (open, _) = open.split_once(MENDED).expect("an end of it");
    let mut told = BTreeSet::new();
    for row in rows(open) {
        let [id, _, _, tests] = &row[..] else {
            panic!("{} has {} cells", row[0], row.len());
        };
        assert!(!names(tests).is_empty(), "{id} has no test");
        for name in names(tests) {
            let (file, test) = name.rsplit_once("::").expect("a file and a function");
            let begins = format!("{}_", id.to_lowercase());
            assert!(test.starts_with(&begins), "{id} is shown by {name}");
            told.insert((file.to_owned(), test.to_owned(), format!("open: {id}")));
        }
    }
    let mut shown = BTreeSet::new();
    for file in fs::read_dir(root().join("tests/broadcast/open_faults")).expect("a folder") {
        let path = file.expect("a file").path();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let file = format!("broadcast/open_faults/{stem}");
        let ignored = ignored_in(&read(&path)).into_iter();
        shown.extend(ignored.map(|(test, reason)| (file.clone(), test, reason)));
    }
    assert_eq!(told, shown);
}

/// A fault is mended when a test that runs tells so.
#[test]
fn every_mended_fault_has_its_test() {
    let text = read(&root().join("docs/defects.md"));
    let (_, mended) = text.split_once(MENDED).expect("a table of mended faults");
    let rows = rows(mended);
    assert!(
        rows.iter()
            .all(|row| row.len() == 4 && !names(&row[3]).is_empty())
    );
    check_names(
        "docs/defects.md",
        rows.into_iter().map(|row| row[3].clone()),
    );
}

/// The text in front of the table names tests, too.
#[test]
fn the_prose_names_tests_that_exist() {
    for document in ["threats.md", "defects.md"] {
        let text = read(&root().join("docs").join(document));
        let prose = text.lines().filter(|line| !line.starts_with('|'));
        let prose: String = prose.flat_map(|line| [line, "\n"]).collect();
        let all: Vec<_> = names(&prose)
            .into_iter()
            .filter(|name| !name.ends_with('…'))
            .collect();
        check_names(document, all.into_iter().map(|name| format!("`{name}`")));
    }
}

/// Every regression is in the table: a biography that no line tells of has been forgotten there.
#[test]
fn no_regression_is_missing_from_the_table() {
    let text = read(&root().join("tests/broadcast/regressions.rs"));
    let rows = table("defects.md");
    let named: BTreeSet<_> = rows
        .iter()
        .flat_map(|row| names(&row[2]))
        .filter_map(|name| name.rsplit("::").next())
        .collect();
    let missing: Vec<_> = tests_in(&text)
        .into_iter()
        .filter(|test| !named.contains(test))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
