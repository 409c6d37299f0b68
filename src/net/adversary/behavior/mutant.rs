//! The mutant: everything is right about what it says, but for one small thing.

use super::Behavior;
use crate::net::adversary::interceptor::Interceptor;
use crate::net::machine::Machine;
use crate::net::node::NodeId;

/// Keeps to the protocol, and now and then makes one small mistake in what it says: a number off by one, a digest of
/// something else, a signature under the wrong thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutant {
    /// The one message to be mutated, by its number, and the way; drawn for many if there is none.
    target: Option<(u64, u64)>,
    said: u64,
}

impl Mutant {
    /// One that mutates only the message of this number among all it says, from 0 and counted by receiver, in this way.
    /// What a search over all small mutations is made of: see [`search`](crate::net::search).
    #[must_use]
    pub const fn at(number: u64, way: u64) -> Self {
        Self {
            target: Some((number, way)),
            said: 0,
        }
    }
}

impl<M: Machine> Behavior<M> for Mutant
where
    M::Message: Clone,
{
    fn name(&self) -> &'static str {
        "mutant"
    }

    fn say(&mut self, to: NodeId, message: M::Message, interceptor: &mut Interceptor<'_, M>) {
        let number = self.said;
        self.said += 1;
        let way = match self.target {
            Some((target, way)) => (target == number).then_some(way),
            None => {
                let ways = interceptor.ways();
                (interceptor.stream().below(3) == 0).then(|| interceptor.stream().below(ways))
            }
        };
        match way.and_then(|way| interceptor.mutate(&message, way)) {
            Some(mutation) => {
                interceptor.count("mutant: said something with a small mistake");
                interceptor.send(to, mutation);
            }
            None => interceptor.send(to, message),
        }
    }
}
