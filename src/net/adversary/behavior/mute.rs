//! The mute one: it hears everything and says nothing.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says nothing, from the beginning or from some time on. Up to `f` of these must stop nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mute;

impl<M: Machine> Behavior<M> for Mute
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "mute"
    }

    fn say(&mut self, _: NodeId, _: M::Message, interceptor: &mut Interceptor<'_, M>) {
        interceptor.count("mute: said nothing where it should");
    }
}
