//! A client that spends the same money twice: one request for the primary, another one of the same name for the backups.

use std::sync::Arc;

use bft_crdts::net::{Address, Effects, NodeId};

use super::{Message, Node};
use crate::fault::{Fault, Forger};
use crate::packet::Process;
use crate::tx::SignedTx;

/// The client. Its forger has its own key.
#[derive(Debug)]
pub(super) struct TwoRequests {
    pub(super) forger: Forger,
    pub(super) backups: Arc<[NodeId]>,
}

impl Fault<Node> for TwoRequests {
    fn submit(&mut self, inner: &mut Node, request: SignedTx, effects: &mut Effects<Node>) {
        inner.submit(request, effects);
        let other = Message::Request(self.forger.signed(&request.tx));
        effects.send(Address::Many(self.backups.clone()), other);
    }
}
