//! Byzantine fault tolerant shared state without consensus on the data path.

/// Declares modules in which nothing may panic, ask the time, draw lots, start threads, print, or
/// let the order of a hash map out: the core and the middle.
macro_rules! deterministic {
    ($($(#[$attribute:meta])* pub mod $module:ident;)*) => {$(
        $(#[$attribute])*
        #[cfg_attr(not(test), deny(
            clippy::arithmetic_side_effects,
            clippy::disallowed_methods,
            clippy::disallowed_types,
            clippy::expect_used,
            clippy::float_arithmetic,
            clippy::indexing_slicing,
            clippy::panic,
            clippy::print_stderr,
            clippy::print_stdout,
            clippy::todo,
            clippy::unreachable,
            clippy::unwrap_used,
        ))]
        pub mod $module;
    )*};
}

deterministic! {
    pub mod actor;
    pub mod bank;
    pub mod codec;
    pub mod deterministic_secure_broadcast;
    pub mod membership;
    pub mod orswot;
    pub mod traits;
}

#[cfg(feature = "net")]
pub mod net;

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
