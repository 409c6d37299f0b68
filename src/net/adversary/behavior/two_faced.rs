//! The two-faced one: one value for one half of the world, another for the other.

use std::collections::BTreeSet;

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Says what it should to one half of the nodes, and something else to the other half; the halves stay the same.
#[derive(Clone, Debug, Default)]
pub struct TwoFaced {
    deceived: Option<BTreeSet<NodeId>>,
}

impl TwoFaced {
    /// One that deceives these.
    #[must_use]
    pub fn to(deceived: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            deceived: Some(deceived.into_iter().collect()),
        }
    }
}

impl<M: Machine> Behavior<M> for TwoFaced
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "two-faced"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        let deceived = self.deceived.get_or_insert_with(|| {
            let mut others = interceptor.others().to_vec();
            interceptor.stream().shuffle(&mut others);
            others.truncate(others.len() / 2);
            others.into_iter().collect()
        });
        match deceived
            .contains(&to)
            .then(|| interceptor.lie(&message))
            .flatten()
        {
            Some(lie) => {
                interceptor.count("two-faced: said another value to a half");
                interceptor.send(to, lie);
            }
            None => interceptor.send(to, message),
        }
    }
}
