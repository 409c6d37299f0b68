//! The base: the highest checkpoint that is delivered here, and what is pruned below the one before it.

use crate::actor::Counter;
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::ledger::{Ledger, Logged};
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{
    CHUNK_BYTES, Piece, Snapshot, SnapshotPiece, Tip,
};

use crate::traits::SecureBroadcastAlgorithm;

/// A checkpoint with what lies behind it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Base {
    pub(crate) checkpoint: Checkpoint,
    /// The digest of its manifest.
    manifest: Digest,
    pub(super) snapshot: Bytes,
    /// The certificate of the last header of every source, by seat: what a seal has to show.
    pub(super) tips: Vec<Option<Certificate>>,
    /// How many messages it covers.
    messages: usize,
}

impl Base {
    /// A checkpoint with its snapshot; `None` if that cannot be read.
    pub(crate) fn new(
        checkpoint: Checkpoint,
        snapshot: Bytes,
        tips: Vec<Option<Certificate>>,
    ) -> Option<Self> {
        let sum = tips_of(&snapshot)?
            .iter()
            .map(|tip| tip.messages)
            .fold(0, u64::saturating_add);
        Some(Self {
            manifest: checkpoint.manifest.digest(),
            checkpoint,
            snapshot,
            tips,
            messages: usize::try_from(sum).unwrap_or(usize::MAX),
        })
    }

    /// The base in pieces that fit into records, and then that it holds.
    pub(crate) fn records(&self) -> Vec<Record> {
        let manifest = self.manifest;
        let chunks = (0..).zip(self.snapshot.chunks(CHUNK_BYTES));
        let chunks = chunks.map(|(index, bytes)| Piece::Chunk {
            index,
            bytes: Bytes::from(bytes),
        });
        let tips = self.tips.iter().flatten();
        let tips = tips.map(|certificate| Piece::Tips(vec![certificate.clone()]));
        let piece = |piece| Record::Snapshot(Box::new(SnapshotPiece { manifest, piece }));
        let installed = Record::Installed(Box::new(self.checkpoint.clone()));
        chunks.chain(tips).map(piece).chain([installed]).collect()
    }
}

fn parts(snapshot: &[u8]) -> Option<Snapshot> {
    codec::decode_within(snapshot.len(), snapshot).ok()
}

/// Where every source stands at a snapshot.
pub(crate) fn tips_of(snapshot: &[u8]) -> Option<Vec<Tip>> {
    let parts = parts(snapshot)?;
    codec::decode_within(parts.tips.len(), &parts.tips).ok()
}

/// The same, and the state.
pub(super) fn open<A: SecureBroadcastAlgorithm>(
    snapshot: &[u8],
) -> Option<(Vec<Tip>, A::ReplicatedState)> {
    let parts = parts(snapshot)?;
    let tips = codec::decode_within(parts.tips.len(), &parts.tips).ok()?;
    let state = codec::decode_within(parts.state.len(), &parts.state).ok()?;
    Some((tips, state))
}

/// What everything that is not pruned goes on from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bases<S> {
    /// The first state, until there is a base.
    pub(super) genesis: Option<S>,
    /// The highest checkpoint that is delivered here.
    base: Option<Base>,
    /// The one before it: what it covers is pruned, its snapshot is still served.
    before: Option<Base>,
}

impl<S> Bases<S> {
    pub(crate) fn new(genesis: S) -> Self {
        Self {
            genesis: Some(genesis),
            base: None,
            before: None,
        }
    }

    /// The highest checkpoint that is delivered here, with its snapshot.
    pub(crate) fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// How many messages it covers.
    pub(super) fn covered(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.messages)
    }

    /// What it covers of every source.
    pub(super) fn covers(&self) -> Option<&VersionVector> {
        self.base.as_ref().map(|base| base.checkpoint.clock())
    }

    /// The base with this manifest, if its snapshot is still served.
    pub(super) fn serves(&self, manifest: &Digest) -> Option<&Base> {
        let mut served = [&self.base, &self.before].into_iter().flatten();
        served.find(|base| base.manifest == *manifest)
    }

    /// Whether this checkpoint covers more than the base.
    pub(crate) fn is_news(&self, checkpoint: &Checkpoint) -> bool {
        let base = self.base.as_ref();
        base.is_none_or(|base| checkpoint.is_beyond(&base.checkpoint))
    }

    /// A new base, of what was delivered here. What the base before it covers is pruned from now on: that is returned.
    pub(crate) fn adopt(&mut self, base: Base) -> Option<VersionVector> {
        self.genesis = None;
        let before = self.base.replace(base)?;
        let clock = before.checkpoint.clock().clone();
        self.before = Some(before);
        Some(clock)
    }

    /// The certificate of every source's last header at a version vector, each of which `holds`. `None` if one is missing:
    /// what was believed only because of what came after it is not for us to hand on.
    pub(crate) fn tips_at<A: SecureBroadcastAlgorithm>(
        &self,
        ledger: &Ledger<A>,
        clock: &VersionVector,
        holds: impl Fn(&Logged) -> bool,
    ) -> Option<Vec<Option<Certificate>>> {
        let mut tips = Vec::with_capacity(clock.seats());
        for (seat, counter) in clock.iter() {
            if counter == Counter::ZERO {
                tips.push(None);
                continue;
            }
            if let Some(base) = &self.base
                && base.checkpoint.clock().get(seat) == counter
            {
                tips.push(base.tips.get(seat.get()).cloned().flatten());
                continue;
            }
            let logged = ledger.logged(seat, counter)?;
            if logged.last != counter || !holds(logged) {
                return None;
            }
            tips.push(Some(logged.certificate.clone()));
        }
        Some(tips)
    }

    /// A new base, of a snapshot that was fetched.
    pub(crate) fn install(&mut self, base: Base) {
        self.genesis = None;
        self.base = Some(base);
        self.before = None;
    }
}

/// What comes of a checkpoint that is delivered here.
#[derive(Debug)]
pub(crate) enum Adoption {
    /// Nothing: it is no news, we prune nothing, or we know too little to say.
    None,
    /// A quorum attests another state than ours.
    Diverged,
    /// It is the new base.
    Base(Box<Base>),
}
