//! Types with one mistake each: the kit finds it in every run, and finds nothing once it is mended.
//!
//! A run is what a user gets: 100 scenarios from seeds of its own. `BFT_CRDTS_PLANTED_RUNS` says how many runs (100 unless
//! told).

mod causes;
mod commutation;
mod determinism;
mod hostile;
mod plain;
mod reports;
mod stability;
mod state;

use std::env;
use std::time::Duration;

use bft_crdts::conformance::{Clause, Failure, Kit, Place};
use plain::{Drawn, Of, Plain};

/// How many runs each mistake must be found in.
fn runs() -> u64 {
    let told = env::var("BFT_CRDTS_PLANTED_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok());
    told.unwrap_or(100)
}

/// The seeds of one run.
fn seeds(run: u64) -> impl Iterator<Item = u64> {
    let scenarios = 100;
    (0..scenarios).map(move |scenario| (run << 32) + scenario)
}

/// Every run finds the mistake, and says which clause it breaks.
fn found_in_every_run<P: Plain>(clause: Clause, kit: &Kit<Of<P>, Drawn>) -> Vec<Failure> {
    found_in_all(clause, kit, usize::MAX)
}

/// Every run finds the mistake in so many scenarios.
fn found_in_all<P: Plain>(clause: Clause, kit: &Kit<Of<P>, Drawn>, many: usize) -> Vec<Failure> {
    let verdicts = (0..runs()).map(|run| (run, kit.check(clause, seeds(run).take(many))));
    let failures: Vec<Failure> = verdicts
        .map(|(run, verdict)| match verdict {
            Ok(passed) => panic!("run {run} of {clause} found nothing in {passed:?}"),
            Err(failure) => *failure,
        })
        .collect();
    assert!(failures.iter().all(|failure| failure.clause == clause));
    failures
}

/// The mistake is found without a pause or another process.
fn seeded<P: Plain>(clause: Clause) {
    let kit = Kit::<Of<P>, _>::new(Drawn)
        .pause(Duration::ZERO)
        .shrinking(false);
    found_in_every_run(clause, &kit);
}

/// The mistake is found after this pause, and not before.
fn later<P: Plain>(pause: Duration) {
    let kit = Kit::<Of<P>, _>::new(Drawn).pause(pause).shrinking(false);
    found_in_every_run(Clause::Determinism, &kit);
}

/// The mistake is found in another process, and not in this one. The test with this path must be the one that calls this.
fn elsewhere<P: Plain>(path: &str) {
    let kit = Kit::<Of<P>, _>::new(Drawn)
        .pause(Duration::ZERO)
        .shrinking(false);
    let here = kit.clone();
    let kit = kit.at(Place::new(env!("CARGO_PKG_NAME"), path));
    if kit.answers() {
        return;
    }
    assert!(
        here.check(Clause::Determinism, seeds(0)).is_ok(),
        "one process is not enough"
    );
    // Fewer than users get: nothing stops at the first, and processes take their time.
    let failures = found_in_all(Clause::Determinism, &kit, 20);
    assert!(
        failures
            .iter()
            .all(|failure| failure.complaint.contains("in another process"))
    );
}

/// With the mistake mended the type keeps every clause.
fn mended<P: Plain>() {
    let kit = Kit::<Of<P>, _>::new(Drawn).pause(Duration::ZERO);
    for clause in Clause::ALL {
        if let Err(failure) = kit.check(clause, seeds(0)) {
            panic!("{failure}");
        }
    }
}
