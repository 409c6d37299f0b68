//! Looking at a scenario, and what several checks look at.

use crate::conformance::event::{Complaint, Happened};
use crate::conformance::generator::Generator;
use crate::conformance::script::Draw;
use crate::conformance::world::World;
use crate::traits::SecureBroadcastAlgorithm;

/// Watches a scenario for one clause.
pub(crate) trait Check<A: SecureBroadcastAlgorithm, G: Generator<A>> {
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

/// Where something new can be looked at: the replica itself, and, if the operation is new, everybody who might get it next.
pub(super) fn places<A: SecureBroadcastAlgorithm, G: Generator<A>>(
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
pub(super) fn diamond<A: SecureBroadcastAlgorithm, G: Generator<A>>(
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
pub(super) fn pairs(of: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let later = |place: usize| of.iter().skip(place + 1);
    of.iter()
        .enumerate()
        .flat_map(move |(place, x)| later(place).map(move |y| (*x, *y)))
}

/// Replicas that have delivered the same and are not equal.
pub(super) fn apart<A: SecureBroadcastAlgorithm, G: Generator<A>>(
    world: &World<'_, A, G>,
) -> Option<String> {
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
