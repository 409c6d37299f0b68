//! What has become of every item: waiting, submitted, issued under a dot, delivered, or refused.

use std::collections::{BTreeMap, VecDeque};

use super::Task;
use crate::actor::Counter;
use crate::net::node::NodeId;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::VirtualTime;

/// The items of a run and their fates.
#[derive(Debug)]
pub(crate) struct TaskQueue<A: SimAlgorithm> {
    tasks: Vec<Task<A>>,
    fates: Vec<Fate<A>>,
    queues: Vec<NodeQueue>,
    /// Items waiting, or under way.
    pub(crate) open: usize,
}

/// What has become of an item.
#[derive(Clone, Debug)]
pub(crate) struct Fate<A: SimAlgorithm> {
    pub(crate) node: NodeId,
    pub(crate) op: Option<A::Op>,
    pub(crate) submitted: VirtualTime,
    pub(crate) dot: Option<Counter>,
    /// When it was delivered at its own source, and by all correct replicas.
    pub(crate) home: Option<VirtualTime>,
    pub(crate) everywhere: Option<VirtualTime>,
    pub(crate) refused: Option<String>,
    /// Its member was expelled with it under way: nobody owes it any more.
    given_up: bool,
}

/// What one node has to do.
#[derive(Debug, Default)]
struct NodeQueue {
    waiting: VecDeque<usize>,
    /// Submitted, without a dot yet.
    unissued: VecDeque<usize>,
    issued: BTreeMap<Counter, usize>,
    /// The last of its own dots delivered at the node.
    home: Counter,
}

impl NodeQueue {
    /// The head of the list leaves it.
    fn leave(&mut self, task: usize) {
        if self.waiting.front() == Some(&task) {
            self.waiting.pop_front();
        }
    }
}

/// Whether the next item of a node can be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// This one, now.
    Task(usize),
    /// Not before this time.
    At(VirtualTime),
    /// Not before something else has happened.
    Later,
}

/// How many operations a node may have under way.
const WINDOW: u64 = 1024;

