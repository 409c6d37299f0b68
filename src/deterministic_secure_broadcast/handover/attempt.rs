//! R4: the attempts in which our generation decides, and how one ends.

use super::Handover;
use crate::actor::{Actor, Keys, verify};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::{EnterFacts, Rules, TimeoutFacts};
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::statement::TimeoutStatement;
use crate::deterministic_secure_broadcast::wire::{Shown, Timeout, Timeouts, precommit};
use crate::membership::{MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;

/// How many ticks the first attempt may take; each one after it may take twice as many.
const ATTEMPT_TICKS: u32 = 12;

/// After how many attempts that stops.
const MAX_DOUBLINGS: u32 = 5;

/// After how many ticks a proposal is passed on by those who have it.
const RELAY_TICKS: u32 = 3;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Whether there is anything to decide.
    pub(super) fn is_deciding(&self) -> bool {
        let round = &self.handover.round;
        let begun = round.proposal.is_some() || round.lock.is_some() || round.attempt > 0;
        !self.is_decided() && (begun || self.approved().is_some())
    }

    /// A tick: counts the attempt's time, gives it up when it is over, and says again whatever may have been lost.
    pub(in crate::deterministic_secure_broadcast) fn tick_decision(
        &mut self,
        peers: &[Actor],
        effects: &mut Effects<A>,
    ) {
        self.approve(effects);
        // A crash may have come between two steps, and there may be nobody to remind us of the second.
        self.vote(effects);
        if self.is_decided() {
            return;
        }
        self.try_enter(effects);
        if self.is_deciding() {
            let round = &mut self.handover.round;
            round.waited = round.waited.saturating_add(1);
            let doublings = round.attempt.min(MAX_DOUBLINGS);
            let limit = ATTEMPT_TICKS.saturating_mul(1_u32 << doublings);
            if round.waited >= limit && round.timeout.is_none() {
                self.time_out(effects);
            }
        }
        self.repeat(peers, effects);
    }

    fn repeat(&self, peers: &[Actor], effects: &mut Effects<A>) {
        self.repeat_key(peers, effects);
        let round = &self.handover.round;
        if self.voter().is_some() {
            for vote in [round.cast_first, round.cast_second].into_iter().flatten() {
                effects.send(To::Members, Payload::Vote(vote));
            }
            if let Some(timeout) = &round.timeout {
                let payload = Payload::Timeout(Box::new(timeout.clone()));
                effects.send(To::Members, payload);
            }
        }
        for peer in peers {
            let to = To::One(*peer);
            for change in self.handover.approvals.keys() {
                if let Some(approvals) = self.approvals(change, None) {
                    effects.send(to, Payload::Approvals(approvals));
                }
            }
            if let Some(timeouts) = &round.entered {
                effects.send(to, Payload::Timeouts(Box::new(timeouts.clone())));
            }
            let own = self.index().is_some() && self.leader(round.attempt) == self.index();
            if let Some(proposal) = round
                .proposal
                .as_ref()
                .filter(|_| own || round.waited >= RELAY_TICKS)
            {
                effects.send(to, Payload::Propose(Box::new(proposal.clone())));
            }
        }
    }

    fn time_out(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.voter() else { return };
        let facts = TimeoutFacts {
            current: true,
            timed_out: self.handover.round.timeout.is_some(),
        };
        if !R::may_time_out(&facts) {
            return;
        }
        let (generation, attempt) = (self.generation(), self.handover.round.attempt);
        let highest = self.handover.round.lock.clone();
        let shown = highest
            .as_ref()
            .map(|lock| (lock.attempt, lock.decision.digest(self.signer.network())));
        let statement = TimeoutStatement {
            generation,
            attempt,
            highest: shown,
        };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let timeout = Timeout {
                generation,
                attempt,
                highest,
                sig,
            };
            let record = R::persists_votes().then(|| Record::TimedOut(Box::new(timeout.clone())));
            (record, timeout)
        });
        self.signer.commit([unsigned], effects, |timeout| {
            let payload = Payload::Timeout(Box::new(timeout.clone()));
            self.handover.record_timeout(index, timeout, shown);
            Some((To::Members, payload))
        });
        self.try_enter(effects);
    }

    pub(super) fn shown(&self, timeout: &Timeout) -> Option<(u32, Digest)> {
        let lock = timeout.highest.as_ref()?;
        Some((lock.attempt, lock.decision.digest(self.signer.network())))
    }

    pub(in crate::deterministic_secure_broadcast) fn on_timeout(
        &mut self,
        from: Actor,
        timeout: Timeout,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, timeout.generation)? {
            return Ok(effects);
        }
        let index = self.check_member(from)?;
        let highest = self.shown(&timeout);
        let sig = timeout.sig;
        let shown = (timeout.attempt, &Shown { highest, sig });
        let mut effects = Effects::none();
        let generation = timeout.generation;
        let convicted = self.compare_timeout(generation, shown, index, &mut effects);
        match self.count_timeout(from, index, timeout, &mut effects) {
            Err(_) if convicted => Ok(effects),
            counted => counted.map(|()| effects),
        }
    }

    fn count_timeout(
        &mut self,
        from: Actor,
        index: MemberIndex,
        timeout: Timeout,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        if self.is_decided() || timeout.attempt < self.handover.round.attempt {
            return Err(Rejection::Late);
        }
        if timeout.attempt > self.handover.round.attempt {
            return Err(Rejection::NotRequested);
        }
        if self.handover.round.timeouts.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let highest = self.shown(&timeout);
        if highest.is_some_and(|(attempt, _)| attempt > timeout.attempt) {
            return Err(Malformed::Proposal.into());
        }
        let statement = TimeoutStatement {
            generation: timeout.generation,
            attempt: timeout.attempt,
            highest,
        };
        let key = self.chain.members().key(index);
        if !key
            .is_some_and(|key| verify::<K, _>(key, self.signer.network(), &statement, &timeout.sig))
        {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        if let Some(lock) = &timeout.highest
            && self.handover.round.lock.as_ref() != Some(lock)
        {
            lock.check::<K, R>(self.signer.network(), &self.chain.members())?;
        }
        let (attempt, sig) = (timeout.attempt, timeout.sig);
        if let Some(lock) = timeout.highest {
            self.remember(lock.clone(), effects);
            self.handover.round.show(lock);
        }
        let shown = Shown { highest, sig };
        self.handover
            .docket(timeout.generation)
            .note_timeout(attempt, index, shown);
        let round = &mut self.handover.round;
        round.timeouts.insert(index, shown);
        self.try_enter(effects);
        Ok(())
    }

    /// Puts the timeouts of this attempt together, if they are a quorum.
    fn try_enter(&mut self, effects: &mut Effects<A>) {
        let members = self.chain.members().len();
        let round = &self.handover.round;
        let facts = EnterFacts {
            not_behind: true,
            timeouts: round.timeouts.len(),
            members,
        };
        if !R::may_enter(&facts) {
            return;
        }
        let mut signers = Signers::none(members);
        let mut shown = Vec::with_capacity(round.timeouts.len());
        for (index, of) in &round.timeouts {
            signers.insert(*index);
            shown.push(*of);
        }
        let highest = R::highest(shown.iter().map(|shown| precommit(shown.highest)));
        let lock = round.shown.clone();
        if highest
            != lock
                .as_ref()
                .map(|lock| lock.precommit(self.signer.network()))
        {
            return;
        }
        let timeouts = Timeouts {
            generation: self.generation(),
            attempt: round.attempt,
            signers,
            shown,
            highest: lock,
        };
        self.enter(timeouts, effects);
    }

    /// Leaves the attempts up to the one these timeouts end.
    pub(super) fn enter(&mut self, timeouts: Timeouts, effects: &mut Effects<A>) {
        let Some(attempt) = timeouts.attempt.checked_add(1) else {
            return;
        };
        let facts = EnterFacts {
            not_behind: timeouts.attempt >= self.handover.round.attempt,
            timeouts: timeouts.signers.count(),
            members: self.chain.members().len(),
        };
        if !R::may_enter(&facts) {
            return;
        }
        self.persist(Record::Entered(Box::new(timeouts.clone())), effects);
        self.hear_timeouts(&timeouts, effects);
        if let Some(lock) = timeouts.highest.clone() {
            self.remember(lock, effects);
        }
        self.handover.round.next(attempt, timeouts);
        self.lead(effects);
    }

    pub(in crate::deterministic_secure_broadcast) fn on_timeouts(
        &mut self,
        from: Actor,
        timeouts: Timeouts,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, timeouts.generation)? {
            return Ok(effects);
        }
        if self.is_decided() || timeouts.attempt < self.handover.round.attempt {
            return Err(Rejection::Late);
        }
        timeouts.check::<K, R>(self.signer.network(), &self.chain.members())?;
        let mut effects = Effects::none();
        self.enter(timeouts, &mut effects);
        Ok(effects)
    }
}

impl Handover {
    /// Counts a timeout of our own. `highest`: what it says of the highest quorum of first votes.
    pub(super) fn record_timeout(
        &mut self,
        index: MemberIndex,
        timeout: Timeout,
        highest: Option<(u32, Digest)>,
    ) {
        let sig = timeout.sig;
        let shown = Shown { highest, sig };
        self.docket(timeout.generation)
            .note_timeout(timeout.attempt, index, shown);
        let round = &mut self.round;
        round.timeouts.insert(index, shown);
        if let Some(lock) = timeout.highest.clone() {
            round.show(lock);
        }
        round.timeout = Some(timeout);
    }
}
