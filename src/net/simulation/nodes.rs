//! How a machine is put on its node.

use std::sync::Arc;

use crate::deterministic_secure_broadcast::{Config, Rules, SecureBroadcast};
use crate::net::adversary::behavior::Assigned;
use crate::net::adversary::interceptor::{Intercepted, InterceptorConfig};
use crate::net::adversary::{AdversaryConfig, PacketMutator};
use crate::net::directory::Directory;
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::participant::Participant;
use crate::net::random::{Stream, Streams};
use crate::net::replica::Replica;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::{Span, VirtualTime};

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

/// A stream no node shares.
pub(super) fn first_tick(streams: &Streams, node: NodeId, tick: Span) -> Span {
    let mut stream: Stream = streams.of_node("tick", node);
    stream.span(Span::from_nanos(1), tick)
}

/// A machine for a node.
fn machine<A: SimAlgorithm, K: SeededKeys, R: Rules>(
    broadcast: SecureBroadcast<A, K, R>,
    directory: &Arc<Directory>,
    tick: Span,
    first: Span,
) -> Participant<A, K, R> {
    Participant::Replica(Replica::new(broadcast, directory.clone(), tick, first))
}
