//! Members come and go: who asks, who approves, and what the checkers make of it.

use std::collections::BTreeSet;

use super::plan::Planned;
use super::run::Run;
use crate::deterministic_secure_broadcast::{Rules, SecureBroadcast};
use crate::membership::Change;
use crate::membership::quorum::quorum;
use crate::net::checker::Property;
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::participant::Participant;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::time::VirtualTime;
use crate::net::trace::TraceKind;

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Run<A, K, R> {
    pub(super) fn broadcast_at(&self, node: NodeId) -> Option<&SecureBroadcast<A, K, R>> {
        self.engine.machine(node)?.replica()?.broadcast()
    }

    /// Lets a node ask and approve what it should by now.
    pub(super) fn consider(&mut self, node: NodeId) {
        if !self.engine.is_present(node) {
            return;
        }
        let now = self.engine.now();
        let Some(broadcast) = self.broadcast_at(node) else {
            return;
        };
        if broadcast.halted().is_some() {
            return;
        }
        let me = broadcast.actor();
        let due = self.plan.changes.iter().filter(|planned| planned.at <= now);
        if !broadcast.is_member() {
            let asks =
                |planned: &Planned| planned.change == Change::Join(me) && planned.subject == node;
            if due.clone().any(asks) && self.plan.asked.insert(node) {
                self.ask(node);
            }
            return;
        }
        let wanted: BTreeSet<Change> = broadcast.wanted().copied().collect();
        let agreed = due.filter(|planned| planned.approves(node));
        let mut proposals: Vec<Change> = agreed.map(|planned| planned.change).collect();
        if self.plan.expel_convicted {
            let convicted = broadcast.evidence().map(|evidence| evidence.culprit);
            proposals.extend(convicted.map(Change::Expel));
        }
        let members = broadcast.members();
        proposals.retain(|change| !wanted.contains(change) && members.after(change).is_ok());
        for change in proposals {
            // Whoever is to join may not have asked this one yet; it looks again when that comes.
            self.engine
                .input(node, &mut self.recorder, |machine, out| match machine {
                    Participant::Replica(replica) => replica.propose(change, out),
                    Participant::Adversary(_) | Participant::Intercepted(_) => {}
                });
        }
    }

    fn ask(&mut self, node: NodeId) {
        let asked = self
            .engine
            .input(node, &mut self.recorder, |machine, out| match machine {
                Participant::Replica(replica) => replica.join(out),
                Participant::Adversary(_) | Participant::Intercepted(_) => Ok(()),
            });
        if let Some(Err(why)) = asked {
            self.counters.count("somebody may not join");
            let moment = self.engine.moment();
            self.recorder.write(moment, |names| {
                let why = names.put_into(&why.to_string());
                let label = format!("may not join: {why}");
                TraceKind::Note { node, label }
            });
        }
    }

    /// A correct replica has activated a generation, or come back in one.
    pub(super) fn activated(&mut self, node: NodeId, moment: Moment) {
        if !self.checkers.is_checked(node) {
            return;
        }
        let Some(broadcast) = self.engine.machine(node).and_then(Participant::replica) else {
            return;
        };
        let Some(broadcast) = broadcast.broadcast() else {
            return;
        };
        let chain = broadcast.chain().map(|link| link.decision);
        self.checkers.chain(node, chain, moment);
        let members = broadcast.members();
        let me = broadcast.actor();
        if !broadcast.is_member() && members.seat_of(&me).is_some() {
            let mut made = broadcast.chain().map(|link| link.decision.change);
            let expelled = made.any(|made| made == Change::Expel(me));
            self.task_queue.gone(node, expelled);
        }
        if members.generation() <= self.plan.latest.generation() {
            return;
        }
        self.counters.moved = moment.at;
        let many = usize::try_from(members.generation().get()).unwrap_or(usize::MAX);
        let known = self.plan.made.len();
        self.plan.made = broadcast
            .chain()
            .map(|link| link.decision.change)
            .take(many)
            .collect();
        self.plan.latest = members.clone();
        for made in self.plan.made.clone().split_off(known.min(many)) {
            if !self.is_agreed(&made, moment.at) {
                let label = self.recorder.names().of_change(&made);
                let detail = format!("decided, and nobody correct approves it: {label}");
                self.checkers
                    .blame(Property::Change, &[node], None, moment, detail);
            }
        }
        let left = self.plan.left();
        let mut complete = Vec::new();
        self.checkers
            .members(self.plan.latest.actors(), &left, |dot| complete.push(dot));
        self.complete(&complete, moment.at);
        let mut news = false;
        for made in &self.plan.made {
            let expelled = match made {
                Change::Join(_) => continue,
                Change::Leave(_) => false,
                Change::Expel(_) => true,
            };
            for node in self.directory.nodes_of(&made.subject()) {
                news |= self.task_queue.gone(*node, expelled);
            }
        }
        if news {
            // Whoever waits for what is never done waits no longer.
            for node in self.all_nodes() {
                self.engine.call_at(moment.at, u64::from(node.get()));
            }
        }
    }

    /// Whether somebody correct approves a change, as is needed for a quorum: because it is planned, or because it is the
    /// expulsion of somebody who can be convicted.
    fn is_agreed(&self, change: &Change, now: VirtualTime) -> bool {
        let convicted = matches!(change, Change::Expel(culprit) if self.counters.convictions.contains_key(culprit));
        let agrees = |planned: &Planned| {
            let mut all = self.all_nodes();
            planned.change == *change
                && planned.at <= now
                && all.any(|node| self.checkers.is_checked(node) && planned.approves(node))
        };
        convicted || self.plan.changes.iter().any(agrees)
    }

    /// Planned changes that those who agree could bring about, and have not.
    fn undecided(&self, now: VirtualTime) -> impl Iterator<Item = &Planned> + '_ {
        let latest = &self.plan.latest;
        let is_owed = move |planned: &&Planned| {
            let agree = self.all_nodes().filter(|node| {
                self.checkers.counts(*node) && planned.approves(*node) && planned.at <= now
            });
            let subject = match planned.change {
                Change::Join(_) => self.checkers.is_checked(planned.subject),
                Change::Leave(_) => {
                    self.checkers.counts(planned.subject) && planned.approves(planned.subject)
                }
                Change::Expel(_) => true,
            };
            subject
                && agree.count() >= quorum(latest.len())
                && latest.after(&planned.change).is_ok()
        };
        self.plan.changes.iter().filter(is_owed)
    }

    /// Whether members still have to change, or some do not know yet that they did.
    pub(super) fn is_changing(&self) -> bool {
        if self.plan.changes.is_empty() && !self.plan.expel_convicted {
            return false;
        }
        let now = self.engine.now();
        let behind = |node: NodeId| {
            self.checkers.counts(node)
                && self
                    .broadcast_at(node)
                    .is_none_or(|broadcast| broadcast.generation() < self.plan.latest.generation())
        };
        self.plan.changes.iter().any(|planned| planned.at > now)
            || self.undecided(now).next().is_some()
            || self.all_nodes().any(behind)
            || self.enough_want().is_some()
    }

    /// A change that a quorum of the members wants, and that applies (G10).
    fn enough_want(&self) -> Option<(Change, Vec<NodeId>)> {
        let latest = &self.plan.latest;
        let counted: Vec<NodeId> = self
            .all_nodes()
            .filter(|node| self.checkers.counts(*node))
            .collect();
        let wants = |node: NodeId, change: &Change| {
            self.broadcast_at(node)
                .is_some_and(|broadcast| broadcast.wanted().any(|wanted| wanted == change))
        };
        let all: BTreeSet<Change> = counted
            .iter()
            .filter_map(|node| self.broadcast_at(*node))
            .flat_map(|broadcast| broadcast.wanted().copied())
            .collect();
        all.into_iter().find_map(|change| {
            let who: Vec<NodeId> = counted
                .iter()
                .copied()
                .filter(|node| wants(*node, &change))
                .collect();
            let asked = match change {
                Change::Leave(actor) => who
                    .iter()
                    .any(|node| self.directory.actor(*node) == Some(actor)),
                Change::Join(_) | Change::Expel(_) => true,
            };
            let owed = asked && who.len() >= quorum(latest.len()) && latest.after(&change).is_ok();
            owed.then_some((change, who))
        })
    }

    /// The end: what enough members approve is decided, and everybody has followed.
    pub(super) fn changes_owed(&mut self) {
        let moment = self.engine.moment();
        let names = self.recorder.names().clone();
        let label = |change: &Change| names.of_change(change);
        let mut owed: Vec<(Vec<NodeId>, String)> = self
            .undecided(moment.at)
            .map(|planned| {
                let detail = format!("planned and not decided: {}", label(&planned.change));
                (vec![planned.subject], detail)
            })
            .collect();
        if let Some((change, who)) = self.enough_want() {
            owed.push((who, format!("approved and not decided: {}", label(&change))));
        }
        let latest = self.plan.latest.generation();
        for node in self.all_nodes().filter(|node| self.checkers.counts(*node)) {
            if let Some(broadcast) = self.broadcast_at(node)
                && broadcast.generation() < latest
            {
                let detail = format!(
                    "still in {}, others are in {latest}",
                    broadcast.generation()
                );
                owed.push((vec![node], detail));
            }
        }
        for (nodes, detail) in owed {
            self.checkers
                .blame(Property::Change, &nodes, None, moment, detail);
        }
    }
}
