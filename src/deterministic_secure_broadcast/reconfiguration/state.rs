//! What a replica keeps of the changes of members that are under way.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::{Actor, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::wire::{
    Lock, Proposal, Seal, Shown, Timeout, Timeouts, Vote,
};
use crate::membership::{Generation, MemberIndex};

use super::requested::Requested;
use super::statement_log::StatementLog;

/// What a replica knows about generations: those there were, and how far the next one is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reconfiguration {
    /// Seals of the generation before ours, with which we have activated it, of ours, and of the last one decided.
    pub(super) seals: BTreeMap<(Generation, MemberIndex), Seal>,
    pub(crate) requested: Requested,
    /// The keys that members of our generation have announced for the next one, ours included.
    pub(super) announced: BTreeMap<MemberIndex, (Actor, Sig)>,
    pub(super) round: Round,
    /// Who has said what about the end of our generation, and of the one before it.
    pub(super) statement_logs: BTreeMap<Generation, StatementLog>,
    /// Once we have left: who of this generation is known to have delivered all that we have; nothing once there are
    /// enough.
    pub(crate) leaving: Option<BTreeSet<Actor>>,
}

/// How far our generation is in deciding on the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Round {
    pub(super) attempt: u32,
    /// How the attempt before it ended.
    pub(super) entered: Option<Timeouts>,
    /// The first proposal of this attempt that we have seen.
    pub(super) proposal: Option<Proposal>,
    /// Votes of this attempt.
    pub(super) first: BTreeMap<MemberIndex, (Digest, Sig)>,
    pub(super) second: BTreeMap<MemberIndex, (Digest, Sig)>,
    /// Our own.
    pub(super) cast_first: Option<Vote>,
    pub(super) cast_second: Option<Vote>,
    /// Timeouts of this attempt.
    pub(super) timeouts: BTreeMap<MemberIndex, Shown>,
    /// Our own.
    pub(super) timeout: Option<Timeout>,
    /// The highest quorum of first votes that those timeouts have shown.
    pub(super) shown: Option<Lock>,
    /// The highest quorum of first votes ever seen in this generation.
    pub(super) lock: Option<Lock>,
    /// How many ticks this attempt has lasted while there was something to decide.
    pub(super) waited: u32,
}

impl Round {
    /// The next attempt of the same generation.
    pub(super) fn next(&mut self, attempt: u32, entered: Timeouts) {
        let lock = self.lock.take();
        *self = Round {
            attempt,
            entered: Some(entered),
            lock,
            ..Round::default()
        };
    }

    pub(super) fn show(&mut self, lock: Lock) {
        let known = self.shown.as_ref();
        if known.is_none_or(|known| known.attempt < lock.attempt) {
            self.shown = Some(lock);
        }
    }
}

impl Reconfiguration {
    pub(crate) fn new() -> Self {
        Self {
            seals: BTreeMap::new(),
            requested: Requested::default(),
            announced: BTreeMap::new(),
            round: Round::default(),
            statement_logs: BTreeMap::new(),
            leaving: None,
        }
    }

    /// Who has said what about the end of this generation.
    pub(super) fn statement_log(&mut self, generation: Generation) -> &mut StatementLog {
        self.statement_logs.entry(generation).or_default()
    }

    /// The seals of one generation.
    pub(super) fn seals_of(&self, generation: Generation) -> impl Iterator<Item = &Seal> + '_ {
        let from = (generation, MemberIndex::new(0));
        let to = (generation, MemberIndex::new(u16::MAX));
        self.seals.range(from..=to).map(|(_, seal)| seal)
    }

    /// Keeps the seals that may still be needed: of our generation and those before it, and of the last ones decided.
    pub(super) fn drop_distant_seals(&mut self, ours: Generation, last: Generation) {
        let near = |of: Generation| of <= ours || is_near(of, last);
        self.seals.retain(|(of, _), _| near(*of));
    }
}

/// Whether a generation is the last one that is decided, or one of the two before it.
pub(super) fn is_near(generation: Generation, last: Generation) -> bool {
    generation.get().saturating_add(2) >= last.get()
}
