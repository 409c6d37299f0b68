//! What members have said in the attempts to decide on the next generation, as far as it may convict them.

use std::collections::BTreeMap;

use crate::deterministic_secure_broadcast::evidence::Contradiction;
use crate::deterministic_secure_broadcast::rules::{Rules, StaleTimeoutFacts};
use crate::deterministic_secure_broadcast::wire::{Phase, Shown, SignedDigest, Vote};
use crate::membership::{Generation, MemberIndex};

/// Of how many attempts of a generation, the last ones, is known who said what (I14).
const MAX_ATTEMPTS: usize = 8;

/// Statements of the members of one generation, signatures checked, the first of each kind that was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StatementLog {
    attempts: BTreeMap<u32, Attempt>,
}

/// What was said in one attempt.
#[derive(Clone, Debug, Default, PartialEq)]
struct Attempt {
    /// By its leader.
    proposal: Option<SignedDigest>,
    first: BTreeMap<MemberIndex, SignedDigest>,
    second: BTreeMap<MemberIndex, SignedDigest>,
    timeouts: BTreeMap<MemberIndex, Shown>,
}

impl Attempt {
    fn votes(&self, phase: Phase) -> &BTreeMap<MemberIndex, SignedDigest> {
        match phase {
            Phase::First => &self.first,
            Phase::Second => &self.second,
        }
    }
}

impl StatementLog {
    /// The entry of an attempt; none of one that is long over.
    fn attempt(&mut self, attempt: u32) -> Option<&mut Attempt> {
        self.attempts.entry(attempt).or_default();
        while self.attempts.len() > MAX_ATTEMPTS {
            self.attempts.pop_first();
        }
        self.attempts.get_mut(&attempt)
    }

    pub(super) fn note_proposal(&mut self, attempt: u32, proposal: SignedDigest) {
        if let Some(attempt) = self.attempt(attempt) {
            attempt.proposal.get_or_insert(proposal);
        }
    }

    pub(super) fn note_vote(&mut self, index: MemberIndex, vote: &Vote) {
        if let Some(attempt) = self.attempt(vote.attempt) {
            let votes = match vote.phase {
                Phase::First => &mut attempt.first,
                Phase::Second => &mut attempt.second,
            };
            votes.entry(index).or_insert(vote.signed());
        }
    }

    pub(super) fn note_timeout(&mut self, attempt: u32, index: MemberIndex, timeout: Shown) {
        if let Some(attempt) = self.attempt(attempt) {
            attempt.timeouts.entry(index).or_insert(timeout);
        }
    }

    /// Whether this member is known to have voted.
    pub(super) fn has_voted(&self, attempt: u32, phase: Phase, index: MemberIndex) -> bool {
        let attempt = self.attempts.get(&attempt);
        attempt.is_some_and(|attempt| attempt.votes(phase).contains_key(&index))
    }

    /// Whether this member is known to have given an attempt up.
    pub(super) fn has_timed_out(&self, attempt: u32, index: MemberIndex) -> bool {
        let attempt = self.attempts.get(&attempt);
        attempt.is_some_and(|attempt| attempt.timeouts.contains_key(&index))
    }

    /// What the leader of an attempt has said that contradicts this proposal of it.
    pub(super) fn against_proposal(
        &self,
        generation: Generation,
        attempt: u32,
        proposal: SignedDigest,
    ) -> Option<Contradiction> {
        let known = self.attempts.get(&attempt)?.proposal?;
        (known.digest != proposal.digest).then(|| {
            let (one, other) = SignedDigest::in_order(known, proposal);
            Contradiction::Proposals {
                generation,
                attempt,
                one,
                other,
            }
        })
    }

    /// What a voter has said that contradicts this vote.
    pub(super) fn against_vote<R: Rules>(
        &self,
        index: MemberIndex,
        vote: &Vote,
    ) -> Option<Contradiction> {
        let attempt = self.attempts.get(&vote.attempt);
        let known = attempt.and_then(|attempt| attempt.votes(vote.phase).get(&index));
        if let Some(known) = known.filter(|known| known.digest != vote.decision) {
            return Some(against(vote, *known));
        }
        if vote.phase == Phase::First {
            return None;
        }
        let later = self.attempts.range(vote.attempt..);
        let mut timeouts = later.filter_map(|(attempt, said)| {
            let timeout = said.timeouts.get(&index)?;
            Some((*attempt, timeout))
        });
        timeouts.find_map(|(attempt, timeout)| {
            forgotten::<R>(
                vote.generation,
                (vote.attempt, vote.signed()),
                (attempt, timeout),
            )
        })
    }

    /// What a member has said that contradicts this timeout of it.
    pub(super) fn against_timeout<R: Rules>(
        &self,
        generation: Generation,
        (attempt, timeout): (u32, &Shown),
        index: MemberIndex,
    ) -> Option<Contradiction> {
        let earlier = self.attempts.range(..=attempt);
        let mut votes = earlier.filter_map(|(attempt, said)| {
            let vote = said.second.get(&index)?;
            Some((*attempt, *vote))
        });
        votes.find_map(|vote| forgotten::<R>(generation, vote, (attempt, timeout)))
    }
}

/// A second vote, and a timeout, with the attempts they are of.
fn forgotten<R: Rules>(
    generation: Generation,
    (voted, vote): (u32, SignedDigest),
    (given_up, timeout): (u32, &Shown),
) -> Option<Contradiction> {
    let facts = StaleTimeoutFacts {
        voted,
        given_up,
        shown: timeout.highest.map(|(attempt, _)| attempt),
    };
    R::forgets(&facts).then_some(Contradiction::StaleTimeout {
        generation,
        voted,
        vote,
        given_up,
        highest: timeout.highest,
        timeout: timeout.sig,
    })
}

/// A vote, and another one of the same phase and attempt.
fn against(vote: &Vote, another: SignedDigest) -> Contradiction {
    let (one, other) = SignedDigest::in_order(another, vote.signed());
    Contradiction::Votes {
        generation: vote.generation,
        attempt: vote.attempt,
        phase: vote.phase,
        one,
        other,
    }
}
