//! Fetching the snapshot behind a checkpoint, from anybody who has it, and going on from there.
//!
//! Whoever serves it is believed in nothing: chunks have the digests that the checkpoint names, and the certificates of the
//! last headers are checked like any other. What is wrong is rejected, and the next tick asks somebody else.

use super::base::{Base, open, tips_of};
use crate::actor::{Actor, Counter, Keys};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::ledger::Position;
use crate::deterministic_secure_broadcast::packet::{Payload, Pull};
use crate::deterministic_secure_broadcast::quota::{Charge, Once};
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{
    CHUNK_BYTES, Part, Piece, PullSnapshot, SnapshotPiece, Tip,
};
use crate::deterministic_secure_broadcast::{Certificate, SecureBroadcast};
use crate::membership::{MAX_MEMBERS, Seat};
use crate::traits::SecureBroadcastAlgorithm;

/// Whoever lacks so many operations is offered a snapshot, and takes it.
const WORTH_OPS: u64 = 1024;

/// After how many ticks a checkpoint ahead of us is fetched, because what leads there seems to be had from nobody.
const WAIT_TICKS: u32 = 16;

/// After how many ticks without a piece a snapshot is given up for the newest one known.
const IDLE_TICKS: u32 = 8;

/// How many chunks one request is answered by, at most.
const CHUNKS_PER_PULL: usize = 4;

/// A snapshot that is being fetched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fetch {
    checkpoint: Checkpoint,
    manifest: Digest,
    /// The bytes of the chunks so far.
    snapshot: Vec<u8>,
    chunks: usize,
    /// For how many ticks nothing has come.
    idle: u32,
    /// Once all chunks are here: where every source stands, with the certificates we have.
    tips: Vec<(Tip, Option<Certificate>)>,
}

impl Fetch {
    fn new(checkpoint: Checkpoint) -> Self {
        Self {
            manifest: checkpoint.manifest.digest(),
            checkpoint,
            snapshot: Vec::new(),
            chunks: 0,
            idle: 0,
            tips: Vec::new(),
        }
    }

    /// What to ask for next; nothing once it is whole.
    fn lacks(&self) -> Option<Part> {
        if self.chunks < self.checkpoint.manifest.chunks.len() {
            return Some(Part::Chunks(u32::try_from(self.chunks).ok()?));
        }
        let mut tips = (0_u16..).map(Seat::new).zip(&self.tips);
        let lacking =
            tips.find(|(_, (tip, certificate))| tip.messages > 0 && certificate.is_none());
        lacking.map(|(seat, _)| Part::Tips(seat))
    }

    /// The next chunk.
    fn take_chunk(&mut self, index: u32, bytes: &[u8]) -> Result<(), Rejection> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let manifest = &self.checkpoint.manifest;
        if index != self.chunks {
            return Err(Rejection::NotRequested);
        }
        let wanted = manifest.chunks.get(index).ok_or(Rejection::NotRequested)?;
        if Some(bytes.len()) != manifest.length(index) || Digest::of(bytes) != *wanted {
            return Err(Rejection::BadSnapshot);
        }
        self.snapshot.extend_from_slice(bytes);
        self.chunks = self.chunks.saturating_add(1);
        if self.chunks == manifest.chunks.len() {
            let tips = tips_of(&self.snapshot).filter(|tips| tips.len() == manifest.clock.seats());
            let Some(tips) = tips else {
                // A quorum has attested what is no snapshot.
                self.snapshot
                    .truncate(self.snapshot.len().saturating_sub(bytes.len()));
                self.chunks = index;
                return Err(Malformed::Snapshot.into());
            };
            self.tips = tips.into_iter().map(|tip| (tip, None)).collect();
        }
        Ok(())
    }
}

impl Base {
    /// The pieces that answer one request, with how much each weighs.
    fn pieces_of(&self, part: Part) -> Vec<(usize, Piece)> {
        match part {
            Part::Chunks(first) => {
                let first = usize::try_from(first).unwrap_or(usize::MAX);
                let chunks = self.snapshot.chunks(CHUNK_BYTES).enumerate();
                let chunks = chunks.skip(first).take(CHUNKS_PER_PULL);
                let piece = |(index, chunk): (usize, &[u8])| {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    let bytes = Bytes::from(chunk);
                    (chunk.len(), Piece::Chunk { index, bytes })
                };
                chunks.map(piece).collect()
            }
            Part::Tips(first) => {
                let tips = self.tips.iter().skip(first.get()).flatten();
                let tips: Vec<Certificate> = tips.take(MAX_MEMBERS).cloned().collect();
                let weight = tips
                    .iter()
                    .map(Certificate::weight)
                    .fold(0, usize::saturating_add);
                let piece = (!tips.is_empty()).then_some((weight, Piece::Tips(tips)));
                piece.into_iter().collect()
            }
        }
    }
}

