//! Certificates: a quorum of echoes for one header.

use serde::{Deserialize, Serialize};

use super::error::{Malformed, Rejection};
use super::header::{EchoStatement, Header};
use super::rules::{Rules, SignerFacts};
use crate::actor::{Keys, NetworkId, Sig, signing_bytes};
use crate::codec::Digest;
use crate::membership::{Generation, MemberIndex, Members, Signers};

/// A quorum of echoes for one header: transferable, checkable by anyone who knows the members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The generation whose members echoed.
    pub generation: Generation,
    /// The header they echoed.
    pub header: Header,
    /// Which of them.
    pub signers: Signers,
    /// Their signatures, in the order of their indices.
    pub signatures: Vec<Sig>,
}

impl Certificate {
    /// Every signer with its signature, in order.
    pub fn echoes(&self) -> impl Iterator<Item = (MemberIndex, &Sig)> + '_ {
        self.signers.iter().zip(&self.signatures)
    }

    /// About how many bytes it takes, never less.
    pub(crate) fn weight(&self) -> usize {
        let signatures = self.signatures.len().saturating_mul(66);
        signatures.saturating_add(self.header.weight())
    }

    /// The signature of one member, if it is among the signers.
    #[must_use]
    pub fn echo_of(&self, index: MemberIndex) -> Option<&Sig> {
        self.echoes()
            .find(|(signer, _)| *signer == index)
            .map(|(_, sig)| sig)
    }

    /// Checks the certificate against the members of its generation (R2, I7). `digest` is the header's,
    /// `verified` lists signatures of this very statement that were checked (or made) before: nobody
    /// verifies its own signature or the same one twice.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub(crate) fn verify<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
        digest: &Digest,
        verified: &[(MemberIndex, Sig)],
    ) -> Result<(), Rejection> {
        let statement = EchoStatement {
            generation: self.generation,
            header: *digest,
        };
        let bytes = signing_bytes(network, &statement);
        let known = |signer: MemberIndex, sig: &Sig| {
            let mut verified = verified.iter();
            verified.any(|(index, known)| *index == signer && known == sig)
        };
        let (signers, signatures) = (&self.signers, self.signatures.as_slice());
        let least = R::quorum(members.len());
        check_quorum::<K, R>(members, signers, signatures, &bytes, least, known)
    }

    /// Checks the certificate on its own: what anyone holding the genesis can do offline.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn check<K: Keys>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        if self.generation != members.generation() {
            return Err(Rejection::WrongGeneration {
                have: members.generation(),
                got: self.generation,
            });
        }
        self.header.check(members.seats())?;
        self.verify::<K, super::rules::Sound>(network, members, &self.header.digest(network), &[])
    }
}

/// I7: checks that at least so many members have signed these bytes, each counted once; `known` says which
/// signatures need not be verified again.
pub(super) fn check_quorum<K: Keys, R: Rules>(
    members: &Members<K>,
    signers: &Signers,
    signatures: &[Sig],
    bytes: &[u8],
    least: usize,
    known: impl Fn(MemberIndex, &Sig) -> bool,
) -> Result<(), Rejection> {
    let have = signers.count();
    if !signers.is_canonical(members.len()) || signatures.len() != have {
        return Err(Malformed::Signers.into());
    }
    if have < least {
        return Err(Rejection::QuorumTooSmall {
            have,
            need: least,
            generation: members.generation(),
        });
    }
    for (signer, sig) in signers.iter().zip(signatures) {
        let facts = SignerFacts {
            member: members.key(signer).is_some(),
            fresh: true,
        };
        let verify = || {
            known(signer, sig)
                || members
                    .key(signer)
                    .is_some_and(|key| K::verify(key, bytes, sig))
        };
        if !R::may_count(facts, verify) {
            return Err(Rejection::InvalidSignature {
                signer: members.actor(signer).copied(),
            });
        }
    }
    Ok(())
}
