//! The censor: for some nodes it is not there.

use std::collections::BTreeSet;

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Hears nothing of some nodes, and says nothing to them; to all others it keeps to the protocol.
#[derive(Clone, Debug, Default)]
pub struct Censor {
    victims: Option<BTreeSet<NodeId>>,
}

impl Censor {
    /// One that censors these.
    #[must_use]
    pub fn of(victims: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            victims: Some(victims.into_iter().collect()),
        }
    }

    fn censors<M: Machine>(&mut self, node: NodeId, interceptor: &mut Interceptor<'_, M>) -> bool
    where
        M::Message: Clone,
    {
        let victims = self.victims.get_or_insert_with(|| {
            let mut others = interceptor.others().to_vec();
            interceptor.stream().shuffle(&mut others);
            let most = (others.len() as u64).saturating_sub(1).max(1);
            let count = interceptor.stream().range(1, most);
            others.truncate(usize::try_from(count).unwrap_or(1));
            others.into_iter().collect()
        });
        victims.contains(&node)
    }
}

impl<M: Machine> Behavior<M> for Censor
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "censor"
    }

    fn hear(&mut self, from: NodeId, message: &M::Message, interceptor: &mut Interceptor<'_, M>) {
        if self.censors(from, interceptor) {
            return interceptor.count("censor: did not hear a victim");
        }
        let said = interceptor.hear(from, message);
        self.say_all(said, interceptor);
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        if self.censors(to, interceptor) {
            return interceptor.count("censor: kept something from a victim");
        }
        interceptor.send(to, message);
    }
}
