//! A replica that takes a state over has delivered what is in it, all at once.

use super::Checkers;
use crate::actor::{Actor, Counter, Dot};
use crate::net::checker::Property;
use crate::net::checker::model::Place;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::traits::Causes;

impl<A: SimAlgorithm> Checkers<A> {
    /// A judged replica goes on from a snapshot of everything up to these counters. What is in it must have been
    /// delivered somewhere, with all its causes; the auditor hears of it in the order in which that happened.
    pub(crate) fn installed(
        &mut self,
        node: NodeId,
        clock: &[(Actor, Counter)],
        causes: impl Fn(&A::Op) -> Causes,
        moment: Moment,
        mut complete: impl FnMut(Dot),
    ) {
        if !self.is_checked(node) {
            return;
        }
        let holder = self.holder(node);
        let mut new: Vec<(u64, Place, Dot, A::Op)> = Vec::new();
        for (actor, last) in clock {
            let Some(source) = self.place_of(actor) else {
                let detail = format!("a snapshot with operations of {actor}, who never takes part");
                return self.blame(Property::Integrity, &[node], None, moment, detail);
            };
            let first = self.delivered_at(node, source).get() + 1;
            for counter in (first..=last.get()).map(Counter::new) {
                let dot = Dot::new(*actor, counter);
                let Some(entry) = self.model.known(source, counter) else {
                    let detail = "in a snapshot, and delivered by nobody".into();
                    return self.blame(Property::Integrity, &[node], Some(dot), moment, detail);
                };
                new.push((entry.order, source, dot, entry.op.clone()));
            }
        }
        new.sort_by_key(|(order, ..)| *order);
        for (_, source, dot, op) in new {
            self.causality(node, &dot, &causes(&op), moment);
            self.audit(node, &dot, &op, moment);
            if let Some(Some(seen)) = self.replicas.get_mut(node.index())
                && let Some(entry) = seen.clock.get_mut(source.0)
            {
                *entry = dot.counter;
            }
            if self.model.hold(source, dot.counter, holder) {
                complete(dot);
            }
        }
    }
}
