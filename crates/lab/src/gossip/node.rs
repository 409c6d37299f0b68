//! A peer, and a client that tells peers something now and then.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::net::{Address, NodeId, Span, Stream, TimerId};

use super::message::missing;
use super::{FANOUT, FIRST_FANOUT, Have, Message, ROUND, Style, TTL};
use crate::keys::{Key, Ring};
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Process};
use crate::tx::{SignedTx, Tx, TxId};

const PULL: TimerId = TimerId(1);
const PRODUCE: TimerId = TimerId(2);
/// The most transactions a peer stores.
const MOST_STORED: usize = 100_000;

/// A peer, or a client.
#[derive(Debug)]
pub struct Node {
    style: Style,
    ring: Arc<Ring>,
    /// Whether what is not signed by its client is refused.
    checks: bool,
    neighbours: Arc<[NodeId]>,
    stream: Stream,
    store: BTreeMap<TxId, SignedTx>,
    producer: Option<Producer>,
}

/// Makes transactions, as the message producer of the notebooks does.
#[derive(Debug)]
pub struct Producer {
    /// Whose they are.
    pub client: u16,
    /// Its key.
    pub key: Key,
    /// When the first one is made.
    pub first: Span,
    /// How long after it the next one, and so on.
    pub every: Span,
    /// What it has.
    pub balance: i64,
    /// Whether it makes two versions of each, and tells one to each half of its neighbours.
    pub conflicting: bool,
    /// How many it has made.
    pub made: u64,
}

impl Node {
    /// A peer with these neighbours, which checks signatures.
    #[must_use]
    pub const fn new(
        style: Style,
        ring: Arc<Ring>,
        neighbours: Arc<[NodeId]>,
        stream: Stream,
    ) -> Self {
        Self {
            style,
            ring,
            checks: true,
            neighbours,
            stream,
            store: BTreeMap::new(),
            producer: None,
        }
    }

    /// The same without checking.
    #[must_use]
    pub const fn unchecked(mut self) -> Self {
        self.checks = false;
        self
    }

    /// The same with something to tell.
    #[must_use]
    pub fn producing(mut self, producer: Producer) -> Self {
        self.producer = Some(producer);
        self
    }

    /// Whether it passes on what it hears.
    pub(super) const fn pushes(&self) -> bool {
        self.style.pushes()
    }

    /// Some random neighbours, and not this one.
    fn some(&mut self, count: usize, but: Option<NodeId>) -> Address {
        let neighbours = self.neighbours.iter().copied();
        let mut others: Vec<NodeId> = neighbours.filter(|node| Some(*node) != but).collect();
        self.stream.shuffle(&mut others);
        others.truncate(count);
        Address::Many(others.into())
    }

    /// Keeps the version that came last.
    fn keep(&mut self, request: &SignedTx, out: &mut Out<Message>) -> Verdict {
        if self.checks && !request.is_valid(&self.ring) {
            return Verdict::Refused("signature");
        }
        if !request.tx.is_sane() {
            return Verdict::Refused("more than there is");
        }
        let SignedTx { tx, .. } = *request;
        let known = self.store.get(&tx.id);
        if known.is_none() && self.store.len() >= MOST_STORED {
            return Verdict::Refused("full");
        }
        if known == Some(request) {
            return Verdict::Useless;
        }
        self.store.insert(tx.id, *request);
        out.deliver(Decided::new(0, tx.id.number, tx));
        Verdict::Taken
    }

    fn tell(&mut self, request: SignedTx, out: &mut Out<Message>) {
        let to = self.some(FIRST_FANOUT, None);
        out.send(to, Message::Gossip { request, ttl: TTL });
        let _ = self.keep(&request, out);
    }

    fn produce(&mut self, out: &mut Out<Message>) {
        let most = 9;
        let rich = |producer: &&mut Producer| producer.balance >= most;
        // Whoever has spent everything has nothing more to say.
        let Some(producer) = self.producer.as_mut().filter(rich) else {
            return;
        };
        producer.made += 1;
        let mut version = || {
            let diff = self.stream.range(1, most as u64);
            let tx = Tx {
                id: TxId {
                    client: producer.client,
                    number: producer.made,
                },
                hash: self.stream.bits(),
                balance: producer.balance - diff as i64,
                diff: diff as u8,
            };
            SignedTx::new(&producer.key, &self.ring, tx)
        };
        let first = version();
        let every = producer.every;
        let last = if producer.conflicting {
            // As if the first one had not happened; what is kept is the last one.
            let second = version();
            let half = self.neighbours.len() / 2;
            for (neighbours, request) in [
                (&self.neighbours[..half], first),
                (&self.neighbours[half..], second),
            ] {
                let to = Address::Many(neighbours.into());
                out.send(to, Message::Gossip { request, ttl: TTL });
            }
            second
        } else {
            first
        };
        producer.balance = last.tx.balance;
        if producer.conflicting {
            let _ = self.keep(&last, out);
        } else {
            self.tell(last, out);
        }
        out.set_timer(every, PRODUCE);
    }

    fn have(&self) -> Have {
        let names = self.store.keys().copied();
        match self.style {
            Style::Ranged => Have::ranges(names),
            _ => Have::Names(names.collect()),
        }
    }
}

impl Process for Node {
    type Message = Message;

    fn start(&mut self, out: &mut Out<Message>) {
        if let Some(producer) = &self.producer {
            out.set_timer(producer.first, PRODUCE);
        } else if self.style.pulls() {
            // Not all at the same moment.
            let most = Span::from_millis(400);
            let offset = self.stream.span(Span::ZERO, most);
            out.set_timer(ROUND + offset, PULL);
        }
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let back = Address::One(from);
        match message {
            Message::Gossip { request, ttl } => {
                let verdict = self.keep(request, out);
                if let Verdict::Refused(_) = verdict {
                    return verdict;
                }
                if *ttl > 0 && self.style.pushes() {
                    let to = self.some(FANOUT, Some(from));
                    let (request, ttl) = (*request, ttl - 1);
                    out.send(to, Message::Gossip { request, ttl });
                }
                verdict
            }
            Message::Ping(have) => {
                let names = have.names();
                let theirs = missing(&names, &self.store);
                let mine = self.store.keys().filter(|id| !names.contains(id));
                let mine: std::collections::BTreeSet<TxId> = mine.copied().collect();
                let useful = !mine.is_empty() || !theirs.is_empty();
                if !mine.is_empty() {
                    out.send(back.clone(), Message::Pong(mine));
                }
                if !theirs.is_empty() {
                    out.send(back, Message::Ask(theirs));
                }
                if useful {
                    Verdict::Taken
                } else {
                    Verdict::Useless
                }
            }
            Message::Pong(names) => {
                let lacks = missing(names, &self.store);
                if lacks.is_empty() {
                    return Verdict::Useless;
                }
                out.send(back, Message::Ask(lacks));
                Verdict::Taken
            }
            Message::Ask(names) => {
                let known = names.iter().filter_map(|id| self.store.get(id));
                let requests: Vec<SignedTx> = known.copied().collect();
                out.send(back, Message::Answer(requests));
                Verdict::Taken
            }
            Message::Answer(requests) => {
                let mut verdict = Verdict::Useless;
                for request in requests {
                    verdict = self.keep(request, out);
                }
                verdict
            }
        }
    }

    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        match timer {
            PRODUCE => self.produce(out),
            _ => {
                let to = self.some(FANOUT, None);
                out.send(to, Message::Ping(self.have()));
                out.set_timer(ROUND, PULL);
            }
        }
    }

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        self.tell(request, out);
        out.note(Said::Accepted(request.tx.id));
    }
}
