//! The stutterer: everything it says it says several times.

use super::Vice;
use crate::net::adversary::puppet::Strings;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says everything two to four times over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stutterer;

impl<M: Machine> Vice<M> for Stutterer
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "stutterer"
    }

    fn say(&mut self, to: NodeId, message: M::Message, strings: &mut Strings<'_, M>) {
        for _ in 0..strings.stream().range(1, 3) {
            strings.count("stutterer: said a thing again");
            strings.send(to, message.clone());
        }
        strings.send(to, message);
    }
}
