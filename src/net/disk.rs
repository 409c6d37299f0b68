//! A disk that forgets: bytes appended, synced in groups, and cut off where the power went.

/// The journal of one node, as its disk holds it.
///
/// Every record is a frame: its length as four bytes, little endian, then its bytes. What was appended after the
/// last sync may be lost in a crash, whole or in part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    bytes: Vec<u8>,
    synced: usize,
}

/// What a crash does to the records appended after the last sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tail {
    /// They were written after all.
    Kept,
    /// They are gone.
    Lost,
    /// The first half of their bytes was written.
    Torn,
}

impl Disk {
    /// Writes a record behind the others. It is not safe before [`Disk::sync`].
    pub fn append(&mut self, record: &[u8]) {
        // A record is one packet and a little more; four bytes of length hold 4 GiB.
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
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

    /// Size in bytes, tail included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was ever written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The power goes.
    pub fn crash(&mut self, tail: Tail) {
        let keep = match tail {
            Tail::Kept => self.bytes.len(),
            Tail::Lost => self.synced,
            Tail::Torn => self.synced + (self.bytes.len() - self.synced) / 2,
        };
        self.bytes.truncate(keep);
        let whole = self.records().map(|record| record.len() + 4).sum();
        // Whoever reads a journal again cuts off the torn frame, or the next append would land inside it.
        self.bytes.truncate(whole);
        self.synced = whole;
    }

    /// Everything is gone, as if the disk had been replaced.
    pub fn wipe(&mut self) {
        *self = Self::default();
    }

    /// The whole records, oldest first. A torn one at the end is left out.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        core::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (record, behind) = behind.split_at_checked(length)?;
            rest = behind;
            Some(record)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Disk, Tail};

    fn written(tail: Tail) -> Vec<Vec<u8>> {
        let mut disk = Disk::default();
        disk.append(b"one");
        disk.sync();
        disk.append(b"two");
        disk.append(b"three");
        disk.crash(tail);
        disk.append(b"four");
        disk.records().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_any_part_of_the_rest() {
        assert_eq!(
            written(Tail::Kept),
            [&b"one"[..], b"two", b"three", b"four"]
        );
        assert_eq!(written(Tail::Lost), [&b"one"[..], b"four"]);
        assert_eq!(written(Tail::Torn), [&b"one"[..], b"two", b"four"]);
    }

    #[test]
    fn a_wiped_disk_is_empty() {
        let mut disk = Disk::default();
        disk.append(b"one");
        assert!(disk.is_dirty() && !disk.is_empty() && disk.len() == 7);
        disk.wipe();
        assert_eq!(disk.records().count(), 0);
    }
}
