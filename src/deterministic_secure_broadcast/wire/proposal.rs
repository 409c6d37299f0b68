//! R4: what the leader of an attempt proposes.

use serde::{Deserialize, Serialize};

use super::approval::Approvals;
use super::decision::Decision;
use super::next_key::Announced;
use super::signed::SignedDigest;
use super::timeout::Timeouts;
use crate::actor::{NetworkId, Sig};
use crate::membership::Generation;

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
    pub(crate) fn signed(&self, network: NetworkId) -> SignedDigest {
        SignedDigest {
            digest: self.decision.digest(&network),
            sig: self.sig,
        }
    }
}
