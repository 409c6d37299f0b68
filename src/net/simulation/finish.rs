//! The end of a run: the last look of the checkers, and the report.

use super::outcome::Outcome;
use super::run::Run;
use crate::actor::{Counter, Dot};
use crate::deterministic_secure_broadcast::{Contradiction, Rules, SecureBroadcast};
use crate::net::checker::{Ending, Property};
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::report::{
    Conviction, Ended, FinalState, Latency, Percentiles, RefusedTask, Report,
};
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::trace::Trace;

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Run<A, K, R> {
    pub(super) fn finish(mut self, ended: Ended) -> Outcome<A, K, R> {
        let moment = self.engine.moment();
        let checked: Vec<NodeId> = self
            .all_nodes()
            .filter(|node| self.checkers.is_checked(*node))
            .collect();
        self.owed(ended);
        self.changes_owed();
        let up = |node: &NodeId| {
            (
                *node,
                self.engine
                    .machine(*node)
                    .and_then(|m| m.replica())
                    .and_then(|r| r.broadcast()),
            )
        };
        let replicas: Vec<Ending<'_, A, K, R>> = checked.iter().map(up).collect();
        self.checkers.close(&replicas, moment);

        let finals: Vec<FinalState<A>> = replicas
            .iter()
            .filter(|(node, _)| self.checkers.counts(*node))
            .map(|(node, replica)| FinalState {
                name: self.nodes[node.index()].name.clone(),
                copy: replica.map(|replica| replica.algorithm().clone()),
                digest: replica.map(SecureBroadcast::state_digest),
                clock: replica
                    .map(|replica| replica.clock().iter().map(|(_, counter)| counter).collect())
                    .unwrap_or_default(),
            })
            .collect();
        let same =
            |a: &FinalState<A>, b: &FinalState<A>| a.digest == b.digest && a.clock == b.clock;
        let converged = finals.iter().all(|end| end.digest.is_some())
            && finals
                .iter()
                .zip(finals.iter().skip(1))
                .all(|(a, b)| same(a, b));

        let (names, count) = (self.recorder.names().clone(), |fate: bool| u64::from(fate));
        let (mut submitted, mut delivered, mut refused) = (0, 0, Vec::new());
        let (mut home, mut everywhere) = (Vec::new(), Vec::new());
        for (task, fate) in self
            .task_queue
            .fates()
            .filter(|(_, fate)| self.checkers.is_checked(fate.node))
        {
            submitted += count(fate.op.is_some() || fate.refused.is_some());
            delivered += count(fate.everywhere.is_some());
            home.extend(fate.home.map(|at| at - fate.submitted));
            everywhere.extend(fate.everywhere.map(|at| at - fate.submitted));
            if let Some(reason) = &fate.refused {
                refused.push(RefusedTask {
                    tag: task.tag,
                    who: task.who.clone(),
                    label: fate
                        .op
                        .as_ref()
                        .map(|op| A::label(op, &names))
                        .unwrap_or_default(),
                    reason: reason.clone(),
                });
            }
        }
        let name = |node: &NodeId| self.nodes[node.index()].name.clone();
        let convictions = std::mem::take(&mut self.counters.convictions)
            .into_iter()
            .map(|(culprit, (evidence, known))| {
                let contradiction = &evidence.contradiction;
                let source = contradiction
                    .slot()
                    .map(|slot| self.recorder.name_of(slot.0));
                let culprit = names.of(&culprit);
                let kind = match contradiction {
                    Contradiction::Headers { .. } if source.as_ref() == Some(&culprit) => {
                        "two messages for one slot"
                    }
                    Contradiction::Headers { .. } => "two echoes for one slot",
                    other => other.kind(),
                };
                let known_to = known.iter().map(name).collect();
                Conviction {
                    culprit,
                    kind,
                    place: self.recorder.place_of(contradiction),
                    known_to,
                    evidence,
                }
            });
        let convictions = convictions.collect();
        let halted = self
            .counters
            .halted
            .iter()
            .map(|(node, reason)| (name(node), reason.clone()))
            .collect();
        let keep = |node: NodeId| Some((name(&node), up(&node).1?.clone()));
        let replicas = self.all_nodes().filter_map(keep).collect();
        let faulty = self
            .nodes
            .iter()
            .take(self.setup.members)
            .filter(|node| !node.correct)
            .count();
        let changes = self.plan.made.iter();
        let changes = changes.map(|change| names.of_change(change)).collect();
        let at_end = self.plan.latest.actors().iter();
        let mut members_at_end: Vec<String> = at_end.map(|actor| names.of(actor)).collect();
        members_at_end.sort();
        let (violations, more_violations) = (
            self.checkers.violations().to_vec(),
            self.checkers.uncounted(),
        );
        let rejected = self.recorder.rejected.iter();
        let rejected = (0..).map(NodeId::new).zip(rejected);
        let rejected = rejected.filter(|(from, _)| !self.checkers.is_checked(*from));
        let rejected = rejected.map(|(_, packets)| packets).sum();
        let details = self.recorder.details();
        let schedule = self.engine.written_schedule();
        let transcript = self.recorder.transcript();
        let (trace_digest, events, traffic) = self.recorder.finish();
        let trace = events.map(|events| Trace {
            title: self.setup.title,
            scenario: self.setup.scenario,
            seed: self.setup.seed,
            nodes: self.nodes,
            events,
        });
        let report = Report {
            seed: self.setup.seed,
            members: self.setup.members,
            changes,
            members_at_end,
            faulty,
            submitted,
            delivered,
            refused,
            violations,
            more_violations,
            converged,
            convictions,
            halted,
            traffic,
            rejected,
            latency: Latency {
                home: Percentiles::of(home),
                everywhere: Percentiles::of(everywhere),
            },
            sometimes: self.counters.sometimes,
            trace,
            details,
            schedule,
            trace_digest,
            transcript,
            finals,
            steps: moment.step,
            ended_at: moment.at,
            ended,
        };
        Outcome {
            report,
            replicas,
            genesis: self.genesis,
        }
    }

    /// Validity: whatever a correct member was asked to do is delivered everywhere, or was given back.
    fn owed(&mut self, ended: Ended) {
        let moment = self.engine.moment();
        let mut owed = Vec::new();
        for (task, fate) in self.task_queue.fates() {
            if self.checkers.is_checked(fate.node)
                && !self.checkers.owes_nothing(fate.node)
                && fate.everywhere.is_none()
                && fate.refused.is_none()
            {
                let dot = fate.dot.and_then(|counter: Counter| {
                    Some(Dot::new(self.directory.actor(fate.node)?, counter))
                });
                let what = match (&fate.op, fate.dot) {
                    (None, _) => "is never submitted",
                    (Some(_), None) => "waits in its source",
                    (Some(_), Some(_)) => "is not delivered everywhere",
                };
                owed.push((
                    fate.node,
                    dot,
                    format!("operation {} {what} ({ended:?})", task.tag),
                ));
            }
        }
        for (node, dot, detail) in owed {
            self.checkers
                .blame(Property::Validity, &[node], dot, moment, detail);
        }
    }
}
