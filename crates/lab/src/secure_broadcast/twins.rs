//! Twins: two correct members with one key, each of which knows only half of the world. It is how a source tells two
//! stories under one number, and how its accomplices vouch for both.

use std::collections::BTreeSet;

use bft_crdts::net::{Address, Effect, Effects, NodeId, TimerId};

use super::{Member, Message};
use crate::fault::{Fault, Forger, receivers};
use crate::outcome::Verdict;
use crate::packet::{Out, Process};
use crate::tx::SignedTx;

/// Which twin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Story {
    /// The one that the first half of the correct members knows.
    #[default]
    First,
    /// The one that the other half knows.
    Second,
}

/// The second twin stands beside the machine of the node.
#[derive(Debug)]
pub(super) struct Twins {
    second: Member,
    /// Who is told the second story.
    other_half: BTreeSet<NodeId>,
    /// Who has twins, too, and is told both.
    fellows: BTreeSet<NodeId>,
}

impl Twins {
    pub(super) const fn new(
        second: Member,
        other_half: BTreeSet<NodeId>,
        fellows: BTreeSet<NodeId>,
    ) -> Self {
        Self {
            second,
            other_half,
            fellows,
        }
    }

    fn may_hear(&self, story: Story, node: NodeId) -> bool {
        self.fellows.contains(&node) || self.other_half.contains(&node) == (story == Story::Second)
    }

    /// Passes on what one twin asks for, to those who know it.
    fn pass(&self, story: Story, asked: &Out<Message>, out: &mut Out<Message>) {
        for effect in asked.as_slice() {
            match effect {
                Effect::Send { to, message } => {
                    let told = |node: &&NodeId| self.may_hear(story, **node);
                    for node in receivers(to).iter().filter(told) {
                        let message = Message {
                            story,
                            ..message.clone()
                        };
                        out.send(Address::One(*node), message);
                    }
                }
                Effect::SetTimer { after, timer } if story == Story::First => {
                    out.set_timer(*after, *timer);
                }
                // The second ticks when the first does; what a faulty member delivers is nobody's business.
                _ => {}
            }
        }
    }
}

impl Fault<Member> for Twins {
    fn submit(&mut self, inner: &mut Member, request: SignedTx, out: &mut Out<Message>) {
        let mut asked = Effects::new(out.now());
        inner.broadcast_tx(request.tx, &mut asked);
        self.pass(Story::First, &asked, out);
        let mut asked = Effects::new(out.now());
        self.second
            .broadcast_tx(Forger::twist(&request.tx), &mut asked);
        self.pass(Story::Second, &asked, out);
    }

    fn message(
        &mut self,
        inner: &mut Member,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        let story = match self.fellows.contains(&from) {
            true => message.story,
            false if self.other_half.contains(&from) => Story::Second,
            false => Story::First,
        };
        let twin = match story {
            Story::First => inner,
            Story::Second => &mut self.second,
        };
        let mut asked = Effects::new(out.now());
        let verdict = twin.message(from, message, &mut asked);
        self.pass(story, &asked, out);
        verdict
    }

    fn timer(&mut self, inner: &mut Member, timer: TimerId, out: &mut Out<Message>) {
        let mut asked = Effects::new(out.now());
        inner.timer(timer, &mut asked);
        self.pass(Story::First, &asked, out);
        let mut asked = Effects::new(out.now());
        self.second.timer(timer, &mut asked);
        self.pass(Story::Second, &asked, out);
    }
}
