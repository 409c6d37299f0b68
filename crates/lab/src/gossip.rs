//! Gossip, as the notebooks have it: push, pull, push–pull, and pull by ranges.
//!
//! *Push*: whoever hears a transaction stores it and passes it on to [`FANOUT`] random neighbours, as long as its time to live
//! lasts; every copy anew. *Pull*: every [`ROUND`] a peer tells some random neighbours what it has; whoever has more says so, and
//! what is missing is asked for. *Push–pull* does both. *Ranged* pull says what it has as ranges of numbers, which is
//! short while there are few gaps.
//!
//! Gossip spreads whatever it is given. It does not decide between two versions of a transaction: a peer keeps the one
//! that came last, as in the notebooks.

mod message;
mod node;
mod tamper;

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::world::Topology;
use bft_crdts::net::{Chance, NodeId, Span, Streams};

use crate::fault::{Eclipse, FaultKind, Forger, Offline, Peer, Stuck, TwoFaced};
use crate::keys::Ring;
use crate::trial::{Group, Plan, PlanError, Troupe, halves, node_count, pick};

pub use message::{Have, Message};
pub use node::{Node, Producer};
pub use tamper::Tamper;

/// To how many neighbours a peer passes something on.
pub const FANOUT: usize = 3;
/// To how many neighbours a client tells something.
pub const FIRST_FANOUT: usize = 5;
/// How often what a client tells is passed on.
pub const TTL: u8 = 4;
/// How often a peer pulls.
pub const ROUND: Span = Span::from_millis(500);
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 5] = [
    FaultKind::Offline,
    FaultKind::Malicious,
    FaultKind::MaliciousCommander,
    FaultKind::Stuck,
    FaultKind::Eclipse,
];

/// How a peer gossips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Style {
    /// Passes on what it hears.
    Push,
    /// Asks for what it lacks.
    Pull,
    /// Both.
    PushPull,
    /// Asks for what it lacks, and says what it has in ranges.
    Ranged,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Push, Self::Pull, Self::PushPull, Self::Ranged];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::PushPull => "push-pull",
            Self::Ranged => "ranged-pull",
        }
    }

    pub(crate) const fn pushes(self) -> bool {
        matches!(self, Self::Push | Self::PushPull)
    }

    pub(crate) const fn pulls(self) -> bool {
        !matches!(self, Self::Push)
    }
}

/// A random graph in which everybody can reach everybody: every pair is linked with the chance 0.4, and each node with
/// the next.
#[must_use]
pub fn graph(nodes: u16, streams: &Streams) -> Topology {
    let mut stream = streams.of("topology");
    let mut graph = Topology::erdos_renyi(nodes, Chance::percent(40), &mut stream);
    for node in 1..nodes {
        graph.link(NodeId::new(node - 1), NodeId::new(node));
    }
    graph
}

/// Peers on a random graph, who check signatures; the first of them has something to tell.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast(style: Style, plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    let name = style.name();
    let nodes = node_count(name, 1, plan)?;
    let (ring, keys) = Ring::make(nodes + 2);
    let streams = Streams::new(plan.seed);
    let mut graph = graph(nodes, &streams);
    let all: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
    let teller = all[0];
    let lies = plan.fault == FaultKind::MaliciousCommander;
    let candidates = all.iter().copied().filter(|node| *node != teller);
    let faulty = pick(name, plan, lies.then_some(teller), candidates)?;
    let victim = victim(plan, &all, &faulty);
    if let Some(victim) = victim {
        surround(&mut graph, victim, &faulty);
    }
    let other_half = halves(&all, &faulty);
    let mut peers = Vec::new();
    for &me in &all {
        let neighbours = graph.neighbours(me).into();
        let stream = streams.of_node("gossip", me);
        let node = Node::new(style, ring.clone(), neighbours, stream);
        if !faulty.contains(&me) {
            peers.push(Peer::correct(node));
            continue;
        }
        let forger = Forger::new(nodes, nodes, &keys, &ring);
        peers.push(match plan.fault {
            FaultKind::Offline => Peer::faulty(node, Offline),
            FaultKind::Stuck => Peer::faulty(node, Stuck::default()),
            FaultKind::Malicious => {
                let stream = streams.of_node("tamper", me);
                Peer::faulty(node, Tamper::new(graph.neighbours(me).into(), stream))
            }
            FaultKind::MaliciousCommander => {
                let other_half = other_half.clone();
                Peer::faulty(node, TwoFaced { forger, other_half })
            }
            FaultKind::Eclipse => match victim {
                Some(victim) => Peer::faulty(node, Eclipse { victim }),
                None => Peer::correct(node),
            },
            fault => return Err(PlanError::unknown(name, fault, &FAULTS)),
        });
    }
    Ok(Troupe {
        peers,
        groups: vec![Group {
            deciders: all,
            requester: teller,
        }],
        client: nodes,
        client_key: keys[usize::from(nodes)].clone(),
        client_is_honest: !lies || faulty.is_empty(),
        ring,
        patience: Span::from_secs(10),
    })
}

/// Whom the liars keep in the dark: the last correct node.
fn victim(plan: &Plan, all: &[NodeId], faulty: &BTreeSet<NodeId>) -> Option<NodeId> {
    if plan.fault != FaultKind::Eclipse || faulty.is_empty() {
        return None;
    }
    let mut correct = all.iter().skip(1).filter(|node| !faulty.contains(node));
    correct.next_back().copied()
}

/// Gives a node no neighbours but these.
fn surround(graph: &mut Topology, victim: NodeId, faulty: &BTreeSet<NodeId>) {
    let before: Arc<[NodeId]> = graph.neighbours(victim).into();
    for neighbour in before.iter().filter(|node| !faulty.contains(node)) {
        graph.unlink(victim, *neighbour);
    }
    for neighbour in faulty {
        graph.link(victim, *neighbour);
    }
}
