//! R4: what a generation decides: who is in the next one.

use serde::{Deserialize, Serialize};

use crate::actor::NetworkId;
use crate::codec::{self, Digest};
use crate::membership::{Change, Generation};

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
