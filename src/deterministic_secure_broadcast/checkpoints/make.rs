//! How a checkpoint comes about: a draft, attestations, and a quorum of them.

use std::collections::BTreeMap;

use super::standing::Standing;
use crate::actor::{Actor, Counter, Keys, Sig, verify};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::quota::{BYTES_PER_TICK, Once};
use crate::deterministic_secure_broadcast::rules::{AttestFacts, Rules};
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::checkpoint::{
    Attest, Checkpoint, CheckpointProposal, CheckpointStatement,
};
use crate::deterministic_secure_broadcast::wire::snapshot::Manifest;
use crate::membership::{MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// For how many ticks others are asked to attest a draft before a newer one takes its place.
const DRAFT_TICKS: u32 = 16;

/// For how many ticks a member attests the drafts of one member only. Whoever has others attest what nobody else has yet
/// delivered keeps everybody else's drafts from being attested; so it may do that for so long, and then it is others' turn.
const HOST_TICKS: u32 = 16;

/// A draft of our own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drafted {
    standing: Standing,
    clock: Digest,
    manifest: Digest,
    attested: BTreeMap<MemberIndex, Sig>,
    /// How many ticks it is old.
    age: u32,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// A tick: drafts a checkpoint when one is due, and asks again those who have not attested ours.
    pub(in crate::deterministic_secure_broadcast) fn tick_checkpoint(
        &mut self,
        effects: &mut Effects<A>,
    ) {
        self.tick_fetch(effects);
        self.tick_host();
        if self.index().is_none() || self.check_signing().is_err() || self.is_sealed() {
            return;
        }
        if let Some(draft) = &mut self.checkpoints.draft {
            draft.age = draft.age.saturating_add(1);
            if draft.age < DRAFT_TICKS {
                return self.repeat_draft(effects);
            }
            self.checkpoints.draft = None;
        }
        if !self.is_checkpoint_due() {
            self.checkpoints.due = 0;
            return;
        }
        // Everybody notices at about the same time. Each in turn goes first, so that one draft is enough.
        if self.checkpoints.due < self.draft_turn() {
            self.checkpoints.due = self.checkpoints.due.saturating_add(1);
            return;
        }
        self.checkpoints.due = 0;
        self.draft(effects);
    }

    fn is_checkpoint_due(&self) -> bool {
        let Some(every) = self.checkpoints.every else {
            return false;
        };
        let base = self.checkpoints.base.as_ref();
        let covered = base.map_or(0, super::Base::messages);
        self.height().saturating_sub(covered) >= every.get()
    }

    /// How many ticks others go before us.
    fn draft_turn(&self) -> u32 {
        let members = self.chain.members().len();
        let base = self
            .checkpoints
            .base
            .as_ref()
            .map_or(0, super::Base::messages);
        let own = self.index().map_or(0, MemberIndex::get);
        let places = own
            .saturating_add(members)
            .saturating_sub(base.checked_rem(members).unwrap_or(0));
        u32::try_from(places.checked_rem(members).unwrap_or(0))
            .unwrap_or(0)
            .saturating_mul(2)
    }

    fn draft(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.index() else { return };
        // Before anything dear is done.
        if !self.is_ripe() || !self.hosts(index) || !self.is_beyond_pledge(self.ledger.clock()) {
            return;
        }
        let Ok(standing) = self.standing_at(self.ledger.clock()) else {
            return;
        };
        // A snapshot that nobody can read helps nobody.
        if super::base::open::<A>(&standing.snapshot).is_none() {
            return;
        }
        let digest = standing.manifest.digest();
        let manifest = standing.manifest.clone();
        self.attest(index, &manifest, effects, |checkpoints, sig| {
            checkpoints.worked_out = Some(standing.clone());
            checkpoints.draft = Some(Drafted {
                clock: name(&standing.manifest.clock),
                standing,
                manifest: digest,
                attested: BTreeMap::from([(index, sig)]),
                age: 0,
            });
            None
        });
        self.repeat_draft(effects);
        self.certify_draft(effects);
    }

    /// Whether a clock covers all that we are bound to.
    fn is_beyond_pledge(&self, clock: &Clock) -> bool {
        R::may_attest(&AttestFacts {
            delivered: true,
            closed: true,
            beyond: !self.checkpoints.pledge.is_ahead_of(clock),
        })
    }

    /// Whether the base is old enough for whoever lacks it to have fetched its snapshot from one peer, twice over: or whoever
    /// is late might fetch one after the other for ever, and have none.
    fn is_ripe(&self) -> bool {
        let bytes = self
            .checkpoints
            .base
            .as_ref()
            .map_or(0, |base| base.checkpoint.manifest.bytes);
        let ticks = bytes.div_ceil(BYTES_PER_TICK as u64).saturating_mul(2);
        self.checkpoints.base.is_none() || u64::from(self.checkpoints.age) >= ticks
    }

    /// Whether this is the member whose drafts we attest now, or may be.
    fn hosts(&self, drafter: MemberIndex) -> bool {
        match self.checkpoints.host {
            Some((host, _)) => host == drafter,
            None => !self.checkpoints.hosted.contains_key(&drafter),
        }
    }

    fn tick_host(&mut self) {
        self.checkpoints.age = self.checkpoints.age.saturating_add(1);
        self.checkpoints.hosted.retain(|_, ticks| {
            *ticks = ticks.saturating_sub(1);
            *ticks > 0
        });
        if let Some((host, ticks)) = &mut self.checkpoints.host {
            *ticks = ticks.saturating_add(1);
            if *ticks >= HOST_TICKS {
                let members = u32::try_from(self.chain.members().len()).unwrap_or(u32::MAX);
                self.checkpoints
                    .hosted
                    .insert(*host, members.saturating_mul(HOST_TICKS));
                self.checkpoints.host = None;
            }
        }
    }

    /// Signs what we have come to, and is bound to its clock before that leaves. `remember`: what becomes of the signature.
    fn attest(
        &mut self,
        drafter: MemberIndex,
        manifest: &Manifest,
        effects: &mut Effects<A>,
        remember: impl FnOnce(&mut super::Checkpoints<A::ReplicatedState>, Sig) -> Option<(To, Payload)>,
    ) {
        self.checkpoints.host.get_or_insert((drafter, 0));
        let further = manifest.clock.is_ahead_of(&self.checkpoints.pledge);
        if further {
            self.pledge(&manifest.clock);
        }
        let statement = CheckpointStatement {
            generation: self.generation(),
            manifest: manifest.digest(),
        };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let record = further.then(|| Record::Attested(manifest.clock.clone()));
            (record, sig)
        });
        let mut remember = Some(remember);
        self.signer.commit([unsigned], effects, |sig| {
            remember.take()?(&mut self.checkpoints, sig)
        });
    }

    /// From here on we attest nothing that does not cover this, too.
    pub(in crate::deterministic_secure_broadcast) fn pledge(&mut self, clock: &Clock) {
        let mut pledge = Clock::zero(self.chain.members().seats());
        for (seat, counter) in self.checkpoints.pledge.iter().chain(clock.iter()) {
            pledge.advance(seat, counter);
        }
        self.checkpoints.pledge = pledge;
    }

    /// R6: a new generation has begun, and everything that a quorum of the one before may have attested lies below what
    /// any quorum of its seals shows.
    pub(in crate::deterministic_secure_broadcast) fn pledge_inherited(&mut self) {
        let mut inherited = self.ledger.clock().clone();
        for seat in self.seats() {
            let last = self.best(seat).and_then(|(best, _)| best.header.last());
            inherited.advance(seat, last.unwrap_or(Counter::ZERO));
        }
        self.pledge(&inherited);
    }

    fn repeat_draft(&self, effects: &mut Effects<A>) {
        let Some(draft) = &self.checkpoints.draft else {
            return;
        };
        let payload = Payload::Draft(CheckpointProposal {
            generation: self.generation(),
            clock: draft.standing.manifest.clock.clone(),
        });
        if draft.attested.len() <= 1 {
            if self.chain.members().len() > 1 {
                effects.send(To::Members, payload);
            }
            return;
        }
        for actor in self.chain.members().actors() {
            let index = self.chain.members().index_of(actor);
            if index.is_some_and(|index| !draft.attested.contains_key(&index)) {
                effects.send(To::One(*actor), payload.clone());
            }
        }
    }

    pub(in crate::deterministic_secure_broadcast) fn on_draft(
        &mut self,
        from: Actor,
        draft: &CheckpointProposal,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, draft.generation)? {
            return Ok(effects);
        }
        let index = self.check_member(from)?;
        self.check_clock(draft.clock.seats())?;
        let mut effects = Effects::none();
        if let Some(base) = &self.checkpoints.base
            && !draft.clock.is_ahead_of(base.checkpoint.clock())
        {
            // It has missed one.
            let checkpoint = base.checkpoint.clone();
            self.spend(from, checkpoint.weight())?;
            effects.send(To::One(from), Payload::Checkpoint(Box::new(checkpoint)));
            return Ok(effects);
        }
        self.check_signing()?;
        if self.is_sealed() {
            return Err(Rejection::Late);
        }
        // Working it out is dear: one for each member and tick.
        if !self.quota.may(&from, true, Once::WorkOutProposal) {
            return Err(Rejection::OverBudget);
        }
        if !self.is_ripe() || !self.hosts(index) {
            return Err(Rejection::Late);
        }
        let standing = match self.is_beyond_pledge(&draft.clock) {
            true => self.standing_at(&draft.clock),
            false => Err(Rejection::Late),
        };
        let standing = match standing {
            Err(Rejection::NotDelivered | Rejection::Late) if self.checkpoints.host.is_none() => {
                // We may get there; and meanwhile we make none of our own that would lie aside of it.
                self.checkpoints.host = Some((index, 0));
                return Ok(effects);
            }
            standing => standing?,
        };
        self.quota.note(from, Once::WorkOutProposal);
        let digest = standing.manifest.digest();
        let generation = self.generation();
        let manifest = standing.manifest.clone();
        self.attest(index, &manifest, &mut effects, |checkpoints, sig| {
            checkpoints.worked_out = Some(standing);
            let attest = Attest {
                generation,
                clock: name(&draft.clock),
                manifest: digest,
                sig,
            };
            Some((To::One(from), Payload::Attest(attest)))
        });
        Ok(effects)
    }

    pub(in crate::deterministic_secure_broadcast) fn on_attest(
        &mut self,
        from: Actor,
        attest: &Attest,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, attest.generation)? {
            return Ok(effects);
        }
        let index = self.check_member(from)?;
        let (generation, manifest) = (attest.generation, attest.manifest);
        let network = *self.signer.network();
        let key = self.chain.members().key(index).cloned();
        let draft = self
            .checkpoints
            .draft
            .as_mut()
            .ok_or(Rejection::NotRequested)?;
        if attest.clock != draft.clock {
            return Err(Rejection::Late);
        }
        if draft.attested.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let statement = CheckpointStatement {
            generation,
            manifest,
        };
        if !key.is_some_and(|key| verify::<K, _>(&key, &network, &statement, &attest.sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        let mut effects = Effects::none();
        if manifest != draft.manifest {
            effects.push(Effect::Diverged { member: from });
            return Ok(effects);
        }
        draft.attested.insert(index, attest.sig);
        self.certify_draft(&mut effects);
        Ok(effects)
    }

    fn certify_draft(&mut self, effects: &mut Effects<A>) {
        let members = self.chain.members().len();
        let enough = |draft: &mut Drafted| draft.attested.len() >= R::quorum(members);
        let Some(draft) = self.checkpoints.draft.take_if(enough) else {
            return;
        };
        let mut signers = Signers::none(members);
        let mut signatures = Vec::with_capacity(draft.attested.len());
        for (index, sig) in draft.attested {
            signers.insert(index);
            signatures.push(sig);
        }
        let checkpoint = Checkpoint {
            generation: self.generation(),
            manifest: draft.standing.manifest.clone(),
            signers,
            signatures,
        };
        self.checkpoints.worked_out = Some(draft.standing);
        if members > 1 {
            effects.send(
                To::Members,
                Payload::Checkpoint(Box::new(checkpoint.clone())),
            );
        }
        self.adopt(checkpoint, effects);
    }

    pub(in crate::deterministic_secure_broadcast) fn on_checkpoint(
        &mut self,
        from: Actor,
        checkpoint: Checkpoint,
    ) -> Result<Effects<A>, Rejection> {
        if checkpoint.generation > self.generation() {
            let ahead = self.on_other_generation(from, checkpoint.generation)?;
            return Ok(ahead.unwrap_or_else(Effects::none));
        }
        if self.checkpoints.every.is_none() {
            return Err(Rejection::NotRequested);
        }
        if let Some(ahead) = &self.checkpoints.ahead
            && !checkpoint.is_beyond(ahead)
        {
            // Whoever offers less than we know of may be able to give more, once it knows of it, too.
            let ahead = ahead.clone();
            if self.checkpoints.fetch.is_none() || !ahead.is_beyond(&checkpoint) {
                return Err(Rejection::Duplicate);
            }
            self.spend(from, ahead.weight())?;
            let mut effects = Effects::none();
            effects.send(To::One(from), Payload::Checkpoint(Box::new(ahead)));
            return Ok(effects);
        }
        if self
            .checkpoint()
            .is_some_and(|base| !checkpoint.is_beyond(base))
        {
            return Err(Rejection::Duplicate);
        }
        // What a quorum of an older generation has attested was true then and is true now (A3), and those who have
        // forgotten what it covers may be too few to attest anything anew.
        let members = self.members_of(checkpoint.generation);
        let members = members.ok_or(Rejection::Outdated(checkpoint.generation))?;
        checkpoint.verify::<K, R>(self.signer.network(), members)?;
        let mut effects = Effects::none();
        if checkpoint.clock().is_ahead_of(self.ledger.clock()) {
            self.checkpoints.ahead = Some(checkpoint);
            return Ok(effects);
        }
        if !self.adopt(checkpoint, &mut effects) {
            effects.push(Effect::Diverged { member: from });
        }
        Ok(effects)
    }
}

/// What tells the drafts of one member apart.
fn name(clock: &Clock) -> Digest {
    Digest::of(&codec::encode(clock))
}
