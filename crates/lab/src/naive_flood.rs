//! Naive flood: what the program beside the PBFT/CCRO read-me does. For comparison only.
//!
//! The commander sends its value to all; everybody who hears it tells everybody; and everybody who is told anything tells
//! everybody again. Nobody waits for a quorum: a node counts what it hears until nothing more can come, or time is up,
//! and believes the majority.
//!
//! | | packets |
//! | --- | --- |
//! | PRE-PREPARE, commander → others | n − 1 |
//! | PREPARE, every other → all others | (n − 1)² |
//! | COMMIT, for every PREPARE heard → all others | (n − 1)³ |
//!
//! That is 39 for 4 nodes and 27,930 for 31.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::Digest;
use bft_crdts::net::{Address, NodeId, Span, TimerId};
use serde::Serialize;

use crate::fault::{FaultKind, Forger};
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Packet, Process};
use crate::trial::{Plan, PlanError, Roster, Setup};
use crate::tx::{SignedTx, Tx, TxId};

/// Its name in tables.
pub const NAME: &str = "naive-flood";
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 4] = FaultKind::COMMON;
/// How long a node waits for what may still come.
pub const PATIENCE: Span = Span::from_millis(500);
/// The most transactions that are counted at a time.
const MOST_OPEN: usize = 64;

/// A packet: a phase, and a value. Nothing is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the commander.
    PrePrepare(Tx),
    /// From who has heard the commander.
    Prepare(Tx),
    /// From who has heard of it.
    Commit(Tx),
}

impl Message {
    const fn tx(&self) -> &Tx {
        match self {
            Self::PrePrepare(tx) | Self::Prepare(tx) | Self::Commit(tx) => tx,
        }
    }
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::PrePrepare(_) => "pre-prepare",
            Self::Prepare(_) => "prepare",
            Self::Commit(_) => "commit",
        }
    }

    fn ballot(&self) -> Option<Digest> {
        Some(self.tx().digest())
    }

    fn carries(&self) -> Option<Tx> {
        Some(*self.tx())
    }

    fn forged(&self, _: &Forger) -> Option<Self> {
        let tx = Forger::twist(self.tx());
        Some(match self {
            Self::PrePrepare(_) => Self::PrePrepare(tx),
            Self::Prepare(_) => Self::Prepare(tx),
            Self::Commit(_) => Self::Commit(tx),
        })
    }
}

/// A node.
#[derive(Debug)]
pub struct Node {
    me: NodeId,
    commander: NodeId,
    nodes: usize,
    others: Arc<[NodeId]>,
    open: BTreeMap<TxId, Count>,
    /// Timers by number, so that each knows what it is for.
    timers: Vec<TxId>,
}

/// What is heard about one transaction.
#[derive(Debug, Default)]
struct Count {
    /// What the commander told it, or what it heard first if it has heard nothing from the commander.
    own: Option<Tx>,
    votes: BTreeMap<Tx, u64>,
    heard: usize,
    over: bool,
}

impl Node {
    /// How many votes come to a node if everybody keeps to the protocol: PREPAREs from all others but the commander, and
    /// a COMMIT from every other for every PREPARE that one hears.
    const fn expected(&self) -> usize {
        let others = self.nodes - 1;
        if self.me.get() == self.commander.get() {
            others + others * (others - 1)
        } else {
            (others - 1) + others + (others - 1) * (others - 1)
        }
    }

    fn count(&mut self, id: TxId, out: &mut Out<Message>) -> Option<&mut Count> {
        if !self.open.contains_key(&id) {
            if self.open.len() >= MOST_OPEN {
                self.open.retain(|_, count| !count.over);
            }
            if self.open.len() >= MOST_OPEN {
                return None;
            }
            let timer = u32::try_from(self.timers.len()).unwrap_or(u32::MAX);
            self.timers.push(id);
            out.set_timer(PATIENCE, TimerId(timer));
        }
        Some(self.open.entry(id).or_default())
    }

    fn vote(&mut self, tx: &Tx, out: &mut Out<Message>) {
        let expected = self.expected();
        let Some(count) = self.count(tx.id, out) else {
            return;
        };
        *count.votes.entry(*tx).or_default() += 1;
        count.heard += 1;
        if count.heard >= expected {
            self.decide(tx.id, out);
        }
    }

    /// Believes the majority; its own value if there is none.
    fn decide(&mut self, id: TxId, out: &mut Out<Message>) {
        let Some(count) = self.open.get_mut(&id).filter(|count| !count.over) else {
            return;
        };
        let most = count.votes.values().max().copied().unwrap_or(0);
        let first = |tx: &&Tx| count.votes.get(tx).copied().unwrap_or(0) == most;
        let own = count.own.as_ref().filter(first);
        let tx = own.or_else(|| count.votes.keys().find(first)).copied();
        let Some(tx) = tx.or(count.own) else { return };
        count.over = true;
        out.deliver(Decided::new(0, id.number, tx));
        if self.me == self.commander {
            out.note(Said::Accepted(id));
        }
    }
}

impl Process for Node {
    type Message = Message;

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let tx = *message.tx();
        let commander = self.commander;
        let Some(count) = self.count(tx.id, out) else {
            return Verdict::Refused("too many at a time");
        };
        match message {
            Message::PrePrepare(_) => {
                if from != commander {
                    return Verdict::Refused("not from the commander");
                }
                count.own = Some(tx);
                out.send(Address::Many(self.others.clone()), Message::Prepare(tx));
            }
            Message::Prepare(_) => {
                // It says what it believes itself, if it has heard anything from the commander.
                let own = *count.own.get_or_insert(tx);
                out.send(Address::Many(self.others.clone()), Message::Commit(own));
                self.vote(&tx, out);
            }
            Message::Commit(_) => self.vote(&tx, out),
        }
        Verdict::Taken
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        if let Some(id) = self.timers.get(timer.0 as usize).copied() {
            self.decide(id, out);
        }
    }

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        let tx = request.tx;
        if let Some(count) = self.count(tx.id, out) {
            count.own = Some(tx);
        }
        out.send(Address::Many(self.others.clone()), Message::PrePrepare(tx));
    }
}

/// The nodes; the first of them commands.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn roster(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    let commander = NodeId::new(0);
    let setup = Setup::new(NAME, &FAULTS, 2, 0, plan)?.led_by(commander)?;
    let peers = setup.all.iter().map(|&me| {
        let node = Node {
            me,
            commander,
            nodes: setup.all.len(),
            others: setup.others(me),
            open: BTreeMap::new(),
            timers: Vec::new(),
        };
        setup.peer(me, node)
    });
    let peers = peers.collect::<Result<_, _>>()?;
    Ok(setup.roster(peers, commander, Span::from_secs(5)))
}
