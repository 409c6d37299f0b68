//! The shape of the source, read from the source itself: which file stands on which, who may say no, how large a type may
//! grow. Every path counts, wherever it stands: in a `use`, in an expression, in a signature, in `pub(in …)`, in a macro.
//! A re-export is a signpost: whoever goes by it stands on the file that defines the thing.

mod arrows;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use source::Sources;

/// The middle layer, whose floors `ARCHITECTURE.md` draws.
const MIDDLE: &str = "src/deterministic_secure_broadcast/";

/// The circles elsewhere, each by one of its files, and why it stays.
const CIRCLES: [(&str, &str); 2] = [
    (
        "src/bank/ledger.rs",
        "a ledger carries out what its spending rules allow, and they read the ledger that they are of",
    ),
    (
        "src/net/world/peer/mod.rs",
        "a peer hands its services a context, which has a peer's effects",
    ),
];

/// What changes something and can say no: the door, which decides by looking and then carries out, and a value that is
/// left as it was.
const DOORS: [&str; 2] = ["Generations::extend", "SecureBroadcast::handle"];

/// What is larger than a type may be: the router, whose methods stand beside the parts they are about.
const LARGE: [&str; 1] = ["SecureBroadcast"];

/// How many methods and fields a type of the middle may have.
const MAX_METHODS: usize = 40;
const MAX_FIELDS: usize = 12;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Sources {
    Sources::read(root())
}

#[test]
fn files_stand_in_no_circle_in_the_middle_and_in_two_elsewhere() {
    let arrows = sources().arrows();
    let circles = arrows::circles(&arrows);
    let (inside, elsewhere): (Vec<_>, Vec<_>) = circles
        .into_iter()
        .partition(|circle| circle.iter().any(|file| file.starts_with(MIDDLE)));
    let inside: BTreeSet<String> = inside.into_iter().flatten().collect();
    assert!(
        inside.is_empty(),
        "these arrows make circles: {:#?}",
        arrows::within(&arrows, &inside)
    );
    let known = |circle: &BTreeSet<String>| {
        let mut files = CIRCLES.iter().map(|(file, _)| *file);
        files.any(|file| circle.contains(file))
    };
    let new = elsewhere.iter().filter(|circle| !known(circle));
    let new: Vec<_> = new.map(|circle| arrows::within(&arrows, circle)).collect();
    assert!(new.is_empty(), "{new:#?}");
    assert_eq!(
        elsewhere.len(),
        CIRCLES.len(),
        "a circle is open: {CIRCLES:?}"
    );
}

/// The floors that `ARCHITECTURE.md` draws, from top to bottom: names of files, and of folders with a `/` at the end.
fn drawn() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a map");
    let (_, drawing) = text.split_once("<!-- floors: begin -->").expect("floors");
    let (drawing, _) = drawing.split_once("<!-- floors: end -->").expect("an end");
    let rows = drawing.lines().filter(|line| line.contains("| `"));
    let files = rows.filter_map(|row| row.split('|').nth(2));
    let names = files.map(|cell| {
        let names = cell.split(',').map(|name| name.trim().trim_matches('`'));
        names.map(str::to_owned).collect()
    });
    names.collect()
}

/// The floor of a file: the longest name that fits says which.
fn floor_of(file: &str, floors: &[Vec<String>]) -> Option<usize> {
    let fits = |name: &str| {
        file == format!("{name}.rs")
            || file.starts_with(&format!("{name}/"))
            || (name.ends_with('/') && file.starts_with(name))
    };
    let places = floors.iter().enumerate();
    let names = places.flat_map(|(floor, names)| names.iter().map(move |name| (floor, name)));
    let fitting = names.filter(|(_, name)| fits(name));
    fitting
        .max_by_key(|(_, name)| name.len())
        .map(|(floor, _)| floor)
}

/// `ARCHITECTURE.md` draws the middle as it is: every file has its floor, and stands on nothing above it.
#[test]
fn nothing_stands_on_a_floor_above_its_own() {
    let floors = drawn();
    let sources = sources();
    let floor = |file: &str| {
        let inside = file.strip_prefix(MIDDLE)?;
        Some(floor_of(inside, &floors).unwrap_or_else(|| panic!("{file} has no floor")))
    };
    let up: Vec<String> = sources
        .arrows()
        .iter()
        .filter(|(from, to)| {
            floor(from)
                .zip(floor(to))
                .is_some_and(|(from, to)| to < from)
        })
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert_eq!(up, Vec::<String>::new());
}

#[test]
fn the_longest_name_says_the_floor() {
    let floors = [vec!["part/".to_owned()], vec!["part/noun".to_owned()]];
    assert_eq!(floor_of("part/door.rs", &floors), Some(0));
    assert_eq!(floor_of("part/noun.rs", &floors), Some(1));
    assert_eq!(floor_of("part/noun/deep.rs", &floors), Some(1));
    assert_eq!(floor_of("other.rs", &floors), None);
}

#[test]
fn nothing_that_may_change_a_replica_can_reject() {
    let mut found = BTreeSet::new();
    for method in sources().methods() {
        let inside = method.file.starts_with(MIDDLE);
        if inside && method.takes_mut_self && method.returns.contains("Rejection") {
            found.insert(format!("{}::{}", method.owner, method.name));
        }
    }
    assert_eq!(found, DOORS.map(str::to_owned).into());
}

#[test]
fn no_type_of_the_middle_is_a_hall() {
    let sources = sources();
    let mut methods = BTreeMap::<String, usize>::new();
    for method in sources.methods() {
        if method.file.starts_with(MIDDLE) && !method.of_trait {
            *methods.entry(method.owner.clone()).or_default() += 1;
        }
    }
    let fields = sources.fields(MIDDLE);
    let large: BTreeSet<&str> = methods
        .iter()
        .filter(|(_, count)| **count > MAX_METHODS)
        .chain(fields.iter().filter(|(_, count)| **count > MAX_FIELDS))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(large, LARGE.into());
}
