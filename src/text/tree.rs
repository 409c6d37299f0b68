//! The characters of a text as a tree, after Weidner and Kleppmann: *The Art of the Fugue: Minimizing Interleaving in
//! Collaborative Text Editing* (2023).
//!
//! Every character hangs off another one, to its left or to its right; those that hang off one character on one side are
//! ordered by name. The text is what one reads from left to right. So the order is a function of the characters alone,
//! whatever they hang off and whoever says so: nobody can make replicas disagree, and nothing has to be believed.

use std::collections::BTreeMap;

use super::Side;
use super::marks::{self, Kind, Marks, Spot};
use crate::actor::{Actor, Counter, Dot};

/// The node before everything, which nobody inserted.
pub(super) const ROOT: usize = 0;

/// A character that was ever inserted.
#[derive(Clone, Debug)]
struct Node {
    /// The place of its operation among all, in order of arrival.
    origin: usize,
    parent: usize,
    side: Side,
    /// Nothing once it is deleted.
    shown: Option<char>,
    /// Itself while it is shown; then a later node, with nothing shown in between. So deleting again what is deleted costs
    /// nothing, however much is named.
    next_shown: usize,
}

/// The characters one operation has inserted: consecutive nodes.
#[derive(Clone, Copy, Debug)]
struct Origin {
    dot: Dot,
    first: usize,
    len: u32,
}

/// All characters ever inserted.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    origins: Vec<Origin>,
    by_dot: BTreeMap<Dot, usize>,
    /// What hangs off a node on one side, by name.
    children: BTreeMap<Child, usize>,
    marks: Marks,
}

/// What a character hangs off, on which side, and its name.
type Child = (usize, Side, Dot, u32);

/// Before every name.
const FIRST: Dot = Dot::new(Actor::from_bytes([0; 32]), Counter::ZERO);

/// One character with everything known about it.
pub(super) struct Leaf {
    pub(super) dot: Dot,
    pub(super) nth: u32,
    pub(super) parent: usize,
    pub(super) side: Side,
    pub(super) shown: Option<char>,
}

impl Default for Tree {
    fn default() -> Self {
        Tree {
            nodes: vec![Node {
                origin: usize::MAX,
                parent: ROOT,
                side: Side::After,
                shown: None,
                next_shown: ROOT,
            }],
            origins: Vec::new(),
            by_dot: BTreeMap::new(),
            children: BTreeMap::new(),
            marks: Marks::new(),
        }
    }
}

impl Tree {
    /// How many characters are shown.
    pub(super) const fn len(&self) -> usize {
        self.marks.shown()
    }

    /// How many characters this operation has inserted.
    pub(super) fn inserted_by(&self, dot: &Dot) -> Option<u32> {
        self.origin(dot).map(|origin| origin.len)
    }

    fn origin(&self, dot: &Dot) -> Option<&Origin> {
        self.origins.get(*self.by_dot.get(dot)?)
    }

    /// The node of a character by its name.
    pub(super) fn node(&self, dot: &Dot, nth: u32) -> Option<usize> {
        let origin = self.origin(dot).filter(|origin| nth < origin.len)?;
        origin.first.checked_add(usize::try_from(nth).ok()?)
    }

    /// The name of a node; none for the root.
    pub(super) fn name(&self, node: usize) -> Option<(Dot, u32)> {
        let origin = self.origins.get(self.nodes.get(node)?.origin)?;
        let nth = node.checked_sub(origin.first)?;
        Some((origin.dot, u32::try_from(nth).ok()?))
    }

    /// The nodes shown, from this position on.
    pub(super) fn shown_from(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        self.marks.shown_from(position)
    }

    /// How many characters are shown before a node.
    pub(super) fn position(&self, node: usize) -> Option<usize> {
        self.marks.position(node)
    }

    /// The character of a node, if it is shown.
    pub(super) fn char(&self, node: usize) -> Option<char> {
        self.nodes.get(node)?.shown
    }

    /// What a character that is to stand directly after `left` hangs off.
    pub(super) fn place_after(&self, left: usize) -> (usize, Side) {
        if self.children_from((left, Side::After, FIRST, 0)).is_none() {
            return (left, Side::After);
        }
        // Something hangs off it, so something comes next, and nothing hangs off that to the left.
        match self.marks.next_standing(left) {
            Some(next) => (next, Side::Before),
            None => (left, Side::After),
        }
    }

    /// The first, from this one on, that hangs off the same node on the same side.
    fn children_from(&self, child: Child) -> Option<usize> {
        let (&(parent, side, ..), node) = self.children.range(child..).next()?;
        ((parent, side) == (child.0, child.1)).then_some(*node)
    }

