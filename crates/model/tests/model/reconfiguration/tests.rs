//! What holds, and what each broken rule breaks. All of them have four members, one of them faulty; where somebody joins,
//! five.

use std::marker::PhantomData;

use bft_crdts::deterministic_secure_broadcast::rules::{Rules, Sound};

use bft_crdts_controls::generations::*;

use super::Reconfiguration;
use crate::common::{falls, holds};

/// One member of four joins.
fn join<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b1000_1111],
        adversaries: 0b1000_0000,
        robbed: 0b0111_1111,
        early: 0b0111,
        observers: true,
        serving: true,
        alike: &[&[0, 1, 2]],
        headers: 0b110,
        source: None,
        merging: true,
        hunt: None,
        rules: PhantomData,
    }
}

/// One member leaves, one joins: more than the protocol allows at once.
fn swap<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b1000_1011],
        alike: &[&[0, 1]],
        ..join()
    }
}

/// Every state of two generations, with these rules.
pub(crate) fn explore<R: Rules>() {
    holds("M2 join", join::<R>(), 5_000..=50_000);
    holds("M2 leave and join", swap::<R>(), 10_000..=100_000);
}

#[test]
fn a_reconfiguration_holds() {
    explore::<Sound>();
}

/// One member of five leaves.
fn leave<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_1111, 0b1000_0111],
        early: 0b1111,
        ..join()
    }
}

/// The faulty member leaves for another faulty one.
fn swap_of_adversaries<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b0100_0111],
        adversaries: 0b1100_0000,
        ..join()
    }
}

#[test]
fn other_reconfigurations_hold() {
    holds("M2 leave", leave::<Sound>(), 10_000..=100_000);
    holds(
        "M2 Byzantine nodes change",
        swap_of_adversaries::<Sound>(),
        1_000..=10_000,
    );
}

/// Three generations: a member leaves for another, and comes back for it.
fn rejoin<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b1000_1011, 0b1000_0111],
        ..swap()
    }
}

/// Three generations: each time one leaves for somebody new.
fn turnover<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b1000_1011, 0b1001_0011],
        observers: false,
        ..swap()
    }
}

#[test]
#[ignore = "slow"]
fn three_generations_hold() {
    holds("M2c", rejoin::<Sound>(), 2_000_000..=20_000_000);
}

#[test]
fn a_reconfiguration_falls_when_a_sealed_generation_is_echoed_in() {
    falls(
        "M2 echoes after seal",
        swap::<EchoesAfterSeal>().hunting("agreement"),
        9,
    );
}

#[test]
fn a_reconfiguration_falls_when_open_headers_are_ignored() {
    falls(
        "M2 ignores open headers",
        swap::<IgnoresOpenHeaders>().hunting("agreement"),
        10,
    );
}

#[test]
fn a_reconfiguration_falls_when_a_frozen_slot_is_echoed_in() {
    falls(
        "M2 thaws frozen",
        swap::<ThawsFrozen>().hunting("agreement"),
        10,
    );
}

#[test]
fn a_reconfiguration_falls_with_a_seal_short() {
    falls(
        "M2 one seal short",
        swap::<OneSealShort>().hunting("agreement"),
        9,
    );
}

/// Keys that are not erased: whoever has sealed a generation can be made to say anything about it to those who are still
/// in it.
#[test]
fn a_reconfiguration_falls_when_keys_are_kept() {
    falls("M2 keeps keys", swap::<KeepsKeys>().hunting("agreement"), 4);
}

/// The same if nobody is robbed but the one who has left for good.
#[test]
fn a_reconfiguration_falls_when_who_leaves_keeps_its_key() {
    let model = Reconfiguration {
        robbed: 0b0100,
        ..swap::<KeepsKeys>()
    };
    falls("M2 a leaver keeps its key", model.hunting("agreement"), 5);
}

#[test]
fn a_reconfiguration_never_ends_if_nobody_hands_out_seals() {
    let model = Reconfiguration {
        serving: false,
        ..swap::<Sound>()
    };
    falls(
        "M2 without serving seals",
        model.hunting("the reconfiguration ends"),
        5,
    );
}

#[test]
fn a_reconfiguration_falls_without_old_certificates() {
    falls(
        "M2 refuses old certificates",
        swap::<RefusesOldCertificates>().hunting("delivery to all"),
        9,
    );
}

/// Three generations: somebody joins who was not there two generations before.
fn late_joiner<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        members: &[0b1000_0111, 0b1000_0111, 0b1000_1111],
        ..join()
    }
}

#[test]
#[ignore = "slow"]
fn newcomers_hold() {
    holds("M2c newcomers", turnover::<Sound>(), 2_000_000..=20_000_000);
}

#[test]
fn a_late_joiner_holds() {
    holds(
        "M2c late joiner",
        late_joiner::<Sound>(),
        500_000..=5_000_000,
    );
}

#[test]
fn a_late_joiner_falls_behind_if_it_goes_by_what_is_open_only() {
    falls(
        "M2c takes open only",
        late_joiner::<TakesOpenOnly>().hunting("delivery to all"),
        15,
    );
}

#[test]
fn three_generations_fall_when_inherited_headers_are_forgotten() {
    falls(
        "M2c forgets inherited",
        rejoin::<ForgetsInherited>().hunting("agreement"),
        14,
    );
}

#[test]
fn three_generations_fall_when_somebody_seals_what_it_never_activated() {
    falls(
        "M2c seals unactivated",
        turnover::<SealsUnactivated>().hunting("agreement"),
        10,
    );
}

/// Two slots of one source, which is correct.
fn two_slots<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        headers: 0b01010,
        source: Some(0),
        alike: &[&[1], &[2]],
        ..swap()
    }
}

/// Two slots of a faulty source: two headers for the first, one after the first of them.
fn two_slots_equivocated<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        headers: 0b01110,
        ..swap()
    }
}

#[test]
fn two_slots_hold() {
    holds(
        "M2d correct source",
        two_slots::<Sound>(),
        150_000..=1_500_000,
    );
}

#[test]
fn two_slots_of_a_faulty_source_hold() {
    holds("M2d", two_slots_equivocated::<Sound>(), 150_000..=1_500_000);
}

#[test]
fn two_slots_fall_when_the_highest_header_is_kept() {
    let model = two_slots_equivocated::<KeepsHighestHeader>();
    falls(
        "M2d keeps the highest header",
        model.hunting("agreement"),
        10,
    );
}

/// Two slots of a faulty source: two headers for the first, two after the first of them.
fn two_slots_equivocated_twice<R: Rules>() -> Reconfiguration<R> {
    Reconfiguration {
        headers: 0b11110,
        ..swap()
    }
}

#[test]
#[ignore = "slow"]
fn two_slots_equivocated_twice_hold() {
    holds(
        "M2d equivocated twice",
        two_slots_equivocated_twice::<Sound>(),
        800_000..=8_000_000,
    );
}
