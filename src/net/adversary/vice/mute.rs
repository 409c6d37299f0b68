//! The mute one: it hears everything and says nothing.

use super::Vice;
use crate::net::adversary::puppet::Strings;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says nothing, from the beginning or from some time on. Up to `f` of these must stop nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mute;

impl<M: Machine> Vice<M> for Mute
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "mute"
    }

    fn say(&mut self, _: NodeId, _: M::Message, strings: &mut Strings<'_, M>) {
        strings.count("mute: said nothing where it should");
    }
}
