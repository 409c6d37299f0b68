//! Tickets: what an operation of our own is called before it has a dot.

use std::fmt;
use std::ops::Range;

/// Names one submitted operation from [`broadcast`](super::SecureBroadcast::broadcast) until
/// [`Effect::Issued`](super::Effect::Issued) gives it a dot or [`Effect::Returned`](super::Effect::Returned) gives it back.
///
/// A ticket is local to one replica and one run of it: after a restart, numbering begins again, and operations that
/// were not part of a message are the caller's to submit again.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// Its number: the operations submitted before it in this run.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The tickets of the operations of one call, one for each, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tickets(Range<u64>);

impl Tickets {
    /// The `len` tickets from number `next` on, which moves behind them. A run that submits 2⁶⁴ operations does not end.
    pub(super) fn take(next: &mut u64, len: usize) -> Self {
        let first = *next;
        *next = first.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Self(first..*next)
    }
}

impl Iterator for Tickets {
    type Item = Ticket;

    fn next(&mut self) -> Option<Ticket> {
        self.0.next().map(Ticket)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Tickets {
    fn next_back(&mut self) -> Option<Ticket> {
        self.0.next_back().map(Ticket)
    }
}
