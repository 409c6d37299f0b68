//! What a run keeps beside the machines, and how a machine is put on its node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{first_tick, machine};
use crate::actor::Actor;
use crate::deterministic_secure_broadcast::{Config, Evidence, Rules, SecureBroadcast};
use crate::net::adversary::behavior::Assigned;
use crate::net::adversary::interceptor::{Intercepted, InterceptorConfig};
use crate::net::adversary::{AdversaryConfig, PacketMutator};
use crate::net::directory::Directory;
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::participant::Participant;
use crate::net::random::{Stream, Streams};
use crate::net::report::HaltReason;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::{Span, VirtualTime};

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

/// A correct replica at its node.
pub(super) fn replica<A: SimAlgorithm, K: SeededKeys, R: Rules>(
    broadcast: SecureBroadcast<A, K, R>,
    directory: &Arc<Directory>,
    node: NodeId,
    tick: Span,
    streams: &Streams,
) -> Participant<A, K, R> {
    machine(broadcast, directory, tick, first_tick(streams, node, tick))
}

/// A correct replica at its node, behind an interceptor with a Byzantine behavior.
pub(super) fn intercepted<A: SimAlgorithm, K: SeededKeys, R: Rules>(
    behavior: Assigned,
    config: &AdversaryConfig<A, K>,
    stream: Stream,
    begins: VirtualTime,
    tick: Span,
    first: Span,
) -> Option<Participant<A, K, R>> {
    let mutator = PacketMutator::new(
        config.identity.clone(),
        &config.genesis,
        config.members.clone(),
    );
    let (identity, genesis) = (config.identity.clone(), config.genesis.clone());
    let directory = config.directory.clone();
    let make = move || {
        let (identity, genesis) = (identity.clone(), (*genesis).clone());
        let broadcast = SecureBroadcast::open(identity, genesis, [], Config::default()).ok()?;
        Some(machine(broadcast, &directory, tick, first))
    };
    let config = InterceptorConfig {
        make: Box::new(make),
        others: config.others.clone(),
        mutator: Box::new(mutator),
        stream,
        begins,
    };
    Intercepted::new(behavior.build(), config)
        .map(|intercepted| Participant::Intercepted(Box::new(intercepted)))
}
