//! A text that many write at the same time.
//!
//! A text is a [`Hosted`] type: [`Replicated`](crate::crdt::Replicated)`<Text>` is replicated by secure broadcast. An operation
//! inserts characters beside others, and deletes characters, all named by the operations that inserted them; so it
//! means the same wherever it arrives, whatever has been delivered there besides. What a character hangs off is for its
//! author to choose, and every choice gives a text on which all replicas agree: there is nothing in an
//! operation that others have to believe, only something that has to be there ([`Invalid::NoSuchElement`]).
//!
//! Why not [`List`](crate::crdt::List), which orders characters too: an operation there is one character, an index is
//! found by counting, and every element keeps a path of numbers. With 20,000 characters typed at random places one more
//! takes 2.4 µs here and 32 µs there, and the snapshot is 279 kB here and 5.4 MB there (`tests/core_layer/text_speed.rs`). And
//! what two people type at one place at the same time may end up interleaved there, but not here.
//!
//! What an operation costs others is about what it is long: all it inserts, and all it deletes for the first time, has to
//! be written down once; naming what is deleted already costs nothing. [`MAX_EDIT_CHARS`] bounds the rest.
//!
//! Deleted characters leave their names behind, without what they said. Positions count Unicode scalar
//! values.
//!
//! ```
//! use bft_crdts::crdt::{Draft, Replicated};
//! use bft_crdts::text::Text;
//! use bft_crdts::{Actor, Counter, SecureBroadcastAlgorithm};
//!
//! let ann = Actor::from_bytes([1; 32]);
//! let mut draft = Draft::of(&Replicated::<Text>::new(ann), Counter::ZERO);
//! let hello = draft.try_make(|text| text.insert(0, "hello")).expect("there is a place 0");
//! let world = draft.try_make(|text| text.insert(5, " world")).expect("it sees what is under way");
//! assert_eq!(draft.value().to_string(), "hello world");
//! // Both can be broadcast at once: `replica.broadcast([hello, world])`.
//! # let _ = (hello, world);
//! ```

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod act;
mod marks;
mod snapshot;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::actor::{Counter, Dot};
use crate::crdt::{Hosted, Invalid, Op, Pen, Ref, Seen};
use tree::{ROOT, Tree};

pub use act::{Anchor, Change, Edit, Element, MAX_EDIT_CHARS, Side, Span};

/// A text that many write at the same time.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(into = "snapshot::Snapshot", try_from = "snapshot::Snapshot")]
pub struct Text {
    tree: Tree,
}

/// A replacement: at a position, so many characters go and others come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patch<'a> {
    /// The position, in characters.
    pub at: usize,
    /// How many characters go from there.
    pub delete: usize,
    /// What comes in their place.
    pub insert: &'a str,
}

/// The characters; with `{}`, the text.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars()
            .try_for_each(|char| fmt::Write::write_char(f, char))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl Text {
    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The characters, in order.
    pub fn chars(&self) -> impl Iterator<Item = char> + '_ {
        self.chars_from(0)
    }

    /// The characters from this position on.
    pub fn chars_from(&self, position: usize) -> impl Iterator<Item = char> + '_ {
        let nodes = self.tree.shown_from(position);
        nodes.filter_map(|node| self.tree.char(node))
    }

    /// Which operation has inserted the character at this position, as the how many-th of its characters (from 0).
    pub fn inserted_by(&self, position: usize) -> Option<(Dot, u32)> {
        self.tree.name(self.tree.shown_from(position).next()?)
    }

    /// Where this character stands, or would stand were it not deleted: how many are shown before it. `None` if there
    /// never was one.
    pub fn position(&self, dot: &Dot, nth: u32) -> Option<usize> {
        self.tree.position(self.tree.node(dot, nth)?)
    }

    /// The operation that inserts `text` at a position. `None` if the text is not as long as that, or nothing is inserted.
    pub fn insert(&self, at: usize, text: &str) -> Option<Op<Self>> {
        let (delete, insert) = (0, text);
        self.patch(&[Patch { at, delete, insert }])
    }

    /// The operation that deletes the characters in a range. `None` if the text is not as long as that, or the range is
    /// empty.
    pub fn delete(&self, range: Range<usize>) -> Option<Op<Self>> {
        let (at, insert) = (range.start, "");
        let delete = range.end.checked_sub(range.start)?;
        self.patch(&[Patch { at, delete, insert }])
    }

    /// The operation that makes these replacements one after the other: positions of a later one are those after the
    /// earlier. `None` if the text is not as long as a position, or nothing changes. With more than one it works on a
    /// copy of the text.
    pub fn patch(&self, patches: &[Patch<'_>]) -> Option<Op<Self>> {
        let seen = Seen::nothing();
        let mut changes = Vec::new();
        let mut scratch = None;
        for (index, patch) in patches.iter().enumerate() {
            let tree = scratch.as_ref().unwrap_or(&self.tree);
            let new = self::changes(tree, patch)?;
            if index.saturating_add(1) < patches.len() {
                let mut tree: Tree = scratch.take().unwrap_or_else(|| self.tree.clone());
                make(&mut tree, &SCRATCH, &new);
                scratch = Some(tree);
            }
            changes.extend(new);
        }
        (!changes.is_empty()).then(|| Op::new(Edit { seen, changes }))
    }
}

