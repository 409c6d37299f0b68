//! A run: the engine takes a step, the checkers look, the members are told what to do next.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::counters::RunCounters;
use super::nodes;
use super::outcome::{Outcome, Progress};
use super::plan::Plan;
use super::setup::Setup;
use crate::actor::{Actor, Counter, Dot, SigningActor};
use crate::codec;
use crate::deterministic_secure_broadcast::{
    Genesis, OpenError, Record, Rules, SecureBroadcast, journal,
};
use crate::net::checker::{Checkers, Property};
use crate::net::directory::Directory;
use crate::net::engine::{Engine, Step};
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::note::Note;
use crate::net::observer::Moment;
use crate::net::participant::Participant;
use crate::net::random::{Stream, Streams};
use crate::net::recorder::{Happened, Recorder};
use crate::net::report::{Ended, HaltReason};
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::{Span, VirtualTime};
use crate::net::trace::{TraceKind, TraceNode};
use crate::net::workload::{Make, Ready, TaskQueue, WorkloadContext, drawn};

/// A network that runs.
pub(super) struct Run<A: SimAlgorithm, K: SeededKeys, R: Rules> {
    /// As it was asked for; tasks and faults have gone where they are used.
    pub(super) setup: Setup<A>,
    pub(super) engine: Engine<Participant<A, K, R>>,
    pub(super) recorder: Recorder<A>,
    pub(super) checkers: Checkers<A>,
    pub(super) task_queue: TaskQueue<A>,
    pub(super) directory: Arc<Directory>,
    pub(super) identities: Vec<SigningActor<K>>,
    pub(super) genesis: Arc<Genesis<A>>,
    /// The members of the genesis, in order of their keys.
    pub(super) sources: Vec<Actor>,
    pub(super) plan: Plan<K>,
    pub(super) nodes: Vec<TraceNode>,
    /// An empty copy, to ask about operations.
    pub(super) template: A,
    pub(super) workload: Stream,
    pub(super) streams: Streams,
    /// From here on something must move.
    pub(super) faults_end: VirtualTime,
    /// Whether packets may arrive as something else than what was sent: more than the protocol allows links to do (A1),
    /// so that unsigned packets prove nothing. All promises must hold even then.
    pub(super) corrupts: bool,
    /// How long nothing moves before a finished run ends.
    pub(super) settle: Span,
    pub(super) counters: RunCounters,
}

