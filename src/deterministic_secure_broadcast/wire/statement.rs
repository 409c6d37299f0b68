//! What members sign about generations. Flat and of fixed size, every one of them.

use serde::Serialize;

use crate::actor::{Actor, Statement};
use crate::codec::Digest;
use crate::membership::{Change, Generation};

/// "I want to be a member": proof that whoever wants to join has the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct JoinStatement {
    /// The key.
    pub actor: Actor,
}

/// R3: "I agree to this change".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ApproveStatement {
    /// The generation it would change.
    pub generation: Generation,
    /// The change.
    pub change: Change,
}

/// A3: "this will be my key in the generation after this one".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NextKeyStatement {
    /// The generation whose key signs this.
    pub generation: Generation,
    /// The key.
    pub key: Actor,
}

/// R4: "this is what I, the leader of this attempt, propose".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProposeStatement {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt.
    pub attempt: u32,
    /// The [digest](super::Decision::digest) of the decision.
    pub decision: Digest,
}

/// R4: the first vote, "this is the one proposal I vote for in this attempt".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FirstVoteStatement {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt.
    pub attempt: u32,
    /// The digest of the decision.
    pub decision: Digest,
}

/// R4: the second vote, "a quorum has voted for this in this attempt".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SecondVoteStatement {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt.
    pub attempt: u32,
    /// The digest of the decision.
    pub decision: Digest,
}

/// R4: "I vote no more in this attempt, and this is the highest quorum of first votes I have ever seen".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimeoutStatement {
    /// The generation that decides.
    pub generation: Generation,
    /// The attempt that is given up.
    pub attempt: u32,
    /// The attempt and the digest of that quorum's decision, if there is one.
    pub highest: Option<(u32, Digest)>,
}

/// R5: "I echo no more in this generation, and this is what I am bound to".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SealStatement {
    /// The generation sealed.
    pub generation: Generation,
    /// The digest of the decision that made it; of the genesis, the network id. What a seal shows is judged by the
    /// members of a chain, and should two chains ever part, nobody is to be judged by those of the other.
    pub link: Digest,
    /// The digest of what the seal shows.
    pub content: Digest,
}

impl Statement for JoinStatement {
    const DOMAIN: &'static str = "bft-crdts/join/1";
}

impl Statement for ApproveStatement {
    const DOMAIN: &'static str = "bft-crdts/approve/1";
}

impl Statement for NextKeyStatement {
    const DOMAIN: &'static str = "bft-crdts/next-key/1";
}

impl Statement for ProposeStatement {
    const DOMAIN: &'static str = "bft-crdts/propose/1";
}

impl Statement for FirstVoteStatement {
    const DOMAIN: &'static str = "bft-crdts/vote1/1";
}

impl Statement for SecondVoteStatement {
    const DOMAIN: &'static str = "bft-crdts/vote2/1";
}

impl Statement for TimeoutStatement {
    const DOMAIN: &'static str = "bft-crdts/timeout/1";
}

impl Statement for SealStatement {
    const DOMAIN: &'static str = "bft-crdts/seal/2";
}
