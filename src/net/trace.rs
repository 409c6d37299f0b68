//! What happened in a run, in order: the one thing charts and reports are drawn from.
//!
//! A trace is plain data. It holds nothing that depends on the machine it was recorded on, so equal seeds give
//! equal traces.

use serde::Serialize;

use super::node::NodeId;
use super::time::VirtualTime;
use crate::codec::{self, Digest};

/// Everything that happened in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// What a chart of it is called.
    pub title: String,
    /// The scenario it was run from.
    pub scenario: String,
    /// The seed all randomness of the run was derived from.
    pub seed: u64,
    /// The nodes, by [`NodeId`].
    pub nodes: Vec<TraceNode>,
    /// The events, in the order in which they happened.
    pub events: Vec<TraceEvent>,
}

impl Trace {
    /// The digest of all of it: equal traces, equal digests.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts("bft-crdts/trace/1", &[&codec::encode(self)])
    }
}

/// A node, as a chart shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceNode {
    /// Short name; unique in the run.
    pub name: String,
    /// What it does: "member", "equivocator", "outsider", …
    pub role: String,
    /// Whether it keeps to the protocol for the whole run. A replica that crashes and restarts does.
    pub correct: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceEvent {
    /// When it happened.
    pub at: VirtualTime,
    /// The engine's step it belongs to, from 1; the events of one step share it.
    pub step: u64,
    /// What happened.
    pub kind: TraceKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum TraceKind {
    /// A packet was put on the wire.
    Sent {
        /// Number of this copy of the packet, unique in the run; `Arrived` and `Lost` refer to it.
        message: u64,
        /// Who sent it.
        from: NodeId,
        /// Who is to get it.
        to: NodeId,
        /// Kind of packet: "request", "echo", …
        kind: &'static str,
        /// Short text for an arc: `request #3 pay b 10`.
        label: String,
        /// Size on the wire, in bytes.
        bytes: u32,
        /// Whether the network made this copy, nobody having sent it.
        duplicate: bool,
    },
    /// A packet arrived.
    Arrived {
        /// The `message` of its `Sent`.
        message: u64,
        /// What its receiver made of it.
        outcome: PacketOutcome,
    },
    /// A packet will never arrive.
    Lost {
        /// The `message` of its `Sent`.
        message: u64,
        /// Why: "loss", "partition", "receiver down", …
        reason: String,
    },
    /// A replica delivered an operation.
    Delivered {
        /// Where.
        node: NodeId,
        /// Which operation.
        label: String,
    },
    /// The state of a node after a change.
    State {
        /// Where.
        node: NodeId,
        /// The state, in short.
        label: String,
    },
    /// A fault, a Byzantine act, or evidence of one.
    Note {
        /// Where.
        node: NodeId,
        /// What.
        label: String,
    },
    /// Something a node did by itself, such as submitting an operation.
    Local {
        /// Where.
        node: NodeId,
        /// What.
        label: String,
    },
    /// Something that happened to the whole network: a partition, its healing.
    Divider {
        /// What.
        label: String,
    },
    /// A change of generation.
    Band {
        /// Which.
        label: String,
    },
}

/// What a receiver made of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PacketOutcome {
    /// It was new, and taken.
    Accepted,
    /// It was known already.
    Duplicate,
    /// It is held until what it depends on arrives.
    Parked,
    /// It was refused, for this reason.
    Rejected(String),
}