/// The name of an operation while it is put together. No broadcast ever gives a counter so high.
const SCRATCH: Dot = Dot::new(
    crate::actor::Actor::from_bytes([0xff; 32]),
    Counter::new(u64::MAX),
);

/// How an operation being put together refers to a node.
fn element(tree: &Tree, node: usize) -> Option<Element> {
    let (dot, nth) = tree.name(node)?;
    let op = match dot == SCRATCH {
        true => Ref::This,
        false => Ref::Of(dot),
    };
    Some(Element { op, nth })
}

fn changes(tree: &Tree, patch: &Patch<'_>) -> Option<Vec<Change>> {
    let end = patch.at.checked_add(patch.delete)?;
    if end > tree.len() {
        return None;
    }
    let mut changes = Vec::new();
    for node in tree.shown_from(patch.at).take(patch.delete) {
        let Element { op, nth } = element(tree, node)?;
        if let Some(Change::Delete(span)) = changes.last_mut()
            && span.op == op
            && span.first.checked_add(span.len) == Some(nth)
        {
            span.len = span.len.saturating_add(1);
            continue;
        }
        let (first, len) = (nth, 1);
        changes.push(Change::Delete(Span { op, first, len }));
    }
    if !patch.insert.is_empty() {
        let left = match patch.at.checked_sub(1) {
            Some(left) => tree.shown_from(left).next()?,
            None => ROOT,
        };
        let (parent, side) = tree.place_after(left);
        let at = match (parent, side) {
            (ROOT, _) => Anchor::Start,
            (_, Side::Before) => Anchor::Before(element(tree, parent)?),
            (_, Side::After) => Anchor::After(element(tree, parent)?),
        };
        let text = patch.insert.to_owned();
        changes.push(Change::Insert { at, text });
    }
    Some(changes)
}

/// Makes changes that were checked before.
fn make(tree: &mut Tree, dot: &Dot, changes: &[Change]) {
    let node = |tree: &Tree, element: &Element| {
        let of = element.op.resolve(dot).ok()?;
        tree.node(&of, element.nth)
    };
    for change in changes {
        match change {
            Change::Insert { at, text } => {
                let place = match at {
                    Anchor::Start => Some((ROOT, Side::After)),
                    Anchor::Before(of) => node(tree, of).map(|node| (node, Side::Before)),
                    Anchor::After(of) => node(tree, of).map(|node| (node, Side::After)),
                };
                let Some((mut parent, mut side)) = place else {
                    return;
                };
                for char in text.chars() {
                    let nth = tree.inserted_by(dot).unwrap_or_default();
                    tree.insert(*dot, parent, side, Some(char));
                    let Some(node) = tree.node(dot, nth) else {
                        return;
                    };
                    (parent, side) = (node, Side::After);
                }
            }
            Change::Delete(Span { op, first, len }) => {
                if let Ok(of) = op.resolve(dot) {
                    tree.delete(&of, *first, *len);
                }
            }
        }
    }
}

impl Hosted for Text {
    type Act = Edit;
    /// How many characters the operations have inserted.
    type Ahead = BTreeMap<Dot, u32>;

    fn name() -> String {
        "text".into()
    }

    fn witnessed(act: &Edit, dots: &mut BTreeSet<Dot>) {
        act.witnessed(dots);
    }

    /// The operations named are delivered, and what they have inserted keeps its name for ever: so validity is stable.
    fn admit(&self, ahead: &mut Self::Ahead, dot: &Dot, act: &Edit) -> Result<(), Invalid> {
        if self.tree.inserted_by(dot).is_some() || *dot == SCRATCH {
            return Err(Invalid::NotYetMade(*dot));
        }
        let known = |of: &Dot| self.tree.inserted_by(of).or_else(|| ahead.get(of).copied());
        let inserted = act.check(dot, known)?;
        if inserted > 0 {
            ahead.insert(*dot, inserted);
        }
        Ok(())
    }

    fn perform(&mut self, dot: &Dot, act: Edit) {
        make(&mut self.tree, dot, &act.changes);
    }

    fn localise(act: &mut Edit, pen: &Pen) {
        act.localise(pen);
    }
}
