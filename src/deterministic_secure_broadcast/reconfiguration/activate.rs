//! R6: activating the generation that was decided, bound to everything that any quorum of seals shows.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Reconfiguration, Round};
use crate::actor::Keys;
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::delivery::pair_with_ops;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, ReturnReason};
use crate::deterministic_secure_broadcast::evidence::{Evidence, Invention, is_of_its_source};
use crate::deterministic_secure_broadcast::header::EchoStatement;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::{ActivateFacts, Linked, OldFacts, Rules, View};
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::slots::Open;
use crate::deterministic_secure_broadcast::wire::{Named, Seal, SignedHeader};
use crate::membership::{Change, Generation, MemberIndex, Seat, Signers, quorum};
use crate::traits::SecureBroadcastAlgorithm;

/// Whose seal shows what was never signed, of which source, and what.
type Invented = (MemberIndex, Seat, Invention);

/// What a reconfiguration makes of one source.
struct Merged {
    seat: Seat,
    /// A certificate higher than ours.
    best: Option<Certificate>,
    /// The headers in the slot right after the highest certificate, with how many seals show each.
    open: Vec<(Digest, SignedHeader, usize)>,
}

/// What comes of a generation that was activated.
struct TakenOver {
    /// The change that made it.
    change: Option<Change>,
    /// What was inherited and must not be.
    inherited: Vec<Inherited>,
    /// Whether we were a member, and are none any more.
    has_left: bool,
}

/// What a slot inherits from seals, and correct nodes never show.
enum Inherited {
    /// A message of our own that we know nothing of.
    Foreign,
    /// Two messages.
    Contradiction(Box<Evidence>),
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Activates the highest generation for which we have the decision and enough seals.
    /// Returns whether it did.
    pub(super) fn try_activate(&mut self, effects: &mut Effects<A>) -> bool {
        let ours = self.generation();
        let mut target = self.chain.last();
        while target > ours {
            let before = Generation::new(target.get().saturating_sub(1));
            if self.is_ready(before) {
                let members = self
                    .chain
                    .members_of(before)
                    .map_or(0, |members| members.len());
                let mut signers = Signers::none(members);
                for seal in self.reconfiguration.seals_of(before) {
                    signers.insert(seal.signer);
                }
                let sealed = self.is_sealed();
                let base = ours.next().filter(|_| sealed).unwrap_or(ours);
                self.activate(target, &signers, effects);
                self.follow_key(base, effects);
                return true;
            }
            target = before;
        }
        false
    }

    /// Whether the generation after `before` may be activated.
    fn is_ready(&self, before: Generation) -> bool {
        let members = self
            .chain
            .members_of(before)
            .map_or(0, |members| members.len());
        R::may_activate(&ActivateFacts {
            decided: self.chain.last() > before,
            // Whoever has stopped signing echoes no more, and cannot seal.
            settled: self.is_sealed() || self.index().is_none() || self.halted().is_some(),
            seals: self.reconfiguration.seals_of(before).count(),
            members,
        })
    }

    /// Activates `target` with the seals of these members of the generation before.
    pub(super) fn activate(
        &mut self,
        target: Generation,
        signers: &Signers,
        effects: &mut Effects<A>,
    ) {
        let before = Generation::new(target.get().saturating_sub(1));
        let own = self.index().filter(|_| before == self.generation());
        let (seals, merged, invented) = self.merge_all(before, signers);
        for seal in &seals {
            if Some(seal.signer) != own {
                self.persist(Record::Seal(Box::new(seal.clone())), effects);
            }
        }
        let record = Record::Activated {
            generation: target,
            seals: signers.clone(),
        };
        self.persist(record, effects);
        for (signer, seat, what) in invented {
            self.accuse_of_invention(before, signer, seat, what, effects);
        }
        for best in merged.iter().filter_map(|merged| merged.best.as_ref()) {
            self.compare_certificate_with_seals(best, effects);
        }
        self.take_over(target, before, merged, effects);
    }

    /// The journal says that `target` was activated with the seals of these members; `None` if it does not follow.
    pub(crate) fn load_activated(&mut self, target: Generation, signers: &Signers) -> Option<()> {
        if target <= self.generation() {
            return None;
        }
        let before = Generation::new(target.get().saturating_sub(1));
        let (.., merged, _) = self.merge_all(before, signers);
        // What follows from it is in the journal, too.
        self.put_generation(target, before, merged).map(|_| ())
    }

