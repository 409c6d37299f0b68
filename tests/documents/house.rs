//! What users rely on without naming it in a test: the folders, packages and modules that have always been there, the
//! lints of the core and the middle, and that the formatter and the tests leave no file out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

/// What the core and the middle deny outside their tests.
const DENIED: [&str; 12] = [
    "arithmetic_side_effects",
    "disallowed_methods",
    "disallowed_types",
    "expect_used",
    "float_arithmetic",
    "indexing_slicing",
    "panic",
    "print_stderr",
    "print_stdout",
    "todo",
    "unreachable",
    "unwrap_used",
];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.canonicalize().expect("the root of the package")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn parse(path: &Path) -> syn::File {
    syn::parse_file(&read(path)).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The modules that a file declares as items: what a macro declares, neither we nor the formatter see.
fn modules(items: &[Item]) -> impl Iterator<Item = &ItemMod> {
    items.iter().filter_map(|item| match item {
        Item::Mod(module) => Some(module),
        _ => None,
    })
}

/// What `#[path = "…"]` says.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            Expr::Lit(literal) if pair.path.is_ident("path") => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    })
}

/// The file of a module that is declared in a file whose modules live in `folder`.
fn file_of(module: &ItemMod, declared_in: &Path, folder: &Path) -> PathBuf {
    if let Some(path) = path_attribute(&module.attrs) {
        let beside = declared_in.parent().expect("a folder");
        return beside.join(path).canonicalize().expect("a file");
    }
    let name = module.ident.to_string();
    let flat = folder.join(&name).with_extension("rs");
    match flat.exists() {
        true => flat,
        false => folder.join(name).join("mod.rs"),
    }
}

/// The files of the modules that these items declare, and the modules in them that have no file.
fn declared(items: &[Item], folder: &Path, file: &Path, found: &mut Vec<PathBuf>) {
    for module in modules(items) {
        match &module.content {
            Some((_, items)) => {
                let folder = folder.join(module.ident.to_string());
                declared(items, &folder, file, found);
            }
            None => found.push(file_of(module, file, folder)),
        }
    }
}

/// Every file that is reached from a crate's first one over the modules that its files declare.
fn reached_from(first: &Path) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut todo = vec![first.to_owned()];
    while let Some(file) = todo.pop() {
        if !reached.insert(file.clone()) {
            continue;
        }
        let stem = file.file_stem().expect("a name");
        let parent = file.parent().expect("a folder");
        let folder = match ["lib", "main", "mod"].iter().any(|name| stem == *name) {
            true => parent.to_owned(),
            false => parent.join(stem),
        };
        declared(&parse(&file).items, &folder, &file, &mut todo);
    }
    reached
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.insert(path);
            }
        }
    }
    found
}

/// The test programs: `tests/NAME/main.rs`.
fn test_programs() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests")).expect("a folder");
    let mains = entries.map(|entry| entry.expect("an entry").path().join("main.rs"));
    mains.filter(|main| main.exists()).collect()
}

#[test]
fn the_top_level_is_where_users_look_for_it() {
    let expected = ["Cargo.toml", "README.md", "assets", "msc", "src", "tests"];
    let missing: Vec<_> = expected
        .iter()
        .filter(|name| !root().join(name).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_packages_that_users_asked_for_are_depended_on() {
    let mut sections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in read(&root().join("Cargo.toml")).lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.split_once('=') {
            let package = key.trim().split('.').next().unwrap_or_default();
            let packages = sections.entry(section.clone()).or_default();
            packages.insert(package.to_owned());
        }
    }
    let expected = [
        ("dependencies", "serde"),
        ("dependencies", "bincode"),
        ("dependencies", "ed25519-dalek"),
        ("dependencies", "blake3"),
        ("dependencies", "crdts"),
        ("dev-dependencies", "quickcheck"),
        ("dev-dependencies", "quickcheck_macros"),
    ];
    for (section, package) in expected {
        assert!(sections[section].contains(package), "{package}");
    }
}

/// Those of the first `bft-crdts`, public under the same names, and the table of the README leads to them.
#[test]
fn the_modules_of_the_ancestor_are_here_under_their_names() {
    let library = parse(&root().join("src/lib.rs"));
    let public: BTreeSet<String> = modules(&library.items)
        .filter(|module| matches!(module.vis, syn::Visibility::Public(_)))
        .map(|module| module.ident.to_string())
        .collect();
    let readme = read(&root().join("README.md"));
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();
    let seed = [
        "actor",
        "bank",
        "deterministic_secure_broadcast",
        "net",
        "orswot",
        "traits",
    ];
    for module in seed {
        assert!(public.contains(module), "{module} is not public");
        let here = [format!("`src/{module}.rs`"), format!("`src/{module}/`")];
        let told = rows
            .iter()
            .any(|row| here.iter().any(|path| row.contains(path)));
        assert!(told, "no row of the README leads to {module}");
    }
}

/// The lints stand at the head of each module, where they hold for everything in it.
#[test]
fn the_core_and_the_middle_deny_what_could_panic_or_differ() {
    let path = root().join("src/lib.rs");
    let library = parse(&path);
    let everywhere: Vec<_> = modules(&library.items)
        .filter(|module| !module.attrs.iter().any(|it| it.path().is_ident("cfg")))
        .collect();
    assert!(everywhere.len() >= 9, "{} modules", everywhere.len());
    for module in everywhere {
        let file = file_of(module, &path, &root().join("src"));
        let attributes = parse(&file).attrs.into_iter();
        let denials = attributes.filter_map(|attribute| match attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => Some(list.tokens.to_string()),
            _ => None,
        });
        let denied: BTreeSet<String> = denials
            .map(|tokens| tokens.split_whitespace().collect::<String>())
            .filter_map(|tokens| Some(tokens.strip_prefix("not(test),deny(")?.to_owned()))
            .flat_map(|lints| {
                let lints = lints.split([',', ')']);
                let lints = lints.map(|lint| lint.trim_start_matches("clippy::").to_owned());
                lints.collect::<Vec<_>>()
            })
            .collect();
        let missing: Vec<_> = DENIED
            .iter()
            .filter(|lint| !denied.contains(**lint))
            .collect();
        assert!(missing.is_empty(), "{} allows {missing:?}", file.display());
    }
}

/// A module that a macro declares would be compiled and never formatted.
#[test]
fn the_formatter_reaches_every_file_of_the_library() {
    let reached = reached_from(&root().join("src/lib.rs"));
    let all = rust_files(&root().join("src"));
    assert!(all.len() > 100, "{} files", all.len());
    let missed: Vec<_> = all.difference(&reached).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// A file of tests that no program declares would be read by people and run by nobody.
#[test]
fn every_file_of_tests_belongs_to_a_program() {
    let programs = test_programs();
    let reached: BTreeSet<_> = programs
        .iter()
        .flat_map(|main| reached_from(main))
        .collect();
    let missed: Vec<_> = rust_files(&root().join("tests"))
        .into_iter()
        .filter(|file| !reached.contains(file))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Every program links the library, the simulator and all dependencies once more.
#[test]
fn the_tests_are_few_programs() {
    let programs = test_programs();
    assert!(programs.len() <= 6, "{programs:#?}");
    let entries = fs::read_dir(root().join("tests")).expect("a folder");
    let loose: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect();
    assert!(loose.is_empty(), "a program of its own each: {loose:#?}");
}
