//! R3 and R4 on the wire: approvals, proposals, votes, timeouts, and the certificate they end in.

use serde::{Deserialize, Serialize};

use super::keys::{Announced, NextKeys};
use super::statement::{
    ApproveStatement, FirstVoteStatement, JoinStatement, SecondVoteStatement, TimeoutStatement,
};
use crate::actor::{Actor, Keys, NetworkId, Sig, signing_bytes, verify};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::evidence::SignedDigest;
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::{EnterFacts, Precommit, Rules};
use crate::membership::{Change, Generation, MemberIndex, Members, Signers};

/// The next generation: what changes, after which decision. Without signatures, of which there are many valid
/// choices; who its members are follows from the chain of decisions before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// The generation it makes.
    pub generation: Generation,
    /// The digest of the decision before it; of the first one, the network id.
    pub link: Digest,
    /// What changes.
    pub change: Change,
    /// The [digest](super::NextKeys::digest) of the keys that change.
    pub keys: Digest,
}

impl Decision {
    /// What votes name.
    #[must_use]
    pub fn digest(&self, network: &NetworkId) -> Digest {
        Digest::of_parts(
            "bft-crdts/decision/2",
            &[network.digest().as_bytes(), &codec::encode(self)],
        )
    }
}

/// "I want to be a member."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Join {
    /// Who.
    pub actor: Actor,
    /// The signature of its [`JoinStatement`]: proof of possession.
    pub possession: Sig,
}

impl Join {
    pub(super) fn verify<K: Keys>(&self, network: &NetworkId) -> Result<(), Rejection> {
        let actor = self.actor;
        let key = K::public(&actor).map_err(Rejection::WeakKey)?;
        if verify::<K, _>(&key, network, &JoinStatement { actor }, &self.possession) {
            return Ok(());
        }
        let signer = Some(actor);
        Err(Rejection::InvalidSignature { signer })
    }
}

/// Approvals of one change (R3): of one member, or of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    /// The generation it would change.
    pub generation: Generation,
    /// The change.
    pub change: Change,
    /// Of a [`Change::Join`], the proof that whoever joins has the key.
    pub possession: Option<Sig>,
    /// Who approves.
    pub signers: Signers,
    /// Their signatures, in the order of their indices.
    pub signatures: Vec<Sig>,
}

impl Approvals {
    /// Every approval, with whose it is.
    pub fn iter(&self) -> impl Iterator<Item = (MemberIndex, &Sig)> + '_ {
        self.signers.iter().zip(&self.signatures)
    }

    /// Checks that the change applies, that whoever joins has the key, that whoever leaves wants to if there is a
    /// quorum, and every signature.
    pub(super) fn check<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
        least: usize,
    ) -> Result<(), Rejection> {
        members.after(&self.change).map_err(Rejection::Change)?;
        match (self.change, self.possession) {
            (Change::Join(actor), Some(possession)) => {
                Join { actor, possession }.verify::<K>(network)?;
            }
            (Change::Join(_), None) | (_, Some(_)) => return Err(Malformed::Possession.into()),
            (Change::Leave(actor), None) if least > 1 => {
                let own = members.index_of(&actor);
                if !own.is_some_and(|own| self.signers.contains(own)) {
                    return Err(Rejection::NotAsked(actor));
                }
            }
            (_, None) => {}
        }
        let statement = ApproveStatement {
            generation: self.generation,
            change: self.change,
        };
        let bytes = signing_bytes(network, &statement);
        let (signers, signatures) = (&self.signers, self.signatures.as_slice());
        check_quorum::<K, R>(members, signers, signatures, &bytes, least, |_, _| false)
    }
}

/// "This is what I, the leader of this attempt, propose" (R4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt.
    pub attempt: u32,
    /// What is proposed.
    pub decision: Decision,
    /// A quorum of approvals of its change.
    pub approvals: Approvals,
    /// The keys it names.
    pub keys: Announced,
    /// In every attempt but the first: how the one before it ended.
    pub timeouts: Option<Timeouts>,
    /// The leader's signature of the [`ProposeStatement`](super::statement::ProposeStatement).
    pub sig: Sig,
}

impl Proposal {
    /// What its leader has signed.
    pub(super) fn signed(&self, network: NetworkId) -> SignedDigest {
        SignedDigest {
            digest: self.decision.digest(&network),
            sig: self.sig,
        }
    }
}

/// Which of the two votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// For a proposal.
    First,
    /// That a quorum has voted for it.
    Second,
}

/// A vote (R4); the voter is the member the packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt.
    pub attempt: u32,
    /// Which vote.
    pub phase: Phase,
    /// The digest of the decision voted for.
    pub decision: Digest,
    /// The signature.
    pub sig: Sig,
}

impl Vote {
    /// What is signed.
    pub(super) fn bytes(&self, network: &NetworkId) -> Vec<u8> {
        vote_bytes(
            network,
            self.phase,
            self.generation,
            self.attempt,
            self.decision,
        )
    }
}

pub(in crate::deterministic_secure_broadcast) fn vote_bytes(
    network: &NetworkId,
    phase: Phase,
    generation: Generation,
    attempt: u32,
    decision: Digest,
) -> Vec<u8> {
    match phase {
        Phase::First => {
            let statement = FirstVoteStatement {
                generation,
                attempt,
                decision,
            };
            signing_bytes(network, &statement)
        }
        Phase::Second => {
            let statement = SecondVoteStatement {
                generation,
                attempt,
                decision,
            };
            signing_bytes(network, &statement)
        }
    }
}

/// A quorum of first votes (`QC1`), with what they were cast for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The attempt they were cast in.
    pub attempt: u32,
    /// What for.
    pub decision: Decision,
    /// The approvals of its change.
    pub approvals: Approvals,
    /// The keys it names.
    pub keys: Announced,
    /// Who voted.
    pub signers: Signers,
    /// Their signatures, in the order of their indices.
    pub signatures: Vec<Sig>,
}

impl Lock {
    pub(super) fn precommit(&self, network: &NetworkId) -> Precommit<Digest> {
        Precommit {
            attempt: self.attempt,
            value: self.decision.digest(network),
        }
    }

    pub(super) fn check<K: Keys, R: Rules>(
        &self,
        network: &NetworkId,
        members: &Members<K>,
    ) -> Result<(), Rejection> {
        let generation = members.generation();
        if generation.next() != Some(self.decision.generation)
            || self.approvals.generation != generation
            || self.approvals.change != self.decision.change
        {
            return Err(Malformed::Proposal.into());
        }
        let least = R::quorum(members.len());
        self.approvals.check::<K, R>(network, members, least)?;
        self.keys
            .check(network, &self.decision, members, |_, _, _| false)?;
        let decision = self.decision.digest(network);
        let bytes = vote_bytes(network, Phase::First, generation, self.attempt, decision);
        let (signers, signatures) = (&self.signers, self.signatures.as_slice());
        check_quorum::<K, R>(members, signers, signatures, &bytes, least, |_, _| false)
    }
}

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
    pub(super) fn check<K: Keys, R: Rules>(
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
}

pub(super) fn precommit(shown: Option<(u32, Digest)>) -> Option<Precommit<Digest>> {
    shown.map(|(attempt, value)| Precommit { attempt, value })
}

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
        self.verify::<K, crate::deterministic_secure_broadcast::Sound>(network, tip, members)
    }

    pub(super) fn verify<K: Keys, R: Rules>(
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
    pub(super) fn next_members<K: Keys>(
        &self,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        self.keys.after(&self.decision, members)
    }

    /// As [`check`](Self::check), without the signatures.
    pub(super) fn follow<K: Keys>(
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
}
