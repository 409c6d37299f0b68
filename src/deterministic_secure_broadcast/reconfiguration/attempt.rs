//! R4: the attempts in which our generation decides, and how one ends.

use super::state::Reconfiguration;
use super::view::View;
use crate::actor::{Actor, Keys, NetworkId, Sig, verify};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::rules::{EnterFacts, Rules, TimeoutFacts};
use crate::deterministic_secure_broadcast::wire::statement::TimeoutStatement;
use crate::deterministic_secure_broadcast::wire::{Lock, Shown, Timeout, Timeouts, precommit};
use crate::membership::{Generation, MemberIndex, Signers};

/// How many ticks the first attempt may take; each one after it may take twice as many.
const ATTEMPT_TICKS: u32 = 12;

/// After how many attempts that stops.
const MAX_DOUBLINGS: u32 = 5;

/// A timeout before it is signed.
pub(super) struct GivingUp {
    pub(super) index: MemberIndex,
    generation: Generation,
    attempt: u32,
    highest: Option<Lock>,
    pub(super) shown: Option<(u32, Digest)>,
}

impl GivingUp {
    /// What is signed.
    pub(super) fn statement(&self) -> TimeoutStatement {
        TimeoutStatement {
            generation: self.generation,
            attempt: self.attempt,
            highest: self.shown,
        }
    }

    pub(super) fn signed(self, sig: Sig) -> Timeout {
        Timeout {
            generation: self.generation,
            attempt: self.attempt,
            highest: self.highest,
            sig,
        }
    }
}

/// What a timeout says of the highest quorum of first votes.
pub(super) fn shown(network: &NetworkId, timeout: &Timeout) -> Option<(u32, Digest)> {
    let lock = timeout.highest.as_ref()?;
    Some((lock.attempt, lock.decision.digest(network)))
}

impl Reconfiguration {
    /// Whether there is anything to decide.
    pub(super) fn is_deciding<K: Keys, R: Rules>(&self, view: View<'_, K>) -> bool {
        let round = &self.round;
        let begun = round.proposal.is_some() || round.lock.is_some() || round.attempt > 0;
        !view.chain.is_decided() && (begun || self.requested.approved::<K, R>(view).is_some())
    }

    /// Another tick of this attempt has passed; whether its time is over.
    pub(super) fn wait(&mut self) -> bool {
        let round = &mut self.round;
        round.waited = round.waited.saturating_add(1);
        let doublings = round.attempt.min(MAX_DOUBLINGS);
        round.waited >= ATTEMPT_TICKS.saturating_mul(1_u32 << doublings)
    }

    /// What we know when we may give an attempt up.
    fn timeout_facts<K: Keys>(
        &self,
        view: View<'_, K>,
        attempt: u32,
        index: MemberIndex,
    ) -> TimeoutFacts {
        let current = attempt == self.round.attempt;
        let statement_log = self.statement_logs.get(&view.generation());
        TimeoutFacts {
            current,
            timed_out: match current {
                true => self.round.timeout.is_some(),
                false => statement_log
                    .is_some_and(|statement_log| statement_log.has_timed_out(attempt, index)),
            },
        }
    }

    /// What we know when we may leave our attempt for the one after this, which so many have given up.
    fn enter_facts<K: Keys>(&self, view: View<'_, K>, attempt: u32, timeouts: usize) -> EnterFacts {
        EnterFacts {
            not_behind: attempt >= self.round.attempt,
            timeouts,
            members: view.members().len(),
        }
    }

