//! Generations: who may echo changes, safely, while operations keep flowing (R3–R7).
//!
//! The way of a change, in one direction: [`propose`](super::SecureBroadcast::propose) → members **approve** it
//! (`approve`) and announce the keys they will have (`keys`) → the leader of an attempt proposes one that a quorum
//! approves, and two rounds of votes **decide** (`decide`, `attempt`) → every member **seals** its generation: it
//! echoes no more, says what it is bound to (`seal`), and erases its key → with the decision and any quorum of seals a
//! replica **activates** the next generation, bound to all that those who sealed were bound to (`activate`) → what was
//! in flight is requested again. Whoever was away fetches the chain of decisions, and the seals (`chain`), and proves
//! old certificates by the headers after them (`ancestry`).
//!
//! The data path does not wait for any of it but between seal and activation.

mod accuse;
mod activate;
mod ancestry;
mod approve;
mod attempt;
mod chain;
mod decide;
mod docket;
mod headers;
mod join;
mod keys;
mod receive;
mod records;
mod step;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::actor::{Actor, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::wire::{
    Lock, Proposal, Seal, Shown, Timeout, Timeouts, Vote,
};
use crate::membership::{Change, Generation, MemberIndex};

pub(super) use ancestry::Ancestry;
pub use approve::ChangeRefused;
use docket::Docket;
pub(super) use receive::Received;

/// What a replica knows about generations: those there were, and how far the next one is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reconfiguration {
    /// Seals of the generation before ours, with which we have activated it, of ours, and of the last one decided.
    seals: BTreeMap<(Generation, MemberIndex), Seal>,
    /// What we approve, now and in later generations, as long as it applies.
    wanted: BTreeSet<Change>,
    /// Who wants to join, with the proof of possession.
    candidates: BTreeMap<Actor, Sig>,
    /// Those of them that nobody is known to approve, in the order in which they asked. Bounded.
    crowd: VecDeque<Actor>,
    /// Approvals in our generation.
    approvals: BTreeMap<Change, BTreeMap<MemberIndex, Sig>>,
    /// The keys that members of our generation have announced for the next one, ours included.
    announced: BTreeMap<MemberIndex, (Actor, Sig)>,
    round: Round,
    /// Who has said what about the end of our generation, and of the one before it.
    dockets: BTreeMap<Generation, Docket>,
    /// Whether we want to be a member.
    joining: bool,
    /// Once we have left: who of this generation is known to have delivered all that we have; nothing once there are
    /// enough.
    pub(super) leaving: Option<BTreeSet<Actor>>,
}

/// How far our generation is in deciding on the next.
#[derive(Clone, Debug, Default, PartialEq)]
struct Round {
    attempt: u32,
    /// How the attempt before it ended.
    entered: Option<Timeouts>,
    /// The first proposal of this attempt that we have seen.
    proposal: Option<Proposal>,
    /// Votes of this attempt.
    first: BTreeMap<MemberIndex, (Digest, Sig)>,
    second: BTreeMap<MemberIndex, (Digest, Sig)>,
    /// Our own.
    cast_first: Option<Vote>,
    cast_second: Option<Vote>,
    /// Timeouts of this attempt.
    timeouts: BTreeMap<MemberIndex, Shown>,
    /// Our own.
    timeout: Option<Timeout>,
    /// The highest quorum of first votes that those timeouts have shown.
    shown: Option<Lock>,
    /// The highest quorum of first votes ever seen in this generation.
    lock: Option<Lock>,
    /// How many ticks this attempt has lasted while there was something to decide.
    waited: u32,
}

impl Round {
    /// The next attempt of the same generation.
    fn next(&mut self, attempt: u32, entered: Timeouts) {
        let lock = self.lock.take();
        *self = Round {
            attempt,
            entered: Some(entered),
            lock,
            ..Round::default()
        };
    }

    fn show(&mut self, lock: Lock) {
        let known = self.shown.as_ref();
        if known.is_none_or(|known| known.attempt < lock.attempt) {
            self.shown = Some(lock);
        }
    }
}

impl Reconfiguration {
    pub(super) fn new() -> Self {
        Self {
            seals: BTreeMap::new(),
            wanted: BTreeSet::new(),
            candidates: BTreeMap::new(),
            crowd: VecDeque::new(),
            approvals: BTreeMap::new(),
            announced: BTreeMap::new(),
            round: Round::default(),
            dockets: BTreeMap::new(),
            joining: false,
            leaving: None,
        }
    }

    /// Makes room for one more who asks to join: whoever of the crowd asked first has to ask again.
    fn make_room(&mut self, most: usize) {
        if self.crowd.len() < most {
            return;
        }
        let (wanted, approvals) = (&self.wanted, &self.approvals);
        self.crowd.retain(|actor| {
            let join = Change::Join(*actor);
            !wanted.contains(&join) && !approvals.contains_key(&join)
        });
        while self.crowd.len() >= most
            && let Some(first) = self.crowd.pop_front()
        {
            self.candidates.remove(&first);
        }
    }

    /// Who has said what about the end of this generation.
    fn docket(&mut self, generation: Generation) -> &mut Docket {
        self.dockets.entry(generation).or_default()
    }

    /// The seals of one generation.
    fn seals_of(&self, generation: Generation) -> impl Iterator<Item = &Seal> + '_ {
        let from = (generation, MemberIndex::new(0));
        let to = (generation, MemberIndex::new(u16::MAX));
        self.seals.range(from..=to).map(|(_, seal)| seal)
    }

    /// Keeps the seals that may still be needed: of our generation and those before it, and of the last ones decided.
    fn drop_distant_seals(&mut self, ours: Generation, last: Generation) {
        let near = |of: Generation| of <= ours || receive::is_near(of, last);
        self.seals.retain(|(of, _), _| near(*of));
    }

    /// Whether somebody who is no member may be served: we approve its joining.
    pub(super) fn admits(&self, actor: &Actor) -> bool {
        self.wanted.contains(&Change::Join(*actor))
    }
}
