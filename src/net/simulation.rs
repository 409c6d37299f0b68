//! A network to be run: who takes part, what they do, and what is done to them.

mod changes;
mod finish;
mod run;
mod setup;
mod state;

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::adversary::{Adversary, AdversaryConfig, AdversaryNode, SharedState};
use super::change::PlannedChange;
use super::checker::{Checked, Checkers};
use super::directory::Directory;
use super::disk::Tail;
use super::engine::{Engine, Limits};
use super::fault::{Absence, CrashPoint, Downtime, Faults, Outage};
use super::keys::{FakeKeys, SeededKeys};
use super::network::Bandwidth;
use super::node::NodeId;
use super::participant::Participant;
use super::random::{Chance, Stream, Streams};
use super::recorder::Recorder;
use super::replica::Replica;
use super::report::Report;
use super::roster::{Names, Roster};
use super::sim_algorithm::SimAlgorithm;
use super::time::{Span, VirtualTime};
use super::trace::TraceNode;
use super::workload::{Task, TaskQueue};
use super::world::{Hardware, World, WorldError};
use crate::actor::{Actor, SigningActor};
use crate::deterministic_secure_broadcast::{
    Config, Genesis, GenesisError, OpenError, Rules, SecureBroadcast, Sound,
};
use crate::membership::{Change, Members};

use changes::Plan;
use run::Run;

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
    algorithm: String,
    state: A::ReplicatedState,
    members: usize,
    roles: Vec<Role<A, K>>,
    seed: u64,
    faults: Faults,
    world: World,
    tasks: Vec<Task<A>>,
    tick: Span,
    limits: Limits,
    memory: Option<u64>,
    patience: Span,
    config: Config,
    traced: bool,
    detailed: bool,
    write_schedule: bool,
    transcribed: bool,
    network: String,
    title: String,
    scenario: String,
    changes: Vec<PlannedChange>,
    expel_convicted: bool,
    rules: PhantomData<R>,
}

/// What a node of the run is.
struct Role<A: SimAlgorithm, K: SeededKeys> {
    name: String,
    actor: Actor,
    identity: SigningActor<K>,
    /// `None` keeps to the protocol.
    adversary: Option<(Box<dyn Adversary<A, K>>, VirtualTime)>,
    /// A replica that keeps to the protocol and still counts as faulty: a twin, or one that loses its memory.
    marked: Option<&'static str>,
}

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

