//! What becomes of a network that is run, or is not.

use std::sync::Arc;

use crate::deterministic_secure_broadcast::{
    Genesis, GenesisError, OpenError, Rules, SecureBroadcast,
};
use crate::net::keys::SeededKeys;
use crate::net::report::Report;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::VirtualTime;
use crate::net::world::WorldError;

/// Why a network cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The genesis was refused.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A replica could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody is to do something who does not take part, or is no member.
    #[error("{0} is no correct member, and does not want to be one")]
    Unknown(String),
    /// More nodes than can be numbered.
    #[error("too many nodes")]
    TooManyNodes,
    /// Its world was refused.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time.
    pub at: VirtualTime,
    /// Steps of the engine.
    pub step: u64,
    /// Operations to be submitted in all.
    pub tasks: usize,
    /// Those that are delivered everywhere, or refused.
    pub settled: usize,
}

/// A report, and the replicas as they ended.
#[derive(Debug)]
pub struct Outcome<A: SimAlgorithm, K: SeededKeys, R: Rules> {
    /// The report.
    pub report: Report<A>,
    /// Every replica that was up, twins included, with its name.
    pub replicas: Vec<(String, SecureBroadcast<A, K, R>)>,
    /// What they began with.
    pub genesis: Arc<Genesis<A>>,
}
