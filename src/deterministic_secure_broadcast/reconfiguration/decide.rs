//! R4: deciding on one approved change, in attempts. Two rounds of votes, and a quorum of timeouts between attempts.
//!
//! What is due is worked out by looking only; the replica has it signed, and tells what was signed.

use std::collections::BTreeMap;

use super::state::Reconfiguration;
use super::view::View;
use crate::actor::{Actor, Keys, NetworkId, Sig, verify};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::rules::{ProposeFacts, Rules, Vote1Facts, Vote2Facts};
use crate::deterministic_secure_broadcast::wire::statement::ProposeStatement;
use crate::deterministic_secure_broadcast::wire::{
    Announced, Approvals, Decision, Link, Lock, Phase, Proposal, Timeouts, Vote, vote_bytes,
};
use crate::membership::{Generation, MemberIndex, Members, Signers};

/// A vote before it is signed.
#[derive(Clone, Copy)]
pub(super) struct Ballot {
    pub(super) index: MemberIndex,
    generation: Generation,
    attempt: u32,
    phase: Phase,
    decision: Digest,
}

impl Ballot {
    /// What is signed.
    pub(super) fn bytes(&self, network: &NetworkId) -> Vec<u8> {
        vote_bytes(
            network,
            self.phase,
            self.generation,
            self.attempt,
            self.decision,
        )
    }

    pub(super) fn signed(self, sig: Sig) -> Vote {
        Vote {
            generation: self.generation,
            attempt: self.attempt,
            phase: self.phase,
            decision: self.decision,
            sig,
        }
    }
}

/// A proposal before it is signed.
pub(super) struct Motion {
    generation: Generation,
    attempt: u32,
    decision: Decision,
    approvals: Approvals,
    keys: Announced,
    timeouts: Option<Timeouts>,
}

impl Motion {
    /// What is signed.
    pub(super) fn statement(&self, network: &NetworkId) -> ProposeStatement {
        ProposeStatement {
            generation: self.generation,
            attempt: self.attempt,
            decision: self.decision.digest(network),
        }
    }

    pub(super) fn signed(self, sig: Sig) -> Proposal {
        Proposal {
            generation: self.generation,
            attempt: self.attempt,
            decision: self.decision,
            approvals: self.approvals,
            keys: self.keys,
            timeouts: self.timeouts,
            sig,
        }
    }
}

/// What is known of a proposal by this leader for this attempt.
fn propose_facts<K: Keys, R: Rules>(
    view: View<'_, K>,
    (attempt, index): (u32, MemberIndex),
    (decision, approvals): (&Decision, &Approvals),
    timeouts: Option<&Timeouts>,
) -> ProposeFacts {
    let before = attempt.checked_sub(1);
    let shown = timeouts.map(|timeouts| timeouts.attempt);
    let lock = timeouts.and_then(|timeouts| timeouts.highest.as_ref());
    let value = decision.digest(view.network());
    let applies = view.members().after(&decision.change).is_ok()
        && decision.link == view.chain.generations.tip()
        && Some(decision.generation) == view.generation().next();
    let approved = R::is_approved(approvals.signers.count(), view.members().len());
    ProposeFacts {
        leader: view.leader(attempt) == Some(index),
        approved: applies && approved,
        justified: before == shown,
        carries_highest: lock.is_none_or(|lock| lock.decision.digest(view.network()) == value),
    }
}

fn facts_of<K: Keys, R: Rules>(
    view: View<'_, K>,
    leader: MemberIndex,
    proposal: &Proposal,
) -> ProposeFacts {
    propose_facts::<K, R>(
        view,
        (proposal.attempt, leader),
        (&proposal.decision, &proposal.approvals),
        proposal.timeouts.as_ref(),
    )
}

