//! Checkpoints: what is proposed, what a member attests, and the certificate of it.

use serde::{Deserialize, Serialize};

use super::snapshot::Manifest;
use crate::actor::{Keys, NetworkId, Sig, Statement, signing_bytes};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::{AdoptFacts, Rules, Sound};
use crate::membership::{Generation, Members, Signers};

/// "Please attest our state at this clock."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointProposal {
    /// The generation to be attested in.
    pub generation: Generation,
    /// The clock, one that its sender has delivered.
    pub clock: VersionVector,
}

/// "A replica that has delivered this much has this state"; the signer is the member the packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attest {
    /// The generation the signer counts in.
    pub generation: Generation,
    /// The digest of the draft's clock: an attestation of an older draft comes late.
    pub clock: Digest,
    /// The digest of the [`Manifest`].
    pub manifest: Digest,
    /// The signature of the [`CheckpointStatement`].
    pub sig: Sig,
}

/// "A replica that has delivered exactly this much has this state."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CheckpointStatement {
    /// The generation the signer counts in.
    pub generation: Generation,
    /// The [digest](Manifest::digest) of the manifest.
    pub manifest: Digest,
}

impl Statement for CheckpointStatement {
    const DOMAIN: &'static str = "bft-crdts/checkpoint/1";
}

/// A quorum of attestations of one manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The generation whose members attest it.
    pub generation: Generation,
    /// What they attest.
    pub manifest: Manifest,
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
        self.verify::<K, Sound>(network, members)
    }

    pub(crate) fn verify<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        let (have, got) = (members.generation(), self.generation);
        if have != got {
            return Err(Rejection::WrongGeneration { have, got });
        }
        self.manifest.check(members.seats())?;
        let statement = CheckpointStatement {
            generation: self.generation,
            manifest: self.manifest.digest(),
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
    pub fn clock(&self) -> &VersionVector {
        &self.manifest.clock
    }

    /// Whether it covers more than the other, and all that the other does.
    pub(crate) fn is_beyond(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.clock(), other.clock());
        ours.is_ahead_of(theirs) && !theirs.is_ahead_of(ours)
    }

    /// About how many bytes it takes, never less.
    pub(crate) fn weight(&self) -> usize {
        let signatures = self.signatures.len().saturating_mul(66);
        self.manifest.weight().saturating_add(signatures)
    }
}
