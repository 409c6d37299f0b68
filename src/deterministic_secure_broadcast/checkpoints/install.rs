//! Going on from a snapshot that was fetched.

use super::base::{Base, open, tips_of};
use crate::codec::Bytes;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{Piece, SnapshotPiece, Tip};
use crate::traits::SecureBroadcastAlgorithm;

/// A snapshot that is whole and can be read.
#[derive(Debug)]
pub(crate) struct Installation<S> {
    pub(crate) base: Base,
    /// Where every source stands, with the certificate of its last header.
    pub(crate) tips: Vec<(Tip, Option<Certificate>)>,
    pub(crate) state: S,
}

impl<S> Installation<S> {
    /// Reads a snapshot. `None` if it is none: more than `f` members have attested what they have not worked out.
    pub(super) fn read<A: SecureBroadcastAlgorithm<ReplicatedState = S>>(
        checkpoint: Checkpoint,
        snapshot: Vec<u8>,
        tips: Vec<(Tip, Option<Certificate>)>,
    ) -> Option<Self> {
        let (_, state) = open::<A>(&snapshot)?;
        let certificates = tips.iter().map(|(_, tip)| tip.clone()).collect();
        let base = Base::new(checkpoint, Bytes::from(snapshot), certificates)?;
        Some(Self { base, tips, state })
    }
}

/// The pieces of a snapshot as a journal holds them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    snapshot: Vec<u8>,
    chunks: usize,
    certificates: Vec<Certificate>,
}

impl Pieces {
    /// Adds the next piece; `None` if it does not follow. The first chunk begins a new snapshot: a crash may have cut the
    /// one before it short.
    pub(crate) fn add(&mut self, piece: SnapshotPiece) -> Option<()> {
        match piece.piece {
            Piece::Chunk { index, bytes } => {
                if index == 0 {
                    *self = Self::default();
                }
                if usize::try_from(index).ok()? != self.chunks || !self.certificates.is_empty() {
                    return None;
                }
                self.snapshot.extend_from_slice(&bytes);
                self.chunks = self.chunks.saturating_add(1);
            }
            Piece::Tips(certificates) => self.certificates.extend(certificates),
        }
        Some(())
    }

    /// The whole snapshot; `None` if anything is missing.
    pub(crate) fn whole<A: SecureBroadcastAlgorithm>(
        self,
        checkpoint: Checkpoint,
    ) -> Option<Installation<A::ReplicatedState>> {
        if self.chunks != checkpoint.manifest.chunks.len() {
            return None;
        }
        let mut tips: Vec<_> = tips_of(&self.snapshot)?
            .into_iter()
            .map(|tip| (tip, None))
            .collect();
        for certificate in self.certificates {
            let (_, place) = tips.get_mut(certificate.header.source.get())?;
            *place = Some(certificate);
        }
        let whole = |(tip, certificate): &(Tip, Option<Certificate>)| {
            tip.messages == 0 || certificate.is_some()
        };
        if !tips.iter().all(whole) {
            return None;
        }
        Installation::read::<A>(checkpoint, self.snapshot, tips)
    }
}
