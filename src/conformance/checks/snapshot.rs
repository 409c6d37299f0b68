//! A snapshot and the rest are as good as everything.

use super::super::damage::Harm;
use super::super::event::{Complaint, Happened, begun};
use super::super::generator::{Generator, dot_after};
use super::super::panics::{asking, asking_about};
use super::super::random::Random;
use super::super::script::Draw;
use super::super::world::World;
use super::Check;
use crate::actor::Dot;
use crate::codec::{decode_within, try_encode};
use crate::traits::SecureBroadcastAlgorithm;

/// Replicas that were handed the state of another, and follow it from there.
pub(super) struct Snapshots<A: SecureBroadcastAlgorithm>(Vec<Copy<A>>);

struct Copy<A: SecureBroadcastAlgorithm> {
    of: usize,
    /// What kind of a replica it was before, in words.
    was: &'static str,
    algorithm: A,
    /// Operations on which both must agree, with their sources.
    questions: Vec<(usize, A::Op)>,
    draw: Draw,
}

impl<A: SecureBroadcastAlgorithm> Default for Snapshots<A> {
    fn default() -> Self {
        Snapshots(Vec::new())
    }
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Snapshots<A> {
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        let mut random = Random::new(draw.seed);
        let mut questions = Vec::new();
        for _ in 0..3 {
            let drawn = world.draw(
                at,
                Draw {
                    seed: random.next(),
                    ..draw
                },
            )?;
            let op = world.hostile(drawn.as_ref(), Harm::Any, draw.size, &mut random)?;
            let source = random.below(world.everybody.len());
            questions.extend(op.map(|op| (source, op)));
        }
        asking("state", world.everybody[at]);
        let state = world.replicas[at].algorithm.state();
        // As it travels; where it cannot, another clause says so.
        let bytes = try_encode(&state).unwrap_or_default();
        let state = decode_within(bytes.len(), &bytes).unwrap_or(state);
        world.note(at, "the state is handed over".to_owned());

        let other = (at + 1) % world.everybody.len();
        let fresh = begun::<A>(world.everybody[other], &state);
        let mut used = world.replicas[other].algorithm.clone();
        asking("sync_from", world.everybody[other]);
        used.sync_from(state);
        for (was, algorithm) in [
            ("a new replica", fresh),
            ("a replica with a past of its own", used),
        ] {
            let copy = Copy {
                of: at,
                was,
                algorithm,
                questions: questions.clone(),
                draw,
            };
            copy.compare(world)?;
            self.0.push(copy);
        }
        Ok(())
    }

    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let Happened::Delivered { at, event } = happened else {
            return Ok(());
        };
        for copy in self.0.iter_mut().filter(|copy| copy.of == at) {
            let event = &world.events[event];
            asking_about("apply", world.everybody[at], event.dot, &event.op);
            copy.algorithm.apply(event.dot, event.op.clone());
            copy.compare(world)?;
        }
        Ok(())
    }
}

impl<A: SecureBroadcastAlgorithm> Copy<A> {
    fn compare<G: Generator<A>>(&self, world: &World<'_, A, G>) -> Result<(), Complaint> {
        let original = &world.replicas[self.of];
        let name = world.name(self.of);
        let (theirs, mine) = (original.algorithm.state(), self.algorithm.state());
        if theirs != mine {
            return Err(Complaint::new(format!(
                "The state of {name} was handed to {}, and both went on with the same operations.\n  {name} has {theirs:?}\n  the \
                 copy has {mine:?}",
                self.was
            )));
        }
        let ready = world.ready(self.of).into_iter();
        let ready = ready.map(|place| (world.events[place].dot, world.events[place].op.clone()));
        let questions = self.questions.iter().map(|(source, op)| {
            let dot = dot_after(world.everybody[*source], original.clock[*source]);
            (dot, op.clone())
        });
        let drawn = world.draw(self.of, self.draw)?;
        let own = drawn.map(|op| {
            (
                dot_after(world.everybody[self.of], original.clock[self.of]),
                op,
            )
        });
        for (dot, op) in ready.chain(questions).chain(own) {
            self.agree(&original.algorithm, name, dot, &op)?;
        }
        Ok(())
    }

    fn agree(&self, original: &A, name: &str, dot: Dot, op: &A::Op) -> Result<(), Complaint> {
        asking_about("validate", dot.actor, dot, op);
        let verdicts = [
            original.validate(&dot, op),
            self.algorithm.validate(&dot, op),
        ];
        let causes = [original.causes(op), self.algorithm.causes(op)];
        if verdicts[0].is_ok() == verdicts[1].is_ok() && causes[0] == causes[1] {
            return Ok(());
        }
        let words = |verdict: &Result<(), A::Invalid>| match verdict {
            Ok(()) => "valid".to_owned(),
            Err(why) => format!("refused: {why}"),
        };
        Err(Complaint::new(format!(
            "The state of {name} was handed to {}. Asked about {dot} = {op:?},\n  {name} says {}\n  the copy says {}",
            self.was,
            words(&verdicts[0]),
            words(&verdicts[1])
        )))
    }
}
