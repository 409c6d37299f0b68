//! Canonical bytes: one encoding per value, and nothing else is accepted (I15).
//!
//! This is the only place that knows which serialisation crate the library uses. Integers are
//! variable-length and little endian, so lengths, enum tags and small numbers take one byte; keys,
//! digests and signatures are byte strings. Whatever is signed, hashed, sent or stored goes through
//! [`encode`], and whatever comes from a peer or from a disk goes through [`decode`], which
//!
//! * refuses an input above [`MAX_PACKET_BYTES`] before it looks at it,
//! * reads no more elements than the input has bytes for, nests no deeper than 16 levels, and allocates nothing ahead
//!   of what it has read,
//! * refuses trailing bytes, and
//! * encodes the value again and refuses any input that is not exactly those bytes: padded
//!   integers, unsorted maps and repeated set members have no second spelling.
//!
//! Both directions therefore hold: `decode(encode(x)) = x` and `encode(decode(b)) = b`. One exception is
//! deliberate: elements of a sequence are expected to take at least one byte each, so a list of `()` may not be read
//! back.

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

mod bounded;
mod bytes;
mod canonical;
mod digest;
mod error;
mod fixed;
mod format;

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use bounded::at_most;
pub use bytes::Bytes;
pub use digest::Digest;
pub use error::{DecodeError, EncodeError};
pub use fixed::HexError;
pub(crate) use fixed::{fixed_bytes, from_hex, to_hex};
use format::options;

/// The largest input [`decode`] and [`decode_sequence`] look at, in bytes: no packet and no record is larger.
pub const MAX_PACKET_BYTES: usize = 2 * 1024 * 1024;

/// The canonical bytes of `value`.
///
/// # Panics
///
/// Only when the `Serialize` implementation of `T` itself reports an error, which is a mistake in the program: no
/// type of this library does, and nothing a peer sends can cause it, because values that come from peers
/// have been encoded once by [`decode`] already. Use [`try_encode`] for a type you do not trust.
#[expect(clippy::unreachable, reason = "a mistake in the program, see above")]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    match try_encode(value) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("{}: {error}", std::any::type_name::<T>()),
    }
}

/// The canonical bytes of `value`, or the error its `Serialize` implementation reports.
///
/// # Errors
///
/// [`EncodeError`] when the implementation of `T` does.
pub fn try_encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    options()
        .serialize(value)
        .map_err(|error| EncodeError(error.to_string()))
}

/// The value these bytes are the canonical encoding of.
///
/// # Errors
///
/// [`DecodeError`]; an input above [`MAX_PACKET_BYTES`] is not looked at.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    decode_within(MAX_PACKET_BYTES, bytes)
}

/// As [`decode`] with a limit of the caller's in bytes, for what is larger than a packet (a state on disk).
///
/// # Errors
///
/// [`DecodeError`].
pub fn decode_within<T: Serialize + DeserializeOwned>(
    limit: usize,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    check_size(limit, bytes)?;
    canonical::read_one(bytes)
}

/// The value whose canonical encoding the bytes begin with, and what comes behind it.
///
/// # Errors
///
/// [`DecodeError`]; how long the input may be is for the caller to check.
pub(crate) fn decode_prefix<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, &[u8]), DecodeError> {
    canonical::read_first(bytes)
}

/// The canonical bytes of the items one after the other, without a count.
///
/// # Panics
///
/// As [`encode`].
pub fn encode_sequence<T: Serialize>(items: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        bytes.extend(encode(item));
    }
    bytes
}

/// Exactly `count` items written by [`encode_sequence`], every one canonical.
///
/// # Errors
///
/// [`DecodeError`]. A `count` above the number of bytes is refused at once, because every item takes at least one;
/// so is an item that takes none.
pub fn decode_sequence<T: Serialize + DeserializeOwned>(
    count: usize,
    bytes: &[u8],
) -> Result<Vec<T>, DecodeError> {
    check_size(MAX_PACKET_BYTES, bytes)?;
    canonical::read_many(count, bytes)
}

fn check_size(limit: usize, bytes: &[u8]) -> Result<(), DecodeError> {
    let have = bytes.len();
    if have > limit {
        return Err(DecodeError::TooLarge { have, limit });
    }
    Ok(())
}
