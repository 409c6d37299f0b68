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

use crate::fault::{Eclipse, FaultKind, Malicious, Peer};
use crate::trial::{Plan, PlanError, Roster, Setup};

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
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Style {
    /// Passes on what it hears.
    Push,
    /// Asks for what it lacks.
    Pull,
    /// Both.
    PushPull,
    /// Asks for what it lacks, and says what it has in ranges.
    #[strum(serialize = "ranged-pull")]
    Ranged,
}

impl Style {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
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
pub fn roster(style: Style, plan: &Plan) -> Result<Roster<Message>, PlanError> {
    let teller = NodeId::new(0);
    let setup = Setup::new(style.name(), &FAULTS, 1, 0, plan)?.led_by(teller)?;
    let streams = Streams::new(plan.seed);
    let mut graph = graph(setup.client, &streams);
    let victim = victim(plan, &setup.all, &setup.faulty);
    if let Some(victim) = victim {
        surround(&mut graph, victim, &setup.faulty);
    }
    let peers = setup.all.iter().map(|&me| {
        let neighbours: Arc<[NodeId]> = graph.neighbours(me).into();
        let stream = streams.of_node("gossip", me);
        let node = Node::new(style, setup.ring.clone(), neighbours.clone(), stream);
        if !setup.faulty.contains(&me) {
            return setup.peer(me, node);
        }
        Ok(match plan.fault {
            FaultKind::Malicious => {
                let stream = streams.of_node("tamper", me);
                Peer::faulty(node, Tamper::new(neighbours, stream))
            }
            FaultKind::MaliciousCommander => {
                let (forger, half) = (setup.clients_forger(), Some(setup.other_half.clone()));
                Peer::faulty(node, Malicious { forger, half })
            }
            FaultKind::Eclipse => match victim {
                Some(victim) => Peer::faulty(node, Eclipse { victim }),
                None => Peer::correct(node),
            },
            _ => return setup.peer(me, node),
        })
    });
    let peers = peers.collect::<Result<_, _>>()?;
    let lies = plan.fault == FaultKind::MaliciousCommander;
    Ok(Roster {
        client_is_honest: !lies || setup.faulty.is_empty(),
        ..setup.roster(peers, teller, Span::from_secs(10))
    })
}

/// Who is kept in the dark: the last correct node.
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
