//! R7: the chain of decisions. It proves itself, so it is served to anyone and taken from anyone.

use crate::actor::{Actor, Counter, Keys, NetworkId, Sig};
use crate::codec::{self, MAX_PACKET_BYTES};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::decided::Decision;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::quota::{Charge, Once};
use crate::deterministic_secure_broadcast::rules::{Rules, SealFacts};
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::{
    Chain, Link, MAX_LINKS, PullChain, Seal, SealedSource, SignedHeader,
};
use crate::membership::{Change, Generation, Seat};
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// A statement of another generation than ours: who is behind gets the chain, of who is ahead we ask for it.
    /// Nothing of the statement itself is kept.
    pub(crate) fn gate(
        &self,
        from: Actor,
        got: Generation,
    ) -> Result<Option<Decision<A>>, Rejection> {
        let have = self.generation();
        match got.cmp(&have) {
            std::cmp::Ordering::Equal => Ok(None),
            std::cmp::Ordering::Less => {
                let behind = Rejection::WrongGeneration { have, got };
                let once = Once::SendChain;
                if !self.quota.may(&from, self.is_known(&from), once) {
                    return Err(behind);
                }
                let (active, decided) = (got, got);
                match self.chain_for(from, PullChain { active, decided }) {
                    Ok((charge, payloads)) if !payloads.is_empty() => Ok(Some(Decision::Answer {
                        to: from,
                        payloads,
                        charge: Some(charge),
                        once: Some(once),
                    })),
                    _ => Err(behind),
                }
            }
            std::cmp::Ordering::Greater => {
                let once = Once::AskForChain;
                if !self.quota.may(&from, self.is_known(&from), once) {
                    return Err(Rejection::FutureGeneration { have, got });
                }
                Ok(Some(Decision::Answer {
                    to: from,
                    payloads: vec![self.pull_chain()],
                    charge: None,
                    once: Some(once),
                }))
            }
        }
    }

    fn pull_chain(&self) -> Payload {
        Payload::PullChain(PullChain {
            active: self.generation(),
            decided: self.chain.last(),
        })
    }

    /// Whoever has a seat has its own turn; strangers, of whom there may be any number, share some.
    pub(super) fn is_known(&self, actor: &Actor) -> bool {
        self.chain.members().seat_of(actor).is_some()
    }

    /// One request per peer and tick.
    pub(super) fn ask_chain(&mut self, from: Actor, effects: &mut Effects<A>) -> bool {
        if !self
            .quota
            .may(&from, self.is_known(&from), Once::AskForChain)
        {
            return false;
        }
        self.quota.note(from, Once::AskForChain);
        effects.send(To::One(from), self.pull_chain());
        true
    }

    pub(crate) fn decide_pull_chain(
        &self,
        from: Actor,
        pull: PullChain,
    ) -> Result<(Charge, Vec<Payload>), Rejection> {
        let (charge, payloads) = self.chain_for(from, pull)?;
        match payloads.is_empty() {
            true => Err(Rejection::Duplicate),
            false => Ok((charge, payloads)),
        }
    }

    /// Links the asker lacks, and the seals with which the last of them can be activated.
    fn chain_for(&self, from: Actor, pull: PullChain) -> Result<(Charge, Vec<Payload>), Rejection> {
        let mut charge = self.charge_nothing(&from);
        let mut payloads = Vec::new();
        let have = usize::try_from(pull.decided.get()).unwrap_or(usize::MAX);
        let links = self
            .chain
            .generations
            .links()
            .iter()
            .skip(have)
            .take(MAX_LINKS);
        let links: Vec<Link> = links.cloned().collect();
        if !links.is_empty() {
            let weight = |link: &Link| {
                let keys = link.keys.keys.len().saturating_mul(33);
                let votes = link.signatures.len().saturating_mul(66);
                votes.saturating_add(keys).saturating_add(192)
            };
            let bytes = links.iter().map(weight).fold(0, usize::saturating_add);
            if !charge.add(bytes) {
                return Err(Rejection::OverBudget);
            }
            payloads.push(Payload::Chain(Chain { links }));
        }
        // Somebody who has activated what we have sealed needs our seals of it, others those we have used.
        let ours = self.generation();
        let mut seals: Vec<Seal> = Vec::new();
        if pull.active < ours {
            let before = ours.get().saturating_sub(1);
            seals.extend(
                self.reconfiguration
                    .seals_of(Generation::new(before))
                    .cloned(),
            );
        } else if pull.active == ours && self.is_decided() {
            seals.extend(self.reconfiguration.seals_of(ours).cloned());
        }
        // They may be more than one peer gets between two ticks: on every tick it gets others first.
        let ticks = usize::try_from(self.gossip.ticks).unwrap_or(0);
        let start = ticks.checked_rem(seals.len()).unwrap_or(0);
        seals.rotate_left(start);
        for seal in seals {
            if !charge.add(seal.weight()) {
                break;
            }
            payloads.push(Payload::Seal(Box::new(seal)));
        }
        Ok((charge, payloads))
    }

    /// What we know when we may seal a generation.
    fn seal_facts(&self, generation: Generation) -> SealFacts {
        SealFacts {
            activated: generation <= self.generation(),
            decided: generation < self.chain.last(),
        }
    }

    /// R5: seals our generation, once, if the next one is decided. Of those decided after it the rule has to allow it.
    pub(super) fn seal(&mut self, effects: &mut Effects<A>) {
        let mut next = Some(self.generation());
        while let Some(generation) = next.filter(|next| *next <= self.chain.last()) {
            if self.signer.halted().is_none() && R::may_seal(&self.seal_facts(generation)) {
                self.seal_one(generation, effects);
            }
            next = generation.next();
        }
    }

    fn seal_one(&mut self, generation: Generation, effects: &mut Effects<A>) {
        let members = self.chain.members_of(generation);
        let Some(index) = members.and_then(|members| members.index_of(&self.actor())) else {
            return;
        };
        if self
            .reconfiguration
            .seals
            .contains_key(&(generation, index))
        {
            return;
        }
        if self.has_foreign_key() {
            // I13: another replica has our key.
            return self.halt(Halt::KeyUsedElsewhere, effects);
        }
        let Some(link) = self.chain.generations.tip_of(generation).copied() else {
            return;
        };
        let sources = self.sealed_sources();
        let seal = Seal {
            generation,
            signer: index,
            sources,
            sig: Sig::from_bytes([0; 64]),
        };
        if seal.weight() > MAX_PACKET_BYTES && codec::encode(&seal).len() >= MAX_PACKET_BYTES {
            // Nobody would read it, nor we our own journal. Whoever has not sealed goes on in this generation.
            return;
        }
        let statement = seal.statement(link);
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let seal = Seal { sig, ..seal };
            let record = R::persists_seal().then(|| Record::Seal(Box::new(seal.clone())));
            (record, seal)
        });
        let mut sealed = None;
        self.signer.commit([unsigned], effects, |seal| {
            self.reconfiguration
                .seals
                .insert((generation, index), seal.clone());
            sealed = Some(seal);
            None
        });
        // The last word in our generation: it leaves when the key that has signed it is erased.
        self.erase_key(effects);
        if let Some(seal) = sealed {
            self.send_seal(&seal, effects);
        }
    }

    /// To the members of this generation and the next.
    pub(super) fn send_seal(&self, seal: &Seal, effects: &mut Effects<A>) {
        effects.send(To::Members, Payload::Seal(Box::new(seal.clone())));
        let change = self.next_link().map(|link| link.decision.change);
        if let Some(Change::Join(actor)) = change {
            effects.send(To::One(actor), Payload::Seal(Box::new(seal.clone())));
        }
    }

    /// Whether we have sealed our generation, and may echo in it no more.
    pub(crate) fn is_sealed(&self) -> bool {
        let generation = self.generation();
        self.index().is_some_and(|index| {
            self.reconfiguration
                .seals
                .contains_key(&(generation, index))
        })
    }

    fn sealed_sources(&self) -> Vec<SealedSource> {
        let mut sources = Vec::new();
        for seat in self.seats() {
            let best = self.best(seat).map(|(certificate, _)| certificate.clone());
            let mut open = self.bound(seat);
            open.sort_by_key(|(digest, _)| *digest);
            let open: Vec<SignedHeader> = open.into_iter().map(|(_, signed)| signed).collect();
            if best.is_some() || !open.is_empty() {
                let source = seat;
                sources.push(SealedSource { source, best, open });
            }
        }
        sources
    }

    /// Every header right after `best` that we are bound to, our own message included.
    pub(super) fn bound(&self, seat: Seat) -> Vec<(codec::Digest, SignedHeader)> {
        let mut open = Vec::new();
        if let Some(track) = self.slots.get(seat) {
            let generation = self.generation();
            let carried = track.open.iter().filter(|open| {
                let echo = open.echoed.as_ref().map(|echoed| echoed.echo);
                R::carries_open(echo.is_some_and(|(of, _)| of == generation))
            });
            open.extend(carried.map(|open| (open.digest, open.signed())));
        }
        if Some(seat) == self.chain.seat()
            && let Some(flight) = &self.source.flight
        {
            let known = open.iter().any(|(digest, _)| *digest == flight.digest);
            if !known {
                let generation = flight.generation;
                let (header, sig) = (flight.header.clone(), flight.echo);
                let signed = SignedHeader {
                    generation,
                    header,
                    sig,
                };
                open.push((flight.digest, signed));
            }
        }
        // What does not follow `best` binds nobody.
        let best = self
            .best(seat)
            .map(|(certificate, digest)| (&certificate.header, digest));
        open.retain(|(_, signed)| follows(self.signer.network(), best, &signed.header));
        open
    }
}

/// Whether a header stands right after `best`.
fn follows(network: &NetworkId, best: Option<(&Header, codec::Digest)>, header: &Header) -> bool {
    match best {
        Some((best, digest)) => {
            let next = best.last().and_then(Counter::next);
            next == Some(header.first) && header.previous == digest
        }
        None => header.first == Counter::FIRST && header.previous == *network.digest(),
    }
}
