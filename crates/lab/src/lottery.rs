//! Consensus through a lottery, which the notebook names and leaves "TBA": Nakamoto's longest chain.
//!
//! Every miner works on a block after the last one of the longest chain it knows, which takes it a time drawn from
//! [`Ticket`]: about 1500 ± 300 ms, normally distributed. Whoever is first tells all others, and everybody begins
//! anew on top. A transaction counts once [`CONFIRMATIONS`] blocks stand on its own. It is never decided in the sense
//! of the other protocols: a longer chain can still come and undo it, and the checkers notice when one does.
//!
//! | | packets |
//! | --- | --- |
//! | TRANSACTION, from the wallet's node → others | n − 1 |
//! | BLOCK, from its miner → others, for each block and each fork | n − 1 |
//!
//! Work cannot be forged: a [`Block`] can be made by [`Ticket::redeem`] alone, and not before the drawn time has passed.
//!
//! A normal law with so small a spread is not the exponential one of real proof of work. Whoever has more than half of
//! the miners wins nearly every block, not only its share of them: the lottery is a race.

mod chain;
mod roster;
mod selfish;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::Digest;
use bft_crdts::net::{Address, NodeId, Span, Stream, TimerId};
use serde::Serialize;

use crate::fault::{FaultKind, Forger};
use crate::keys::Ring;
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Packet, Process};
use crate::tx::{SignedTx, Tx, TxId};

use chain::Chain;
pub use roster::{roster, roster_conflicting};
pub use work::{Block, Ticket};

/// Its name in tables.
pub const NAME: &str = "lottery";
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 5] = [
    FaultKind::Offline,
    FaultKind::Malicious,
    FaultKind::Stuck,
    FaultKind::Eclipse,
    FaultKind::SelfishLottery,
];
/// Blocks on top of a transaction's own, before it counts.
pub const CONFIRMATIONS: u64 = 6;
/// The most transactions in a block.
pub const MOST_TXS: usize = 100;
/// The most transactions a miner keeps that are in no block yet.
const MOST_WAITING: usize = 10_000;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Please put this into a block.
    Transaction(SignedTx),
    /// A block.
    Block(Arc<Block>),
    /// Send me the block with this digest.
    Want(Digest),
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Transaction(_) => "transaction",
            Self::Block(_) => "block",
            Self::Want(_) => "want",
        }
    }

    fn ballot(&self) -> Option<Digest> {
        match self {
            Self::Block(block) => block.txs().first().map(|request| request.tx.digest()),
            _ => None,
        }
    }

    fn carries(&self) -> Option<Tx> {
        match self {
            Self::Transaction(request) => Some(request.tx),
            _ => None,
        }
    }

    /// Work cannot be forged; a transaction of another client is no lie about this one.
    fn forged(&self, forger: &Forger) -> Option<Self> {
        match self {
            Self::Transaction(SignedTx { tx, .. }) if tx.id.client == forger.me => {
                Some(Self::Transaction(forger.signed(tx)))
            }
            _ => None,
        }
    }
}

/// A miner.
#[derive(Debug)]
pub struct Miner {
    me: NodeId,
    ring: Arc<Ring>,
    others: Arc<[NodeId]>,
    stream: Stream,
    chain: Chain,
    /// Transactions that are in no block of the longest chain.
    waiting: BTreeMap<TxId, SignedTx>,
    /// The ticket it works on.
    ticket: Option<Ticket>,
    tickets: u32,
    /// The blocks that count, by height from 1.
    counted: Vec<Digest>,
    /// What was handed in here and does not count yet.
    wallet: Vec<TxId>,
}

impl Miner {
    fn new(me: NodeId, ring: Arc<Ring>, others: Arc<[NodeId]>, stream: Stream) -> Self {
        Self {
            me,
            ring,
            others,
            stream,
            chain: Chain::default(),
            waiting: BTreeMap::new(),
            ticket: None,
            tickets: 0,
            counted: Vec::new(),
            wallet: Vec::new(),
        }
    }

