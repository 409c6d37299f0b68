//! Byzantine nodes in league: as P two requests, as C two votes and two commits, as consensus node a vote for both.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::Sig;
use bft_crdts::net::{Address, Effects, NodeId};

use super::message::{Ballot, Message, Proposal, Proposed, Shown, Voted};
use super::{Member, Mode};
use crate::fault::{Fault, Forger, pass_on};
use crate::keys::Key;
use crate::outcome::Verdict;
use crate::packet::{Out, Packet, Process};
use crate::tx::SignedTx;

/// One of the Byzantine nodes. They have each other's keys.
#[derive(Debug)]
pub(super) struct Byzantine {
    pub(super) mode: Mode,
    pub(super) forger: Forger,
    /// The keys of all of them, by number.
    pub(super) colluders: BTreeMap<u16, Key>,
    /// Who is told the other story.
    pub(super) other_half: BTreeSet<NodeId>,
    /// Whether it lies when it is P, too.
    pub(super) as_primary: bool,
    /// As C: what is asked for in this round, and what it tells the other half.
    pub(super) stories: Option<(u64, [SignedTx; 2])>,
    /// As C: the votes for each story.
    pub(super) votes: [BTreeMap<u16, Sig>; 2],
    /// As C: the stories committed.
    pub(super) told: [bool; 2],
}

impl Byzantine {
    /// The proposal of the other story, if P is in league.
    fn other(&self, proposal: &Proposal, primary: NodeId) -> Option<Proposal> {
        let key = self
            .colluders
            .get(&primary.get())
            .filter(|_| self.as_primary)?;
        let other = Proposal {
            request: self.forger.signed(&proposal.request.tx),
            ..*proposal
        };
        let sig = key.sign(self.forger.ring.network(), &Proposed(other.ballot()));
        Some(Proposal { sig, ..other })
    }

    /// As C: commits whatever it can show, or need not show, to the half that is to believe it.
    fn commit(&mut self, member: &Member, out: &mut Out<Message>) {
        let Some((round, stories)) = self.stories else {
            return;
        };
        let quorum = member.sizes().quorum;
        for (story, request) in stories.into_iter().enumerate() {
            let votes = &self.votes[story];
            let shown = match self.mode {
                Mode::Count => Shown::Count(quorum),
                Mode::Votes if votes.len() >= quorum => {
                    Shown::Votes(votes.iter().map(|(node, sig)| (*node, *sig)).collect())
                }
                Mode::Votes => continue,
            };
            if std::mem::replace(&mut self.told[story], true) {
                continue;
            }
            let nodes = member.consensus_nodes();
            let half = nodes
                .iter()
                .filter(|node| self.other_half.contains(node) == (story == 1));
            let commit = Message::Commit {
                round,
                request,
                shown,
            };
            out.send(Address::Many(half.copied().collect()), commit);
        }
    }

    /// As C: a REQUEST begins two stories, for which all of them vote.
    fn begin(&mut self, proposal: &Proposal, member: &Member) {
        let request = proposal.request;
        let stories = [request, self.forger.signed(&request.tx)];
        self.stories = Some((proposal.round, stories));
        self.told = [false; 2];
        self.votes = stories.map(|story| {
            let ballot = Ballot {
                round: proposal.round,
                digest: story.tx.digest(),
            };
            let nodes = member.consensus_nodes();
            let voters = self
                .colluders
                .iter()
                .filter(|(node, _)| nodes.contains(&NodeId::new(**node)));
            let votes = voters
                .map(|(node, key)| (*node, key.sign(self.forger.ring.network(), &Voted(ballot))));
            votes.collect()
        });
    }
}

impl Fault<Member> for Byzantine {
    fn message(
        &mut self,
        member: &mut Member,
        from: NodeId,
        message: &Message,
        out: &mut Out<Message>,
    ) -> Verdict {
        self.forger.see(message.carries());
        let mut asked = Effects::new(out.now());
        let verdict = member.message(from, message, &mut asked);
        pass_on(&asked, out, |to, message, out| {
            // Its own commits come from its own count.
            if !matches!(message, Message::Commit { .. }) {
                out.send(to.clone(), message.clone());
            }
        });
        if member.roles().communication.get() != self.forger.me {
            return verdict;
        }
        match message {
            Message::Request(proposal) if from == member.roles().primary => {
                self.begin(proposal, member);
            }
            Message::Prepare { ballot, sig } => {
                let stories = self.stories.filter(|(round, _)| *round == ballot.round);
                for (story, request) in stories
                    .into_iter()
                    .flat_map(|(_, stories)| stories)
                    .enumerate()
                {
                    if request.tx.digest() == ballot.digest {
                        self.votes[story].insert(from.get(), *sig);
                    }
                }
            }
            _ => return verdict,
        }
        self.commit(member, out);
        verdict
    }

    fn send(&mut self, to: NodeId, message: Message) -> Option<Message> {
        if !self.other_half.contains(&to) {
            return Some(message);
        }
        match &message {
            Message::Request(proposal) => {
                let me = NodeId::new(self.forger.me);
                Some(self.other(proposal, me).map_or(message, Message::Request))
            }
            Message::PrePrepare(proposal) => {
                // Whose proposal it is, the Byzantine nodes know: it is signed by one of them, or it cannot be changed.
                let primary = self.colluders.keys().copied().find(|node| {
                    let ballot = Proposed(proposal.ballot());
                    self.forger.ring.verify(*node, &ballot, &proposal.sig)
                });
                let other = primary.and_then(|node| self.other(proposal, NodeId::new(node)));
                Some(other.map_or(message, Message::PrePrepare))
            }
            Message::Block { .. } if self.as_primary => None,
            _ => Some(message),
        }
    }
}
