//! How a checkpoint comes about: a proposal, attestations, and a quorum of them.

use std::collections::BTreeMap;

use super::state_at::StateAt;
use crate::actor::Sig;
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::quota::BYTES_PER_TICK;
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

    /// One tick later; whether others are still asked to attest it.
    pub(super) fn tick(&mut self) -> bool {
        self.age = self.age.saturating_add(1);
        self.age < PROPOSAL_TICKS
    }

    /// Another member's attestation.
    pub(super) fn count(&mut self, member: MemberIndex, sig: Sig) {
        self.attested.insert(member, sig);
    }

    /// How many members have attested it.
    pub(super) fn attestations(&self) -> usize {
        self.attested.len()
    }

    /// The checkpoint that the attestations make, with the state behind it.
    pub(super) fn into_checkpoint(
        self,
        generation: Generation,
        members: usize,
    ) -> (Checkpoint, StateAt) {
        let mut signers = Signers::none(members);
        let mut signatures = Vec::with_capacity(self.attested.len());
        for (index, sig) in self.attested {
            signers.insert(index);
            signatures.push(sig);
        }
        let checkpoint = Checkpoint {
            generation,
            manifest: self.state.manifest.clone(),
            signers,
            signatures,
        };
        (checkpoint, self.state)
    }

    /// Whether we alone have attested it.
    pub(super) fn is_alone(&self) -> bool {
        self.attested.len() <= 1
    }
}

/// What tells the proposals of one member apart.
pub(super) fn name(clock: &VersionVector) -> Digest {
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

    /// Whether a base of so many bytes is old enough for a replica that lacks it to have fetched its snapshot from one
    /// peer, twice over: or one that is late might fetch one after the other for ever, and have none.
    pub(super) fn is_ripe(&self, base_bytes: Option<u64>) -> bool {
        let Some(bytes) = base_bytes else { return true };
        let ticks = bytes.div_ceil(BYTES_PER_TICK as u64).saturating_mul(2);
        u64::from(self.base_age) >= ticks
    }

    /// Whether a proposal that is due is ours to make: all members notice at about the same time, and each in turn goes
    /// first, so that one proposal is enough.
    pub(super) fn is_our_turn(&mut self, own: MemberIndex, members: usize, covered: usize) -> bool {
        if self.due < ticks_of_others(own, members, covered) {
            self.due = self.due.saturating_add(1);
            return false;
        }
        self.due = 0;
        true
    }

    /// No proposal is due.
    pub(super) fn is_not_due(&mut self) {
        self.due = 0;
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