    /// The blocks it knows.
    pub(crate) const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Draws a ticket for a block on top of the longest chain.
    fn draw(&mut self, out: &mut Out<Message>) {
        let ticket = Ticket::draw(self.me, self.chain.tip(), out.now(), &mut self.stream);
        self.tickets += 1;
        out.set_timer(ticket.due().since(out.now()), TimerId(self.tickets));
        self.ticket = Some(ticket);
    }

    fn hear_of(&mut self, request: &SignedTx) -> bool {
        let id = request.tx.id;
        let new = request.is_valid(&self.ring)
            && self.waiting.len() < MOST_WAITING
            && !self.waiting.contains_key(&id)
            && !self.chain.contains(id);
        if new {
            self.waiting.insert(id, *request);
        }
        new
    }

    /// Takes a block; `None` if its parent is not known.
    fn take(&mut self, block: &Arc<Block>, out: &mut Out<Message>) -> Option<Verdict> {
        if self.chain.knows(&block.digest()) {
            return Some(Verdict::Useless);
        }
        if !block.is_sound(&self.ring) {
            return Some(Verdict::Refused("not a sound block"));
        }
        let before = self.chain.tip();
        if !self.chain.add(block) {
            return None;
        }
        if self.chain.tip() != before {
            self.follow(out);
        }
        Some(Verdict::Taken)
    }

    /// The longest chain is another one: counts what counts, and works on top of it.
    fn follow(&mut self, out: &mut Out<Message>) {
        let line = self.chain.longest();
        // What was in blocks that are no longer in the chain waits again.
        let all = self.chain.all_txs();
        self.waiting
            .extend(all.map(|request| (request.tx.id, request)));
        for block in &line {
            for request in block.txs() {
                self.waiting.remove(&request.tx.id);
            }
        }
        let counts = line.len().saturating_sub(CONFIRMATIONS as usize);
        let same = line
            .iter()
            .zip(&self.counted)
            .take_while(|(block, digest)| block.digest() == **digest);
        let same = same.count();
        if same < self.counted.len() {
            out.note(Said::Undone((self.counted.len() - same) as u64));
            self.counted.truncate(same);
        }
        for block in line.iter().take(counts).skip(same) {
            self.counted.push(block.digest());
            for (place, request) in (0..).zip(block.txs()) {
                out.deliver(Decided::new(0, block.height() * 1_000 + place, request.tx));
                if let Some(place) = self.wallet.iter().position(|id| *id == request.tx.id) {
                    self.wallet.swap_remove(place);
                    out.note(Said::Accepted(request.tx.id));
                }
            }
        }
        self.draw(out);
    }
}

impl Process for Miner {
    type Message = Message;

    fn start(&mut self, out: &mut Out<Message>) {
        self.draw(out);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        match message {
            Message::Transaction(request) => match self.hear_of(request) {
                true => Verdict::Taken,
                false => Verdict::Useless,
            },
            Message::Block(block) => match self.take(block, out) {
                Some(verdict) => verdict,
                None => {
                    out.send(Address::One(from), Message::Want(block.parent()));
                    self.chain.park(block.clone());
                    Verdict::Taken
                }
            },
            Message::Want(digest) => match self.chain.get(digest) {
                Some(block) => {
                    out.send(Address::One(from), Message::Block(block.clone()));
                    Verdict::Taken
                }
                None => Verdict::Useless,
            },
        }
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        if timer.0 != self.tickets {
            return;
        }
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let txs = self.waiting.values().take(MOST_TXS).copied().collect();
        let Some(block) = ticket.redeem(out.now(), txs) else {
            return;
        };
        let block = Arc::new(block);
        out.note(Said::Mined(block.height()));
        out.send(
            Address::Many(self.others.clone()),
            Message::Block(block.clone()),
        );
        let _ = self.take(&block, out);
    }

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        self.wallet.push(request.tx.id);
        self.hear_of(&request);
        let others = Address::Many(self.others.clone());
        out.send(others, Message::Transaction(request));
    }
}

/// How long a ticket takes: its mean.
pub const MEAN: Span = Span::from_millis(1_500);
/// The standard deviation.
pub const DEVIATION: Span = Span::from_millis(300);
