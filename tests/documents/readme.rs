//! What the documents say about the code is true: code, paths, links and invariants.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// Every document for people, by path.
fn documents() -> Vec<String> {
    let found = |folder: &str| {
        let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let documents = names.filter(|name| name.ends_with(".md"));
        let prefix = folder.trim_start_matches('.').to_owned();
        documents.map(move |name| prefix.clone() + &name)
    };
    let folders = [".", "docs/", "docs/decisions/"];
    let mut documents: Vec<String> = folders.into_iter().flat_map(found).collect();
    documents.sort();
    documents
}

/// The code blocks of a document, with their languages.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, code))) => *code += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn rust_blocks() -> impl Iterator<Item = String> {
    let readme = read("README.md");
    let blocks = blocks(&readme).into_iter();
    let rust = blocks.filter(|(language, _)| *language == "rust");
    rust.map(|(_, code)| code).collect::<Vec<_>>().into_iter()
}

/// The text of a document outside its code blocks.
fn prose(text: &str) -> String {
    let fences = text.split("```").step_by(2);
    fences.collect()
}

/// What stands between single backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn the_first_code_of_the_readme_is_the_example_bank() {
    let example = read("examples/bank.rs");
    let code = example
        .split_once("\n\n")
        .expect("a line about it in front")
        .1;
    let readme = rust_blocks().next().expect("code");
    assert_eq!(
        readme, code,
        "copy examples/bank.rs, without its first line, into README.md"
    );
}

#[test]
fn the_readme_shows_the_trait_as_it_is() {
    let strip = |code: &str| {
        let lines = code
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default());
        lines
            .flat_map(str::split_whitespace)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shown = rust_blocks()
        .find(|code| code.contains("pub trait"))
        .expect("the trait");
    let code = strip(&read("src/traits.rs"));
    let code = code
        .split_once("pub trait SecureBroadcastAlgorithm")
        .expect("the trait")
        .1;
    let code = code.split_once("pub fn").expect("the function after it").0;
    let shown = strip(&shown);
    let signatures = |code: &str| -> Vec<String> {
        let items = code.split(" fn ").skip(1);
        let heads = items.map(|item| item.split([';', '{']).next().unwrap_or_default());
        heads.map(|head| head.trim().to_owned()).collect()
    };
    assert_eq!(signatures(&shown), signatures(code));
    for item in shown.split(';').filter(|item| item.contains(" type ")) {
        let item = item.rsplit("type ").next().unwrap_or_default();
        assert!(code.contains(item), "{item}");
    }
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = prose(&read(&document));
        let folder = Path::new(&document).parent().unwrap_or(Path::new(""));
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.contains("://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => PathBuf::from(&document),
                path => folder.join(path),
            };
            let found = root().join(&target).exists()
                && (heading.is_empty()
                    || anchors(&read(&target.to_string_lossy())).contains(heading));
            if !found {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What links may put behind a `#`: the headings of a document, as they are commonly spelt there.
fn anchors(text: &str) -> BTreeSet<String> {
    let text = prose(text);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let spelt = headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    });
    spelt.collect()
}

