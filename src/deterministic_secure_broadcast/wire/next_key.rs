//! A3: the keys that members announce for the next generation.

use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::statement::NextKeyStatement;
use crate::actor::{Actor, Keys, NetworkId, Sig, verify};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::membership::{Generation, MAX_MEMBERS, MemberIndex, Members, Signers};

/// "This will be my key in the next generation"; the signer is the member the packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextKey {
    /// The generation that decides on the next one.
    pub generation: Generation,
    /// The key.
    pub key: Actor,
    /// The signature of the [`NextKeyStatement`], by the key of this generation.
    pub sig: Sig,
}

/// Who has another key in the next generation, and which. Everybody else keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextKeys {
    /// Who, by index in the generation that decides.
    pub members: Signers,
    /// Their keys, in the order of their indices.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_MEMBERS>")]
    pub keys: Vec<Actor>,
}

impl NextKeys {
    /// What a decision names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts("bft-crdts/next-keys/1", &[&codec::encode(self)])
    }

    /// Every key, with whose it is.
    pub fn iter(&self) -> impl Iterator<Item = (MemberIndex, Actor)> + '_ {
        self.members.iter().zip(self.keys.iter().copied())
    }

    /// Checks that this is the one way to say it, that the decision names it, and that nobody is in it who goes.
    fn check<K: Keys>(&self, decision: &Decision, members: &Members<K>) -> Result<(), Rejection> {
        let subject = members.index_of(&decision.change.subject());
        if !self.members.is_canonical(members.len())
            || self.members.count() != self.keys.len()
            || subject.is_some_and(|subject| self.members.contains(subject))
            || self.digest() != decision.keys
        {
            return Err(Malformed::NextKeys.into());
        }
        Ok(())
    }

    /// The members of the next generation, with their keys.
    pub(crate) fn after<K: Keys>(
        &self,
        decision: &Decision,
        members: &Members<K>,
    ) -> Result<Members<K>, Rejection> {
        self.check(decision, members)?;
        let next = members.after(&decision.change).map_err(Rejection::Change)?;
        let keys = self
            .iter()
            .filter_map(|(index, key)| Some((members.seat_at(index)?, key)));
        next.with_keys(keys).map_err(Rejection::WeakKey)
    }
}

/// Keys of the next generation as they were announced: for those who have to vote for them. Afterwards the votes
/// vouch for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The keys.
    pub keys: NextKeys,
    /// The signatures of the announcements, in the same order.
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_MEMBERS>")]
    pub signatures: Vec<Sig>,
}

impl Announced {
    /// Checks the form, every key, and every signature that is not `known`.
    pub(crate) fn check<K: Keys>(
        &self,
        network: &NetworkId,
        decision: &Decision,
        members: &Members<K>,
        known: impl Fn(MemberIndex, &Actor, &Sig) -> bool,
    ) -> Result<(), Rejection> {
        self.keys.check(decision, members)?;
        if self.signatures.len() != self.keys.keys.len() {
            return Err(Malformed::NextKeys.into());
        }
        let generation = members.generation();
        for ((signer, key), sig) in self.keys.iter().zip(&self.signatures) {
            if known(signer, &key, sig) {
                continue;
            }
            K::public(&key).map_err(Rejection::WeakKey)?;
            let statement = NextKeyStatement { generation, key };
            let public = members.key(signer);
            if !public.is_some_and(|public| verify::<K, _>(public, network, &statement, sig)) {
                return Err(Rejection::InvalidSignature {
                    signer: members.actor(signer).copied(),
                });
            }
        }
        Ok(())
    }
}
