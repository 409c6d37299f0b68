//! The slow one: it says everything, late.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;
use crate::net::time::{Span, VirtualTime};

/// Holds everything it has to say, each for a time of its own. A slow node is no faulty one to anybody who uses no clock.
#[derive(Debug)]
pub struct Slow<T> {
    /// The shortest and the longest delay.
    delay: (Span, Span),
    held: Vec<(VirtualTime, NodeId, T)>,
}

/// One that takes a fifth of a second to two seconds over everything.
impl<T> Default for Slow<T> {
    fn default() -> Self {
        Self::by(Span::from_millis(200), Span::from_secs(2))
    }
}

impl<T> Slow<T> {
    /// One that takes at least and at most this long.
    #[must_use]
    pub const fn by(least: Span, most: Span) -> Self {
        Self {
            delay: (least, most),
            held: Vec::new(),
        }
    }
}

impl<M: Machine> Behavior<M> for Slow<M::Message>
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "slow"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        let (least, most) = self.delay;
        let delay = interceptor.stream().span(least, most);
        self.held.push((interceptor.now() + delay, to, message));
        interceptor.count("slow: held what it had to say");
        interceptor.wake_in(delay);
    }

    fn wake(&mut self, interceptor: &mut Interceptor<'_, M>) {
        let now = interceptor.now();
        let (due, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(at, ..)| *at <= now);
        self.held = held;
        for (_, to, message) in due {
            interceptor.send(to, message);
        }
    }
}