    /// The seals of these members, what they show together with what we know, and what of it was never signed.
    fn merge_all(
        &self,
        before: Generation,
        signers: &Signers,
    ) -> (Vec<Seal>, Vec<Merged>, Vec<Invented>) {
        let of = |seal: &&Seal| signers.contains(seal.signer);
        let seals: Vec<Seal> = self
            .reconfiguration
            .seals_of(before)
            .filter(of)
            .cloned()
            .collect();
        let sources: BTreeSet<Seat> = seals
            .iter()
            .flat_map(|seal| seal.sources.iter().map(|sealed| sealed.source))
            .collect();
        let (mut merged, mut invented) = (Vec::new(), Vec::new());
        for seat in sources {
            merged.push(self.merge(before, seat, &seals, &mut invented));
        }
        (seals, merged, invented)
    }

    /// What the seals show of one source, together with what we know. The expensive checks are made here, of nothing but what
    /// is higher than what we have. What is wrong in a seal is left out, and the seal counts all the same: others have
    /// activated with it who had no need to look, and there may be no other.
    fn merge(
        &self,
        before: Generation,
        seat: Seat,
        seals: &[Seal],
        invented: &mut Vec<Invented>,
    ) -> Merged {
        let network = *self.signer.network();
        let own = self.best(seat);
        let bound = self.bound(seat);
        let named = own.map(|(certificate, digest)| Named::with(digest, &certificate.header));
        let height = named.map_or(0, |named| named.first());
        let mut counts = BTreeMap::<Digest, usize>::new();
        for sealed in seals.iter().filter_map(|seal| seal.of(seat)) {
            let best = sealed.best.iter().map(|best| &best.header);
            let open = sealed.open.iter().map(|open| &open.header);
            for header in best.chain(open) {
                let count = counts.entry(header.digest(&network)).or_default();
                *count = count.saturating_add(1);
            }
        }
        let shown = |digest: Digest| counts.get(&digest).copied().unwrap_or(0);
        let members = self
            .chain
            .members_of(before)
            .map_or(0, |members| members.len());
        let mut higher: Vec<(Named, &Certificate, MemberIndex)> = Vec::new();
        for seal in seals {
            if let Some(best) = seal.of(seat).and_then(|sealed| sealed.best.as_ref()) {
                let named = Named::of(&network, &best.header);
                if named.first() > height {
                    higher.push((named, best, seal.signer));
                }
            }
        }
        higher.sort_by_key(|(named, ..)| std::cmp::Reverse(named.first()));
        let mut best = None;
        for (named, certificate, signer) in higher {
            if !self.is_genuine(
                before,
                certificate,
                named.digest,
                shown(named.digest),
                &bound,
            ) {
                continue;
            }
            if self.is_signed(certificate, named.digest) {
                best = Some((named, certificate.clone()));
                break;
            }
            invented.push((signer, seat, Invention::Certificate));
        }
        let mut views = Vec::new();
        let mut headers: Vec<(Digest, &SignedHeader, (MemberIndex, u16))> = Vec::new();
        for seal in seals {
            let Some(sealed) = seal.of(seat) else {
                continue;
            };
            // Whoever has echoed a header in this generation shows it alone, and what may be certified in older ones
            // every correct member shows, unless it has a certificate past it. All else is made up, and without end.
            let alone = sealed.open.len() == 1;
            let mut open = Vec::new();
            for (place, signed) in (0_u16..).zip(&sealed.open) {
                let named = Named::of(&network, &signed.header);
                if alone || shown(named.digest) > quorum::faults(members) {
                    headers.push((named.digest, signed, (seal.signer, place)));
                    open.push(named);
                }
            }
            let best = best.as_ref().map(|(named, _)| *named).filter(|named| {
                sealed
                    .best
                    .as_ref()
                    .is_some_and(|of| of.header.first.get() == named.first())
            });
            views.push(View { best, open });
        }
        let bound_named = bound
            .iter()
            .map(|(digest, signed)| Named::with(*digest, &signed.header));
        let own = View {
            best: named,
            open: bound_named.collect(),
        };
        let view = R::merge_seals(network.digest(), own, views);
        let mut open = Vec::new();
        for named in view.open {
            let digest = named.digest;
            let known = bound.iter().find(|(known, _)| *known == digest);
            let shows = headers.iter().filter(|(shown, ..)| *shown == digest);
            let mut signed = known.map(|(_, signed)| signed);
            for (_, sealed, (signer, place)) in shows {
                if signed.is_some() {
                    break;
                }
                if is_of_its_source(sealed, &self.chain.generations) {
                    signed = Some(sealed);
                } else {
                    invented.push((*signer, seat, Invention::Open(*place)));
                }
            }
            if let Some(signed) = signed {
                open.push((digest, signed.clone(), shown(digest)));
            }
        }
        let best = best
            .filter(|(named, _)| view.best.is_some_and(|best| best.digest == named.digest))
            .map(|(_, certificate)| certificate);
        Merged { seat, best, open }
    }

