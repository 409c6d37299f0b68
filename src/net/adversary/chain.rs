//! An adversary's own chain of headers, built by hand.

use super::AdversaryContext;
use crate::actor::{Actor, Counter, Dot, Keys, Sig};
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::Request;
use crate::deterministic_secure_broadcast::{Header, Payload, VersionVector};
use crate::membership::{Generation, Seat};
use crate::net::sim_algorithm::SimAlgorithm;
use crate::traits::nth;

/// Where an adversary's own chain stands, and its own copy of the algorithm with nothing but its own operations on top
/// of the genesis: enough to make operations everybody takes for valid.
#[derive(Debug)]
pub(super) struct SourceChain<A: SimAlgorithm> {
    pub(super) first: Counter,
    pub(super) previous: Digest,
    clock: VersionVector,
    pub(super) copy: A,
}

/// A message that could be requested.
#[derive(Clone, Debug)]
pub(super) struct MessageDraft<Op> {
    pub(super) header: Header,
    pub(super) digest: Digest,
    pub(super) echo: Sig,
    pub(super) bytes: Bytes,
    pub(super) ops: Vec<Op>,
}

impl<Op> MessageDraft<Op> {
    pub(super) fn request(&self) -> Payload {
        Payload::Request(Request {
            generation: Generation::GENESIS,
            header: self.header.clone(),
            echo: self.echo,
            ops: self.bytes.clone(),
        })
    }
}

impl<A: SimAlgorithm> SourceChain<A> {
    pub(super) fn new<K: Keys>(context: &AdversaryContext<'_, A, K>) -> Self {
        let mut copy = A::new(context.me());
        copy.sync_from(context.genesis().state().clone());
        Self {
            first: Counter::FIRST,
            previous: *context.network().digest(),
            clock: VersionVector::zero(context.members().len()),
            copy,
        }
    }

    /// A message for the next slot, in our own name.
    pub(super) fn draft<K: Keys>(
        &self,
        ops: Vec<A::Op>,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<MessageDraft<A::Op>> {
        let seat = context.seat()?;
        self.draft_for(seat, self.first, self.previous, ops, context)
    }

    /// A message for any slot in anybody's name, under our own signature.
    pub(super) fn draft_for<K: Keys>(
        &self,
        source: Seat,
        first: Counter,
        previous: Digest,
        ops: Vec<A::Op>,
        context: &AdversaryContext<'_, A, K>,
    ) -> Option<MessageDraft<A::Op>> {
        let bytes = Bytes::from(codec::encode_sequence(&ops));
        let mut needed = VersionVector::zero(context.members().len());
        for op in &ops {
            for dot in self.copy.causes(op).dots() {
                needed.advance(context.members().seat_of(&dot.actor)?, dot.counter);
            }
        }
        let advanced =
            |(seat, counter): &(Seat, Counter)| *seat != source && *counter > self.clock.get(*seat);
        let header = Header {
            source,
            first,
            len: u32::try_from(ops.len()).ok()?,
            previous,
            causes: needed.iter().filter(advanced).collect(),
            ops: Digest::of(&bytes),
        };
        let digest = header.digest(&context.network());
        let echo = context.echo(Generation::GENESIS, digest);
        Some(MessageDraft {
            header,
            digest,
            echo,
            bytes,
            ops,
        })
    }

    /// Goes on behind this message.
    pub(super) fn advance(&mut self, me: Actor, draft: &MessageDraft<A::Op>) {
        for (index, op) in draft.ops.iter().enumerate() {
            let dot = nth(&Dot::new(me, draft.header.first), index);
            self.copy.apply(dot, op.clone());
        }
        for (seat, counter) in &draft.header.causes {
            self.clock.advance(*seat, *counter);
        }
        self.previous = draft.digest;
        self.first = draft
            .header
            .last()
            .and_then(Counter::next)
            .unwrap_or(self.first);
    }
}
