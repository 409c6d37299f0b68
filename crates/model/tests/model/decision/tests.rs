//! What holds, and what each broken rule breaks.

use bft_crdts::deterministic_secure_broadcast::rules::{Rules, Sound};
use bft_crdts_controls::QuorumOfHalf;
use bft_crdts_controls::generations::*;

use super::Decision;
use crate::common::{falls, holds};

/// Two attempts, all leaders faulty.
fn two<R: Rules>() -> Decision<R> {
    Decision::new(2)
}

/// Two attempts, the second with a correct leader.
fn two_second_correct<R: Rules>() -> Decision<R> {
    Decision {
        leaders: [None, Some(0), None],
        merging: false,
        ..two()
    }
}

/// Three attempts, all leaders faulty.
fn three<R: Rules>() -> Decision<R> {
    Decision::new(3)
}

/// Every state of two attempts, with these rules.
pub(crate) fn explore<R: Rules>() {
    holds("M3", two::<R>(), 3_000..=30_000);
    holds(
        "M3 second leader correct",
        two_second_correct::<R>(),
        30_000..=300_000,
    );
}

#[test]
fn a_decision_holds() {
    explore::<Sound>();
}

#[test]
fn a_decision_falls_with_a_quorum_of_two() {
    falls(
        "M3 quorum 2 of 4",
        two::<QuorumOfHalf>().hunting("one decision"),
        4,
    );
}

#[test]
fn a_decision_falls_when_earlier_votes_bind_nobody() {
    falls(
        "M3 ignores highest",
        two::<IgnoresHighest>().hunting("one decision"),
        10,
    );
}

#[test]
fn a_decision_falls_with_a_timeout_short() {
    falls(
        "M3 one timeout short",
        two::<OneTimeoutShort>().hunting("one decision"),
        9,
    );
}

#[test]
fn a_decision_falls_when_somebody_votes_twice() {
    falls(
        "M3 votes twice",
        two::<VotesTwice>().hunting("one decision"),
        12,
    );
}
#[test]
fn a_decision_falls_when_nobody_needs_to_approve() {
    let model = Decision {
        changes: 0b111,
        ..two::<ProposesUnapproved>()
    };
    falls(
        "M3 proposes unapproved",
        model.hunting("only what is approved"),
        4,
    );
}
#[test]
fn a_decision_falls_when_somebody_votes_in_the_past() {
    falls(
        "M3j votes in the past",
        three::<VotesInThePast>().hunting("one decision"),
        12,
    );
}
#[test]
fn a_decision_falls_when_somebody_gives_up_ahead() {
    falls(
        "M3j times out ahead",
        three::<TimesOutAhead>().hunting("one decision"),
        10,
    );
}

#[test]
#[ignore = "slow"]
fn three_attempts_hold() {
    holds("M3j", three::<Sound>(), 2_000_000..=20_000_000);
}
