//! Byzantine fault tolerant shared state without consensus on the data path.

#[cfg(feature = "net")]
pub mod net;
