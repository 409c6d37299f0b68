//! A network to be run: who takes part, what they do, and what is done to them.

mod changes;
mod counters;
mod finish;
mod nodes;
mod outcome;
mod plan;
mod run;
mod setup;
mod show;
mod start;

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;

use super::adversary::Adversary;
use super::change::PlannedChange;
use super::engine::Limits;
use super::fault::Faults;
use super::keys::{FakeKeys, SeededKeys};
use super::network::Bandwidth;
use super::node::NodeId;
use super::report::Report;
use super::roster::Roster;
use super::sim_algorithm::SimAlgorithm;
use super::time::{Span, VirtualTime};
use super::workload::Task;
use super::world::{Hardware, World};
use crate::actor::SigningActor;
use crate::deterministic_secure_broadcast::{Rules, Sound};

pub use outcome::{NetError, Outcome, Progress};
use setup::{Role, Setup};
use start::start;

/// A simulated network of replicas of `A`, to be set up and run once.
///
/// ```
/// use bft_crdts::bank::{self, Bank, Ledger};
/// use bft_crdts::net::{Roster, FakeKeys, Task, Net, adversary::Silent};
///
/// let roster = Roster::<FakeKeys>::letters(4);
/// let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), [])?;
/// let to = roster.actor("b").ok_or("no such name")?;
/// let report = Net::<Bank>::new(roster, bank::ALGORITHM, ledger)
///     .seed(7)
///     .adversary("d", Box::new(Silent))
///     .workload([Task::<Bank>::from("a", move |scene| {
///         scene.copy.transfer(&scene.me, to, 10).map_err(|invalid| invalid.to_string())
///     })])
///     .run()?;
/// assert_eq!((report.submitted, report.delivered), (1, 1));
/// assert!(report.is_sound() && report.converged);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Net<A: SimAlgorithm, K: SeededKeys = FakeKeys, R: Rules = Sound> {
    roster: Roster<K>,
    roles: Vec<Role<A, K>>,
    setup: Setup<A>,
    rules: PhantomData<R>,
}

