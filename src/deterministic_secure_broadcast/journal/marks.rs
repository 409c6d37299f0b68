//! Sync marks: how a journal says what was durable, so that what a crash left unfinished is not taken for damage, nor
//! damage for that.
//!
//! A mark is a frame that is appended after a sync has returned, and says of how many records, with which chained digest,
//! it came behind. So everything before a mark was durable, and must be whole for ever; what lies behind the last mark may
//! never have reached the disk: cut off, zeros, in part. A mark costs no sync of its own: it becomes durable with the
//! next one, or when the journal is closed.
//!
//! The body of its frame is `255 ‖ nonce ‖ records ‖ chain`: one byte that no record begins with, eight bytes of the
//! driver's choice that are the same in all marks of a file, the number of records as eight bytes little endian, and 32
//! bytes. The chain of no record is 32 zeros; a record's is the BLAKE3 digest of the chain before it and the digest of its
//! bytes. Peers choose bytes of records; the nonce keeps them from writing what passes for a mark.

use super::record::Record;
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::frame::{self, Framed};

const TAG: u8 = 255;
const NUMBER: usize = 8;
const BODY: usize = 1 + NUMBER + NUMBER + 32;

/// Appends records and marks to a journal's bytes, from its beginning on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    nonce: u64,
    records: u64,
    chain: Digest,
}

impl Marks {
    /// Of an empty journal. Draw the nonce at random: no peer may be able to guess it.
    #[must_use]
    pub const fn new(nonce: u64) -> Self {
        Self {
            nonce,
            records: 0,
            chain: Digest::from_bytes([0; 32]),
        }
    }

    /// Appends a record, in the frame that [`append`](super::append) writes.
    pub fn append(&mut self, journal: &mut Vec<u8>, record: &Record) {
        let body = codec::encode(record);
        frame::append(journal, &body);
        self.count(&body);
    }

    /// Appends a mark: every record so far is durable.
    pub fn mark(&self, journal: &mut Vec<u8>) {
        let mut body = vec![TAG];
        body.extend(self.nonce.to_le_bytes());
        body.extend(self.records.to_le_bytes());
        body.extend(self.chain.as_bytes());
        frame::append(journal, &body);
    }

    /// A record comes behind the others.
    pub(super) fn count(&mut self, body: &[u8]) {
        let parts = [*self.chain.as_bytes(), *Digest::of(body).as_bytes()];
        self.chain = Digest::of(parts.as_flattened());
        self.records = self.records.saturating_add(1);
    }

    /// Whether a mark is right, if it is the first one or not; `None` of a frame's body that is no mark.
    pub(super) fn check(&self, body: &[u8], again: bool) -> Option<bool> {
        let (nonce, said) = parse(body)?;
        let ours = !again || self.nonce == nonce;
        let records = self.records.to_le_bytes();
        let numbers = records.iter().chain(self.chain.as_bytes());
        Some(ours && numbers.eq(said))
    }

    /// Takes over the nonce of a mark.
    pub(super) fn learn(&mut self, body: &[u8]) {
        if let Some((nonce, _)) = parse(body) {
            self.nonce = nonce;
        }
    }

    /// Whether a whole mark of the same file lies anywhere in these bytes.
    pub(super) fn lies_in(&self, bytes: &[u8]) -> bool {
        let mut frame = Vec::new();
        self.mark(&mut frame);
        let (head, end) = (frame.get(..4), frame.len());
        bytes.windows(end).any(|window| {
            window.get(..4) == head
                && match frame::first(window, BODY) {
                    Framed::Whole { body, .. } => {
                        parse(body).is_some_and(|(nonce, _)| nonce == self.nonce)
                    }
                    Framed::Torn | Framed::Damaged => false,
                }
        })
    }
}

/// The nonce of a mark, and what it says.
fn parse(body: &[u8]) -> Option<(u64, &[u8])> {
    let rest = body.strip_prefix(&[TAG])?;
    let (nonce, said) = rest.split_first_chunk::<NUMBER>()?;
    (body.len() == BODY).then_some((u64::from_le_bytes(*nonce), said))
}
