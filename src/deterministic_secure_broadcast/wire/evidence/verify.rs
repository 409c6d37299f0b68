//! Whether evidence convicts: the signatures are the culprit's, and no correct replica makes both of the statements.

use super::{Contradiction, Evidence, Invention, SignedDigest, SignedHeader};
use crate::actor::{Keys, Sig, signing_bytes};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::EchoStatement;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::{Rules, Sound, StaleTimeoutFacts};
use crate::deterministic_secure_broadcast::wire::statement::{
    ProposeStatement, SealStatement, TimeoutStatement,
};
use crate::deterministic_secure_broadcast::wire::{Excerpt, Generations, Phase, vote_bytes};
use crate::membership::{Generation, Seat};

impl Evidence {
    /// Checks that the culprit was a member when it signed, that what it signed contradicts itself, or the truth, and that
    /// the signatures are its own.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn verify<K: Keys>(&self, generations: &Generations<K>) -> Result<Seat, Rejection> {
        self.verify_by::<K, Sound>(generations)
    }

    pub(crate) fn verify_by<K: Keys, R: Rules>(
        &self,
        generations: &Generations<K>,
    ) -> Result<Seat, Rejection> {
        let culprit = generations.newest().seat_of(&self.culprit);
        let culprit = culprit.ok_or(Rejection::NotMember(self.culprit))?;
        let network = generations.network();
        match &self.contradiction {
            Contradiction::Headers { one, other } => self.check_headers(one, other, generations)?,
            Contradiction::Votes {
                generation,
                attempt,
                phase,
                one,
                other,
            } => {
                let bytes = |digest| vote_bytes(network, *phase, *generation, *attempt, digest);
                self.check_pair(*generation, [one, other], bytes, generations)?;
            }
            Contradiction::StaleTimeout {
                generation,
                voted,
                vote,
                given_up,
                highest,
                timeout,
            } => {
                let facts = StaleTimeoutFacts {
                    voted: *voted,
                    given_up: *given_up,
                    shown: highest.as_ref().map(|(attempt, _)| *attempt),
                };
                if !R::forgets(&facts) {
                    return Err(Malformed::NoContradiction.into());
                }
                let second = vote_bytes(network, Phase::Second, *generation, *voted, vote.digest);
                let statement = TimeoutStatement {
                    generation: *generation,
                    attempt: *given_up,
                    highest: *highest,
                };
                let statement = signing_bytes(network, &statement);
                self.check_signed(*generation, &second, &vote.sig, generations)?;
                self.check_signed(*generation, &statement, timeout, generations)?;
            }
            Contradiction::Proposals {
                generation,
                attempt,
                one,
                other,
            } => {
                let bytes = |decision| {
                    let statement = ProposeStatement {
                        generation: *generation,
                        attempt: *attempt,
                        decision,
                    };
                    signing_bytes(network, &statement)
                };
                self.check_pair(*generation, [one, other], bytes, generations)?;
            }
            Contradiction::Seals {
                generation,
                one,
                other,
            } => {
                let link = generations.tip_of(*generation).copied();
                let link = link.ok_or_else(|| generations.beyond(*generation))?;
                let bytes = |content| {
                    let statement = SealStatement {
                        generation: *generation,
                        link,
                        content,
                    };
                    signing_bytes(network, &statement)
                };
                self.check_pair(*generation, [one, other], bytes, generations)?;
            }
            Contradiction::Hidden { echo, seal } => {
                self.check_hidden::<K, R>(echo, seal, generations)?;
            }
            Contradiction::Invented { seal, what } => {
                self.check_invented(seal, *what, generations)?;
            }
        }
        Ok(culprit)
    }

    fn check_headers<K: Keys>(
        &self,
        one: &SignedHeader,
        other: &SignedHeader,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let (network, newest) = (generations.network(), generations.newest());
        for signed in [one, other] {
            generations.check_header(signed.generation, &signed.header)?;
        }
        let (a, b) = (one.header.digest(network), other.header.digest(network));
        let is_source = newest.in_seat(one.header.source) == Some(&self.culprit);
        let one_slot =
            (one.header.source, one.header.first) == (other.header.source, other.header.first);
        // Strictly increasing: the one canonical order, and two different headers.
        if a >= b || !one_slot || !(is_source || one.generation == other.generation) {
            return Err(Malformed::NoContradiction.into());
        }
        self.check_echo(one, a, generations)?;
        self.check_echo(other, b, generations)
    }

    fn check_hidden<K: Keys, R: Rules>(
        &self,
        echo: &SignedHeader,
        seal: &Excerpt,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let (network, header) = (generations.network(), &echo.header);
        generations.check_header(echo.generation, &echo.header)?;
        seal.check(header.source, generations)?;
        let digest = header.digest(network);
        let hides = R::hides(&seal.of_slot(header, &digest, network));
        if echo.generation != seal.generation || !hides {
            return Err(Malformed::NoContradiction.into());
        }
        self.check_seal(seal, generations)?;
        self.check_echo(echo, digest, generations)
    }

    fn check_invented<K: Keys>(
        &self,
        seal: &Excerpt,
        what: Invention,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let shown = seal.shown.as_ref().ok_or(Malformed::NoContradiction)?;
        seal.check(shown.source, generations)?;
        self.check_seal(seal, generations)?;
        let genuine = match what {
            Invention::Certificate => {
                let best = seal.best().ok_or(Malformed::NoContradiction)?;
                is_certified(best, generations)
            }
            Invention::Open(place) => {
                let open = seal.open(place).ok_or(Malformed::NoContradiction)?;
                is_of_its_source(open, generations)
            }
        };
        match genuine {
            true => Err(Malformed::NoContradiction.into()),
            false => Ok(()),
        }
    }

    fn check_seal<K: Keys>(
        &self,
        seal: &Excerpt,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let bytes = seal.signed_bytes(generations);
        let bytes = bytes.ok_or_else(|| generations.beyond(seal.generation))?;
        self.check_signed(seal.generation, &bytes, &seal.sig, generations)
    }

    fn check_echo<K: Keys>(
        &self,
        signed: &SignedHeader,
        header: Digest,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let generation = signed.generation;
        let statement = EchoStatement { generation, header };
        let bytes = signing_bytes(generations.network(), &statement);
        self.check_signed(generation, &bytes, &signed.sig, generations)
    }

    /// Two different statements of one kind.
    fn check_pair<K: Keys>(
        &self,
        generation: Generation,
        pair: [&SignedDigest; 2],
        bytes: impl Fn(Digest) -> Vec<u8>,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let [one, other] = pair;
        if one.digest >= other.digest {
            return Err(Malformed::NoContradiction.into());
        }
        for signed in pair {
            self.check_signed(generation, &bytes(signed.digest), &signed.sig, generations)?;
        }
        Ok(())
    }

    /// Whether the culprit has signed this, as a member of that generation.
    fn check_signed<K: Keys>(
        &self,
        generation: Generation,
        bytes: &[u8],
        sig: &Sig,
        generations: &Generations<K>,
    ) -> Result<(), Rejection> {
        let members = generations.members_of(generation);
        let members = members.ok_or_else(|| generations.beyond(generation))?;
        let index = members.index_of(&self.culprit);
        let index = index.ok_or(Rejection::NotMember(self.culprit))?;
        if members
            .key(index)
            .is_some_and(|key| K::verify(key, bytes, sig))
        {
            return Ok(());
        }
        Err(Rejection::InvalidSignature {
            signer: Some(self.culprit),
        })
    }
}

/// Whether a quorum of its generation has signed a certificate. What a quorum is, is not a matter of anybody's rules
/// here: evidence is for everybody.
fn is_certified<K: Keys>(certificate: &Certificate, generations: &Generations<K>) -> bool {
    let network = generations.network();
    let digest = certificate.header.digest(network);
    let members = generations.members_of(certificate.generation);
    members.is_some_and(|members| {
        let verified = certificate.verify::<K, Sound>(network, members, &digest, &[]);
        verified.is_ok()
    })
}

/// Whether a header's source has signed it, as a member of that generation, and of seats that there were.
pub(crate) fn is_of_its_source<K: Keys>(
    signed: &SignedHeader,
    generations: &Generations<K>,
) -> bool {
    let network = generations.network();
    let (generation, header) = (signed.generation, signed.header.digest(network));
    let key = generations.members_of(generation).and_then(|members| {
        let index = members.index_in(signed.header.source)?;
        members.key(index)
    });
    let bytes = signing_bytes(network, &EchoStatement { generation, header });
    generations
        .check_header(signed.generation, &signed.header)
        .is_ok()
        && key.is_some_and(|key| K::verify(key, &bytes, &signed.sig))
}
