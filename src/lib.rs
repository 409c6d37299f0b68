//! Byzantine fault tolerant shared state without consensus on the data path.

pub mod actor;
pub mod codec;
#[cfg(feature = "net")]
pub mod net;
pub mod traits;

pub use actor::{
    Actor, Counter, Dot, Ed25519, Keys, NetworkId, Sig, SigningActor, Statement, WeakKey,
};
pub use codec::{Bytes, DecodeError, Digest};
pub use traits::{Causes, SecureBroadcastAlgorithm};
