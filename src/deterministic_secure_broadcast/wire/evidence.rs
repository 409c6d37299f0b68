//! Evidence: statements of one signer that contradict each other, or the truth. Nothing else accuses (I12).

mod culprits;
mod verify;

use serde::{Deserialize, Serialize};

use super::excerpt::Excerpt;
use super::seal::Seal;
use super::vote::Phase;
use crate::actor::{Actor, Counter, NetworkId, Sig};
use crate::codec::{self, Digest};
use crate::membership::{Generation, Seat};

pub use super::signed::{SignedDigest, SignedHeader};
pub use culprits::{concealers, culprits};
pub(crate) use culprits::{denies, hidden_by};
pub(crate) use verify::is_of_its_source;

/// The most bytes evidence may take, so that a packet and a record can hold it.
pub(crate) const MAX_EVIDENCE_BYTES: usize = codec::MAX_PACKET_BYTES - 16;

/// What no correct replica ever signs, crashed and restored at any point: whatever it signs is in its journal first, and
/// is sent again as it stands there.
///
/// Self-contained: anyone who knows the chain of generations can [verify](Evidence::verify) it offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who signed it.
    pub culprit: Actor,
    /// What was signed.
    pub contradiction: Contradiction,
}

/// What convicts, one variant for each kind (`protocol.md` §5). Of two statements of one kind the one with the lower
/// digest comes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Contradiction {
    /// I6: two headers for one slot, echoed by their source (in any generations) or by a witness in one generation.
    Headers {
        /// The one with the lower digest.
        one: SignedHeader,
        /// The other.
        other: SignedHeader,
    },
    /// R4: two votes of one phase in one attempt.
    Votes {
        /// The generation that was to decide.
        generation: Generation,
        /// The attempt.
        attempt: u32,
        /// First or second votes.
        phase: Phase,
        /// The one with the lower digest.
        one: SignedDigest,
        /// The other.
        other: SignedDigest,
    },
    /// R4: a second vote, which says that its signer has seen a quorum of first votes in this attempt, and a timeout of
    /// the same attempt or a later one, whose signer has not. Nobody forgets such a quorum.
    StaleTimeout {
        /// The generation that was to decide.
        generation: Generation,
        /// The attempt voted in.
        voted: u32,
        /// The second vote in it.
        vote: SignedDigest,
        /// The attempt given up.
        given_up: u32,
        /// The highest quorum of first votes that the timeout shows: none, or one of an attempt before the vote's.
        highest: Option<(u32, Digest)>,
        /// The signature of the timeout.
        timeout: Sig,
    },
    /// R4: two proposals of one attempt.
    Proposals {
        /// The generation that was to decide.
        generation: Generation,
        /// The attempt.
        attempt: u32,
        /// The one with the lower digest.
        one: SignedDigest,
        /// The other.
        other: SignedDigest,
    },
    /// R5: two seals of one generation.
    Seals {
        /// The generation.
        generation: Generation,
        /// The one with the lower digest.
        one: SignedDigest,
        /// The other.
        other: SignedDigest,
    },
    /// R5: an echo, and a seal of the same generation that shows neither its header nor a certificate at or past its slot:
    /// it was given after the seal, or the seal hides it.
    Hidden {
        /// The echo.
        echo: SignedHeader,
        /// What the seal shows of the source.
        seal: Box<Excerpt>,
    },
    /// R5: a seal that shows what was never signed: a correct replica checks everything before it is bound to it.
    Invented {
        /// What the seal shows of the source.
        seal: Box<Excerpt>,
        /// What of it was never signed.
        what: Invention,
    },
}

/// What a seal shows and nobody, or too few, have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invention {
    /// The certificate.
    Certificate,
    /// The open header at this place, from 0.
    Open(u16),
}

impl Contradiction {
    /// What it is, for people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Headers { .. } => "two headers for one slot",
            Self::Votes {
                phase: Phase::First,
                ..
            } => "two first votes in one attempt",
            Self::Votes { .. } => "two second votes in one attempt",
            Self::StaleTimeout { .. } => "a second vote that a later timeout denies",
            Self::Proposals { .. } => "two proposals in one attempt",
            Self::Seals { .. } => "two seals of one generation",
            Self::Hidden { .. } => "an echo that its seal of the generation does not show",
            Self::Invented { .. } => "a seal that shows what was never signed",
        }
    }

    /// The generation in which it was signed; of headers of two generations, the later one.
    #[must_use]
    pub fn generation(&self) -> Generation {
        match self {
            Self::Headers { one, other } => one.generation.max(other.generation),
            Self::Votes { generation, .. }
            | Self::StaleTimeout { generation, .. }
            | Self::Proposals { generation, .. }
            | Self::Seals { generation, .. } => *generation,
            Self::Hidden { seal, .. } | Self::Invented { seal, .. } => seal.generation,
        }
    }

    /// The slot, by its source and counter, of those that are about one.
    #[must_use]
    pub fn slot(&self) -> Option<(Seat, Counter)> {
        let header = match self {
            Self::Headers { one, .. } => &one.header,
            Self::Hidden { echo, .. } => &echo.header,
            Self::Invented { seal, what } => match what {
                Invention::Certificate => &seal.best()?.header,
                Invention::Open(place) => &seal.open(*place)?.header,
            },
            _ => return None,
        };
        Some((header.source, header.first))
    }

    /// The attempt, of those that are about one.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        match self {
            Self::Votes { attempt, .. } | Self::Proposals { attempt, .. } => Some(*attempt),
            Self::StaleTimeout { voted, .. } => Some(*voted),
            _ => None,
        }
    }
}

// How it is put together. Nothing is checked yet.
impl Evidence {
    /// Of two echoes of `culprit`.
    #[must_use]
    pub fn headers(network: &NetworkId, culprit: Actor, a: SignedHeader, b: SignedHeader) -> Self {
        let (one, other) = if a.header.digest(network) <= b.header.digest(network) {
            (a, b)
        } else {
            (b, a)
        };
        let contradiction = Contradiction::Headers { one, other };
        Self {
            culprit,
            contradiction,
        }
    }

    /// Of two seals of one generation; `link` is the digest of the decision that made it.
    #[must_use]
    pub fn seals(culprit: Actor, link: Digest, a: &Seal, b: &Seal) -> Self {
        let signed = |seal: &Seal| SignedDigest {
            digest: seal.statement(link).content,
            sig: seal.sig,
        };
        let (one, other) = SignedDigest::in_order(signed(a), signed(b));
        let generation = a.generation;
        let contradiction = Contradiction::Seals {
            generation,
            one,
            other,
        };
        Self {
            culprit,
            contradiction,
        }
    }

    /// Of an echo, and the same member's seal of that generation.
    #[must_use]
    pub fn hidden(culprit: Actor, echo: SignedHeader, seal: &Seal) -> Self {
        let seal = Box::new(Excerpt::of(seal, echo.header.source));
        let contradiction = Contradiction::Hidden { echo, seal };
        Self {
            culprit,
            contradiction,
        }
    }

    /// Of what a seal shows of a source.
    #[must_use]
    pub fn invented(culprit: Actor, seal: &Seal, source: Seat, what: Invention) -> Self {
        let seal = Box::new(Excerpt::of(seal, source));
        let contradiction = Contradiction::Invented { seal, what };
        Self {
            culprit,
            contradiction,
        }
    }

    /// How many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        codec::encode(self).len()
    }
}
