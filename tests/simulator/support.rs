//! What the tests of the simulated network share.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub(crate) use bft_crdts::Bank;
use bft_crdts::bank::{ALGORITHM, Ledger};
use bft_crdts::net::{Cast, Item, Net, Report, Staged};

/// A bank of members a, b, c, … with 100 each.
pub(crate) fn bank(members: usize) -> Net<Bank> {
    let cast = Cast::letters(members);
    let ledger = Ledger::genesis(cast.actors().map(|actor| (actor, 100)), []).unwrap();
    Net::new(cast, ALGORITHM, ledger)
}

/// Operations drawn for these members, in turn.
pub(crate) fn drawn<A: Staged>(who: &[&str], count: usize) -> Vec<Item<A>> {
    who.iter()
        .cycle()
        .take(count)
        .zip(1..)
        .map(|(who, tag)| Item::drawn(*who).tagged(tag))
        .collect()
}

/// Nothing went wrong, and everything arrived.
#[track_caller]
pub(crate) fn honest<A: Staged>(report: &Report<A>) {
    assert_eq!(report.violations, [], "seed {}", report.seed);
    assert!(report.converged, "seed {}", report.seed);
    assert_eq!(
        report.delivered + report.refused.len() as u64,
        report.submitted,
        "seed {}",
        report.seed
    );
}
