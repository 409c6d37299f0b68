//! The malicious peers of the notebooks: the original to one half of their neighbours, something tampered with to the
//! other.

use std::sync::Arc;

use bft_crdts::net::{Address, NodeId, Stream};

use super::{FANOUT, Message, Node};
use crate::fault::Fault;
use crate::outcome::Verdict;
use crate::packet::{Out, Process};

/// Passes on what it hears to some of the first half of its neighbours, and something else to as many of the second. It
/// has no key but its own, so a signature check catches it.
#[derive(Clone, Debug)]
pub struct Tamper {
    neighbours: Arc<[NodeId]>,
    stream: Stream,
}

impl Tamper {
    /// A peer with these neighbours.
    #[must_use]
    pub const fn new(neighbours: Arc<[NodeId]>, stream: Stream) -> Self {
        Self { neighbours, stream }
    }

    /// As many of these as a peer passes something on to.
    fn some(&mut self, half: &[NodeId], but: NodeId) -> Address {
        let mut others: Vec<NodeId> = half.iter().copied().filter(|node| *node != but).collect();
        self.stream.shuffle(&mut others);
        others.truncate(FANOUT);
        Address::Many(others.into())
    }
}

impl Fault<Node> for Tamper {
    fn message(
        &mut self,
        inner: &mut Node,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        let Message::Gossip { request, ttl } = message else {
            return inner.message(from, message, out);
        };
        // The peer inside keeps it; what is passed on is decided here.
        let kept = Message::Gossip {
            request: *request,
            ttl: 0,
        };
        let verdict = inner.message(from, &kept, out);
        if let (Some(ttl), true) = (ttl.checked_sub(1), inner.pushes()) {
            let neighbours = self.neighbours.clone();
            let (first, second) = neighbours.split_at(neighbours.len() / 2);
            for half in [first, second] {
                let (to, request) = (self.some(half, from), *request);
                out.send(to, Message::Gossip { request, ttl });
            }
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
