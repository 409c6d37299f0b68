//! A batch is judged as its operations in turn.

use super::super::damage::Harm;
use super::super::event::Complaint;
use super::super::generator::{Generator, dot_after};
use super::super::panics::asking_about;
use super::super::random::Random;
use super::super::script::Draw;
use super::super::world::World;
use super::Check;
use crate::actor::{Counter, Dot};
use crate::traits::{SecureBroadcastAlgorithm, nth, validate_one_by_one};

/// Draws messages of several operations, good and bad.
pub(super) struct Batches;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Batches {
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        one_batch(world, at, draw, Harm::Any)
    }
}

/// Draws a message somebody might send next, damages some of it, and has it judged at `at` both ways.
pub(super) fn one_batch<A, G>(
    world: &mut World<'_, A, G>,
    at: usize,
    draw: Draw,
    harm: Harm,
) -> Result<(), Complaint>
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let mut random = Random::new(draw.seed);
    let replica = &world.replicas[at];
    let source = random.below(world.everybody.len());
    let mut first = dot_after(world.everybody[source], replica.clock[source]);
    if random.percent(5) {
        first = Dot::new(first.actor, Counter::new(u64::MAX - random.below(3) as u64));
    }
    let clean = random.percent(50);
    let mut copy = replica.algorithm.clone();
    let mut delivered = replica.delivered.clone();
    let mut ops: Vec<A::Op> = Vec::new();
    for index in 0..2 + random.below(4) {
        let dot = nth(&first, index);
        let drawn = world.draw_as(
            &copy,
            &delivered,
            dot,
            Draw {
                seed: random.next(),
                ..draw
            },
        )?;
        let harmed = match clean || random.percent(60) {
            true => None,
            false => world.hostile(drawn.as_ref(), harm, draw.size, &mut random)?,
        };
        // What is spent twice is what a batch gets wrong most easily.
        let twice = (!clean && random.percent(15))
            .then(|| ops.last().cloned())
            .flatten();
        let Some(op) = twice.or(harmed).or(drawn) else {
            continue;
        };
        asking_about("validate", world.everybody[at], dot, &op);
        if copy.validate(&dot, &op).is_ok() {
            asking_about("apply", world.everybody[at], dot, &op);
            copy.apply(dot, op.clone());
            delivered.push((dot, op.clone()));
        }
        ops.push(op);
    }
    asking_about("validate_batch", world.everybody[at], first, &ops);
    let together = replica.algorithm.validate_batch(&first, &ops);
    asking_about("validate", world.everybody[at], first, &ops);
    let in_turn = validate_one_by_one(&replica.algorithm, &first, &ops);
    if together == in_turn {
        return Ok(());
    }
    let words = |verdict: Result<(), (usize, A::Invalid)>| match verdict {
        Ok(()) => "all of them are valid".to_owned(),
        Err((index, why)) => format!("{} is refused: {why}", nth(&first, index)),
    };
    let listed = ops
        .iter()
        .enumerate()
        .map(|(index, op)| format!("\n    {} {op:?}", nth(&first, index)));
    Err(Complaint::new(format!(
        "At {} one message comes with{}\n  As a batch {}\n  One by one {}",
        world.name(at),
        listed.collect::<String>(),
        words(together),
        words(in_turn)
    )))
}