/// Steps between two reports of progress.
const PROGRESS: u64 = 4096;

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Run<A, K, R> {
    pub(super) fn go(mut self, progress: &mut dyn FnMut(&Progress)) -> Outcome<A, K, R> {
        self.engine.start(&mut self.recorder);
        self.look();
        self.all_nodes().for_each(|node| self.show_state(node));
        for node in self.all_nodes() {
            for at in self.plan.times() {
                self.engine.call_at(at, u64::from(node.get()));
            }
            self.pump(node);
        }
        self.look();
        let ended = loop {
            match self.engine.step(&mut self.recorder) {
                Step::Ran => {}
                Step::Call(node) => {
                    let node = NodeId::new(u16::try_from(node).unwrap_or(u16::MAX));
                    self.consider(node);
                    self.pump(node);
                }
                Step::RestartDue(node) => self.restart(node),
                Step::Ended(end) => break Ended::Limit(end),
            }
            self.look();
            let Moment { at, step } = self.engine.moment();
            if at > self.faults_end {
                let still = at - self.counters.moved.max(self.faults_end);
                let done = self.task_queue.open == 0 && self.checkers.incomplete() == 0;
                if done
                    && !self.is_changing()
                    && still >= self.settle.min(self.setup.patience)
                    && !self.engine.is_anyone_returning()
                {
                    break Ended::Done;
                }
                if still >= self.setup.patience {
                    break Ended::Stalled;
                }
            }
            if step % PROGRESS == 0 {
                let tasks = self.task_queue.len();
                progress(&Progress {
                    at,
                    step,
                    tasks,
                    settled: tasks - self.task_queue.open,
                });
            }
        };
        self.finish(ended)
    }

    pub(super) fn all_nodes(&self) -> impl Iterator<Item = NodeId> + use<A, K, R> {
        (0..).map(NodeId::new).take(self.nodes.len())
    }

    /// The node that speaks for a source; of twins the first.
    fn node_of(&self, actor: &Actor) -> Option<NodeId> {
        self.directory.nodes_of(actor).first().copied()
    }

    /// Lets the checkers look at what has happened, until nothing more happens at once.
    fn look(&mut self) {
        while !self.recorder.happened.is_empty() {
            let mut happened = std::mem::take(&mut self.recorder.happened);
            let mut delivered = Vec::new();
            let (mut to_pump, mut to_show) = (BTreeSet::new(), BTreeSet::new());
            for (moment, happened) in happened.drain(..) {
                match happened {
                    Happened::Delivered(node, delivery) => {
                        self.counters.moved = moment.at;
                        let (task_queue, directory) = (&self.task_queue, &self.directory);
                        let broadcast = |dot: &Dot| {
                            let node = *directory.nodes_of(&dot.actor).first()?;
                            task_queue
                                .fate(task_queue.item_at(node, dot.counter)?)
                                .op
                                .clone()
                        };
                        let mut complete = Vec::new();
                        let causes = |op: &A::Op| self.template.causes(op);
                        self.checkers.delivered(
                            node,
                            &delivery,
                            causes,
                            moment,
                            broadcast,
                            |dot| complete.push(dot),
                        );
                        self.complete(&complete, moment.at);
                        if self.directory.actor(node) == Some(delivery.source) {
                            let last = delivery.iter().last().map(|(dot, _)| dot.counter);
                            self.task_queue
                                .home(node, last.unwrap_or(Counter::ZERO), moment.at);
                        }
                        to_pump.insert(node);
                        delivered.push((moment, node, delivery));
                    }
                    Happened::Noted(node, note) => {
                        to_show.insert(node);
                        self.noted(node, note, moment, &mut to_pump);
                    }
                    Happened::Crashed => self.counters.count("a node crashed"),
                    Happened::Resumed(node) => {
                        to_pump.insert(node);
                    }
                    Happened::Healed => {}
                }
            }
            // The copies are looked at when the whole step is on the books.
            for (moment, node) in std::mem::take(&mut self.counters.taken_over) {
                let machine = self.engine.machine(node);
                let replica = machine.and_then(Participant::replica);
                if let Some(broadcast) = replica.and_then(|replica| replica.broadcast()) {
                    let copy = broadcast.algorithm();
                    self.checkers.compare(node, copy, None, moment);
                }
            }
            for (moment, node, delivery) in &delivered {
                if let Some(replica) = self.engine.machine(*node).and_then(Participant::replica)
                    && let Some(broadcast) = replica.broadcast()
                {
                    self.checkers
                        .compare(*node, broadcast.algorithm(), Some(delivery), *moment);
                    if self.recorder.is_traced() {
                        let copy = broadcast.algorithm();
                        let node = *node;
                        self.recorder.write_some(*moment, |names| {
                            copy.state_label(names)
                                .map(|label| TraceKind::State { node, label })
                        });
                    }
                }
                to_show.insert(*node);
            }
            to_show.into_iter().for_each(|node| self.show_state(node));
            // The list is put back to be filled again; pumping may already have filled it.
            if self.recorder.happened.is_empty() {
                self.recorder.happened = happened;
            }
            for node in to_pump {
                self.consider(node);
                self.pump(node);
            }
        }
    }

    pub(super) fn complete(&mut self, dots: &[Dot], now: VirtualTime) {
        for dot in dots {
            if let Some(node) = self.node_of(&dot.actor) {
                self.task_queue.everywhere(node, dot.counter, now);
            }
        }
    }

    fn noted(
        &mut self,
        node: NodeId,
        note: Note<A>,
        moment: Moment,
        to_pump: &mut BTreeSet<NodeId>,
    ) {
        let checked = self.checkers.is_checked(node);
        match note {
            Note::Issued { first, len, ops } => {
                let ops = codec::decode_sequence::<A::Op>(len as usize, &ops).unwrap_or_default();
                self.task_queue.issued(node, first, &ops);
            }
            Note::Returned { op, reason } => {
                self.counters.moved = moment.at;
                self.task_queue.returned(node, &op, reason.to_string());
                // Whoever waited for it waits no longer.
                to_pump.extend(self.all_nodes());
            }
            Note::RefusedBy {
                member,
                dot,
                reason,
            } => {
                self.counters.count("a member refused an operation");
                let refuser = self
                    .node_of(&member)
                    .filter(|member| self.checkers.is_checked(*member));
                // What a correct source has checked stays valid, so nobody correct can say no to it; but a refusal is not
                // signed, and a line that corrupts packets can make one.
                if let Some(refuser) = refuser.filter(|_| checked && !self.corrupts) {
                    let detail =
                        format!("a correct member refuses what a correct one signed: {reason}");
                    self.checkers.blame(
                        Property::Validity,
                        &[node, refuser],
                        Some(dot),
                        moment,
                        detail,
                    );
                }
            }
            Note::Evidence(evidence) => {
                self.counters.count("evidence was found");
                if !checked {
                    return;
                }
                self.counters.moved = moment.at;
                let culprit = evidence.culprit;
                let known = self
                    .counters
                    .convictions
                    .entry(culprit)
                    .or_insert_with(|| (*evidence, Vec::new()));
                if !known.1.contains(&node) {
                    known.1.push(node);
                }
                if self.plan.expel_convicted {
                    to_pump.insert(node);
                }
                let accused = self.directory.nodes_of(&culprit);
                if let Some(accused) = accused
                    .iter()
                    .copied()
                    .find(|accused| self.checkers.is_checked(*accused))
                {
                    let detail = "a correct member is convicted".into();
                    self.checkers.blame(
                        Property::Accusation,
                        &[accused, node],
                        None,
                        moment,
                        detail,
                    );
                }
            }
            Note::Diverged { member } => {
                let accused = self
                    .node_of(&member)
                    .filter(|member| self.checkers.is_checked(*member));
                // What a summary says is not signed either.
                match accused.filter(|_| checked && !self.corrupts) {
                    Some(other) => {
                        let detail =
                            "equal clocks and different states, by their own account".into();
                        self.checkers.blame(
                            Property::Convergence,
                            &[node, other],
                            None,
                            moment,
                            detail,
                        );
                    }
                    None => self
                        .counters
                        .count("another state was reported by a Byzantine node, or a bad line"),
                }
            }
            Note::Halted(halt) => self.halted(node, HaltReason::Protocol(halt), moment),
            Note::AppPanicked(text) => self.halted(node, HaltReason::AppPanicked(text), moment),
            Note::Act(_) | Note::Obsolete(_) => {}
            Note::Asked { .. } => {
                self.counters.count("a change was asked for");
                to_pump.insert(node);
            }
            Note::Generation { .. } => {
                self.counters.count("a generation was activated");
                self.activated(node, moment);
                to_pump.insert(node);
            }
            Note::Checkpoint => self.counters.count("a checkpoint was certified"),
            Note::Installed(clock) => {
                self.counters.count("a snapshot was taken over");
                self.counters.moved = moment.at;
                let mut complete = Vec::new();
                let causes = |op: &A::Op| self.template.causes(op);
                self.checkers
                    .installed(node, &clock, causes, moment, |dot| complete.push(dot));
                self.complete(&complete, moment.at);
                let own = self.directory.actor(node);
                if let Some((_, last)) = clock.iter().find(|(actor, _)| Some(*actor) == own) {
                    self.task_queue.home(node, *last, moment.at);
                }
                self.counters.taken_over.push((moment, node));
                to_pump.insert(node);
            }
            Note::KeyChanged(_) => {
                self.counters.count("a key was erased");
                // If the power went right then, the old secret is still where it was.
                let now = self
                    .broadcast_at(node)
                    .map(|broadcast| broadcast.identity().clone());
                if let (Some(now), Some(stored)) = (now, self.identities.get_mut(node.index())) {
                    *stored = now;
                }
            }
            Note::Left => {
                self.counters.count("a member has left");
                self.counters.moved = moment.at;
            }
            Note::Count(what) => self.counters.count(what),
        }
    }

    fn halted(&mut self, node: NodeId, reason: HaltReason, moment: Moment) {
        if self.checkers.is_checked(node) {
            self.checkers
                .blame(Property::Halt, &[node], None, moment, format!("{reason:?}"));
        }
        self.counters.halted.push((node, reason));
    }

    /// Whether a replica has delivered the causes of an operation.
    fn is_ripe(&self, op: &A::Op, broadcast: &SecureBroadcast<A, K, R>) -> bool {
        let there = |dot: &Dot| broadcast.delivered(&dot.actor) >= dot.counter;
        self.template.causes(op).dots().all(there)
    }

    /// Submits whatever a node can submit now.
    fn pump(&mut self, node: NodeId) {
        if !self.engine.is_present(node) {
            return;
        }
        let now = self.engine.now();
        let mut ops = Vec::new();
        let mut tasks = Vec::new();
        loop {
            let Some(replica) = self.engine.machine(node).and_then(Participant::replica) else {
                return;
            };
            let Some(broadcast) = replica.broadcast() else {
                return;
            };
            // Whoever wants to be a member waits until it is.
            if !broadcast.is_member() && broadcast.members().seat_of(&broadcast.actor()).is_none() {
                return;
            }
            let delivered = |other: NodeId| {
                self.directory
                    .actor(other)
                    .map_or(Counter::ZERO, |actor| broadcast.delivered(&actor))
            };
            let task = match self.task_queue.ready(node, now, delivered) {
                Ready::Task(task) => task,
                Ready::At(at) => {
                    if self.counters.calls.insert(node, at) != Some(at) {
                        self.engine.call_at(at, u64::from(node.get()));
                    }
                    break;
                }
                Ready::Later => break,
            };
            let (task_queue, directory) = (&self.task_queue, &self.directory);
            let item_of = |dot: &Dot| {
                task_queue.item_at(*directory.nodes_of(&dot.actor).first()?, dot.counter)
            };
            let before = task_queue.fate(task).op.clone();
            if before
                .as_ref()
                .is_some_and(|op| !self.is_ripe(op, broadcast))
            {
                // Submitted before a crash that took some of its causes, too: they come back.
                break;
            }
            let made = match (&task_queue.task(task).make, before) {
                (_, Some(op)) => Ok(op),
                (Make::Op(op), _) => Ok(op.clone()),
                (make, _) => {
                    let under_way = task_queue.under_way(node);
                    let context = WorkloadContext {
                        copy: broadcast.algorithm(),
                        under_way: &under_way,
                        me: broadcast.actor(),
                        item_of: &item_of,
                    };
                    match make {
                        Make::From(make) => make(&context),
                        _ => drawn(
                            &context,
                            &self.sources,
                            &mut self.workload,
                            broadcast.delivered(&context.me),
                        )
                        .ok_or_else(|| "nothing could be drawn".to_owned()),
                    }
                }
            };
            match made {
                Ok(op) => {
                    let moment = self.engine.moment();
                    self.recorder.submitted(moment, node, &op);
                    self.task_queue.submitted(task, op.clone(), now);
                    ops.push(op);
                    tasks.push(task);
                }
                Err(reason) => {
                    if self.recorder.is_traced() {
                        let moment = self.engine.moment();
                        let tag = self.task_queue.task(task).tag;
                        self.recorder.write(moment, |_| TraceKind::Local {
                            node,
                            label: format!("refuse {tag}: {reason}"),
                        });
                    }
                    self.counters.moved = now;
                    self.task_queue.refused(task, reason);
                    // Those that waited for it are looked at when the queue comes to them, now.
                    for other in self.all_nodes().filter(|other| *other != node) {
                        self.engine.call_at(now, u64::from(other.get()));
                    }
                }
            }
        }
        self.submit(node, ops, &tasks);
    }

    fn submit(&mut self, node: NodeId, ops: Vec<A::Op>, tasks: &[usize]) {
        if ops.is_empty() {
            return;
        }
        self.counters.moved = self.engine.now();
        let refused = self
            .engine
            .input(node, &mut self.recorder, |machine, out| match machine {
                Participant::Replica(replica) => replica.submit(ops, out).err(),
                Participant::Adversary(_) | Participant::Intercepted(_) => None,
            });
        if let Some(Some(refused)) = refused {
            let reason = refused.reason.to_string();
            tasks
                .iter()
                .for_each(|task| self.task_queue.refused(*task, reason.clone()));
        }
    }

    /// Brings a node back from its disk: its bytes are all that is left of it (I23).
    fn restart(&mut self, node: NodeId) {
        let moment = self.engine.moment();
        let Some(identity) = self.identities.get(node.index()).cloned() else {
            return;
        };
        let Some(disk) = self.engine.disk_mut(node) else {
            return;
        };
        let genesis = (*self.genesis).clone();
        let mut own = Vec::new();
        let restored = match journal::read(disk.bytes()) {
            Err(error) => Err(error.to_string()),
            Ok(found) => {
                disk.truncate(found.length);
                own.extend(found.records.iter().filter_map(own_message::<A>));
                // An empty disk is one on which nothing ever was, so nothing was ever sent; unless it was wiped, and
                // then this node counts as faulty.
                let config = self.setup.config.clone();
                match SecureBroadcast::open(identity, genesis, found.records, config) {
                    Err(OpenError::KeyChanged(_)) => {
                        // The disk was wiped, and this key cannot pass for one that never signed.
                        return self.counters.count("a key without its journal stayed away");
                    }
                    opened => opened.map_err(|error| error.to_string()),
                }
            }
        };
        let broadcast = match restored {
            Ok(broadcast) => broadcast,
            Err(error) => {
                let detail = format!("its journal cannot be restored: {error}");
                return self
                    .checkers
                    .blame(Property::Halt, &[node], None, moment, detail);
            }
        };
        self.counters.count("a node restarted");
        if let Some(stored) = self.identities.get_mut(node.index()) {
            *stored = broadcast.identity().clone();
        }
        self.counters.moved = moment.at;
        let home = broadcast.delivered(&broadcast.actor());
        self.task_queue.restarted(node, home, &own);
        let (task_queue, directory) = (&self.task_queue, &self.directory);
        let own = |dot: &Dot| {
            let node = *directory.nodes_of(&dot.actor).first()?;
            task_queue
                .fate(task_queue.item_at(node, dot.counter)?)
                .op
                .clone()
        };
        let mut complete = Vec::new();
        self.checkers
            .restarted(node, &broadcast, moment, own, |dot| complete.push(dot));
        self.complete(&complete, moment.at);
        let participant = nodes::replica(
            broadcast,
            &self.directory,
            node,
            self.setup.tick,
            &self.streams,
        );
        self.engine.restart(node, participant, &mut self.recorder);
        self.show_state(node);
        self.plan.restarted(node);
        self.activated(node, moment);
        self.consider(node);
        self.pump(node);
    }
}

/// The first counter and the operations of a message of the journal's owner.
fn own_message<A: SimAlgorithm>(record: &Record) -> Option<(Counter, Vec<A::Op>)> {
    let Record::Own { header, ops, .. } = record else {
        return None;
    };
    Some((
        header.first,
        codec::decode_sequence(header.len as usize, ops).ok()?,
    ))
}
