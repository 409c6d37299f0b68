//! What scenarios are like, clause by clause.

use crate::conformance::clause::Clause;
use crate::conformance::damage::Harm;
use crate::conformance::event::Order;

/// What the scenarios of a clause are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) order: Order,
    /// What hostile operations are like, if there are any.
    pub(crate) harm: Option<Harm>,
    /// How many of a hundred steps are [`Check::extra`].
    pub(crate) extras: usize,
    /// How many of them come when everything is delivered.
    pub(crate) tail: usize,
}

pub(crate) fn profile(clause: Clause) -> Profile {
    let honest = Profile {
        order: Order::Seen,
        harm: None,
        extras: 0,
        tail: 0,
    };
    match clause {
        Clause::Determinism | Clause::Commutation | Clause::CanonicalBytes | Clause::Meaning => {
            honest
        }
        Clause::Stability => Profile {
            extras: 15,
            ..honest
        },
        Clause::Causes => Profile {
            order: Order::Declared,
            extras: 15,
            ..honest
        },
        Clause::Totality => Profile { tail: 16, ..honest },
        Clause::Snapshot => Profile {
            extras: 10,
            ..honest
        },
        Clause::Batches => Profile {
            extras: 25,
            ..honest
        },
        Clause::Limits => Profile {
            order: Order::Declared,
            harm: Some(Harm::Limits),
            extras: 8,
            tail: 0,
        },
        Clause::Forgery => Profile {
            order: Order::Declared,
            harm: Some(Harm::Forgery),
            extras: 8,
            tail: 0,
        },
    }
}
