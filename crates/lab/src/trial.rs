//! A trial: one protocol, one plan, one seed, and what came of it.

mod outcome;
mod plan;
mod watch;

use bft_crdts::net::{Engine, Limits, NodeId, Span, Step, Streams, VirtualTime};

pub use outcome::{Ballots, Outcome};
pub use plan::{Plan, PlanError, node_count, pick};
use watch::Watch;

use std::sync::Arc;

use crate::fault::Peer;
use crate::keys::{Key, Ring};
use crate::packet::Process;
use crate::tx::{SignedTx, Tx, TxId};

/// All who take part in a trial.
#[derive(Debug)]
pub struct Troupe<M: Process> {
    /// Every node, those outside included.
    pub peers: Vec<Peer<M>>,
    /// Those that decide: the nodes of the protocol.
    pub deciders: Vec<NodeId>,
    /// To whom transactions are handed. It may change as the run goes.
    pub requester: NodeId,
    /// Whose transactions they are, by its key's number.
    pub client: u16,
    /// That key.
    pub client_key: Key,
    /// Everybody's public keys.
    pub ring: Arc<Ring>,
    /// How long a decision may take: the bound of bounded liveness.
    pub patience: Span,
}

/// The transactions of a seed, one after the other.
fn transaction(streams: &Streams, client: u16, number: u64) -> Tx {
    let mut stream = streams.of_node("transaction", NodeId::new(client));
    let mut balance = 1_000_000_000;
    let mut tx = (0, 0);
    for _ in 0..number {
        tx = (stream.bits(), stream.range(1, 9));
        balance -= tx.1 as i64;
    }
    Tx {
        id: TxId { client, number },
        hash: tx.0,
        balance,
        diff: tx.1 as u8,
    }
}

/// Runs a trial to its end: every transaction is handed in as soon as the one before it is settled or given up.
#[must_use]
pub fn run<M: Process>(plan: &Plan, troupe: Troupe<M>) -> Outcome {
    let Troupe {
        peers,
        deciders,
        mut requester,
        client,
        client_key,
        ring,
        patience,
    } = troupe;
    let streams = Streams::new(plan.seed);
    let faulty: Vec<NodeId> = (0..)
        .map(NodeId::new)
        .zip(&peers)
        .filter(|(_, peer)| !peer.is_correct())
        .map(|(node, _)| node)
        .collect();
    let limits = Limits {
        steps: 200_000_000,
        time: VirtualTime::NEVER,
    };
    let mut watch = Watch::new(peers.len(), &deciders, &faulty);
    let mut engine = Engine::new(peers, &[], plan.network.clone(), limits, &streams);
    engine.start(&mut watch);
    let mut spans = Vec::new();
    let mut overdue = 0;
    for number in 1..=plan.decisions {
        let tx = transaction(&streams, client, number);
        watch.asks(tx);
        let request = SignedTx::new(&client_key, &ring, tx);
        let begun = engine.now();
        requester = watch.leader().unwrap_or(requester);
        engine.input(requester, &mut watch, |peer, effects| {
            peer.submit(request, effects);
        });
        engine.call_at(begun + patience, number);
        loop {
            if watch.is_settled(requester, tx.id) {
                spans.push(engine.now().since(begun));
                break;
            }
            match engine.step(&mut watch) {
                Step::Call(call) if call == number => {
                    overdue += 1;
                    break;
                }
                Step::Ended(_) => {
                    overdue += 1;
                    break;
                }
                // No machine of the laboratory keeps a journal: who crashes stays down.
                Step::Ran | Step::Call(_) | Step::RestartDue(_) => {}
            }
            // The one that leads has changed: it is handed what is not settled.
            if let Some(leader) = watch.leader().filter(|leader| *leader != requester) {
                requester = leader;
                engine.input(requester, &mut watch, |peer, effects| {
                    peer.submit(request, effects);
                });
            }
        }
    }
    watch.close();
    let ended = engine.now();
    // What was sent before the end is received after it.
    while watch.is_under_way() {
        if let Step::Ended(_) = engine.step(&mut watch) {
            break;
        }
    }
    watch.outcome(plan, &deciders, faulty, spans, overdue, ended)
}
