//! R3 and R7: requests to join, and approvals of changes.

use serde::{Deserialize, Serialize};

use super::statement::{ApproveStatement, JoinStatement};
use crate::actor::{Actor, Keys, NetworkId, Sig, signing_bytes, verify};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::proof::check_quorum;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::membership::{Change, Generation, MemberIndex, Members, Signers};

/// "I want to be a member."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Join {
    /// Who.
    pub actor: Actor,
    /// The signature of its [`JoinStatement`]: proof of possession.
    pub possession: Sig,
}

impl Join {
    pub(crate) fn verify<K: Keys>(&self, network: &NetworkId) -> Result<(), Rejection> {
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
    pub(crate) fn check<K: Keys, R: Rules>(
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
