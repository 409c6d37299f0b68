//! The records of one key in one network, on a disk.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use bft_crdts::deterministic_secure_broadcast::journal::{self, JournalError, Marks};
use bft_crdts::deterministic_secure_broadcast::{Record, RecordStore};
use bft_crdts::{Actor, NetworkId};
use thiserror::Error;

use crate::Disk;

/// Why a journal file does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JournalFileError<E> {
    /// The disk failed. The file takes nothing any more: drop it and the replica, and open both again.
    #[error("the disk failed: {0}")]
    Disk(E),
    /// The disk failed before.
    #[error("the disk failed before; the journal has to be opened again")]
    Failed,
    /// There is a journal already, and a key begins only once.
    #[error("there is a journal already")]
    Exists,
    /// There is no journal. If the key has signed before, it must not sign again: join with a new key.
    #[error("there is no journal")]
    Missing,
    /// The journal is damaged where it was durable. What it has lost may have been signed: join with a new key.
    #[error(transparent)]
    Damaged(#[from] JournalError),
    /// The journal does not begin with an identity.
    #[error("the journal does not begin with an identity")]
    NoIdentity,
    /// The journal is of another key or another network.
    #[error("the journal belongs to another key or network")]
    Foreign,
}

type Result<T, E> = std::result::Result<T, JournalFileError<E>>;

/// A journal on a disk: records in frames, a mark after every sync, the identity first.
///
/// After an error of the disk it takes nothing any more, because nobody knows what of the last records is durable; what
/// was durable before is found again by [`open`](Self::open).
#[derive(Debug)]
pub struct JournalFile<D> {
    disk: D,
    marks: Marks,
    failed: bool,
    /// Whether something was appended since the last sync.
    dirty: bool,
}

impl<D: Disk> JournalFile<D> {
    /// Begins the journal of a key that has never signed in this network: with its identity, durable before anything else.
    ///
    /// # Errors
    /// [`JournalFileError::Exists`] if there are bytes already, whatever they are; [`JournalFileError::Disk`].
    pub fn create(mut disk: D, network: NetworkId, actor: Actor) -> Result<Self, D::Error> {
        if !disk.read().map_err(JournalFileError::Disk)?.is_empty() {
            return Err(JournalFileError::Exists);
        }
        Self::write(disk, &[Record::Identity { network, actor }])
    }

    /// The journal of a key that has begun, and its records, for [`SecureBroadcast::open`](bft_crdts::SecureBroadcast::open).
    ///
    /// What a crash left unfinished is cut off. Then all of it is written anew and synced, because after a failed sync what
    /// is read need not be what is on the disk.
    ///
    /// # Errors
    /// [`JournalFileError::Missing`], [`Damaged`](JournalFileError::Damaged), [`NoIdentity`](JournalFileError::NoIdentity),
    /// [`Foreign`](JournalFileError::Foreign): nothing was changed then. [`JournalFileError::Disk`].
    pub fn open(
        mut disk: D,
        network: NetworkId,
        actor: Actor,
    ) -> Result<(Self, Vec<Record>), D::Error> {
        let bytes = disk.read().map_err(JournalFileError::Disk)?;
        if bytes.is_empty() {
            return Err(JournalFileError::Missing);
        }
        let records = journal::read(&bytes)?.records;
        match records.first().and_then(Record::identity) {
            Some(own) if own == (network, actor) => {}
            Some(_) => return Err(JournalFileError::Foreign),
            None => return Err(JournalFileError::NoIdentity),
        }
        let file = Self::write(disk, &records)?;
        Ok((file, records))
    }

    /// Puts a short journal in the place of the long one, all at once: between two steps, the records of
    /// [`compact_journal`](bft_crdts::SecureBroadcast::compact_journal).
    ///
    /// # Errors
    /// As of [`append`](RecordStore::append).
    pub fn compact(&mut self, records: &[Record]) -> Result<(), D::Error> {
        self.check()?;
        let (marks, bytes) = encode(records);
        let replaced = self.disk.replace(&bytes);
        self.watch(replaced)?;
        (self.marks, self.dirty) = (marks, false);
        Ok(())
    }

    /// Makes the last mark durable, so that damage to the last records is seen when the journal is opened again. A journal
    /// that is dropped instead loses nothing else.
    ///
    /// # Errors
    /// As of [`append`](RecordStore::append).
    pub fn close(mut self) -> Result<D, D::Error> {
        self.sync()?;
        let synced = self.disk.sync();
        self.watch(synced)?;
        Ok(self.disk)
    }

    /// The disk, to look at.
    pub const fn disk(&self) -> &D {
        &self.disk
    }

    fn write(mut disk: D, records: &[Record]) -> Result<Self, D::Error> {
        let (marks, bytes) = encode(records);
        disk.replace(&bytes).map_err(JournalFileError::Disk)?;
        Ok(Self {
            disk,
            marks,
            failed: false,
            dirty: false,
        })
    }

    const fn check(&self) -> Result<(), D::Error> {
        if self.failed {
            return Err(JournalFileError::Failed);
        }
        Ok(())
    }

    fn watch(&mut self, done: std::result::Result<(), D::Error>) -> Result<(), D::Error> {
        self.failed |= done.is_err();
        done.map_err(JournalFileError::Disk)
    }
}

impl<D: Disk> RecordStore for JournalFile<D> {
    type Error = JournalFileError<D::Error>;

    fn append(&mut self, record: &Record) -> Result<(), D::Error> {
        self.check()?;
        let mut bytes = Vec::new();
        self.marks.append(&mut bytes, record);
        self.dirty = true;
        let written = self.disk.append(&bytes);
        self.watch(written)
    }

    fn sync(&mut self) -> Result<(), D::Error> {
        self.check()?;
        if !self.dirty {
            return Ok(());
        }
        let synced = self.disk.sync();
        self.watch(synced)?;
        self.dirty = false;
        let mut mark = Vec::new();
        self.marks.mark(&mut mark);
        let written = self.disk.append(&mark);
        self.watch(written)
    }
}

/// A whole journal with a mark at its end.
fn encode(records: &[Record]) -> (Marks, Vec<u8>) {
    // The hasher's keys are the system's randomness.
    let mut marks = Marks::new(RandomState::new().hash_one(0_u8));
    let mut bytes = Vec::new();
    for record in records {
        marks.append(&mut bytes, record);
    }
    marks.mark(&mut bytes);
    (marks, bytes)
}
