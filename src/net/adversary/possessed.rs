//! The possessed: a correct replica in the hands of a vice.

use super::vice::ViceKind;
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Stands for a replica that a [vice](super::vice) plays with, where a villain is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possessed(pub ViceKind);

impl<A: Staged, K: Keys> Villain<A, K> for Possessed {
    fn role(&self) -> &'static str {
        self.0.name()
    }

    /// The replica is told instead.
    fn packet(&mut self, _: Actor, _: &Wire, _: Option<&Payload>, _: &mut Hands<'_, A, K>) {}

    fn tick(&mut self, _: &mut Hands<'_, A, K>) {}

    fn vice(&self) -> Option<ViceKind> {
        Some(self.0)
    }
}
