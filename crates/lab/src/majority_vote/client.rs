//! The client: tells everybody, and believes the leader.

use std::sync::Arc;

use bft_crdts::net::{Address, NodeId};

use super::Message;
use crate::outcome::{Said, Verdict};
use crate::packet::{Out, Process};
use crate::tx::SignedTx;

/// The client, outside of the voters.
#[derive(Debug)]
pub struct Client {
    all: Arc<[NodeId]>,
}

impl Client {
    pub(super) const fn new(all: Arc<[NodeId]>) -> Self {
        Self { all }
    }
}

impl Process for Client {
    type Message = Message;

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        let all = Address::Many(self.all.clone());
        out.send(all, Message::Transaction(request.tx));
    }

    fn message(&mut self, _: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let Message::Reply(id) = message else {
            return Verdict::Refused("not for a client");
        };
        out.note(Said::Accepted(*id));
        Verdict::Taken
    }
}