impl Reconfiguration {
    /// What we know when we may vote for a proposal, and as whom we would.
    fn vote1_facts<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        proposal: &Proposal,
    ) -> Option<(MemberIndex, Vote1Facts)> {
        let index = view.voter()?;
        let attempt = proposal.attempt;
        let (timed_out, voted) = if attempt == self.round.attempt {
            (
                self.round.timeout.is_some(),
                self.round.cast_first.is_some(),
            )
        } else {
            let said = self.statement_logs.get(&proposal.generation);
            said.map_or((false, false), |statement_log| {
                let voted = statement_log.has_voted(attempt, Phase::First, index);
                (statement_log.has_timed_out(attempt, index), voted)
            })
        };
        let leader = view.leader(attempt).unwrap_or(index);
        let facts = Vote1Facts {
            current: attempt == self.round.attempt,
            timed_out,
            voted,
            proposal: facts_of::<K, R>(view, leader, proposal),
        };
        Some((index, facts))
    }

    /// What we know when we may vote that a quorum has voted for the proposal of this attempt.
    fn vote2_facts(&self, proposal: &Proposal, votes1: usize, members: usize) -> Vote2Facts {
        Vote2Facts {
            current: proposal.attempt == self.round.attempt,
            timed_out: self.round.timeout.is_some(),
            voted: self.round.cast_second.is_some(),
            votes1,
            members,
        }
    }

    /// What we are to propose: if the attempt is ours to lead and there is something to propose.
    pub(super) fn motion<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Motion> {
        let index = view.voter()?;
        let round = &self.round;
        let attempt = round.attempt;
        if view.leader(attempt) != Some(index)
            || round.proposal.is_some()
            || round.timeout.is_some()
        {
            return None;
        }
        let timeouts = round.entered.clone();
        let lock = timeouts
            .as_ref()
            .and_then(|timeouts| timeouts.highest.clone());
        let (decision, approvals, keys) = match lock {
            Some(lock) => (lock.decision, lock.approvals, lock.keys),
            None => {
                let change = self.requested.approved::<K, R>(view)?;
                if !self.has_keys::<K, R>(view, &change) {
                    return None;
                }
                let keys = self.announced(view, &change);
                let decision = Decision {
                    generation: view.generation().next()?,
                    link: view.chain.generations.tip(),
                    change,
                    keys: keys.keys.digest(),
                };
                (
                    decision,
                    self.requested.approvals(view, &change, None)?,
                    keys,
                )
            }
        };
        let carried = (&decision, &approvals);
        let facts = propose_facts::<K, R>(view, (attempt, index), carried, timeouts.as_ref());
        R::may_propose(&facts).then_some(Motion {
            generation: view.generation(),
            attempt,
            decision,
            approvals,
            keys,
            timeouts,
        })
    }

    /// Our vote for a proposal, if it is due.
    pub(super) fn first_vote<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        proposal: &Proposal,
    ) -> Option<Ballot> {
        let (index, facts) = self.vote1_facts::<K, R>(view, proposal)?;
        R::may_vote1(&facts).then(|| Ballot {
            index,
            generation: view.generation(),
            attempt: proposal.attempt,
            phase: Phase::First,
            decision: proposal.decision.digest(view.network()),
        })
    }

    /// The proposal of this attempt, if it has most of the first votes, with those.
    fn most_voted<K: Keys>(
        &self,
        view: View<'_, K>,
    ) -> Option<(&Proposal, Digest, Signers, Vec<Sig>)> {
        let proposal = self.round.proposal.as_ref()?;
        let (digest, signers, signatures) = tally(&self.round.first, view.members().len())?;
        let most = proposal.decision.digest(view.network()) == digest;
        most.then_some((proposal, digest, signers, signatures))
    }

    /// The first votes of this attempt for its proposal, if they are a quorum.
    pub(super) fn precommit<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Lock> {
        let (proposal, _, signers, signatures) = self.most_voted(view)?;
        (signatures.len() >= R::quorum(view.members().len())).then(|| Lock {
            attempt: self.round.attempt,
            decision: proposal.decision,
            approvals: proposal.approvals.clone(),
            keys: proposal.keys.clone(),
            signers,
            signatures,
        })
    }

    /// Our second vote, if it is due.
    pub(super) fn second_vote<K: Keys, R: Rules>(&self, view: View<'_, K>) -> Option<Ballot> {
        let (proposal, decision, _, signatures) = self.most_voted(view)?;
        let facts = self.vote2_facts(proposal, signatures.len(), view.members().len());
        let index = view.voter()?;
        R::may_vote2(&facts).then(|| Ballot {
            index,
            generation: view.generation(),
            attempt: self.round.attempt,
            phase: Phase::Second,
            decision,
        })
    }

    /// The decision, with the members it makes, if a quorum has voted a second time.
    pub(super) fn verdict<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
    ) -> Option<(Link, Members<K>)> {
        let members = view.members().len();
        let round = &self.round;
        let (digest, signers, signatures) = tally(&round.second, members)?;
        if !R::is_decided(signatures.len(), members) {
            return None;
        }
        let proposed = round.proposal.as_ref();
        let proposed = proposed.map(|proposal| (proposal.decision, &proposal.keys));
        let locked = round.lock.as_ref().map(|lock| (lock.decision, &lock.keys));
        let (decision, announced) = proposed
            .into_iter()
            .chain(locked)
            .find(|(decision, _)| decision.digest(view.network()) == digest)?;
        let link = Link {
            decision,
            keys: announced.keys.clone(),
            attempt: round.attempt,
            signers,
            signatures,
        };
        // Our own count need not be checked again, only that it applies.
        let next = link.next_members(view.members()).ok()?;
        Some((link, next))
    }

    /// Whether a proposal counts.
    pub(super) fn check_proposal<K: Keys, R: Rules>(
        &self,
        view: View<'_, K>,
        leader: MemberIndex,
        proposal: &Proposal,
    ) -> Result<(), Rejection> {
        let (attempt, network) = (proposal.attempt, view.network());
        let known = attempt == self.round.attempt && self.round.proposal.is_some();
        let over = view.chain.is_decided() || attempt < self.round.attempt;
        if known || over {
            // R4: nothing is voted for twice, nor in an attempt that is left. The rule has the last word.
            let facts = self.vote1_facts::<K, R>(view, proposal);
            let open = facts.filter(|(_, facts)| over || facts.voted);
            if !open.is_some_and(|(_, facts)| R::may_vote1(&facts)) {
                return Err(match over {
                    true => Rejection::Late,
                    false => Rejection::Duplicate,
                });
            }
        }
        let statement = ProposeStatement {
            generation: proposal.generation,
            attempt,
            decision: proposal.decision.digest(network),
        };
        let key = view.members().key(leader);
        if !key.is_some_and(|key| verify::<K, _>(key, network, &statement, &proposal.sig)) {
            return Err(Rejection::InvalidSignature {
                signer: view.members().actor(leader).copied(),
            });
        }
        if proposal.approvals.generation != proposal.generation
            || proposal.approvals.change != proposal.decision.change
            || !R::may_propose(&facts_of::<K, R>(view, leader, proposal))
        {
            return Err(Malformed::Proposal.into());
        }
        let least = R::quorum(view.members().len());
        let approvals = &proposal.approvals;
        approvals.check::<K, R>(network, view.members(), least)?;
        let announced = |index: MemberIndex, key: &Actor, sig: &Sig| {
            self.announced.get(&index) == Some(&(*key, *sig))
        };
        let keys = &proposal.keys;
        keys.check(network, &proposal.decision, view.members(), announced)?;
        if let Some(timeouts) = &proposal.timeouts {
            if timeouts.generation != proposal.generation {
                return Err(Malformed::Proposal.into());
            }
            timeouts.check::<K, R>(network, view.members())?;
        }
        Ok(())
    }

    /// Whether a vote counts.
    pub(super) fn check_vote<K: Keys>(
        &self,
        view: View<'_, K>,
        (from, index): (Actor, MemberIndex),
        vote: &Vote,
    ) -> Result<(), Rejection> {
        if view.chain.is_decided() || vote.attempt < self.round.attempt {
            return Err(Rejection::Late);
        }
        if vote.attempt > self.round.attempt {
            // It is sent again until we are there.
            return Err(Rejection::NotRequested);
        }
        let votes = match vote.phase {
            Phase::First => &self.round.first,
            Phase::Second => &self.round.second,
        };
        if votes.contains_key(&index) {
            return Err(Rejection::Duplicate);
        }
        let bytes = vote.bytes(view.network());
        let key = view.members().key(index);
        if !key.is_some_and(|key| K::verify(key, &bytes, &vote.sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        Ok(())
    }

    /// Counts a vote.
    pub(super) fn count_vote(&mut self, index: MemberIndex, vote: &Vote) {
        let votes = match vote.phase {
            Phase::First => &mut self.round.first,
            Phase::Second => &mut self.round.second,
        };
        votes.insert(index, (vote.decision, vote.sig));
        self.statement_log(vote.generation).note_vote(index, vote);
    }

    /// Counts a vote of our own.
    pub(super) fn record_vote(&mut self, index: MemberIndex, vote: Vote) {
        if vote.attempt == self.round.attempt {
            let cast = match vote.phase {
                Phase::First => &mut self.round.cast_first,
                Phase::Second => &mut self.round.cast_second,
            };
            *cast = Some(vote);
            self.count_vote(index, &vote);
        } else {
            self.statement_log(vote.generation).note_vote(index, &vote);
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
