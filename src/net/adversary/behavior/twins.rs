//! Twins: two machines with one key, each of which keeps to the protocol and knows nothing of the other.
//!
//! After Bano and others, *Twins: BFT Systems Made Robust* (2021): most of what a Byzantine node can do to a protocol it
//! can do by being two correct ones. Here the two live at one node and see one part of the others each; as two nodes
//! that partitions set apart they are in [`search`](crate::net::search).

use std::collections::BTreeSet;

use super::Behavior;
use crate::net::adversary::interceptor::{Interceptor, Said};
use crate::net::machine::{Machine, TimerId};
use crate::net::node::NodeId;

/// Runs a second machine with the same key. One speaks with one part of the nodes, the other with the rest, and now and
/// then the parts change.
pub struct Twins<M> {
    second: Option<Second<M>>,
}

struct Second<M> {
    machine: M,
    /// Who speaks with the second one.
    its: BTreeSet<NodeId>,
    heard: u64,
}

impl<M> std::fmt::Debug for Twins<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let its = self.second.as_ref().map(|second| &second.its);
        f.debug_struct("Twins")
            .field("its", &its)
            .finish_non_exhaustive()
    }
}

/// How many messages come between two changes of the parts.
const CHANGE: u64 = 50;

/// Twins that draw who speaks with whom.
impl<M> Default for Twins<M> {
    fn default() -> Self {
        Self { second: None }
    }
}

fn half<M: Machine>(interceptor: &mut Interceptor<'_, M>) -> BTreeSet<NodeId>
where
    M::Message: Clone,
{
    let mut others = interceptor.others().to_vec();
    interceptor.stream().shuffle(&mut others);
    others.truncate(others.len() / 2);
    others.into_iter().collect()
}

impl<M: Machine> Behavior<M> for Twins<M>
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "twins"
    }

    fn start(&mut self, interceptor: &mut Interceptor<'_, M>) {
        if let Some(mut machine) = interceptor.another() {
            let its = half(interceptor);
            let said = interceptor.run(&mut machine, |machine, inner| machine.start(inner));
            self.second = Some(Second {
                machine,
                its,
                heard: 0,
            });
            self.second_says(said, interceptor);
        }
        let said = interceptor.start();
        self.first_says(said, interceptor);
    }

    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        if let Some(second) = &mut self.second {
            second.heard += 1;
            if second.heard % CHANGE == 0 {
                second.its = half(interceptor);
            }
            if second.its.contains(&from) {
                let said = interceptor.run(&mut second.machine, |machine, inner| {
                    machine.message(from, message, inner);
                });
                return self.second_says(said, interceptor);
            }
        }
        let said = interceptor.hear(from, message);
        self.first_says(said, interceptor);
    }

    /// Timers are told to both: neither knows which of them has set one.
    fn timer(&mut self, timer: TimerId, interceptor: &mut Interceptor<'_, M>) {
        if let Some(second) = &mut self.second {
            let said = interceptor.run(&mut second.machine, |machine, inner| {
                machine.timer(timer, inner);
            });
            let own = interceptor.spur_other(&mut second.machine);
            self.second_says(said, interceptor);
            self.second_says(own, interceptor);
        }
        let said = interceptor.timer(timer);
        self.first_says(said, interceptor);
    }
}

impl<M: Machine> Twins<M>
where
    M::Message: Clone,
{
    fn first_says(&self, said: Said<M>, interceptor: &mut Interceptor<'_, M>) {
        let its = |to: &NodeId| self.second.as_ref().is_some_and(|s| s.its.contains(to));
        for (to, message) in said.into_iter().filter(|(to, _)| !its(to)) {
            interceptor.send(to, message);
        }
    }

    fn second_says(&self, said: Said<M>, interceptor: &mut Interceptor<'_, M>) {
        let Some(second) = &self.second else { return };
        for (to, message) in said.into_iter().filter(|(to, _)| second.its.contains(to)) {
            interceptor.count("twins: the second one spoke");
            interceptor.send(to, message);
        }
    }
}