impl<A: SimAlgorithm, K: SeededKeys> Net<A, K, Sound> {
    /// A network in which everybody in the cast is a member and correct. `algorithm` names the algorithm and its
    /// version, such as [`crate::bank::ALGORITHM`]; `state` is what everybody starts from.
    #[must_use]
    pub fn new(roster: Roster<K>, algorithm: &str, state: A::ReplicatedState) -> Self {
        let role = |(name, identity): &(String, SigningActor<K>)| Role {
            name: name.clone(),
            actor: identity.actor(),
            identity: identity.clone(),
            adversary: None,
            marked: None,
        };
        let roles: Vec<_> = roster.identities().iter().map(role).collect();
        Self {
            algorithm: algorithm.to_owned(),
            state,
            members: roles.len(),
            roles,
            roster,
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
            rules: PhantomData,
        }
    }
}

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Net<A, K, R> {
    /// The same network under other rules: for positive controls only.
    #[must_use]
    pub fn rules<S: Rules>(self) -> Net<A, K, S> {
        let Self {
            roster,
            algorithm,
            state,
            members,
            roles,
            seed,
            faults,
            world,
            tasks,
            tick,
            limits,
            memory,
            patience,
            config,
            traced,
            detailed,
            write_schedule,
            transcribed,
            network,
            title,
            scenario,
            changes,
            expel_convicted,
            rules: _,
        } = self;
        Net {
            roster,
            algorithm,
            state,
            members,
            roles,
            seed,
            faults,
            world,
            tasks,
            tick,
            limits,
            memory,
            patience,
            config,
            traced,
            detailed,
            write_schedule,
            transcribed,
            network,
            title,
            scenario,
            changes,
            expel_convicted,
            rules: PhantomData,
        }
    }

    /// Derives all randomness from this seed. The default is 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What goes wrong without anybody meaning it.
    ///
    /// A member whose disk is wiped, or that never comes back, counts as faulty.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// How fast the nodes' lines are, by node.
    #[must_use]
    pub fn bandwidth(mut self, bandwidth: Vec<Bandwidth>) -> Self {
        let nodes = self.world.nodes_mut();
        nodes.resize(nodes.len().max(bandwidth.len()), Hardware::default());
        for (node, bandwidth) in nodes.iter_mut().zip(bandwidth) {
            node.bandwidth = bandwidth;
        }
        self
    }

    /// Where the nodes stand, and what they are made of, by node. Replaces what [`Net::bandwidth`] said.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.world = world;
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
            None => {
                let identity = Roster::<K>::stranger(name);
                self.roster.call(identity.actor(), name);
                self.roles.push(Role {
                    name: name.to_owned(),
                    actor: identity.actor(),
                    identity,
                    adversary: Some((adversary, begins)),
                    marked: None,
                });
            }
        }
        self
    }

    /// Runs a second replica with the key of a member: both keep to the protocol, and both count as faulty.
    ///
    /// # Errors
    /// [`NetError::Unknown`] if there is no such member.
    pub fn twin(mut self, name: &str, of: &str) -> Result<Self, NetError> {
        let original = self.roles.iter_mut().find(|role| role.name == of);
        let original = original.ok_or_else(|| NetError::Unknown(of.to_owned()))?;
        original.marked = Some("twin");
        let (actor, identity) = (original.actor, original.identity.clone());
        self.roles.push(Role {
            name: name.to_owned(),
            actor,
            identity,
            adversary: None,
            marked: Some("twin"),
        });
        Ok(self)
    }

    /// Adds somebody who is no member and keeps to the protocol: it observes, until a planned change lets it join. Its
    /// items wait until then. A name that takes part already is left out.
    #[must_use]
    pub fn joiner(mut self, name: &str) -> Self {
        if self.roles.iter().all(|role| role.name != name) {
            let identity = Roster::<K>::stranger(name);
            self.roster.call(identity.actor(), name);
            self.roles.push(Role {
                name: name.to_owned(),
                actor: identity.actor(),
                identity,
                adversary: None,
                marked: None,
            });
        }
        self
    }

    /// What the members are to change about themselves.
    #[must_use]
    pub fn changes(mut self, changes: impl IntoIterator<Item = PlannedChange>) -> Self {
        self.changes = changes.into_iter().collect();
        self
    }

    /// Whoever can convict a member wants it expelled.
    #[must_use]
    pub fn expel_convicted(mut self) -> Self {
        self.expel_convicted = true;
        self
    }

    /// What the members are asked to do.
    #[must_use]
    pub fn workload(mut self, tasks: impl IntoIterator<Item = Task<A>>) -> Self {
        self.tasks = tasks.into_iter().collect();
        self
    }

    /// How often a replica is told that time has passed. The default is 100 ms.
    #[must_use]
    pub fn tick(mut self, tick: Span) -> Self {
        self.tick = tick;
        self
    }

    /// Where the run ends at the latest.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The most bytes the run may take, by [`Engine::memory`]. There is no limit by default.
    #[must_use]
    pub fn limit_memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// How long nothing may move, after all faults are over, while something is still owed. The default is 60 s.
    #[must_use]
    pub fn patience(mut self, patience: Span) -> Self {
        self.patience = patience;
        self
    }

    /// Lets replicas make a checkpoint after so many messages, instead of after
    /// [`CHECKPOINT_MESSAGES`](crate::deterministic_secure_broadcast::CHECKPOINT_MESSAGES).
    #[must_use]
    pub fn checkpoint_every(mut self, messages: NonZeroUsize) -> Self {
        self.config = self.config.checkpoint_every(Some(messages));
        self
    }

    /// Lets a message carry at most this many operations.
    #[must_use]
    pub fn message_ops(mut self, ops: usize) -> Self {
        self.config = self.config.message_ops(ops);
        self
    }

    /// Names the network in its genesis. The default is `net`.
    #[must_use]
    pub fn network(mut self, name: &str) -> Self {
        self.network = name.to_owned();
        self
    }

    /// Writes a trace, for charts of this title and scenario.
    #[must_use]
    pub fn traced(mut self, title: &str, scenario: &str) -> Self {
        self.traced = true;
        self.title = title.to_owned();
        self.scenario = scenario.to_owned();
        self
    }

    /// Keeps details of what is traced, for a [page](super::page).
    #[must_use]
    pub fn detailed(mut self) -> Self {
        self.detailed = true;
        self
    }

    /// Writes down what becomes of every packet, to be played again with [`Faults::schedule`].
    #[must_use]
    pub fn write_schedule(mut self) -> Self {
        self.write_schedule = true;
        self
    }

    /// Digests what is sent, persisted and delivered, for [`Report::transcript`].
    #[must_use]
    pub fn transcribed(mut self) -> Self {
        self.transcribed = true;
        self
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let place = self.roles.iter().position(|role| role.name == name)?;
        u16::try_from(place).ok().map(NodeId::new)
    }

    /// The people of the network.
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
        Ok(self.set_up()?.go(progress))
    }

    /// Members that count as faulty although they keep to the protocol, for what the plan does to them.
    fn fallen(&self) -> BTreeSet<NodeId> {
        // A journal in which a record before the last is damaged is refused, so its member cannot come back.
        let fatal = |tail| matches!(tail, Tail::Wiped | Tail::Flipped(_));
        let faults = &self.faults;
        let crashes = faults.crashes.iter();
        let crashed = crashes.filter(|crash| fatal(crash.tail) || crash.down.is_none());
        let is_lost = |downtime: &&Downtime| {
            let forgets = matches!(downtime.how, Outage::Crash(tail) if fatal(tail));
            // Who joins late has nothing to forget.
            match downtime.when {
                Absence::Once { from, until } => {
                    until.is_none() || (forgets && from > VirtualTime::ZERO)
                }
                Absence::Random { .. } => forgets,
            }
        };
        let gone = faults.downtimes.iter().filter(is_lost);
        crashed
            .map(|crash| crash.node)
            .chain(gone.map(|downtime| downtime.node))
            .collect()
    }

    fn set_up(mut self) -> Result<Run<A, K, R>, NetError> {
        let fallen = self.fallen();
        let members: Vec<Actor> = self
            .roles
            .iter()
            .take(self.members)
            .map(|role| role.actor)
            .collect();
        let genesis =
            Genesis::<A>::new(&self.network, &self.algorithm, members, self.state.clone())?;
        let sources = genesis.members().to_vec();
        let known: Vec<(String, Actor)> = self
            .roles
            .iter()
            .map(|role| (role.name.clone(), role.actor))
            .collect();
        let decoded = Arc::new(Members::<K>::genesis(&sources).map_err(GenesisError::from)?);
        let actors: Vec<Actor> = self.roles.iter().map(|role| role.actor).collect();
        if u16::try_from(actors.len()).is_err() {
            return Err(NetError::TooManyNodes);
        }
        let colluders: Arc<[Actor]> = self
            .roles
            .iter()
            .filter(|role| role.adversary.is_some())
            .map(|role| role.actor)
            .collect();
        let directory = Arc::new(Directory::new(actors));
        let shared_state = SharedState::default();
        let streams = Streams::new(self.seed);
        let genesis = Arc::new(genesis);

        let mut checked = Vec::new();
        let mut nodes = Vec::new();
        let mut participants = Vec::new();
        let mut identities = Vec::new();
        let mut busy_until = VirtualTime::ZERO;
        let roles = std::mem::take(&mut self.roles);
        for (node, role) in (0..).map(NodeId::new).zip(roles) {
            let is_member = node.index() < self.members;
            let honest = role.adversary.is_none() && role.marked.is_none();
            let correct = honest && !fallen.contains(&node);
            let fallen_role = (honest && !correct).then_some("faulty");
            let native = if is_member { "member" } else { "joiner" };
            let mut shown = role.marked.or(fallen_role).unwrap_or(native);
            identities.push(role.identity.clone());
            let participant = match role.adversary {
                Some((adversary, begins)) => {
                    shown = adversary.role();
                    busy_until = busy_until.max(begins + self.tick.times(20));
                    let config = AdversaryConfig {
                        others: directory.others(&sources, &role.actor),
                        identity: role.identity,
                        genesis: genesis.clone(),
                        members: decoded.clone(),
                        colluders: colluders.clone(),
                        shared_state: shared_state.clone(),
                        quorum: R::quorum(sources.len()),
                        directory: directory.clone(),
                    };
                    let stream = streams.of_node("villain", node);
                    match adversary.behavior() {
                        Some(behavior) => {
                            let first = first_tick(&streams, node, self.tick);
                            setup::intercepted(behavior, &config, stream, begins, self.tick, first)
                                .ok_or(GenesisError::Empty)?
                        }
                        None => Participant::Adversary(Box::new(AdversaryNode::new(
                            adversary, config, stream, begins, self.tick,
                        ))),
                    }
                }
                None => {
                    let broadcast = SecureBroadcast::open(
                        role.identity,
                        (*genesis).clone(),
                        [],
                        self.config.clone(),
                    )?;
                    setup::replica(broadcast, &directory, node, self.tick, &streams)
                }
            };
            participants.push(participant);
            checked.push(Checked {
                name: role.name.clone(),
                actor: role.actor,
                correct,
            });
            nodes.push(TraceNode {
                name: role.name,
                role: shown.to_owned(),
                correct,
            });
        }

        let mut places = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let place = nodes.iter().position(|node| node.name == task.who);
            let place = place
                .filter(|place| matches!(participants.get(*place), Some(Participant::Replica(_))));
            let place = place
                .and_then(|place| u16::try_from(place).ok())
                .map(NodeId::new);
            places.push(place.ok_or_else(|| NetError::Unknown(task.who.clone()))?);
        }
        // Everybody who may ever be a source.
        let mut actors = sources.clone();
        for joiner in checked.iter().filter(|node| node.correct) {
            if !actors.contains(&joiner.actor) {
                actors.push(joiner.actor);
            }
        }
        let checkers = Checkers::new(self.seed, &self.state, &actors, &sources, &checked);
        let genesis_members = (*decoded).clone();
        let plan = Plan::new(&self.changes, self.expel_convicted, genesis_members, &known)?;
        let names = self.roster.names().clone();
        let labels = nodes.iter().map(|node| node.name.clone()).collect();
        let partitions = self.faults.partitions.clone();
        let network = genesis.network();
        let mut recorder = Recorder::new(
            self.traced,
            names,
            sources.clone(),
            labels,
            partitions,
            network,
        )
        .detailed(self.detailed)
        .transcribed(self.transcribed);
        recorder.plan(&self.faults);
        let task_queue = TaskQueue::new(self.tasks, &places, nodes.len());
        let planned = self.changes.iter().map(|planned| planned.at).max();
        let faults_end = faults_end(&self.faults)
            .max(busy_until)
            .max(planned.unwrap_or_default());
        let corrupts = self.faults.corruption != Chance::NEVER;
        let mut engine = Engine::in_world(
            participants,
            &self.world,
            self.faults,
            self.limits,
            &streams,
        )?;
        if let Some(bytes) = self.memory {
            engine.limit_memory(bytes);
        }
        if self.write_schedule {
            engine.write_schedule();
        }
        // Everybody has told everybody what they have, and had an answer.
        let settle = self.tick.times(sources.len() as u64 / 2 + 4);
        Ok(Run {
            engine,
            recorder,
            checkers,
            task_queue,
            directory,
            identities,
            genesis,
            sources,
            plan,
            members: self.members,
            nodes,
            template: A::new(Actor::from_bytes([0; 32])),
            workload: streams.of("workload"),
            streams,
            tick: self.tick,
            config: self.config,
            faults_end,
            corrupts,
            settle,
            patience: self.patience,
            traced: self.traced,
            title: self.title,
            scenario: self.scenario,
            seed: self.seed,
            counters: setup::RunCounters::default(),
        })
    }
}

