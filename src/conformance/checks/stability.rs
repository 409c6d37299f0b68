//! Validity is stable: nobody else's operations take it back, or give it.

use super::super::event::{Complaint, Happened};
use super::super::generator::Generator;
use super::super::panics::asking_about;
use super::super::script::Draw;
use super::super::world::World;
use super::probes::Probes;
use super::{Check, places};
use crate::traits::SecureBroadcastAlgorithm;

/// Looks where all that a source had seen is delivered, and more.
pub(super) struct Stability<O>(Probes<O>);

impl<O> Default for Stability<O> {
    fn default() -> Self {
        Stability(Probes::default())
    }
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Stability<A::Op> {
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        if world.is_busy(at) {
            return Ok(());
        }
        self.0.add(world, at, draw)?;
        let contradicted = (0..world.replicas.len()).find_map(|at| self.0.contradicted(world, at));
        contradicted.map_or(Ok(()), |what| Err(Complaint::new(what)))
    }

    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let Happened::Delivered { at, event } = happened else {
            return Ok(());
        };
        for at in places(world, at, event) {
            for place in world.ready(at) {
                let event = &world.events[place];
                asking_about("validate", world.everybody[at], event.dot, &event.op);
                if let Err(why) = world.replicas[at].algorithm.validate(&event.dot, &event.op) {
                    return Err(Complaint::new(format!(
                        "{} was valid where it was issued. {} has delivered all that {} had, and more, and refuses it: {why}",
                        event.dot,
                        world.name(at),
                        world.name(event.source),
                    )));
                }
            }
        }
        self.0
            .contradicted(world, at)
            .map_or(Ok(()), |what| Err(Complaint::new(what)))
    }
}
