//! Byzantine fault tolerant shared state without consensus on the data path.

pub mod actor;
pub mod bank;
pub mod codec;
#[cfg(feature = "net")]
pub mod net;
pub mod orswot;
pub mod traits;

pub use actor::{
    Actor, Counter, Dot, Ed25519, Keys, NetworkId, Sig, SigningActor, Statement, WeakKey,
};
pub use bank::Bank;
pub use codec::{Bytes, DecodeError, Digest};
pub use orswot::Orswot;
pub use traits::{Causes, SecureBroadcastAlgorithm};