    /// Our timeout of an attempt, if we may give it up.
    pub(super) fn giving_up<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        attempt: u32,
    ) -> Option<GivingUp> {
        let index = view.voter()?;
        let facts = self.timeout_facts(view, attempt, index);
        R::may_time_out(&facts).then(|| {
            let highest = self.round.lock.clone();
            let of = |lock: &Lock| (lock.attempt, lock.decision.digest(view.network()));
            GivingUp {
                index,
                generation: view.generation(),
                attempt,
                shown: highest.as_ref().map(of),
                highest,
            }
        })
    }

    /// Whether a timeout counts: in our attempt. Of a later one it asks us to give that up, too, which the rule has to
    /// allow.
    pub(super) fn check_timeout<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        (from, index): (Actor, MemberIndex),
        timeout: &Timeout,
        highest: Option<(u32, Digest)>,
    ) -> Result<(), Rejection> {
        if view.chain.is_decided() || timeout.attempt < self.round.attempt {
            return Err(Rejection::Late);
        }
        if timeout.attempt > self.round.attempt
            && self.giving_up::<K, R>(view, timeout.attempt).is_none()
        {
            return Err(Rejection::NotRequested);
        }
        if self.round.timeouts.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        if highest.is_some_and(|(attempt, _)| attempt > timeout.attempt) {
            return Err(Malformed::Proposal.into());
        }
        let statement = TimeoutStatement {
            generation: timeout.generation,
            attempt: timeout.attempt,
            highest,
        };
        let (network, members) = (view.network(), view.members());
        let key = members.key(index);
        if !key.is_some_and(|key| verify::<K, _>(key, network, &statement, &timeout.sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        match &timeout.highest {
            Some(lock) if self.round.lock.as_ref() != Some(lock) => {
                lock.check::<K, R>(network, members)
            }
            _ => Ok(()),
        }
    }

    /// Whether a quorum of timeouts counts.
    pub(super) fn check_timeouts<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        timeouts: &Timeouts,
    ) -> Result<(), Rejection> {
        let facts = self.enter_facts(view, timeouts.attempt, timeouts.signers.count());
        if view.chain.is_decided() || (!facts.not_behind && !R::may_enter(&facts)) {
            return Err(Rejection::Late);
        }
        timeouts.check::<K, R>(view.network(), view.members())
    }

    /// Counts a timeout of our attempt.
    pub(super) fn count_timeout(&mut self, index: MemberIndex, timeout: &Timeout, shown: Shown) {
        self.statement_log(timeout.generation)
            .note_timeout(timeout.attempt, index, shown);
        self.round.timeouts.insert(index, shown);
    }

    /// Counts a timeout of our own. `highest`: what it says of the highest quorum of first votes.
    pub(super) fn record_timeout(
        &mut self,
        index: MemberIndex,
        timeout: Timeout,
        highest: Option<(u32, Digest)>,
    ) {
        let sig = timeout.sig;
        let shown = Shown { highest, sig };
        if timeout.attempt != self.round.attempt {
            let statement_log = self.statement_log(timeout.generation);
            return statement_log.note_timeout(timeout.attempt, index, shown);
        }
        self.count_timeout(index, &timeout, shown);
        if let Some(lock) = timeout.highest.clone() {
            self.round.show(lock);
        }
        self.round.timeout = Some(timeout);
    }

    /// The timeouts of this attempt, if they end it.
    pub(super) fn timeouts<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Timeouts> {
        let round = &self.round;
        if !R::may_enter(&self.enter_facts(view, round.attempt, round.timeouts.len())) {
            return None;
        }
        let mut signers = Signers::none(view.members().len());
        let mut shown = Vec::with_capacity(round.timeouts.len());
        for (index, of) in &round.timeouts {
            signers.insert(*index);
            shown.push(*of);
        }
        let highest = R::highest(shown.iter().map(|shown| precommit(shown.highest)));
        let lock = round.shown.clone();
        let carried = lock.as_ref().map(|lock| lock.precommit(view.network()));
        (highest == carried).then(|| Timeouts {
            generation: view.generation(),
            attempt: round.attempt,
            signers,
            shown,
            highest: lock,
        })
    }

    /// The attempt that these timeouts lead to, if we may enter it.
    pub(super) fn next_attempt<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        timeouts: &Timeouts,
    ) -> Option<u32> {
        let next = timeouts.attempt.checked_add(1)?;
        let facts = self.enter_facts(view, timeouts.attempt, timeouts.signers.count());
        R::may_enter(&facts).then_some(next)
    }
}
