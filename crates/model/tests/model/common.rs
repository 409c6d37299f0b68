//! What all models share: exploring them, and the sets of signers they are made of.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::time::Instant;

use bft_crdts::deterministic_secure_broadcast::rules::{Rules, SignerFacts};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// A set of replicas or of headers, one bit each.
pub(crate) type Set = u8;

/// Whether the set has it.
pub(crate) fn has(set: Set, index: usize) -> bool {
    set >> index & 1 == 1
}

/// All that are in the set.
pub(crate) fn each(set: Set) -> impl Iterator<Item = usize> {
    (0..8).filter(move |&index| has(set, index))
}

/// All subsets of the set, itself and the empty one included.
pub(crate) fn subsets(set: Set) -> impl Iterator<Item = Set> {
    (0..=set).filter(move |subset| subset & !set == 0)
}

/// How many signatures of `members` somebody can collect who has those of `signed`, and stops at nothing: every
/// signature twice, those of outsiders, and forged ones.
pub(crate) fn collect<R: Rules>(members: Set, signed: Set) -> usize {
    let counts = |member, fresh, genuine| {
        usize::from(R::may_count(SignerFacts { member, fresh }, || genuine))
    };
    let of = |index| {
        let (member, genuine) = (has(members, index), has(signed, index));
        counts(member, true, genuine) + counts(member, false, genuine)
    };
    (0..8).map(of).sum::<usize>() + counts(false, true, true)
}

/// Whether `signed` are enough of `members`.
pub(crate) fn certified<R: Rules>(members: Set, signed: Set) -> bool {
    collect::<R>(members, signed) >= R::quorum(members.count_ones() as usize)
}

/// Explores all states: every promise holds, everything that should be possible is, and there are about as many states
/// as there should be, so that a model that has become trivial is noticed.
pub(crate) fn holds<M>(name: &str, model: M, sane: RangeInclusive<usize>)
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + Display + PartialEq,
{
    let begin = Instant::now();
    let checker = model.checker().spawn_bfs().join();
    let discoveries = checker.discoveries();
    for property in checker.model().properties() {
        let found = discoveries.get(property.name);
        match property.expectation {
            Expectation::Always => {
                if let Some(path) = found {
                    print(path.clone().into_vec());
                }
                assert!(found.is_none(), "{name}: {} is broken", property.name);
            }
            _ => assert!(found.is_some(), "{name}: never {}", property.name),
        }
    }
    let unique = checker.unique_state_count();
    println!(
        "{name}: {unique} states, {} steps deep, {:.1} s",
        checker.max_depth() - 1,
        begin.elapsed().as_secs_f64()
    );
    assert!(
        sane.contains(&unique),
        "{name}: {unique} states, not {sane:?}"
    );
}

/// Explores until a promise is broken, and prints the shortest way there, which has so many steps. The model must hunt
/// for this promise only, or the way is not the shortest.
pub(crate) fn falls<M>(name: &str, model: M, steps: usize)
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + Display + PartialEq,
{
    let begin = Instant::now();
    let hunted = model.properties();
    assert_eq!(hunted.len(), 1, "{name}: the promise that is hunted");
    let promise = hunted[0].name;
    let checker = (model.checker())
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let unique = checker.unique_state_count();
    let path = checker.discovery(promise);
    let path = path.unwrap_or_else(|| panic!("{name}: {promise} holds in all {unique} states"));
    let path = path.into_vec();
    let length = path.len() - 1;
    println!(
        "{name}: {promise} is broken in {length} steps, {unique} states, {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    print(path);
    assert_eq!(length, steps, "{name}: the shortest way");
}

fn print<S, A: Display>(path: Vec<(S, Option<A>)>) {
    for action in path.into_iter().filter_map(|(_, action)| action) {
        println!("    {action}");
    }
}
