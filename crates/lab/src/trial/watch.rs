//! The one observer of a trial: hands every event to the books.

use std::collections::BTreeSet;

use bft_crdts::Digest;
use bft_crdts::net::{Event, Moment, NodeId, Observer, Span, VirtualTime};

use super::Group;
use super::outcome::{Ballots, Outcome};
use super::plan::Plan;
use crate::checker::Checker;
use crate::fault::Peer;
use crate::outcome::Said;
use crate::packet::{Counts, Packet};
use crate::tally::Tally;
use crate::tx::{Tx, TxId};

/// The books of a trial.
#[derive(Debug)]
pub(super) struct Watch {
    tally: Tally,
    checker: Checker,
    groups: Vec<Group>,
    faulty: BTreeSet<NodeId>,
    accepted: BTreeSet<TxId>,
    asked: BTreeSet<Digest>,
    leaders: Vec<Option<NodeId>>,
    ballots: Vec<Ballots>,
    said: Vec<(VirtualTime, NodeId, Said)>,
}

impl Watch {
    pub(super) fn new(nodes: usize, groups: &[Group], faulty: &[NodeId]) -> Self {
        let all = (0..).map(NodeId::new).take(nodes);
        let correct = all.filter(|node| !faulty.contains(node));
        Self {
            tally: Tally::new(nodes),
            checker: Checker::new(correct),
            groups: groups.to_vec(),
            faulty: faulty.iter().copied().collect(),
            accepted: BTreeSet::new(),
            asked: BTreeSet::new(),
            leaders: vec![None; groups.len()],
            ballots: vec![Ballots::default(); nodes],
            said: Vec::new(),
        }
    }

    pub(super) fn asks(&mut self, tx: Tx, honestly: bool) {
        self.asked.insert(tx.digest());
        if honestly {
            self.checker.asks(tx);
        }
    }

    /// A requester that lies is not waited for.
    pub(super) fn is_settled(&self, requester: NodeId, deciders: &[NodeId], id: TxId) -> bool {
        (self.accepted.contains(&id) || self.faulty.contains(&requester))
            && self.checker.all_agree(deciders, id)
    }

    pub(super) fn is_accepted(&self, id: TxId) -> bool {
        self.accepted.contains(&id)
    }

    pub(super) fn leader(&self, group: usize) -> Option<NodeId> {
        self.leaders.get(group).copied().flatten()
    }

    pub(super) fn close(&mut self) {
        self.tally.close();
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.tally.is_under_way()
    }

    pub(super) fn outcome(
        self,
        plan: &Plan,
        faulty: Vec<NodeId>,
        mut latencies: Vec<Span>,
        overdue: u64,
        ended: VirtualTime,
    ) -> Outcome {
        latencies.sort_unstable();
        let busiest = |group: &Group| self.tally.busiest(&group.deciders);
        Outcome {
            nodes: plan.nodes,
            faulty,
            violations: self.checker.violations().to_vec(),
            decided: latencies.len() as u64,
            overdue,
            messages: self.tally.decision(),
            stored: self.tally.stored(),
            busiest: self.groups.iter().map(busiest).max().unwrap_or(0),
            by_kind: self.tally.by_kind().clone(),
            loads: self.tally.loads().to_vec(),
            latencies,
            ended,
            split: self.checker.split(),
            said: self.said,
            ballots: self.ballots,
        }
    }
}

impl<P: Packet> Observer<Peer<P>> for Watch {
    fn event(&mut self, moment: Moment, event: Event<'_, Peer<P>>) {
        match event {
            Event::Sent {
                copy,
                from,
                message,
                bytes,
                ..
            } => self
                .tally
                .sent(copy, from, message.kind(), message.counts(), bytes),
            Event::Lost { copy, .. } => self.tally.lost(copy),
            Event::Arrived {
                copy, to, message, ..
            } => {
                self.tally.arrived(copy, to, message.counts());
                let ballots = self.ballots.get_mut(to.index());
                if let (true, Some(ballots), Some(digest)) = (
                    message.counts() == Counts::Decision,
                    ballots,
                    message.ballot(),
                ) {
                    match self.asked.contains(&digest) {
                        true => ballots.correct += 1,
                        false => ballots.corrupt += 1,
                    }
                }
            }
            Event::Fired { .. } => self.tally.fired(),
            Event::Delivered { node, delivery } => self.checker.decides(moment, node, delivery),
            Event::Noted { node, note } => {
                match &note {
                    Said::Accepted(id) => {
                        self.accepted.insert(*id);
                    }
                    Said::Leads(leader) => {
                        let led = self.groups.iter().zip(&mut self.leaders);
                        for (group, now) in led {
                            if group.deciders.contains(leader) {
                                *now = Some(*leader);
                            }
                        }
                    }
                    _ => {}
                }
                self.said.push((moment.at, node, note));
            }
            _ => {}
        }
    }
}
