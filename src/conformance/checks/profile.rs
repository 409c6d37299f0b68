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
    /// How many scenarios, of a hundred, are long: what breaks only when a count is reached, such as a quota, shows in these.
    /// It shows as validity that others change; elsewhere one is enough, for a long scenario takes as long as a hundred.
    pub(crate) long: usize,
}

pub(crate) fn profile(clause: Clause) -> Profile {
    let honest = Profile {
        order: Order::Seen,
        harm: None,
        extras: 0,
        tail: 0,
        long: 1,
    };
    match clause {
        Clause::Determinism | Clause::Commutation | Clause::CanonicalBytes | Clause::Meaning => {
            honest
        }
        Clause::Stability => Profile {
            extras: 15,
            long: 8,
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
            ..honest
        },
        Clause::Forgery => Profile {
            order: Order::Declared,
            harm: Some(Harm::Forgery),
            extras: 8,
            ..honest
        },
    }
}
