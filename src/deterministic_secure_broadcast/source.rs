//! The source's side: one message at a time, reserved and journaled before it is signed for.

use std::collections::{BTreeMap, VecDeque};
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

/// Our own operations on their way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Source<Op> {
    pub(super) waiting: VecDeque<(Ticket, Op)>,
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
            waiting: VecDeque::new(),
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
