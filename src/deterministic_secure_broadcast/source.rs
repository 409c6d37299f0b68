//! The source's side: one message at a time, reserved and journaled before it is signed for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::header::Header;
use super::packet::{Payload, Request};
use super::rules::Rules;
use super::ticket::Ticket;
use crate::actor::{Actor, Counter, Dot, Sig};
use crate::codec::{Bytes, Digest};
use crate::membership::Generation;

/// How many operations of our own may wait for a message.
pub const MAX_WAITING_OPS: usize = 1 << 16;

/// How many bytes they may have together.
pub const MAX_WAITING_BYTES: usize = 1 << 26;

/// An operation that waits for a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Waiting<Op> {
    pub(super) ticket: Ticket,
    pub(super) op: Op,
    /// As it will stand in the message.
    pub(super) bytes: Vec<u8>,
}

/// Operations that wait, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Queue<Op> {
    ops: VecDeque<Waiting<Op>>,
    /// How many bytes they have together.
    bytes: usize,
}

impl<Op> Queue<Op> {
    pub(super) fn len(&self) -> usize {
        self.ops.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Op> + '_ {
        self.ops.iter().map(|waiting| &waiting.op)
    }

    pub(super) fn push_back(&mut self, waiting: Waiting<Op>) {
        self.bytes = self.bytes.saturating_add(waiting.bytes.len());
        self.ops.push_back(waiting);
    }

    pub(super) fn push_front(&mut self, waiting: Waiting<Op>) {
        self.bytes = self.bytes.saturating_add(waiting.bytes.len());
        self.ops.push_front(waiting);
    }

    pub(super) fn pop_front(&mut self) -> Option<Waiting<Op>> {
        let waiting = self.ops.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.bytes.len());
        Some(waiting)
    }
}

/// Our own operations on their way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source<Op> {
    pub(super) waiting: Queue<Op>,
    pub(super) flight: Option<Flight<Op>>,
    pub(super) limit: usize,
    /// The number of the next ticket.
    pub(super) next_ticket: u64,
}

/// Our message in the open slot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flight<Op> {
    pub(super) generation: Generation,
    pub(super) header: Header,
    pub(super) digest: Digest,
    pub(super) echo: Sig,
    pub(super) ops: Bytes,
    pub(super) decoded: Arc<Vec<Op>>,
    /// Whether it is in the journal.
    pub(super) journaled: bool,
    /// Who has echoed it, ourselves included.
    pub(super) echoes: BTreeMap<Actor, Sig>,
    /// Who has refused it.
    pub(super) refused: BTreeSet<Actor>,
    /// How many echoes count.
    counted: usize,
    /// Whether a tick has passed since it was requested.
    pub(super) aged: bool,
}

impl<Op> Flight<Op> {
    pub(super) fn new(
        source: Actor,
        (generation, echo): (Generation, Sig),
        (header, digest): (Header, Digest),
        (ops, decoded): (Bytes, Arc<Vec<Op>>),
        journaled: bool,
    ) -> Self {
        let echoes = BTreeMap::from([(source, echo)]);
        Self {
            generation,
            header,
            digest,
            echo,
            ops,
            decoded,
            journaled,
            echoes,
            refused: BTreeSet::new(),
            counted: 1,
            aged: false,
        }
    }

    /// The same message, with our echo of it in another generation.
    pub(super) fn again(&mut self, source: Actor, generation: Generation, echo: Sig) {
        self.generation = generation;
        self.echo = echo;
        self.echoes = BTreeMap::from([(source, echo)]);
        self.counted = 1;
        self.aged = false;
        self.journaled = true;
    }

    pub(super) fn request(&self) -> Payload {
        Payload::Request(Request {
            generation: self.generation,
            header: self.header.clone(),
            echo: self.echo,
            ops: self.ops.clone(),
        })
    }
}

impl<Op> Source<Op> {
    /// With at most `limit` operations in a message.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            waiting: Queue {
                ops: VecDeque::new(),
                bytes: 0,
            },
            flight: None,
            limit,
            next_ticket: 0,
        }
    }

    /// Everything of ours up to this counter is delivered.
    pub(super) fn drop_delivered(&mut self, last: Counter) {
        self.flight.take_if(|flight| flight.header.first <= last);
    }

    /// Whether our message under way is the one with this digest.
    pub(super) fn is_under_way(&self, digest: &Digest) -> bool {
        self.flight
            .as_ref()
            .is_some_and(|flight| flight.digest == *digest)
    }

    /// Counts a member's echo of our message.
    pub(super) fn count(&mut self, from: Actor, sig: Sig) {
        if let Some(flight) = &mut self.flight {
            flight.echoes.insert(from, sig);
            flight.counted = flight.counted.saturating_add(1);
        }
    }

    /// Remembers that a member refuses our message: it is told once.
    pub(super) fn refused(&mut self, from: Actor) {
        if let Some(flight) = &mut self.flight {
            flight.refused.insert(from);
        }
    }

    /// Whether a quorum of so many members has echoed our message.
    pub(super) fn is_certified<R: Rules>(&self, members: usize) -> bool {
        self.flight
            .as_ref()
            .is_some_and(|flight| flight.counted >= R::quorum(members))
    }

    pub(super) fn pending(&self) -> usize {
        let flying = self
            .flight
            .as_ref()
            .map_or(0, |flight| flight.decoded.len());
        self.waiting.len().saturating_add(flying)
    }

    /// Our operations that have dots and are not delivered here, with these.
    pub(super) fn in_flight(&self, source: Actor) -> impl Iterator<Item = (Dot, &Op)> + '_ {
        self.flight.iter().flat_map(move |flight| {
            super::effect::dots(source, flight.header.first).zip(flight.decoded.iter())
        })
    }
}
