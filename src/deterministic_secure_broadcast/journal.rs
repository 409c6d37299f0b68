//! The journal: what a replica must find again after a crash, and how it lies on disk.
//!
//! A frame is `length ‖ checksum ‖ head checksum ‖ record`: four bytes little endian, the first eight bytes
//! of the record's BLAKE3 digest, the first four of the digest of those twelve bytes, the record's
//! canonical bytes. A journal cut off in its last frame (a torn write, or a tail that never reached the disk) ends
//! before that frame. A length that lies must not pass for a torn tail: everything behind it would be lost, and with it
//! what was signed. Hence the head's own checksum. Frames between them are [`Marks`] of what was durable; other damage
//! than behind the last mark is an error.

mod disk;
mod marks;
mod record;

pub use disk::Disk;
pub use marks::Marks;
pub use record::Record;

use thiserror::Error;

use super::frame::{self, Framed};
use crate::codec::{self, DecodeError};

/// Damage that is not an unfinished end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A frame whose checksum does not match, or a head that does not match its own, where everything was durable.
    #[error("damaged at byte {offset}")]
    Corrupt {
        /// Where its frame begins.
        offset: usize,
    },
    /// A frame with a right checksum that is no record: written by another version.
    #[error("no record at byte {offset}: {error}")]
    Undecodable {
        /// Where its frame begins.
        offset: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A sync mark that says other records than those before it: some are missing, or not of this journal.
    #[error("the sync mark at byte {offset} does not fit the records before it")]
    Unmarked {
        /// Where its frame begins.
        offset: usize,
    },
}

/// Appends one record to a journal's bytes, without a word about syncs.
pub fn append(journal: &mut Vec<u8>, record: &Record) {
    frame::append(journal, &codec::encode(record));
}

/// What a journal's bytes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The records, in the order they were appended.
    pub records: Vec<Record>,
    /// How many bytes they take, marks included; anything beyond is unfinished, to be cut off before appending.
    pub length: usize,
    /// How many of these bytes were durable once, says the last mark; 0 without one.
    pub marked: usize,
}

/// Reads a journal's bytes, with or without [`Marks`].
///
/// Behind the last mark the journal may end anywhere, be it in zeros or in parts of records that never became durable:
/// the records up to there are what it holds. Without a mark only its last frame may be torn, for nothing tells the end
/// of what was durable.
///
/// What this cannot know: whether whole marks with everything behind them were lost from the end of a file.
///
/// # Errors
/// [`JournalError`] for any other damage.
pub fn read(bytes: &[u8]) -> Result<Journal, JournalError> {
    let mut journal = Journal {
        records: Vec::new(),
        length: 0,
        marked: 0,
    };
    let mut marks = Marks::new(0);
    loop {
        let offset = journal.length;
        let rest = bytes.get(offset..).unwrap_or_default();
        let (body, length) = match frame::first(rest, codec::MAX_PACKET_BYTES) {
            Framed::Whole { body, length } => (body, length),
            Framed::Torn if journal.marked == 0 => break,
            Framed::Torn | Framed::Damaged if journal.marked > 0 && !marks.lies_in(rest) => break,
            Framed::Torn | Framed::Damaged => return Err(JournalError::Corrupt { offset }),
        };
        let end = offset.saturating_add(length);
        match marks.check(body, journal.marked > 0) {
            Some(false) => return Err(JournalError::Unmarked { offset }),
            Some(true) => {
                marks.learn(body);
                journal.marked = end;
            }
            None => {
                let record = codec::decode(body)
                    .map_err(|error| JournalError::Undecodable { offset, error })?;
                marks.count(body);
                journal.records.push(record);
            }
        }
        journal.length = end;
    }
    Ok(journal)
}
