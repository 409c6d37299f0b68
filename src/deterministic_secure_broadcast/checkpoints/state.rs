//! How far the next checkpoint is.

use std::num::NonZeroUsize;

use super::fetch::Fetching;
use super::propose::{OwnProposal, Turns};
use super::state_at::{Relation, StateAt};
use crate::actor::{Counter, Sig};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::rules::{AttestFacts, Rules};
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::membership::{Generation, MemberIndex};

/// After how many messages beyond the last checkpoint the next one is proposed, unless
/// [`Config::checkpoint_every`](crate::Config::checkpoint_every) says otherwise.
pub const CHECKPOINT_MESSAGES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// How far the next checkpoint is: proposals, attestations, and what is fetched of one that is ahead of us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checkpoints {
    /// How many messages lie between two; `None` prunes nothing, and fetches only what nobody has any more.
    pub(super) every: Option<NonZeroUsize>,
    /// The attestation floor: what everything covers that we attest from here on.
    pub(super) floor: VersionVector,
    /// Our proposal, and who has attested it.
    pub(super) proposal: Option<OwnProposal>,
    pub(super) turns: Turns,
    /// The state that was worked out last.
    pub(super) worked_out: Option<StateAt>,
    pub(super) fetching: Fetching,
}

/// What a member may do on a tick for the next checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProposalStep {
    Nothing,
    /// Ask again those that have not attested our proposal.
    Repeat,
    /// Propose one.
    Propose,
}

impl Checkpoints {
    pub(crate) fn new(every: Option<NonZeroUsize>) -> Self {
        Self {
            every,
            floor: VersionVector::zero(0),
            proposal: None,
            turns: Turns::default(),
            worked_out: None,
            fetching: Fetching::default(),
        }
    }

    /// A new generation has begun: nobody attests anything in the old one any more. What was attested in it stays true.
    pub(crate) fn begin_generation(&mut self) {
        self.proposal = None;
        self.worked_out = None;
        self.turns.begin_generation();
    }

    /// There is a new base, of what was delivered here one by one.
    pub(crate) fn adopted(&mut self, base: &Checkpoint) {
        self.turns.begin_base();
        self.fetching.adopted(base);
        self.worked_out
            .take_if(|known| known.manifest == base.manifest);
    }

    /// There is a new base, whose snapshot was fetched.
    pub(crate) fn installed(&mut self, clock: &VersionVector) {
        self.turns.begin_base();
        self.fetching.installed(clock);
    }

    /// From here on we attest nothing that does not cover this, too.
    pub(crate) fn raise_floor(&mut self, clock: &VersionVector) {
        self.floor.grow(clock.seats());
        for (seat, counter) in clock.iter().filter(|(_, counter)| *counter > Counter::ZERO) {
            self.floor.advance(seat, counter);
        }
    }

    /// What binds us to cover it, if anything does.
    pub(crate) fn floor(&self) -> Option<&VersionVector> {
        let mut counters = self.floor.iter();
        counters
            .any(|(_, counter)| counter > Counter::ZERO)
            .then_some(&self.floor)
    }

    /// A tick of a member that may sign. `messages`: how many were ever delivered here; `covered`: how many of them the
    /// base covers.
    pub(super) fn tick_proposal(
        &mut self,
        own: MemberIndex,
        members: usize,
        messages: usize,
        covered: usize,
    ) -> ProposalStep {
        if let Some(proposal) = &mut self.proposal {
            if proposal.tick() {
                return ProposalStep::Repeat;
            }
            self.proposal = None;
        }
        let beyond = messages.saturating_sub(covered);
        if self.every.is_none_or(|every| beyond < every.get()) {
            self.turns.is_not_due();
            return ProposalStep::Nothing;
        }
        match self.turns.is_our_turn(own, members, covered) {
            true => ProposalStep::Propose,
            false => ProposalStep::Nothing,
        }
    }

    /// What [`Rules::may_attest`] is asked about a version vector, given where that lies.
    pub(super) fn attest_facts(&self, clock: &VersionVector, relation: Relation) -> AttestFacts {
        AttestFacts {
            delivered: relation != Relation::NotDelivered,
            closed: relation.is_closed(),
            beyond: !self.floor.is_ahead_of(clock),
        }
    }

    /// Another member's attestation of our proposal.
    pub(super) fn count_attestation(&mut self, member: MemberIndex, sig: Sig) {
        if let Some(proposal) = &mut self.proposal {
            proposal.count(member, sig);
        }
    }

    /// Takes our proposal, once a quorum of so many members has attested it.
    pub(super) fn take_certified<R: Rules>(
        &mut self,
        generation: Generation,
        members: usize,
    ) -> Option<Checkpoint> {
        let enough = |proposal: &mut OwnProposal| proposal.attestations() >= R::quorum(members);
        let proposal = self.proposal.take_if(enough)?;
        let (checkpoint, state) = proposal.into_checkpoint(generation, members);
        self.worked_out = Some(state);
        Some(checkpoint)
    }
}
