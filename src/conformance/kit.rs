//! Runs the scenarios of a clause and reports the first that breaks it.

use std::any::type_name;
use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::marker::PhantomData;
use std::time::Duration;

use super::clause::Clause;
use super::elsewhere;
use super::event::{Kind, Tally};
use super::generator::Generator;
use super::panics::telling;
use super::random::Random;
use super::report::{Failure, Place, chart, short_name};
use super::roster::named;
use super::script::Script;
use super::session::{Ended, generate, run};
use super::shrink::{Broken, smallest};
use super::variants;
use crate::traits::SecureBroadcastAlgorithm;

/// How many scenarios, unless `QUICKCHECK_TESTS` says otherwise.
const SCENARIOS: u64 = 100;

/// The fewest that say something about a generator.
const FEWEST: u64 = 20;

/// The size of the largest `Gen`, unless `QUICKCHECK_GENERATOR_SIZE` says otherwise.
const SIZE: u32 = 8;

/// How long the kit waits before it does everything again: long enough for a clock that ticks in seconds.
const PAUSE: Duration = Duration::from_millis(1_100);

/// A type's generator, and how to try it. [`test()`] does all of this for a test; use the kit itself to ask for a
/// verdict as a value.
#[derive(Clone, Debug)]
pub struct Kit<A, G> {
    pub(super) generator: G,
    pub(super) place: Option<Place>,
    pub(super) pause: Duration,
    pub(super) shrinking: bool,
    size: u32,
    algorithm: PhantomData<fn() -> A>,
}

