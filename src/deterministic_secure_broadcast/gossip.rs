//! What a replica remembers of telling others what it has.

use crate::codec::Digest;

/// Whose turn it is, and what was told last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gossip {
    pub(super) ticks: u64,
    pub(super) turn: usize,
    /// How many messages were delivered at the last tick.
    pub(super) seen: usize,
    /// The digest of our state, and after how many messages.
    pub(super) digest: Option<(usize, Digest)>,
}

impl Gossip {
    /// Makes room for new seats.
    pub(super) fn grow(&mut self) {
        // It is over every seat.
        self.digest = None;
    }
}
