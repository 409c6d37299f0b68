//! The witness's side: R1, and what is kept of every source.

use super::SecureBroadcast;
use super::effect::{Effect, Effects, To};
use super::error::{Halt, Malformed, Rejection, ReturnReason};
use super::evidence::{Evidence, MAX_EVIDENCE_BYTES, SignedHeader};
use super::header::{EchoStatement, MAX_MESSAGE_BYTES};
use super::journal::Record;
use super::ledger::History;
use super::packet::{MAX_REASON_BYTES, Payload, Proof, Pull, Refusal, Request};
use super::rules::{EchoFacts, OpenSlot, Rules, SignerFacts};
use super::signer::Unsigned;
use super::slots::{Echoed, Open, Parked};
use crate::actor::{Actor, Counter, Dot, Keys, signing_bytes};
use crate::codec::{self, Digest};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    pub(super) fn on_request(
        &mut self,
        from: Actor,
        request: Request,
    ) -> Result<Effects<A>, Rejection> {
        self.check_member(from)?;
        if let Some(effects) = self.on_other_generation(from, request.generation)? {
            return Ok(effects);
        }
        request.header.check(self.chain.members().seats())?;
        if request.ops.len() > MAX_MESSAGE_BYTES {
            let (have, limit) = (request.ops.len(), MAX_MESSAGE_BYTES);
            return Err(Malformed::TooLarge { have, limit }.into());
        }
        let seat = request.header.source;
        let digest = request.header.digest(self.signer.network());
        if Some(seat) == self.chain.seat() {
            return self.on_own_request(&request, digest);
        }
        if request.header.first <= self.ledger.delivered(seat) {
            return self.on_old_request(from, &request, digest);
        }
        self.check_signing()?;
        let track = self.slot(seat)?;
        // Asked again: the same echo again, never an error (L1).
        if let [open] = track.open.as_slice()
            && open.digest == digest
            && let Some(echo) = open.echo(self.generation())
        {
            if !R::repeats_echo() {
                return Err(Rejection::Duplicate);
            }
            let mut effects = Effects::none();
            self.answer(seat, echo, &mut effects);
            return Ok(effects);
        }
        if track
            .parked
            .as_ref()
            .is_some_and(|parked| parked.digest == digest)
        {
            return Err(Rejection::Duplicate);
        }
        let attached = R::may_attach(Digest::of(&request.ops) == request.header.ops);
        if !attached {
            return Err(Rejection::OpsMismatch);
        }
        // Certified already, and its operations were missing: here they are.
        if let Some(certified) = track.ahead.get(&request.header.first)
            && certified.digest == digest
        {
            return self.supply_ops(seat, request.header.first, request.ops);
        }
        self.verify_source(&request, digest)?;

        let mut effects = Effects::none();
        let mut convicted = self.compare_with_open(&request, digest, &mut effects)?;
        if let Some(source) = self.chain.members().in_seat(seat).copied() {
            let (echo, header) = (
                (request.generation, &request.echo),
                (&request.header, &digest),
            );
            convicted |= self.compare_echo_with_seal(source, echo, header, &mut effects);
        }
        match self.consider(
            Parked {
                request,
                digest,
                attached,
            },
            Some(from),
            &mut effects,
        ) {
            Err(_) if convicted => Ok(effects),
            Err(rejection) => Err(rejection),
            Ok(()) => Ok(effects),
        }
    }

    /// Somebody asks us to echo a message of our own.
    fn on_own_request(
        &mut self,
        request: &Request,
        digest: Digest,
    ) -> Result<Effects<A>, Rejection> {
        let first = request.header.first;
        let flying = self
            .source
            .flight
            .as_ref()
            .is_some_and(|flight| flight.digest == digest);
        let logged = self
            .chain
            .seat()
            .and_then(|seat| self.ledger.logged(seat, first));
        if flying || logged.is_some_and(|logged| logged.digest == digest) {
            return Err(Rejection::Duplicate);
        }
        // What is forgotten tells nothing.
        if let Some(seat) = self.chain.seat()
            && first <= self.ledger.low_water(seat)
        {
            return Err(Rejection::Late);
        }
        self.verify_source(request, digest)?;
        // I13: our key has signed what we do not know: a twin, or a journal we have lost.
        let mut effects = Effects::none();
        if self.signer.halted().is_some() {
            return Err(Rejection::Duplicate);
        }
        self.halt(Halt::KeyUsedElsewhere, &mut effects);
        Ok(effects)
    }

    /// A request for a slot that is delivered here.
    fn on_old_request(
        &mut self,
        from: Actor,
        request: &Request,
        digest: Digest,
    ) -> Result<Effects<A>, Rejection> {
        let header = &request.header;
        let Some(logged) = self.ledger.logged(header.source, header.first) else {
            return Err(Rejection::Late);
        };
        let mut effects = Effects::none();
        if logged.digest == digest {
            let proof = Proof {
                certificate: logged.certificate.clone(),
                ops: None,
            };
            self.spend(from, proof.certificate.weight())?;
            effects.send(To::One(from), Payload::Proof(proof));
            return Ok(effects);
        }
        let (known, source_echo) = (logged.certificate.header.clone(), logged.source_echo);
        self.verify_source(request, digest)?;
        match (known.first == header.first, source_echo) {
            (true, Some((generation, sig))) => {
                let known = SignedHeader {
                    generation,
                    header: known,
                    sig,
                };
                if self.convict_source(known, request, &mut effects) {
                    return Ok(effects);
                }
                Err(Rejection::SlotTaken)
            }
            _ => Err(Rejection::SlotTaken),
        }
    }

    fn verify_source(&self, request: &Request, header: Digest) -> Result<(), Rejection> {
        let seat = request.header.source;
        let statement = EchoStatement {
            generation: request.generation,
            header,
        };
        let verify = || {
            let key = self
                .chain
                .members()
                .index_in(seat)
                .and_then(|index| self.chain.members().key(index));
            key.is_some_and(|key| {
                K::verify(
                    key,
                    &signing_bytes(self.signer.network(), &statement),
                    &request.echo,
                )
            })
        };
        if R::may_count(
            SignerFacts {
                member: true,
                fresh: true,
            },
            verify,
        ) {
            return Ok(());
        }
        Err(Rejection::InvalidSignature {
            signer: self.chain.members().in_seat(seat).copied(),
        })
    }

    /// Two headers of one source in one slot convict it.
    fn compare_with_open(
        &mut self,
        request: &Request,
        digest: Digest,
        effects: &mut Effects<A>,
    ) -> Result<bool, Rejection> {
        let track = self.slot(request.header.source)?;
        let first = request.header.first;
        let known = track.contradiction(first, &digest);
        Ok(known.is_some_and(|known| self.convict_source(known, request, effects)))
    }

    fn convict_source(
        &mut self,
        known: SignedHeader,
        request: &Request,
        effects: &mut Effects<A>,
    ) -> bool {
        let Some(culprit) = self.chain.members().in_seat(request.header.source).copied() else {
            return false;
        };
        let other = SignedHeader {
            generation: request.generation,
            header: request.header.clone(),
            sig: request.echo,
        };
        self.convict(
            Evidence::headers(self.signer.network(), culprit, known, other),
            effects,
        )
    }

    /// Keeps one conviction per culprit, and passes it on.
    pub(super) fn convict(&mut self, evidence: Evidence, effects: &mut Effects<A>) -> bool {
        // A liar's seal may be as large as a packet, and what cannot be sent or written down convicts nobody.
        if self.evidence.contains_key(&evidence.culprit) || evidence.weight() > MAX_EVIDENCE_BYTES {
            return false;
        }
        // I13: we never sign twice in a slot. Somebody else does, with our key. First of all, so that no
        // crash comes between.
        if evidence.culprit == self.actor() {
            self.halt(Halt::KeyUsedElsewhere, effects);
        }
        self.evidence.insert(evidence.culprit, evidence.clone());
        self.persist(Record::Evidence(Box::new(evidence.clone())), effects);
        effects.push(Effect::Evidence(evidence.clone()));
        effects.send(To::Members, Payload::Evidence(Box::new(evidence)));
        true
    }

    pub(super) fn on_evidence(&mut self, evidence: Evidence) -> Result<Effects<A>, Rejection> {
        if self.evidence.contains_key(&evidence.culprit) {
            return Err(Rejection::Duplicate);
        }
        evidence.verify_by::<K, R>(&self.chain.generations)?;
        let mut effects = Effects::none();
        self.convict(evidence, &mut effects);
        Ok(effects)
    }

    /// R1: echo, refuse, park or reject a request whose signature holds. `asked` is who to pull
    /// from if something is missing; nobody when a parked request is considered again.
    pub(super) fn consider(
        &mut self,
        parked: Parked,
        asked: Option<Actor>,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        // Again, for what was parked before we stopped.
        self.check_signing()?;
        let Parked {
            request,
            digest,
            attached,
        } = &parked;
        let header = &request.header;
        let track = self.slot(header.source)?;
        let facts = EchoFacts {
            next: self.ledger.is_next(header),
            settled: track.ahead.is_empty(),
            linked: self.ledger.is_linked(header),
            causes: self.ledger.has_delivered(&header.causes),
            digest: *attached,
            valid: true,
            open: track.open_slot(header.first, digest),
            active: !self.is_sealed() && self.chain.members().index_in(header.source).is_some(),
        };
        if R::may_echo(&facts) {
            let clock = self.ledger.source(header.source).map(History::clock);
            let advanced = |(seat, counter): &&(Seat, Counter)| {
                clock.is_some_and(|clock| *counter <= clock.get(*seat))
            };
            if let Some((seat, _)) = header.causes.iter().find(advanced) {
                return Err(Malformed::NeedlessCause(*seat).into());
            }
            return self.judge(parked, facts, effects);
        }
        if !facts.digest {
            return Err(Rejection::OpsMismatch);
        }
        if facts.next && !facts.linked {
            return Err(Rejection::BrokenChain);
        }
        if !matches!(facts.open, OpenSlot::Empty | OpenSlot::Same) {
            return Err(Rejection::SlotTaken);
        }
        self.park(parked, asked, effects)
    }

    /// The dear part of R1: decode the operations (I9: only now), and ask the algorithm about each in turn.
    fn judge(
        &mut self,
        parked: Parked,
        facts: EchoFacts,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        let Parked {
            request, digest, ..
        } = parked;
        let Request {
            generation,
            header,
            echo: source_echo,
            ops,
        } = request;
        let decoded = codec::decode_sequence::<A::Op>(header.len as usize, &ops)
            .map_err(|error| Rejection::Malformed(Malformed::Operations(error)))?;
        let source = *self
            .chain
            .members()
            .in_seat(header.source)
            .ok_or(Rejection::Malformed(Malformed::UnknownSeat(header.source)))?;
        let clock = self
            .ledger
            .clock_of(&header)
            .ok_or(Malformed::UnknownSeat(header.source))?;
        let first = Dot::new(source, header.first);
        let verdict = self
            .ledger
            .check_ops(self.chain.members(), &first, &decoded, &clock);
        let facts = EchoFacts {
            valid: verdict.is_ok(),
            ..facts
        };
        if !R::may_echo(&facts) {
            let (index, reason) = verdict
                .err()
                .unwrap_or((0, ReturnReason::CauseNotDelivered));
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let refusal = Refusal {
                first: header.first,
                header: digest,
                index,
                reason: brief(&reason),
            };
            effects.send(To::One(source), Payload::Refusal(refusal));
            return Ok(());
        }
        let seat = header.source;
        let statement = EchoStatement {
            generation,
            header: digest,
        };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |echo| {
            // I2: the header that binds us is on disk before the echo leaves.
            let record = R::persists_open().then(|| Record::Open {
                generation,
                header: header.clone(),
                source_echo,
                echo,
                ops: ops.clone(),
            });
            let open = Open {
                header,
                digest,
                source_echo: (generation, source_echo),
                echoed: Some(Echoed {
                    echo: (generation, echo),
                    ops,
                    decoded: decoded.into(),
                    journaled: record.is_some(),
                }),
                vouched: true,
            };
            (record, open)
        });
        self.signer.commit([unsigned], effects, |open| {
            let echo = open.echo(generation)?;
            self.slots.get_mut(seat)?.open = vec![open];
            Some((To::One(source), echo))
        });
        Ok(())
    }

    fn answer(&self, seat: Seat, payload: Payload, effects: &mut Effects<A>) {
        if let Some(source) = self.chain.members().in_seat(seat) {
            effects.send(To::One(*source), payload);
        }
    }

    /// Holds one request per source (I14), the one nearest to what is delivered.
    fn park(
        &mut self,
        parked: Parked,
        asked: Option<Actor>,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        let first = parked.request.header.first;
        if !R::parks() {
            return Err(Rejection::OutOfWindow { first });
        }
        let seat = parked.request.header.source;
        let pull = Pull {
            generation: self.generation(),
            clock: self.ledger.clock().clone(),
        };
        let source = self.chain.members().in_seat(seat).copied();
        let Some(track) = self.slots.get_mut(seat) else {
            return Err(Malformed::UnknownSeat(seat).into());
        };
        if track
            .parked
            .as_ref()
            .is_some_and(|held| held.request.header.first <= first)
        {
            return Err(Rejection::OutOfWindow { first });
        }
        track.parked = Some(parked);
        if let (Some(asked), Some(source)) = (asked, source) {
            effects.push(Effect::Parked { source, first });
            effects.send(To::One(asked), Payload::Pull(pull));
        }
        Ok(())
    }
}

/// A reason in at most [`MAX_REASON_BYTES`] bytes.
fn brief(reason: &impl ToString) -> String {
    let mut text = reason.to_string();
    let mut end = MAX_REASON_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text
}
