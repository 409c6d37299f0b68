//! The possessed: a correct replica behind an interceptor with a behavior.

use super::Adversary;
use super::behavior::{Assigned, BehaviorKind};
use crate::actor::Keys;
use crate::net::sim_algorithm::SimAlgorithm;

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

    fn behavior(&self) -> Option<Assigned> {
        Some(self.0)
    }
}
