//! What can be wrong with bytes, and with what is to become bytes.

/// Why an input is not the canonical encoding of a value of the type asked for.
///
/// It says what is wrong with the bytes, never who is to blame: a link may have damaged them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input is longer than the limit of the door it came through. Nothing of it was read.
    #[error("{have} bytes where at most {limit} are allowed")]
    TooLarge {
        /// Length of the input in bytes.
        have: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The value is nested deeper than anything of ours is.
    #[error("nested deeper than {limit}")]
    TooDeep {
        /// The largest nesting allowed.
        limit: usize,
    },
    /// A length prefix promises more elements than the bytes after it can hold.
    #[error("more elements than the input has bytes for")]
    TooManyElements,
    /// A whole value was read and bytes are left over.
    #[error("bytes left over after the value")]
    TrailingBytes,
    /// The value reads well, but its one encoding is another: a padded integer, an unsorted map…
    #[error("not the canonical encoding of the value")]
    NonCanonical,
    /// The bytes are no value of this type; the text says why.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The input ends in the middle of the value.
    #[error("input ends inside the value")]
    UnexpectedEnd,
}

/// A `Serialize` implementation reported an error of its own (for example a sequence that does not know its
/// length). No type of this library does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be encoded: {0}")]
pub struct EncodeError(pub String);
