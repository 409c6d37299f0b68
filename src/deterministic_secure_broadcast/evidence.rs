//! Evidence: two signed statements of one signer that no correct replica ever makes. Nothing else accuses (I12).

use serde::{Deserialize, Serialize};

use super::error::{Malformed, Rejection};
use super::header::{EchoStatement, Header};
use super::proof::Certificate;
use crate::actor::{Actor, Counter, Keys, NetworkId, Sig, signing_bytes};
use crate::membership::{Generation, Members, Seat};

/// A header somebody echoed, with the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHeader {
    /// The generation the echo counts in.
    pub generation: Generation,
    /// The header.
    pub header: Header,
    /// The signer's echo of it.
    pub sig: Sig,
}

/// Two headers for one slot, echoed by one signer: by their source (in any generations), or by a
/// witness in one generation (`protocol.md` §5).
///
/// Self-contained: anyone who knows the members can [verify](Evidence::verify) it offline. No
/// correct replica can be convicted, crashed and restored at any point: what it signs is in its
/// journal first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who signed both.
    pub culprit: Actor,
    /// The one with the lower digest.
    pub one: SignedHeader,
    /// The other.
    pub other: SignedHeader,
}

impl Evidence {
    /// Puts two statements of one signer into their one order. Nothing is checked yet.
    pub(crate) fn of(
        network: &NetworkId,
        culprit: Actor,
        a: SignedHeader,
        b: SignedHeader,
    ) -> Self {
        let (one, other) = if a.header.digest(network) <= b.header.digest(network) {
            (a, b)
        } else {
            (b, a)
        };
        Self {
            culprit,
            one,
            other,
        }
    }

    /// The source of the slot that was signed for twice.
    #[must_use]
    pub fn slot(&self) -> (crate::membership::Seat, Counter) {
        (self.one.header.source, self.one.header.first)
    }

    /// Checks that the culprit is or was a member, that the statements contradict each other, and that
    /// both signatures are its own, by the keys it had in their generations. `members` are those of the last generation
    /// known, `of` gives those of every one up to it.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn verify<'a, K: Keys>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
        of: impl Fn(Generation) -> Option<&'a Members<K>>,
    ) -> Result<Seat, Rejection> {
        let culprit = members
            .seat_of(&self.culprit)
            .ok_or(Rejection::NotMember(self.culprit))?;
        let (one, other) = (&self.one, &self.other);
        for signed in [one, other] {
            signed.header.check(members.seats())?;
            if signed.generation > members.generation() {
                return Err(Rejection::FutureGeneration {
                    have: members.generation(),
                    got: signed.generation,
                });
            }
        }
        let (a, b) = (one.header.digest(network), other.header.digest(network));
        let is_source = members.in_seat(one.header.source) == Some(&self.culprit);
        let one_slot =
            (one.header.source, one.header.first) == (other.header.source, other.header.first);
        // Strictly increasing: the one canonical order, and two different headers.
        if a >= b || !one_slot || !(is_source || one.generation == other.generation) {
            return Err(Malformed::NoContradiction.into());
        }
        for (signed, header) in [(one, a), (other, b)] {
            let statement = EchoStatement {
                generation: signed.generation,
                header,
            };
            let key = of(signed.generation)
                .and_then(|members| members.key(members.index_in(culprit)?));
            let valid = key.is_some_and(|key| {
                K::verify(key, &signing_bytes(network, &statement), &signed.sig)
            });
            if !valid {
                return Err(Rejection::InvalidSignature {
                    signer: Some(self.culprit),
                });
            }
        }
        Ok(culprit)
    }
}

/// G12: everybody who signed both of two conflicting certificates of one generation. There are at
/// least `f + 1` of them, and each is convicted by what it signed.
#[must_use]
pub fn culprits<K: Keys>(
    network: &NetworkId,
    members: &Members<K>,
    a: &Certificate,
    b: &Certificate,
) -> Vec<Evidence> {
    let signed = |certificate: &Certificate, sig: &Sig| SignedHeader {
        generation: certificate.generation,
        header: certificate.header.clone(),
        sig: *sig,
    };
    let one_generation = a.generation == b.generation;
    a.echoes()
        .filter(|_| one_generation)
        .filter_map(|(index, sig)| {
            let other = b.echo_of(index)?;
            let culprit = *members.actor(index)?;
            Some(Evidence::of(
                network,
                culprit,
                signed(a, sig),
                signed(b, other),
            ))
        })
        .filter(|evidence| evidence.verify(network, members, |_| Some(members)).is_ok())
        .collect()
}
