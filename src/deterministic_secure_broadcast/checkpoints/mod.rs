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
mod state;
mod state_at;

pub(super) use base::{Base, Bases};
pub(super) use fetch::NewPiece;
pub(super) use install::{Installation, Pieces};
pub use state::CHECKPOINT_MESSAGES;
pub(super) use state::Checkpoints;
pub(super) use state_at::StateAt;
