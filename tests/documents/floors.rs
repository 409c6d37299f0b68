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

/// How many files of the middle are still in a circle, because they hold a part and doors of the replica, too. It only
/// goes down, to none.
const KNOTS: usize = 23;

/// How many circles there still are elsewhere. It only goes down, to two.
const CIRCLES: usize = 15;

/// What changes something and can say no: the door, which decides by looking and then carries out, and a value that is
/// left as it was.
const DOORS: [&str; 2] = ["Generations::extend", "SecureBroadcast::handle"];

/// What is larger than a type may be: the router, whose methods stand beside the parts they are about, and what is left to
/// be cut.
const LARGE: [&str; 3] = ["Handover", "Reconfiguration", "SecureBroadcast"];

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
fn circles_of_files_get_fewer() {
    let arrows = sources().arrows();
    let circles = arrows::circles(&arrows);
    let (inside, elsewhere): (Vec<_>, Vec<_>) = circles
        .into_iter()
        .partition(|circle| circle.iter().any(|file| file.starts_with(MIDDLE)));
    let knots: BTreeSet<String> = inside.into_iter().flatten().collect();
    assert!(
        knots.len() <= KNOTS,
        "{} files in circles, by these arrows: {:#?}",
        knots.len(),
        arrows::within(&arrows, &knots)
    );
    assert!(elsewhere.len() <= CIRCLES, "{elsewhere:#?}");
}

/// What travels or lies on disk knows no part of the machine, and the rules know nothing at all.
#[test]
fn the_ground_floors_stand_on_nothing_above_them() {
    let ground = [
        "wire/",
        "rules",
        "error",
        "header",
        "proof",
        "frame",
        "packet",
        "journal.rs",
        "journal/",
        "genesis",
    ];
    let on_ground = |file: &str| {
        let inside = file.strip_prefix(MIDDLE);
        inside.is_some_and(|file| ground.iter().any(|floor| file.starts_with(floor)))
    };
    let up: Vec<String> = sources()
        .arrows()
        .iter()
        .filter(|(from, to)| on_ground(from) && to.starts_with(MIDDLE) && !on_ground(to))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert_eq!(up, Vec::<String>::new());
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
    let more: Vec<_> = large.iter().filter(|name| !LARGE.contains(name)).collect();
    assert!(more.is_empty(), "{more:?}");
}
