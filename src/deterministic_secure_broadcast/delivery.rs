//! Delivery: R2. A proof is valid whoever carries it; what it certifies is delivered in causal order.

use super::accountability::Compared;
use super::chain::ChainState;
use super::convictions::Proven;
use super::decided::{Decision, ProofReceived};
use super::effect::{Effect, Effects, To};
use super::error::{Halt, Malformed, Rejection};
use super::evidence::{Evidence, SignedHeader, culprits};
use super::header::MAX_MESSAGE_BYTES;
use super::journal::Record;
use super::packet::{Payload, Proof};
use super::rules::{OldFacts, Rules};
use super::slots::{Certified, Slots};
use super::source::Source;
use super::{Certificate, SecureBroadcast};
use crate::actor::{Actor, Counter, Keys, Sig};
use crate::codec::{Bytes, Digest};
use crate::membership::{Generation, MemberIndex, Seat};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    pub(super) fn decide_proof(
        &self,
        from: Actor,
        proof: &Proof,
    ) -> Result<Decision<A>, Rejection> {
        let Proof { certificate, ops } = proof;
        if certificate.generation > self.generation()
            && let Some(gated) = self.gate(from, certificate.generation)?
        {
            return Ok(gated);
        }
        let header = &certificate.header;
        header.check(self.chain.members().seats())?;
        let (seat, first) = (header.source, header.first);
        if let Some(ops) = ops {
            if ops.len() > MAX_MESSAGE_BYTES {
                let (have, limit) = (ops.len(), MAX_MESSAGE_BYTES);
                return Err(Malformed::TooLarge { have, limit }.into());
            }
            if !R::may_attach(Digest::of(ops) == header.ops) {
                return Err(Rejection::OpsMismatch);
            }
        }
        if !R::takes_relayed_proofs() && self.chain.members().in_seat(seat) != Some(&from) {
            return Err(Rejection::Relayed);
        }
        if first <= self.ledger.low_water(seat) {
            return Err(Rejection::Late);
        }
        let digest = header.digest(self.signer.network());
        if let Some((known, known_digest)) = self.certified_in(seat, first) {
            if known_digest != digest {
                return self.decide_conflict(known, certificate, digest);
            }
            return match ops {
                Some(ops) => self.decide_ops(seat, first, ops),
                None => Err(Rejection::Duplicate),
            };
        }
        let taken = first <= self.ledger.delivered(seat);
        if taken && self.check_member(from).is_err() {
            return Err(Rejection::SlotTaken);
        }
        let Some(members) = self.chain.members_of(certificate.generation) else {
            return Err(Rejection::Outdated(certificate.generation));
        };
        if certificate.generation < self.generation() && !self.may_take_old(certificate, &digest) {
            // A leaver may be the only one who has them.
            let known = self.chain.members().seat_of(&from).is_some();
            let pulls = self.lacking_headers();
            if known && !pulls.is_empty() {
                return Ok(Decision::answer(from, pulls));
            }
            return Err(Rejection::Outdated(certificate.generation));
        }
        // I7: also where the header is proven by a later one: what the log has, others are shown as a certificate.
        let verified = self.verified(certificate.generation, seat, digest);
        certificate.verify::<K, R>(self.signer.network(), members, &digest, &verified)?;
        if taken {
            // G12: it lies across messages of ours, so there is another two that conflict before it.
            let mut charge = self.charge_nothing(&from);
            return match self.compare_tips([seat], &mut charge) {
                Compared::Tell(payload) => Ok(Decision::charged(from, (charge, vec![payload]))),
                _ => Err(Rejection::SlotTaken),
            };
        }
        let against_open = self.certificate_against_open(certificate, digest);
        let against_seals = self.certificate_against_seals(certificate);
        let convictions = against_open.into_iter().chain(against_seals).collect();
        Ok(Decision::Proof(Box::new(ProofReceived {
            from,
            signed_elsewhere: self.signed_elsewhere(seat, certificate, digest),
            convictions,
            is_highest: self
                .slot(seat)?
                .highest()
                .is_none_or(|highest| first > highest),
            certified: pair_with_ops(
                (&self.chain, &self.slots, &self.source),
                certificate.clone(),
                digest,
                ops.clone(),
            ),
            brought: ops.clone(),
        })))
    }

    /// Carries out what a certificate allows.
    pub(super) fn apply_proof(&mut self, received: ProofReceived<A::Op>, effects: &mut Effects<A>) {
        let ProofReceived {
            from,
            signed_elsewhere,
            convictions,
            certified,
            is_highest,
            brought: ops,
        } = received;
        if signed_elsewhere {
            self.halt(Halt::KeyUsedElsewhere, effects);
        }
        self.convict_all(convictions, effects);
        let certificate = certified.certificate.clone();
        let (seat, first) = (certificate.header.source, certificate.header.first);
        self.slots.buffer(certified);
        self.advance(effects);
        let slot = self.slots.get(seat);
        if !slot.is_some_and(|slot| slot.ahead.contains_key(&first)) {
            return;
        }
        if is_highest {
            self.persist(Record::Certified { certificate, ops }, effects);
        }
        // A non-member may bring a proof, but is asked for nothing.
        if self.check_member(from).is_ok() {
            effects.send(To::One(from), Payload::Pull(self.pull()));
        }
    }

    /// The certificate known for this very slot, delivered or not.
    fn certified_in(&self, seat: Seat, first: Counter) -> Option<(&Certificate, Digest)> {
        if let Some(certified) = self.slots.get(seat)?.ahead.get(&first) {
            return Some((&certified.certificate, certified.digest));
        }
        let logged = self.ledger.logged(seat, first)?;
        (logged.certificate.header.first == first).then_some((&logged.certificate, logged.digest))
    }

    /// R2: whether a certificate of an older generation may be taken.
    fn may_take_old(&self, certificate: &Certificate, digest: &Digest) -> bool {
        let Ok(track) = self.slot(certificate.header.source) else {
            return false;
        };
        let open = track.open.iter().find(|open| open.digest == *digest);
        let mine = Some(certificate.header.source) == self.chain.seat();
        let flight = self.source.flight.as_ref().filter(|_| mine);
        let flight = flight.is_some_and(|flight| flight.digest == *digest);
        let activated = certificate.generation.next() >= Some(self.chain.since());
        R::may_take_old(&OldFacts {
            below_best: track.ancestry.proves(certificate.header.first, digest),
            open: open.is_some() || flight,
            followed: activated || flight,
            vouched: open.is_some_and(|open| open.vouched),
        })
    }

    /// Signatures of this header's echo in this generation that were checked before, or made by us.
    fn verified(
        &self,
        generation: Generation,
        seat: Seat,
        digest: Digest,
    ) -> Vec<(MemberIndex, Sig)> {
        let mut verified = Vec::new();
        if generation != self.generation() {
            return verified;
        }
        let source = self.chain.members().index_in(seat);
        let Ok(track) = self.slot(seat) else {
            return verified;
        };
        for open in track.open.iter().filter(|open| open.digest == digest) {
            let echo = open.echoed.as_ref().map(|echoed| echoed.echo);
            let known = [(source, Some(open.source_echo)), (self.index(), echo)];
            for (index, (of, sig)) in known.into_iter().filter_map(|(i, echo)| Some((i, echo?))) {
                if let (Some(index), true) = (index, of == generation) {
                    verified.push((index, sig));
                }
            }
        }
        if let (Some(source), Some(parked)) = (source, &track.parked)
            && parked.digest == digest
        {
            verified.push((source, parked.request.echo));
        }
        if let Some(flight) = self
            .source
            .flight
            .as_ref()
            .filter(|flight| flight.digest == digest && flight.generation == generation)
        {
            let known = flight.echoes.iter();
            verified
                .extend(known.filter_map(|(actor, sig)| {
                    Some((self.chain.members().index_of(actor)?, *sig))
                }));
        }
        verified
    }

    /// I13: whether a valid certificate shows a signature of ours that we know nothing of: somebody uses
    /// our key, or our journal is not ours.
    fn signed_elsewhere(&self, seat: Seat, certificate: &Certificate, digest: Digest) -> bool {
        let members = self.chain.members_of(certificate.generation);
        let ours = members
            .and_then(|members| members.index_of(&self.actor()))
            .is_some_and(|index| certificate.signers.contains(index));
        let Ok(track) = self.slot(seat) else {
            return false;
        };
        let first = certificate.header.first;
        // Below `best` we have forgotten what we echoed: it is resolved.
        let below_best = track
            .ahead
            .last_key_value()
            .is_some_and(|(best, _)| first < *best);
        let known = track.is_bound_to(&digest)
            || self
                .source
                .flight
                .as_ref()
                .is_some_and(|flight| flight.digest == digest);
        let own_slot = Some(seat) == self.chain.seat();
        (ours || own_slot) && !known && !below_best
    }

    /// A certificate for a slot in which we have echoed another header, or hold one that came too
    /// early: its source has signed both.
    fn certificate_against_open(
        &self,
        certificate: &Certificate,
        digest: Digest,
    ) -> Option<Proven> {
        let header = &certificate.header;
        let members = self.chain.members_of(certificate.generation)?;
        let sig = *certificate.echo_of(members.index_in(header.source)?)?;
        let slot = self.slots.get(header.source)?;
        let known = slot.contradiction(header.first, &digest)?;
        let other = SignedHeader {
            generation: certificate.generation,
            header: header.clone(),
            sig,
        };
        let culprit = *self.chain.members().in_seat(header.source)?;
        let evidence = Evidence::headers(self.signer.network(), culprit, known, other);
        self.prove(&evidence)
    }

    /// G12: two certificates for one slot. More than `f` are faulty; name them.
    fn decide_conflict(
        &self,
        known: &Certificate,
        other: &Certificate,
        digest: Digest,
    ) -> Result<Decision<A>, Rejection> {
        let members = self.chain.members_of(other.generation);
        let members = members.ok_or(Rejection::SlotTaken)?;
        other.verify::<K, R>(self.signer.network(), members, &digest, &[])?;
        let both = culprits(&self.chain.generations, known, other).into_iter();
        let mut convictions: Vec<Proven> =
            both.filter_map(|evidence| self.prove(&evidence)).collect();
        // Of two generations: whoever has signed the older one, and sealed as if it had not.
        convictions.extend(self.certificate_against_seals(known));
        convictions.extend(self.certificate_against_seals(other));
        match convictions.is_empty() {
            true => Err(Rejection::SlotTaken),
            false => Ok(Decision::Convict(convictions)),
        }
    }

    /// Operations for a certificate that came without; both digests are checked.
    pub(super) fn decide_ops(
        &self,
        seat: Seat,
        first: Counter,
        ops: &Bytes,
    ) -> Result<Decision<A>, Rejection> {
        let certified = self.slots.get(seat).and_then(|slot| slot.ahead.get(&first));
        match certified.is_some_and(|certified| certified.ops.is_none()) {
            true => Ok(Decision::Operations {
                seat,
                first,
                ops: ops.clone(),
            }),
            false => Err(Rejection::Duplicate),
        }
    }

    /// Does everything that has become possible: deliver, certify our message, issue the next one,
    /// consider what was parked.
    pub(super) fn advance(&mut self, effects: &mut Effects<A>) {
        self.carry_over(effects);
        loop {
            self.deliver_ready(effects);
            if !self.certify(effects) && !self.issue(effects) {
                break;
            }
        }
        for seat in self.seats() {
            let slot = self.slots.get_mut(seat);
            let Some(parked) = slot.and_then(|slot| slot.parked.take()) else {
                continue;
            };
            if parked.request.header.first > self.ledger.delivered(seat) {
                // Whatever is wrong with it by now, its source will ask again.
                if let Ok(verdict) = self.evaluate(parked) {
                    self.carry_out(verdict, None, effects);
                }
            }
        }
    }

    /// Every seat there is.
    pub(super) fn seats(&self) -> impl Iterator<Item = Seat> + use<A, K, R> {
        self.chain.seats()
    }

    fn deliver_ready(&mut self, effects: &mut Effects<A>) {
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for seat in self.seats() {
                while self.deliver_next(seat, effects) {
                    moved = true;
                }
            }
        }
    }

    /// R2: delivers the next message of this source if its predecessor, its causes and its
    /// operations are here.
    pub(super) fn deliver_next(&mut self, seat: Seat, effects: &mut Effects<A>) -> bool {
        let Some((first, certified)) = self
            .slots
            .get(seat)
            .and_then(|slot| slot.ahead.first_key_value())
        else {
            return false;
        };
        let header = &certified.certificate.header;
        if !self.ledger.may_deliver::<R>(header) || certified.ops.is_none() {
            return false;
        }
        let first = *first;
        let slot = self.slots.get_mut(seat);
        let certified = slot.and_then(|slot| slot.ahead.remove(&first));
        certified.is_some_and(|certified| self.deliver(certified, effects))
    }

    fn deliver(&mut self, certified: Certified<A::Op>, effects: &mut Effects<A>) -> bool {
        let seat = certified.certificate.header.source;
        let Some(source) = self.chain.members().in_seat(seat).copied() else {
            return false;
        };
        let journaled = certified.journaled;
        let Some(ready) = certified.ready() else {
            return false;
        };
        let record = Record::Delivered {
            certificate: ready.certificate.clone(),
            source_echo: ready.source_echo,
            ops: (!journaled).then(|| ready.ops.clone()),
        };
        let Some(delivery) = self.ledger.deliver(source, ready) else {
            return false;
        };
        // I3: on disk before anything that depends on it.
        self.persist(record, effects);
        effects.push(Effect::Deliver(delivery));
        let last = self.ledger.delivered(seat);
        self.unsigned().drop_delivered(seat, last);
        true
    }
}

