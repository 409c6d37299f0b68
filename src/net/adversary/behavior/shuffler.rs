//! The shuffler: it says everything, in another order.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;
use crate::net::time::Span;

/// Collects what it has to say for a while, and then says it in any order.
#[derive(Debug)]
pub struct Shuffler<T> {
    held: Vec<(NodeId, T)>,
}

/// How long it collects.
const WAIT: Span = Span::from_millis(150);

/// One that draws the order.
impl<T> Default for Shuffler<T> {
    fn default() -> Self {
        Self { held: Vec::new() }
    }
}

impl<M: Machine> Behavior<M> for Shuffler<M::Message>
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "shuffler"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        if self.held.is_empty() {
            interceptor.wake_in(WAIT);
        }
        self.held.push((to, message));
    }

    fn wake(&mut self, interceptor: &mut Interceptor<'_, M>) {
        if self.held.len() > 1 {
            interceptor.count("shuffler: said things out of order");
        }
        let mut held = std::mem::take(&mut self.held);
        interceptor.stream().shuffle(&mut held);
        interceptor.send_all(held);
    }
}
