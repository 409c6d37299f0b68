//! Who is a member, and whether the generations of all correct replicas are of one chain.

use std::collections::BTreeSet;

use super::Checkers;
use crate::actor::{Actor, Dot};
use crate::deterministic_secure_broadcast::wire::Decision;
use crate::net::checker::Property;
use crate::net::checker::model::Holder;
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::sim_algorithm::SimAlgorithm;

impl<A: SimAlgorithm> Checkers<A> {
    pub(super) fn recount(&mut self, mut complete: impl FnMut(Dot)) {
        let clocks: Vec<_> = self
            .holders
            .iter()
            .zip(&self.replicas)
            .filter_map(|((_, holder), seen)| Some((*holder, &seen.as_ref()?.clock[..])))
            .collect();
        for (source, counter) in self.model.recount(&clocks) {
            if let Some(actor) = self.actors.get(source.0) {
                complete(Dot::new(*actor, counter));
            }
        }
    }

    /// The members are these from now on; `left` are those who went of their own will.
    pub(crate) fn members(
        &mut self,
        members: &[Actor],
        left: &BTreeSet<Actor>,
        complete: impl FnMut(Dot),
    ) {
        for ((actor, holder), seen) in self.holders.iter_mut().zip(&self.replicas) {
            *holder = match seen {
                None => Holder::Nobody,
                Some(_) if members.contains(actor) => Holder::Member,
                Some(_) if left.contains(actor) => Holder::Left,
                Some(_) => Holder::Nobody,
            };
        }
        self.recount(complete);
    }

    /// A judged replica holds this chain: it must go on where the others' end, or end earlier.
    pub(crate) fn chain(
        &mut self,
        node: NodeId,
        decisions: impl Iterator<Item = Decision>,
        moment: Moment,
    ) {
        if !self.is_checked(node) {
            return;
        }
        for (place, decision) in decisions.enumerate() {
            match self.chain.get(place).copied() {
                None => self.chain.push((decision, node)),
                Some((known, _)) if known == decision => {}
                Some((known, other)) => {
                    let (at, one, two) = (decision.generation, decision.change, known.change);
                    let detail = format!("{at} is made by `{one}` at one, `{two}` at the other");
                    self.blame(Property::OneChain, &[node, other], None, moment, detail);
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Digest;
    use crate::membership::{Change, Generation};
    use crate::net::checker::Checked;
    use crate::net::time::VirtualTime;
    use crate::orswot::{Entries, Orswot};

    #[test]
    fn two_replicas_hold_one_chain_or_are_caught() {
        let actors = [1, 2].map(|byte| Actor::from_bytes([byte; 32]));
        let nodes = actors.map(|actor| Checked {
            name: actor.to_string(),
            actor,
            correct: true,
        });
        let mut checkers =
            Checkers::<Orswot<u8>>::new(7, &Entries::default(), &actors, &actors, &nodes);
        let decision = |generation, change| Decision {
            keys: Digest::of(b"no keys"),
            generation: Generation::new(generation),
            link: Digest::of(b"before"),
            change,
        };
        let one = decision(1, Change::Leave(actors[0]));
        let two = decision(2, Change::Join(actors[0]));
        let moment = Moment {
            at: VirtualTime::ZERO,
            step: 3,
        };
        let [a, b] = [0, 1].map(NodeId::new);
        checkers.chain(a, [one].into_iter(), moment);
        checkers.chain(b, [one, two].into_iter(), moment);
        checkers.chain(a, [one, two].into_iter(), moment);
        assert!(checkers.violations().is_empty(), "prefixes of one chain");
        let other = decision(2, Change::Expel(actors[0]));
        checkers.chain(a, [one, other].into_iter(), moment);
        let [violation] = checkers.violations() else {
            panic!("{:?}", checkers.violations());
        };
        assert_eq!(violation.property, Property::OneChain);
        assert_eq!((violation.seed, violation.step), (7, 3));
        assert_eq!(violation.nodes.len(), 2);
    }
}
