//! A client that spends the same money twice: one request for the primary, another one of the same name for the backups.

use std::sync::Arc;

use bft_crdts::net::{Address, NodeId};

use super::{Client, Message};
use crate::fault::{Fault, Forger};
use crate::packet::{Out, Process};
use crate::tx::SignedTx;

/// The client. Its forger has its own key.
#[derive(Debug)]
pub(super) struct TwoRequests {
    pub(super) forger: Forger,
    pub(super) backups: Arc<[NodeId]>,
}

impl Fault<Client> for TwoRequests {
    fn submit(&mut self, inner: &mut Client, request: SignedTx, out: &mut Out<Message>) {
        inner.submit(request, out);
        let other = Message::Request(self.forger.signed(&request.tx));
        out.send(Address::Many(self.backups.clone()), other);
    }
}
