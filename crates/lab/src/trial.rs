//! A trial: one protocol, one plan, one seed, and what came of it.

mod outcome;
mod plan;
mod setup;
mod watch;

use bft_crdts::net::{Engine, Limits, NodeId, Span, Step, Streams, VirtualTime};

pub use outcome::{Ballots, Outcome};
pub use plan::{Plan, PlanError};
pub use setup::{Setup, pick};
use watch::Watch;

use std::sync::Arc;

use crate::fault::Peer;
use crate::keys::{Key, Ring};
use crate::packet::Packet;
use crate::tx::{SignedTx, Tx, TxId};

/// All who take part in a trial.
#[derive(Debug)]
pub struct Roster<P> {
    /// Every node, those outside included.
    pub peers: Vec<Peer<P>>,
    /// Those who decide together; several groups where nodes are divided into domains. Transactions go to one group
    /// after the other.
    pub groups: Vec<Group>,
    /// Whose transactions they are, by its key's number.
    pub client: u16,
    /// That key.
    pub client_key: Key,
    /// Whether it asks for one thing under one name. If not, no checker holds anybody to what it asked for.
    pub client_is_honest: bool,
    /// Everybody's public keys.
    pub ring: Arc<Ring>,
    /// How long a decision may take: the bound of bounded liveness.
    pub patience: Span,
}

/// Nodes that decide together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// All of them.
    pub deciders: Vec<NodeId>,
    /// To whom transactions are handed at first: one of them, or a client outside.
    pub requester: NodeId,
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

/// A transaction that was handed in and is not settled.
struct UnderWay {
    request: SignedTx,
    group: usize,
    requester: NodeId,
    begun: VirtualTime,
}

impl UnderWay {
    fn hand_in<P: Packet>(&self, engine: &mut Engine<Peer<P>>, watch: &mut Watch) {
        engine.input(self.requester, watch, |peer, effects| {
            peer.submit(self.request, effects);
        });
    }
}

/// Runs a trial to its end: a transaction is handed in as soon as one before it is settled or given up.
#[must_use]
pub fn run<P: Packet>(plan: &Plan, roster: Roster<P>) -> Outcome {
    let Roster {
        peers,
        groups,
        client,
        client_key,
        client_is_honest,
        ring,
        patience,
    } = roster;
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
    let mut watch = Watch::new(peers.len(), &groups, &faulty);
    let mut engine = Engine::new(peers, &[], plan.network.clone(), limits, &streams);
    engine.start(&mut watch);
    let mut spans = Vec::new();
    let mut overdue = 0;
    let mut next = 1;
    let mut under_way: Vec<UnderWay> = Vec::new();
    while next <= plan.decisions || !under_way.is_empty() {
        while next <= plan.decisions && (under_way.len() as u64) < plan.at_once.max(1) {
            let group = (next - 1) as usize % groups.len();
            let tx = transaction(&streams, client, next);
            watch.asks(tx, client_is_honest);
            let begun = engine.now();
            engine.call_at(begun + patience, next);
            next += 1;
            let requester = watch.leader(group).unwrap_or(groups[group].requester);
            let handed = UnderWay {
                request: SignedTx::new(&client_key, &ring, tx),
                group,
                requester,
                begun,
            };
            handed.hand_in(&mut engine, &mut watch);
            under_way.push(handed);
        }
        under_way.retain(|handed| {
            let deciders = &groups[handed.group].deciders;
            let settled = watch.is_settled(handed.requester, deciders, handed.request.tx.id);
            if settled {
                spans.push(engine.now().since(handed.begun));
            }
            !settled
        });
        if under_way.is_empty() {
            continue;
        }
        match engine.step(&mut watch) {
            Step::Call(number) => {
                let before = under_way.len();
                under_way.retain(|handed| handed.request.tx.id.number != number);
                overdue += (before - under_way.len()) as u64;
            }
            Step::Ended(_) => {
                overdue += under_way.len() as u64;
                under_way.clear();
            }
            // No machine of the laboratory keeps a journal: who crashes stays down.
            Step::Ran | Step::RestartDue(_) => {}
        }
        // Where another one leads now, it is handed what nobody has accepted yet.
        for handed in &mut under_way {
            let leader = watch.leader(handed.group);
            let leader = leader.filter(|leader| *leader != handed.requester);
            if let (Some(leader), false) = (leader, watch.is_accepted(handed.request.tx.id)) {
                handed.requester = leader;
                handed.hand_in(&mut engine, &mut watch);
            }
        }
    }
    watch.close();
    let ended = engine.now();
    // What was sent before the end is received after it, and answered.
    while watch.is_under_way() {
        if let Step::Ended(_) = engine.step(&mut watch) {
            break;
        }
    }
    watch.outcome(plan, faulty, spans, overdue, ended)
}
