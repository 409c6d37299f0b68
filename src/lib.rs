//! Byzantine fault tolerant shared state without consensus on the data path.

pub mod actor;
pub mod bank;
pub mod codec;
pub mod deterministic_secure_broadcast;
pub mod membership;
#[cfg(feature = "net")]
pub mod net;
pub mod orswot;
pub mod traits;

pub use actor::{
    Actor, Counter, Dot, Ed25519, Keys, NetworkId, Sig, SigningActor, Statement, WeakKey,
};
pub use bank::Bank;
pub use codec::{Bytes, DecodeError, Digest};
pub use deterministic_secure_broadcast::{
    Certificate, Clock, Delivery, Effect, Effects, Evidence, Genesis, GenesisError, Packet,
    PacketKind, Payload, Record, Refused, Rejection, RestoreError, Rules, SecureBroadcast, Sound,
    To,
};
pub use membership::{Generation, MemberIndex, Members, Seat};
pub use orswot::Orswot;
pub use traits::{Causes, SecureBroadcastAlgorithm};