/// What was tried, and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many scenarios.
    pub scenarios: u64,
    /// How many operations were issued in them.
    pub operations: u64,
    /// How many of these were issued without knowing of all before them.
    pub concurrent: u64,
}

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Kit<A, G> {
    /// A kit for the type `A`.
    pub fn new(generator: G) -> Self {
        let size =
            number("QUICKCHECK_GENERATOR_SIZE").map_or(SIZE, |size| size.clamp(1, 1_000) as u32);
        Kit {
            generator,
            place: None,
            pause: PAUSE,
            shrinking: true,
            size,
            algorithm: PhantomData,
        }
    }

    /// Says where this is called: the test of this place must begin with [`Kit::answers`]. Without it nothing is
    /// tried in another process.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Kit {
            place: Some(place),
            ..self
        }
    }

    /// Waits this long, instead of a little over a second, before it does everything again.
    #[must_use]
    pub fn pause(self, pause: Duration) -> Self {
        Kit { pause, ..self }
    }

    /// Whether a failing scenario is made smaller before it is reported. It is, unless told otherwise.
    #[must_use]
    pub fn shrinking(self, shrinking: bool) -> Self {
        Kit { shrinking, ..self }
    }

    /// Whether this process was started by the kit in another one. It has answered then, and its test has nothing more to
    /// do.
    pub fn answers(&self) -> bool {
        elsewhere::answers::<A, G>(&self.generator)
    }

    /// Tries a clause on the scenarios of these seeds.
    ///
    /// # Errors
    ///
    /// The first scenario that breaks it, made smaller.
    pub fn check(
        &self,
        clause: Clause,
        seeds: impl IntoIterator<Item = u64>,
    ) -> Result<Passed, Box<Failure>> {
        let seeds: Vec<u64> = seeds.into_iter().collect();
        self.check_clause(clause, &seeds).map_err(|mut failure| {
            failure.underlying = self.underlying(clause, &failure, &seeds);
            failure
        })
    }

    /// Of the clauses that this one builds on, the first that is broken, too: one mistake is told under one heading.
    fn underlying(&self, clause: Clause, failure: &Failure, seeds: &[u64]) -> Option<Clause> {
        // What panics is told as that already.
        if !self.shrinking || failure.panicked {
            return None;
        }
        let breaks = |other: Clause, seed: u64| match other {
            Clause::Determinism => self.differs_at_once(seed),
            _ => {
                let (_, ended) = generate::<A, G>(other, &self.generator, seed, self.size);
                ended.complaint.is_some()
            }
        };
        let mut ground = clause.builds_on().iter().copied();
        ground.find(|other| seeds.iter().any(|seed| breaks(*other, *seed)))
    }

    fn check_clause(&self, clause: Clause, seeds: &[u64]) -> Result<Passed, Box<Failure>> {
        if clause == Clause::Determinism {
            return self.check_determinism(seeds);
        }
        let mut sum = Tally::default();
        for seed in seeds {
            self.honest(clause, *seed, &mut sum)?;
        }
        if clause == Clause::Meaning {
            self.means_something(&sum, seeds)?;
        }
        Ok(Passed::of(seeds.len(), &sum))
    }

    fn failure(&self, clause: Clause, seed: u64, broken: Broken<A::Op>) -> Failure {
        let found = broken.script.steps.len();
        let Broken { script, ended } = match self.shrinking {
            true => smallest::<A, G>(clause, &self.generator, broken),
            false => broken,
        };
        let panicked =
            |ended: &Ended<A::Op>| matches!(&ended.complaint, Some(why) if why.kind == Kind::Panic);
        let in_words = panicked(&ended)
            .then(|| telling(|| run::<A, G>(clause, &self.generator, &script)))
            .filter(panicked);
        let ended = in_words.unwrap_or(ended);
        let panicked = panicked(&ended);
        let complaint = ended
            .complaint
            .map(|complaint| complaint.text)
            .unwrap_or_default();
        let chart = chart(script.actors, &ended.story);
        let steps = (found, script.steps.len());
        Failure {
            panicked,
            ..self.report(clause, seed, steps, &complaint, chart)
        }
    }

    pub(super) fn report(
        &self,
        clause: Clause,
        seed: u64,
        steps: (usize, usize),
        complaint: &str,
        chart: String,
    ) -> Failure {
        Failure {
            clause,
            seed,
            found: steps.0,
            left: steps.1,
            complaint: named(complaint),
            chart,
            panicked: false,
            underlying: None,
            algorithm: short_name(type_name::<A>()),
            place: self.place.clone(),
        }
    }

    /// The scenario of this seed, if it raises no complaint.
    pub(super) fn honest(
        &self,
        clause: Clause,
        seed: u64,
        sum: &mut Tally,
    ) -> Result<Script<A::Op>, Box<Failure>> {
        let (script, ended) = generate::<A, G>(clause, &self.generator, seed, self.size);
        sum.add(&ended.tally);
        match ended.complaint {
            None => Ok(script),
            Some(_) => Err(Box::new(self.failure(
                clause,
                seed,
                Broken { script, ended },
            ))),
        }
    }

    fn means_something(&self, sum: &Tally, seeds: &[u64]) -> Result<(), Box<Failure>> {
        let Tally {
            turns,
            drawn,
            issued,
            concurrent,
            variants,
        } = *sum;
        let mut names = (0..u128::BITS).zip(variants::names::<A::Op>());
        let never = self.generator.never_valid();
        let undrawn =
            names.find(|(variant, name)| variants >> variant & 1 == 0 && !never.contains(name));
        let scenarios = seeds.len() as u64;
        let complaint = if issued * 2 < drawn {
            format!(
                "Of {drawn} operations that the generator drew, their own replicas accepted {issued}: less than half."
            )
        } else if issued < scenarios {
            format!(
                "In {scenarios} scenarios somebody had the turn {turns} times, and {issued} operations were issued: less than \
                 one in a scenario."
            )
        } else if concurrent == 0 && issued > 100 {
            format!("Of {issued} operations no two were issued without knowing of each other.")
        } else if let Some((_, name)) = undrawn {
            format!(
                "Of {issued} operations that were issued none was a {name}: what nobody does is not tested. Draw it, where it \
                 is valid."
            )
        } else {
            return Ok(());
        };
        let seed = seeds.first().copied().unwrap_or_default();
        Err(Box::new(self.report(
            Clause::Meaning,
            seed,
            (0, 0),
            &complaint,
            String::new(),
        )))
    }
}

/// The test of one clause, as [`conformance!`](crate::conformance!) makes it: as many scenarios as `QUICKCHECK_TESTS` says,
/// or the one that `REPLAY_SEED` names.
///
/// # Panics
///
/// With the report of a [`Failure`], if the type breaks the clause.
#[track_caller]
pub fn test<A, G>(clause: Clause, generator: G, place: Place)
where
    A: SecureBroadcastAlgorithm,
    G: Generator<A>,
{
    let kit = Kit::<A, G>::new(generator).at(place);
    if kit.answers() {
        return;
    }
    let replayed = number("REPLAY_SEED").filter(|_| clause != Clause::Meaning);
    let verdict = match replayed {
        Some(seed) => kit.check(clause, [seed]),
        None => kit.check(clause, any_seeds(clause)),
    };
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}

/// New seeds, other ones each time.
fn any_seeds(clause: Clause) -> impl Iterator<Item = u64> {
    let many = number("QUICKCHECK_TESTS").unwrap_or(SCENARIOS);
    let many = if clause == Clause::Meaning {
        many.max(FEWEST)
    } else {
        many
    };
    let mut random = Random::new(RandomState::new().build_hasher().finish());
    (0..many).map(move |_| random.next())
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

impl Passed {
    pub(super) fn of(scenarios: usize, sum: &Tally) -> Self {
        Passed {
            scenarios: scenarios as u64,
            operations: sum.issued,
            concurrent: sum.concurrent,
        }
    }
}
