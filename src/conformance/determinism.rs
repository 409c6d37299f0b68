//! Determinism: everything again, at once, a second later, and in another process.

use std::thread;

use super::clause::Clause;
use super::elsewhere::ask;
use super::event::Tally;
use super::generator::Generator;
use super::kit::{Kit, Passed};
use super::report::{Failure, chart};
use super::script::Script;
use super::transcript::{Look, Transcript, difference, story, transcript};
use crate::traits::SecureBroadcastAlgorithm;

/// How often a scenario is made smaller at most: each time everything is done again, with the pause.
const ROUNDS: usize = 8;

/// How everything is done again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// At once, and with more questions asked in between.
    AtOnce,
    Later,
    Elsewhere,
}

impl Again {
    fn words(self) -> &'static str {
        match self {
            Again::AtOnce => "at once, with some more questions asked in between",
            Again::Later => "a second later",
            Again::Elsewhere => "in another process",
        }
    }
}

/// A scenario and what it did first.
struct Case<O> {
    seed: u64,
    script: Script<O>,
    first: Transcript,
}

/// What a scenario did the first and the second time where it began to differ, in words.
type Both = [String; 2];

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Kit<A, G> {
    /// Twice at once, once more after a pause, and in another process.
    pub(super) fn check_determinism(&self, seeds: &[u64]) -> Result<Passed, Box<Failure>> {
        let mut sum = Tally::default();
        let mut cases = Vec::new();
        for seed in seeds {
            let script = self.honest(Clause::Determinism, *seed, &mut sum)?;
            let first = self.transcript(&script, Look::default());
            let case = Case {
                seed: *seed,
                script,
                first,
            };
            let second = self.transcript(
                &case.script,
                Look {
                    nosy: true,
                    texts: false,
                },
            );
            self.same(Again::AtOnce, &case, &second)?;
            cases.push(case);
        }
        thread::sleep(self.pause);
        for case in &cases {
            self.same(
                Again::Later,
                case,
                &self.transcript(&case.script, Look::default()),
            )?;
        }
        if let Some(place) = &self.place {
            let scripts: Vec<Script<A::Op>> =
                cases.iter().map(|case| case.script.clone()).collect();
            let answers =
                ask(place, &scripts, false).map_err(|why| Box::new(self.unanswered(&why)))?;
            for (case, second) in cases.iter().zip(&answers) {
                self.same(Again::Elsewhere, case, second)?;
            }
        }
        Ok(Passed::of(seeds.len(), &sum))
    }

    /// Whether the scenario of this seed ends in another way at once.
    pub(super) fn differs_at_once(&self, seed: u64) -> bool {
        let mut sum = Tally::default();
        let Ok(script) = self.honest(Clause::Determinism, seed, &mut sum) else {
            return true;
        };
        let first = self.transcript(&script, Look::default());
        let nosy = Look {
            nosy: true,
            texts: false,
        };
        difference(&first, &self.transcript(&script, nosy)).is_some()
    }

    fn transcript(&self, script: &Script<A::Op>, look: Look) -> Transcript {
        transcript::<A, G>(&self.generator, script, look)
    }

    fn unanswered(&self, why: &str) -> Failure {
        let complaint = format!("The other process did not answer: {why}");
        self.report(Clause::Determinism, 0, (0, 0), &complaint, String::new())
    }

    /// What these scripts do when they are done in this way.
    fn again(&self, way: Again, scripts: &[Script<A::Op>]) -> Result<Vec<Transcript>, String> {
        let look = Look {
            texts: true,
            nosy: way == Again::AtOnce,
        };
        match (way, &self.place) {
            (Again::Elsewhere, Some(place)) => return ask(place, scripts, true),
            (Again::Later, _) => thread::sleep(self.pause),
            _ => {}
        }
        Ok(scripts
            .iter()
            .map(|script| self.transcript(script, look))
            .collect())
    }

    /// The second time was as the first.
    fn same(
        &self,
        way: Again,
        case: &Case<A::Op>,
        second: &Transcript,
    ) -> Result<(), Box<Failure>> {
        let Some(step) = difference(&case.first, second) else {
            return Ok(());
        };
        let found = cut(&case.script, step);
        let (mut way, mut script, mut both) = (way, found, None);
        if self.shrinking {
            (script, both) = self.smaller(way, script);
            if both.is_none() && way == Again::AtOnce {
                // Perhaps a clock, which happened to tick in between.
                way = Again::Later;
                (script, both) = self.smaller(way, script);
            }
        }
        let words = way.words();
        let complaint = match both {
            Some([one, two]) => format!(
                "The same scenario does not always end in the same way:\n  first  {one}\n  then   {two}\nThe second time was \
                 {words}."
            ),
            None => format!("The scenario ended in another way the second time, {words}."),
        };
        let chart = chart(script.actors, &story::<A, G>(&self.generator, &script));
        let steps = (case.script.steps.len(), script.steps.len());
        Err(Box::new(self.report(
            Clause::Determinism,
            case.seed,
            steps,
            &complaint,
            chart,
        )))
    }

    /// Makes a scenario that differs smaller, by trying many at once.
    fn smaller(&self, way: Again, found: Script<A::Op>) -> (Script<A::Op>, Option<Both>) {
        let (mut best, mut both) = (found, None);
        for _ in 0..ROUNDS {
            let candidates = shorter(&best);
            let look = Look {
                texts: true,
                nosy: false,
            };
            let one: Vec<Transcript> = candidates
                .iter()
                .map(|script| self.transcript(script, look))
                .collect();
            let Ok(two) = self.again(way, &candidates) else {
                break;
            };
            let differing =
                candidates
                    .iter()
                    .zip(one.iter().zip(&two))
                    .filter_map(|(script, (one, two))| {
                        let step = difference(one, two)?;
                        let text =
                            |from: &Transcript| from.get(step).and_then(|entry| entry.text.clone());
                        Some((
                            cut(script, step),
                            [one, two].map(|from| text(from).unwrap_or_default()),
                        ))
                    });
            let Some((shortest, words)) = differing.min_by_key(|(script, _)| script.steps.len())
            else {
                break;
            };
            let done = shortest.steps.len() == best.steps.len();
            (best, both) = (shortest, Some(words));
            if done {
                break;
            }
        }
        (best, both)
    }
}

/// The script up to and with this step.
fn cut<O: Clone>(script: &Script<O>, step: usize) -> Script<O> {
    let mut script = script.clone();
    script.steps.truncate(step + 1);
    script
}

/// The script itself, and without each of its halves, quarters, …, steps.
fn shorter<O: Clone>(script: &Script<O>) -> Vec<Script<O>> {
    let mut candidates = vec![script.clone()];
    let mut chunk = script.steps.len().div_ceil(2);
    while chunk > 0 {
        for from in (0..script.steps.len()).step_by(chunk) {
            let mut shorter = script.clone();
            let to = (from + chunk).min(script.steps.len());
            shorter.steps.drain(from..to);
            candidates.push(shorter);
        }
        chunk /= 2;
    }
    candidates
}
