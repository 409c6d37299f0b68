//! The start of a run: machines on their nodes, an engine under them, and checkers beside them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::counters::RunCounters;
use super::nodes;
use super::outcome::NetError;
use super::plan::Plan;
use super::run::Run;
use super::setup::{Role, Setup};
use crate::actor::Actor;
use crate::deterministic_secure_broadcast::{Genesis, GenesisError, Rules, SecureBroadcast};
use crate::membership::Members;
use crate::net::adversary::{AdversaryConfig, AdversaryNode, SharedState};
use crate::net::checker::{Checked, Checkers};
use crate::net::directory::Directory;
use crate::net::disk::Tail;
use crate::net::engine::Engine;
use crate::net::fault::{Absence, CrashPoint, Downtime, Faults, Outage};
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::participant::Participant;
use crate::net::random::{Chance, Streams};
use crate::net::recorder::Recorder;
use crate::net::roster::Names;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::VirtualTime;
use crate::net::trace::TraceNode;
use crate::net::workload::TaskQueue;

/// Sets a run up.
pub(super) fn start<A: SimAlgorithm, K: SeededKeys, R: Rules>(
    mut setup: Setup<A>,
    roles: Vec<Role<A, K>>,
    names: Names,
) -> Result<Run<A, K, R>, NetError> {
    let fallen = fallen(&setup.faults);
    let members: Vec<Actor> = roles
        .iter()
        .take(setup.members)
        .map(|role| role.actor)
        .collect();
    let genesis = Genesis::<A>::new(
        &setup.network,
        &setup.algorithm,
        members,
        setup.state.clone(),
    )?;
    let sources = genesis.members().to_vec();
    let known: Vec<(String, Actor)> = roles
        .iter()
        .map(|role| (role.name.clone(), role.actor))
        .collect();
    let decoded = Arc::new(Members::<K>::genesis(&sources).map_err(GenesisError::from)?);
    let actors: Vec<Actor> = roles.iter().map(|role| role.actor).collect();
    if u16::try_from(actors.len()).is_err() {
        return Err(NetError::TooManyNodes);
    }
    let colluders: Arc<[Actor]> = roles
        .iter()
        .filter(|role| role.adversary.is_some())
        .map(|role| role.actor)
        .collect();
    let directory = Arc::new(Directory::new(actors));
    let shared_state = SharedState::default();
    let streams = Streams::new(setup.seed);
    let genesis = Arc::new(genesis);

    let mut checked = Vec::new();
    let mut nodes = Vec::new();
    let mut participants = Vec::new();
    let mut identities = Vec::new();
    let mut busy_until = VirtualTime::ZERO;
    for (node, role) in (0..).map(NodeId::new).zip(roles) {
        let is_member = node.index() < setup.members;
        let honest = role.adversary.is_none() && role.marked.is_none();
        let correct = honest && !fallen.contains(&node);
        let fallen_role = (honest && !correct).then_some("faulty");
        let native = if is_member { "member" } else { "joiner" };
        let mut shown = role.marked.or(fallen_role).unwrap_or(native);
        identities.push(role.identity.clone());
        let participant = match role.adversary {
            Some((adversary, begins)) => {
                shown = adversary.role();
                busy_until = busy_until.max(begins + setup.tick.times(20));
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
                        let first = nodes::first_tick(&streams, node, setup.tick);
                        nodes::intercepted(behavior, &config, stream, begins, setup.tick, first)
                            .ok_or(GenesisError::Empty)?
                    }
                    None => Participant::Adversary(Box::new(AdversaryNode::new(
                        adversary, config, stream, begins, setup.tick,
                    ))),
                }
            }
            None => {
                let broadcast = SecureBroadcast::open(
                    role.identity,
                    (*genesis).clone(),
                    [],
                    setup.config.clone(),
                )?;
                nodes::replica(broadcast, &directory, node, setup.tick, &streams)
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

    let mut places = Vec::with_capacity(setup.tasks.len());
    for task in &setup.tasks {
        let place = nodes.iter().position(|node| node.name == task.who);
        let place =
            place.filter(|place| matches!(participants.get(*place), Some(Participant::Replica(_))));
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
    let checkers = Checkers::new(setup.seed, &setup.state, &actors, &sources, &checked);
    let genesis_members = (*decoded).clone();
    let plan = Plan::new(
        &setup.changes,
        setup.expel_convicted,
        genesis_members,
        &known,
    )?;
    let labels = nodes.iter().map(|node| node.name.clone()).collect();
    let partitions = setup.faults.partitions.clone();
    let network = genesis.network();
    let mut recorder = Recorder::new(
        setup.traced,
        names,
        sources.clone(),
        labels,
        partitions,
        network,
    )
    .detailed(setup.detailed)
    .transcribed(setup.transcribed);
    recorder.plan(&setup.faults);
    let task_queue = TaskQueue::new(std::mem::take(&mut setup.tasks), &places, nodes.len());
    let planned = setup.changes.iter().map(|planned| planned.at).max();
    let faults_end = faults_end(&setup.faults)
        .max(busy_until)
        .max(planned.unwrap_or_default());
    let corrupts = setup.faults.corruption != Chance::NEVER;
    let mut engine = Engine::in_world(
        participants,
        &setup.world,
        std::mem::take(&mut setup.faults),
        setup.limits,
        &streams,
    )?;
    if let Some(bytes) = setup.memory {
        engine.limit_memory(bytes);
    }
    if setup.write_schedule {
        engine.write_schedule();
    }
    // Everybody has told everybody what they have, and had an answer.
    let settle = setup.tick.times(sources.len() as u64 / 2 + 4);
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
        nodes,
        template: A::new(Actor::from_bytes([0; 32])),
        workload: streams.of("workload"),
        streams,
        setup,
        faults_end,
        corrupts,
        settle,
        counters: RunCounters::default(),
    })
}

/// Members that count as faulty although they keep to the protocol, for what the plan does to them.
fn fallen(faults: &Faults) -> BTreeSet<NodeId> {
    // A journal in which a record before the last is damaged is refused, so its member cannot come back.
    let fatal = |tail| matches!(tail, Tail::Wiped | Tail::Flipped(_));
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
