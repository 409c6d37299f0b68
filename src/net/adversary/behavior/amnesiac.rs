//! The amnesiac: it restarts with its key, and without anything it knew.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::{Machine, TimerId};
use crate::net::node::NodeId;

/// Keeps to the protocol, and forgets all of it now and then: what it has signed, above all. A node whose disk was
/// lost and whose key was not is this adversary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amnesiac {
    /// How many messages it hears before it forgets.
    patience: Option<u64>,
    times: u32,
}

/// The most messages between two times it forgets.
const MOST: u64 = 40;
/// How often it forgets.
const TIMES: u32 = 5;

impl Amnesiac {
    /// One that forgets for the first time after this many messages.
    #[must_use]
    pub const fn after(messages: u64) -> Self {
        Self {
            patience: Some(messages),
            times: 0,
        }
    }
}

impl<M: Machine> Behavior<M> for Amnesiac
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "amnesiac"
    }

    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        let patience = match self.patience {
            Some(patience) => patience,
            None => interceptor.stream().range(1, MOST),
        };
        if patience == 0 && self.times < TIMES {
            interceptor.count("amnesiac: forgot everything and started again");
            self.times += 1;
            self.patience = None;
            let said = interceptor.forget();
            self.say_all(said, interceptor);
        } else {
            self.patience = Some(patience.saturating_sub(1));
        }
        let said = interceptor.hear(from, message);
        self.say_all(said, interceptor);
    }

    fn timer(&mut self, timer: TimerId, interceptor: &mut Interceptor<'_, M>) {
        let said = interceptor.timer(timer);
        self.say_all(said, interceptor);
    }
}
