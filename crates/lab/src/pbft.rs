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

use bft_crdts::net::{NodeId, Span};

use crate::fault::{FaultKind, Peer};
use crate::sizes::Sizes;
use crate::trial::{Plan, PlanError, Roster, Setup};

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
pub fn roster(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    roster_with(plan, Rules::default())
}

/// The same under other rules: to break one on purpose, and see that the checkers notice.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster_with(plan: &Plan, rules: Rules) -> Result<Roster<Message>, PlanError> {
    set_up(plan, rules, false)
}

/// The same with a client that sends the primary one version of each request, and the backups another.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster_conflicting(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    set_up(plan, Rules::default(), true)
}

fn set_up(plan: &Plan, rules: Rules, conflicting: bool) -> Result<Roster<Message>, PlanError> {
    let first = match plan.fault {
        FaultKind::MaliciousCommander | FaultKind::StallingPrimary => Some(NodeId::new(0)),
        // The one that leads after the first.
        FaultKind::ForgetfulPrimary if plan.nodes > 1 => Some(NodeId::new(1)),
        _ => None,
    };
    let setup = Setup::new(NAME, &FAULTS, 1, 0, plan)?.pick(first, None)?;
    let (all, sizes) = (setup.all.clone(), Sizes::of(plan.nodes));
    let peers = all.iter().map(|&me| {
        let is_faulty = setup.faulty.contains(&me);
        let forgets = plan.fault == FaultKind::ForgetfulPrimary && is_faulty;
        let rules = if forgets { forgetful::RULES } else { rules };
        let (key, ring) = (setup.keys[me.index()].clone(), setup.ring.clone());
        let replica = Replica::new(me.get(), key, ring, sizes, all.clone(), rules);
        match plan.fault {
            FaultKind::ForgetfulPrimary if is_faulty => Ok(Peer::faulty(replica, Forgetful)),
            FaultKind::StallingPrimary if is_faulty => {
                Ok(Peer::faulty(replica, Stalling::new(setup.forger(me))))
            }
            _ => setup.peer(me, replica),
        }
    });
    let mut peers = peers.collect::<Result<Vec<_>, _>>()?;
    let client = Client::new(setup.client, sizes, all.clone());
    peers.push(if conflicting {
        let forger = setup.clients_forger();
        let backups = all.iter().copied().skip(1).collect();
        Peer::faulty(client, TwoRequests { forger, backups })
    } else {
        Peer::correct(client)
    });
    let requester = NodeId::new(setup.client);
    Ok(Roster {
        client_is_honest: !conflicting,
        ..setup.roster(peers, requester, Span::from_secs(60))
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
