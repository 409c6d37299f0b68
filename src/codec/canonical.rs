//! Reading values and holding them against the bytes they came from.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bounded::{Bounded, Budget};
use super::error::DecodeError;
use super::format::options;

/// The longest text of a [`DecodeError::Malformed`]; the reason may quote the input.
const MAX_REASON_BYTES: usize = 160;

/// Swallows an encoding as long as it is the prefix of `rest`, so that comparing needs no second buffer.
struct Matching<'a> {
    rest: &'a [u8],
}

impl Write for Matching<'_> {
    #[inline]
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.write_all(written)?;
        Ok(written.len())
    }

    #[inline]
    fn write_all(&mut self, written: &[u8]) -> io::Result<()> {
        match self.rest.strip_prefix(written) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is left of `bytes` after the one encoding of `value`.
#[inline]
fn after<'a, T: Serialize>(value: &T, bytes: &'a [u8]) -> Result<&'a [u8], DecodeError> {
    use bincode::Options;
    let mut matching = Matching { rest: bytes };
    match options().serialize_into(&mut matching, value) {
        Ok(()) => Ok(matching.rest),
        Err(_) => Err(DecodeError::NonCanonical),
    }
}

/// One value that is the whole of `bytes`.
#[inline]
pub(super) fn read_one<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match read_first(bytes)? {
        (value, []) => Ok(value),
        _ => Err(DecodeError::TrailingBytes),
    }
}

/// One value, and what comes behind it.
#[inline]
pub(super) fn read_first<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, &[u8]), DecodeError> {
    let budget = Budget::of(bytes.len());
    let mut reader = bincode::Deserializer::from_slice(bytes, options());
    let value = T::deserialize(Bounded::new(&mut reader, &budget))
        .map_err(|error| explain(&budget, &error))?;
    let rest = after(&value, bytes)?;
    Ok((value, rest))
}

/// `count` values that together are the whole of `bytes`.
pub(super) fn read_many<T: Serialize + DeserializeOwned>(
    count: usize,
    bytes: &[u8],
) -> Result<Vec<T>, DecodeError> {
    if count > bytes.len() {
        return Err(DecodeError::TooManyElements);
    }
    let budget = Budget::of(bytes.len());
    let mut reader = bincode::Deserializer::from_slice(bytes, options());
    // Room for all of them when they are at most twice as large in memory as in the input, as a bank's are.
    let room = bytes
        .len()
        .saturating_mul(2)
        .checked_div(size_of::<T>())
        .unwrap_or(count);
    let mut values = Vec::with_capacity(count.min(room));
    let mut rest = bytes;
    for _ in 0..count {
        let value = T::deserialize(Bounded::new(&mut reader, &budget))
            .map_err(|error| explain(&budget, &error))?;
        let left = after(&value, rest)?;
        if left.len() == rest.len() {
            return Err(DecodeError::TooManyElements);
        }
        rest = left;
        values.push(value);
    }
    match rest {
        [] => Ok(values),
        _ => Err(DecodeError::TrailingBytes),
    }
}

/// Our word for what the serialisation crate complains about.
#[cold]
fn explain(budget: &Budget, error: &bincode::Error) -> DecodeError {
    if let Some(fault) = budget.fault() {
        return fault;
    }
    match &**error {
        bincode::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            DecodeError::UnexpectedEnd
        }
        other => {
            let mut reason = other.to_string();
            let mut end = reason.len().min(MAX_REASON_BYTES);
            while !reason.is_char_boundary(end) {
                end = end.saturating_sub(1);
            }
            reason.truncate(end);
            DecodeError::Malformed(reason)
        }
    }
}
