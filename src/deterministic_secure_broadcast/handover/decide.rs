//! R4: deciding on one approved change, in attempts. Two rounds of votes, and a quorum of timeouts between attempts.

use super::Handover;
use crate::actor::{Actor, Keys, Sig, verify};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effects, To};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::{ProposeFacts, Rules, Vote1Facts, Vote2Facts};
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::statement::ProposeStatement;
use crate::deterministic_secure_broadcast::wire::{
    Approvals, Decision, Link, Lock, Phase, Proposal, Timeouts, Vote, vote_bytes,
};
use crate::membership::{MemberIndex, Signers};
use crate::traits::SecureBroadcastAlgorithm;
use std::collections::BTreeMap;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// The leader of this attempt.
    pub(super) fn leader(&self, attempt: u32) -> Option<MemberIndex> {
        let turn = self.generation().get().wrapping_add(u64::from(attempt));
        let members = u64::try_from(self.chain.members().len()).ok()?;
        let rank = turn.checked_rem(members)?;
        u16::try_from(rank).ok().map(MemberIndex::new)
    }

    /// Whether we may sign something about the next generation, and as whom.
    pub(super) fn voter(&self) -> Option<MemberIndex> {
        let free = self.check_signing().is_ok() && !self.is_decided();
        self.index().filter(|_| free)
    }

    fn facts(&self, attempt: u32, index: MemberIndex, proposal: &Carried<'_>) -> ProposeFacts {
        let before = attempt.checked_sub(1);
        let shown = proposal.timeouts.map(|timeouts| timeouts.attempt);
        let lock = proposal
            .timeouts
            .and_then(|timeouts| timeouts.highest.as_ref());
        let value = proposal.decision.digest(self.signer.network());
        let applies = self
            .chain
            .members()
            .after(&proposal.decision.change)
            .is_ok()
            && proposal.decision.link == self.chain.generations.tip()
            && Some(proposal.decision.generation) == self.generation().next();
        ProposeFacts {
            leader: self.leader(attempt) == Some(index),
            approved: applies && R::is_approved(proposal.approvals, self.chain.members().len()),
            justified: before == shown,
            carries_highest: lock
                .is_none_or(|lock| lock.decision.digest(self.signer.network()) == value),
        }
    }

    /// Proposes, if the attempt is ours to lead and there is something to propose.
    pub(super) fn lead(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.voter() else { return };
        let round = &self.handover.round;
        let attempt = round.attempt;
        if self.leader(attempt) != Some(index)
            || round.proposal.is_some()
            || round.timeout.is_some()
        {
            return;
        }
        let timeouts = round.entered.clone();
        let lock = timeouts
            .as_ref()
            .and_then(|timeouts| timeouts.highest.clone());
        let value = match lock {
            Some(lock) => Some((lock.decision, lock.approvals, lock.keys)),
            None => self
                .approved()
                .filter(|change| self.has_keys(change))
                .and_then(|change| {
                    let keys = self.announced(&change);
                    let decision = Decision {
                        generation: self.generation().next()?,
                        link: self.chain.generations.tip(),
                        change,
                        keys: keys.keys.digest(),
                    };
                    Some((decision, self.approvals(&change, None)?, keys))
                }),
        };
        let Some((decision, approvals, keys)) = value else {
            return;
        };
        let carried = Carried::of(decision, &approvals, timeouts.as_ref());
        if !R::may_propose(&self.facts(attempt, index, &carried)) {
            return;
        }
        let generation = self.generation();
        let statement = ProposeStatement {
            generation,
            attempt,
            decision: decision.digest(self.signer.network()),
        };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let proposal = Proposal {
                generation,
                attempt,
                decision,
                approvals,
                keys,
                timeouts,
                sig,
            };
            let record = R::persists_votes().then(|| Record::Proposed(Box::new(proposal.clone())));
            (record, proposal)
        });
        let mut proposed = None;
        self.signer.commit([unsigned], effects, |proposal| {
            let payload = Payload::Propose(Box::new(proposal.clone()));
            proposed = Some(proposal);
            Some((To::Members, payload))
        });
        if let Some(proposal) = proposed {
            self.hear_proposal(&proposal);
            self.handover.round.proposal = Some(proposal);
        }
        self.vote(effects);
    }

    pub(in crate::deterministic_secure_broadcast) fn on_propose(
        &mut self,
        from: Actor,
        proposal: Proposal,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, proposal.generation)? {
            return Ok(effects);
        }
        let attempt = proposal.attempt;
        let leader = self.leader(attempt);
        let leader = leader.ok_or(Rejection::NotMember(from))?;
        let mut effects = Effects::none();
        if self.compare_proposal(leader, &proposal, &mut effects) {
            return Ok(effects);
        }
        if self.is_decided() || attempt < self.handover.round.attempt {
            return Err(Rejection::Late);
        }
        if attempt == self.handover.round.attempt && self.handover.round.proposal.is_some() {
            return Err(Rejection::Duplicate);
        }
        let statement = ProposeStatement {
            generation: proposal.generation,
            attempt,
            decision: proposal.decision.digest(self.signer.network()),
        };
        let key = self.chain.members().key(leader);
        if !key.is_some_and(|key| {
            verify::<K, _>(key, self.signer.network(), &statement, &proposal.sig)
        }) {
            return Err(Rejection::InvalidSignature {
                signer: self.chain.members().actor(leader).copied(),
            });
        }
        let timeouts = proposal.timeouts.as_ref();
        let carried = Carried::of(proposal.decision, &proposal.approvals, timeouts);
        if proposal.approvals.generation != proposal.generation
            || proposal.approvals.change != proposal.decision.change
            || !R::may_propose(&self.facts(attempt, leader, &carried))
        {
            return Err(Malformed::Proposal.into());
        }
        let (network, least) = (
            *self.signer.network(),
            R::quorum(self.chain.members().len()),
        );
        proposal
            .approvals
            .check::<K, R>(&network, &self.chain.members(), least)?;
        let known = |index: MemberIndex, key: &Actor, sig: &Sig| {
            self.handover.announced.get(&index) == Some(&(*key, *sig))
        };
        proposal
            .keys
            .check(&network, &proposal.decision, &self.chain.members(), known)?;
        if let Some(timeouts) = &proposal.timeouts {
            if timeouts.generation != proposal.generation {
                return Err(Malformed::Proposal.into());
            }
            timeouts.check::<K, R>(&network, &self.chain.members())?;
            self.enter(timeouts.clone(), &mut effects);
        }
        if self.handover.round.attempt == attempt {
            self.hear_proposal(&proposal);
            self.handover.round.proposal = Some(proposal);
            self.vote(&mut effects);
        }
        Ok(effects)
    }

    /// Votes for what this attempt's leader proposes.
    pub(super) fn vote(&mut self, effects: &mut Effects<A>) {
        if let Some(index) = self.voter()
            && let Some(proposal) = self.handover.round.proposal.clone()
        {
            let round = &self.handover.round;
            let timeouts = proposal.timeouts.as_ref();
            let carried = Carried::of(proposal.decision, &proposal.approvals, timeouts);
            let leader = self.leader(proposal.attempt);
            let facts = Vote1Facts {
                current: proposal.attempt == round.attempt,
                timed_out: round.timeout.is_some(),
                voted: round.cast_first.is_some(),
                proposal: self.facts(proposal.attempt, leader.unwrap_or(index), &carried),
            };
            if R::may_vote1(&facts) {
                let digest = proposal.decision.digest(self.signer.network());
                self.cast(index, Phase::First, digest, effects);
            }
        }
        self.advance_round(effects);
    }

    /// Signs a vote, journals it, and lets everybody know.
    fn cast(
        &mut self,
        index: MemberIndex,
        phase: Phase,
        decision: Digest,
        effects: &mut Effects<A>,
    ) {
        let (generation, attempt) = (self.generation(), self.handover.round.attempt);
        let bytes = vote_bytes(self.signer.network(), phase, generation, attempt, decision);
        let unsigned = Unsigned::of_bytes(bytes, |sig| {
            let vote = Vote {
                generation,
                attempt,
                phase,
                decision,
                sig,
            };
            (R::persists_votes().then_some(Record::Voted(vote)), vote)
        });
        self.signer.commit([unsigned], effects, |vote| {
            self.handover.record_vote(index, vote);
            Some((To::Members, Payload::Vote(vote)))
        });
    }

    pub(in crate::deterministic_secure_broadcast) fn on_vote(
        &mut self,
        from: Actor,
        vote: &Vote,
    ) -> Result<Effects<A>, Rejection> {
        if let Some(effects) = self.on_other_generation(from, vote.generation)? {
            return Ok(effects);
        }
        let index = self.check_member(from)?;
        let mut effects = Effects::none();
        let convicted = self.compare_vote(index, vote, &mut effects);
        match self.count_vote(from, index, vote, &mut effects) {
            Err(_) if convicted => Ok(effects),
            counted => counted.map(|()| effects),
        }
    }

    fn count_vote(
        &mut self,
        from: Actor,
        index: MemberIndex,
        vote: &Vote,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        if self.is_decided() || vote.attempt < self.handover.round.attempt {
            return Err(Rejection::Late);
        }
        if vote.attempt > self.handover.round.attempt {
            // It is sent again until we are there.
            return Err(Rejection::NotRequested);
        }
        let round = &mut self.handover.round;
        let votes = match vote.phase {
            Phase::First => &mut round.first,
            Phase::Second => &mut round.second,
        };
        if votes.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let bytes = vote.bytes(self.signer.network());
        let key = self.chain.members().key(index);
        if !key.is_some_and(|key| K::verify(key, &bytes, &vote.sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        votes.insert(index, (vote.decision, vote.sig));
        self.handover.docket(vote.generation).note_vote(index, vote);
        self.advance_round(effects);
        Ok(())
    }

    /// Does what the votes of this attempt allow: the second vote, and the decision.
    pub(super) fn advance_round(&mut self, effects: &mut Effects<A>) {
        if self.is_decided() {
            return;
        }
        self.precommit(effects);
        let members = self.chain.members().len();
        let round = &self.handover.round;
        let Some((digest, signers, signatures)) = tally(&round.second, members) else {
            return;
        };
        if !R::is_decided(signatures.len(), members) {
            return;
        }
        let proposed = round
            .proposal
            .as_ref()
            .map(|proposal| (proposal.decision, &proposal.keys));
        let locked = round.lock.as_ref().map(|lock| (lock.decision, &lock.keys));
        let known = proposed.into_iter().chain(locked);
        let Some((decision, announced)) = known
            .into_iter()
            .find(|(decision, _)| decision.digest(self.signer.network()) == digest)
        else {
            return;
        };
        let link = Link {
            decision,
            keys: announced.keys.clone(),
            attempt: round.attempt,
            signers,
            signatures,
        };
        // Our own count need not be checked again, only that it applies.
        if let Ok(next) = link.next_members(&self.chain.members()) {
            self.decided(link, next, effects);
            self.after_decision(effects);
        }
    }

    /// A quorum of first votes: remember it, then vote a second time.
    fn precommit(&mut self, effects: &mut Effects<A>) {
        let members = self.chain.members().len();
        let round = &self.handover.round;
        let Some(proposal) = &round.proposal else {
            return;
        };
        let Some((digest, signers, signatures)) = tally(&round.first, members) else {
            return;
        };
        if proposal.decision.digest(self.signer.network()) != digest {
            return;
        }
        let votes1 = signatures.len();
        let facts = Vote2Facts {
            current: proposal.attempt == round.attempt,
            timed_out: round.timeout.is_some(),
            voted: round.cast_second.is_some(),
            votes1,
            members,
        };
        if votes1 >= R::quorum(members) {
            let lock = Lock {
                attempt: round.attempt,
                decision: proposal.decision,
                approvals: proposal.approvals.clone(),
                keys: proposal.keys.clone(),
                signers,
                signatures,
            };
            self.remember(lock, effects);
        }
        if let Some(index) = self.voter()
            && R::may_vote2(&facts)
        {
            self.cast(index, Phase::Second, digest, effects);
        }
    }

    /// Keeps the highest quorum of first votes ever seen.
    pub(super) fn remember(&mut self, lock: Lock, effects: &mut Effects<A>) {
        self.hear_lock(&lock, effects);
        let known = self.handover.round.lock.as_ref();
        if known.is_some_and(|known| known.attempt >= lock.attempt) {
            return;
        }
        if R::persists_votes() {
            self.persist(Record::Locked(Box::new(lock.clone())), effects);
        }
        self.handover.round.lock = Some(lock);
    }
}

/// What a proposal carries.
struct Carried<'a> {
    decision: Decision,
    approvals: usize,
    timeouts: Option<&'a Timeouts>,
}

