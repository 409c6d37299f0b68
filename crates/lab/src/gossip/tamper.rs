//! The malicious peers of the notebooks: the original to one half of their neighbours, something tampered with to the
//! other.

use std::sync::Arc;

use bft_crdts::net::{Address, Effects, Machine, NodeId};

use super::{Message, Node};
use crate::fault::Fault;
use crate::outcome::Verdict;

/// Passes everything on to all its neighbours, and tampers with what the second half of them hears. It has no key but its
/// own, so a signature check catches it.
#[derive(Clone, Debug)]
pub struct Tamper {
    neighbours: Arc<[NodeId]>,
}

impl Tamper {
    /// A peer with these neighbours.
    #[must_use]
    pub const fn new(neighbours: Arc<[NodeId]>) -> Self {
        Self { neighbours }
    }
}

impl Fault<Node> for Tamper {
    fn message(
        &mut self,
        inner: &mut Node,
        from: NodeId,
        message: &Message,
        effects: &mut Effects<Node>,
    ) -> Verdict {
        let Message::Gossip { request, ttl } = message else {
            return inner.message(from, message, effects);
        };
        // What the peer inside would pass on, it passes on to more.
        let last = Message::Gossip {
            request: *request,
            ttl: 0,
        };
        let verdict = inner.message(from, &last, effects);
        if let (Some(ttl), true) = (ttl.checked_sub(1), inner.pushes()) {
            let others = self.neighbours.iter().copied();
            let others = others.filter(|node| *node != from).collect();
            let request = *request;
            effects.send(Address::Many(others), Message::Gossip { request, ttl });
        }
        verdict
    }

    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        let half = self.neighbours.len() / 2;
        Some(match self.neighbours[half..].contains(&to) {
            true => message.tampered(),
            false => message,
        })
    }
}
