//! Selfish miners, and those who keep one victim in a world of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::Digest;
use bft_crdts::net::{Address, Effects, NodeId, TimerId};

use super::{Block, CONFIRMATIONS, Message, Miner};
use crate::fault::{Fault, Forger, pass_on};
use crate::outcome::{Said, Verdict};
use crate::packet::{Out, Packet, Process};

/// Spends the same money elsewhere in blocks which it keeps to itself and its fellows, and publishes them when that pays: when the
/// others have begun to count what the hidden chain undoes.
#[derive(Debug)]
pub(super) struct Selfish {
    /// All who are in league, itself not.
    pub(super) fellows: Arc<[NodeId]>,
    /// Everybody else.
    pub(super) honest: Arc<[NodeId]>,
    /// The height of the longest chain that honest miners have.
    pub(super) public: u64,
    /// What is hidden: blocks of the league, oldest first.
    pub(super) hidden: Vec<Arc<Block>>,
    /// What it puts into its blocks is something else than what the wallet asked for.
    pub(super) forger: Forger,
}

impl Selfish {
    /// Publishes what is hidden, if now is the time.
    fn consider(&mut self, out: &mut Out<Message>) {
        let (Some(first), Some(last)) = (self.hidden.first(), self.hidden.last()) else {
            return;
        };
        let (begins, ends) = (first.height(), last.height());
        if ends < self.public {
            // It has lost the race. What it hid is worth nothing.
            self.hidden.clear();
            return;
        }
        if self.public >= begins + CONFIRMATIONS && ends > self.public {
            out.note(Said::Count("hidden chains published"));
            for block in std::mem::take(&mut self.hidden) {
                self.public = self.public.max(block.height());
                let honest = Address::Many(self.honest.clone());
                out.send(honest, Message::Block(block));
            }
        }
    }

    /// Runs the miner inside, and keeps back the blocks that it wants to publish.
    fn keep(&mut self, asked: &Out<Message>, out: &mut Out<Message>) {
        pass_on(asked, out, |to, message, out| match (to, message) {
            (Address::Many(_), Message::Block(block)) => {
                self.hidden.push(block.clone());
                let fellows = Address::Many(self.fellows.clone());
                out.send(fellows, message.clone());
            }
            _ => out.send(to.clone(), message.clone()),
        });
    }
}

impl Fault<Miner> for Selfish {
    fn message(
        &mut self,
        inner: &mut Miner,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        let mut asked = Effects::new(out.now());
        let other;
        let heard = match message {
            Message::Transaction(request) => {
                other = Message::Transaction(self.forger.signed(&request.tx));
                &other
            }
            message => message,
        };
        let verdict = inner.message(from, heard, &mut asked);
        self.keep(&asked, out);
        if let Message::Block(block) = message {
            if self.fellows.contains(&from) {
                if !self.hidden.contains(block) && block.height() > self.public {
                    self.hidden.push(block.clone());
                }
            } else {
                self.public = self.public.max(block.height());
            }
            self.hidden.retain(|block| on_branch(inner, block.digest()));
            self.consider(out);
        }
        verdict
    }

    fn timer(&mut self, inner: &mut Miner, timer: TimerId, out: &mut Out<Message>) {
        let mut asked = Effects::new(out.now());
        inner.timer(timer, &mut asked);
        self.keep(&asked, out);
        self.consider(out);
    }
}

/// Whether a block is in the longest chain of a miner.
fn on_branch(miner: &Miner, digest: Digest) -> bool {
    let longest = miner.chain().longest();
    longest.iter().any(|block| block.digest() == digest)
}

/// Lets the victim hear another transaction and no blocks, so that it mines alone and counts on what nobody else has.
#[derive(Debug)]
pub(super) struct Warden {
    pub(super) victim: NodeId,
    pub(super) forger: Forger,
    pub(super) told: BTreeSet<Digest>,
}

impl Fault<Miner> for Warden {
    fn message(
        &mut self,
        inner: &mut Miner,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        if from == self.victim {
            return Verdict::Useless;
        }
        if let Message::Transaction(request) = message
            && self.told.insert(request.tx.digest())
        {
            let other = Message::Transaction(self.forger.signed(&request.tx));
            out.send(Address::One(self.victim), other);
        }
        inner.message(from, message, out)
    }

    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        let hidden = to == self.victim && message.carries().is_none();
        (!hidden).then_some(message)
    }
}
