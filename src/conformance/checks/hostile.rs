//! The contract holds, too, when some operations are not what honest people would send.

use super::super::event::{Complaint, Happened, begun};
use super::super::generator::Generator;
use super::super::panics::{asking, asking_about};
use super::super::script::Draw;
use super::super::world::World;
use super::bytes::there_and_back;
use super::{Check, apart, diamond, pairs, places};
use crate::traits::SecureBroadcastAlgorithm;

/// Looks at everything at once, in scenarios with hostile operations.
pub(super) struct Hostile;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Hostile {
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        match world.harm {
            Some(harm) => super::batches::one_batch(world, at, draw, harm),
            None => Ok(()),
        }
    }

    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let Happened::Delivered { at, event } = happened else {
            return Ok(());
        };
        let who = world.name(at);
        asking("state", world.everybody[at]);
        there_and_back(
            &world.replicas[at].algorithm.state(),
            &format!("The state of {who}"),
        )?;
        for at in places(world, at, event) {
            // What waits for its first judge is nobody's yet.
            let accepted = |place: &usize| {
                let event = &world.events[*place];
                let delivered = |replica: u64| replica >= event.dot.counter.get();
                !event.hostile
                    || world
                        .replicas
                        .iter()
                        .any(|r| delivered(r.clock[event.source]))
            };
            let ready: Vec<usize> = world.ready(at).into_iter().filter(accepted).collect();
            for place in &ready {
                let event = &world.events[*place];
                asking_about("validate", world.everybody[at], event.dot, &event.op);
                if let Err(why) = world.replicas[at].algorithm.validate(&event.dot, &event.op) {
                    return Err(Complaint::new(format!(
                        "{} is accepted elsewhere; {} has delivered its causes and all that its source did before, and refuses \
                         it: {why}",
                        event.dot,
                        world.name(at)
                    )));
                }
            }
            if let Some(what) = pairs(&ready).find_map(|pair| diamond(world, at, pair)) {
                return Err(Complaint::new(what));
            }
        }
        Ok(())
    }

    fn end(&mut self, world: &mut World<'_, A, G>) -> Result<(), Complaint> {
        if let Some(what) = apart(world) {
            return Err(Complaint::new(what));
        }
        for (who, replica) in world.replicas.iter().enumerate() {
            let state = replica.algorithm.state();
            let copy = begun::<A>(world.everybody[who], &state);
            if copy.state() != state {
                let name = world.name(who);
                return Err(Complaint::new(format!(
                    "A replica that is handed the state of {name} has another.\n  {name} has {state:?}\n  the copy has {:?}",
                    copy.state()
                )));
            }
        }
        Ok(())
    }
}
