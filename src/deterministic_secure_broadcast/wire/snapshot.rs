//! The state at a version vector, as it travels and lies on disk: in chunks, each with its digest in a manifest.

use serde::{Deserialize, Serialize};

use crate::actor::Counter;
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::error::Malformed;
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::membership::{MAX_MEMBERS, MAX_SEATS, Seat};

/// How many bytes of a snapshot travel in one packet; the last chunk may have fewer.
pub const CHUNK_BYTES: usize = 32 * 1024;

/// The most chunks of a snapshot: 512 MiB.
pub const MAX_CHUNKS: usize = 1 << 14;

/// A clock, and the snapshot of whoever has delivered exactly that much: by digests, so that each chunk can be checked
/// alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What is delivered.
    pub clock: VersionVector,
    /// How large the snapshot is.
    pub bytes: u64,
    /// The digest of each [`CHUNK_BYTES`] of it.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_CHUNKS>")]
    pub chunks: Vec<Digest>,
}

impl Manifest {
    /// The manifest of a snapshot; `None` if that is too large for one.
    pub(crate) fn of(clock: VersionVector, snapshot: &[u8]) -> Option<Self> {
        let chunks: Vec<Digest> = snapshot.chunks(CHUNK_BYTES).map(Digest::of).collect();
        (chunks.len() <= MAX_CHUNKS).then_some(Self {
            clock,
            bytes: u64::try_from(snapshot.len()).ok()?,
            chunks,
        })
    }

    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts("bft-crdts/outline/1", &[&codec::encode(self)])
    }

    /// How many bytes the chunk of this number has; `None` if there is none.
    pub(crate) fn length(&self, chunk: usize) -> Option<usize> {
        let whole = usize::try_from(self.bytes).ok()?;
        let rest = whole.checked_sub(chunk.checked_mul(CHUNK_BYTES)?)?;
        (rest > 0).then_some(rest.min(CHUNK_BYTES))
    }

    /// Whether it fits together, for so many seats.
    pub(super) fn check(&self, seats: usize) -> Result<(), Malformed> {
        let have = self.clock.seats();
        if have != seats {
            return Err(Malformed::Clock { have, need: seats });
        }
        let bytes = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        if bytes.div_ceil(CHUNK_BYTES) != self.chunks.len() || self.chunks.len() > MAX_CHUNKS {
            return Err(Malformed::Snapshot);
        }
        Ok(())
    }

    /// About how many bytes it takes, never less.
    pub(crate) fn weight(&self) -> usize {
        let clock = self.clock.seats().saturating_mul(10);
        self.chunks
            .len()
            .saturating_mul(34)
            .saturating_add(clock)
            .saturating_add(64)
    }
}

/// Which part of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapshotPart {
    /// Its chunks, from this one on.
    Chunks(u32),
    /// The certificates of the last headers of its sources, from this seat on.
    Tips(Seat),
}

/// "Send me this part of that snapshot."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSnapshot {
    /// The digest of its [`Manifest`].
    pub manifest: Digest,
    /// Which part.
    pub part: SnapshotPart,
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// A chunk of its bytes.
    Chunk {
        /// Its number, from 0.
        index: u32,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Certificates of last headers.
    Tips(#[serde(deserialize_with = "codec::at_most::<_, _, MAX_MEMBERS>")] Vec<Certificate>),
}

/// A part of this snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPiece {
    /// The digest of its [`Manifest`].
    pub manifest: Digest,
    /// The part.
    pub piece: Piece,
}

/// Where one source stands at a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tip {
    /// The digest of its last header; of none, the network id.
    pub(crate) header: Digest,
    /// How many messages that makes.
    pub(crate) messages: u64,
    /// That header's clock, without the zeros.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")]
    pub(crate) clock: Vec<(Seat, Counter)>,
}

/// A snapshot: everything whoever goes on from a clock must know, in two strings, because the state is the algorithm's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// The [`Tip`] of every source, by seat.
    pub(crate) tips: Bytes,
    /// The state.
    pub(crate) state: Bytes,
}