impl<A: SimAlgorithm, K: SeededKeys> Net<A, K, Sound> {
    /// A network in which everybody in the roster is a member and correct. `algorithm` names the algorithm and its
    /// version, such as [`crate::bank::ALGORITHM`]; `state` is what everybody starts from.
    #[must_use]
    pub fn new(roster: Roster<K>, algorithm: &str, state: A::ReplicatedState) -> Self {
        let role =
            |(name, identity): &(String, SigningActor<K>)| Role::new(name, identity.clone(), None);
        let roles: Vec<_> = roster.identities().iter().map(role).collect();
        Self {
            setup: Setup::new(algorithm, state, roles.len()),
            roles,
            roster,
            rules: PhantomData,
        }
    }
}

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Net<A, K, R> {
    /// The same network under other rules: for positive controls only.
    #[must_use]
    pub fn rules<S: Rules>(self) -> Net<A, K, S> {
        Net {
            roster: self.roster,
            roles: self.roles,
            setup: self.setup,
            rules: PhantomData,
        }
    }

    /// Derives all randomness from this seed. The default is 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// What goes wrong without anybody meaning it.
    ///
    /// A member whose disk is wiped, or that never comes back, counts as faulty.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.setup.faults = faults;
        self
    }

    /// How fast the nodes' lines are, by node.
    #[must_use]
    pub fn bandwidth(mut self, bandwidth: Vec<Bandwidth>) -> Self {
        let nodes = self.setup.world.nodes_mut();
        nodes.resize(nodes.len().max(bandwidth.len()), Hardware::default());
        for (node, bandwidth) in nodes.iter_mut().zip(bandwidth) {
            node.bandwidth = bandwidth;
        }
        self
    }

    /// Where the nodes stand, and what they are made of, by node. Replaces what [`Net::bandwidth`] said.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.setup.world = world;
        self
    }

    /// Turns a member into an adversary, or adds an outsider of this name.
    #[must_use]
    pub fn adversary(self, name: &str, adversary: Box<dyn Adversary<A, K>>) -> Self {
        self.adversary_from(name, adversary, VirtualTime::ZERO)
    }

    /// Like [`Net::adversary`], with the time at which it begins.
    #[must_use]
    pub fn adversary_from(
        mut self,
        name: &str,
        adversary: Box<dyn Adversary<A, K>>,
        begins: VirtualTime,
    ) -> Self {
        match self.roles.iter_mut().find(|role| role.name == name) {
            Some(role) => role.adversary = Some((adversary, begins)),
            None => self.stranger(name, Some((adversary, begins))),
        }
        self
    }

    fn stranger(&mut self, name: &str, adversary: Option<(Box<dyn Adversary<A, K>>, VirtualTime)>) {
        let identity = Roster::<K>::stranger(name);
        self.roster.call(identity.actor(), name);
        self.roles.push(Role::new(name, identity, adversary));
    }

    /// Runs a second replica with the key of a member: both keep to the protocol, and both count as faulty.
    ///
    /// # Errors
    /// [`NetError::Unknown`] if there is no such member.
    pub fn twin(mut self, name: &str, of: &str) -> Result<Self, NetError> {
        let original = self.roles.iter_mut().find(|role| role.name == of);
        let original = original.ok_or_else(|| NetError::Unknown(of.to_owned()))?;
        original.marked = Some("twin");
        let mut twin = Role::new(name, original.identity.clone(), None);
        twin.marked = original.marked;
        self.roles.push(twin);
        Ok(self)
    }

    /// Adds somebody who is no member and keeps to the protocol: it observes, until a planned change lets it join. Its
    /// items wait until then. A name that takes part already is left out.
    #[must_use]
    pub fn joiner(mut self, name: &str) -> Self {
        if self.roles.iter().all(|role| role.name != name) {
            self.stranger(name, None);
        }
        self
    }

    /// What the members are to change about themselves.
    #[must_use]
    pub fn changes(mut self, changes: impl IntoIterator<Item = PlannedChange>) -> Self {
        self.setup.changes = changes.into_iter().collect();
        self
    }

    /// Whoever can convict a member wants it expelled.
    #[must_use]
    pub fn expel_convicted(mut self) -> Self {
        self.setup.expel_convicted = true;
        self
    }

    /// What the members are asked to do.
    #[must_use]
    pub fn workload(mut self, tasks: impl IntoIterator<Item = Task<A>>) -> Self {
        self.setup.tasks = tasks.into_iter().collect();
        self
    }

    /// How often a replica is told that time has passed. The default is 100 ms.
    #[must_use]
    pub fn tick(mut self, tick: Span) -> Self {
        self.setup.tick = tick;
        self
    }

    /// Where the run ends at the latest.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.setup.limits = limits;
        self
    }

    /// The most bytes the run may take, by [`Engine::memory`](super::Engine::memory). There is no limit by default.
    #[must_use]
    pub fn limit_memory(mut self, bytes: u64) -> Self {
        self.setup.memory = Some(bytes);
        self
    }

    /// How long nothing may move, after all faults are over, while something is still owed. The default is 60 s.
    #[must_use]
    pub fn patience(mut self, patience: Span) -> Self {
        self.setup.patience = patience;
        self
    }

    /// Lets replicas make a checkpoint after so many messages, instead of after
    /// [`CHECKPOINT_MESSAGES`](crate::deterministic_secure_broadcast::CHECKPOINT_MESSAGES).
    #[must_use]
    pub fn checkpoint_every(mut self, messages: NonZeroUsize) -> Self {
        self.setup.config = self.setup.config.checkpoint_every(Some(messages));
        self
    }

    /// Lets a message carry at most this many operations.
    #[must_use]
    pub fn message_ops(mut self, ops: usize) -> Self {
        self.setup.config = self.setup.config.message_ops(ops);
        self
    }

    /// Names the network in its genesis. The default is `net`.
    #[must_use]
    pub fn network(mut self, name: &str) -> Self {
        self.setup.network = name.to_owned();
        self
    }

    /// Writes a trace, for charts of this title and scenario.
    #[must_use]
    pub fn traced(mut self, title: &str, scenario: &str) -> Self {
        self.setup.traced = true;
        self.setup.title = title.to_owned();
        self.setup.scenario = scenario.to_owned();
        self
    }

    /// Keeps details of what is traced, for a [page](super::page).
    #[must_use]
    pub fn detailed(mut self) -> Self {
        self.setup.detailed = true;
        self
    }

    /// Writes down what becomes of every packet, to be played again with [`Faults::schedule`].
    #[must_use]
    pub fn write_schedule(mut self) -> Self {
        self.setup.write_schedule = true;
        self
    }

    /// Digests what is sent, persisted and delivered, for [`Report::transcript`].
    #[must_use]
    pub fn transcribed(mut self) -> Self {
        self.setup.transcribed = true;
        self
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let place = self.roles.iter().position(|role| role.name == name)?;
        u16::try_from(place).ok().map(NodeId::new)
    }

    /// Who takes part.
    #[must_use]
    pub fn roster(&self) -> &Roster<K> {
        &self.roster
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`NetError`] if it cannot be set up.
    pub fn run(self) -> Result<Report<A>, NetError> {
        Ok(self.run_to_end(&mut |_| {})?.report)
    }

    /// Runs it, and says every now and then how far it has come.
    ///
    /// # Errors
    /// As [`Net::run`].
    pub fn run_to_end(
        self,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Outcome<A, K, R>, NetError> {
        let names = self.roster.names().clone();
        Ok(start::<A, K, R>(self.setup, self.roles, names)?.go(progress))
    }
}

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> fmt::Debug for Net<A, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("roster", &self.roster)
            .field("seed", &self.setup.seed)
            .field("rules", &R::NAME)
            .field("tasks", &self.setup.tasks.len())
            .finish_non_exhaustive()
    }
}