#[test]
fn every_path_the_documents_name_exists() {
    let folders = [
        ".cargo",
        "crates",
        "docs",
        "examples",
        "scenarios",
        "src",
        "tests",
    ];
    let mut missing = BTreeSet::new();
    for document in documents() {
        for name in quoted(&prose(&read(&document))) {
            let path = name
                .split("::")
                .next()
                .unwrap_or(name)
                .trim_end_matches('/');
            let known = folders.iter().any(|folder| {
                path.strip_prefix(folder)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let pattern = path.contains(['<', '*', ' ', '{', '…']);
            if known && !pattern && !root().join(path).exists() {
                missing.insert(format!("{document}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_invariant_is_written_down_and_kept_where_it_says() {
    let verification = read("docs/verification.md");
    // A row is `| I1 | what | where, in backticks |`.
    let mut kept: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for line in verification.lines() {
        let Some(row) = line.strip_prefix("| I") else {
            continue;
        };
        let (number, rest) = row.split_once(" |").expect("a number");
        let place = rest
            .trim_end_matches(" |")
            .rsplit(" | ")
            .next()
            .expect("a place");
        let files = quoted(place).map(str::to_owned).collect::<BTreeSet<_>>();
        assert!(!files.is_empty(), "I{number} is kept nowhere");
        let twice = kept.insert(number.parse().expect("a number"), files);
        assert!(twice.is_none(), "I{number} stands there twice");
    }
    assert!(kept.len() > 10, "only {} invariants found", kept.len());
    assert!(
        kept.keys().copied().eq(1..=kept.len() as u32),
        "a number is missing"
    );

    for (path, code) in sources(&root().join("src")) {
        for number in cited(&code) {
            let known = kept.get(&number).is_some_and(|files| files.contains(&path));
            assert!(
                known,
                "{path} cites I{number}, docs/verification.md does not say so"
            );
        }
    }
    for (number, files) in &kept {
        for path in files {
            let cites = cited(&read(path)).contains(number);
            assert!(
                cites,
                "docs/verification.md says {path} keeps I{number}, it does not say so itself"
            );
        }
    }
}

/// Every source file under a folder, with its path from the root.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).expect("below the root");
                let name = name.to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found
}

/// The invariants a file cites in its comments: the word `I` and a number.
fn cited(code: &str) -> BTreeSet<u32> {
    let comments = code
        .lines()
        .filter_map(|line| Some(line.split_once("//")?.1));
    let words = comments.flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
    words
        .filter_map(|word| word.strip_prefix('I')?.parse().ok())
        .collect()
}

#[test]
fn the_architecture_is_a_map() {
    let size = read("ARCHITECTURE.md").len();
    assert!(
        size < 12_000,
        "{size} bytes: what it says in detail belongs into docs/"
    );
}

#[test]
fn every_decision_is_one_page_with_its_context_and_consequence() {
    let index = read("docs/decisions.md");
    let pages: Vec<String> = documents()
        .into_iter()
        .filter(|path| path.starts_with("docs/decisions/"))
        .collect();
    assert!(pages.len() > 40, "only {} decisions", pages.len());
    for (number, path) in (1..).zip(&pages) {
        let text = read(path);
        let parts = ["## Context", "## Decision", "## Consequence", "## Status"];
        let places: Vec<Option<usize>> = parts.iter().map(|part| text.find(part)).collect();
        assert!(
            places[0].is_some() && places.is_sorted(),
            "{path}: {places:?}"
        );
        assert!(text.starts_with(&format!("# {number:04}. ")), "{path}");
        assert!(text.len() < 4_000, "{path}: more than a page");
        let link = path.trim_start_matches("docs/");
        assert!(
            index.contains(&format!("]({link})")),
            "{path} is not in the index"
        );
    }
}

#[test]
fn every_rule_function_is_named_where_the_rules_are_listed() {
    let verification = read("docs/verification.md");
    let rules = read("src/deterministic_secure_broadcast/rules.rs");
    let functions = rules
        .split("pub trait Rules")
        .nth(1)
        .and_then(|rest| rest.split("\n}\n").next())
        .expect("the trait");
    let names = functions.split("\n    fn ").skip(1);
    let names = names.filter_map(|rest| rest.split(['(', '<']).next());
    let missing: Vec<&str> = names
        .filter(|name| !verification.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The table of bounds says where each constant stands.
#[test]
fn every_bound_stands_where_the_table_says() {
    let mut found = 0;
    for row in read("docs/bounds.md").lines() {
        let Some((names, path)) = row.rsplit_once(" in `") else {
            continue;
        };
        let names = names.rsplit(" | ").next().unwrap_or_default();
        let path = path.trim_end_matches("` |");
        for name in quoted(names) {
            found += 1;
            let defined = read(path).contains(&format!("const {name}:"));
            assert!(defined, "{path} defines no {name}");
        }
    }
    assert!(found > 10, "only {found} constants found");
}
