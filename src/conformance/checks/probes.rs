//! Operations that are judged and never issued: what is refused must stay refused, and for the same reason.

use super::super::damage::Harm;
use super::super::event::{Complaint, Counts, Order, covers};
use super::super::generator::Generator;
use super::super::panics::asking_about;
use super::super::random::Random;
use super::super::script::Draw;
use super::super::world::World;
use crate::actor::Dot;
use crate::traits::SecureBroadcastAlgorithm;

/// An operation and the verdict of who might have issued it.
struct Probe<O> {
    dot: Dot,
    source: usize,
    op: O,
    seen: Counts,
    needs: Counts,
    /// Why it was refused, if it was.
    refused: Option<String>,
}

/// All of them in a scenario.
pub(super) struct Probes<O>(Vec<Probe<O>>);

impl<O> Default for Probes<O> {
    fn default() -> Self {
        Probes(Vec::new())
    }
}

impl<O: Clone + std::fmt::Debug> Probes<O> {
    /// Lets `who` judge something that may be nonsense.
    pub(super) fn add<A, G>(
        &mut self,
        world: &mut World<'_, A, G>,
        who: usize,
        draw: Draw,
    ) -> Result<(), Complaint>
    where
        A: SecureBroadcastAlgorithm<Op = O>,
        G: Generator<A>,
    {
        let mut random = Random::new(draw.seed);
        let drawn = world.draw(who, draw)?;
        let op = match random.below(3) {
            0 => drawn,
            _ => world.hostile(drawn.as_ref(), Harm::Any, draw.size, &mut random)?,
        };
        let Some(op) = op else { return Ok(()) };
        let (dot, seen) = (world.next_dot(who), world.replicas[who].clock.clone());
        let Some(needs) = world.needs(who, &op).filter(|needs| covers(&seen, needs)) else {
            return Ok(());
        };
        asking_about("validate", dot.actor, dot, &op);
        let verdict = world.replicas[who].algorithm.validate(&dot, &op);
        let refused = verdict.err().map(|why| why.to_string());
        let answer = refused.as_deref().unwrap_or("it would be valid");
        world.note(who, format!("? {dot} {op:?}: {answer}"));
        self.0.push(Probe {
            dot,
            source: who,
            op,
            seen,
            needs,
            refused,
        });
        Ok(())
    }

    /// An operation that `at` checkers otherwise than its source did, although nothing it may depend on differs.
    pub(super) fn contradicted<A, G>(&self, world: &World<'_, A, G>, at: usize) -> Option<String>
    where
        A: SecureBroadcastAlgorithm<Op = O>,
        G: Generator<A>,
    {
        let replica = &world.replicas[at];
        self.0.iter().find_map(|probe| {
            let knows_all = covers(&replica.clock, &probe.seen);
            let comparable = replica.clock[probe.source] == probe.seen[probe.source]
                && covers(&replica.clock, &probe.needs)
                && knows_all == (world.order == Order::Seen);
            if !comparable {
                return None;
            }
            asking_about("validate", world.everybody[at], probe.dot, &probe.op);
            let verdict = replica
                .algorithm
                .validate(&probe.dot, &probe.op)
                .err()
                .map(|why| why.to_string());
            if verdict.is_some() == probe.refused.is_some() {
                return None;
            }
            let words = |verdict: &Option<String>| match verdict {
                Some(why) => format!("refused: {why}"),
                None => "valid".to_owned(),
            };
            let what = match world.order {
                Order::Seen => "which has delivered all that the source had, and more",
                Order::Declared => {
                    "which has delivered its causes and all that its source did before"
                }
            };
            Some(format!(
                "Let {} be {:?}, from {}.\n  At {} it is {}\n  At {}, {what}, it is {}",
                probe.dot,
                probe.op,
                world.name(probe.source),
                world.name(probe.source),
                words(&probe.refused),
                world.name(at),
                words(&verdict),
            ))
        })
    }
}
