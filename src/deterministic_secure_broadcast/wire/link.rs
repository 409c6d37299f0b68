//! R7: a link of the chain of decisions, and how links travel.

use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::next_key::NextKeys;
use super::vote::{Phase, Vote, vote_bytes, votes};
use crate::actor::{Keys, NetworkId, Sig};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::Rejection;
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::{Rules, Sound};
use crate::membership::{Generation, MemberIndex, Members, Signers};

/// A decision with a quorum of second votes of one attempt: a link of the chain of generations (`GENCERT`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What is decided.
    pub decision: Decision,
    /// The keys it names. Those who have voted have seen them announced.
    pub keys: NextKeys,
    /// In which attempt.
    pub attempt: u32,
    /// Who has voted.
    pub signers: Signers,
    /// Their signatures, in the order of their indices.
    pub signatures: Vec<Sig>,
}

impl Link {
    /// Checks the link against the generation it ends, and gives the members of the one it makes. `tip` is the digest
    /// of the decision before it; of the first one, the network id.
    ///
    /// # Errors
    /// A [`Rejection`] naming the first rule broken.
    pub fn check<K: Keys>(
        &self,
        network: &NetworkId,
        tip: &Digest,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        self.verify::<K, Sound>(network, tip, members)
    }

    pub(crate) fn verify<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        tip: &Digest,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        let next = self.follow(tip, members)?;
        let decision = self.decision.digest(network);
        let (generation, attempt) = (members.generation(), self.attempt);
        let bytes = vote_bytes(network, Phase::Second, generation, attempt, decision);
        let (signers, signatures) = (&self.signers, self.signatures.as_slice());
        let least = R::quorum(members.len());
        check_quorum::<K, R>(members, signers, signatures, &bytes, least, |_, _| false)?;
        Ok(next)
    }

    /// The members it makes of those before. The votes are not checked.
    pub(crate) fn next_members<K: Keys>(
        &self,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        self.keys.after(&self.decision, members)
    }

    /// As [`check`](Self::check), without the signatures.
    pub(crate) fn follow<K: Keys>(
        &self,
        tip: &Digest,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        if members.generation().next() != Some(self.decision.generation)
            || self.decision.link != *tip
        {
            return Err(Rejection::BrokenChain);
        }
        self.next_members(members)
    }

    /// The second votes it is made of.
    pub(crate) fn votes(
        &self,
        network: &NetworkId,
        generation: Generation,
    ) -> impl Iterator<Item = (MemberIndex, Vote)> + '_ {
        let decision = self.decision.digest(network);
        let of = (generation, self.attempt, Phase::Second);
        votes(of, decision, &self.signers, &self.signatures)
    }
}

/// How many links one packet carries at most.
pub const MAX_LINKS: usize = 16;

/// "Send me the chain from here on."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullChain {
    /// The generation the asker has activated.
    pub active: Generation,
    /// The last one of which it has the decision.
    pub decided: Generation,
}

/// Consecutive links of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The links, oldest first.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_LINKS>")]
    pub links: Vec<Link>,
}
