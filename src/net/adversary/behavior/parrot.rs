//! The parrot: what it has heard it says again, to anybody, at any time.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::{Machine, TimerId};
use crate::net::node::NodeId;

/// Keeps to the protocol, and sends old messages of others besides, under its own name, which is all the link allows.
#[derive(Debug)]
pub struct Parrot<T> {
    /// The last messages it has heard, oldest overwritten first.
    stash: Vec<T>,
    heard: usize,
}

/// How many messages it keeps.
const STASH: usize = 128;
/// How many it says again whenever a timer fires.
const PER_TIMER: usize = 4;

/// One that draws what it says again, and to whom.
impl<T> Default for Parrot<T> {
    fn default() -> Self {
        Self {
            stash: Vec::new(),
            heard: 0,
        }
    }
}

impl<T> Parrot<T> {
    fn repeat<M: Machine<Message = T>>(&self, interceptor: &mut Interceptor<'_, M>)
    where
        T: Clone,
    {
        let others = interceptor.others();
        let old = interceptor.stream().pick(&self.stash).cloned();
        let to = interceptor.stream().pick(&others).copied();
        if let (Some(old), Some(to)) = (old, to) {
            interceptor.count("parrot: said an old thing again");
            interceptor.send(to, old);
        }
    }
}

impl<M: Machine> Behavior<M> for Parrot<M::Message>
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "parrot"
    }

    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        match self.stash.get_mut(self.heard % STASH) {
            Some(place) => *place = message.clone(),
            None => self.stash.push(message.clone()),
        }
        self.heard += 1;
        let said = interceptor.hear(from, message);
        self.say_all(said, interceptor);
        // A machine that hears its own echo for ever would answer for ever.
        if self.heard < STASH && interceptor.stream().below(4) == 0 {
            self.repeat(interceptor);
        }
    }

    fn timer(&mut self, timer: TimerId, interceptor: &mut Interceptor<'_, M>) {
        let said = interceptor.timer(timer);
        self.say_all(said, interceptor);
        (0..PER_TIMER).for_each(|_| self.repeat(interceptor));
    }
}
