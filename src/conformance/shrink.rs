//! Makes a scenario smaller as long as it still breaks the clause.

use std::cmp::Ordering;

use super::clause::Clause;
use super::generator::Generator;
use super::panics::catch;
use super::script::{Draw, Script, Step};
use super::session::{Ended, run};
use crate::traits::SecureBroadcastAlgorithm;

/// How many scenarios are run at most to make one smaller.
const BUDGET: usize = 2_000;

/// How many simpler operations are tried in the place of one.
const SIMPLER: usize = 40;

/// A scenario that breaks a clause, and how.
pub(super) struct Broken<O> {
    pub(super) script: Script<O>,
    pub(super) ended: Ended<O>,
}

/// Looks for a smaller one.
pub(super) fn smallest<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    clause: Clause,
    generator: &G,
    broken: Broken<A::Op>,
) -> Broken<A::Op> {
    let mut search = Search {
        clause,
        generator,
        best: broken,
        left: BUDGET,
    };
    loop {
        let before = search.left;
        let shorter = search.fewer_steps();
        let simpler = search.simpler_draws() | search.simpler_operations() | search.fewer_actors();
        let better = shorter || simpler || search.settled();
        if !better || search.left == 0 || before == search.left {
            return search.best;
        }
    }
}

struct Search<'g, A: SecureBroadcastAlgorithm, G> {
    clause: Clause,
    generator: &'g G,
    best: Broken<A::Op>,
    left: usize,
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Search<'_, A, G> {
    /// Takes this script if it breaks the clause, too.
    fn tries(&mut self, script: Script<A::Op>) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let ended = run::<A, G>(self.clause, self.generator, &script);
        let kind = |ended: &Ended<A::Op>| Some(ended.complaint.as_ref()?.kind);
        if kind(&ended) != kind(&self.best.ended) {
            return false;
        }
        // Steps after the complaint were not run.
        let mut script = script;
        script.steps.truncate(ended.issued.len());
        self.best = Broken { script, ended };
        true
    }

    fn fewer_steps(&mut self) -> bool {
        let mut any = false;
        let mut chunk = self.best.script.steps.len().div_ceil(2);
        while chunk > 0 {
            let mut from = 0;
            while from < self.best.script.steps.len() {
                let mut script = self.best.script.clone();
                let to = (from + chunk).min(script.steps.len());
                script.steps.drain(from..to);
                if self.tries(script) {
                    any = true;
                } else {
                    from += chunk;
                }
            }
            chunk /= 2;
        }
        any
    }

    /// With the operations themselves in the place of what they are drawn from, so that leaving one out does not change
    /// those after it.
    fn settled(&mut self) -> bool {
        let mut script = self.best.script.clone();
        let mut any = false;
        for (step, issued) in script.steps.iter_mut().zip(&self.best.ended.issued) {
            if let (Step::Act { actor, .. }, Some((op, hostile))) = (&*step, issued) {
                let (actor, op, hostile) = (*actor, op.clone(), *hostile);
                *step = Step::Exactly { actor, op, hostile };
                any = true;
            }
        }
        any && self.tries(script)
    }

    /// Without one after the other: somebody else does what they did. Those after them take their places, and their
    /// names.
    fn fewer_actors(&mut self) -> bool {
        let mut any = false;
        for gone in (0..self.best.script.actors).rev() {
            let others = 0..self.best.script.actors.saturating_sub(1);
            any |= others.into_iter().any(|other| {
                let mut script = self.best.script.clone();
                script.actors -= 1;
                for step in &mut script.steps {
                    step.people(|who| match (*who).cmp(&gone) {
                        Ordering::Less => {}
                        Ordering::Equal => *who = other,
                        Ordering::Greater => *who -= 1,
                    });
                }
                self.tries(script)
            });
        }
        any
    }

    fn simpler_draws(&mut self) -> bool {
        let mut any = false;
        let simpler = |draw: Draw| {
            let smaller = [1, 2, 4].into_iter().filter(move |size| *size < draw.size);
            smaller.map(move |size| Draw { size, ..draw })
        };
        for draw in simpler(self.best.script.genesis) {
            let script = Script {
                genesis: draw,
                ..self.best.script.clone()
            };
            if self.tries(script) {
                any = true;
                break;
            }
        }
        for place in 0..self.best.script.steps.len() {
            let Some(Step::Act { draw, .. } | Step::Extra { draw, .. }) =
                self.best.script.steps.get(place)
            else {
                continue;
            };
            for smaller in simpler(*draw) {
                let mut script = self.best.script.clone();
                if let Some(Step::Act { draw, .. } | Step::Extra { draw, .. }) =
                    script.steps.get_mut(place)
                {
                    *draw = smaller;
                }
                if self.tries(script) {
                    any = true;
                    break;
                }
            }
        }
        any
    }

    fn simpler_operations(&mut self) -> bool {
        let mut any = false;
        let mut place = 0;
        while place < self.best.script.steps.len() {
            let issued = self.best.ended.issued.get(place).cloned().flatten();
            let actor = match self.best.script.steps.get(place) {
                Some(Step::Act { actor, .. } | Step::Exactly { actor, .. }) => *actor,
                _ => 0,
            };
            let simpler = issued.and_then(|(op, hostile)| {
                let simpler = catch(|| {
                    self.generator
                        .simpler(&op)
                        .take(SIMPLER)
                        .collect::<Vec<_>>()
                });
                Some((simpler.ok()?, hostile))
            });
            let (simpler, hostile) = simpler.unwrap_or_default();
            let found = simpler.into_iter().any(|op| {
                let mut script = self.best.script.clone();
                script.steps[place] = Step::Exactly { actor, op, hostile };
                self.tries(script)
            });
            if found {
                any = true;
            } else {
                place += 1;
            }
        }
        any
    }
}
