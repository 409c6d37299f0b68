//! What is under way of every source: the header we are bound to, certificates ahead of their delivery, requests that
//! came too early.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Certificate;
use super::evidence::SignedHeader;
use super::header::Header;
use super::ledger::Ready;
use super::packet::{Echo, Payload, Refusal, Request};
use super::reconfiguration::Ancestry;
use super::rules::OpenSlot;
use crate::actor::{Counter, Sig};
use crate::codec::{Bytes, Digest};
use crate::membership::{Generation, Seat};

/// How many certified messages of one source are held ahead of their delivery (I14). More are pulled
/// again later.
const MAX_AHEAD: usize = 8;

/// What is under way of one source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot<Op> {
    /// The header in the slot after what is delivered that we have echoed, or headers inherited there.
    pub(super) open: Vec<Open<Op>>,
    /// Certified and not yet delivered, by first counter; the last is the highest certificate. Bounded.
    pub(super) ahead: BTreeMap<Counter, Certified<Op>>,
    /// A request that came too early, its signature and digests checked.
    pub(super) parked: Option<Parked>,
    /// The last request that was refused. It binds nobody, but another header of its source for the slot convicts.
    pub(super) refused: Option<Box<Refused>>,
    /// What is proven of the way from what is delivered to a certificate taken over at a reconfiguration.
    pub(super) ancestry: Ancestry,
}

/// A header this replica is bound to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Open<Op> {
    pub(super) header: Header,
    pub(super) digest: Digest,
    pub(super) source_echo: (Generation, Sig),
    /// Our echo and its operations; none if it was inherited at a reconfiguration and not echoed since.
    pub(super) echoed: Option<Echoed<Op>>,
    /// Whether more than may lie have shown it, or we have been there (R2).
    pub(super) vouched: bool,
}

/// What goes with our echo.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Echoed<Op> {
    pub(super) echo: (Generation, Sig),
    pub(super) ops: Bytes,
    pub(super) decoded: Arc<Vec<Op>>,
    /// Whether it is in the journal.
    pub(super) journaled: bool,
}

/// A request held until what it needs is delivered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parked {
    pub(super) request: Request,
    pub(super) digest: Digest,
    /// Whether its operations have the digest its header names.
    pub(super) attached: bool,
}

/// A header whose operations do not hold, and what its source is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(super) signed: SignedHeader,
    pub(super) refusal: Refusal,
}

/// A certified message that is not delivered yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Certified<Op> {
    pub(super) certificate: Certificate,
    pub(super) digest: Digest,
    /// Its operations, if they are here; decoded if they were echoed here.
    pub(super) ops: Option<(Bytes, Option<Arc<Vec<Op>>>)>,
    /// Whether the journal has its operations.
    pub(super) journaled: bool,
    /// Its source's echo, if we have it: a certificate may leave it out.
    pub(super) source_echo: Option<(Generation, Sig)>,
}

impl Request {
    /// What its source has signed.
    pub(super) fn signed(&self) -> SignedHeader {
        SignedHeader {
            generation: self.generation,
            header: self.header.clone(),
            sig: self.echo,
        }
    }
}

impl<Op> Certified<Op> {
    /// With its operations, if they are here.
    pub(super) fn ready(self) -> Option<Ready<Op>> {
        let (ops, decoded) = self.ops?;
        Some(Ready {
            certificate: self.certificate,
            digest: self.digest,
            ops,
            decoded,
            source_echo: self.source_echo,
        })
    }
}

impl<Op> Open<Op> {
    /// A header another member is bound to, and so are we from now on.
    pub(super) fn inherited(digest: Digest, signed: SignedHeader, vouched: bool) -> Self {
        Self {
            header: signed.header,
            digest,
            source_echo: (signed.generation, signed.sig),
            echoed: None,
            vouched,
        }
    }

    pub(super) fn signed(&self) -> SignedHeader {
        let (generation, sig) = self.source_echo;
        SignedHeader {
            generation,
            header: self.header.clone(),
            sig,
        }
    }

    /// Our echo of it in this generation, if we have given it.
    pub(super) fn echo(&self, generation: Generation) -> Option<Payload> {
        let (of, sig) = self.echoed.as_ref()?.echo;
        (of == generation).then_some(Payload::Echo(Echo {
            generation,
            first: self.header.first,
            header: self.digest,
            sig,
        }))
    }
}

impl<Op> Default for Slot<Op> {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            ahead: BTreeMap::new(),
            parked: None,
            refused: None,
            ancestry: Ancestry::default(),
        }
    }
}

