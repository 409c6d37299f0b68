//! The doors of the source: building, requesting and certifying our own messages, one at a time, each reserved and journaled
//! before it is signed for.

use super::decided::Decision;
use super::effect::{Effect, Effects, To};
use super::error::{Refused, RefusedReason, Rejection, ReturnReason};
use super::header::{EchoStatement, Header, MAX_MESSAGE_BYTES, MAX_MESSAGE_OPS};
use super::journal::Record;
use super::packet::{Echo, MAX_REASON_BYTES, Payload, Proof, Refusal};
use super::rules::{Rules, SignerFacts};
use super::signer::Unsigned;
use super::slots::Certified;
use super::source::{Flight, MAX_WAITING_OPS};
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
        let tickets = Tickets::take(&mut self.source.next_ticket, ops.len());
        self.source.waiting.extend(tickets.clone().zip(ops));
        let mut effects = Effects::none();
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
        let (mut tickets, mut ops, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        while ops.len() < self.source.limit {
            let Some((ticket, op)) = self.source.waiting.pop_front() else {
                break;
            };
            let before = bytes.len();
            codec::append(&mut bytes, &op);
            let (size, limit) = (bytes.len().saturating_sub(before), MAX_MESSAGE_BYTES);
            if size > limit {
                bytes.truncate(before);
                let reason = ReturnReason::TooLarge { bytes: size, limit };
                effects.push(Effect::Returned { ticket, op, reason });
                continue;
            }
            if bytes.len() > limit {
                bytes.truncate(before);
                self.source.waiting.push_front((ticket, op));
                break;
            }
            tickets.push(ticket);
            ops.push(op);
        }
        // Every witness has to read them as they stand in the message, and so have we after a restart.
        if let Err(error) = codec::decode_sequence::<A::Op>(ops.len(), &bytes) {
            self.give_back_unreadable(tickets.into_iter().zip(ops), &error, effects);
            return (Vec::new(), Vec::new(), Vec::new());
        }
        let taken = ops.len();
        while let Err((index, reason)) =
            self.ledger
                .check_ops(self.chain.members(), first, &ops, self.ledger.clock())
        {
            if index >= ops.len() {
                // The algorithm breaks its contract; nothing can be signed.
                ops.clear();
                break;
            }
            let (ticket, op) = (tickets.remove(index), ops.remove(index));
            effects.push(Effect::Returned { ticket, op, reason });
        }
        if ops.len() < taken {
            bytes = codec::encode_sequence(&ops);
        }
        (tickets, ops, bytes)
    }

    /// Gives back those of a batch that cannot be read, or all of it if none is to blame alone; the rest
    /// waits in front for another batch.
    fn give_back_unreadable(
        &mut self,
        batch: impl Iterator<Item = (Ticket, A::Op)>,
        error: &DecodeError,
        effects: &mut Effects<A>,
    ) {
        let read = |op: &A::Op| codec::decode_sequence::<A::Op>(1, &codec::encode(op)).err();
        let batch: Vec<_> = batch.map(|(ticket, op)| (read(&op), ticket, op)).collect();
        let nobody = batch.iter().all(|(own, ..)| own.is_none());
        let mut kept = Vec::new();
        for (own, ticket, op) in batch {
            match own.or_else(|| nobody.then(|| error.clone())) {
                Some(error) => {
                    let reason = ReturnReason::Unreadable(error);
                    effects.push(Effect::Returned { ticket, op, reason });
                }
                None => kept.push((ticket, op)),
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
        for (ticket, op) in std::mem::take(&mut self.source.waiting) {
            let reason = reason.clone();
            effects.push(Effect::Returned { ticket, op, reason });
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
    ) -> Result<Effect<A>, Rejection> {
        self.check_member(from)?;
        let flight = self.source.flight.as_ref().ok_or(Rejection::NotRequested)?;
        if refusal.first != flight.header.first || refusal.header != flight.digest {
            return Err(Rejection::NotRequested);
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
        Ok(Effect::RefusedBy {
            member: from,
            dot,
            reason: refusal.reason.clone(),
        })
    }
}
