//! R5: the seal of a generation, its signer's last word in it.

use serde::{Deserialize, Serialize};

use super::generations::Generations;
use super::signed::SignedHeader;
use super::statement::SealStatement;
use crate::actor::{Keys, NetworkId, Sig, verify};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::{HiddenFacts, Linked};
use crate::membership::{Generation, MAX_SEATS, MemberIndex, Seat};

/// How many open headers of one source a seal may show. A correct source has one. Of one that signs more, every
/// reconfiguration adds at most one for each of those who seal.
const MAX_OPEN: usize = 4096;

/// "I echo no more in this generation, and this is what I am bound to." Stored as signed, and sent again as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The generation sealed.
    pub generation: Generation,
    /// Who seals it.
    pub signer: MemberIndex,
    /// What the signer knows of every source of which it knows anything, by increasing seat.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_SEATS>")]
    pub sources: Vec<SealedSource>,
    /// The signature of the [`SealStatement`].
    pub sig: Sig,
}

/// What a seal shows of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSource {
    /// The source.
    pub source: Seat,
    /// The highest certificate known.
    pub best: Option<Certificate>,
    /// The headers in the slot right after it that the signer has echoed or inherited, each with an echo of its source.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_OPEN>")]
    pub open: Vec<SignedHeader>,
}

impl Seal {
    /// What is signed; `link` is the digest of the decision that made the generation.
    #[must_use]
    pub fn statement(&self, link: Digest) -> SealStatement {
        SealStatement {
            generation: self.generation,
            link,
            content: content(&self.contents()),
        }
    }

    /// Every source of which it shows anything, with the digest of that.
    pub(crate) fn contents(&self) -> Vec<(Seat, Digest)> {
        let digest = |sealed: &SealedSource| (sealed.source, sealed.digest());
        self.sources.iter().map(digest).collect()
    }

    /// What it shows of this source.
    #[must_use]
    pub fn of(&self, source: Seat) -> Option<&SealedSource> {
        let place = self
            .sources
            .binary_search_by_key(&source, |sealed| sealed.source);
        self.sources.get(place.ok()?)
    }

    /// About how many bytes it takes, never less.
    pub(crate) fn weight(&self) -> usize {
        let of = |sealed: &SealedSource| {
            let best = sealed.best.as_ref().map_or(0, Certificate::weight);
            let open = sealed.open.iter().map(|open| open.header.weight());
            open.fold(best.saturating_add(64), usize::saturating_add)
        };
        self.sources.iter().map(of).fold(256, usize::saturating_add)
    }

    /// Checks form and signature: R5's "invalid as a whole unless each open header links to its best". The certificates
    /// and the sources' echoes are checked when they are used.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn check<K: Keys>(&self, generations: &Generations<K>) -> Result<(), Rejection> {
        let (network, generation) = (generations.network(), self.generation);
        let known = generations
            .members_of(generation)
            .zip(generations.tip_of(generation));
        let (members, link) = known.ok_or(Rejection::FutureGeneration {
            have: generations.last(),
            got: generation,
        })?;
        let seats = members.seats();
        let mut last = None;
        for sealed in &self.sources {
            let seat = sealed.source;
            if seat.get() >= seats {
                return Err(Malformed::UnknownSeat(seat).into());
            }
            if last.is_some_and(|last| last >= seat) {
                return Err(Malformed::Seal.into());
            }
            last = Some(seat);
            sealed.check(network, seats, self.generation)?;
        }
        let key = members.key(self.signer);
        let statement = self.statement(*link);
        if key.is_some_and(|key| verify::<K, _>(key, network, &statement, &self.sig)) {
            return Ok(());
        }
        Err(Rejection::InvalidSignature {
            signer: members.actor(self.signer).copied(),
        })
    }
}

/// The digest that is signed: of digests, so that what a seal shows of one source can be proven without the rest.
pub(crate) fn content(contents: &[(Seat, Digest)]) -> Digest {
    Digest::of_parts("bft-crdts/sealed/2", &[&codec::encode(contents)])
}

impl SealedSource {
    /// What the seal's content names.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of_parts("bft-crdts/sealed-source/1", &[&codec::encode(self)])
    }

    /// What it says of the slot of this header.
    pub(crate) fn of_slot(
        &self,
        header: &Header,
        digest: &Digest,
        network: &NetworkId,
    ) -> HiddenFacts {
        let best = self.best.as_ref().and_then(|best| best.header.last());
        let passed = best >= Some(header.first);
        let open = |open: &SignedHeader| open.header.digest(network) == *digest;
        HiddenFacts {
            passed,
            open: self.open.iter().any(open),
        }
    }

    pub(crate) fn check(
        &self,
        network: &NetworkId,
        seats: usize,
        generation: Generation,
    ) -> Result<(), Rejection> {
        let (mut next, mut previous) = (Some(1), *network.digest());
        if let Some(best) = &self.best {
            best.header.check(seats)?;
            if best.header.source != self.source || best.generation > generation {
                return Err(Malformed::Seal.into());
            }
            let named = Named::of(network, &best.header);
            (next, previous) = (named.after(), named.digest);
        } else if self.open.is_empty() {
            return Err(Malformed::Seal.into());
        }
        let mut last = None;
        for open in &self.open {
            open.header.check(seats)?;
            let named = Named::of(network, &open.header);
            let links = Some(named.first()) == next && named.previous == previous;
            let sorted = last.is_none_or(|last| last < named.digest);
            if open.header.source != self.source
                || open.generation > generation
                || !links
                || !sorted
            {
                return Err(Malformed::Seal.into());
            }
            last = Some(named.digest);
        }
        Ok(())
    }
}

/// A header with its digest, as [`Rules`](super::super::Rules) look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) digest: Digest,
    previous: Digest,
    first: u64,
    after: Option<u64>,
}

impl Named {
    pub(crate) fn of(network: &NetworkId, header: &Header) -> Self {
        Self::with(header.digest(network), header)
    }

    pub(crate) fn with(digest: Digest, header: &Header) -> Self {
        let last = header.last();
        Self {
            digest,
            previous: header.previous,
            first: header.first.get(),
            after: last.and_then(|last| last.get().checked_add(1)),
        }
    }
}

impl Linked for Named {
    type Name = Digest;

    fn name(&self) -> Digest {
        self.digest
    }

    fn previous(&self) -> Digest {
        self.previous
    }

    fn first(&self) -> u64 {
        self.first
    }

    fn after(&self) -> Option<u64> {
        self.after
    }
}
