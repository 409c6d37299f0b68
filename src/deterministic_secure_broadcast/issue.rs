//! The doors of the source: building, requesting and certifying our own messages, one at a time, each reserved and journaled
//! before it is signed for.

use std::error::Error;

use serde::Serialize;

use super::decided::Decision;
use super::effect::{Effect, Effects, To};
use super::error::{Refused, RefusedReason, Rejection, ReturnReason};
use super::header::{EchoStatement, Header, MAX_MESSAGE_BYTES, MAX_MESSAGE_OPS};
use super::journal::Record;
use super::packet::{Echo, MAX_REASON_BYTES, Payload, Proof, Refusal};
use super::rules::{Rules, SignerFacts};
use super::signer::Unsigned;
use super::slots::Certified;
use super::source::{Flight, MAX_WAITING_BYTES, MAX_WAITING_OPS, Waiting};
use super::ticket::{Ticket, Tickets};
use super::{Certificate, SecureBroadcast};
use crate::actor::{Actor, Counter, Dot, Keys, signing_bytes};
use crate::codec::{self, Bytes, DecodeError, Digest};
use crate::membership::{Seat, Signers};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    pub(super) fn submit(
        &mut self,
        ops: Vec<A::Op>,
    ) -> Result<(Tickets, Effects<A>), Refused<A::Op>> {
        let waiting = self.source.waiting.len().saturating_add(ops.len());
        let reason = if !self.is_member() {
            Some(RefusedReason::NotMember)
        } else if self.is_leaving() {
            Some(RefusedReason::Leaving)
        } else if let Some(halt) = self.signer.halted() {
            Some(RefusedReason::Halted(halt))
        } else if waiting > MAX_WAITING_OPS {
            Some(RefusedReason::QueueFull {
                waiting,
                limit: MAX_WAITING_OPS,
            })
        } else {
            None
        };
        if let Some(reason) = reason {
            return Err(Refused { reason, ops });
        }
        let encoded: Vec<_> = ops.iter().map(encoded).collect();
        let lengths = encoded.iter().flatten().map(Vec::len);
        let bytes = lengths.fold(self.source.waiting.bytes(), usize::saturating_add);
        if bytes > MAX_WAITING_BYTES {
            let limit = MAX_WAITING_BYTES;
            let reason = RefusedReason::QueueTooLarge { bytes, limit };
            return Err(Refused { reason, ops });
        }
        let tickets = Tickets::take(&mut self.source.next_ticket, ops.len());
        let mut effects = Effects::none();
        for ((ticket, op), encoded) in tickets.clone().zip(ops).zip(encoded) {
            match encoded {
                Ok(bytes) => self.source.waiting.push_back(Waiting { ticket, op, bytes }),
                Err(reason) => effects.push(Effect::Returned { ticket, op, reason }),
            }
        }
        self.advance(&mut effects);
        Ok((tickets, effects))
    }

    /// Builds the next message if our slot is free (I6) and something waits. Returns whether it did.
    pub(super) fn issue(&mut self, effects: &mut Effects<A>) -> bool {
        let Some(seat) = self.chain.seat() else {
            return false;
        };
        let (Ok(slot), Some(history)) = (self.slot(seat), self.ledger.source(seat)) else {
            return false;
        };
        let free = self.source.flight.is_none()
            && slot.ahead.is_empty()
            && self.check_signing().is_ok()
            && !self.is_sealed();
        if !free || self.source.waiting.is_empty() {
            return false;
        }
        let (previous, before) = (history.tip(), history.clock().clone());
        let Some(first) = self.ledger.delivered(seat).next() else {
            self.give_back(&ReturnReason::Exhausted, effects);
            return false;
        };
        let dot = Dot::new(self.actor(), first);
        let (tickets, ops, bytes) = loop {
            let batch = self.next_batch(&dot, effects);
            // A batch of which all came back is no message: nothing else would ask for the next one.
            if !batch.1.is_empty() || self.source.waiting.is_empty() {
                break batch;
            }
        };
        let Ok(len) = u32::try_from(ops.len()) else {
            return false;
        };
        if len == 0 {
            return false;
        }
        let causes = self.needed(seat, &ops, &before);
        let header = Header {
            source: seat,
            first,
            len,
            previous,
            causes,
            ops: Digest::of(&bytes),
        };
        let digest = header.digest(self.signer.network());
        let generation = self.generation();
        let (actor, alone) = (self.actor(), self.chain.members().len() == 1);
        let bytes = Bytes::from(bytes);
        let statement = EchoStatement {
            generation,
            header: digest,
        };
        // I1: reserve the dots on disk; nothing of this message leaves before.
        let unsigned = Unsigned::new(self.signer.network(), &statement, |echo| {
            let record = R::persists_own().then(|| Record::Own {
                generation,
                header: header.clone(),
                echo,
                ops: bytes.clone(),
            });
            let flight = Flight::new(
                actor,
                (generation, echo),
                (header, digest),
                (bytes, ops.into()),
                record.is_some(),
            );
            (record, flight)
        });
        self.signer.commit([unsigned], effects, |flight| {
            let flight = self.source.flight.insert(flight);
            (!alone).then(|| (To::Members, flight.request()))
        });
        effects.push(Effect::Issued {
            first: dot,
            len,
            tickets,
        });
        true
    }

    /// Takes from the waiting operations as many as fit into a message and are valid in turn; the
    /// invalid ones go back to the caller, for a correct source signs nothing witnesses would refuse.
    fn next_batch(
        &mut self,
        first: &Dot,
        effects: &mut Effects<A>,
    ) -> (Vec<Ticket>, Vec<A::Op>, Vec<u8>) {
        let (mut batch, mut bytes) = (Vec::new(), Vec::new());
        while batch.len() < self.source.limit {
            let Some(next) = self.source.waiting.pop_front() else {
                break;
            };
            if bytes.len().saturating_add(next.bytes.len()) > MAX_MESSAGE_BYTES {
                self.source.waiting.push_front(next);
                break;
            }
            bytes.extend_from_slice(&next.bytes);
            batch.push(next);
        }
        // Every witness has to read them as they stand in the message, and so have we after a restart.
        let ops = match codec::decode_sequence::<A::Op>(batch.len(), &bytes) {
            Ok(ops) => ops,
            Err(error) => {
                self.give_back_unreadable(batch, &error, effects);
                return (Vec::new(), Vec::new(), Vec::new());
            }
        };
        let members = self.chain.members();
        let check = |ops: &[A::Op]| {
            self.ledger
                .check_ops(members, first, ops, self.ledger.clock())
        };
        if check(&ops).is_ok() {
            let tickets = batch.into_iter().map(|waiting| waiting.ticket);
            return (tickets.collect(), ops, bytes);
        }
        let verdicts = self.ledger.sift(members, first, &ops);
        let mut kept = Vec::new();
        for ((waiting, op), verdict) in batch.into_iter().zip(ops).zip(verdicts) {
            match verdict {
                None => kept.push((waiting, op)),
                Some(reason) => effects.push(waiting.returned(reason)),
            }
        }
        let (batch, ops): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
        // An algorithm that judges a batch otherwise than its operations breaks its contract: witnesses would refuse it.
        if let Err((_, reason)) = check(&ops) {
            let back = batch.into_iter();
            back.for_each(|waiting| effects.push(waiting.returned(reason.clone())));
            return (Vec::new(), Vec::new(), Vec::new());
        }
        let bytes = batch.iter().flat_map(|waiting| &waiting.bytes).copied();
        let bytes = bytes.collect();
        let tickets = batch.into_iter().map(|waiting| waiting.ticket);
        (tickets.collect(), ops, bytes)
    }

    /// Gives back those of a batch that cannot be read, or all of it if none is to blame alone; the rest
    /// waits in front for another batch.
    fn give_back_unreadable(
        &mut self,
        batch: Vec<Waiting<A::Op>>,
        error: &DecodeError,
        effects: &mut Effects<A>,
    ) {
        let read =
            |waiting: &Waiting<A::Op>| codec::decode_sequence::<A::Op>(1, &waiting.bytes).err();
        let batch: Vec<_> = batch
            .into_iter()
            .map(|waiting| (read(&waiting), waiting))
            .collect();
        let nobody = batch.iter().all(|(own, ..)| own.is_none());
        let mut kept = Vec::new();
        for (own, waiting) in batch {
            match own.or_else(|| nobody.then(|| error.clone())) {
                Some(error) => effects.push(waiting.returned(ReturnReason::Unreadable(error))),
                None => kept.push(waiting),
            }
        }
        for waiting in kept.into_iter().rev() {
            self.source.waiting.push_front(waiting);
        }
    }

    /// Gives back everything that waits.
    pub(super) fn give_back(
        &mut self,
        reason: &ReturnReason<A::Invalid>,
        effects: &mut Effects<A>,
    ) {
        while let Some(waiting) = self.source.waiting.pop_front() {
            effects.push(waiting.returned(reason.clone()));
        }
    }

    /// The clock entries these operations need beyond what our chain of headers names already.
    fn needed(
        &self,
        own: Seat,
        ops: &[A::Op],
        before: &super::VersionVector,
    ) -> Vec<(Seat, Counter)> {
        let mut needed = super::VersionVector::zero(self.chain.members().seats());
        for op in ops {
            for dot in self.ledger.algorithm().causes(op).dots() {
                if let Some(seat) = self.chain.members().seat_of(&dot.actor) {
                    needed.advance(seat, dot.counter);
                }
            }
        }
        needed
            .iter()
            .filter(|(seat, counter)| *seat != own && *counter > before.get(*seat))
            .collect()
    }

    pub(super) fn decide_echo(&self, from: Actor, echo: &Echo) -> Result<Decision<A>, Rejection> {
        if let Some(gated) = self.gate(from, echo.generation)? {
            return Ok(gated);
        }
        self.check_signing()?;
        let flight = self.source.flight.as_ref();
        let ours = |flight: &&Flight<A::Op>| {
            echo.first == flight.header.first && echo.header == flight.digest
        };
        let Some(flight) = flight.filter(ours) else {
            let late = echo.first <= self.delivered(&self.actor());
            return Err(match late {
                true => Rejection::Late,
                false => Rejection::NotRequested,
            });
        };
        let member = self.chain.members().index_of(&from);
        let facts = SignerFacts {
            member: member.is_some(),
            fresh: !flight.echoes.contains_key(&from),
        };
        let verify = || {
            let statement = EchoStatement {
                generation: echo.generation,
                header: flight.digest,
            };
            let bytes = signing_bytes(self.signer.network(), &statement);
            match member.and_then(|index| self.chain.members().key(index)) {
                Some(key) => K::verify(key, &bytes, &echo.sig),
                None => K::public(&from).is_ok_and(|key| K::verify(&key, &bytes, &echo.sig)),
            }
        };
        // I7: everything is checked before anything changes.
        if !R::may_count(facts, verify) {
            return Err(match facts {
                SignerFacts { member: false, .. } => Rejection::NotMember(from),
                SignerFacts { fresh: false, .. } => Rejection::Duplicate,
                _ => Rejection::InvalidSignature { signer: Some(from) },
            });
        }
        let signed = (echo.generation, &echo.sig);
        Ok(Decision::Echo {
            from,
            sig: echo.sig,
            conviction: self.echo_against_seal(from, signed, (&flight.header, &flight.digest)),
        })
    }

    /// If a quorum has echoed our message (in a network of one, we alone): delivers it, and lets
    /// everybody know. Returns whether it did.
    pub(super) fn certify(&mut self, effects: &mut Effects<A>) -> bool {
        let (Some(seat), Some(flight)) = (self.chain.seat(), self.source.flight.as_ref()) else {
            return false;
        };
        let stale = flight.generation != self.generation();
        if stale || !self.source.is_certified::<R>(self.chain.members().len()) {
            return false;
        }
        let mut signers = Signers::none(self.chain.members().len());
        let mut signatures = Vec::with_capacity(flight.echoes.len());
        // Members are sorted by key, and so is this map: the signatures come in index order.
        for (actor, sig) in &flight.echoes {
            if let Some(index) = self.chain.members().index_of(actor) {
                signers.insert(index);
                signatures.push(*sig);
            }
        }
        let certificate = Certificate {
            generation: flight.generation,
            header: flight.header.clone(),
            signers,
            signatures,
        };
        let certified = Certified {
            digest: flight.digest,
            ops: Some((flight.ops.clone(), Some(flight.decoded.clone()))),
            journaled: flight.journaled,
            source_echo: Some((flight.generation, flight.echo)),
            certificate: certificate.clone(),
        };
        self.slots.buffer(certified);
        let delivered = self.deliver_next(seat, effects);
        if self.chain.members().len() > 1 {
            effects.send(
                To::Members,
                Payload::Proof(Proof {
                    certificate,
                    ops: None,
                }),
            );
        }
        delivered
    }

    /// Asks those again who have not echoed, once a whole tick has passed.
    pub(super) fn repeat_request(&mut self, effects: &mut Effects<A>) {
        if self.check_signing().is_err() || self.is_sealed() {
            return;
        }
        let Some(flight) = self.source.flight.as_mut() else {
            return;
        };
        if !std::mem::replace(&mut flight.aged, true) {
            return;
        }
        if flight.echoes.len() <= 1 {
            effects.send(To::Members, flight.request());
            return;
        }
        for member in self.chain.members().actors() {
            if !flight.echoes.contains_key(member) {
                effects.send(To::One(*member), flight.request());
            }
        }
    }

    pub(super) fn decide_refusal(
        &self,
        from: Actor,
        refusal: &Refusal,
    ) -> Result<Decision<A>, Rejection> {
        self.check_member(from)?;
        let flight = self.source.flight.as_ref().ok_or(Rejection::NotRequested)?;
        if refusal.first != flight.header.first || refusal.header != flight.digest {
            return Err(Rejection::NotRequested);
        }
        if flight.refused.contains(&from) {
            return Err(Rejection::Duplicate);
        }
        let limit = MAX_REASON_BYTES;
        if refusal.reason.len() > limit {
            return Err(super::Malformed::TooLarge {
                have: refusal.reason.len(),
                limit,
            }
            .into());
        }
        if refusal.index >= flight.header.len {
            let (have, limit) = (refusal.index, MAX_MESSAGE_OPS);
            return Err(super::Malformed::Length { have, limit }.into());
        }
        let counter = flight.header.first.checked_add(u64::from(refusal.index));
        let dot = Dot::new(self.actor(), counter.unwrap_or(flight.header.first));
        Ok(Decision::Refusal {
            from,
            dot,
            reason: refusal.reason.clone(),
        })
    }
}

/// The bytes of an operation of our own, or why it can be in no message.
fn encoded<Op: Serialize, Invalid: Error>(op: &Op) -> Result<Vec<u8>, ReturnReason<Invalid>> {
    let bytes = codec::try_encode(op).map_err(ReturnReason::Unencodable)?;
    match (bytes.len(), MAX_MESSAGE_BYTES) {
        (bytes, limit) if bytes > limit => Err(ReturnReason::TooLarge { bytes, limit }),
        _ => Ok(bytes),
    }
}

impl<Op> Waiting<Op> {
    /// It comes back.
    fn returned<A: SecureBroadcastAlgorithm<Op = Op>>(
        self,
        reason: ReturnReason<A::Invalid>,
    ) -> Effect<A> {
        let Waiting { ticket, op, .. } = self;
        Effect::Returned { ticket, op, reason }
    }
}
