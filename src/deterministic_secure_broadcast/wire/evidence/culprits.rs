//! G12: who has lied, if certificates contradict each other.

use super::{Evidence, SignedHeader};
use crate::actor::{Keys, NetworkId, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::{Rules, Sound};
use crate::deterministic_secure_broadcast::wire::{Generations, Seal};

/// G12: everybody who signed both of two conflicting certificates of one generation. There are at
/// least `f + 1` of them, and each is convicted by what it signed.
#[must_use]
pub fn culprits<K: Keys>(
    generations: &Generations<K>,
    a: &Certificate,
    b: &Certificate,
) -> Vec<Evidence> {
    let (network, members) = (generations.network(), generations.members_of(a.generation));
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
            let culprit = *members?.actor(index)?;
            Some(Evidence::headers(
                network,
                culprit,
                signed(a, sig),
                signed(b, other),
            ))
        })
        .filter(|evidence| evidence.verify(generations).is_ok())
        .collect()
}

/// G12 across a reconfiguration: everybody who signed a certificate, and sealed its generation as if they had not. If a
/// later generation has certified another header for the slot, and was activated with these seals, there are at least
/// `f + 1` of them.
#[must_use]
pub fn concealers<'a, K: Keys>(
    generations: &Generations<K>,
    certificate: &Certificate,
    seals: impl IntoIterator<Item = &'a Seal>,
) -> Vec<Evidence> {
    let seals = seals.into_iter();
    let mut found: Vec<Evidence> = seals
        .filter_map(|seal| hidden_by::<K, Sound>(generations, certificate, seal))
        .collect();
    found.retain(|evidence| evidence.verify(generations).is_ok());
    found
}

/// The signature of a seal's signer in a certificate, if the seal denies it. Nothing of that is verified yet.
pub(crate) fn hidden_by<K: Keys, R: Rules>(
    generations: &Generations<K>,
    certificate: &Certificate,
    seal: &Seal,
) -> Option<Evidence> {
    let (network, header) = (generations.network(), &certificate.header);
    let generation = certificate.generation;
    if seal.generation != generation {
        return None;
    }
    let sig = *certificate.echo_of(seal.signer)?;
    let culprit = *generations.members_of(generation)?.actor(seal.signer)?;
    let echo = SignedHeader {
        generation,
        header: header.clone(),
        sig,
    };
    let digest = header.digest(network);
    denies::<R>(network, (header, &digest), seal).then(|| Evidence::hidden(culprit, echo, seal))
}

/// Whether a seal says that its signer has not echoed this header.
pub(crate) fn denies<R: Rules>(
    network: &NetworkId,
    (header, digest): (&Header, &Digest),
    seal: &Seal,
) -> bool {
    let shown = seal.of(header.source);
    let facts = shown.map(|shown| shown.of_slot(header, digest, network));
    facts.is_none_or(|facts| R::hides(&facts))
}
