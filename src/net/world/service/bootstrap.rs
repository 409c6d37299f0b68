//! Telling newcomers whom to know.

use std::collections::BTreeMap;

use crate::net::node::NodeId;
use crate::net::time::{Span, VirtualTime};
use crate::net::world::peer::{Cargo, PeerContext, PeerMessage, Service};

/// Answers a `Hello` with some of those who have said it before and are still there.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    most: usize,
    ping: Span,
    silence: Span,
    /// When something came from them last.
    known: BTreeMap<NodeId, VirtualTime>,
}

impl Default for Bootstrap {
    /// Names up to eight peers, pings every second, forgets after five seconds of silence.
    fn default() -> Self {
        Self {
            most: 8,
            ping: Span::from_secs(1),
            silence: Span::from_secs(5),
            known: BTreeMap::new(),
        }
    }
}

impl Bootstrap {
    /// Names at most so many peers.
    #[must_use]
    pub fn naming(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }
}

impl<C: Cargo> Service<C> for Bootstrap {
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        context.set_timer(self.ping, 0);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        context: &mut PeerContext<'_, C>,
    ) {
        let now = context.now();
        if let Some(heard) = self.known.get_mut(&from) {
            *heard = now;
        }
        if !matches!(message, PeerMessage::Hello) {
            return;
        }
        let mut others: Vec<NodeId> = self.known.keys().copied().collect();
        others.retain(|other| *other != from);
        context.stream().shuffle(&mut others);
        others.truncate(self.most);
        self.known.insert(from, now);
        context.send(from, PeerMessage::Peers(others.into()));
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, C>) {
        let now = context.now();
        let silence = self.silence;
        self.known.retain(|_, heard| now.since(*heard) <= silence);
        let known = self.known.keys().copied().collect();
        context.send_all(known, PeerMessage::Ping);
        context.set_timer(self.ping, 0);
    }
}
