//! The number of a node in a run.

use core::fmt;

use serde::Serialize;

/// A node of a run: its place in the list the run was built from, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NodeId(u16);

impl NodeId {
    /// The node at `place` in the list.
    #[must_use]
    pub const fn new(place: u16) -> Self {
        Self(place)
    }

    /// Its place in the list.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Its place in the list, to index with.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}
