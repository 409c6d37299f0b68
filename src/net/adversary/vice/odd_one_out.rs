//! One node is told something else than all others.

use super::Vice;
use crate::net::adversary::puppet::Strings;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says what it should to everybody but one, and something else to that one.
#[derive(Clone, Copy, Debug, Default)]
pub struct OddOneOut {
    victim: Option<NodeId>,
}

impl OddOneOut {
    /// One that draws its victim.
    #[must_use]
    pub const fn new() -> Self {
        Self { victim: None }
    }

    /// One that deceives this node.
    #[must_use]
    pub const fn to(victim: NodeId) -> Self {
        Self {
            victim: Some(victim),
        }
    }
}

impl<M: Machine> Vice<M> for OddOneOut
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "odd-one-out"
    }

    fn say(&mut self, to: NodeId, message: M::Message, strings: &mut Strings<'_, M>) {
        if self.victim.is_none() {
            let others = strings.others();
            self.victim = strings.stream().pick(&others).copied();
        }
        let lie = (self.victim == Some(to)).then(|| strings.lie(&message));
        match lie.flatten() {
            Some(lie) => {
                strings.count("odd-one-out: said another value to one");
                strings.send(to, lie);
            }
            None => strings.send(to, message),
        }
    }
}