pub(in crate::deterministic_secure_broadcast) struct Offer {
    pub(in crate::deterministic_secure_broadcast) checkpoint: Option<(Charge, Box<Checkpoint>)>,
    pub(in crate::deterministic_secure_broadcast) is_pruned: bool,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// A tick: begins to fetch the snapshot of a checkpoint ahead of us, or asks somebody else for what it lacks.
    pub(super) fn tick_fetch(&mut self, effects: &mut Effects<A>) {
        let Some(ahead) = &self.checkpoints.ahead else {
            self.checkpoints.fetch = None;
            return;
        };
        if !ahead.clock().is_ahead_of(self.ledger.clock()) {
            if let Some(checkpoint) = self.checkpoints.ahead.take() {
                self.checkpoints.fetch = None;
                self.checkpoints.waited = 0;
                self.adopt(checkpoint, effects);
            }
            return;
        }
        self.checkpoints.waited = self.checkpoints.waited.saturating_add(1);
        let far = lag(ahead.clock(), self.ledger.clock()) >= WORTH_OPS;
        let idle = self.checkpoints.fetch.as_mut().map(|fetch| {
            fetch.idle = fetch.idle.saturating_add(1);
            fetch.idle
        });
        match idle {
            None if far || self.checkpoints.waited >= WAIT_TICKS => {
                self.checkpoints.fetch = Some(Fetch::new(ahead.clone()));
            }
            Some(IDLE_TICKS..) => {
                // Nobody seems to have it any more. If there is no newer one, any that somebody offers will do.
                let newer = self
                    .checkpoints
                    .fetch
                    .take()
                    .is_none_or(|fetch| ahead.is_beyond(&fetch.checkpoint));
                match newer {
                    true => self.checkpoints.fetch = Some(Fetch::new(ahead.clone())),
                    false => self.checkpoints.ahead = None,
                }
            }
            None | Some(_) => {}
        }
        if self.checkpoints.fetch.is_some() {
            // Everybody in turn, one at a time: the same answer from two is one too many.
            self.checkpoints.turn = self.checkpoints.turn.wrapping_add(1);
            let others = self
                .chain
                .members()
                .actors()
                .iter()
                .filter(|member| **member != self.actor());
            let others: Vec<Actor> = others.copied().collect();
            let turn = self.checkpoints.turn.checked_rem(others.len());
            if let Some(peer) = turn.and_then(|turn| others.get(turn)) {
                self.pull_snapshot(*peer, effects);
            }
        }
    }

    fn pull_snapshot(&self, peer: Actor, effects: &mut Effects<A>) {
        if let Some(fetch) = &self.checkpoints.fetch
            && let Some(part) = fetch.lacks()
        {
            let manifest = fetch.manifest;
            let pull = PullSnapshot { manifest, part };
            effects.send(To::One(peer), Payload::PullSnapshot(pull));
        }
    }

    /// A peer that lacks what is pruned here, or so much that it is not worth reading, is offered our base. `None` if it
    /// lacks neither.
    pub(in crate::deterministic_secure_broadcast) fn decide_offer(
        &self,
        to: &Actor,
        theirs: &Clock,
    ) -> Option<Offer> {
        let is_pruned = theirs
            .iter()
            .any(|(seat, counter)| counter < self.ledger.low_water(seat));
        if !is_pruned && lag(self.ledger.clock(), theirs) < WORTH_OPS {
            return None;
        }
        let base = self.checkpoints.base.as_ref().filter(|base| {
            base.checkpoint.clock().is_ahead_of(theirs)
                && self.quota.may(to, true, Once::OfferCheckpoint)
        });
        let checkpoint = base.and_then(|base| {
            let checkpoint = Box::new(base.checkpoint.clone());
            let mut charge = self.charge_nothing(to);
            charge
                .add(checkpoint.weight())
                .then_some((charge, checkpoint))
        });
        Some(Offer {
            checkpoint,
            is_pruned,
        })
    }

    fn pieces_of(&self, pull: &PullSnapshot) -> Option<Vec<(usize, Piece)>> {
        let held = [&self.checkpoints.base, &self.checkpoints.before];
        let mut held = held.into_iter().flatten();
        let base = held.find(|base| base.manifest == pull.manifest)?;
        Some(base.pieces_of(pull.part))
    }

