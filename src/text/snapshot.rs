//! The encoding of a text: every character ever inserted, by operation, deleted ones without what they said.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tree::{ROOT, Tree};
use super::{MAX_EDIT_CHARS, Side, Text};
use crate::actor::{Actor, Counter, Dot};
use crate::crdt::Forged;
use crate::crdt::order::in_order;

/// Everything inserted, by author. An author is named once, and then by its place here.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Snapshot(BTreeMap<Actor, Vec<Inserted>>);

/// What one operation has inserted.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inserted {
    counter: Counter,
    runs: Vec<Run>,
}

/// Characters of one operation, each but the first directly after the one before it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Run {
    /// What the first hangs off; none for the beginning of the text.
    parent: Option<Name>,
    /// On which side of it.
    side: Side,
    /// The characters; nothing where one is deleted.
    chars: Vec<Option<char>>,
}

/// The name of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Name {
    /// The place of its author.
    author: u32,
    /// The operation.
    counter: Counter,
    /// The how many-th of its characters.
    nth: u32,
}

impl From<Text> for Snapshot {
    fn from(text: Text) -> Self {
        let tree = &text.tree;
        let authors: BTreeSet<Actor> = tree.leaves().map(|leaf| leaf.dot.actor).collect();
        let authors: BTreeMap<Actor, u32> = authors.into_iter().zip(0..).collect();
        let name = |(dot, nth): (Dot, u32)| {
            let author = authors.get(&dot.actor).copied()?;
            let counter = dot.counter;
            Some(Name {
                author,
                counter,
                nth,
            })
        };
        let mut snapshot = Snapshot::default();
        for leaf in tree.leaves() {
            let Dot { actor, counter } = leaf.dot;
            let inserted = snapshot.0.entry(actor).or_default();
            if inserted.last().is_none_or(|last| last.counter != counter) {
                let runs = Vec::new();
                inserted.push(Inserted { counter, runs });
            }
            let Some(Inserted { runs, .. }) = inserted.last_mut() else {
                continue;
            };
            let parent = tree.name(leaf.parent);
            let last = leaf.nth.checked_sub(1).map(|last| (leaf.dot, last));
            match runs.last_mut() {
                Some(run) if leaf.side == Side::After && parent == last => {
                    run.chars.push(leaf.shown);
                }
                _ => runs.push(Run {
                    parent: parent.and_then(name),
                    side: leaf.side,
                    chars: vec![leaf.shown],
                }),
            }
        }
        snapshot
    }
}

impl TryFrom<Snapshot> for Text {
    type Error = Forged;

    fn try_from(Snapshot(by_author): Snapshot) -> Result<Self, Forged> {
        let authors: Vec<Actor> = by_author.keys().copied().collect();
        let mut operations = BTreeMap::new();
        for (actor, inserted) in by_author {
            let mut last = Counter::ZERO;
            for Inserted { counter, runs } in &inserted {
                let chars: usize = runs.iter().map(|run| run.chars.len()).sum();
                if *counter <= last || !(1..=MAX_EDIT_CHARS).contains(&chars) {
                    let why = "an operation out of order, or that inserts nothing, or too much";
                    return Err(Forged(why));
                }
                last = *counter;
            }
            if last == Counter::ZERO {
                return Err(Forged("an author of nothing"));
            }
            for Inserted { counter, runs } in inserted {
                operations.insert(Dot::new(actor, counter), runs);
            }
        }
        let name = |name: &Name| {
            let author = authors.get(usize::try_from(name.author).ok()?)?;
            Some((Dot::new(*author, name.counter), name.nth))
        };
        let nothing = Forged("characters that hang off nothing");
        let mut needs = BTreeMap::new();
        for (dot, runs) in &operations {
            let mut of = BTreeSet::new();
            for parent in runs.iter().filter_map(|run| run.parent.as_ref()) {
                of.insert(name(parent).ok_or(nothing)?.0);
            }
            of.remove(dot);
            needs.insert(*dot, of);
        }
        let mut tree = Tree::default();
        for dot in in_order(&needs).ok_or(nothing)? {
            for run in operations.remove(&dot).unwrap_or_default() {
                let parent = run.parent.as_ref().and_then(name);
                insert(&mut tree, dot, parent, run)?;
            }
        }
        Ok(Text { tree })
    }
}

fn insert(tree: &mut Tree, dot: Dot, parent: Option<(Dot, u32)>, run: Run) -> Result<(), Forged> {
    let last = tree.inserted_by(&dot).and_then(|len| len.checked_sub(1));
    let goes_on = last.is_some_and(|last| parent == Some((dot, last)));
    let node = match parent {
        Some((of, nth)) => tree.node(&of, nth),
        None => Some(ROOT),
    };
    let mut parent = node.ok_or(Forged("a character that hangs off nothing"))?;
    if run.chars.is_empty()
        || (parent == ROOT && run.side == Side::Before)
        || (goes_on && run.side == Side::After)
    {
        return Err(Forged("a run that is none"));
    }
    let mut side = run.side;
    for char in run.chars {
        let next = tree.inserted_by(&dot).unwrap_or_default();
        tree.insert(dot, parent, side, char);
        let node = tree.node(&dot, next);
        parent = node.ok_or(Forged("an operation in pieces"))?;
        side = Side::After;
    }
    Ok(())
}
