//! A disk that forgets: bytes appended, synced in groups, and cut off where the power went.

/// The journal of one node, as its disk holds it: bytes, whose meaning is the machine's business.
///
/// What was appended after the last sync may be lost in a crash, whole or in part. A machine must therefore be able
/// to tell where the last whole record ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
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
    /// Everything is gone, synced or not, as if the disk had been replaced. A node that goes on after this has
    /// forgotten what it signed: it counts as faulty.
    Wiped,
}

impl Disk {
    /// Writes bytes behind the others. They are not safe before [`Disk::sync`].
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
        let keep = match tail {
            Tail::Kept => self.bytes.len(),
            Tail::Lost => self.synced,
            Tail::Torn => self.synced + (self.bytes.len() - self.synced) / 2,
            Tail::Wiped => 0,
        };
        self.bytes.truncate(keep);
        self.synced = keep;
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, Tail};

    fn written(tail: Tail) -> Vec<u8> {
        let mut disk = Disk::default();
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
        assert_eq!(written(Tail::Wiped), b"!");
    }

    #[test]
    fn a_torn_end_is_cut_off_before_the_next_record() {
        let mut disk = Disk::default();
        disk.append(b"one.tw");
        disk.sync();
        disk.truncate(4);
        disk.append(b"two.");
        assert!(disk.is_dirty());
        assert_eq!(disk.bytes(), b"one.two.");
    }
}
