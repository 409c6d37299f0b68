//! The one format of this library.

use bincode::Options;

/// The format: variable-length integers, little endian, trailing bytes refused.
pub(crate) fn options() -> impl Options + Copy {
    bincode::DefaultOptions::new()
}