    pub(in crate::deterministic_secure_broadcast) fn on_pull_snapshot(
        &mut self,
        from: Actor,
        pull: &PullSnapshot,
    ) -> Result<Effects<A>, Rejection> {
        self.check_served(from)?;
        let manifest = pull.manifest;
        let Some(pieces) = self.pieces_of(pull) else {
            // Too late: there is a newer one.
            let base = self
                .checkpoints
                .base
                .as_ref()
                .ok_or(Rejection::NotRequested)?;
            let checkpoint = base.checkpoint.clone();
            self.spend(from, checkpoint.weight())?;
            let mut effects = Effects::none();
            effects.send(To::One(from), Payload::Checkpoint(Box::new(checkpoint)));
            return Ok(effects);
        };
        if pieces.is_empty() {
            return Err(Rejection::NotRequested);
        }
        let mut effects = Effects::none();
        for (weight, piece) in pieces {
            if self.spend(from, weight).is_err() {
                break;
            }
            let payload = Payload::Snapshot(Box::new(SnapshotPiece { manifest, piece }));
            effects.send(To::One(from), payload);
        }
        if effects.is_empty() {
            return Err(Rejection::OverBudget);
        }
        Ok(effects)
    }

    pub(in crate::deterministic_secure_broadcast) fn on_snapshot(
        &mut self,
        from: Actor,
        piece: SnapshotPiece,
    ) -> Result<Effects<A>, Rejection> {
        let fetch = self
            .checkpoints
            .fetch
            .as_mut()
            .ok_or(Rejection::NotRequested)?;
        if piece.manifest != fetch.manifest {
            return Err(Rejection::NotRequested);
        }
        // A request is answered by some pieces; the last of them asks for more.
        let more = match piece.piece {
            Piece::Chunk { index, bytes } => {
                fetch.take_chunk(index, &bytes)?;
                fetch.chunks.checked_rem(CHUNKS_PER_PULL) == Some(0)
                    || fetch.chunks == fetch.checkpoint.manifest.chunks.len()
            }
            Piece::Tips(certificates) => {
                self.take_tips(certificates)?;
                true
            }
        };
        let mut effects = Effects::none();
        if let Some(fetch) = &mut self.checkpoints.fetch {
            fetch.idle = 0;
        }
        let fetch = self
            .checkpoints
            .fetch
            .take_if(|fetch| fetch.lacks().is_none());
        match fetch {
            Some(fetch) => {
                self.recognise(fetch.checkpoint.clock(), &mut effects);
                self.install(fetch, &mut effects);
                self.advance(&mut effects);
                let (generation, clock) = (self.generation(), self.ledger.clock().clone());
                effects.send(To::One(from), Payload::Pull(Pull { generation, clock }));
            }
            None if more => self.pull_snapshot(from, &mut effects),
            None => {}
        }
        Ok(effects)
    }

    /// Certificates of last headers, each checked as if nobody vouched for the header.
    fn take_tips(&mut self, certificates: Vec<Certificate>) -> Result<(), Rejection> {
        let mut taken = Vec::new();
        let fetch = self
            .checkpoints
            .fetch
            .as_ref()
            .ok_or(Rejection::NotRequested)?;
        for certificate in certificates {
            let seat = certificate.header.source;
            let Some((tip, None)) = fetch.tips.get(seat.get()) else {
                continue;
            };
            let digest = certificate.header.digest(self.signer.network());
            let ends = certificate.header.last() == Some(fetch.checkpoint.clock().get(seat));
            if digest != tip.header || !ends {
                return Err(Rejection::BadSnapshot);
            }
            let held = self
                .best(seat)
                .is_some_and(|(best, _)| *best == certificate);
            if !held {
                let members = self.members_of(certificate.generation);
                let members = members.ok_or(Rejection::BadSnapshot)?;
                certificate.verify::<K, R>(self.signer.network(), members, &digest, &[])?;
            }
            taken.push((seat, certificate));
        }
        if taken.is_empty() {
            return Err(Rejection::NotRequested);
        }
        if let Some(fetch) = &mut self.checkpoints.fetch {
            for (seat, certificate) in taken {
                if let Some((_, place)) = fetch.tips.get_mut(seat.get()) {
                    *place = Some(certificate);
                }
            }
        }
        Ok(())
    }

    /// I13: whatever our key has issued beyond all that we know was issued by somebody else.
    fn recognise(&mut self, clock: &Clock, effects: &mut Effects<A>) {
        let flying = self
            .source
            .flight
            .as_ref()
            .and_then(|flight| flight.header.last());
        let issued = flying
            .unwrap_or(Counter::ZERO)
            .max(self.delivered(&self.actor()));
        if self
            .chain
            .seat()
            .is_some_and(|seat| clock.get(seat) > issued)
        {
            self.halt(Halt::KeyUsedElsewhere, effects);
        }
    }

