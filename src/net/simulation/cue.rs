//! What a run keeps beside the machines, and how a machine is put on its node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{first_tick, machine};
use crate::actor::Actor;
use crate::deterministic_secure_broadcast::{Config, Evidence, Rules, SecureBroadcast};
use crate::net::adversary::puppet::{Puppet, Strung};
use crate::net::adversary::vice::Assigned;
use crate::net::adversary::{Body, PacketTongue};
use crate::net::directory::Directory;
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::participant::Participant;
use crate::net::random::{Stream, Streams};
use crate::net::report::HaltReason;
use crate::net::stage::Staged;
use crate::net::time::{Span, VirtualTime};

/// Counters and lists of a run.
#[derive(Debug, Default)]
pub(super) struct Books {
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

impl Books {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.sometimes.entry(what).or_default() += 1;
    }
}

/// A correct replica at its node.
pub(super) fn replica<A: Staged, K: SeededKeys, R: Rules>(
    broadcast: SecureBroadcast<A, K, R>,
    directory: &Arc<Directory>,
    node: NodeId,
    tick: Span,
    streams: &Streams,
) -> Participant<A, K, R> {
    machine(broadcast, directory, tick, first_tick(streams, node, tick))
}

/// A correct replica at its node, in the hands of a vice.
pub(super) fn puppet<A: Staged, K: SeededKeys, R: Rules>(
    vice: Assigned,
    body: &Body<A, K>,
    stream: Stream,
    begins: VirtualTime,
    tick: Span,
    first: Span,
) -> Option<Participant<A, K, R>> {
    let tongue = PacketTongue::new(body.identity.clone(), &body.genesis, body.members.clone());
    let (identity, genesis) = (body.identity.clone(), body.genesis.clone());
    let directory = body.directory.clone();
    let make = move || {
        let (identity, genesis) = (identity.clone(), (*genesis).clone());
        let broadcast = SecureBroadcast::open(identity, genesis, [], Config::default()).ok()?;
        Some(machine(broadcast, &directory, tick, first))
    };
    let strung = Strung {
        make: Box::new(make),
        others: body.others.clone(),
        tongue: Box::new(tongue),
        stream,
        begins,
    };
    Puppet::new(vice.build(), strung).map(|puppet| Participant::Puppet(Box::new(puppet)))
}