    /// The last before this one that hangs off the same node on the same side.
    fn child_before(&self, child: Child) -> Option<usize> {
        let (&(parent, side, ..), node) = self.children.range(..child).next_back()?;
        ((parent, side) == (child.0, child.1)).then_some(*node)
    }

    /// Inserts the next character of an operation. Those of one operation have to come one after the other.
    pub(super) fn insert(&mut self, dot: Dot, parent: usize, side: Side, char: Option<char>) {
        let node = self.nodes.len();
        let Some(origin) = self.count(dot, node) else {
            return;
        };
        let next_shown = match char {
            Some(_) => node,
            None => node.saturating_add(1),
        };
        self.nodes.push(Node {
            origin,
            parent,
            side,
            shown: char,
            next_shown,
        });
        let Some((_, nth)) = self.name(node) else {
            return;
        };
        let child = (parent, side, dot, nth);
        let before = self.child_before(child);
        let first = before.is_none() && self.children_from(child).is_none();
        let kind = if char.is_some() {
            Kind::Shown
        } else {
            Kind::Hidden
        };
        match (before, side) {
            // After all that hangs off the sibling before it.
            (Some(sibling), _) => {
                let closed = self.marks.has(sibling, Spot::Close);
                let end = if closed { Spot::Close } else { Spot::Stand };
                let beside = (sibling, end);
                self.marks.insert(marks::Side::After, beside, node, kind);
            }
            (None, Side::After) => {
                let beside = (parent, Spot::Stand);
                self.marks.insert(marks::Side::After, beside, node, kind);
            }
            (None, Side::Before) => {
                if first {
                    let beside = (parent, Spot::Stand);
                    self.marks
                        .insert(marks::Side::Before, beside, parent, Kind::Open);
                }
                let beside = (parent, Spot::Open);
                self.marks.insert(marks::Side::After, beside, node, kind);
            }
        }
        if first && side == Side::After {
            let beside = (node, Spot::Stand);
            self.marks
                .insert(marks::Side::After, beside, parent, Kind::Close);
        }
        self.children.insert(child, node);
    }

    /// Counts one more character of an operation; nothing if others came in between.
    fn count(&mut self, dot: Dot, node: usize) -> Option<usize> {
        let len = self.origins.len();
        let origin = *self.by_dot.entry(dot).or_insert(len);
        if origin == len {
            self.origins.push(Origin {
                dot,
                first: node,
                len: 0,
            });
        }
        if origin.checked_add(1)? != self.origins.len() {
            return None;
        }
        let of = self.origins.get_mut(origin)?;
        of.len = of.len.checked_add(1)?;
        Some(origin)
    }

    /// Deletes so many characters of an operation; those that are deleted already stay so.
    pub(super) fn delete(&mut self, dot: &Dot, first: u32, len: u32) {
        let Some(Origin {
            first: node,
            len: have,
            ..
        }) = self.origin(dot).copied()
        else {
            return;
        };
        let last = first.saturating_add(len).min(have);
        let place = |nth: u32| node.saturating_add(nth as usize);
        let (mut node, end) = (place(first), place(last));
        loop {
            node = self.next_shown(node);
            let Some(deleted) = self.nodes.get_mut(node).filter(|_| node < end) else {
                return;
            };
            deleted.shown = None;
            deleted.next_shown = node.saturating_add(1);
            self.marks.hide(node);
        }
    }

    /// The first node from this one on that is shown, in order of arrival; halves the way there for the next time.
    fn next_shown(&mut self, mut node: usize) -> usize {
        while let Some(next) = self.nodes.get(node).map(|of| of.next_shown)
            && next != node
        {
            let further = self.nodes.get(next).map_or(next, |of| of.next_shown);
            if let Some(of) = self.nodes.get_mut(node) {
                of.next_shown = further;
            }
            node = further;
        }
        node
    }

    /// Every character ever inserted, operation by operation in the order of their dots.
    pub(super) fn leaves(&self) -> impl Iterator<Item = Leaf> + '_ {
        let origins = self.by_dot.values();
        let origins = origins.filter_map(|origin| self.origins.get(*origin));
        origins.flat_map(move |origin| {
            let nodes = self.nodes.iter().skip(origin.first).zip(0..origin.len);
            nodes.map(|(node, nth)| Leaf {
                dot: origin.dot,
                nth,
                parent: node.parent,
                side: node.side,
                shown: node.shown,
            })
        })
    }
}
