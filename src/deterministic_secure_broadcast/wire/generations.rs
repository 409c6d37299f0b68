//! The chain of generations, verified link by link: who the members of every generation are, and why.

use std::sync::Arc;

use thiserror::Error;

use super::link::Link;
use crate::actor::{Actor, Keys, NetworkId, WeakKey};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::rules::{Rules, Sound};
use crate::membership::{Generation, Members};

/// A verified chain of generations, from the members that the genesis names: every link is signed by a quorum of the
/// generation that it ends, or leads to a [`Pin`].
///
/// This is all that is needed to check anything that was signed in a network, without being part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Generations<K: Keys> {
    network: NetworkId,
    links: Vec<Link>,
    /// The digest of the decision that made each generation; of the first one, the network id.
    tips: Vec<Digest>,
    members: Vec<Arc<Members<K>>>,
    /// The last of them.
    newest: Arc<Members<K>>,
}

/// A decision somebody is sure of: the digest of the one that made this generation. Every other chain is refused, even
/// one that those who were members once have signed, all of whose old keys an attacker may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The generation.
    pub generation: Generation,
    /// The [digest](super::Decision::digest) of the decision that made it; of the genesis, the network id.
    pub decision: Digest,
}

/// Why a chain was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// A key of the genesis is weak.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
    /// A link breaks a rule.
    #[error("the link to {generation}: {why}")]
    Link {
        /// The generation it was to make.
        generation: Generation,
        /// The rule.
        why: Box<Rejection>,
    },
    /// It goes another way than the pin.
    #[error("another decision made {0} than the one that is pinned")]
    OffPin(Generation),
    /// It does not reach the pin, so nothing is known of it.
    #[error("the chain ends at {have}, before the pin at {pin}")]
    ShortOfPin {
        /// Where it ends.
        have: Generation,
        /// Where the pin is.
        pin: Generation,
    },
}

impl<K: Keys> Generations<K> {
    /// The first generation: the members of the genesis, sorted by key.
    ///
    /// # Errors
    /// [`WeakKey`] for the first of them that is no sound public key.
    pub fn genesis(network: NetworkId, members: &[Actor]) -> Result<Self, WeakKey> {
        Ok(Self::of(network, Arc::new(Members::genesis(members)?)))
    }

    pub(crate) fn of(network: NetworkId, genesis: Arc<Members<K>>) -> Self {
        Self {
            network,
            links: Vec::new(),
            tips: vec![*network.digest()],
            members: vec![genesis.clone()],
            newest: genesis,
        }
    }

    /// The chain with these links, oldest first. Up to a pin they need not be signed, for each of them names the one
    /// before it; behind it they need.
    ///
    /// # Errors
    /// [`ChainError`] names the first link that does not follow, or says that the chain misses the pin.
    pub fn read(
        network: NetworkId,
        members: &[Actor],
        links: impl IntoIterator<Item = Link>,
        pin: Option<Pin>,
    ) -> Result<Self, ChainError> {
        let mut chain = Self::genesis(network, members)?;
        let pinned = pin.map_or(Generation::GENESIS, |pin| pin.generation);
        for link in links {
            let generation = link.decision.generation;
            let refused = |why| {
                let why = Box::new(why);
                ChainError::Link { generation, why }
            };
            if generation <= pinned {
                let (tip, members) = (chain.tip(), chain.newest());
                let next = link.follow(&tip, members).map_err(refused)?;
                chain.append(link, next);
            } else {
                chain.check_pin(pin)?;
                chain.extend(link).map_err(refused)?;
            }
        }
        chain.check_pin(pin)?;
        Ok(chain)
    }

    fn check_pin(&self, pin: Option<Pin>) -> Result<(), ChainError> {
        let Some(Pin {
            generation,
            decision,
        }) = pin
        else {
            return Ok(());
        };
        match self.tip_of(generation) {
            Some(tip) if *tip == decision => Ok(()),
            Some(_) => Err(ChainError::OffPin(generation)),
            None => Err(ChainError::ShortOfPin {
                have: self.last(),
                pin: generation,
            }),
        }
    }

    /// Appends a link.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken; nothing is appended then.
    pub fn extend(&mut self, link: Link) -> Result<(), Rejection> {
        let next = self.check::<Sound>(&link)?;
        self.append(link, next);
        Ok(())
    }

    /// The members that a link makes, if it is the next one.
    pub(crate) fn check<R: Rules>(&self, link: &Link) -> Result<Members<K>, Rejection> {
        link.verify::<K, R>(&self.network, &self.tip(), self.newest())
    }

    /// Appends a link that was checked.
    pub(crate) fn append(&mut self, link: Link, members: Members<K>) {
        self.tips.push(link.decision.digest(&self.network));
        self.links.push(link);
        self.newest = Arc::new(members);
        self.members.push(self.newest.clone());
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The last generation of the chain.
    #[must_use]
    pub fn last(&self) -> Generation {
        Generation::new(u64::try_from(self.links.len()).unwrap_or(u64::MAX))
    }

    /// The links, from the one that made generation 1.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// The link that made a generation; there is none of the first.
    #[must_use]
    pub fn link_to(&self, generation: Generation) -> Option<&Link> {
        let place = usize::try_from(generation.get()).ok()?.checked_sub(1)?;
        self.links.get(place)
    }

    /// The digest of the decision that made a generation; of the first one, the network id.
    #[must_use]
    pub fn tip_of(&self, generation: Generation) -> Option<&Digest> {
        self.tips.get(usize::try_from(generation.get()).ok()?)
    }

    /// The members of a generation, if the chain goes that far.
    #[must_use]
    pub fn members_of(&self, generation: Generation) -> Option<&Arc<Members<K>>> {
        self.members.get(usize::try_from(generation.get()).ok()?)
    }

    /// Checks the form of a header that was signed in this generation, by the seats there were: whether it holds must not
    /// depend on how much more of the chain somebody knows.
    pub(crate) fn check_header(
        &self,
        generation: Generation,
        header: &Header,
    ) -> Result<(), Rejection> {
        let members = self.members_of(generation);
        let members = members.ok_or_else(|| self.beyond(generation))?;
        Ok(header.check(members.seats())?)
    }

    /// The chain does not go that far.
    pub(crate) fn beyond(&self, got: Generation) -> Rejection {
        let have = self.last();
        Rejection::FutureGeneration { have, got }
    }

    /// The members of the last generation, who know every seat there is.
    #[must_use]
    pub fn newest(&self) -> &Members<K> {
        &self.newest
    }

    /// The digest of the last decision.
    #[must_use]
    pub fn tip(&self) -> Digest {
        self.tips.last().copied().unwrap_or(*self.network.digest())
    }
}
