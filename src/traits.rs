//! What a data type must promise to be replicated by secure broadcast.

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::{Actor, Counter, Dot};

/// What must be delivered before an operation can be judged or applied, beside what its source did before it.
///
/// There is no word for "everything my source had delivered": that stands in no operation, and a source that lies about it
/// would make correct replicas judge and apply the operation in different states. An operation that builds on others has
/// to name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Causes {
    /// Nothing: it is judged and applied alike wherever all that its own source did before is delivered.
    Nothing,
    /// These operations, and with each of them every earlier one of the same source.
    Dots(BTreeSet<Dot>),
}

impl Causes {
    /// The operations that are named.
    pub fn dots(&self) -> impl Iterator<Item = &Dot> {
        let dots = match self {
            Causes::Nothing => None,
            Causes::Dots(dots) => Some(dots),
        };
        dots.into_iter().flatten()
    }
}

/// A replicated data type whose operations are carried by the secure broadcast.
///
/// The contract that makes replicas agree without consensus:
///
/// * `causes` follows from the operation alone, and names all that the operation builds on;
/// * `validate` depends only on the operation's causes and on the past of its own source, and is *stable*: once
///   valid, an operation stays valid whatever operations of **other** sources are delivered before it (I21);
/// * `apply` is total and deterministic, and operations of different sources that do not cause each other commute;
/// * equal states encode to equal bytes: ordered maps and sets, no clock, float, randomness or hash order.
///
/// A type whose validity is not stable — a balance with several owners, unique names — needs consensus; do not
/// force it in here.
pub trait SecureBroadcastAlgorithm: Clone + Debug + Eq + 'static {
    /// An operation as it is broadcast. It carries no identity: that is the [`Dot`] the broadcast gives it.
    type Op: Clone + Debug + Eq + Hash + Serialize + DeserializeOwned + 'static;
    /// What replicas share and a newcomer is handed. Canonical: equal states, equal bytes.
    type ReplicatedState: Clone + Debug + Eq + Serialize + DeserializeOwned + 'static;
    /// Why an operation can never be accepted.
    type Invalid: Error + Clone + Eq + Send + Sync + 'static;

    /// The algorithm at replica `actor` with an empty state.
    fn new(actor: Actor) -> Self;

    /// A copy of the replicated state.
    fn state(&self) -> Self::ReplicatedState;

    /// Replaces the replicated state. Called with the state of the genesis or of a certified snapshot, nothing else.
    fn sync_from(&mut self, other: Self::ReplicatedState);

    /// What must be delivered before this operation, beside what its own source did before it. It has to follow from the
    /// operation: put the dots that it builds on into it, and return them.
    ///
    /// ```ignore
    /// fn causes(&self, op: &Op) -> Causes {
    ///     match op { Op::Ask => Causes::Nothing, Op::Vote { poll } => Causes::Dots([*poll].into()) }
    /// }
    /// ```
    fn causes(&self, op: &Self::Op) -> Causes;

    /// Whether the operation named `dot` may ever be applied. Asked only when its causes and every earlier operation of
    /// its source are delivered.
    ///
    /// # Errors
    ///
    /// The reason why not: "never", as opposed to "not yet".
    fn validate(&self, dot: &Dot, op: &Self::Op) -> Result<(), Self::Invalid>;

    /// Validates consecutive operations of one source, each as if those before it had been applied; the first is named
    /// `first`.
    ///
    /// The provided method works on a copy of the whole algorithm, unless there is but one operation. Override it where that
    /// is too slow; it must decide exactly the same.
    ///
    /// # Errors
    ///
    /// The index of the first operation that is not valid, and why.
    fn validate_batch(&self, first: &Dot, ops: &[Self::Op]) -> Result<(), (usize, Self::Invalid)> {
        validate_one_by_one(self, first, ops)
    }

    /// Applies a delivered operation. Total: it neither fails nor panics, whatever the operation.
    fn apply(&mut self, dot: Dot, op: Self::Op);
}

/// What [`SecureBroadcastAlgorithm::validate_batch`] does unless it is overridden, and what every override must agree
/// with: validate and apply in turn, on a copy. One operation needs none.
///
/// # Errors
///
/// The index of the first operation that is not valid, and why.
pub fn validate_one_by_one<A: SecureBroadcastAlgorithm>(
    algorithm: &A,
    first: &Dot,
    ops: &[A::Op],
) -> Result<(), (usize, A::Invalid)> {
    if let [op] = ops {
        return algorithm.validate(first, op).map_err(|why| (0, why));
    }
    let mut scratch = algorithm.clone();
    for (index, op) in ops.iter().enumerate() {
        let dot = nth(first, index);
        scratch.validate(&dot, op).map_err(|why| (index, why))?;
        scratch.apply(dot, op.clone());
    }
    Ok(())
}

/// The name of the operation `index` places after `first`. The broadcast never lets a message run past the last counter;
/// here it stops there.
pub fn nth(first: &Dot, index: usize) -> Dot {
    let last = Counter::new(u64::MAX);
    Dot {
        actor: first.actor,
        counter: first.counter.checked_add(index as u64).unwrap_or(last),
    }
}
