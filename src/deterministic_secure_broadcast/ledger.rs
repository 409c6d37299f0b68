//! What is delivered: the algorithm, the log of certified messages, and where every source stands in it.

use super::Certificate;
use super::effect::{Delivery, dots};
use super::error::ReturnReason;
use super::header::{Header, VersionVector};
use super::rules::{DeliverFacts, Rules};
use crate::actor::{Actor, Counter, Dot, Keys, NetworkId, Sig};
use crate::codec::{self, Bytes, Digest};
use crate::membership::{Generation, Members, Seat};
use crate::traits::{SecureBroadcastAlgorithm, nth};
use std::sync::Arc;

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Logged {
    pub(super) digest: Digest,
    pub(super) certificate: Certificate,
    pub(super) ops: Bytes,
    pub(super) last: Counter,
    /// Its source's echo, if we have it: half of the evidence, should another header turn up.
    pub(super) source_echo: Option<(Generation, Sig)>,
}

/// What is delivered of one source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct History {
    /// The digest of the last header delivered; of none, the network id.
    tip: Digest,
    /// That header's version vector: its causes summed along the chain.
    clock: VersionVector,
    /// Where its messages stand in the log, as far as they are not pruned.
    places: Vec<usize>,
    /// How many messages are pruned, all of them before those.
    pruned: usize,
    /// The counter of the last operation pruned.
    low_water: Counter,
    /// The certificate of the last message pruned, with the digest of its header.
    kept: Option<(Certificate, Digest)>,
}

impl History {
    fn new(network: &NetworkId, seats: usize) -> Self {
        Self {
            tip: *network.digest(),
            clock: VersionVector::zero(seats),
            places: Vec::new(),
            pruned: 0,
            low_water: Counter::ZERO,
            kept: None,
        }
    }

    pub(super) fn tip(&self) -> Digest {
        self.tip
    }

    pub(super) fn clock(&self) -> &VersionVector {
        &self.clock
    }

    /// How many messages are delivered.
    pub(super) fn messages(&self) -> usize {
        self.pruned.saturating_add(self.places.len())
    }

    /// How many of them are pruned.
    pub(super) fn pruned(&self) -> usize {
        self.pruned
    }

    /// The counter of the last operation pruned.
    pub(super) fn low_water(&self) -> Counter {
        self.low_water
    }

    /// Where its messages stand in the log, as far as they are not pruned.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }
}

/// Where a snapshot leaves one source.
pub(super) struct Position {
    pub(super) counter: Counter,
    pub(super) header: Digest,
    pub(super) messages: usize,
    /// The version vector of that header.
    pub(super) clock: Vec<(Seat, Counter)>,
    pub(super) certificate: Option<Certificate>,
}

/// A certified message with its operations, which comes next.
pub(super) struct Ready<Op> {
    pub(super) certificate: Certificate,
    pub(super) digest: Digest,
    pub(super) ops: Bytes,
    pub(super) decoded: Option<Arc<Vec<Op>>>,
    pub(super) source_echo: Option<(Generation, Sig)>,
}

/// Everything that is delivered here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ledger<A> {
    algorithm: A,
    /// How far every source is delivered.
    clock: VersionVector,
    /// What was delivered and is not pruned, in the order of delivery.
    log: Vec<Logged>,
    sources: Vec<History>,
}

impl<A: SecureBroadcastAlgorithm> Ledger<A> {
    pub(super) fn new(algorithm: A, network: &NetworkId, seats: usize) -> Self {
        Self {
            algorithm,
            clock: VersionVector::zero(seats),
            log: Vec::new(),
            sources: vec![History::new(network, seats); seats],
        }
    }

    /// Makes room for new seats.
    pub(super) fn grow(&mut self, network: &NetworkId, seats: usize) {
        self.clock.grow(seats);
        for source in &mut self.sources {
            source.clock.grow(seats);
        }
        self.sources.resize(seats, History::new(network, seats));
    }

    pub(super) fn algorithm(&self) -> &A {
        &self.algorithm
    }

    pub(super) fn clock(&self) -> &VersionVector {
        &self.clock
    }

    pub(super) fn log(&self) -> &[Logged] {
        &self.log
    }

