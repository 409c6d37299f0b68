//! What a node of any protocol says to the world: what it decided, what it made of a packet, what else there is.

use core::fmt;

use bft_crdts::net::NodeId;

use crate::tx::{Tx, TxId};

/// The place that a decision fills. No two correct nodes may fill one place differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Whose numbers these are: a source, a domain, or 0 where there is one order of everything.
    pub scope: u16,
    /// The number: of a source's message, of the order, of a round, of a block.
    pub number: u64,
}

/// A node has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What place is filled.
    pub slot: Slot,
    /// With what.
    pub tx: Tx,
}

impl Decided {
    /// With this the place is filled that has this number of this scope.
    #[must_use]
    pub const fn new(scope: u16, number: u64, tx: Tx) -> Self {
        let slot = Slot { scope, number };
        Self { slot, tx }
    }
}

/// What a node made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was news.
    Taken,
    /// It came late, or a second time, or too early to be of use.
    Useless,
    /// It was refused, for this reason.
    Refused(&'static str),
}

/// What else a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The requester has what it asked for.
    Accepted(TxId),
    /// It has entered this view.
    View(u64),
    /// From now on requests go to this node.
    Leads(NodeId),
    /// It has the answers of so many voters, and took so many others for granted.
    Counted {
        /// Votes that came.
        came: usize,
        /// Votes that were taken for granted when time was up.
        granted: usize,
    },
    /// Trust, in thousandths, by node.
    Trust(Vec<u32>),
    /// It has undone decisions, so many blocks deep.
    Undone(u64),
    /// It has mined a block: its height.
    Mined(u64),
    /// Something worth counting.
    Count(&'static str),
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            0 => write!(f, "#{}", self.number),
            scope => write!(f, "#{}/{scope}", self.number),
        }
    }
}
