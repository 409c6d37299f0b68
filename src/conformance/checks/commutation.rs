//! Operations that do not know of each other commute.

use super::super::event::{Complaint, Happened};
use super::super::generator::Generator;
use super::super::world::World;
use super::{Check, apart, diamond, pairs, places};
use crate::traits::SecureBroadcastAlgorithm;

/// Applies in both orders whatever two could come next, and compares who has delivered the same.
pub(super) struct Commutation;

impl<A: SecureBroadcastAlgorithm, G: Generator<A>> Check<A, G> for Commutation {
    fn after(&mut self, world: &mut World<'_, A, G>, happened: Happened) -> Result<(), Complaint> {
        let Happened::Delivered { at, event } = happened else {
            return Ok(());
        };
        for at in places(world, at, event) {
            let ready = world.ready(at);
            for (x, y) in pairs(&ready) {
                if let Some(what) = diamond(world, at, (x, y)) {
                    let (x, y) = (world.events[x].dot, world.events[y].dot);
                    let both = format!("{x} and {y} were issued without knowing of each other.\n");
                    return Err(Complaint::new(both + &what));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, world: &mut World<'_, A, G>) -> Result<(), Complaint> {
        apart(world).map_or(Ok(()), |what| Err(Complaint::new(what)))
    }
}
