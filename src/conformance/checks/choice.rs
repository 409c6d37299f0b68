//! Which check watches for which clause.

use super::{Check, batches, bytes, causes, commutation, hostile, snapshot, stability, totality};
use crate::conformance::clause::Clause;
use crate::conformance::generator::Generator;
use crate::traits::SecureBroadcastAlgorithm;

/// Nothing is looked at.
struct Nothing;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Nothing {}

/// The check of a clause.
pub(crate) fn of<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    clause: Clause,
) -> Box<dyn Check<A, G>> {
    match clause {
        Clause::Stability => Box::new(stability::Stability::default()),
        Clause::Commutation => Box::new(commutation::Commutation),
        Clause::Causes => Box::new(causes::CausesSuffice::default()),
        Clause::Totality => Box::new(totality::Totality),
        Clause::CanonicalBytes => Box::new(bytes::CanonicalBytes),
        Clause::Snapshot => Box::new(snapshot::Snapshots::default()),
        Clause::Batches => Box::new(batches::Batches),
        Clause::Limits | Clause::Forgery => Box::new(hostile::Hostile),
        Clause::Determinism | Clause::Meaning => Box::new(Nothing),
    }
}
