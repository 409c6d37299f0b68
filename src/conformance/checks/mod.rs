//! What is looked at in a scenario, one file for a clause or two.

mod batches;
mod bytes;
mod causes;
mod commutation;
mod hostile;
mod probes;
mod snapshot;
mod stability;
mod totality;

use super::clause::Clause;
use super::damage::Harm;
use super::event::{Complaint, Happened, Order};
use super::generator::Generator;
use super::script::Draw;
use super::world::World;
use crate::traits::SecureBroadcastAlgorithm;

/// Watches a scenario for one clause.
pub(super) trait Check<A: SecureBroadcastAlgorithm, G: Generator<A>> {
    /// Does what this clause does with a replica besides watching.
    fn extra(
        &mut self,
        world: &mut World<'_, A, G>,
        at: usize,
        draw: Draw,
    ) -> Result<(), Complaint> {
        let _ = (world, at, draw);
        Ok(())
    }

    /// Looks at the world after something happened.
    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let _ = (world, happened);
        Ok(())
    }

    /// Looks at the world when all is over.
    fn end(&mut self, world: &mut World<'_, A, G>) -> Result<(), Complaint> {
        let _ = world;
        Ok(())
    }
}

/// Nothing is looked at.
struct Nothing;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Nothing {}

/// The check of a clause.
pub(super) fn of<A: SecureBroadcastAlgorithm, G: Generator<A>>(
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

/// What the scenarios of a clause are like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) order: Order,
    /// What hostile operations are like, if there are any.
    pub(super) harm: Option<Harm>,
    /// How many of a hundred steps are [`Check::extra`].
    pub(super) extras: usize,
    /// How many of them come when everything is delivered.
    pub(super) tail: usize,
}

pub(super) fn profile(clause: Clause) -> Profile {
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

/// Where something new can be looked at: the replica itself, and, if the operation is new, everybody who might get it next.
fn places<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    world: &World<'_, A, G>,
    at: usize,
    event: usize,
) -> Vec<usize> {
    let issued = world.events[event].source == at;
    (0..world.replicas.len())
        .filter(|place| issued || *place == at)
        .collect()
}

/// The states after `x` then `y`, and after `y` then `x`, at `at`, in words, if they differ.
fn diamond<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    world: &World<'_, A, G>,
    at: usize,
    (x, y): (usize, usize),
) -> Option<String> {
    let (x, y) = (&world.events[x], &world.events[y]);
    let after = |first, second| {
        let mut replica = world.replicas[at].clone();
        replica.apply(first);
        replica.apply(second);
        replica.algorithm.state()
    };
    let (one, two) = (after(x, y), after(y, x));
    (one != two).then(|| {
        format!(
            "At {}, where both could come next,\n  {} then {} gives {one:?}\n  {} then {} gives {two:?}",
            world.name(at),
            x.dot,
            y.dot,
            y.dot,
            x.dot
        )
    })
}

/// Pairs out of a list.
fn pairs(of: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let later = |place: usize| of.iter().skip(place + 1);
    of.iter()
        .enumerate()
        .flat_map(move |(place, x)| later(place).map(move |y| (*x, *y)))
}

/// Replicas that have delivered the same and are not equal.
fn apart<A: SecureBroadcastAlgorithm, G: Generator<A>>(world: &World<'_, A, G>) -> Option<String> {
    let everybody: Vec<usize> = (0..world.replicas.len()).collect();
    pairs(&everybody).find_map(|(one, two)| {
        let (a, b) = (&world.replicas[one], &world.replicas[two]);
        if a.clock != b.clock || a.algorithm.state() == b.algorithm.state() {
            return None;
        }
        Some(format!(
            "{} and {} have delivered the same operations, each in an order of its own.\n  {} has {:?}\n  {} has {:?}",
            world.name(one),
            world.name(two),
            world.name(one),
            a.algorithm.state(),
            world.name(two),
            b.algorithm.state()
        ))
    })
}
