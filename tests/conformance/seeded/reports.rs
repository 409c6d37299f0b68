//! What the kit says about a mistake, and how a test of it runs.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bft_crdts::conformance::{self, Clause, Failure, Gen, Generator, Kit, Place, Turn};
use bft_crdts::{Actor, SecureBroadcastAlgorithm};

use super::plain::{Drawn, Of, Plain};
use super::{causes, commutation, determinism, hostile, seeds, stability, state};

type Register<const BROKEN: bool> = Of<commutation::Register<BROKEN>>;

fn failure<P: Plain>(clause: Clause) -> Failure {
    let kit = Kit::<Of<P>, _>::new(Drawn).pause(Duration::from_millis(5));
    *kit.check(clause, seeds(0)).unwrap_err()
}

/// However long the scenario was in which a mistake was found, what is told of it can be read at one glance.
#[test]
fn counterexamples_are_small() {
    let all = [
        (
            failure::<commutation::Register<true>>(Clause::Commutation),
            2,
        ),
        (failure::<commutation::Sum<true>>(Clause::Commutation), 6),
        (failure::<commutation::Unread<true>>(Clause::Commutation), 2),
        (failure::<stability::Till<true>>(Clause::Stability), 6),
        (failure::<stability::Names<true>>(Clause::Stability), 3),
        (failure::<stability::Room<true>>(Clause::Stability), 3),
        (failure::<causes::Replies<true>>(Clause::Causes), 3),
        (failure::<causes::Strict<true>>(Clause::Causes), 3),
        (failure::<causes::Lazy<true>>(Clause::Causes), 3),
        (failure::<causes::Greedy<true>>(Clause::Causes), 3),
        (failure::<hostile::Tickets<true>>(Clause::Totality), 2),
        (failure::<hostile::Lamps<true>>(Clause::Totality), 1),
        (failure::<hostile::Warmth<true>>(Clause::Limits), 5),
        (failure::<hostile::Chat<true>>(Clause::Forgery), 3),
        (failure::<hostile::Allowance<true>>(Clause::Forgery), 6),
        (failure::<state::Hashed>(Clause::CanonicalBytes), 4),
        (failure::<state::Skipped>(Clause::CanonicalBytes), 1),
        (failure::<state::Forgetful<true>>(Clause::Snapshot), 4),
        (failure::<state::Amnesty<true>>(Clause::Snapshot), 5),
        (failure::<state::Merging<true>>(Clause::Snapshot), 3),
        (failure::<state::Batched<true>>(Clause::Batches), 3),
        (failure::<determinism::Diary<2>>(Clause::Determinism), 2),
        (
            failure::<determinism::Numbered<true>>(Clause::Determinism),
            2,
        ),
        (
            failure::<determinism::Curious<true>>(Clause::Determinism),
            4,
        ),
    ];
    let large: Vec<&Failure> = all
        .iter()
        .filter(|(failure, most)| failure.left > *most)
        .map(|(failure, _)| failure)
        .collect();
    let told: String = large
        .iter()
        .map(|failure| format!("{failure}\n\n"))
        .collect();
    assert!(large.is_empty(), "{told}");
}

/// The same seed gives the same report.
#[test]
fn a_seed_is_a_scenario() {
    let failure = failure::<commutation::Register<true>>(Clause::Commutation);
    let kit = Kit::<Register<true>, _>::new(Drawn);
    let again = kit.check(Clause::Commutation, [failure.seed]).unwrap_err();
    assert_eq!(*again, failure);
}

/// Whatever was looked for: a panic is called one, and the operation it comes from is told.
#[test]
fn a_panic_is_called_a_panic() {
    for clause in [Clause::Totality, Clause::Forgery] {
        let failure = failure::<hostile::Lamps<true>>(clause);
        assert!(failure.panicked && failure.clause == clause);
        let report = failure.to_string();
        assert!(report.contains(": IT PANICS\n"), "{report}");
        let lamp = report.split("index is ").nth(1).expect("an index");
        let lamp = lamp.split_whitespace().next().expect("a number");
        let asked = format!("#1, {lamp}, panicked");
        assert!(report.contains(&asked), "{report}");
    }
    let failure = failure::<hostile::Warmth<true>>(Clause::Limits);
    assert!(!failure.panicked, "{failure}");
}

/// What was drawn badly is the generator's fault, and said to be.
struct Clumsy;

impl Generator<Register<false>> for Clumsy {
    fn operation(&self, turn: &Turn<'_, Register<false>>, _: &mut Gen) -> Option<u8> {
        assert!(turn.dot.counter.get() < 3, "I can only count to two");
        Some(1)
    }
}

#[test]
fn a_generator_that_panics_is_blamed_itself() {
    let kit = Kit::<Register<false>, _>::new(Clumsy);
    let failure = kit.check(Clause::Commutation, 0..100).unwrap_err();
    assert!(failure.complaint.starts_with("The generator"), "{failure}");
    assert!(
        failure.complaint.contains("I can only count to two"),
        "{failure}"
    );
}

/// Draws what is never valid.
struct Hopeless;

impl Generator<Of<hostile::Lamps<false>>> for Hopeless {
    fn operation(&self, _: &Turn<'_, Of<hostile::Lamps<false>>>, _: &mut Gen) -> Option<u8> {
        Some(4)
    }
}

/// Draws nothing.
struct Idle;

