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
mod kind;
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
pub use kind::{Assigned, BehaviorKind};
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
