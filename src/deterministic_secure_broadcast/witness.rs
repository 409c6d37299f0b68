//! The witness's side: R1. A request is looked at without changing anything, then carried out.

use std::sync::Arc;

use super::SecureBroadcast;
use super::convictions::Proven;
use super::decided::{Decision, Verdict};
use super::effect::{Effect, Effects, To};
use super::error::{Halt, Malformed, Rejection, ReturnReason};
use super::evidence::{Evidence, SignedHeader};
use super::header::{EchoStatement, Header, MAX_MESSAGE_BYTES};
use super::journal::Record;
use super::ledger::History;
use super::packet::{MAX_REASON_BYTES, Payload, Proof, Pull, Refusal, Request};
use super::rules::{EchoFacts, OpenSlot, Rules, SignerFacts};
use super::signer::Unsigned;
use super::slots::{Echoed, Open, Parked, Refused};
use crate::actor::{Actor, Counter, Dot, Keys, signing_bytes};
use crate::codec::{self, Digest};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    pub(super) fn decide_request(
        &self,
        from: Actor,
        request: &Request,
    ) -> Result<Decision<A>, Rejection> {
        self.check_member(from)?;
        if let Some(gated) = self.gate(from, request.generation)? {
            return Ok(gated);
        }
        request.header.check(self.chain.members().seats())?;
        if request.ops.len() > MAX_MESSAGE_BYTES {
            let (have, limit) = (request.ops.len(), MAX_MESSAGE_BYTES);
            return Err(Malformed::TooLarge { have, limit }.into());
        }
        let (seat, first) = (request.header.source, request.header.first);
        let digest = request.header.digest(self.signer.network());
        if self.chain.seat() == Some(seat) {
            return self.decide_own_request(request, digest);
        }
        if first <= self.ledger.delivered(seat) {
            return self.decide_old_request(from, request, digest);
        }
        self.check_signing()?;
        let slot = self.slot(seat)?;
        // Asked again: the same echo again, never an error (L1).
        if let [open] = slot.open.as_slice()
            && open.digest == digest
            && let Some(echo) = open.echo(self.generation())
        {
            if !R::repeats_echo() {
                return Err(Rejection::Duplicate);
            }
            let source = self.chain.members().in_seat(seat).copied();
            let source = source.ok_or(Malformed::UnknownSeat(seat))?;
            return Ok(Decision::answer(source, vec![echo]));
        }
        // Refused already: the same answer, at no cost. It stands, for validity is stable; what members there are is not.
        if let Some(Refused { signed, refusal }) = slot.refused.as_deref()
            && refusal.header == digest
            && signed.generation == self.generation()
        {
            let source = self.chain.members().in_seat(seat).copied();
            let source = source.ok_or(Malformed::UnknownSeat(seat))?;
            let refusal = Payload::Refusal(refusal.clone());
            return Ok(Decision::answer(source, vec![refusal]));
        }
        let parked = slot.parked.as_ref();
        if parked.is_some_and(|parked| parked.digest == digest) {
            return Err(Rejection::Duplicate);
        }
        let attached = R::may_attach(Digest::of(&request.ops) == request.header.ops);
        if !attached {
            return Err(Rejection::OpsMismatch);
        }
        // Certified already, and its operations were missing: here they are.
        if let Some(certified) = slot.ahead.get(&first)
            && certified.digest == digest
        {
            return self.decide_ops(seat, first, &request.ops);
        }
        self.verify_source(request, digest)?;

        let convictions = self.convictions_of(request, digest);
        let parked = Parked {
            request: request.clone(),
            digest,
            attached,
        };
        match self.evaluate(parked) {
            Err(_) if !convictions.is_empty() => Ok(Decision::Request {
                convictions,
                verdict: None,
                from,
            }),
            Err(rejection) => Err(rejection),
            Ok(verdict) => Ok(Decision::Request {
                convictions,
                verdict: Some(verdict),
                from,
            }),
        }
    }

    /// A peer asks us to echo a message of our own.
    fn decide_own_request(
        &self,
        request: &Request,
        digest: Digest,
    ) -> Result<Decision<A>, Rejection> {
        let (seat, first) = (request.header.source, request.header.first);
        let logged = self.ledger.logged(seat, first);
        if self.source.is_under_way(&digest) || logged.is_some_and(|logged| logged.digest == digest)
        {
            return Err(Rejection::Duplicate);
        }
        // What is pruned tells nothing.
        if first <= self.ledger.low_water(seat) {
            return Err(Rejection::Late);
        }
        self.verify_source(request, digest)?;
        // I13: our key has signed what we do not know: a twin, or a journal we have lost.
        match self.signer.halted() {
            Some(_) => Err(Rejection::Duplicate),
            None => Ok(Decision::Halt(Halt::KeyUsedElsewhere)),
        }
    }

    /// A request for a slot that is delivered here.
    fn decide_old_request(
        &self,
        from: Actor,
        request: &Request,
        digest: Digest,
    ) -> Result<Decision<A>, Rejection> {
        let header = &request.header;
        let Some(logged) = self.ledger.logged(header.source, header.first) else {
            return Err(Rejection::Late);
        };
        if logged.digest == digest {
            let proof = Proof {
                certificate: logged.certificate.clone(),
                ops: None,
            };
            let mut charge = self.charge_nothing(&from);
            if !charge.add(proof.certificate.weight()) {
                return Err(Rejection::OverBudget);
            }
            return Ok(Decision::charged(
                from,
                (charge, vec![Payload::Proof(proof)]),
            ));
        }
        self.verify_source(request, digest)?;
        let known = &logged.certificate.header;
        let Some((generation, sig)) = logged.source_echo.filter(|_| known.first == header.first)
        else {
            return Err(Rejection::SlotTaken);
        };
        let known = SignedHeader {
            generation,
            header: known.clone(),
            sig,
        };
        match self.two_headers(known, request) {
            Some(proven) => Ok(Decision::Convict(vec![proven])),
            None => Err(Rejection::SlotTaken),
        }
    }

    fn verify_source(&self, request: &Request, header: Digest) -> Result<(), Rejection> {
        let members = self.chain.members();
        let seat = request.header.source;
        let statement = EchoStatement {
            generation: request.generation,
            header,
        };
        let verify = || {
            let key = members.index_in(seat).and_then(|index| members.key(index));
            key.is_some_and(|key| {
                let bytes = signing_bytes(self.signer.network(), &statement);
                K::verify(key, &bytes, &request.echo)
            })
        };
        let facts = SignerFacts {
            member: members.index_in(seat).is_some(),
            fresh: true,
        };
        if R::may_count(facts, verify) {
            return Ok(());
        }
        Err(Rejection::InvalidSignature {
            signer: members.in_seat(seat).copied(),
        })
    }

    /// What this request, whose signature holds, says against its source.
    fn convictions_of(&self, request: &Request, digest: Digest) -> Vec<Proven> {
        let header = &request.header;
        let slot = self.slots.get(header.source);
        // Two headers of one source in one slot convict it.
        let known = slot.and_then(|slot| slot.contradiction(header.first, &digest));
        let known = known.and_then(|known| self.two_headers(known, request));
        let source = self.chain.members().in_seat(header.source).copied();
        let hidden = source.and_then(|source| {
            let echo = (request.generation, &request.echo);
            self.echo_against_seal(source, echo, (header, &digest))
        });
        known.into_iter().chain(hidden).collect()
    }

    fn two_headers(&self, known: SignedHeader, request: &Request) -> Option<Proven> {
        let culprit = *self.chain.members().in_seat(request.header.source)?;
        let evidence = Evidence::headers(self.signer.network(), culprit, known, request.signed());
        self.prove(&evidence)
    }

    /// What R1 is asked about a request. `valid`: whether its operations are.
    fn echo_facts(&self, parked: &Parked, valid: bool) -> Result<EchoFacts, Rejection> {
        let Parked {
            request,
            digest,
            attached,
        } = parked;
        let header = &request.header;
        let slot = self.slot(header.source)?;
        Ok(EchoFacts {
            next: self.ledger.is_next(header),
            settled: slot.ahead.is_empty(),
            linked: self.ledger.is_linked(header),
            causes: self.ledger.has_delivered(&header.causes),
            digest: *attached,
            valid,
            open: slot.open_slot(header.first, digest),
            active: !self.is_sealed() && self.chain.members().index_in(header.source).is_some(),
        })
    }

    /// R1: echo, refuse, park or reject a request whose signature holds.
    pub(super) fn evaluate(&self, parked: Parked) -> Result<Verdict<A::Op>, Rejection> {
        // Again, for what was parked before we stopped.
        self.check_signing()?;
        let header = &parked.request.header;
        // What is expensive is looked at last.
        let facts = self.echo_facts(&parked, true)?;
        if R::may_echo(&facts) {
            let clock = self.ledger.source(header.source).map(History::clock);
            let advanced = |(seat, counter): &&(Seat, Counter)| {
                clock.is_some_and(|clock| *counter <= clock.get(*seat))
            };
            if let Some((seat, _)) = header.causes.iter().find(advanced) {
                return Err(Malformed::NeedlessCause(*seat).into());
            }
            return self.validate(parked);
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
        self.check_room(header).map(|()| Verdict::Park(parked))
    }

    /// The expensive part of R1: decodes the operations (I9: only now), and asks the algorithm about each in turn.
    fn validate(&self, parked: Parked) -> Result<Verdict<A::Op>, Rejection> {
        let Request { header, ops, .. } = &parked.request;
        let decoded = codec::decode_sequence::<A::Op>(header.len as usize, ops)
            .map_err(|error| Rejection::Malformed(Malformed::Operations(error)))?;
        let unknown = Malformed::UnknownSeat(header.source);
        let members = self.chain.members();
        let source = *members.in_seat(header.source).ok_or(unknown.clone())?;
        let clock = self.ledger.clock_of(header).ok_or(unknown)?;
        let first = Dot::new(source, header.first);
        let verdict = self.ledger.check_ops(members, &first, &decoded, &clock);
        if R::may_echo(&self.echo_facts(&parked, verdict.is_ok())?) {
            return Ok(Verdict::Echo(parked, decoded.into()));
        }
        let (index, reason) = verdict
            .err()
            .unwrap_or((0, ReturnReason::CauseNotDelivered));
        let refusal = Refusal {
            first: header.first,
            header: parked.digest,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            reason: brief(&reason),
        };
        let signed = parked.request.signed();
        let refused = Box::new(Refused { signed, refusal });
        Ok(Verdict::Refuse { source, refused })
    }

    /// Holds one request per source (I14), the one nearest to what is delivered.
    fn check_room(&self, header: &Header) -> Result<(), Rejection> {
        let first = header.first;
        let parked = self.slot(header.source)?.parked.as_ref();
        let nearer = parked.is_some_and(|held| held.request.header.first <= first);
        match R::parks() && !nearer {
            true => Ok(()),
            false => Err(Rejection::OutOfWindow { first }),
        }
    }

    /// Carries out what R1 says of a request. `asked` is who to pull from if something is missing; nobody when a parked
    /// request is evaluated again.
    pub(super) fn carry_out(
        &mut self,
        verdict: Verdict<A::Op>,
        asked: Option<Actor>,
        effects: &mut Effects<A>,
    ) {
        match verdict {
            Verdict::Echo(parked, decoded) => self.echo(parked, decoded, effects),
            Verdict::Refuse { source, refused } => {
                let refusal = refused.refusal.clone();
                if let Some(slot) = self.slots.get_mut(refused.signed.header.source) {
                    slot.refused = Some(refused);
                }
                effects.send(To::One(source), Payload::Refusal(refusal));
            }
            Verdict::Park(parked) => {
                let (seat, first) = (parked.request.header.source, parked.request.header.first);
                let source = self.chain.members().in_seat(seat).copied();
                if let Some(slot) = self.slots.get_mut(seat) {
                    slot.parked = Some(parked);
                }
                if let (Some(asked), Some(source)) = (asked, source) {
                    effects.push(Effect::Parked { source, first });
                    effects.send(To::One(asked), Payload::Pull(self.pull()));
                }
            }
        }
    }

    /// Echoes a request that R1 allows.
    fn echo(&mut self, parked: Parked, decoded: Arc<Vec<A::Op>>, effects: &mut Effects<A>) {
        let Parked {
            request, digest, ..
        } = parked;
        let Request {
            generation,
            header,
            echo: source_echo,
            ops,
        } = request;
        let seat = header.source;
        let Some(source) = self.chain.members().in_seat(seat).copied() else {
            return;
        };
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
                    decoded,
                    journaled: record.is_some(),
                }),
                vouched: true,
            };
            (record, open)
        });
        let slots = &mut self.slots;
        self.signer.commit([unsigned], effects, |open| {
            let echo = open.echo(generation)?;
            slots.get_mut(seat)?.open = vec![open];
            Some((To::One(source), echo))
        });
    }

    /// "Send me what I lack."
    pub(super) fn pull(&self) -> Pull {
        Pull {
            generation: self.generation(),
            clock: self.ledger.clock().clone(),
        }
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
