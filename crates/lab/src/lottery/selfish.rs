//! Selfish miners, and those who keep one victim in a world of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::Digest;
use bft_crdts::net::{Address, Effects, Machine, NodeId, TimerId};

use super::{Block, CONFIRMATIONS, Message, Miner};
use crate::fault::{Fault, Forger};
use crate::outcome::{Said, Verdict};
use crate::packet::Packet;

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
    fn consider(&mut self, effects: &mut Effects<Miner>) {
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
            effects.note(Said::Count("hidden chains published"));
            for block in std::mem::take(&mut self.hidden) {
                self.public = self.public.max(block.height());
                let honest = Address::Many(self.honest.clone());
                effects.send(honest, Message::Block(block));
            }
        }
    }

    /// Runs the miner inside, and keeps back the blocks that it wants to publish.
    fn keep(&mut self, asked: &Effects<Miner>, effects: &mut Effects<Miner>) {
        use bft_crdts::net::Effect;
        for effect in asked.as_slice() {
            match effect {
                Effect::Send {
                    to: Address::Many(_),
                    message: Message::Block(block),
                } => {
                    self.hidden.push(block.clone());
                    let fellows = Address::Many(self.fellows.clone());
                    effects.send(fellows, Message::Block(block.clone()));
                }
                Effect::Send { to, message } => effects.send(to.clone(), message.clone()),
                Effect::SetTimer { after, timer } => effects.set_timer(*after, *timer),
                Effect::Note(note) => effects.note(note.clone()),
                Effect::Deliver(_) | Effect::Persist(_) | Effect::Sync => {}
            }
        }
    }
}

impl Fault<Miner> for Selfish {
    fn message(
        &mut self,
        inner: &mut Miner,
        from: NodeId,
        message: &Message,
        effects: &mut Effects<Miner>,
    ) -> Verdict {
        let mut asked = Effects::new(effects.now());
        let other;
        let heard = match message {
            Message::Transaction(request) => {
                other = Message::Transaction(self.forger.signed(&request.tx));
                &other
            }
            message => message,
        };
        let verdict = inner.message(from, heard, &mut asked);
        self.keep(&asked, effects);
        if let Message::Block(block) = message {
            if self.fellows.contains(&from) {
                if !self.hidden.contains(block) && block.height() > self.public {
                    self.hidden.push(block.clone());
                }
            } else {
                self.public = self.public.max(block.height());
            }
            self.hidden.retain(|block| on_branch(inner, block.digest()));
            self.consider(effects);
        }
        verdict
    }

    fn timer(&mut self, inner: &mut Miner, timer: TimerId, effects: &mut Effects<Miner>) {
        let mut asked = Effects::new(effects.now());
        inner.timer(timer, &mut asked);
        self.keep(&asked, effects);
        self.consider(effects);
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
        effects: &mut Effects<Miner>,
    ) -> Verdict {
        if from == self.victim {
            return Verdict::Useless;
        }
        if let Message::Transaction(request) = message
            && self.told.insert(request.tx.digest())
        {
            let other = Message::Transaction(self.forger.signed(&request.tx));
            effects.send(Address::One(self.victim), other);
        }
        inner.message(from, message, effects)
    }

    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        let hidden = to == self.victim && message.carries().is_none();
        (!hidden).then_some(message)
    }
}
