//! The crasher: it stops for good at a step of its choice.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says so many things and then nothing, ever again: also when that is in the middle of a broadcast, so that some have
/// heard and some have not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crasher {
    left: Option<u64>,
}

/// The most things one says that draws when it stops.
const MOST: u64 = 40;

impl Crasher {
    /// One that stops after this many messages, counted by receiver.
    #[must_use]
    pub const fn after(messages: u64) -> Self {
        Self {
            left: Some(messages),
        }
    }
}

impl<M: Machine> Behavior<M> for Crasher
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "crasher"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        let left = match self.left {
            Some(left) => left,
            None => interceptor.stream().below(MOST),
        };
        if let Some(less) = left.checked_sub(1) {
            interceptor.send(to, message);
            self.left = Some(less);
        } else {
            interceptor.count("crasher: stopped before it had told everybody");
            interceptor.kill();
            self.left = Some(0);
        }
    }
}
