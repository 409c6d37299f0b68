//! Who stands on whom, as a graph of files.

use std::collections::{BTreeMap, BTreeSet};

/// An arrow from the file that names something to the file that defines it.
pub(super) type Arrows = BTreeSet<(String, String)>;

/// The circles: files each of which reaches all the others by arrows.
pub(super) fn circles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let mut next = BTreeMap::<&str, Vec<&str>>::new();
    for (from, to) in arrows {
        next.entry(from).or_default().push(to);
    }
    let reaches: BTreeMap<&str, BTreeSet<&str>> = next
        .keys()
        .map(|from| (*from, reached(from, &next)))
        .collect();
    let reach = |from: &str, to: &str| reaches.get(from).is_some_and(|all| all.contains(to));
    next.keys()
        .filter(|file| reach(file, file))
        .map(|file| {
            let circle = reaches[file].iter().filter(|other| reach(other, file));
            circle.map(|file| (*file).to_owned()).collect()
        })
        .collect()
}

fn reached<'a>(from: &str, next: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = open.pop() {
        if found.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    found
}

/// The arrows between these files.
pub(super) fn within(arrows: &Arrows, files: &BTreeSet<String>) -> Vec<String> {
    arrows
        .iter()
        .filter(|(from, to)| files.contains(from) && files.contains(to))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect()
}

#[test]
fn a_circle_is_found_and_a_chain_is_none() {
    let arrows = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")];
    let arrows: Arrows = arrows
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
        .collect();
    let circle = ["b", "c"].iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(circles(&arrows), BTreeSet::from([circle]));
}
