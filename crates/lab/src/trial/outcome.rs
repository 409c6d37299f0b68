//! What came of a trial.

use std::collections::BTreeMap;

use bft_crdts::net::{NodeId, Span, VirtualTime};

use crate::checker::Violation;
use crate::outcome::Said;
use crate::tally::{Load, Traffic};

/// Votes a node has heard: for what the client asked for, and for anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballots {
    /// For what the client asked for.
    pub correct: u64,
    /// For something else.
    pub corrupt: u64,
}

/// What came of a trial. Equal plans give equal outcomes.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Nodes of the protocol.
    pub nodes: usize,
    /// Those of all nodes that are faulty.
    pub faulty: Vec<NodeId>,
    /// Broken promises: agreement and validity.
    pub violations: Vec<Violation>,
    /// Transactions that were settled: the requester accepted, and every correct node decided.
    pub decided: u64,
    /// Those that were not within the bound.
    pub overdue: u64,
    /// Packets to the reply.
    pub messages: Traffic,
    /// Packets until everybody has stored what is decided.
    pub stored: Traffic,
    /// By kind, uncounted ones included.
    pub by_kind: BTreeMap<&'static str, Traffic>,
    /// By node.
    pub loads: Vec<Load>,
    /// What the busiest node of the protocol sent and received.
    pub busiest: u64,
    /// How long each settled transaction took, in order of length.
    pub latencies: Vec<Span>,
    /// When the last one was settled or given up.
    pub ended: VirtualTime,
    /// Transactions of which correct nodes hold different versions in the end.
    pub split: usize,
    /// What nodes said, in order.
    pub said: Vec<(VirtualTime, NodeId, Said)>,
    /// What each node heard of others' votes.
    pub ballots: Vec<Ballots>,
}

impl Outcome {
    /// The latency that so many of a hundred do not exceed; none if nothing was settled.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Span> {
        let rank = (self.latencies.len() * percent).div_ceil(100).max(1);
        self.latencies.get(rank - 1).copied()
    }

    /// The highest view a correct node has entered.
    #[must_use]
    pub fn last_view(&self) -> u64 {
        let views = self.said.iter().filter_map(|(_, node, said)| match said {
            Said::View(view) if !self.faulty.contains(node) => Some(*view),
            _ => None,
        });
        views.max().unwrap_or(0)
    }

    /// How often something was counted that machines say is worth counting.
    #[must_use]
    pub fn count(&self, what: &str) -> usize {
        let said = self.said.iter();
        said.filter(|(.., said)| matches!(said, Said::Count(name) if *name == what))
            .count()
    }
}
