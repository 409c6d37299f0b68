//! Checkpoints: a quorum attests the state at a version vector, so that what lies below it can be pruned, and a replica
//! that comes later need not read it.
//!
//! The state at a version vector is well defined, because operations commute as far as their causes allow (A5). A member
//! **proposes** a checkpoint: it names a version vector that it has delivered. A member that has delivered as much works
//! out the state at that very vector (`state_at`) and **attests** it (`propose`). A quorum of attestations is a
//! [`Checkpoint`](super::Checkpoint): every member takes it as its new *base*, and prunes the messages below the base before
//! it (`base`). A replica that lacks what others have pruned fetches the **snapshot** behind a checkpoint, chunk by chunk,
//! from any member that has it, believes nothing of it but what the checkpoint names, and goes on from there (`fetch`,
//! `install`).
//!
//! No rule of safety rests on when checkpoints are made. An attestation is a statement about the past that stays true:
//! it binds nobody to anything, and two checkpoints cannot contradict each other unless more than `f` members are faulty.

mod adopt;
mod base;
mod fetch;
mod install;
mod packets;
mod propose;
mod serve;
mod state_at;

use std::num::NonZeroUsize;

use crate::actor::Counter;
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;

pub(super) use base::{Base, Bases};
pub(super) use fetch::NewPiece;
pub(super) use install::{Installation, Pieces};
pub(super) use state_at::StateAt;

use fetch::Fetching;
use propose::{OwnProposal, Turns};

/// After how many messages beyond the last checkpoint the next one is proposed, unless
/// [`checkpoint_every`](super::SecureBroadcast::checkpoint_every) says otherwise.
pub const CHECKPOINT_MESSAGES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// How far the next checkpoint is: proposals, attestations, and what is fetched of one that is ahead of us.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoints {
    /// How many messages lie between two; `None` prunes nothing, and fetches nothing.
    every: Option<NonZeroUsize>,
    /// The attestation floor: what everything covers that we attest from here on.
    floor: Clock,
    /// Our proposal, and who has attested it.
    proposal: Option<OwnProposal>,
    turns: Turns,
    /// The state that was worked out last.
    worked_out: Option<StateAt>,
    fetching: Fetching,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self {
            every: Some(CHECKPOINT_MESSAGES),
            floor: Clock::zero(0),
            proposal: None,
            turns: Turns::default(),
            worked_out: None,
            fetching: Fetching::default(),
        }
    }

    /// A new generation has begun: nobody attests anything in the old one any more. What was attested in it stays true.
    pub(super) fn begin_generation(&mut self) {
        self.proposal = None;
        self.worked_out = None;
        self.turns.begin_generation();
    }

    /// There is a new base, of what was delivered here one by one.
    pub(super) fn adopted(&mut self, base: &Checkpoint) {
        self.turns.begin_base();
        self.fetching.adopted(base);
        self.worked_out
            .take_if(|known| known.manifest == base.manifest);
    }

    /// There is a new base, whose snapshot was fetched.
    pub(super) fn installed(&mut self, clock: &Clock) {
        self.turns.begin_base();
        self.fetching.installed(clock);
    }

    /// From here on we attest nothing that does not cover this, too.
    pub(super) fn raise_floor(&mut self, clock: &Clock) {
        self.floor.grow(clock.seats());
        for (seat, counter) in clock.iter().filter(|(_, counter)| *counter > Counter::ZERO) {
            self.floor.advance(seat, counter);
        }
    }

    /// What binds us to cover it, if anything does.
    pub(super) fn floor(&self) -> Option<&Clock> {
        let mut counters = self.floor.iter();
        counters
            .any(|(_, counter)| counter > Counter::ZERO)
            .then_some(&self.floor)
    }
}