    /// What is delivered of every source, by seat.
    pub(super) fn sources(&self) -> impl Iterator<Item = (Seat, &History)> + '_ {
        (0_u16..).map(Seat::new).zip(&self.sources)
    }

    pub(super) fn source(&self, seat: Seat) -> Option<&History> {
        self.sources.get(seat.get())
    }

    /// The counter of the last operation of this source that is delivered.
    pub(super) fn delivered(&self, seat: Seat) -> Counter {
        self.clock.get(seat)
    }

    /// Of each source, up to where the messages are pruned.
    pub(super) fn low_water(&self, seat: Seat) -> Counter {
        self.source(seat).map_or(Counter::ZERO, History::low_water)
    }

    /// How many messages were ever delivered here, those in a snapshot included.
    pub(super) fn height(&self) -> usize {
        let pruned = self.sources.iter().map(History::pruned);
        pruned.fold(self.log.len(), usize::saturating_add)
    }

    /// Whether everything these entries name is delivered here.
    pub(super) fn has_delivered(&self, causes: &[(Seat, Counter)]) -> bool {
        causes
            .iter()
            .all(|(seat, counter)| *counter <= self.clock.get(*seat))
    }

    /// The version vector below which the operations of this header may have causes: that of its chain, with its own.
    pub(super) fn clock_of(&self, header: &Header) -> Option<VersionVector> {
        let mut clock = self.source(header.source)?.clock.clone();
        for (seat, counter) in &header.causes {
            clock.advance(*seat, *counter);
        }
        Some(clock)
    }

    /// Whether this header names the one right before it.
    pub(super) fn is_linked(&self, header: &Header) -> bool {
        self.source(header.source)
            .is_some_and(|source| source.tip == header.previous)
    }

    /// Whether this header stands in the slot after what is delivered.
    pub(super) fn is_next(&self, header: &Header) -> bool {
        self.delivered(header.source).next() == Some(header.first)
    }

    /// R2, I8: whether a certified message comes next.
    pub(super) fn may_deliver<R: Rules>(&self, header: &Header) -> bool {
        R::may_deliver(&DeliverFacts {
            linked: self.is_next(header) && self.is_linked(header),
            causes: self.has_delivered(&header.causes),
        })
    }

    /// Applies a message that comes next.
    pub(super) fn deliver(
        &mut self,
        source: Actor,
        ready: Ready<A::Op>,
    ) -> Option<Delivery<A::Op>> {
        let Ready {
            certificate,
            digest,
            ops,
            decoded,
            source_echo,
        } = ready;
        let header = &certificate.header;
        let (seat, first, last) = (header.source, header.first, header.last()?);
        // A quorum has decoded them; should it have lied, every member skips them alike.
        let decoded = decoded.unwrap_or_else(|| {
            codec::decode_sequence(header.len as usize, &ops)
                .unwrap_or_default()
                .into()
        });
        for (dot, op) in dots(source, first).zip(decoded.iter()) {
            self.algorithm.apply(dot, op.clone());
        }
        self.clock.advance(seat, last);
        let place = self.log.len();
        if let Some(history) = self.sources.get_mut(seat.get()) {
            history.tip = digest;
            for (cause, counter) in &header.causes {
                history.clock.advance(*cause, *counter);
            }
            history.places.push(place);
        }
        self.log.push(Logged {
            digest,
            certificate,
            ops,
            last,
            source_echo,
        });
        Some(Delivery {
            source,
            seat,
            first,
            ops: decoded,
        })
    }

    /// The delivered message that covers this counter.
    pub(super) fn logged(&self, seat: Seat, counter: Counter) -> Option<&Logged> {
        let index = self.log_index(seat, self.message_index(seat, counter))?;
        let logged = self.log.get(index)?;
        (logged.certificate.header.first <= counter).then_some(logged)
    }

    /// Which of this source's delivered messages is the first to reach `counter`, from 0; as many as
    /// there are if none does.
    pub(super) fn message_index(&self, seat: Seat, counter: Counter) -> usize {
        self.source(seat).map_or(0, |source| {
            let places = source.places.partition_point(|place| {
                self.log
                    .get(*place)
                    .is_some_and(|logged| logged.last < counter)
            });
            source.pruned.saturating_add(places)
        })
    }

    /// Where that message stands in the log, if it is not pruned.
    pub(super) fn log_index(&self, seat: Seat, message: usize) -> Option<usize> {
        let source = self.source(seat)?;
        source
            .places
            .get(message.checked_sub(source.pruned)?)
            .copied()
    }

    /// The certificate of the last message delivered, with the digest of its header.
    pub(super) fn last_certificate(&self, seat: Seat) -> Option<(&Certificate, Digest)> {
        let source = self.source(seat)?;
        let Some(place) = source.places.last() else {
            let kept = source.kept.as_ref();
            return kept.map(|(certificate, digest)| (certificate, *digest));
        };
        let logged = self.log.get(*place)?;
        Some((&logged.certificate, logged.digest))
    }

    /// Checks operations in turn: their causes lie below `clock` or earlier in their own source's
    /// past, and the algorithm says yes. I10: the same check for the source and for every witness.
    pub(super) fn check_ops<K: Keys>(
        &self,
        members: &Members<K>,
        first: &Dot,
        ops: &[A::Op],
        clock: &VersionVector,
    ) -> Result<(), (usize, ReturnReason<A::Invalid>)> {
        for (index, (dot, op)) in dots(first.actor, first.counter).zip(ops).enumerate() {
            if !self.has_causes(members, &dot, op, clock) {
                return Err((index, ReturnReason::CauseNotDelivered));
            }
        }
        self.algorithm
            .validate_batch(first, ops)
            .map_err(|(index, invalid)| (index, ReturnReason::Invalid(invalid)))
    }

    /// Whether the causes of an operation lie below `clock` or earlier in its own source's past.
    fn has_causes<K: Keys>(
        &self,
        members: &Members<K>,
        dot: &Dot,
        op: &A::Op,
        clock: &VersionVector,
    ) -> bool {
        self.algorithm.causes(op).dots().all(|cause| {
            if cause.actor == dot.actor {
                return cause.counter < dot.counter;
            }
            let seat = members.seat_of(&cause.actor);
            seat.is_some_and(|seat| cause.counter <= clock.get(seat))
        })
    }

    /// Why each of these operations does not hold, if it does not: each is named and judged as if those before it that do
    /// not hold had never been made. One pass over at most one copy of the state, however many are invalid.
    pub(super) fn sift<K: Keys>(
        &self,
        members: &Members<K>,
        first: &Dot,
        ops: &[A::Op],
    ) -> Vec<Option<ReturnReason<A::Invalid>>> {
        let (mut ahead, mut kept): (Option<A>, usize) = (None, 0);
        let judge = |op: &A::Op| {
            let dot = nth(first, kept);
            if !self.has_causes(members, &dot, op, &self.clock) {
                return Some(ReturnReason::CauseNotDelivered);
            }
            let algorithm = ahead.as_ref().unwrap_or(&self.algorithm);
            if let Err(invalid) = algorithm.validate(&dot, op) {
                return Some(ReturnReason::Invalid(invalid));
            }
            let ahead = ahead.get_or_insert_with(|| self.algorithm.clone());
            ahead.apply(dot, op.clone());
            kept = kept.saturating_add(1);
            None
        };
        ops.iter().map(judge).collect()
    }

    /// Drops the messages below this version vector from memory.
    pub(super) fn prune(&mut self, clock: &VersionVector) {
        for source in &mut self.sources {
            source.places.clear();
        }
        for logged in std::mem::take(&mut self.log) {
            let seat = logged.certificate.header.source;
            let Some(source) = self.sources.get_mut(seat.get()) else {
                continue;
            };
            if logged.last > clock.get(seat) {
                source.places.push(self.log.len());
                self.log.push(logged);
                continue;
            }
            source.pruned = source.pruned.saturating_add(1);
            source.low_water = logged.last;
            source.kept = Some((logged.certificate, logged.digest));
        }
    }

    /// Takes over a state that a quorum has signed, in place of ours: what it lacks of our log is applied to it again.
    pub(super) fn install<K: Keys>(
        &mut self,
        mut algorithm: A,
        members: &Members<K>,
        clock: &VersionVector,
        positions: Vec<Position>,
    ) {
        self.prune(clock);
        for logged in &self.log {
            let header = &logged.certificate.header;
            let ops = codec::decode_sequence::<A::Op>(header.len as usize, &logged.ops);
            if let Some(source) = members.in_seat(header.source).copied() {
                for (dot, op) in dots(source, header.first).zip(ops.unwrap_or_default()) {
                    algorithm.apply(dot, op);
                }
            }
        }
        self.algorithm = algorithm;
        for (source, (at, position)) in self.sources.iter_mut().zip((0_u16..).zip(positions)) {
            source.pruned = position.messages;
            source.low_water = position.counter;
            if let Some(certificate) = position.certificate {
                source.kept = Some((certificate, position.header));
            }
            let seat = Seat::new(at);
            if position.counter <= self.clock.get(seat) {
                continue;
            }
            source.tip = position.header;
            source.clock = VersionVector::zero(source.clock.seats());
            for (cause, counter) in &position.clock {
                source.clock.advance(*cause, *counter);
            }
            self.clock.advance(seat, position.counter);
        }
    }

    /// The journal has this echo of the last message's source.
    pub(super) fn load_source_echo(&mut self, echo: Option<(Generation, Sig)>) {
        if let Some(logged) = self.log.last_mut() {
            logged.source_echo = echo;
        }
    }
}
