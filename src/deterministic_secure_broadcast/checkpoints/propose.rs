//! How a checkpoint comes about: a proposal, attestations, and a quorum of them.

use std::collections::BTreeMap;

use super::Checkpoints;
use super::state_at::{Relation, StateAt};
use crate::actor::Sig;
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::quota::BYTES_PER_TICK;
use crate::deterministic_secure_broadcast::rules::{AttestFacts, Rules};
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::membership::{Generation, MemberIndex, Signers};

/// For how many ticks others are asked to attest a proposal before a newer one takes its place.
const PROPOSAL_TICKS: u32 = 16;

/// For how many ticks a member attests the proposals of one member only. A member that has others attest what no other has
/// yet delivered keeps the proposals of all others from being attested; so it may do that for so long, and then it is their
/// turn.
const TURN_TICKS: u32 = 16;

/// A proposal of our own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnProposal {
    pub(super) state: StateAt,
    /// What tells it apart from our others.
    pub(super) name: Digest,
    /// The digest of the manifest.
    pub(super) manifest: Digest,
    attested: BTreeMap<MemberIndex, Sig>,
    /// How many ticks it is old.
    age: u32,
}

impl OwnProposal {
    /// With our own attestation.
    pub(super) fn new(state: StateAt, own: MemberIndex, sig: Sig) -> Self {
        Self {
            name: name(&state.manifest.clock),
            manifest: state.manifest.digest(),
            state,
            attested: BTreeMap::from([(own, sig)]),
            age: 0,
        }
    }

    pub(super) fn is_attested_by(&self, member: MemberIndex) -> bool {
        self.attested.contains_key(&member)
    }

    /// Whether we alone have attested it.
    pub(super) fn is_alone(&self) -> bool {
        self.attested.len() <= 1
    }
}

/// What tells the proposals of one member apart.
pub(super) fn name(clock: &Clock) -> Digest {
    Digest::of(&codec::encode(clock))
}

/// Which member proposes, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Turns {
    /// The member whose proposals we attest, and for how many ticks now.
    proposer: Option<(MemberIndex, u32)>,
    /// The members whose proposals we have attested without a checkpoint coming of it, and for how many ticks others go
    /// first.
    deferred: BTreeMap<MemberIndex, u32>,
    /// How many ticks the base is old.
    base_age: u32,
    /// How many ticks a proposal of ours has been due.
    due: u32,
}

impl Turns {
    pub(super) fn begin_generation(&mut self) {
        self.due = 0;
        self.free();
    }

    pub(super) fn begin_base(&mut self) {
        self.base_age = 0;
        self.free();
    }

    /// Any member may propose.
    fn free(&mut self) {
        self.proposer = None;
        self.deferred.clear();
    }

    /// Whether this is the member whose proposals we attest now, or may be.
    pub(super) fn is_open_to(&self, member: MemberIndex) -> bool {
        match self.proposer {
            Some((proposer, _)) => proposer == member,
            None => !self.deferred.contains_key(&member),
        }
    }

    /// Whether it is the turn of none.
    pub(super) fn is_free(&self) -> bool {
        self.proposer.is_none()
    }

    /// It is this member's turn, unless it is another's already.
    pub(super) fn take(&mut self, member: MemberIndex) {
        self.proposer.get_or_insert((member, 0));
    }

    /// Whether a base of so many bytes is old enough for a replica that lacks it to have fetched its snapshot from one peer,
    /// twice over: or one that is late might fetch one after the other for ever, and have none.
    pub(super) fn is_ripe(&self, base_bytes: Option<u64>) -> bool {
        let Some(bytes) = base_bytes else { return true };
        let ticks = bytes.div_ceil(BYTES_PER_TICK as u64).saturating_mul(2);
        u64::from(self.base_age) >= ticks
    }

    pub(super) fn tick(&mut self, members: usize) {
        self.base_age = self.base_age.saturating_add(1);
        self.deferred.retain(|_, ticks| {
            *ticks = ticks.saturating_sub(1);
            *ticks > 0
        });
        if let Some((proposer, ticks)) = &mut self.proposer {
            *ticks = ticks.saturating_add(1);
            if *ticks >= TURN_TICKS {
                let members = u32::try_from(members).unwrap_or(u32::MAX);
                self.deferred
                    .insert(*proposer, members.saturating_mul(TURN_TICKS));
                self.proposer = None;
            }
        }
    }
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
            proposal.age = proposal.age.saturating_add(1);
            if proposal.age < PROPOSAL_TICKS {
                return ProposalStep::Repeat;
            }
            self.proposal = None;
        }
        let beyond = messages.saturating_sub(covered);
        if self.every.is_none_or(|every| beyond < every.get()) {
            self.turns.due = 0;
            return ProposalStep::Nothing;
        }
        // All members notice at about the same time. Each in turn goes first, so that one proposal is enough.
        if self.turns.due < ticks_of_others(own, members, covered) {
            self.turns.due = self.turns.due.saturating_add(1);
            return ProposalStep::Nothing;
        }
        self.turns.due = 0;
        ProposalStep::Propose
    }

    /// What [`Rules::may_attest`] is asked about a version vector, given where that lies.
    pub(super) fn attest_facts(&self, clock: &Clock, relation: Relation) -> AttestFacts {
        AttestFacts {
            delivered: relation != Relation::NotDelivered,
            closed: relation.is_closed(),
            beyond: !self.floor.is_ahead_of(clock),
        }
    }

    /// Another member's attestation of our proposal.
    pub(super) fn count_attestation(&mut self, member: MemberIndex, sig: Sig) {
        if let Some(proposal) = &mut self.proposal {
            proposal.attested.insert(member, sig);
        }
    }

    /// Takes our proposal, once a quorum of so many members has attested it.
    pub(super) fn take_certified<R: Rules>(
        &mut self,
        generation: Generation,
        members: usize,
    ) -> Option<Checkpoint> {
        let enough = |proposal: &mut OwnProposal| proposal.attested.len() >= R::quorum(members);
        let proposal = self.proposal.take_if(enough)?;
        let mut signers = Signers::none(members);
        let mut signatures = Vec::with_capacity(proposal.attested.len());
        for (index, sig) in proposal.attested {
            signers.insert(index);
            signatures.push(sig);
        }
        let manifest = proposal.state.manifest.clone();
        self.worked_out = Some(proposal.state);
        Some(Checkpoint {
            generation,
            manifest,
            signers,
            signatures,
        })
    }
}

/// How many ticks others go before us, after a base that covers so many messages.
fn ticks_of_others(own: MemberIndex, members: usize, covered: usize) -> u32 {
    let places = own
        .get()
        .saturating_add(members)
        .saturating_sub(covered.checked_rem(members).unwrap_or(0));
    u32::try_from(places.checked_rem(members).unwrap_or(0))
        .unwrap_or(0)
        .saturating_mul(2)
}
