//! The behaviors, by name.

use super::{
    Amnesiac, Behavior, Censor, Crasher, Liar, Mutant, Mute, OddOneOut, Parrot, Shuffler, Slow,
    Stuck, Stutterer, Twins, TwoFaced,
};
use crate::net::machine::Machine;

/// The behaviors, by name.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
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
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
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
