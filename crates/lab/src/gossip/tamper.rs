//! The malicious peers of the notebooks: the original to one half of their neighbours, something tampered with to the
//! other.

use std::collections::BTreeSet;

use bft_crdts::net::NodeId;
use bft_crdts::net::world::Topology;

use super::{Message, Node};
use crate::fault::Fault;

/// Tampers with what it passes on to the second half of its neighbours. It has no key but its own, so a signature check
/// catches it.
#[derive(Clone, Debug)]
pub struct Tamper {
    second_half: BTreeSet<NodeId>,
}

impl Tamper {
    /// The peer `me` of this graph.
    #[must_use]
    pub fn new(me: NodeId, graph: &Topology) -> Self {
        let neighbours = graph.neighbours(me);
        Self {
            second_half: neighbours
                .iter()
                .copied()
                .skip(neighbours.len() / 2)
                .collect(),
        }
    }
}

impl Fault<Node> for Tamper {
    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        Some(match self.second_half.contains(&to) {
            true => message.tampered(),
            false => message,
        })
    }
}
