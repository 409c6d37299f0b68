//! The client: asks the primary, then everybody, and believes what f + 1 replicas say alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::net::{Address, NodeId, TimerId};

use super::RETRANSMISSION;
use super::message::Message;
use crate::outcome::{Said, Verdict};
use crate::packet::{Out, Process};
use crate::sizes::Sizes;
use crate::tx::{SignedTx, TxId};

/// Who said what, in which view.
type Replies = BTreeMap<NodeId, (u64, u64)>;

/// The client, outside of the replicas.
#[derive(Debug)]
pub struct Client {
    me: u16,
    sizes: Sizes,
    replicas: Arc<[NodeId]>,
    view: u64,
    /// What it waits for, with the replies so far.
    waiting: BTreeMap<TxId, (SignedTx, Replies)>,
}

impl Client {
    pub(super) const fn new(me: u16, sizes: Sizes, replicas: Arc<[NodeId]>) -> Self {
        Self {
            me,
            sizes,
            replicas,
            view: 0,
            waiting: BTreeMap::new(),
        }
    }

    fn primary(&self) -> NodeId {
        let place = self.view % self.replicas.len() as u64;
        self.replicas[place as usize]
    }
}

impl Process for Client {
    type Message = Message;

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        debug_assert_eq!(request.tx.id.client, self.me);
        self.waiting
            .insert(request.tx.id, (request, BTreeMap::new()));
        out.send(Address::One(self.primary()), Message::Request(request));
        out.set_timer(RETRANSMISSION, TimerId(request.tx.id.number as u32));
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let Message::Reply { view, id, hash } = *message else {
            return Verdict::Refused("not for a client");
        };
        let Some((_, replies)) = self.waiting.get_mut(&id) else {
            return Verdict::Useless;
        };
        replies.insert(from, (hash, view));
        let alike: Vec<u64> = replies
            .values()
            .filter(|(theirs, _)| *theirs == hash)
            .map(|(_, view)| *view)
            .collect();
        if alike.len() < self.sizes.one_honest() {
            return Verdict::Taken;
        }
        // At least one of them is honest and has seen the lowest of these views.
        self.view = alike.into_iter().min().unwrap_or(0).max(self.view);
        self.waiting.remove(&id);
        out.note(Said::Accepted(id));
        Verdict::Taken
    }

    /// Time is up for the request with this number.
    fn timer(&mut self, timer: TimerId, out: &mut Out<Message>) {
        let number = u64::from(timer.0);
        let id = TxId {
            client: self.me,
            number,
        };
        if let Some((request, _)) = self.waiting.get(&id) {
            let all = Address::Many(self.replicas.clone());
            out.send(all, Message::Request(*request));
            out.set_timer(RETRANSMISSION, timer);
        }
    }
}
