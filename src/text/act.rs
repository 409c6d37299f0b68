//! What can be done to a text.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::actor::{Counter, Dot};
use crate::crdt::{Invalid, Pen, Ref, Seen};

/// The most characters that one operation may insert and delete, together.
pub const MAX_EDIT_CHARS: usize = 65_536;

/// What one operation does to a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edit {
    /// What its author had seen besides the operations it names: it waits for these too. May well be nothing.
    pub seen: Seen,
    /// At least one, made one after the other.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// Inserts characters, the first where it says, each next one directly after the one before it.
    Insert {
        /// Where.
        at: Anchor,
        /// At least one.
        text: String,
    },
    /// Deletes characters. Deleting what is deleted already does no harm.
    Delete(Span),
}

/// Where characters are inserted.
///
/// Of several that are inserted at one place concurrently, those of the lower dot come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Anchor {
    /// At the beginning of the text.
    Start,
    /// Directly before a character, deleted or not.
    Before(Element),
    /// Directly after a character, deleted or not.
    After(Element),
}

/// A character, by the operation that inserted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Element {
    /// The operation. [`Ref::This`] is for what it has inserted already.
    pub op: Ref,
    /// The how many-th of the characters it inserted, from 0.
    pub nth: u32,
}

/// Consecutive characters of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The operation that inserted them.
    pub op: Ref,
    /// The first of them, from 0.
    pub first: u32,
    /// How many, at least one.
    pub len: u32,
}

/// On which side of another a character hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

impl Change {
    /// The last character it names.
    fn last(&self) -> Result<Option<Element>, Invalid> {
        Ok(match self {
            Change::Insert { text, .. } if text.is_empty() => return Err(Invalid::Nothing),
            Change::Insert { at, .. } => match at {
                Anchor::Start => None,
                Anchor::Before(element) | Anchor::After(element) => Some(*element),
            },
            Change::Delete(Span { op, first, len }) => {
                let nth = len.checked_sub(1).ok_or(Invalid::Nothing)?;
                let nth = nth.checked_add(*first).ok_or(Invalid::Overflow)?;
                Some(Element { op: *op, nth })
            }
        })
    }

    fn refer(&self) -> Option<&Ref> {
        match self {
            Change::Insert {
                at: Anchor::Start, ..
            } => None,
            Change::Insert {
                at: Anchor::Before(element) | Anchor::After(element),
                ..
            } => Some(&element.op),
            Change::Delete(span) => Some(&span.op),
        }
    }

    fn refer_mut(&mut self) -> Option<&mut Ref> {
        match self {
            Change::Insert {
                at: Anchor::Start, ..
            } => None,
            Change::Insert {
                at: Anchor::Before(element) | Anchor::After(element),
                ..
            } => Some(&mut element.op),
            Change::Delete(span) => Some(&mut span.op),
        }
    }
}

impl Edit {
    pub(super) fn witnessed(&self, dots: &mut BTreeSet<Dot>) {
        self.seen.witnessed(dots);
        let refs = self.changes.iter().filter_map(Change::refer);
        dots.extend(refs.filter_map(Ref::cause));
    }

    pub(super) fn localise(&mut self, pen: &Pen) {
        self.seen.localise(pen);
        let refs = self.changes.iter_mut().filter_map(Change::refer_mut);
        refs.for_each(|r| r.localise(pen));
    }

    /// Checks it under the name `dot`; `known` says how many characters an operation has inserted. Returns how many this
    /// one inserts.
    pub(super) fn check(
        &self,
        dot: &Dot,
        known: impl Fn(&Dot) -> Option<u32>,
    ) -> Result<u32, Invalid> {
        self.seen.check(dot)?;
        if self.changes.is_empty() {
            return Err(Invalid::Nothing);
        }
        let limit = MAX_EDIT_CHARS;
        let (mut named, mut inserted) = (0usize, 0u32);
        for change in &self.changes {
            let chars = match change {
                Change::Insert { text, .. } => text.chars().take(limit.saturating_add(1)).count(),
                Change::Delete(span) => usize::try_from(span.len).unwrap_or(usize::MAX),
            };
            named = named.saturating_add(chars);
            if named > limit {
                return Err(Invalid::TooMany { have: named, limit });
            }
            if let Some(Element { op, nth }) = change.last()? {
                let of = op.resolve(dot)?;
                let have = if of == *dot {
                    inserted
                } else {
                    known(&of).unwrap_or_default()
                };
                if nth >= have {
                    return Err(Invalid::NoSuchElement(of));
                }
            }
            if let Change::Insert { .. } = change {
                let more = u32::try_from(chars).unwrap_or(u32::MAX);
                inserted = inserted.saturating_add(more);
            }
        }
        if dot.counter == Counter::ZERO {
            return Err(Invalid::Zero(dot.actor));
        }
        Ok(inserted)
    }
}