    /// Goes on from a snapshot: its state, and on top of it what was delivered here beyond its clock.
    fn install(&mut self, fetch: Fetch, effects: &mut Effects<A>) {
        let Fetch {
            checkpoint,
            snapshot,
            tips,
            ..
        } = fetch;
        let Some((_, state)) = open::<A>(&snapshot) else {
            return;
        };
        // What is forgotten here, and not in it, would be lost.
        if self
            .checkpoint()
            .is_some_and(|base| !checkpoint.is_beyond(base))
        {
            return;
        }
        let certificates: Vec<_> = tips.iter().map(|(_, tip)| tip.clone()).collect();
        let snapshot = Bytes::from(snapshot);
        let Some(base) = Base::new(checkpoint, snapshot, certificates) else {
            return;
        };
        self.persist_base(&base, effects);
        let clock = base.checkpoint.clock().clone();
        let mut algorithm = A::new(self.actor());
        algorithm.sync_from(state);
        let positions = clock
            .iter()
            .zip(tips)
            .map(|((_, counter), (tip, certificate))| Position {
                counter,
                header: tip.header,
                messages: usize::try_from(tip.messages).unwrap_or(usize::MAX),
                clock: tip.clock,
                certificate,
            });
        let before = self.ledger.clock().clone();
        self.ledger
            .install(algorithm, self.chain.members(), &clock, positions.collect());
        for (seat, counter) in clock
            .iter()
            .filter(|(seat, counter)| *counter > before.get(*seat))
        {
            self.slots.settle(seat, counter);
            if self.chain.seat() == Some(seat) {
                self.source.settle(counter);
            }
        }
        self.checkpoints.renew(base);
        self.checkpoints.before = None;
        self.checkpoints.genesis = None;
        self.checkpoints
            .ahead
            .take_if(|ahead| !ahead.clock().is_ahead_of(&clock));
        self.checkpoints.waited = 0;
        effects.push(Effect::Installed { clock });
    }

    /// The snapshot in pieces that fit into records, and then that it holds.
    fn persist_base(&mut self, base: &Base, effects: &mut Effects<A>) {
        for record in pieces(base) {
            self.persist(record, effects);
        }
        let checkpoint = Box::new(base.checkpoint.clone());
        self.persist(Record::Installed(checkpoint), effects);
    }

    /// Puts a piece of a snapshot back; `None` if it does not follow.
    pub(in crate::deterministic_secure_broadcast) fn replay_piece(&mut self, piece: SnapshotPiece) {
        let parts = &mut self.checkpoints.parts;
        match piece.piece {
            Piece::Chunk { index: 0, bytes } => *parts = (bytes.to_vec(), Vec::new()),
            Piece::Chunk { bytes, .. } => parts.0.extend_from_slice(&bytes),
            Piece::Tips(certificates) => parts.1.extend(certificates),
        }
    }

    /// Installs the snapshot of the pieces before it.
    pub(in crate::deterministic_secure_broadcast) fn replay_installed(
        &mut self,
        checkpoint: Checkpoint,
    ) -> Option<()> {
        let (snapshot, certificates) = std::mem::take(&mut self.checkpoints.parts);
        let mut tips: Vec<_> = tips_of(&snapshot)?
            .into_iter()
            .map(|tip| (tip, None))
            .collect();
        for certificate in certificates {
            let (_, place) = tips.get_mut(certificate.header.source.get())?;
            *place = Some(certificate);
        }
        let fetch = Fetch {
            chunks: checkpoint.manifest.chunks.len(),
            idle: 0,
            manifest: checkpoint.manifest.digest(),
            checkpoint,
            snapshot,
            tips,
        };
        fetch
            .lacks()
            .is_none()
            .then(|| self.install(fetch, &mut Effects::none()))
    }
}

/// A base in pieces that fit into records.
pub(super) fn pieces(base: &Base) -> impl Iterator<Item = Record> + '_ {
    let manifest = base.manifest;
    let chunks = (0..).zip(base.snapshot.chunks(CHUNK_BYTES));
    let chunks = chunks.map(|(index, bytes)| Piece::Chunk {
        index,
        bytes: Bytes::from(bytes),
    });
    let tips = base.tips.iter().flatten();
    let tips = tips.map(|certificate| Piece::Tips(vec![certificate.clone()]));
    let piece = move |piece| Record::Snapshot(Box::new(SnapshotPiece { manifest, piece }));
    chunks.chain(tips).map(piece)
}

/// How many operations lie between two clocks.
fn lag(ahead: &Clock, behind: &Clock) -> u64 {
    let lacking = ahead.iter().map(|(seat, counter)| {
        let have = behind.get(seat);
        counter.get().saturating_sub(have.get())
    });
    lacking.fold(0, u64::saturating_add)
}
