//! Majority vote led by one node, which the notebook names and leaves "TBA".
//!
//! A client tells everybody its transaction. The leader asks everybody which version they hold, waits until all have
//! answered or time is up, and tells everybody what most of them said. All other versions are dropped.
//!
//! | | packets |
//! | --- | --- |
//! | TRANSACTION, client → all | n |
//! | ASK, leader → others | n − 1 |
//! | VOTE, others → leader | n − 1 |
//! | DECISION, leader → others | n − 1 |
//! | REPLY, leader → client | 1 |
//! | all | 4n − 2 |
//!
//! When time is up, those who have not answered count as having given the *default vote* of the lecture
//! ([`Absent::VoteAsTheLeader`]), or not at all ([`Absent::DoNotCount`]). The first always ends, and hides that nodes have
//! disappeared: with all others gone, the leader decides with a majority of votes that nobody gave. Nothing is signed, and
//! nobody checks the leader: one that lies tells each half what it likes.

mod client;
mod message;

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::net::{Address, NodeId, Span, TimerId};

use crate::fault::{FaultKind, Peer};
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Process};
use crate::trial::{Plan, PlanError, Roster, Setup};
use crate::tx::{Tx, TxId};

pub use client::Client;
pub use message::Message;

/// Its name in tables.
pub const NAME: &str = "majority-vote";
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 4] = FaultKind::COMMON;
/// How long the leader waits for votes.
pub const PATIENCE: Span = Span::from_millis(300);

/// What a missing vote counts as when time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// The default vote: whatever the leader holds.
    #[default]
    VoteAsTheLeader,
    /// Nothing: without more than half of all nodes nothing is decided.
    DoNotCount,
}

/// One that votes.
#[derive(Debug)]
pub struct Voter {
    me: NodeId,
    leader: NodeId,
    client: NodeId,
    nodes: usize,
    others: Arc<[NodeId]>,
    absent: Absent,
    /// The version of each transaction it heard first.
    held: BTreeMap<TxId, Tx>,
    decided: BTreeMap<TxId, Tx>,
    /// As leader.
    votes: BTreeMap<TxId, BTreeMap<NodeId, Option<Tx>>>,
    timers: Vec<TxId>,
}

impl Voter {
    /// As leader: a vote begins, with its own.
    fn ask(&mut self, id: TxId, out: &mut Out<Message>) {
        let own = self.held.get(&id).copied();
        self.votes.entry(id).or_default().insert(self.me, own);
        out.send(Address::Many(self.others.clone()), Message::Ask(id));
        let timer = u32::try_from(self.timers.len()).unwrap_or(u32::MAX);
        self.timers.push(id);
        out.set_timer(PATIENCE, TimerId(timer));
    }

    /// As leader: all votes are there, or time is up.
    fn close(&mut self, id: TxId, out: &mut Out<Message>) {
        let Some(votes) = self.votes.remove(&id) else {
            return;
        };
        let mut counts: BTreeMap<Tx, usize> = BTreeMap::new();
        for tx in votes.values().flatten() {
            *counts.entry(*tx).or_default() += 1;
        }
        let came = votes.len();
        let own = self.held.get(&id).copied();
        if let (Absent::VoteAsTheLeader, Some(own)) = (self.absent, own) {
            // Whoever has answered that it holds nothing is absent, too.
            let voted: usize = counts.values().sum();
            *counts.entry(own).or_default() += self.nodes - voted;
        }
        out.note(Said::Counted {
            came,
            granted: self.nodes - came,
        });
        let winner = counts.iter().max_by_key(|(_, votes)| **votes);
        let Some((tx, votes)) = winner else { return };
        if 2 * votes > self.nodes || self.absent == Absent::VoteAsTheLeader {
            let tx = *tx;
            out.send(Address::Many(self.others.clone()), Message::Decision(tx));
            out.send(Address::One(self.client), Message::Reply(tx.id));
            self.decide(tx, out);
        }
    }

    fn decide(&mut self, tx: Tx, out: &mut Out<Message>) {
        if self.decided.contains_key(&tx.id) {
            return;
        }
        self.decided.insert(tx.id, tx);
        out.deliver(Decided::new(0, tx.id.number, tx));
    }
}

impl Process for Voter {
    type Message = Message;

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        match message {
            Message::Transaction(tx) => {
                if self.held.contains_key(&tx.id) {
                    return Verdict::Useless;
                }
                self.held.insert(tx.id, *tx);
                if self.me == self.leader {
                    self.ask(tx.id, out);
                }
            }
            Message::Ask(id) if from == self.leader => {
                let version = self.held.get(id).copied();
                let vote = Message::Vote { id: *id, version };
                out.send(Address::One(from), vote);
            }
            Message::Vote { id, version } if self.me == self.leader => {
                let Some(votes) = self.votes.get_mut(id) else {
                    return Verdict::Useless;
                };
                votes.entry(from).or_insert(*version);
                if votes.len() == self.nodes {
                    self.close(*id, out);
                }
            }
            Message::Decision(tx) if from == self.leader => self.decide(*tx, out),
            _ => return Verdict::Refused("not from the leader"),
        }
        Verdict::Taken
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        if let Some(id) = self.timers.get(timer.0 as usize).copied() {
            self.close(id, out);
        }
    }
}

/// The voters, the first of which leads, and a client outside.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster(absent: Absent, plan: &Plan) -> Result<Roster<Message>, PlanError> {
    roster_with(absent, false, plan)
}

/// The same with a client that tells one half of the nodes one version, and the other half another.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster_with(
    absent: Absent,
    conflicting: bool,
    plan: &Plan,
) -> Result<Roster<Message>, PlanError> {
    let leader = NodeId::new(0);
    let setup = Setup::new(NAME, &FAULTS, 1, 0, plan)?.led_by(leader)?;
    let (all, client) = (setup.all.clone(), NodeId::new(setup.client));
    let peers = all.iter().map(|&me| {
        let voter = Voter {
            me,
            leader,
            client,
            nodes: all.len(),
            others: setup.others(me),
            absent,
            held: BTreeMap::new(),
            decided: BTreeMap::new(),
            votes: BTreeMap::new(),
            timers: Vec::new(),
        };
        setup.peer(me, voter)
    });
    let mut peers = peers.collect::<Result<Vec<_>, _>>()?;
    let outside = Client::new(all.clone());
    peers.push(if conflicting {
        Peer::faulty(outside, setup.malicious_client())
    } else {
        Peer::correct(outside)
    });
    Ok(Roster {
        client_is_honest: !conflicting,
        ..setup.roster(peers, client, Span::from_secs(5))
    })
}
