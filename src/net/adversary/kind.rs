//! The adversaries, by name.

use super::{
    Adversary, BehaviorKind, Cheat, Conspirator, Equivocator, Forger, GossipLiar, Impersonator,
    Outsider, Reconfigurer, Replayer, Signer, Silent, Withholder, Wrapped,
};
use crate::actor::Keys;
use crate::net::sim_algorithm::SimAlgorithm;

/// The adversaries of this module, by name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum AdversaryKind {
    /// [`Equivocator`].
    Equivocator,
    /// [`Withholder`].
    Withholder,
    /// [`Forger`].
    Forger,
    /// [`Replayer`].
    Replayer,
    /// [`Silent`].
    Silent,
    /// [`Impersonator`].
    Impersonator,
    /// [`Signer`].
    Signer,
    /// [`Cheat`].
    Cheat,
    /// [`GossipLiar`].
    GossipLiar,
    /// [`Conspirator`].
    Conspirator,
    /// [`Reconfigurer`].
    Reconfigurer,
    /// A correct replica behind an interceptor with a [behavior](super::behavior).
    #[strum(transparent)]
    Wrapped(BehaviorKind),
    /// [`Outsider`].
    Outsider,
}

impl AdversaryKind {
    /// What the general campaign draws its members from. That list is closed: an adversary more would change every seed.
    pub const MEMBERS: &[Self] = &[
        Self::Equivocator,
        Self::Withholder,
        Self::Forger,
        Self::Replayer,
        Self::Silent,
        Self::Impersonator,
    ];

    /// Every adversary there is; the outsider, which is no member, comes last.
    pub fn all() -> impl Iterator<Item = Self> {
        let behaviors = BehaviorKind::ALL.iter().copied().map(Self::Wrapped);
        let more = [
            Self::Signer,
            Self::Cheat,
            Self::GossipLiar,
            Self::Conspirator,
            Self::Reconfigurer,
        ];
        let members = Self::MEMBERS.iter().copied().chain(more).chain(behaviors);
        members.chain(std::iter::once(Self::Outsider))
    }

    /// The adversary of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Its lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// One that draws all its choices from the run's randomness.
    #[must_use]
    pub fn build<A: SimAlgorithm, K: Keys>(self) -> Box<dyn Adversary<A, K>> {
        match self {
            Self::Equivocator => Box::<Equivocator<A>>::default(),
            Self::Withholder => Box::<Withholder<A, K>>::default(),
            Self::Forger => Box::<Forger<A>>::default(),
            Self::Replayer => Box::<Replayer<A, K>>::default(),
            Self::Silent => Box::new(Silent),
            Self::Impersonator => Box::<Impersonator<A>>::default(),
            Self::Signer => Box::<Signer<A, K>>::default(),
            Self::Cheat => Box::<Cheat<A>>::default(),
            Self::GossipLiar => Box::<GossipLiar<A, K>>::default(),
            Self::Conspirator => Box::<Conspirator<A>>::default(),
            Self::Reconfigurer => Box::<Reconfigurer<A, K>>::default(),
            Self::Wrapped(behavior) => Box::new(Wrapped::by(behavior)),
            Self::Outsider => Box::<Outsider<A>>::default(),
        }
    }
}
