//! What is attested, and the certificate of it.

use serde::{Deserialize, Serialize};

use crate::actor::{Counter, Keys, NetworkId, Sig, Statement, signing_bytes};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::{AdoptFacts, Rules};
use crate::membership::{Generation, MAX_SEATS, Members, Seat, Signers};

/// How many bytes of a snapshot travel in one packet; the last chunk may have fewer.
pub const CHUNK_BYTES: usize = 32 * 1024;

/// The most chunks of a snapshot: 512 MiB.
pub const MAX_CHUNKS: usize = 1 << 14;

/// A clock, and the snapshot of whoever has delivered exactly that much: by digests, so that each chunk can be checked
/// alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// What is delivered.
    pub clock: Clock,
    /// How large the snapshot is.
    pub bytes: u64,
    /// The digest of each [`CHUNK_BYTES`] of it.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_CHUNKS>")]
    pub chunks: Vec<Digest>,
}

impl Outline {
    /// The outline of a snapshot; `None` if that is too large for one.
    pub(super) fn of(clock: Clock, snapshot: &[u8]) -> Option<Self> {
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
    pub(super) fn length(&self, chunk: usize) -> Option<usize> {
        let whole = usize::try_from(self.bytes).ok()?;
        let rest = whole.checked_sub(chunk.checked_mul(CHUNK_BYTES)?)?;
        (rest > 0).then_some(rest.min(CHUNK_BYTES))
    }

    /// Whether it fits together, for so many seats.
    fn check(&self, seats: usize) -> Result<(), Malformed> {
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
    pub(super) fn weight(&self) -> usize {
        let clock = self.clock.seats().saturating_mul(10);
        self.chunks
            .len()
            .saturating_mul(34)
            .saturating_add(clock)
            .saturating_add(64)
    }
}

/// "Whoever has delivered exactly this much has come to this."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CheckpointStatement {
    /// The generation the signer counts in.
    pub generation: Generation,
    /// The [digest](Outline::digest) of the outline.
    pub outline: Digest,
}

impl Statement for CheckpointStatement {
    const DOMAIN: &'static str = "bft-crdts/checkpoint/1";
}

/// A quorum of attestations of one outline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The generation whose members attest it.
    pub generation: Generation,
    /// What they attest.
    pub outline: Outline,
    /// Which of them.
    pub signers: Signers,
    /// Their signatures, in the order of their indices.
    pub signatures: Vec<Sig>,
}

impl Checkpoint {
    /// Checks the checkpoint on its own: what anyone can do who knows the members of its generation.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn check<K: Keys>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        self.verify::<K, crate::deterministic_secure_broadcast::Sound>(network, members)
    }

    pub(super) fn verify<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        let (have, got) = (members.generation(), self.generation);
        if have != got {
            return Err(Rejection::WrongGeneration { have, got });
        }
        self.outline.check(members.seats())?;
        let statement = CheckpointStatement {
            generation: self.generation,
            outline: self.outline.digest(),
        };
        let bytes = signing_bytes(network, &statement);
        let facts = AdoptFacts {
            attested: self.signers.count(),
            members: members.len(),
        };
        if !R::may_adopt(&facts) {
            return Err(Rejection::QuorumTooSmall {
                have: facts.attested,
                need: R::quorum(members.len()),
                generation: self.generation,
            });
        }
        let (signers, signatures) = (&self.signers, self.signatures.as_slice());
        check_quorum::<K, R>(members, signers, signatures, &bytes, 1, |_, _| false)
    }

    /// What it covers.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.outline.clock
    }

    /// Whether it covers more than the other, and all that the other does.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.clock(), other.clock());
        ours.is_ahead_of(theirs) && !theirs.is_ahead_of(ours)
    }

    /// About how many bytes it takes, never less.
    pub(super) fn weight(&self) -> usize {
        let signatures = self.signatures.len().saturating_mul(66);
        self.outline.weight().saturating_add(signatures)
    }
}

/// Where one source stands at a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tip {
    /// The digest of its last header; of none, the network id.
    pub(super) header: Digest,
    /// How many messages that makes.
    pub(super) messages: u64,
    /// That header's clock, without the zeros.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")]
    pub(super) clock: Vec<(Seat, Counter)>,
}

/// A snapshot: everything whoever goes on from a clock must know, in two strings, because the state is the algorithm's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// The [`Tip`] of every source, by seat.
    pub(super) tips: codec::Bytes,
    /// The state.
    pub(super) state: codec::Bytes,
}
