//! Why an operation or a snapshot of a hosted type is refused.

use crate::actor::{Actor, Counter, Dot};

/// Why an operation of a hosted type can never be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It does nothing: no steps, no members, no text.
    #[error("an operation that does nothing")]
    Nothing,
    /// It names too much.
    #[error("{have} named, at most {limit} allowed")]
    TooMany {
        /// How much it names.
        have: usize,
        /// How much it may.
        limit: usize,
    },
    /// It is, or has seen, an operation number zero, which nobody makes.
    #[error("there is no operation 0 of {0}")]
    Zero(Actor),
    /// It names an operation of its own source that does not come before it.
    #[error("{0} is named before it is made")]
    NotYetMade(Dot),
    /// A count or a marker would exceed 64 bits.
    #[error("the count would exceed 64 bits")]
    Overflow,
    /// It names an element that the operation it names has not inserted.
    #[error("{0} has not inserted that element")]
    NoSuchElement(Dot),
    /// It refers to what was under way when it was made, and has another number than its author expected: an operation
    /// before it came back, or was made elsewhere.
    #[error("made to be another operation of its author{}", expected.map(|counter| format!(": #{counter}")).unwrap_or_default())]
    Moved {
        /// The number that was expected, if there is one.
        expected: Option<Counter>,
    },
    /// It inserts between an element and itself.
    #[error("between an element and itself there is no place")]
    NoPlace,
    /// The place lies deeper between other places than is allowed.
    #[error("a place {depth} deep, at most {limit} allowed")]
    TooDeep {
        /// How deep it lies.
        depth: usize,
        /// How deep it may lie.
        limit: usize,
    },
    /// It removes a key whose value cannot be removed: counters of the `crdts` crate fall apart if it is done.
    #[error("keys of counters cannot be removed")]
    NotRemovable,
}

/// A decoded state that no operations lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state that no operations lead to: {0}")]
pub struct Forged(pub(crate) &'static str);
