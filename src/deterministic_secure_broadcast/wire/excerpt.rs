//! What a seal shows of one source, with the proof that it does: the seal itself is as large as the network.

use serde::{Deserialize, Serialize};

use super::generations::Generations;
use super::seal::{Seal, SealedSource, content};
use super::signed::SignedHeader;
use super::statement::SealStatement;
use crate::actor::{Keys, NetworkId, Sig, signing_bytes};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::HiddenFacts;
use crate::membership::{Generation, MAX_SEATS, Seat};

/// A seal of which all sources but one are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The generation sealed.
    pub generation: Generation,
    /// Every source the seal shows anything of, with the digest of that, by increasing seat.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")]
    pub contents: Vec<(Seat, Digest)>,
    /// What it shows of the one source that matters here; nothing if it shows nothing.
    pub shown: Option<SealedSource>,
    /// The signature of the [`SealStatement`].
    pub sig: Sig,
}

impl Excerpt {
    /// What this seal shows of `source`.
    #[must_use]
    pub fn of(seal: &Seal, source: Seat) -> Self {
        Self {
            generation: seal.generation,
            contents: seal.contents(),
            shown: seal.of(source).cloned(),
            sig: seal.sig,
        }
    }

    /// The certificate it shows of the source.
    pub(crate) fn best(&self) -> Option<&Certificate> {
        self.shown.as_ref()?.best.as_ref()
    }

    /// One of the open headers it shows of the source.
    pub(crate) fn open(&self, place: u16) -> Option<&SignedHeader> {
        self.shown.as_ref()?.open.get(usize::from(place))
    }

    /// What it says of the slot of this header.
    pub(crate) fn of_slot(
        &self,
        header: &Header,
        digest: &Digest,
        network: &NetworkId,
    ) -> HiddenFacts {
        let shown = self.shown.as_ref();
        let nothing = HiddenFacts {
            passed: false,
            open: false,
        };
        shown.map_or(nothing, |shown| shown.of_slot(header, digest, network))
    }

    /// Checks the form: that what is shown of `source` is all that the seal shows of it.
    pub(crate) fn check<K: Keys>(
        &self,
        source: Seat,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let ordered = self.contents.is_sorted_by(|(one, _), (next, _)| one < next);
        let listed = self.contents.iter().find(|(seat, _)| *seat == source);
        let shown = self.shown.as_ref();
        let same = match (listed, shown) {
            (None, None) => true,
            (Some((_, digest)), Some(shown)) => shown.source == source && shown.digest() == *digest,
            _ => false,
        };
        if !ordered || !same {
            return Err(Malformed::Seal.into());
        }
        let members = generations.members_of(self.generation);
        let (Some(shown), Some(members)) = (shown, members) else {
            return Ok(());
        };
        shown.check(generations.network(), members.seats(), self.generation)
    }

    /// What the signer has signed; nothing if the chain does not reach that far.
    pub(crate) fn signed_bytes<K: Keys>(&self, generations: &Generations<K>) -> Option<Vec<u8>> {
        let statement = SealStatement {
            generation: self.generation,
            link: *generations.tip_of(self.generation)?,
            content: content(&self.contents),
        };
        Some(signing_bytes(generations.network(), &statement))
    }
}
