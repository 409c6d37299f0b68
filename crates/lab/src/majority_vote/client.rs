//! The client: tells everybody, and believes the leader.

use std::sync::Arc;

use bft_crdts::net::{Address, Effects, NodeId};

use super::{Message, Node};
use crate::outcome::{Said, Verdict};
use crate::tx::Tx;

/// The client, outside of the voters.
#[derive(Debug)]
pub struct Client {
    all: Arc<[NodeId]>,
}

impl Client {
    pub(super) const fn new(all: Arc<[NodeId]>) -> Self {
        Self { all }
    }

    pub(super) fn submit(&self, tx: Tx, out: &mut Effects<Node>) {
        out.send(Address::Many(self.all.clone()), Message::Transaction(tx));
    }

    pub(super) fn message(message: &Message, out: &mut Effects<Node>) -> Verdict {
        let Message::Reply(id) = message else {
            return Verdict::Refused("not for a client");
        };
        out.note(Said::Accepted(*id));
        Verdict::Taken
    }
}
