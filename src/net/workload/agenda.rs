//! What has become of every item: waiting, submitted, issued under a dot, delivered, or refused.

use std::collections::{BTreeMap, VecDeque};

use super::Item;
use crate::actor::Counter;
use crate::net::node::NodeId;
use crate::net::stage::Staged;
use crate::net::time::VirtualTime;

/// The items of a run and their fates.
#[derive(Debug)]
pub(crate) struct Agenda<A: Staged> {
    items: Vec<Item<A>>,
    fates: Vec<Fate<A>>,
    desks: Vec<Desk>,
    /// Items waiting, or under way.
    pub(crate) open: usize,
}

/// What has become of an item.
#[derive(Clone, Debug)]
pub(crate) struct Fate<A: Staged> {
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
struct Desk {
    waiting: VecDeque<usize>,
    /// Submitted, without a dot yet.
    unissued: VecDeque<usize>,
    issued: BTreeMap<Counter, usize>,
    /// The last of its own dots delivered at the node.
    home: Counter,
}

impl Desk {
    /// The head of the list leaves it.
    fn leave(&mut self, item: usize) {
        if self.waiting.front() == Some(&item) {
            self.waiting.pop_front();
        }
    }
}

/// Whether the next item of a node can be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// This one, now.
    Item(usize),
    /// Not before this time.
    At(VirtualTime),
    /// Not before something else has happened.
    Later,
}

/// How many operations a node may have under way.
const WINDOW: u64 = 1024;

