//! A disk that forgets: bytes appended, synced in groups, and cut off where the power went.

use std::convert::Infallible;

use crate::deterministic_secure_broadcast::journal::Disk;

/// The journal of one node, as its disk holds it: bytes, whose meaning is the machine's business.
///
/// What was appended after the last sync may be lost in a crash, whole or in part. A machine must therefore be able
/// to tell where the last whole record ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgetfulDisk {
    bytes: Vec<u8>,
    synced: usize,
}

/// What a crash does to the bytes appended after the last sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tail {
    /// They were written after all.
    Kept,
    /// They are gone.
    Lost,
    /// The first half of them was written: the last record may be torn.
    Torn,
    /// So many of them were written, or all.
    TornAfter(u32),
    /// They were written, but for one bit, which is the opposite: this one of them, counted round and round.
    Flipped(u32),
    /// Everything is gone, synced or not, as if the disk had been replaced. A node that goes on after this has
    /// forgotten what it signed: it counts as faulty.
    Wiped,
}

impl ForgetfulDisk {
    /// Writes bytes behind the others. They are not safe before [`ForgetfulDisk::sync`].
    #[inline]
    pub fn append(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
    }

    /// Makes everything appended so far safe.
    #[inline]
    pub fn sync(&mut self) {
        self.synced = self.bytes.len();
    }

    /// Whether something was appended after the last sync.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.synced < self.bytes.len()
    }

    /// Everything on it, oldest first, the tail included.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything on it, to damage it between a crash and a restart.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Cuts off what lies beyond this length: whoever finds a torn record at the end does this before appending.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.synced = self.synced.min(self.bytes.len());
    }

    /// The power goes.
    pub fn crash(&mut self, tail: Tail) {
        let unsynced = self.bytes.len() - self.synced;
        if let Tail::Flipped(bit) = tail
            && unsynced > 0
        {
            let bit = bit as usize % (unsynced * 8);
            if let Some(byte) = self.bytes.get_mut(self.synced + bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        let keep = match tail {
            Tail::Kept | Tail::Flipped(_) => self.bytes.len(),
            Tail::Lost => self.synced,
            Tail::Torn => self.synced + unsynced / 2,
            Tail::TornAfter(bytes) => self.synced + unsynced.min(bytes as usize),
            Tail::Wiped => 0,
        };
        self.bytes.truncate(keep);
        self.synced = keep;
    }
}

impl Disk for ForgetfulDisk {
    type Error = Infallible;

    fn read(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(self.bytes.clone())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        Self::append(self, bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Self::sync(self);
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.bytes = bytes.to_vec();
        Self::sync(self);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ForgetfulDisk, Tail};

    fn written(tail: Tail) -> Vec<u8> {
        let mut disk = ForgetfulDisk::default();
        disk.append(b"one.");
        disk.sync();
        disk.append(b"two.");
        disk.append(b"four");
        assert!(disk.is_dirty());
        disk.crash(tail);
        assert!(!disk.is_dirty());
        disk.append(b"!");
        disk.bytes().to_vec()
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_any_part_of_the_rest() {
        assert_eq!(written(Tail::Kept), b"one.two.four!");
        assert_eq!(written(Tail::Lost), b"one.!");
        assert_eq!(written(Tail::Torn), b"one.two.!");
        assert_eq!(written(Tail::TornAfter(5)), b"one.two.f!");
        assert_eq!(written(Tail::TornAfter(50)), b"one.two.four!");
        assert_eq!(written(Tail::Flipped(1)), b"one.vwo.four!");
        assert_eq!(written(Tail::Flipped(64 + 1)), b"one.vwo.four!");
        assert_eq!(written(Tail::Wiped), b"!");
    }

    #[test]
    fn no_bit_of_what_was_synced_is_flipped() {
        let mut disk = ForgetfulDisk::default();
        disk.append(b"one.");
        disk.sync();
        disk.crash(Tail::Flipped(3));
        assert_eq!(disk.bytes(), b"one.");
    }

    #[test]
    fn a_torn_end_is_cut_off_before_the_next_record() {
        let mut disk = ForgetfulDisk::default();
        disk.append(b"one.tw");
        disk.sync();
        disk.truncate(4);
        disk.append(b"two.");
        assert!(disk.is_dirty());
        assert_eq!(disk.bytes(), b"one.two.");
    }
}
