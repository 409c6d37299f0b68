//! A genesis as a file, read without knowing its algorithm.

use serde::{Deserialize, Serialize};

use super::reader::{FileError, MAX_FILE_BYTES, Magic, Rest};
use crate::actor::{Actor, NetworkId};
use crate::codec;
use crate::deterministic_secure_broadcast::frame;
use crate::deterministic_secure_broadcast::genesis::{Genesis, network_of};
use crate::membership::MAX_MEMBERS;
use crate::traits::SecureBroadcastAlgorithm;

const MAGIC: Magic = Magic("bft-crdts genesis ");

/// What everybody can read of a genesis. The state is opaque, but the [`NetworkId`] covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisFile {
    head: Head,
    network: NetworkId,
    bytes: Vec<u8>,
}

/// What a genesis begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    name: String,
    algorithm: String,
    #[serde(deserialize_with = "codec::at_most::<_, _, MAX_MEMBERS>")]
    members: Vec<Actor>,
}

impl GenesisFile {
    /// The file of a genesis.
    #[must_use]
    pub fn of<A: SecureBroadcastAlgorithm>(genesis: &Genesis<A>) -> Self {
        Self {
            head: Head {
                name: genesis.name().to_owned(),
                algorithm: genesis.algorithm().to_owned(),
                members: genesis.members().to_vec(),
            },
            network: genesis.network(),
            bytes: genesis.to_bytes(),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.line();
        frame::append(&mut bytes, &self.bytes);
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError`] if it is no genesis.
    pub fn read(bytes: &[u8]) -> Result<Self, FileError> {
        let mut rest = Rest::after(&MAGIC, bytes)?;
        let (at, body) = rest
            .frame(MAX_FILE_BYTES)?
            .ok_or(FileError::CutOff(bytes.len()))?;
        if !rest.bytes.is_empty() {
            return Err(FileError::Misplaced(rest.at));
        }
        let head = codec::decode_prefix::<Head>(body);
        let (head, _) = head.map_err(|error| FileError::Undecodable { at, error })?;
        let ordered = head.members.is_sorted_by(|one, next| one < next);
        if head.members.is_empty() || !ordered {
            return Err(FileError::Members);
        }
        Ok(Self {
            network: network_of(body),
            head,
            bytes: body.to_vec(),
        })
    }

    /// The network's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// The algorithm and its version.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.head.algorithm
    }

    /// The members of generation 0, in order of their keys.
    #[must_use]
    pub fn members(&self) -> &[Actor] {
        &self.head.members
    }

    /// The digest of all of it.
    #[must_use]
    pub fn network(&self) -> NetworkId {
        self.network
    }
}
