//! R4: how an attempt is given up.

use serde::{Deserialize, Serialize};

use super::statement::TimeoutStatement;
use super::vote::Lock;
use crate::actor::{Keys, NetworkId, Sig, verify};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::rules::{EnterFacts, Precommit, Rules};
use crate::membership::{Generation, MemberIndex, Members, Signers};

/// "I give this attempt up" (R4); the signer is the member the packet comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeout {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt given up.
    pub attempt: u32,
    /// The highest quorum of first votes the signer has ever seen.
    pub highest: Option<Lock>,
    /// The signature of the [`TimeoutStatement`].
    pub sig: Sig,
}

/// What one timeout has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The attempt and the decision's digest of the highest quorum its signer had seen.
    pub highest: Option<(u32, Digest)>,
    /// Its signature.
    pub sig: Sig,
}

/// A quorum of timeouts: how an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt that ended.
    pub attempt: u32,
    /// Whose timeouts.
    pub signers: Signers,
    /// What each has shown, in the order of their indices.
    pub shown: Vec<Shown>,
    /// The highest quorum of first votes among them.
    pub highest: Option<Lock>,
}

impl Timeouts {
    pub(crate) fn check<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        let have = self.signers.count();
        if !self.signers.is_canonical(members.len()) || self.shown.len() != have {
            return Err(Malformed::Signers.into());
        }
        let need = R::quorum(members.len());
        let generation = self.generation;
        let facts = EnterFacts {
            not_behind: true,
            timeouts: have,
            members: members.len(),
        };
        if !R::may_enter(&facts) {
            return Err(Rejection::QuorumTooSmall {
                have,
                need,
                generation,
            });
        }
        let shown = self.shown.iter().map(|shown| precommit(shown.highest));
        let lock = self.highest.as_ref().map(|lock| lock.precommit(network));
        if R::highest(shown) != lock {
            return Err(Malformed::Proposal.into());
        }
        for (signer, shown) in self.signers.iter().zip(&self.shown) {
            let statement = TimeoutStatement {
                generation,
                attempt: self.attempt,
                highest: shown.highest,
            };
            let key = members.key(signer);
            if !key.is_some_and(|key| verify::<K, _>(key, network, &statement, &shown.sig)) {
                return Err(Rejection::InvalidSignature {
                    signer: members.actor(signer).copied(),
                });
            }
        }
        match &self.highest {
            Some(lock) => lock.check::<K, R>(network, members),
            None => Ok(()),
        }
    }

    /// The timeouts it is made of.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MemberIndex, Shown)> + '_ {
        self.signers.iter().zip(self.shown.iter().copied())
    }
}

pub(crate) fn precommit(shown: Option<(u32, Digest)>) -> Option<Precommit<Digest>> {
    shown.map(|(attempt, value)| Precommit { attempt, value })
}
