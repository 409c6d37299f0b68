//! What the tests of the simulated network share.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) use bft_crdts::Bank;
use bft_crdts::bank::{ALGORITHM, Ledger};
use bft_crdts::net::{Net, Report, Roster, SimAlgorithm, Task};

/// A bank of members a, b, c, … with 100 each.
pub(crate) fn bank(members: usize) -> Net<Bank> {
    let roster = Roster::letters(members);
    let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
    Net::new(roster, ALGORITHM, ledger)
}

/// Operations drawn for these members, in turn.
pub(crate) fn drawn<A: SimAlgorithm>(who: &[&str], count: usize) -> Vec<Task<A>> {
    who.iter()
        .cycle()
        .take(count)
        .zip(1..)
        .map(|(who, tag)| Task::drawn(*who).tagged(tag))
        .collect()
}

/// Nothing went wrong, and everything arrived.
#[track_caller]
pub(crate) fn honest<A: SimAlgorithm>(report: &Report<A>) {
    assert_eq!(report.violations, [], "seed {}", report.seed);
    assert!(report.converged, "seed {}", report.seed);
    assert_eq!(
        report.delivered + report.refused.len() as u64,
        report.submitted,
        "seed {}",
        report.seed
    );
}
