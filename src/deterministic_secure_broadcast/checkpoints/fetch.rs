//! Fetching the snapshot behind a checkpoint that is ahead of us, from any member that has it.
//!
//! A member that serves it is believed in nothing: chunks have the digests that the checkpoint names, and the certificates
//! of the last headers are checked like any other. What is wrong is rejected, and the next tick asks another member.

use super::base::{Base, tips_of};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{
    CHUNK_BYTES, Piece, PullSnapshot, SnapshotPart, Tip,
};
use crate::membership::{MAX_MEMBERS, Seat};

/// A replica that lacks so many operations is offered a snapshot, and takes it.
pub(super) const WORTH_OPS: u64 = 1024;

/// After how many ticks a checkpoint ahead of us is fetched, because what leads there seems to be had from no peer.
const WAIT_TICKS: u32 = 16;

/// After how many ticks without a piece a snapshot is given up for the newest one known.
const IDLE_TICKS: u32 = 8;

/// How many chunks one request is answered by, at most.
const CHUNKS_PER_PULL: usize = 4;

/// When a snapshot is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// When reading what leads to it is not worth it, or seems to be impossible.
    Short,
    /// When nobody seems to have the messages that lead to it: in so many ticks none of them was delivered.
    Long(u32),
}

impl Patience {
    /// Of a replica that keeps everything, if `keeps`: it asks every other member for the messages first.
    pub(super) fn of(keeps: bool, members: usize) -> Self {
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        match keeps {
            true => Self::Long(WAIT_TICKS.saturating_add(members)),
            false => Self::Short,
        }
    }
}

/// A snapshot that is being fetched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fetch {
    pub(super) checkpoint: Checkpoint,
    /// The digest of its manifest.
    manifest: Digest,
    /// The bytes of the chunks so far.
    pub(super) snapshot: Vec<u8>,
    chunks: usize,
    /// For how many ticks nothing has come.
    idle: u32,
    /// Once all chunks are here: where every source stands, with the certificates we have.
    pub(super) tips: Vec<(Tip, Option<Certificate>)>,
}

/// A piece that was checked, and what it adds.
#[derive(Debug)]
pub(crate) enum NewPiece {
    /// The next chunk.
    Chunk(Bytes),
    /// The last chunk, with what all of them say.
    LastChunk {
        /// The whole snapshot.
        snapshot: Vec<u8>,
        /// Where every source stands.
        tips: Vec<Tip>,
    },
    /// Certificates of last headers.
    Tips(Vec<(Seat, Certificate)>),
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
    fn lacks(&self) -> Option<SnapshotPart> {
        if self.chunks < self.checkpoint.manifest.chunks.len() {
            return Some(SnapshotPart::Chunks(u32::try_from(self.chunks).ok()?));
        }
        let mut tips = (0_u16..).map(Seat::new).zip(&self.tips);
        let lacking =
            tips.find(|(_, (tip, certificate))| tip.messages > 0 && certificate.is_none());
        lacking.map(|(seat, _)| SnapshotPart::Tips(seat))
    }

    /// Checks the next chunk.
    pub(super) fn check_chunk(&self, index: u32, bytes: &Bytes) -> Result<NewPiece, Rejection> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let manifest = &self.checkpoint.manifest;
        if index != self.chunks {
            return Err(Rejection::NotRequested);
        }
        let wanted = manifest.chunks.get(index).ok_or(Rejection::NotRequested)?;
        if Some(bytes.len()) != manifest.length(index) || Digest::of(bytes) != *wanted {
            return Err(Rejection::BadSnapshot);
        }
        if index.saturating_add(1) < manifest.chunks.len() {
            return Ok(NewPiece::Chunk(bytes.clone()));
        }
        let snapshot = [self.snapshot.as_slice(), bytes].concat();
        let tips = tips_of(&snapshot).filter(|tips| tips.len() == manifest.clock.seats());
        // A quorum may have attested what is no snapshot.
        let tips = tips.ok_or(Malformed::Snapshot)?;
        Ok(NewPiece::LastChunk { snapshot, tips })
    }

    /// Takes a piece that was checked; whether it was the last one that a request is answered by.
    fn take(&mut self, piece: NewPiece) -> bool {
        self.idle = 0;
        match piece {
            NewPiece::Chunk(bytes) => {
                self.snapshot.extend_from_slice(&bytes);
                self.chunks = self.chunks.saturating_add(1);
                self.chunks.checked_rem(CHUNKS_PER_PULL) == Some(0)
            }
            NewPiece::LastChunk { snapshot, tips } => {
                self.snapshot = snapshot;
                self.chunks = self.chunks.saturating_add(1);
                self.tips = tips.into_iter().map(|tip| (tip, None)).collect();
                true
            }
            NewPiece::Tips(certificates) => {
                for (seat, certificate) in certificates {
                    if let Some((_, place)) = self.tips.get_mut(seat.get()) {
                        *place = Some(certificate);
                    }
                }
                true
            }
        }
    }
}

/// What to do on a tick about a checkpoint that is ahead of us.
#[derive(Debug)]
pub(super) enum FetchStep {
    /// Nothing.
    Idle,
    /// It is delivered here by now.
    Delivered(Box<Checkpoint>),
    /// Ask the next member for what is lacking.
    Pull(PullSnapshot),
}

/// What comes of a piece that was taken.
#[derive(Debug)]
pub(super) enum Fetched {
    /// Others have been asked for.
    SnapshotPart,
    /// Ask its sender for what comes next.
    More(PullSnapshot),
    /// The snapshot is whole.
    Whole(Box<Fetch>),
}