impl<'a> Carried<'a> {
    fn of(decision: Decision, approvals: &Approvals, timeouts: Option<&'a Timeouts>) -> Self {
        Self {
            decision,
            approvals: approvals.signers.count(),
            timeouts,
        }
    }
}

/// The decision most have voted for, with their votes.
fn tally(
    votes: &BTreeMap<MemberIndex, (Digest, Sig)>,
    members: usize,
) -> Option<(Digest, Signers, Vec<Sig>)> {
    let mut counts = BTreeMap::<Digest, usize>::new();
    for (digest, _) in votes.values() {
        let count = counts.entry(*digest).or_default();
        *count = count.saturating_add(1);
    }
    let (most, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    let mut signers = Signers::none(members);
    let mut signatures = Vec::new();
    for (index, (digest, sig)) in votes {
        if *digest == most {
            signers.insert(*index);
            signatures.push(*sig);
        }
    }
    Some((most, signers, signatures))
}

impl Handover {
    /// Counts a vote of our own.
    pub(super) fn record_vote(&mut self, index: MemberIndex, vote: Vote) {
        let round = &mut self.round;
        let (votes, cast) = match vote.phase {
            Phase::First => (&mut round.first, &mut round.cast_first),
            Phase::Second => (&mut round.second, &mut round.cast_second),
        };
        votes.insert(index, (vote.decision, vote.sig));
        *cast = Some(vote);
        self.docket(vote.generation).note_vote(index, &vote);
    }
}
