//! Systematic search: twins in every partition, and every small mutation. Nothing breaks the sound rules, and the broken
//! ones break.

use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::net::adversary::Wrapped;
use bft_crdts::net::search::{Mutations, Twins};
use bft_crdts::net::{
    FakeKeys, Faults, Net, Partition, Property, Report, Roster, Span, Task, VirtualTime,
};
use bft_crdts_controls::chosen::{self, Chosen};

/// Four members with a hundred each, and what they do.
fn bank() -> Net<Bank> {
    let roster = Roster::<FakeKeys>::letters(4);
    let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
    Net::new(roster, ALGORITHM, ledger)
}

fn pay(who: &str, to: &str, at: u64) -> Task<Bank> {
    let to = Roster::<FakeKeys>::letters(4).actor(to).unwrap();
    let pay = move |context: &bft_crdts::net::WorkloadContext<'_, Bank>| {
        let all = context.copy.spending(&context.me).spendable();
        let transfer = context.copy.transfer(&context.me, to, all.min(100));
        transfer.map_err(|why| why.to_string())
    };
    Task::<Bank>::from(who, pay).at(VirtualTime::from_nanos(at * 1_000_000))
}

fn run(rules: &str, net: Net<Bank>) -> Report<Bank> {
    chosen::with(rules, || net.rules::<Chosen>().run().unwrap()).unwrap()
}

/// The member d has a twin; both spend all they have, to different members, and so does everybody else.
fn with_twin(rules: &str, partitions: Vec<Partition>, end: VirtualTime) -> Option<Property> {
    let faults = Faults {
        partitions,
        heal_at: Some(end),
        ..Faults::default()
    };
    let net = bank().faults(faults).twin("d2", "d").unwrap();
    let items = [
        pay("d", "a", 0),
        pay("d2", "b", 0),
        pay("a", "c", 150),
        pay("b", "c", 450),
    ];
    let report = run(rules, net.workload(items));
    report
        .violations
        .first()
        .map(|violation| violation.property)
}

/// How many rounds: `TWINS_ROUNDS=3` for 4,096 cases instead of 256.
fn twins() -> Twins {
    let rounds = std::env::var("TWINS_ROUNDS").ok();
    let rounds = rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(2);
    Twins::new(5, 2, rounds, Span::from_millis(300))
}

#[test]
fn twins_break_no_promise_in_any_partition() {
    let twins = twins();
    for (case, partitions) in twins.iter().enumerate() {
        let broken = with_twin("sound", partitions, twins.end());
        assert_eq!(broken, None, "case {case}: {:?}", twins.nth(case as u64));
    }
}

#[test]
fn twins_break_agreement_where_half_is_a_quorum() {
    let twins = twins();
    let mut broken = twins
        .iter()
        .map(|partitions| with_twin("quorum-of-half", partitions, twins.end()));
    assert!(broken.any(|broken| broken == Some(Property::Agreement)));
}

/// One mistake in one message of d, in every message and every way: what breaks.
fn with_mutation(rules: &str, number: u64, way: u64) -> Option<Property> {
    let net = bank().adversary("d", Box::new(Wrapped::mutant_at(number, way)));
    let items = [pay("a", "b", 0), pay("b", "c", 100), pay("c", "a", 300)];
    let report = run(rules, net.workload(items));
    report
        .violations
        .first()
        .map(|violation| violation.property)
}

/// How many messages are mutated: `MUTATIONS=200` for all that d says.
fn mutations() -> Mutations {
    let messages = std::env::var("MUTATIONS").ok();
    let messages = messages.and_then(|number| number.parse().ok());
    Mutations {
        messages: messages.unwrap_or(24),
        ways: 8,
    }
}

#[test]
fn no_small_mistake_breaks_a_promise() {
    for (number, way) in mutations().iter() {
        let broken = with_mutation("sound", number, way);
        assert_eq!(broken, None, "message {number}, way {way}");
    }
}

#[test]
fn a_small_mistake_is_enough_where_signatures_are_not_verified() {
    let mut broken = mutations()
        .iter()
        .map(|(number, way)| with_mutation("trusts-signatures", number, way));
    assert!(broken.any(|broken| broken.is_some()));
}
