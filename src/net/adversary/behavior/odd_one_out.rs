//! One node is told something else than all others.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says what it should to everybody but one, and something else to that one.
#[derive(Clone, Copy, Debug, Default)]
pub struct OddOneOut {
    victim: Option<NodeId>,
}

impl OddOneOut {
    /// One that deceives this node.
    #[must_use]
    pub const fn to(victim: NodeId) -> Self {
        Self {
            victim: Some(victim),
        }
    }
}

impl<M: Machine> Behavior<M> for OddOneOut
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "odd-one-out"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        if self.victim.is_none() {
            let others = interceptor.others();
            self.victim = interceptor.stream().pick(&others).copied();
        }
        let lie = (self.victim == Some(to)).then(|| interceptor.lie(&message));
        match lie.flatten() {
            Some(lie) => {
                interceptor.count("odd-one-out: said another value to one");
                interceptor.send(to, lie);
            }
            None => interceptor.send(to, message),
        }
    }
}