    /// R2: whether a certificate higher than all we know can be one.
    fn is_genuine(
        &self,
        before: Generation,
        certificate: &Certificate,
        digest: Digest,
        shown: usize,
        bound: &[(Digest, SignedHeader)],
    ) -> bool {
        if certificate.generation == before {
            return true;
        }
        let open = bound.iter().any(|(known, _)| *known == digest);
        let activated = certificate.generation.next() >= Some(self.chain.since());
        // Who was there needs nobody's word; who was not takes that of more than may lie.
        let skipped = before != self.generation();
        let members = self
            .chain
            .members_of(before)
            .map_or(0, |members| members.len());
        let of_open = self
            .slot(certificate.header.source)
            .ok()
            .is_some_and(|track| {
                let mut open = track.open.iter();
                open.any(|open| open.digest == digest && open.vouched)
            });
        let vouched = of_open || shown > quorum::faults(members);
        R::may_take_old(&OldFacts {
            below_best: false,
            open,
            followed: activated && !skipped,
            vouched,
        })
    }

    /// Whether a quorum of its generation has signed a certificate.
    fn is_signed(&self, certificate: &Certificate, digest: Digest) -> bool {
        let members = self.chain.members_of(certificate.generation);
        members.is_some_and(|members| {
            certificate
                .verify::<K, R>(self.signer.network(), members, &digest, &[])
                .is_ok()
        })
    }

    /// A seal shows what was never signed. A correct member checks everything before it is bound to it.
    fn accuse_of_invention(
        &mut self,
        generation: Generation,
        signer: MemberIndex,
        seat: Seat,
        what: Invention,
        effects: &mut Effects<A>,
    ) {
        let members = self.chain.members_of(generation);
        let culprit = members.and_then(|members| members.actor(signer).copied());
        let seal = self.reconfiguration.seals.get(&(generation, signer));
        if let Some((culprit, seal)) = culprit.zip(seal) {
            let evidence = Evidence::invented(culprit, seal, seat, what);
            self.accuse(evidence, effects);
        }
    }

    fn take_over(
        &mut self,
        target: Generation,
        before: Generation,
        merged: Vec<Merged>,
        effects: &mut Effects<A>,
    ) {
        let Some(TakenOver {
            change,
            inherited,
            has_left,
        }) = self.put_generation(target, before, merged)
        else {
            return;
        };
        for inherited in inherited {
            match inherited {
                // I13: our own message is kept elsewhere, and there can be no other.
                Inherited::Foreign => self.halt(Halt::KeyUsedElsewhere, effects),
                Inherited::Contradiction(evidence) => self.accuse(*evidence, effects),
            }
        }
        if let Some(change) = change {
            effects.push(Effect::Generation {
                generation: target,
                change,
                members: self.chain.members().actors().into(),
            });
        }
        if has_left {
            self.give_back(&ReturnReason::NotMember, effects);
        }
    }

