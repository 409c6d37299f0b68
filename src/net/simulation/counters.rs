//! What a run keeps beside the machines.

use std::collections::BTreeMap;

use crate::actor::Actor;
use crate::deterministic_secure_broadcast::Evidence;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::report::HaltReason;
use crate::net::time::VirtualTime;

/// Counters and lists of a run.
#[derive(Debug, Default)]
pub(super) struct RunCounters {
    pub(super) sometimes: BTreeMap<&'static str, u64>,
    /// By culprit: the first evidence, and which correct nodes hold any.
    pub(super) convictions: BTreeMap<Actor, (Evidence, Vec<NodeId>)>,
    pub(super) halted: Vec<(NodeId, HaltReason)>,
    /// When something last moved: a delivery, a refusal, evidence.
    pub(super) moved: VirtualTime,
    /// Replicas that have gone on from a snapshot in this step, and when.
    pub(super) taken_over: Vec<(Moment, NodeId)>,
    /// The call that is already made for a node's next item.
    pub(super) calls: BTreeMap<NodeId, VirtualTime>,
}

impl RunCounters {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.sometimes.entry(what).or_default() += 1;
    }
}
