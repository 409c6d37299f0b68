//! The possessed: a correct replica in the hands of a vice.

use super::vice::{Assigned, ViceKind};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Stands for a replica that a [vice](super::vice) plays with, where a villain is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possessed(Assigned);

impl Possessed {
    /// By a vice that draws all its choices.
    #[must_use]
    pub fn by(kind: ViceKind) -> Self {
        Self(kind.into())
    }

    /// By a mutant that makes one mistake only: in the message of this number, counted by receiver, in this way.
    #[must_use]
    pub const fn mutant_at(number: u64, way: u64) -> Self {
        Self(Assigned {
            kind: ViceKind::Mutant,
            target: Some((number, way)),
        })
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Possessed {
    fn role(&self) -> &'static str {
        self.0.kind.name()
    }

    /// The replica is told instead.
    fn packet(&mut self, _: Actor, _: &Wire, _: Option<&Payload>, _: &mut Hands<'_, A, K>) {}

    fn tick(&mut self, _: &mut Hands<'_, A, K>) {}

    fn vice(&self) -> Option<Assigned> {
        Some(self.0)
    }
}
