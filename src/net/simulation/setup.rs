//! How a network is set up: what was asked for before it runs.

use crate::actor::{Actor, SigningActor};
use crate::deterministic_secure_broadcast::Config;
use crate::net::adversary::Adversary;
use crate::net::change::PlannedChange;
use crate::net::engine::Limits;
use crate::net::fault::Faults;
use crate::net::keys::SeededKeys;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::{Span, VirtualTime};
use crate::net::workload::Task;
use crate::net::world::World;

/// All of it but the nodes.
pub(super) struct Setup<A: SimAlgorithm> {
    pub(super) algorithm: String,
    pub(super) state: A::ReplicatedState,
    pub(super) members: usize,
    pub(super) seed: u64,
    pub(super) faults: Faults,
    pub(super) world: World,
    pub(super) tasks: Vec<Task<A>>,
    pub(super) tick: Span,
    pub(super) limits: Limits,
    pub(super) memory: Option<u64>,
    pub(super) patience: Span,
    pub(super) config: Config,
    pub(super) traced: bool,
    pub(super) detailed: bool,
    pub(super) write_schedule: bool,
    pub(super) transcribed: bool,
    pub(super) network: String,
    pub(super) title: String,
    pub(super) scenario: String,
    pub(super) changes: Vec<PlannedChange>,
    pub(super) expel_convicted: bool,
}

/// What a node of the run is.
pub(super) struct Role<A: SimAlgorithm, K: SeededKeys> {
    pub(super) name: String,
    pub(super) actor: Actor,
    pub(super) identity: SigningActor<K>,
    /// `None` keeps to the protocol.
    pub(super) adversary: Option<(Box<dyn Adversary<A, K>>, VirtualTime)>,
    /// A replica that keeps to the protocol and still counts as faulty: a twin, or one that loses its memory.
    pub(super) marked: Option<&'static str>,
}

impl<A: SimAlgorithm> Setup<A> {
    pub(super) fn new(algorithm: &str, state: A::ReplicatedState, members: usize) -> Self {
        Self {
            algorithm: algorithm.to_owned(),
            state,
            members,
            seed: 0,
            faults: Faults::default(),
            world: World::default(),
            tasks: Vec::new(),
            tick: Span::from_millis(100),
            limits: Limits {
                steps: 100_000_000,
                time: VirtualTime::from_secs(100_000),
            },
            memory: None,
            patience: Span::from_secs(60),
            config: Config::default(),
            traced: false,
            detailed: false,
            write_schedule: false,
            transcribed: false,
            network: "net".into(),
            title: String::new(),
            scenario: String::new(),
            changes: Vec::new(),
            expel_convicted: false,
        }
    }
}

impl<A: SimAlgorithm, K: SeededKeys> Role<A, K> {
    pub(super) fn new(
        name: &str,
        identity: SigningActor<K>,
        adversary: Option<(Box<dyn Adversary<A, K>>, VirtualTime)>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            actor: identity.actor(),
            identity,
            adversary,
            marked: None,
        }
    }
}
