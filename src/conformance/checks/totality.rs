//! Nothing panics, whatever comes.

use super::super::damage::{Harm, noise};
use super::super::event::Complaint;
use super::super::generator::Generator;
use super::super::panics::{asking, asking_about, one_line};
use super::super::random::Random;
use super::super::roster::roster;
use super::super::script::Draw;
use super::super::world::World;
use super::Check;
use crate::actor::{Actor, Counter, Dot};
use crate::codec::{decode_within, try_encode};
use crate::traits::SecureBroadcastAlgorithm;

/// Throws operations nobody honest would make, under names nobody honest would give them, at replicas that have applied
/// such operations before.
pub(super) struct Totality;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Totality {
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        let mut random = Random::new(draw.seed);
        let known = random.pick(&world.events).map(|event| event.op.clone());
        // Only a replica that is well can be asked for something sensible.
        let fresh = if world.events.is_empty() {
            world.draw(at, draw).ok().flatten()
        } else {
            None
        };
        let model = known.or(fresh);
        let op = match random.below(4) {
            0 => model,
            _ => world.hostile(model.as_ref(), Harm::Any, draw.size, &mut random)?,
        };
        let Some(op) = op else { return Ok(()) };
        let dot = any_dot(world, at, &mut random);
        world.note(at, format!("! {dot} {}", one_line(&op)));

        let (actor, replica) = (world.everybody[at], &mut world.replicas[at]);
        asking_about("causes", actor, dot, &op);
        let _ = replica.algorithm.causes(&op);
        asking_about("validate", actor, dot, &op);
        let _ = replica.algorithm.validate(&dot, &op);
        asking_about("validate_batch", actor, dot, &op);
        let _ = replica
            .algorithm
            .validate_batch(&dot, &[op.clone(), op.clone()]);
        asking_about("apply", actor, dot, &op);
        replica.algorithm.apply(dot, op.clone());
        asking("state", actor);
        let state = replica.algorithm.state();
        asking_about("serialize", actor, dot, &op);
        for bytes in [try_encode(&op), try_encode(&state)] {
            let bytes = noise(&bytes.unwrap_or_default(), &mut random);
            asking("deserialize", actor);
            let _ = decode_within::<A::Op>(bytes.len(), &bytes);
            let _ = decode_within::<A::ReplicatedState>(bytes.len(), &bytes);
        }
        Ok(())
    }
}

/// Any name: the next one, an old one, one from the far future, one that cannot be.
fn any_dot<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    world: &World<'_, A, G>,
    at: usize,
    random: &mut Random,
) -> Dot {
    let known = roster();
    let actor = match random.below(8) {
        0 => Actor::from_bytes([random.next() as u8; 32]),
        _ => random.pick(&known).copied().unwrap_or(known[0]),
    };
    let place = world
        .everybody
        .iter()
        .position(|somebody| *somebody == actor);
    let delivered = place.map_or(0, |place| world.replicas[at].clock[place]);
    Dot::new(
        actor,
        Counter::new(match random.below(6) {
            0 => u64::MAX - random.below(2) as u64,
            1 => random.below(8) as u64,
            2 => random.next(),
            _ => delivered.saturating_add(1),
        }),
    )
}
