//! Every broken rule about generations is noticed by the churn that finds nothing wrong with the sound ones.

#[allow(
    dead_code,
    reason = "shared with the tests of the library, which use the rest"
)]
#[path = "../../../tests/reconfiguration/generations/churn.rs"]
mod churn;
#[path = "../../../tests/common/film.rs"]
mod film;
#[path = "../../../tests/reconfiguration/generations/thief.rs"]
mod thief;
#[allow(
    dead_code,
    reason = "shared with the tests of the library, which use the rest"
)]
#[path = "../../../tests/common/world/mod.rs"]
mod world;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bft_crdts::deterministic_secure_broadcast::rules::Rules;
use bft_crdts_controls::generations::{
    AttestsAside, ConvictsTheInformed, ConvictsVoters, EchoesAfterSeal, ForgetsInherited,
    IgnoresOpenHeaders, KeepsHighestHeader, KeepsKeys, OneSealShort, ProposesUnapproved,
    RefusesOldCertificates, SealsBeforeDisk, VotesBeforeDisk,
};
use bft_crdts_controls::recording::{GENERATIONS, REPLICAS, Recording, asked};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// How many seeds it may take.
const SEEDS: u64 = 1_000;
/// How many of the seeds before the documented one are run again, unless all are asked for.
const EARLIER: u64 = 4;

/// Whether the run of a seed breaks something.
fn breaks<R: Rules>(seed: u64) -> bool {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    catch_unwind(AssertUnwindSafe(|| churn::run::<R>(&mut rng))).is_err()
}

/// With changes of membership, the replica leaves these decisions to the rules, too (`asked.rs` has the others).
#[test]
fn the_replica_asks_the_rules_of_generations() {
    for seed in 0..60 {
        churn::run::<Recording>(&mut ChaCha8Rng::seed_from_u64(seed));
    }
    let asked = asked();
    let rules = GENERATIONS.iter().chain(&REPLICAS);
    let missed = rules.filter(|rule| !asked.contains(*rule));
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// What a panic said.
fn said(panic: Box<dyn std::any::Any + Send>) -> String {
    *panic.downcast().expect("a text")
}

/// A thief of keys that were kept has a quorum of a generation that is over, and with it two messages delivered for one
/// dot. (`stolen_keys_say_nothing_about_what_is_over` is the same with the sound rules.)
#[test]
fn a_thief_of_keys_that_were_kept_is_noticed() {
    let mut world = thief::reconfigured::<KeepsKeys>();
    let forged = catch_unwind(AssertUnwindSafe(|| thief::forge_certificate(&mut world, 0)));
    let why = said(forged.expect_err("the checkers look after every delivery"));
    assert!(why.contains("G4: two operations for"), "{why}");
}

/// And with it two decisions.
#[test]
fn a_thief_of_keys_that_were_kept_makes_another_chain() {
    let mut world = thief::reconfigured::<KeepsKeys>();
    assert_eq!(thief::forge_chain(&mut world, 0), Ok(()));
    let [one, other] = [0, 2].map(|at| world.replica(at).chain().next().map(|link| link.decision));
    assert_ne!(one, other);
}

/// After how many seeds the documents say that these rules are noticed.
fn documented(rules: &str) -> Option<u64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/controls-generations.md");
    let text = fs::read_to_string(path).expect("the table of controls");
    let head = format!("| `{rules}` |");
    let row = text.lines().find(|line| line.starts_with(&head))?;
    row.trim_end_matches('|')
        .rsplit('|')
        .next()?
        .trim()
        .parse()
        .ok()
}

macro_rules! controls {
    ($($test:ident: $rules:ident;)*) => {
        $(
            #[test]
            fn $test() {
                let documented = documented($rules::NAME);
                if std::env::var_os("RECOUNT").is_some() {
                    let counted = (0..SEEDS).find(|seed| breaks::<$rules>(*seed));
                    assert_eq!(documented, counted.map(|seed| seed + 1), "docs/controls-generations.md");
                }
                let documented = documented.expect("docs/controls-generations.md has it");
                assert!(documented <= SEEDS && breaks::<$rules>(documented - 1));
                assert!(!(0..EARLIER.min(documented - 1)).any(breaks::<$rules>));
            }
        )*
    };
}

controls! {
    an_echo_after_the_seal_is_noticed: EchoesAfterSeal;
    ignored_open_headers_are_noticed: IgnoresOpenHeaders;
    a_forgotten_inheritance_is_noticed: ForgetsInherited;
    a_seal_too_few_is_noticed: OneSealShort;
    keeping_the_highest_header_is_noticed: KeepsHighestHeader;
    unapproved_proposals_are_noticed: ProposesUnapproved;
    kept_keys_are_noticed: KeepsKeys;
    refused_old_certificates_are_noticed: RefusesOldCertificates;
    a_vote_that_a_crash_undoes_is_noticed: VotesBeforeDisk;
    a_seal_that_a_crash_undoes_is_noticed: SealsBeforeDisk;
    convicting_those_who_know_more_is_noticed: ConvictsTheInformed;
    convicting_those_who_voted_and_timed_out_is_noticed: ConvictsVoters;
    checkpoints_aside_of_each_other_are_noticed: AttestsAside;
}
