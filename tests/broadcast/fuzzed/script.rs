//! Reading a scenario out of arbitrary bytes: what a fuzzer writes, a property draws and a corpus keeps.

#![allow(dead_code, reason = "every test program uses its own part of this")]

/// Bytes that are read as choices; when they are used up, every further choice is 0.
pub(crate) struct Script<'b> {
    bytes: &'b [u8],
}

impl<'b> Script<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `limit`; 0 if there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()).checked_rem(limit).unwrap_or(0)
    }

    /// A number of any size; small ones, and those next to the ends, most of the time.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            small @ 0..=199 => u64::from(small % 16),
            200..=215 => u64::MAX - u64::from(self.byte()),
            216..=231 => 1 << self.below(64),
            _ => self
                .take(8)
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        }
    }

    /// The next `length` bytes, or as many as there are.
    pub(crate) fn take(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }

    pub(crate) fn rest(&mut self) -> &'b [u8] {
        self.take(usize::MAX)
    }

    pub(crate) fn text(&mut self) -> String {
        let length = self.below(24);
        String::from_utf8_lossy(self.take(length)).into_owned()
    }
}
