//! Checks *your* algorithm: whether a data type keeps the contract that makes replicas agree without consensus.
//!
//! The contract of [`SecureBroadcastAlgorithm`] is easy to say and easy to break in ways that no example shows: a hash map
//! in the state, a counter that overflows, an operation that needs another and does not say so. One line in your tests
//! makes a property test of every [`Clause`] of it:
//!
//! ```
//! use std::collections::BTreeSet;
//! use bft_crdts::conformance::{Arbitrary, Gen, Turn};
//! use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};
//!
//! /// Words that anybody may add.
//! #[derive(Clone, Debug, PartialEq, Eq)]
//! struct Words(BTreeSet<String>);
//!
//! #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
//! #[error("a word has from one to twenty letters")]
//! struct NotAWord;
//!
//! impl SecureBroadcastAlgorithm for Words {
//!     type Op = String;
//!     type ReplicatedState = BTreeSet<String>;
//!     type Invalid = NotAWord;
//!     fn new(_: Actor) -> Self { Words(BTreeSet::new()) }
//!     fn state(&self) -> BTreeSet<String> { self.0.clone() }
//!     fn sync_from(&mut self, other: BTreeSet<String>) { self.0 = other }
//!     fn causes(&self, _: &String) -> Causes { Causes::Nothing }
//!     fn validate(&self, _: &Dot, word: &String) -> Result<(), NotAWord> {
//!         (1..=20).contains(&word.chars().count()).then_some(()).ok_or(NotAWord)
//!     }
//!     fn apply(&mut self, _: Dot, word: String) { self.0.insert(word); }
//! }
//!
//! /// Something that somebody might do next.
//! fn a_word(_: &Turn<'_, Words>, g: &mut Gen) -> Option<String> {
//!     Some(format!("a{}", u8::arbitrary(g)))
//! }
//!
//! bft_crdts::conformance!(Words, a_word); // a module of tests, one for each clause
//! ```
//!
//! # What it does
//!
//! It lets two to four replicas of your type act and deliver in random orders that causality allows. What they do is
//! drawn by your [`Generator`] from the state they see, so every scenario is one that could happen, and none is
//! thrown away. Most are short, a few have up to a hundred operations, for what breaks only when a count is reached. For
//! the hostile parts the kit damages the bytes of good operations (other names, other dots, numbers at their limits) and
//! adds what your generator calls garbage.
//!
//! A failure names the clause in plain words, or the one that it builds on if that is broken, too, with nobody hostile. It
//! prints the smallest scenario found, as a chart with a column for every replica, and a command that runs it again:
//!
//! ```text
//! Register breaks the contract: CONCURRENT OPERATIONS DO NOT COMMUTE
//! ```
//!
//! # How often
//!
//! `QUICKCHECK_TESTS` says how many scenarios each clause is tried on (100 unless told), `QUICKCHECK_GENERATOR_SIZE` how
//! large the [`Gen`] is that your generator gets (8 unless told), and `REPLAY_SEED` runs exactly one scenario, as the
//! report of a failure says.
//!
//! # What it cannot find
//!
//! What your operations *mean* is yours: a bank that pays the wrong person is as consistent as any other. Tests for that
//! look at your type alone and need no kit. Neither does it wait for loops without end, or find a clock that ticks in
//! minutes. And in a build without overflow checks a sum that wraps around is an ordinary sum: run the tests in
//! the profile `dev`.
//!
//! A guide from a blank file to a checked type stands in `docs/your-own-algorithm.md`.
//!
//! [`SecureBroadcastAlgorithm`]: crate::SecureBroadcastAlgorithm

mod arbitrary;
mod checks;
mod clause;
mod damage;
mod determinism;
mod elsewhere;
mod event;
mod generator;
mod kit;
mod panics;
mod random;
mod report;
mod roster;
mod script;
mod session;
mod shrink;
mod transcript;
mod variants;
mod world;

pub use quickcheck::{Arbitrary, Gen};

pub use clause::Clause;
pub use generator::{Generator, Turn};
pub use kit::{Kit, Passed, test};
pub use report::{Failure, Place};
pub use roster::roster;

/// Makes a module of tests from a type and a generator of its operations: one test for every
/// [`Clause`](crate::conformance::Clause) of the contract.
///
/// ```text
/// bft_crdts::conformance!(GuestBook, a_line);               // the tests conformance::determinism, …
/// bft_crdts::conformance!(mod set: Orswot<u8>, SetActions); // the tests set::determinism, …
/// ```
///
/// The generator is a value: a function, if the operations of the type are
/// [`Arbitrary`](crate::conformance::Arbitrary), or anything that implements
/// [`Generator`](crate::conformance::Generator). The module sees whatever stands around the call.
#[macro_export]
macro_rules! conformance {
    (mod $module:ident: $algorithm:ty, $generator:expr $(,)?) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $crate::conformance!(@tests ($algorithm) ($generator)
                determinism Determinism,
                validity_is_stable Stability,
                concurrent_operations_commute Commutation,
                causes_suffice Causes,
                nothing_panics Totality,
                bytes_are_canonical CanonicalBytes,
                a_snapshot_goes_on_like_the_original Snapshot,
                batches_are_judged_in_turn Batches,
                numbers_at_their_limits_do_no_harm Limits,
                forged_operations_do_no_harm Forgery,
                the_generator_means_something Meaning,
            );
        }
    };
    (@tests $algorithm:tt $generator:tt $($test:ident $clause:ident,)*) => {
        $($crate::conformance!(@test $algorithm $generator $test $clause);)*
    };
    (@test ($algorithm:ty) ($generator:expr) $test:ident $clause:ident) => {
        #[test]
        fn $test() {
            let path = ::core::concat!(::core::module_path!(), "::", ::core::stringify!($test));
            $crate::conformance::test::<$algorithm, _>(
                $crate::conformance::Clause::$clause,
                $generator,
                $crate::conformance::Place::new(::core::env!("CARGO_PKG_NAME"), path),
            );
        }
    };
    ($algorithm:ty, $generator:expr $(,)?) => {
        $crate::conformance!(mod conformance: $algorithm, $generator);
    };
}