/// When the last fault of the plan is over, apart from loss and random downtime if they never end.
fn faults_end(faults: &Faults) -> VirtualTime {
    if let Some(at) = faults.heal_at {
        return at;
    }
    let partitions = faults.partitions.iter().map(|partition| partition.until);
    let crashes = faults.crashes.iter().map(|crash| match crash.when {
        CrashPoint::At(at) => at + crash.down.unwrap_or_default(),
        CrashPoint::AfterEffects(_) => VirtualTime::ZERO,
    });
    let one_way = faults.one_way.iter().map(|one_way| one_way.until);
    let clogs = faults.clogs.iter().map(|clog| clog.until);
    let slow = faults.slowdowns.iter().map(|slow| slow.until);
    let full = faults.full_disks.iter().map(|full| full.until);
    let downtimes = faults
        .downtimes
        .iter()
        .filter_map(|downtime| match downtime.when {
            Absence::Once { from, until } => Some(until.unwrap_or(from)),
            Absence::Random { .. } => None,
        });
    let times = partitions.chain(crashes).chain(one_way).chain(clogs);
    times
        .chain(slow)
        .chain(full)
        .chain(downtimes)
        .max()
        .unwrap_or_default()
}

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> fmt::Debug for Net<A, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("roster", &self.roster)
            .field("seed", &self.seed)
            .field("rules", &R::NAME)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// A change by the names of people.
pub(super) fn change_label(change: &Change, names: &Names) -> String {
    let name = names.of(&change.subject());
    match change {
        Change::Join(_) => format!("join {name}"),
        Change::Leave(_) => format!("leave {name}"),
        Change::Expel(_) => format!("expel {name}"),
    }
}

/// A stream no node shares.
pub(super) fn first_tick(streams: &Streams, node: NodeId, tick: Span) -> Span {
    let mut stream: Stream = streams.of_node("tick", node);
    stream.span(Span::from_nanos(1), tick)
}

/// A machine for a node.
pub(super) fn machine<A: SimAlgorithm, K: SeededKeys, R: Rules>(
    broadcast: SecureBroadcast<A, K, R>,
    directory: &Arc<Directory>,
    tick: Span,
    first: Span,
) -> Participant<A, K, R> {
    Participant::Replica(Replica::new(broadcast, directory.clone(), tick, first))
}
