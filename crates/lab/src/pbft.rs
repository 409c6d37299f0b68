//! PBFT: Castro and Liskov, *Practical Byzantine Fault Tolerance* (OSDI 1999).
//!
//! n replicas, of which f = ⌊(n−1)/3⌋ may lie, put the requests of clients into one order. Replica `view mod n` is the
//! primary. A request goes to it; it assigns a number and sends PRE-PREPARE to the backups; they tell each other with
//! PREPARE, so that a quorum knows that no other request can have that number in this view; all tell each other with
//! COMMIT, so that a quorum knows that a quorum knows, and the number survives a change of view. f + 1 equal replies
//! convince the client.
//!
//! | | packets |
//! | --- | --- |
//! | REQUEST, client → primary | 1 |
//! | PRE-PREPARE, primary → backups | n − 1 |
//! | PREPARE, backup → all others | (n − 1)² |
//! | COMMIT, all → all others | n (n − 1) |
//! | REPLY, all → client | n |
//! | all | 2n² − n + 1 |
//!
//! A backup that waits too long for a request asks for the next view; joining is early, at f + 1 who ask; the time it
//! waits doubles. Every hundredth number is a checkpoint, at which logs are cut. What the paper leaves to its library of
//! state transfer is here the simplest thing that is safe: who lags behind is told what was executed, and believes what
//! f + 1 tell alike.

mod checkpoint;
mod client;
mod forgetful;
mod log;
mod message;
mod replica;
mod stalling;
mod two_requests;
mod view_change;

use std::sync::Arc;

use bft_crdts::net::{NodeId, Span};

use crate::fault::{FaultKind, Forger, Malicious, Offline, Peer, Stuck, TwoFaced};
use crate::keys::Ring;
use crate::sizes::Sizes;
use crate::trial::{Group, Plan, PlanError, Troupe, halves, node_count, pick};

pub use client::Client;
use forgetful::Forgetful;
pub use message::Message;
pub use replica::{Replica, Rules};
use stalling::Stalling;
use two_requests::TwoRequests;

/// How often there is a checkpoint.
pub const CHECKPOINT: u64 = 100;
/// How many numbers above the last stable checkpoint may be assigned.
pub const WINDOW: u64 = 2 * CHECKPOINT;
/// How long a backup waits for a request before it asks for the next view, the first time.
pub const PATIENCE: Span = Span::from_millis(500);
/// How long the client waits before it sends its request to all.
pub const RETRANSMISSION: Span = Span::from_millis(300);
/// Its name in tables.
pub const NAME: &str = "pbft";

/// The replicas, and the client behind them.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast(plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    cast_with(plan, Rules::default())
}

/// The same under other rules: to break one on purpose, and see that the checkers notice.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast_with(plan: &Plan, rules: Rules) -> Result<Troupe<Message>, PlanError> {
    set_up(plan, rules, false)
}

/// The same with a client that sends the primary one version of each request, and the backups another.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast_conflicting(plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    set_up(plan, Rules::default(), true)
}

fn set_up(plan: &Plan, rules: Rules, conflicting: bool) -> Result<Troupe<Message>, PlanError> {
    let nodes = node_count(NAME, 1, plan)?;
    let (ring, keys) = Ring::make(nodes + 2);
    let sizes = Sizes::of(plan.nodes);
    let first = match plan.fault {
        FaultKind::MaliciousCommander | FaultKind::StallingPrimary => Some(NodeId::new(0)),
        // The one that leads after the first.
        FaultKind::ForgetfulPrimary if nodes > 1 => Some(NodeId::new(1)),
        _ => None,
    };
    let all: Arc<[NodeId]> = (0..nodes).map(NodeId::new).collect();
    let faulty = pick(NAME, plan, first, all.iter().copied())?;
    let other_half = halves(&all, &faulty);
    let mut peers = Vec::new();
    for number in 0..nodes {
        let me = NodeId::new(number);
        let key = keys[usize::from(number)].clone();
        let forgets = plan.fault == FaultKind::ForgetfulPrimary && faulty.contains(&me);
        let rules = if forgets { forgetful::RULES } else { rules };
        let node = Replica::new(number, key.clone(), ring.clone(), sizes, all.clone(), rules);
        if !faulty.contains(&me) {
            peers.push(Peer::correct(node));
            continue;
        }
        let forger = Forger::new(number, nodes + 1, &keys, &ring);
        peers.push(match plan.fault {
            FaultKind::Offline => Peer::faulty(node, Offline),
            FaultKind::Malicious => Peer::faulty(node, Malicious(forger)),
            FaultKind::Stuck => Peer::faulty(node, Stuck::default()),
            FaultKind::ForgetfulPrimary => Peer::faulty(node, Forgetful),
            FaultKind::StallingPrimary => Peer::faulty(node, Stalling::new(forger)),
            FaultKind::MaliciousCommander => {
                let other_half = other_half.clone();
                Peer::faulty(node, TwoFaced { forger, other_half })
            }
            fault => return Err(PlanError::unknown(NAME, fault, &FAULTS)),
        });
    }
    let client = Client::new(nodes, sizes, all.clone());
    peers.push(if conflicting {
        let forger = Forger::new(nodes, nodes, &keys, &ring);
        let backups = all.iter().copied().skip(1).collect();
        Peer::faulty(client, TwoRequests { forger, backups })
    } else {
        Peer::correct(client)
    });
    Ok(Troupe {
        peers,
        groups: vec![Group {
            deciders: all.to_vec(),
            requester: NodeId::new(nodes),
        }],
        client: nodes,
        client_key: keys[usize::from(nodes)].clone(),
        client_is_honest: !conflicting,
        ring,
        patience: Span::from_secs(60),
    })
}

/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 6] = [
    FaultKind::Offline,
    FaultKind::Malicious,
    FaultKind::MaliciousCommander,
    FaultKind::Stuck,
    FaultKind::StallingPrimary,
    FaultKind::ForgetfulPrimary,
];