    /// Goes on to this generation, bound to all that the seals of the one before it show. `None` if the chain does not
    /// reach it.
    fn put_generation(
        &mut self,
        target: Generation,
        before: Generation,
        merged: Vec<Merged>,
    ) -> Option<TakenOver> {
        let (skipped, was_member) = (before != self.generation(), self.is_member());
        self.chain.activate(target, skipped)?;
        let faults = self
            .chain
            .members_of(before)
            .map_or(0, |members| quorum::faults(members.len()));
        let link = self.chain.generations.link_to(target);
        let change = link.map(|link| link.decision.change);
        self.grow(self.chain.members().seats());
        let mut inherited = Vec::new();
        for Merged { seat, best, open } in merged {
            if let Some(certificate) = best {
                let digest = certificate.header.digest(self.signer.network());
                let parts = (&self.chain, &self.slots, &self.source);
                let certified = pair_with_ops(parts, certificate, digest, None);
                self.slots.buffer(certified);
            }
            let open = open.into_iter().map(|(digest, signed, shown)| {
                let vouched = !skipped || shown > faults;
                (digest, signed, vouched)
            });
            inherited.extend(self.inherit(seat, open.collect()));
        }
        self.slots.drop_parked();
        self.reconfiguration.begin(target);
        self.checkpoints.begin_generation();
        self.quota.begin_generation();
        self.inherit_floor();
        let has_left = was_member && !self.is_member();
        if self.is_member() {
            self.reconfiguration.requested.joining = false;
        } else if has_left {
            self.reconfiguration.leaving = Some(BTreeSet::new());
        }
        Some(TakenOver {
            change,
            inherited,
            has_left,
        })
    }

    /// Takes over the headers a source's slot is bound to. Two of them convict it, and freeze the slot.
    fn inherit(
        &mut self,
        seat: Seat,
        open: Vec<(Digest, SignedHeader, bool)>,
    ) -> Option<Inherited> {
        let mine = Some(seat) == self.chain.seat();
        let stranger = open.iter().any(|(digest, ..)| {
            let flight = self.source.flight.as_ref();
            flight.is_none_or(|flight| flight.digest != *digest)
        });
        let slot = self.slots.get_mut(seat)?;
        if mine {
            return (stranger && !open.is_empty()).then_some(Inherited::Foreign);
        }
        let mut known = std::mem::take(&mut slot.open);
        for (digest, signed, vouched) in &open {
            let held = known.iter().position(|open| open.digest == *digest);
            slot.open.push(match held {
                Some(place) => {
                    let mut held = known.swap_remove(place);
                    held.vouched |= vouched;
                    held
                }
                None => Open::inherited(*digest, signed.clone(), *vouched),
            });
        }
        let [(_, one, _), (_, other, _), ..] = open.as_slice() else {
            return None;
        };
        let culprit = self.chain.members().in_seat(seat).copied()?;
        let (network, one, other) = (self.signer.network(), one.clone(), other.clone());
        let evidence = Evidence::headers(network, culprit, one, other);
        Some(Inherited::Contradiction(Box::new(evidence)))
    }

    /// Requests our message in flight again, in our new generation.
    pub(crate) fn carry_over(&mut self, effects: &mut Effects<A>) {
        let Some(flight) = &self.source.flight else {
            return;
        };
        let fresh = flight.generation == self.generation();
        if fresh || self.check_signing().is_err() || self.is_sealed() {
            return;
        }
        let (header, digest, ops) = (flight.header.clone(), flight.digest, flight.ops.clone());
        let (actor, generation) = (self.actor(), self.generation());
        let alone = self.chain.members().len() == 1;
        let flight = &mut self.source.flight;
        let statement = EchoStatement {
            generation,
            header: digest,
        };
        // I1: in this generation, too, on disk before the request leaves.
        let echo = Unsigned::new(self.signer.network(), &statement, |echo| {
            let record = Record::Own {
                generation,
                header,
                echo,
                ops,
            };
            (Some(record), echo)
        });
        self.signer.commit([echo], effects, |echo| {
            let flight = flight.as_mut()?;
            flight.again(actor, generation, echo);
            (!alone).then(|| (To::Members, flight.request()))
        });
    }
}

impl Reconfiguration {
    /// A new generation begins: what was about the one before it is over.
    pub(super) fn begin(&mut self, generation: Generation) {
        let before = Generation::new(generation.get().saturating_sub(1));
        self.seals.retain(|(of, _), _| *of >= before);
        self.announced.clear();
        self.round = Round::default();
        self.statement_logs.retain(|of, _| *of >= before);
        self.requested.begin_generation();
    }
}