/// Pairs a certificate that was verified with the operations that are here already, or were `brought` with it.
pub(super) fn pair_with_ops<K: Keys, Op: Clone>(
    (chain, slots, source): (&ChainState<K>, &Slots<Op>, &Source<Op>),
    certificate: Certificate,
    digest: Digest,
    brought: Option<Bytes>,
) -> Certified<Op> {
    let seat = certificate.header.source;
    let members = chain.members_of(certificate.generation);
    let of_source = members.and_then(|members| members.index_in(seat));
    let in_certificate = of_source.and_then(|index| certificate.echo_of(index).copied());
    let mut certified = Certified {
        source_echo: in_certificate.map(|sig| (certificate.generation, sig)),
        certificate,
        digest,
        ops: None,
        journaled: false,
    };
    let Some(slot) = slots.get(seat) else {
        return certified;
    };
    let parked = slot
        .parked
        .as_ref()
        .map(|parked| (&parked.request, parked.digest))
        .filter(|(_, parked)| *parked == digest);
    if let Some((request, _)) = parked {
        certified.source_echo = Some((request.generation, request.echo));
    }
    if let Some(open) = slot.open.iter().find(|open| open.digest == digest) {
        if let Some(echoed) = &open.echoed {
            certified.ops = Some((echoed.ops.clone(), Some(echoed.decoded.clone())));
            certified.journaled = echoed.journaled;
        }
        certified.source_echo = Some(open.source_echo);
    }
    if certified.ops.is_some() {
        // We have echoed it.
    } else if let Some(flight) = source
        .flight
        .as_ref()
        .filter(|flight| flight.digest == digest)
    {
        certified.ops = Some((flight.ops.clone(), Some(flight.decoded.clone())));
        certified.journaled = flight.journaled;
    } else if let Some(ops) = brought {
        certified.ops = Some((ops, None));
    } else if let Some((request, _)) = parked {
        certified.ops = Some((request.ops.clone(), None));
    }
    certified
}
