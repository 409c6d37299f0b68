//! The liar: the wrong value, to everybody.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says something else than it should wherever its message mutator can, and to everybody the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Liar;

impl<M: Machine> Behavior<M> for Liar
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "liar"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        match interceptor.lie(&message) {
            Some(lie) => {
                interceptor.count("liar: said another value");
                interceptor.send(to, lie);
            }
            None => interceptor.send(to, message),
        }
    }
}