impl Generator<Register<false>> for Idle {
    fn operation(&self, _: &Turn<'_, Register<false>>, _: &mut Gen) -> Option<u8> {
        None
    }
}

#[test]
fn a_generator_that_tests_nothing_is_told_so() {
    let failure = Kit::<Of<hostile::Lamps<false>>, _>::new(Hopeless)
        .check(Clause::Meaning, 0..100)
        .unwrap_err();
    assert!(failure.complaint.contains("accepted 0"), "{failure}");
    let failure = Kit::<Register<false>, _>::new(Idle)
        .check(Clause::Meaning, 0..100)
        .unwrap_err();
    assert!(
        failure.complaint.contains("0 operations were issued"),
        "{failure}"
    );
}

const TOLD: &str = "BFT_CRDTS_FAIL_WHEN_TOLD";

/// Runs one of the tests below, which do nothing unless they are told to, in another process.
fn run(test: &str, variables: &[(&str, &str)]) -> (Output, String) {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new(this);
    command
        .args(["--exact", test, "--nocapture"])
        .env(TOLD, "1")
        .env_remove("REPLAY_SEED")
        .env_remove("QUICKCHECK_TESTS");
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&text).into_owned())
}

fn place(test: &str) -> Place {
    Place::new(
        env!("CARGO_PKG_NAME"),
        &format!("{}::{test}", module_path!()),
    )
}

#[test]
fn fails_when_told() {
    if std::env::var_os(TOLD).is_some() {
        conformance::test::<Register<true>, _>(
            Clause::Commutation,
            Drawn,
            place("fails_when_told"),
        );
    }
}

#[test]
fn a_failing_test_says_how_to_see_it_again() {
    let (output, text) = run("seeded::reports::fails_when_told", &[]);
    assert!(!output.status.success(), "{text}");
    assert!(
        text.contains("Register<true>> breaks the contract: CONCURRENT OPERATIONS DO NOT COMMUTE"),
        "{text}"
    );
    let report = |text: &str| {
        let report = text
            .split_once("breaks the contract")
            .map(|(_, report)| report.to_owned());
        let report = report.and_then(|report| {
            report
                .split_once("reports::fails_when_told")
                .map(|(report, _)| report.to_owned())
        });
        report.unwrap_or_else(|| panic!("{text}"))
    };
    let seed = text
        .split_once("REPLAY_SEED=")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap();
    let (output, again) = run("seeded::reports::fails_when_told", &[("REPLAY_SEED", seed)]);
    assert!(!output.status.success());
    assert_eq!(report(&again), report(&text));
}

static SCENARIOS: AtomicU64 = AtomicU64::new(0);

/// Counts the scenarios it is asked to begin.
struct Counting;

impl Generator<Register<false>> for Counting {
    fn genesis(
        &self,
        everybody: &[Actor],
        _: &mut Gen,
    ) -> <Register<false> as SecureBroadcastAlgorithm>::ReplicatedState {
        SCENARIOS.fetch_add(1, Ordering::Relaxed);
        Register::<false>::new(everybody[0]).state()
    }
    fn operation(&self, turn: &Turn<'_, Register<false>>, g: &mut Gen) -> Option<u8> {
        Drawn.operation(turn, g)
    }
}

#[test]
fn counts_when_told() {
    if std::env::var_os(TOLD).is_some() {
        conformance::test::<Register<false>, _>(
            Clause::Stability,
            Counting,
            place("counts_when_told"),
        );
        println!("scenarios: {}", SCENARIOS.load(Ordering::Relaxed));
    }
}

#[test]
fn quickcheck_tests_scales_the_kit() {
    for cases in ["7", "250"] {
        let (_, text) = run(
            "seeded::reports::counts_when_told",
            &[("QUICKCHECK_TESTS", cases)],
        );
        assert!(text.contains(&format!("scenarios: {cases}\n")), "{text}");
    }
    let (_, text) = run("seeded::reports::counts_when_told", &[]);
    assert!(text.contains("scenarios: 100\n"), "{text}");
}

/// One mistake is found by several tests, and each says which it is: a board of replies that do not name their posts used to
/// fail as "numbers at their limits do harm" and "forged operations do harm", too.
#[test]
fn the_clause_below_is_named() {
    for clause in [Clause::Causes, Clause::Limits, Clause::Forgery] {
        let failure = failure::<causes::Replies<true>>(clause);
        let report = failure.to_string();
        assert_eq!(failure.clause, clause);
        assert!(report.contains(": THE CAUSES DO NOT SUFFICE\n"), "{report}");
        let below = (clause != Clause::Causes).then_some(Clause::Causes);
        assert_eq!(failure.underlying, below, "{report}");
    }
}

/// Never replies.
struct Mute;

impl Generator<Of<causes::Replies<false>>> for Mute {
    fn operation(
        &self,
        _: &Turn<'_, Of<causes::Replies<false>>>,
        _: &mut Gen,
    ) -> Option<causes::Post> {
        Some(causes::Post::New(1))
    }
}

#[test]
fn a_variant_that_nobody_draws_is_noticed() {
    let kit = Kit::<Of<causes::Replies<false>>, _>::new(Mute);
    let failure = kit.check(Clause::Meaning, 0..100).unwrap_err();
    assert!(failure.complaint.contains("none was a Reply"), "{failure}");
    let kit = Kit::<Of<causes::Replies<false>>, _>::new(Drawn);
    kit.check(Clause::Meaning, 0..100)
        .expect("both are drawn here");
}
