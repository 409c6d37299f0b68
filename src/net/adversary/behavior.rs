//! behaviors: what an adversary does with a machine that keeps to its protocol, whatever the protocol is.
//!
//! | behavior | what it does |
//! | --- | --- |
//! | [`Mute`] | hears everything and says nothing |
//! | [`Crasher`] | stops for good after so many words, in the middle of a broadcast if it comes to that |
//! | [`Stuck`] | after a while answers everything with the last thing it said |
//! | [`Slow`] | says everything, late |
//! | [`Censor`] | hears nothing of some, and says nothing to them |
//! | [`Liar`] | says another value than it should, to everybody the same |
//! | [`TwoFaced`] | says one thing to one half and another to the other |
//! | [`OddOneOut`] | says another thing to one node only |
//! | [`Parrot`] | sends again what it has heard, to anybody |
//! | [`Stutterer`] | says everything several times |
//! | [`Shuffler`] | says everything out of order |
//! | [`Amnesiac`] | forgets everything, and starts again with the same key |
//! | [`Twins`] | is two machines with one key, each of which sees a part of the network |
//! | [`Mutant`] | says things with one small mistake in them |

mod amnesiac;
mod censor;
mod crasher;
mod liar;
mod mutant;
mod mute;
mod odd_one_out;
mod parrot;
mod shuffler;
mod slow;
mod stuck;
mod stutterer;
mod twins;
mod two_faced;

use std::fmt;

use super::interceptor::{Interceptor, Said};
use crate::net::machine::{Machine, TimerId};
use crate::net::node::NodeId;

pub use amnesiac::Amnesiac;
pub use censor::Censor;
pub use crasher::Crasher;
pub use liar::Liar;
pub use mutant::Mutant;
pub use mute::Mute;
pub use odd_one_out::OddOneOut;
pub use parrot::Parrot;
pub use shuffler::Shuffler;
pub use slow::Slow;
pub use stuck::Stuck;
pub use stutterer::Stutterer;
pub use twins::Twins;
pub use two_faced::TwoFaced;

/// What stands between a machine and the wire. Every method has a default, which lets everything through; most behaviors
/// change one of them.
pub trait Behavior<M: Machine>: fmt::Debug
where
    M::Message: Clone,
{
    /// What it is called: "slow", "censor", …
    fn name(&self) -> &'static str;

    /// The node goes up.
    fn start(&mut self, interceptor: &mut Interceptor<'_, M>) {
        let said = interceptor.start();
        self.say_all(said, interceptor);
    }

    /// A message arrives.
    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        let said = interceptor.hear(from, message);
        self.say_all(said, interceptor);
    }

    /// A timer of the machine fires.
    fn timer(&mut self, timer: TimerId, interceptor: &mut Interceptor<'_, M>) {
        let said = interceptor.timer(timer);
        self.say_all(said, interceptor);
    }

    /// The behavior's own timer fires, or its time has come.
    fn wake(&mut self, interceptor: &mut Interceptor<'_, M>) {
        let _ = interceptor;
    }

    /// The machine wants to say this.
    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        interceptor.send(to, message);
    }

    /// The machine wants to say all this.
    fn say_all(&mut self, said: Said<M>, interceptor: &mut Interceptor<'_, M>) {
        for (to, message) in said {
            self.say(to, message, interceptor);
        }
    }
}

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
            Self::Crasher => Box::new(Crasher::new()),
            Self::Stuck => Box::new(Stuck::<M::Message>::new()),
            Self::Slow => Box::new(Slow::<M::Message>::new()),
            Self::Censor => Box::new(Censor::new()),
            Self::Liar => Box::new(Liar),
            Self::TwoFaced => Box::new(TwoFaced::new()),
            Self::OddOneOut => Box::new(OddOneOut::new()),
            Self::Parrot => Box::new(Parrot::<M::Message>::new()),
            Self::Stutterer => Box::new(Stutterer),
            Self::Shuffler => Box::new(Shuffler::<M::Message>::new()),
            Self::Amnesiac => Box::new(Amnesiac::new()),
            Self::Twins => Box::new(Twins::<M>::new()),
            Self::Mutant => Box::new(Mutant::new()),
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
