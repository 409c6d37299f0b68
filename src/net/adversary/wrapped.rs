//! The possessed: a correct replica behind an interceptor with a behavior.

use super::behavior::{Assigned, BehaviorKind};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::wire::Wire;

/// Stands for a replica that a [vice](super::behavior) plays with, where an adversary is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped(Assigned);

impl Wrapped {
    /// By a behavior that draws all its choices.
    #[must_use]
    pub fn by(kind: BehaviorKind) -> Self {
        Self(kind.into())
    }

    /// By a mutant that makes one mistake only: in the message of this number, counted by receiver, in this way.
    #[must_use]
    pub const fn mutant_at(number: u64, way: u64) -> Self {
        Self(Assigned {
            kind: BehaviorKind::Mutant,
            target: Some((number, way)),
        })
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Wrapped {
    fn role(&self) -> &'static str {
        self.0.kind.name()
    }

    /// The replica is told instead.
    fn packet(
        &mut self,
        _: Actor,
        _: &Wire,
        _: Option<&Payload>,
        _: &mut AdversaryContext<'_, A, K>,
    ) {
    }

    fn tick(&mut self, _: &mut AdversaryContext<'_, A, K>) {}

    fn behavior(&self) -> Option<Assigned> {
        Some(self.0)
    }
}
