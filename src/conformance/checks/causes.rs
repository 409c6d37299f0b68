//! What an operation declares to need is all it needs.

use super::super::event::{Complaint, Event, Happened, covers};
use super::super::generator::Generator;
use super::super::panics::asking_about;
use super::super::script::Draw;
use super::super::world::World;
use super::probes::Probes;
use super::{Check, diamond, pairs, places};
use crate::traits::{Causes, SecureBroadcastAlgorithm};

/// Delivers by declared causes only, and looks where less is delivered than the source had.
pub(super) struct CausesSuffice<O>(Probes<O>);

impl<O> Default for CausesSuffice<O> {
    fn default() -> Self {
        CausesSuffice(Probes::default())
    }
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for CausesSuffice<A::Op> {
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
        if let Some(overreach) = world.overreach.take() {
            return Err(Complaint::new(overreach));
        }
        let Happened::Delivered { at, event: place } = happened else {
            return Ok(());
        };
        let event = &world.events[place];
        if event.source == at {
            same_everywhere(world, event)?;
            suffice(world, event)?;
        }
        for at in places(world, at, place) {
            let ready = world.ready(at);
            for place in &ready {
                judged_alike(world, at, &world.events[*place])?;
            }
            for (x, y) in pairs(&ready) {
                let (one, two) = (&world.events[x], &world.events[y]);
                let (first, second) = if knows(two, one) {
                    (one, two)
                } else {
                    (two, one)
                };
                if !knows(second, first) {
                    continue; // that is the clause on commutation
                }
                if let Some(what) = diamond(world, at, (x, y)) {
                    return Err(Complaint::new(format!(
                        "{} knew of {} when it was issued, and does not name it as a cause.\n{what}",
                        second.dot, first.dot
                    )));
                }
            }
        }
        self.0
            .contradicted(world, at)
            .map_or(Ok(()), |what| Err(Complaint::new(what)))
    }
}

/// Whether the source of `second` had delivered `first`.
fn knows<O>(second: &Event<O>, first: &Event<O>) -> bool {
    second.seen[first.source] >= first.dot.counter.get()
}

fn same_everywhere<A, G>(world: &World<'_, A, G>, event: &Event<A::Op>) -> Result<(), Complaint>
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let answers = world
        .everybody
        .iter()
        .zip(&world.replicas)
        .map(|(actor, replica)| {
            asking_about("causes", *actor, event.dot, &event.op);
            (actor, replica.algorithm.causes(&event.op))
        });
    let stranger = A::new(event.dot.actor).causes(&event.op);
    for (actor, causes) in answers {
        if causes != stranger {
            return Err(Complaint::new(format!(
                "The causes of {} depend on who is asked.\n  {actor} says {}\n  a new replica says {}",
                event.dot,
                words(&causes),
                words(&stranger)
            )));
        }
    }
    Ok(())
}

fn words(causes: &Causes) -> String {
    match causes {
        Causes::Nothing => "nothing".to_owned(),
        Causes::Dots(dots) => format!("{dots:?}"),
    }
}

/// A replica with its causes and nothing else accepts it.
fn suffice<A, G>(world: &World<'_, A, G>, event: &Event<A::Op>) -> Result<(), Complaint>
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let replica = world.with_causes_only(event);
    asking_about("validate", event.dot.actor, event.dot, &event.op);
    replica.algorithm.validate(&event.dot, &event.op).map_err(|why| {
        Complaint::new(format!(
            "{} is valid where it was issued. A replica that has delivered its causes, what its source did before it, and \
             nothing else refuses it: {why}\n  It names as causes: {}",
            event.dot,
            words(&replica.algorithm.causes(&event.op)),
        ))
    })
}

/// Who has its causes and not all that its source had accepts it, too.
fn judged_alike<A, G>(
    world: &World<'_, A, G>,
    at: usize,
    event: &Event<A::Op>,
) -> Result<(), Complaint>
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let replica = &world.replicas[at];
    if covers(&replica.clock, &event.seen) {
        return Ok(()); // that is the clause on stability
    }
    asking_about("validate", world.everybody[at], event.dot, &event.op);
    replica.algorithm.validate(&event.dot, &event.op).map_err(|why| {
        Complaint::new(format!(
            "{} is valid where it was issued. {} has delivered its causes, not all that {} had, and refuses it: {why}",
            event.dot,
            world.name(at),
            world.name(event.source),
        ))
    })
}
