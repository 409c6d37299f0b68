//! The behaviors, by name.

use std::fmt;

use super::{
    Amnesiac, Behavior, Censor, Crasher, Liar, Mutant, Mute, OddOneOut, Parrot, Shuffler, Slow,
    Stuck, Stutterer, Twins, TwoFaced,
};
use crate::net::machine::Machine;

/// The behaviors, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BehaviorKind {
    /// [`Mute`].
    Mute,
    /// [`Crasher`].
    Crasher,
    /// [`Stuck`].
    Stuck,
    /// [`Slow`].
    Slow,
    /// [`Censor`].
    Censor,
    /// [`Liar`].
    Liar,
    /// [`TwoFaced`].
    TwoFaced,
    /// [`OddOneOut`].
    OddOneOut,
    /// [`Parrot`].
    Parrot,
    /// [`Stutterer`].
    Stutterer,
    /// [`Shuffler`].
    Shuffler,
    /// [`Amnesiac`].
    Amnesiac,
    /// [`Twins`].
    Twins,
    /// [`Mutant`].
    Mutant,
}

impl BehaviorKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Mute,
        Self::Crasher,
        Self::Stuck,
        Self::Slow,
        Self::Censor,
        Self::Liar,
        Self::TwoFaced,
        Self::OddOneOut,
        Self::Parrot,
        Self::Stutterer,
        Self::Shuffler,
        Self::Amnesiac,
        Self::Twins,
        Self::Mutant,
    ];

    /// Its lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Crasher => "crasher",
            Self::Stuck => "stuck",
            Self::Slow => "slow",
            Self::Censor => "censor",
            Self::Liar => "liar",
            Self::TwoFaced => "two-faced",
            Self::OddOneOut => "odd-one-out",
            Self::Parrot => "parrot",
            Self::Stutterer => "stutterer",
            Self::Shuffler => "shuffler",
            Self::Amnesiac => "amnesiac",
            Self::Twins => "twins",
            Self::Mutant => "mutant",
        }
    }

    /// One that draws all its choices from its intercepted node's randomness.
    #[must_use]
    pub fn build<M: Machine + 'static>(self) -> Box<dyn Behavior<M>>
    where
        M::Message: Clone,
    {
        match self {
            Self::Mute => Box::new(Mute),
            Self::Crasher => Box::<Crasher>::default(),
            Self::Stuck => Box::<Stuck<M::Message>>::default(),
            Self::Slow => Box::<Slow<M::Message>>::default(),
            Self::Censor => Box::<Censor>::default(),
            Self::Liar => Box::new(Liar),
            Self::TwoFaced => Box::<TwoFaced>::default(),
            Self::OddOneOut => Box::<OddOneOut>::default(),
            Self::Parrot => Box::<Parrot<M::Message>>::default(),
            Self::Stutterer => Box::new(Stutterer),
            Self::Shuffler => Box::<Shuffler<M::Message>>::default(),
            Self::Amnesiac => Box::<Amnesiac>::default(),
            Self::Twins => Box::<Twins<M>>::default(),
            Self::Mutant => Box::<Mutant>::default(),
        }
    }
}

/// A behavior, and what it is told about its doings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Which.
    pub kind: BehaviorKind,
    /// Of a [`Mutant`]: the one message to be mutated, by its number, and the way.
    pub target: Option<(u64, u64)>,
}

impl Assigned {
    /// The behavior.
    #[must_use]
    pub fn build<M: Machine + 'static>(self) -> Box<dyn Behavior<M>>
    where
        M::Message: Clone,
    {
        match (self.kind, self.target) {
            (BehaviorKind::Mutant, Some((number, way))) => Box::new(Mutant::at(number, way)),
            (kind, _) => kind.build(),
        }
    }
}

impl From<BehaviorKind> for Assigned {
    fn from(kind: BehaviorKind) -> Self {
        Self { kind, target: None }
    }
}

impl fmt::Display for BehaviorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
