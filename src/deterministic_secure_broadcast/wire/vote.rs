//! R4: the votes of an attempt, and a quorum of its first votes.

use serde::{Deserialize, Serialize};

use super::approval::Approvals;
use super::decision::Decision;
use super::next_key::Announced;
use super::signed::SignedDigest;
use super::statement::{FirstVoteStatement, SecondVoteStatement};
use crate::actor::{Keys, NetworkId, Sig, signing_bytes};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::{Precommit, Rules};
use crate::membership::{Generation, MemberIndex, Members, Signers};

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
    pub(crate) fn bytes(&self, network: &NetworkId) -> Vec<u8> {
        vote_bytes(
            network,
            self.phase,
            self.generation,
            self.attempt,
            self.decision,
        )
    }

    /// What is signed, by its digest, with the signature.
    pub(crate) fn signed(&self) -> SignedDigest {
        SignedDigest {
            digest: self.decision,
            sig: self.sig,
        }
    }
}

pub(crate) fn vote_bytes(
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

/// The votes of one phase and attempt for one decision.
pub(super) fn votes<'a>(
    (generation, attempt, phase): (Generation, u32, Phase),
    decision: Digest,
    signers: &'a Signers,
    signatures: &'a [Sig],
) -> impl Iterator<Item = (MemberIndex, Vote)> + 'a {
    signers.iter().zip(signatures).map(move |(index, sig)| {
        let vote = Vote {
            generation,
            attempt,
            phase,
            decision,
            sig: *sig,
        };
        (index, vote)
    })
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
    pub(crate) fn precommit(&self, network: &NetworkId) -> Precommit<Digest> {
        Precommit {
            attempt: self.attempt,
            value: self.decision.digest(network),
        }
    }

    pub(crate) fn check<K: Keys, R: Rules>(
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

    /// The first votes it is made of.
    pub(crate) fn votes(
        &self,
        network: &NetworkId,
        generation: Generation,
    ) -> impl Iterator<Item = (MemberIndex, Vote)> + '_ {
        let decision = self.decision.digest(network);
        let of = (generation, self.attempt, Phase::First);
        votes(of, decision, &self.signers, &self.signatures)
    }
}
