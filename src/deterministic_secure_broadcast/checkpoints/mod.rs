//! Checkpoints: a quorum vouches for the state at a clock, so that what lies below it can be forgotten, and whoever comes
//! later need not read it.
//!
//! The state at a clock is well defined, because operations commute as far as their causes allow (A5). A member
//! **drafts** a checkpoint: it names a clock it has delivered. Whoever has delivered as much works out the state at that
//! very clock and **attests** it (`make`). A quorum of attestations is a [`Checkpoint`]: every member takes it as its new
//! *base*, and forgets the messages below the base before it (`base`). Whoever lacks what others have forgotten fetches
//! the **snapshot** behind a checkpoint, chunk by chunk, from anybody, believes nothing of it but
//! what the checkpoint names, and goes on from there (`fetch`). With a base a journal can be made short (`compact`).
//!
//! No rule of safety rests on when checkpoints are made. An attestation is a statement about the past that stays true:
//! it binds nobody to anything, and two checkpoints cannot contradict each other unless more than `f` members lie.

mod base;
mod compact;
mod fetch;
mod make;
mod standing;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::Certificate;
use crate::deterministic_secure_broadcast::header::Clock;
use crate::membership::MemberIndex;

pub(super) use base::Base;

use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use fetch::Fetch;
use make::Drafted;
use standing::Standing;

/// After how many messages beyond the last checkpoint the next one is drafted, unless
/// [`checkpoint_every`](super::SecureBroadcast::checkpoint_every) says otherwise.
pub const CHECKPOINT_MESSAGES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// What a replica knows of checkpoints.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoints<S> {
    /// How many messages lie between two; `None` forgets nothing, and takes nobody's word for it.
    every: Option<NonZeroUsize>,
    /// What everything starts from, until there is a base.
    genesis: Option<S>,
    /// The highest checkpoint that is delivered here.
    base: Option<Base>,
    /// The one before it: what it covers is forgotten, its snapshot is still served.
    before: Option<Base>,
    /// How many messages were forgotten.
    forgotten: usize,
    /// Our draft, and who has attested it.
    draft: Option<Drafted>,
    /// What everything covers that we attest from here on.
    pledge: Clock,
    /// Whose drafts we attest, and for how many ticks now.
    host: Option<(MemberIndex, u32)>,
    /// Whose we have attested without a checkpoint coming of it, and for how many ticks others have precedence.
    hosted: BTreeMap<MemberIndex, u32>,
    /// How many ticks the base is old.
    age: u32,
    /// How many ticks a draft has been due.
    due: u32,
    /// What was worked out last.
    worked_out: Option<Standing>,
    /// The highest checkpoint that is not delivered here.
    ahead: Option<Checkpoint>,
    /// For how many ticks.
    waited: u32,
    /// The snapshot that is being fetched.
    fetch: Option<Fetch>,
    /// Whose turn it is to be asked for it.
    turn: usize,
    /// A snapshot that is put back from a journal: its bytes, and the certificates of last headers.
    parts: (Vec<u8>, Vec<Certificate>),
}

impl<S> Checkpoints<S> {
    pub(super) fn new(genesis: S) -> Self {
        Self {
            every: Some(CHECKPOINT_MESSAGES),
            genesis: Some(genesis),
            base: None,
            before: None,
            forgotten: 0,
            draft: None,
            pledge: Clock::zero(0),
            host: None,
            hosted: BTreeMap::new(),
            age: 0,
            due: 0,
            worked_out: None,
            ahead: None,
            waited: 0,
            fetch: None,
            turn: 0,
            parts: (Vec::new(), Vec::new()),
        }
    }

    /// A new generation has begun: nobody attests anything in the old one any more. What was attested in it stays true.
    pub(super) fn begin_generation(&mut self) {
        self.draft = None;
        self.due = 0;
        self.worked_out = None;
        self.free();
    }

    /// There is a new base, or a new generation: anybody may draft.
    fn free(&mut self) {
        self.host = None;
        self.hosted.clear();
    }

    /// There is a new base.
    fn renew(&mut self, base: Base) -> Option<Base> {
        self.free();
        self.age = 0;
        self.base.replace(base)
    }
}