impl<Op> Slot<Op> {
    /// Another header than this one that the source has signed for the same slot.
    pub(super) fn contradiction(&self, first: Counter, digest: &Digest) -> Option<SignedHeader> {
        let open = self
            .open
            .iter()
            .find(|open| open.header.first == first && open.digest != *digest);
        let parked = self
            .parked
            .as_ref()
            .filter(|parked| parked.request.header.first == first && parked.digest != *digest);
        let refused = self
            .refused
            .as_ref()
            .filter(|refused| refused.refusal.first == first && refused.refusal.header != *digest);
        let parked = parked.map(|parked| parked.request.signed());
        let open = open.map(Open::signed).or(parked);
        open.or_else(|| Some(refused?.signed.clone()))
    }

    pub(super) fn open_slot(&self, first: Counter, digest: &Digest) -> OpenSlot {
        match self.open.as_slice() {
            [] => OpenSlot::Empty,
            [open] if open.digest == *digest => OpenSlot::Same,
            [open] if open.header.first == first => OpenSlot::Other,
            // It stands in another slot: only broken rules let that happen.
            [_] => OpenSlot::Empty,
            _ => OpenSlot::Frozen,
        }
    }

    /// Whether we are bound to this header.
    pub(super) fn is_bound_to(&self, digest: &Digest) -> bool {
        self.open.iter().any(|open| open.digest == *digest)
    }

    /// The first counter of the highest certificate that waits for its delivery.
    pub(super) fn highest(&self) -> Option<Counter> {
        self.ahead.last_key_value().map(|(first, _)| *first)
    }

    /// Everything up to this counter is delivered.
    fn drop_delivered(&mut self, last: Counter) {
        self.open.retain(|open| open.header.first > last);
        self.ahead.retain(|first, _| *first > last);
        self.ancestry.deliver(last);
        self.parked
            .take_if(|parked| parked.request.header.first <= last);
        self.refused
            .take_if(|refused| refused.refusal.first <= last);
    }

    /// Buffers a certified message until it can be delivered: the highest, and those nearest to delivery.
    fn buffer(&mut self, certified: Certified<Op>) {
        let first = certified.certificate.header.first;
        self.ancestry
            .prove(certified.digest, &certified.certificate.header);
        self.ahead.insert(first, certified);
        if self.ahead.len() > MAX_AHEAD {
            let second_last = self.ahead.keys().rev().nth(1).copied();
            second_last.and_then(|first| self.ahead.remove(&first));
        }
        // R2: above the highest certificate, nothing binds us any more that lies below it.
        let highest = self.highest().unwrap_or(first);
        self.open.retain(|open| open.header.first > highest);
    }
}

/// What is under way of every source, by seat.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slots<Op>(Vec<Slot<Op>>);

impl<Op: Clone> Slots<Op> {
    pub(super) fn new(seats: usize) -> Self {
        Self(vec![Slot::default(); seats])
    }

    /// Makes room for new seats.
    pub(super) fn grow(&mut self, seats: usize) {
        self.0.resize(seats, Slot::default());
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Slot<Op>> {
        self.0.get(seat.get())
    }

    pub(super) fn get_mut(&mut self, seat: Seat) -> Option<&mut Slot<Op>> {
        self.0.get_mut(seat.get())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Slot<Op>)> + '_ {
        (0_u16..).map(Seat::new).zip(&self.0)
    }

    /// Buffers a certified message until it can be delivered.
    pub(super) fn buffer(&mut self, certified: Certified<Op>) {
        if let Some(slot) = self.get_mut(certified.certificate.header.source) {
            slot.buffer(certified);
        }
    }

    /// Operations for a certificate that came without.
    pub(super) fn supply(&mut self, seat: Seat, first: Counter, ops: Bytes) {
        let slot = self.get_mut(seat);
        if let Some(certified) = slot.and_then(|slot| slot.ahead.get_mut(&first)) {
            certified.ops = Some((ops, None));
        }
    }

    /// Everything of this source up to a counter is delivered.
    pub(super) fn drop_delivered(&mut self, seat: Seat, last: Counter) {
        if let Some(slot) = self.get_mut(seat) {
            slot.drop_delivered(last);
        }
    }

    /// A generation is over: what was requested in it has to be requested again.
    pub(super) fn drop_parked(&mut self) {
        for slot in &mut self.0 {
            slot.parked = None;
        }
    }
}