/// The highest checkpoint that is not delivered here, and what is fetched of its snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fetching {
    ahead: Option<Checkpoint>,
    /// For how many ticks it has been ahead; with long patience, without coming nearer.
    waited: u32,
    /// What must come nearer, and how many operations of it are lacking: higher checkpoints that turn up meanwhile do not
    /// count.
    goal: Option<(VersionVector, u64)>,
    fetch: Option<Fetch>,
    /// The member that is asked next.
    turn: usize,
}

impl Fetching {
    /// The highest checkpoint known that is ahead of us.
    pub(super) fn ahead(&self) -> Option<&Checkpoint> {
        self.ahead.as_ref()
    }

    /// A checkpoint that is ahead of us, and of all we know of.
    pub(super) fn learn(&mut self, checkpoint: Checkpoint) {
        self.ahead = Some(checkpoint);
    }

    pub(super) fn is_fetching(&self) -> bool {
        self.fetch.is_some()
    }

    /// The fetch of the snapshot with this manifest.
    pub(super) fn of(&self, manifest: &Digest) -> Option<&Fetch> {
        let fetch = self.fetch.as_ref();
        fetch.filter(|fetch| fetch.manifest == *manifest)
    }

    /// A tick: begins to fetch the snapshot of the checkpoint ahead of us, or goes on with it.
    pub(super) fn tick(&mut self, delivered: &VersionVector, patience: Patience) -> FetchStep {
        let Some(ahead) = &self.ahead else {
            self.fetch = None;
            return FetchStep::Idle;
        };
        if !ahead.clock().is_ahead_of(delivered) {
            self.fetch = None;
            self.waited = 0;
            self.goal = None;
            let delivered = self.ahead.take().map(Box::new);
            return delivered.map_or(FetchStep::Idle, FetchStep::Delivered);
        }
        self.waited = self.waited.saturating_add(1);
        let due = match patience {
            Patience::Short => {
                let far = lag(ahead.clock(), delivered) >= WORTH_OPS;
                far || self.waited >= WAIT_TICKS
            }
            Patience::Long(ticks) => {
                let (goal, lacking) = self
                    .goal
                    .get_or_insert_with(|| (ahead.clock().clone(), u64::MAX));
                let now = lag(goal, delivered);
                if now < *lacking {
                    *lacking = now;
                    self.waited = 0;
                }
                if now == 0 {
                    self.goal = None;
                }
                self.waited >= ticks
            }
        };
        let idle = self.fetch.as_mut().map(|fetch| {
            fetch.idle = fetch.idle.saturating_add(1);
            fetch.idle
        });
        match idle {
            None if due => {
                self.fetch = Some(Fetch::new(ahead.clone()));
            }
            Some(IDLE_TICKS..) => {
                // No member seems to have it any more. If there is no newer one, any that one of them offers will do.
                let newer = self
                    .fetch
                    .take()
                    .is_none_or(|fetch| ahead.is_beyond(&fetch.checkpoint));
                match newer {
                    true => self.fetch = Some(Fetch::new(ahead.clone())),
                    false => self.ahead = None,
                }
            }
            None | Some(_) => {}
        }
        if self.fetch.is_none() {
            return FetchStep::Idle;
        }
        // Each in turn, one at a time: the same answer from two is one too many.
        self.turn = self.turn.wrapping_add(1);
        self.pull().map_or(FetchStep::Idle, FetchStep::Pull)
    }

    /// Which of so many other members is asked now.
    pub(super) fn turn(&self, others: usize) -> Option<usize> {
        self.turn.checked_rem(others)
    }

    /// The request for what is lacking.
    fn pull(&self) -> Option<PullSnapshot> {
        let fetch = self.fetch.as_ref()?;
        let (manifest, part) = (fetch.manifest, fetch.lacks()?);
        Some(PullSnapshot { manifest, part })
    }

    /// Takes a piece that was checked.
    pub(super) fn take(&mut self, piece: NewPiece) -> Fetched {
        let Some(fetch) = &mut self.fetch else {
            return Fetched::SnapshotPart;
        };
        let more = fetch.take(piece);
        match self.fetch.take_if(|fetch| fetch.lacks().is_none()) {
            Some(whole) => Fetched::Whole(Box::new(whole)),
            None if more => self.pull().map_or(Fetched::SnapshotPart, Fetched::More),
            None => Fetched::SnapshotPart,
        }
    }

    /// There is a new base, of what was delivered here one by one.
    pub(super) fn adopted(&mut self, base: &Checkpoint) {
        self.ahead.take_if(|ahead| !ahead.is_beyond(base));
    }

    /// There is a new base, whose snapshot was fetched.
    pub(super) fn installed(&mut self, clock: &VersionVector) {
        self.ahead
            .take_if(|ahead| !ahead.clock().is_ahead_of(clock));
        self.waited = 0;
        self.goal = None;
    }
}

impl Base {
    /// The pieces that answer one request, with how much each weighs.
    pub(super) fn pieces_of(&self, part: SnapshotPart) -> Vec<(usize, Piece)> {
        match part {
            SnapshotPart::Chunks(first) => {
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
            SnapshotPart::Tips(first) => {
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

/// How many operations lie between two version vectors.
pub(super) fn lag(ahead: &VersionVector, behind: &VersionVector) -> u64 {
    let lacking = ahead.iter().map(|(seat, counter)| {
        let have = behind.get(seat);
        counter.get().saturating_sub(have.get())
    });
    lacking.fold(0, u64::saturating_add)
}
