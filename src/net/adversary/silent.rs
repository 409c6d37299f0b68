//! The silent one: a member that has fallen over, or pretends to.

use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::sim_algorithm::SimAlgorithm;

/// Takes every packet and says nothing. Up to `f` of these must stop nobody (`docs/threats.md`, 47).
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Silent {
    fn role(&self) -> &'static str {
        "silent"
    }

    fn hear(&mut self, _: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        if let Payload::Request(_) = payload {
            context.count("silent: gave no echo");
        }
    }
}
