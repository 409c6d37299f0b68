//! The genesis: what everybody must agree on before the first message.

use serde::Serialize;

use super::error::GenesisError;
use crate::actor::{Actor, NetworkId};
use crate::codec::{self, Digest};
use crate::membership::MAX_MEMBERS;
use crate::traits::SecureBroadcastAlgorithm;

/// A network's beginning: its name, its algorithm, its first members and the state they start from.
///
/// Its digest is the [`NetworkId`], which every signature covers: statements made in one network
/// mean nothing in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis<A: SecureBroadcastAlgorithm> {
    name: String,
    algorithm: String,
    members: Vec<Actor>,
    state: A::ReplicatedState,
    network: NetworkId,
}

#[derive(Serialize)]
struct Content<'a, S> {
    name: &'a str,
    algorithm: &'a str,
    members: &'a [Actor],
    state: &'a S,
}

/// The network of a genesis with these bytes.
pub(super) fn network_of(genesis: &[u8]) -> NetworkId {
    NetworkId::new(Digest::of_parts("bft-crdts/genesis/1", &[genesis]))
}

impl<A: SecureBroadcastAlgorithm> Genesis<A> {
    /// Names the network, its algorithm with its version (such as `"bank/1"`), its members in any
    /// order, and the state they start from. Whether the members' keys are sound is checked by the
    /// replica that is made of it, which knows their scheme.
    ///
    /// Begin with at least four members where it matters: one, two or three tolerate no fault.
    ///
    /// # Errors
    /// [`GenesisError`] if there are no members, too many, or one twice.
    pub fn new(
        name: &str,
        algorithm: &str,
        members: impl IntoIterator<Item = Actor>,
        state: A::ReplicatedState,
    ) -> Result<Self, GenesisError> {
        let mut sorted: Vec<Actor> = members
            .into_iter()
            .take(MAX_MEMBERS.saturating_add(1))
            .collect();
        sorted.sort_unstable();
        if sorted.is_empty() {
            return Err(GenesisError::Empty);
        }
        if sorted.len() > MAX_MEMBERS {
            return Err(GenesisError::TooMany {
                have: sorted.len(),
                limit: MAX_MEMBERS,
            });
        }
        if let Some(twice) = sorted
            .iter()
            .zip(sorted.iter().skip(1))
            .find(|(a, b)| a == b)
        {
            return Err(GenesisError::Twice(*twice.0));
        }
        let content = Content {
            name,
            algorithm,
            members: &sorted,
            state: &state,
        };
        let network = network_of(&codec::encode(&content));
        Ok(Self {
            name: name.to_owned(),
            algorithm: algorithm.to_owned(),
            network,
            members: sorted,
            state,
        })
    }

    /// Its canonical bytes, of which the [`NetworkId`] is the digest: name, algorithm and members, then the state, which
    /// only those can read who know the algorithm. [`proof_file`](super::proof_file) makes a file of them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(&Content {
            name: &self.name,
            algorithm: &self.algorithm,
            members: &self.members,
            state: &self.state,
        })
    }

    /// The network's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The algorithm and its version.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The members of generation 0, in order of their keys.
    #[must_use]
    pub fn members(&self) -> &[Actor] {
        &self.members
    }

    /// The state everybody starts from.
    #[must_use]
    pub fn state(&self) -> &A::ReplicatedState {
        &self.state
    }

    /// The digest of all this.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.network
    }
}