impl<A: Staged> Agenda<A> {
    /// The items, each with its node.
    pub(crate) fn new(items: Vec<Item<A>>, nodes: &[NodeId], count: usize) -> Self {
        let mut desks: Vec<Desk> = (0..count).map(|_| Desk::default()).collect();
        for (item, node) in nodes.iter().enumerate() {
            if let Some(desk) = desks.get_mut(node.index()) {
                desk.waiting.push_back(item);
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
            open: items.len(),
            items,
            fates,
            desks,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn item(&self, item: usize) -> &Item<A> {
        &self.items[item]
    }

    pub(crate) fn fate(&self, item: usize) -> &Fate<A> {
        &self.fates[item]
    }

    pub(crate) fn fates(&self) -> impl Iterator<Item = (&Item<A>, &Fate<A>)> {
        self.items.iter().zip(&self.fates)
    }

    /// The next item of a node. `delivered` says how far this node has delivered another node's operations.
    pub(crate) fn ready(
        &self,
        node: NodeId,
        now: VirtualTime,
        delivered: impl Fn(NodeId) -> Counter,
    ) -> Ready {
        let Some(desk) = self.desks.get(node.index()) else {
            return Ready::Later;
        };
        let issued = desk
            .issued
            .last_key_value()
            .map_or(Counter::ZERO, |(counter, _)| *counter);
        let flying = issued.get().saturating_sub(desk.home.get());
        let free = desk.unissued.len() as u64 + flying < WINDOW;
        let Some(&next) = desk.waiting.front().filter(|_| free) else {
            return Ready::Later;
        };
        let item = &self.items[next];
        if item.at > now {
            return Ready::At(item.at);
        }
        let settled = |after: &usize| {
            self.fates.get(*after).is_none_or(|fate| {
                fate.refused.is_some()
                    || fate.given_up
                    || fate.dot.is_some_and(|dot| delivered(fate.node) >= dot)
            })
        };
        if item.after.iter().all(settled) {
            Ready::Item(next)
        } else {
            Ready::Later
        }
    }

    /// The operations of a node that are submitted and not delivered there, in order.
    pub(crate) fn under_way(&self, node: NodeId) -> Vec<A::Op> {
        let Some(desk) = self.desks.get(node.index()) else {
            return Vec::new();
        };
        let issued = desk
            .issued
            .range(desk.home.next().unwrap_or(desk.home)..)
            .map(|(_, item)| item);
        issued
            .chain(&desk.unissued)
            .filter_map(|item| self.fates[*item].op.clone())
            .collect()
    }

    /// The head of a node's list is submitted as this operation.
    pub(crate) fn submitted(&mut self, item: usize, op: A::Op, now: VirtualTime) {
        let fate = &mut self.fates[item];
        if fate.op.replace(op).is_none() {
            fate.submitted = now;
        }
        if let Some(desk) = self.desks.get_mut(fate.node.index()) {
            desk.leave(item);
            desk.unissued.push_back(item);
        }
    }

    /// An item is refused for good.
    pub(crate) fn refused(&mut self, item: usize, reason: String) {
        let fate = &mut self.fates[item];
        if fate.refused.is_none() && fate.everywhere.is_none() {
            self.open -= usize::from(!fate.given_up);
            fate.refused = Some(reason);
        }
        if let Some(desk) = self.desks.get_mut(fate.node.index()) {
            desk.leave(item);
            desk.unissued.retain(|unissued| *unissued != item);
        }
    }

    /// One of a node's submitted operations came back: of equal ones, the last.
    pub(crate) fn returned(&mut self, node: NodeId, op: &A::Op, reason: String) {
        let Some(desk) = self.desks.get(node.index()) else {
            return;
        };
        let same = |item: &usize| self.fates[*item].op.as_ref() == Some(op);
        if let Some(item) = desk.unissued.iter().copied().rfind(same) {
            self.refused(item, reason);
        }
    }

    /// These operations of a node got the dots from `first` on. Of equal ones, the earliest submitted comes first.
    pub(crate) fn issued(&mut self, node: NodeId, first: Counter, ops: &[A::Op]) {
        let Some(desk) = self.desks.get_mut(node.index()) else {
            return;
        };
        for (step, op) in (0..).zip(ops) {
            let Some(counter) = first.checked_add(step) else {
                return;
            };
            if desk.issued.contains_key(&counter) {
                continue;
            }
            let same = |item: &usize| self.fates[*item].op.as_ref() == Some(op);
            if let Some(place) = desk.unissued.iter().position(same)
                && let Some(item) = desk.unissued.remove(place)
            {
                desk.issued.insert(counter, item);
                self.fates[item].dot = Some(counter);
            }
        }
    }

    /// The item that became this operation of a node.
    pub(crate) fn item_at(&self, node: NodeId, counter: Counter) -> Option<usize> {
        self.desks.get(node.index())?.issued.get(&counter).copied()
    }

    /// A node has delivered its own operations up to this one.
    pub(crate) fn home(&mut self, node: NodeId, last: Counter, now: VirtualTime) {
        let Some(desk) = self.desks.get_mut(node.index()) else {
            return;
        };
        let first = desk.home.next().unwrap_or(last);
        if last < first {
            return;
        }
        desk.home = last;
        for (_, item) in desk.issued.range(first..=last) {
            self.fates[*item].home.get_or_insert(now);
        }
    }

    /// An operation is delivered by all correct replicas.
    pub(crate) fn everywhere(&mut self, node: NodeId, counter: Counter, now: VirtualTime) {
        let Some(item) = self.item_at(node, counter) else {
            return;
        };
        let fate = &mut self.fates[item];
        if fate.everywhere.is_none() && fate.refused.is_none() {
            self.open -= usize::from(!fate.given_up);
            fate.everywhere = Some(now);
        }
    }

    /// A node is no member any more: what waits there is never submitted. If it was made to go, what it has under way may
    /// or may not be delivered. True if that is news.
    pub(crate) fn gone(&mut self, node: NodeId, expelled: bool) -> bool {
        let Some(desk) = self.desks.get_mut(node.index()) else {
            return false;
        };
        let mut never: Vec<usize> = desk.waiting.drain(..).collect();
        if expelled {
            never.extend(desk.unissued.drain(..));
        }
        let mut news = !never.is_empty();
        for item in desk.issued.values().filter(|_| expelled) {
            let fate = &mut self.fates[*item];
            if fate.refused.is_none() && fate.everywhere.is_none() && !fate.given_up {
                fate.given_up = true;
                self.open -= 1;
                news = true;
            }
        }
        for item in never {
            self.refused(item, "no longer a member".into());
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
        let Some(desk) = self.desks.get_mut(node.index()) else {
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
        let lost = desk.issued.split_off(&end);
        for (_, item) in lost.into_iter().rev() {
            self.fates[item].dot = None;
            desk.unissued.push_front(item);
        }
        desk.home = delivered;
        for (first, ops) in own {
            self.issued(node, *first, ops);
        }
        if let Some(desk) = self.desks.get_mut(node.index()) {
            while let Some(item) = desk.unissued.pop_back() {
                desk.waiting.push_front(item);
            }
        }
    }
}