impl<A: SimAlgorithm> TaskQueue<A> {
    /// The items, each with its node.
    pub(crate) fn new(tasks: Vec<Task<A>>, nodes: &[NodeId], count: usize) -> Self {
        let mut queues: Vec<NodeQueue> = (0..count).map(|_| NodeQueue::default()).collect();
        for (task, node) in nodes.iter().enumerate() {
            if let Some(queue) = queues.get_mut(node.index()) {
                queue.waiting.push_back(task);
            }
        }
        let fate = |node: &NodeId| Fate {
            node: *node,
            op: None,
            submitted: VirtualTime::ZERO,
            dot: None,
            home: None,
            everywhere: None,
            refused: None,
            given_up: false,
        };
        let fates = nodes.iter().map(fate).collect();
        Self {
            open: tasks.len(),
            tasks,
            fates,
            queues,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(crate) fn task(&self, task: usize) -> &Task<A> {
        &self.tasks[task]
    }

    pub(crate) fn fate(&self, task: usize) -> &Fate<A> {
        &self.fates[task]
    }

    pub(crate) fn fates(&self) -> impl Iterator<Item = (&Task<A>, &Fate<A>)> {
        self.tasks.iter().zip(&self.fates)
    }

    /// The next item of a node. `delivered` says how far this node has delivered another node's operations.
    pub(crate) fn ready(
        &self,
        node: NodeId,
        now: VirtualTime,
        delivered: impl Fn(NodeId) -> Counter,
    ) -> Ready {
        let Some(queue) = self.queues.get(node.index()) else {
            return Ready::Later;
        };
        let issued = queue
            .issued
            .last_key_value()
            .map_or(Counter::ZERO, |(counter, _)| *counter);
        let flying = issued.get().saturating_sub(queue.home.get());
        let free = queue.unissued.len() as u64 + flying < WINDOW;
        let Some(&next) = queue.waiting.front().filter(|_| free) else {
            return Ready::Later;
        };
        let task = &self.tasks[next];
        if task.at > now {
            return Ready::At(task.at);
        }
        let settled = |after: &usize| {
            self.fates.get(*after).is_none_or(|fate| {
                fate.refused.is_some()
                    || fate.given_up
                    || fate.dot.is_some_and(|dot| delivered(fate.node) >= dot)
            })
        };
        if task.after.iter().all(settled) {
            Ready::Task(next)
        } else {
            Ready::Later
        }
    }

    /// The operations of a node that are submitted and not delivered there, in order.
    pub(crate) fn under_way(&self, node: NodeId) -> Vec<A::Op> {
        let Some(queue) = self.queues.get(node.index()) else {
            return Vec::new();
        };
        let issued = queue
            .issued
            .range(queue.home.next().unwrap_or(queue.home)..)
            .map(|(_, task)| task);
        issued
            .chain(&queue.unissued)
            .filter_map(|task| self.fates[*task].op.clone())
            .collect()
    }

    /// The head of a node's list is submitted as this operation.
    pub(crate) fn submitted(&mut self, task: usize, op: A::Op, now: VirtualTime) {
        let fate = &mut self.fates[task];
        if fate.op.replace(op).is_none() {
            fate.submitted = now;
        }
        if let Some(queue) = self.queues.get_mut(fate.node.index()) {
            queue.leave(task);
            queue.unissued.push_back(task);
        }
    }

    /// An item is refused for good.
    pub(crate) fn refused(&mut self, task: usize, reason: String) {
        let fate = &mut self.fates[task];
        if fate.refused.is_none() && fate.everywhere.is_none() {
            self.open -= usize::from(!fate.given_up);
            fate.refused = Some(reason);
        }
        if let Some(queue) = self.queues.get_mut(fate.node.index()) {
            queue.leave(task);
            queue.unissued.retain(|unissued| *unissued != task);
        }
    }

    /// One of a node's submitted operations came back: of equal ones, the last.
    pub(crate) fn returned(&mut self, node: NodeId, op: &A::Op, reason: String) {
        let Some(queue) = self.queues.get(node.index()) else {
            return;
        };
        let same = |task: &usize| self.fates[*task].op.as_ref() == Some(op);
        if let Some(task) = queue.unissued.iter().copied().rfind(same) {
            self.refused(task, reason);
        }
    }

    /// These operations of a node got the dots from `first` on. Of equal ones, the earliest submitted comes first.
    pub(crate) fn issued(&mut self, node: NodeId, first: Counter, ops: &[A::Op]) {
        let Some(queue) = self.queues.get_mut(node.index()) else {
            return;
        };
        for (step, op) in (0..).zip(ops) {
            let Some(counter) = first.checked_add(step) else {
                return;
            };
            if queue.issued.contains_key(&counter) {
                continue;
            }
            let same = |task: &usize| self.fates[*task].op.as_ref() == Some(op);
            if let Some(place) = queue.unissued.iter().position(same)
                && let Some(task) = queue.unissued.remove(place)
            {
                queue.issued.insert(counter, task);
                self.fates[task].dot = Some(counter);
            }
        }
    }

    /// The item that became this operation of a node.
    pub(crate) fn item_at(&self, node: NodeId, counter: Counter) -> Option<usize> {
        self.queues.get(node.index())?.issued.get(&counter).copied()
    }

    /// A node has delivered its own operations up to this one.
    pub(crate) fn home(&mut self, node: NodeId, last: Counter, now: VirtualTime) {
        let Some(queue) = self.queues.get_mut(node.index()) else {
            return;
        };
        let first = queue.home.next().unwrap_or(last);
        if last < first {
            return;
        }
        queue.home = last;
        for (_, task) in queue.issued.range(first..=last) {
            self.fates[*task].home.get_or_insert(now);
        }
    }

    /// An operation is delivered by all correct replicas.
    pub(crate) fn everywhere(&mut self, node: NodeId, counter: Counter, now: VirtualTime) {
        let Some(task) = self.item_at(node, counter) else {
            return;
        };
        let fate = &mut self.fates[task];
        if fate.everywhere.is_none() && fate.refused.is_none() {
            self.open -= usize::from(!fate.given_up);
            fate.everywhere = Some(now);
        }
    }

    /// A node is no member any more: what waits there is never submitted. If it was made to go, what it has under way may
    /// or may not be delivered. True if that is news.
    pub(crate) fn gone(&mut self, node: NodeId, expelled: bool) -> bool {
        let Some(queue) = self.queues.get_mut(node.index()) else {
            return false;
        };
        let mut never: Vec<usize> = queue.waiting.drain(..).collect();
        if expelled {
            never.extend(queue.unissued.drain(..));
        }
        let mut news = !never.is_empty();
        for task in queue.issued.values().filter(|_| expelled) {
            let fate = &mut self.fates[*task];
            if fate.refused.is_none() && fate.everywhere.is_none() && !fate.given_up {
                fate.given_up = true;
                self.open -= 1;
                news = true;
            }
        }
        for task in never {
            self.refused(task, "no longer a member".into());
        }
        news
    }

    /// A node has come back with `delivered` of its own operations delivered, and these messages in its journal: what it
    /// has forgotten waits to be submitted again, as it was.
    pub(crate) fn restarted(
        &mut self,
        node: NodeId,
        delivered: Counter,
        own: &[(Counter, Vec<A::Op>)],
    ) {
        let Some(queue) = self.queues.get_mut(node.index()) else {
            return;
        };
        let last = own
            .iter()
            .filter_map(|(first, ops)| first.checked_add(ops.len() as u64))
            .max();
        // Dots from here on are not in the journal.
        let end = last
            .unwrap_or(Counter::FIRST)
            .max(delivered.next().unwrap_or(delivered));
        let lost = queue.issued.split_off(&end);
        for (_, task) in lost.into_iter().rev() {
            self.fates[task].dot = None;
            queue.unissued.push_front(task);
        }
        queue.home = delivered;
        for (first, ops) in own {
            self.issued(node, *first, ops);
        }
        if let Some(queue) = self.queues.get_mut(node.index()) {
            while let Some(task) = queue.unissued.pop_back() {
                queue.waiting.push_front(task);
            }
        }
    }
}
