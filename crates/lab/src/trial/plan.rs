//! What a trial is to be.

use bft_crdts::net::Faults;

use crate::fault::FaultKind;

/// What a trial is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Nodes of the protocol; a client or a monitor outside is not among them.
    pub nodes: usize,
    /// How many of them are faulty.
    pub faulty: usize,
    /// In which way.
    pub fault: FaultKind,
    /// All randomness is derived from this.
    pub seed: u64,
    /// How many transactions are handed in.
    pub decisions: u64,
    /// How many of them may be under way at a time.
    pub at_once: u64,
    /// The network, and what goes wrong on it without anybody meaning it. Crashes are for ever.
    pub network: Faults,
}

/// Why a trial cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Too few nodes for the protocol, or more than can be numbered.
    #[error("{protocol} runs with {least} to {MOST} nodes, not with {nodes}")]
    Nodes {
        /// Which.
        protocol: &'static str,
        /// The fewest.
        least: usize,
        /// How many were asked for.
        nodes: usize,
    },
    /// More faulty nodes than nodes that can be faulty.
    #[error("of {nodes} nodes of {protocol} at most {most} can be {fault}, not {faulty}")]
    Faulty {
        /// Which.
        protocol: &'static str,
        /// How many nodes there are.
        nodes: usize,
        /// How many can be faulty.
        most: usize,
        /// In which way.
        fault: FaultKind,
        /// How many were asked for.
        faulty: usize,
    },
    /// Nobody is faulty this way there.
    #[error("{protocol} knows no {fault} nodes; it knows {}", .known.join(", "))]
    Fault {
        /// Which.
        protocol: &'static str,
        /// The way asked for.
        fault: FaultKind,
        /// The ways there are.
        known: Vec<&'static str>,
    },
    /// Faulty nodes, but no way to be faulty.
    #[error("{0} faulty nodes, but the fault is none")]
    NoFault(usize),
}

/// The most nodes of a trial.
pub(super) const MOST: usize = 500;

impl Plan {
    /// One decision of a network without faults, in which every packet takes one to ten milliseconds.
    #[must_use]
    pub fn new(nodes: usize, seed: u64) -> Self {
        Self {
            nodes,
            faulty: 0,
            fault: FaultKind::None,
            seed,
            decisions: 1,
            at_once: 1,
            network: Faults::default(),
        }
    }

    /// The same with so many nodes faulty in this way.
    #[must_use]
    pub fn with(mut self, faulty: usize, fault: FaultKind) -> Self {
        (self.faulty, self.fault) = (faulty, fault);
        self
    }

    /// How many are faulty: none if the fault is none.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        self.faulty > 0 && self.fault != FaultKind::None
    }
}
