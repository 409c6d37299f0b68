//! The silent one: a member that has fallen over, or pretends to.

use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Takes every packet and says nothing. Up to `f` of these must stop nobody (`docs/threats.md`, 47).
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl<A: Staged, K: Keys> Villain<A, K> for Silent {
    fn role(&self) -> &'static str {
        "silent"
    }

    fn packet(
        &mut self,
        _: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        if let Some(Payload::Request(_)) = payload {
            hands.count("silent: gave no echo");
        }
    }

    fn tick(&mut self, _: &mut Hands<'_, A, K>) {}
}
