//! The entries of the event queue, in order of (time, sequence number).

use core::cmp::Ordering;

use super::machine::TimerId;
use super::node::NodeId;
use super::observer::Planned;
use super::time::VirtualTime;

/// Something that is going to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) at: VirtualTime,
    /// Unique in the run: who was asked for first happens first.
    pub(crate) sequence: u64,
    pub(crate) what: What,
}

/// What is going to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The next copy of a flight arrives.
    Flight(u32),
    /// The only copy of this flight has been read to its end.
    Landing(u32),
    /// The receiver has done with it.
    Worked(u32),
    Timer {
        node: NodeId,
        life: u32,
        timer: TimerId,
    },
    /// A timer whose node was busy when it was due.
    LateTimer {
        node: NodeId,
        life: u32,
        timer: TimerId,
    },
    Call(u64),
    Cut(u32),
    Mend(u32),
    Crash(u32),
    Restart {
        node: NodeId,
        life: u32,
    },
    /// Something of the plan begins.
    Begin(Planned),
    /// It ends.
    Finish(Planned),
    /// A node goes away, by the number of its downtime.
    Away(u32),
    /// It is back.
    Back(u32),
    Heal,
}

/// Reversed: the standard heap gives the greatest first, and the earliest is wanted.
impl Ord for Entry {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Entry {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
