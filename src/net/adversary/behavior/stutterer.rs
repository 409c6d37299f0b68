//! The stutterer: everything it says it says several times.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says everything two to four times over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stutterer;

impl<M: Machine> Behavior<M> for Stutterer
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "stutterer"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        for _ in 0..interceptor.stream().range(1, 3) {
            interceptor.count("stutterer: said a thing again");
            interceptor.send(to, message.clone());
        }
        interceptor.send(to, message);
    }
}
