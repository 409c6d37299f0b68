//! The liar: the wrong value, to everybody.

use super::Vice;
use crate::net::adversary::puppet::Strings;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says something else than it should wherever its tongue can, and to everybody the same.
#[derive(Clone, Copy, Debug, Default)]
pub struct Liar;

impl<M: Machine> Vice<M> for Liar
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "liar"
    }

    fn say(&mut self, to: NodeId, message: M::Message, strings: &mut Strings<'_, M>) {
        match strings.lie(&message) {
            Some(lie) => {
                strings.count("liar: said another value");
                strings.send(to, lie);
            }
            None => strings.send(to, message),
        }
    }
}
