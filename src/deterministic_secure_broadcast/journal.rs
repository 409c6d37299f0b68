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

pub use disk::Disk;
pub use marks::Marks;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::error::Halt;
use super::frame::{self, Framed};
use super::header::{Header, VersionVector};
use super::proof::Certificate;
use super::wire::checkpoint::Checkpoint;
use super::wire::evidence::Evidence;
use super::wire::signed::SignedHeader;
use super::wire::snapshot::SnapshotPiece;
use super::wire::{Link, Lock, NextKey, Proposal, Seal, Timeout, Timeouts, Vote};
use crate::actor::{Actor, NetworkId, Sig};
use crate::codec::{self, Bytes, DecodeError};
use crate::membership::{Change, Generation, Signers};

/// One thing a replica must not forget. I4: signed statements are kept as signed and sent again byte for
/// byte, never rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Record {
    /// I5, before anything else: this key signs in this network, from this journal.
    Identity {
        /// The network.
        network: NetworkId,
        /// The key.
        actor: Actor,
    },
    /// I1, before a request leaves: our own message. It reserves its dots.
    Own {
        /// The generation it was first requested in.
        generation: Generation,
        /// Its header.
        header: Header,
        /// Our echo of it.
        echo: Sig,
        /// Its operations.
        ops: Bytes,
    },
    /// I2, before an echo leaves: the header it binds us to.
    Open {
        /// The generation echoed in.
        generation: Generation,
        /// The header.
        header: Header,
        /// Its source's echo.
        source_echo: Sig,
        /// Our echo.
        echo: Sig,
        /// Its operations.
        ops: Bytes,
    },
    /// A certificate ahead of its delivery.
    Certified {
        /// The certificate.
        certificate: Certificate,
        /// Its operations, if they came along.
        ops: Option<Bytes>,
    },
    /// I3, before anything that depends on it leaves: a delivery.
    Delivered {
        /// The certificate.
        certificate: Certificate,
        /// Its source's echo and the generation of it, if known.
        source_echo: Option<(Generation, Sig)>,
        /// Its operations; `None` if the journal has them from an earlier record.
        ops: Option<Bytes>,
    },
    /// A conviction.
    Evidence(Box<Evidence>),
    /// This replica has stopped signing for good.
    Halted(Halt),
    /// We ask to join.
    Joining,
    /// What we approve from now on, or no more.
    Wanted {
        /// The change.
        change: Change,
        /// Whether we approve it.
        wanted: bool,
        /// Of a join, the proof that whoever joins has the key.
        possession: Option<Sig>,
    },
    /// R3: our approval.
    Approved {
        /// The generation it changes.
        generation: Generation,
        /// The change.
        change: Change,
        /// Our signature.
        sig: Sig,
    },
    /// R4: our proposal.
    Proposed(Box<Proposal>),
    /// R4: our vote.
    Voted(Vote),
    /// R4, before our second vote: the highest quorum of first votes we know.
    Locked(Box<Lock>),
    /// R4: our timeout; it ends our voting in its attempt.
    TimedOut(Box<Timeout>),
    /// R4: the attempt we were in has ended, and all before it.
    Entered(Box<Timeouts>),
    /// The next link of the chain.
    Decided(Box<Link>),
    /// R5, before it leaves: our seal as signed. R6: another's, before it is used.
    Seal(Box<Seal>),
    /// R6: a generation was activated with these members' seals of the one before.
    Activated {
        /// The generation.
        generation: Generation,
        /// Whose seals.
        seals: Signers,
    },
    /// The base from here on: what lies below the one before it is forgotten.
    Checkpoint(Box<Checkpoint>),
    /// A piece of a snapshot, in order.
    Snapshot(Box<SnapshotPiece>),
    /// The snapshot of the pieces before it is complete, and what comes after goes on from it.
    Installed(Box<Checkpoint>),
    /// Of a journal that was made short: the generation we are in, of the chain before it.
    Resumed {
        /// The generation.
        generation: Generation,
        /// We have activated this one and every one after it.
        since: Generation,
        /// Whether we have left, and are still needed.
        leaving: bool,
    },
    /// Of a journal that was made short: a header that binds us because it bound others (R6).
    Inherited {
        /// The header, with its source's echo.
        open: Box<SignedHeader>,
        /// Whether more than may lie have shown it.
        vouched: bool,
    },
    /// A3: the key we will have in the next generation.
    Announced(NextKey),
    /// Before an attestation leaves: the clock of it. What we attest from here on covers it.
    Attested(VersionVector),
}

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
