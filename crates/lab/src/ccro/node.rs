//! A node: primary, communication node or consensus node, as the monitor says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bft_crdts::Sig;
use bft_crdts::net::{Address, NodeId};

use super::Mode;
use super::message::{Ballot, Message, Proposal, Proposed, Replied, Roles, Shown, Voted};
use crate::keys::{Key, Ring};
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Process};
use crate::sizes::Sizes;
use crate::tx::SignedTx;

/// How many rounds are remembered.
const ROUNDS: u64 = 64;

/// A node.
#[derive(Debug)]
pub struct Member {
    me: NodeId,
    key: Key,
    ring: Arc<Ring>,
    mode: Mode,
    sizes: Sizes,
    domain: u16,
    /// All of the domain.
    all: Arc<[NodeId]>,
    monitor: NodeId,
    roles: Roles,
    /// The roles of the last rounds: what comes late is judged by those of its round.
    past: BTreeMap<u64, Roles>,
    /// As primary: what was handed in and is not under way.
    queue: VecDeque<SignedTx>,
    rounds: BTreeMap<u64, Round>,
}

/// What it knows of a round.
#[derive(Clone, Debug, Default)]
struct Round {
    /// REQUEST and PRE-PREPARE, the first of each.
    request: Option<Proposal>,
    pre_prepare: Option<Proposal>,
    voted: bool,
    replied: bool,
    /// As C.
    votes: BTreeMap<u16, Sig>,
    committed: bool,
    /// As P.
    replies: BTreeMap<u16, (Ballot, Sig)>,
    over: bool,
    decided: Option<SignedTx>,
}

impl Member {
    #[expect(
        clippy::too_many_arguments,
        reason = "all of them are different things"
    )]
    pub(super) fn new(
        me: NodeId,
        key: Key,
        ring: Arc<Ring>,
        mode: Mode,
        domain: u16,
        all: Arc<[NodeId]>,
        monitor: NodeId,
        roles: Roles,
    ) -> Self {
        Self {
            me,
            key,
            ring,
            mode,
            sizes: Sizes::of(all.len().saturating_sub(2)),
            domain,
            all,
            monitor,
            roles,
            past: BTreeMap::from([(roles.round, roles)]),
            queue: VecDeque::new(),
            rounds: BTreeMap::new(),
        }
    }

    pub(super) const fn roles(&self) -> Roles {
        self.roles
    }

    pub(super) const fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// All of the domain but P and C of the present round.
    pub(super) fn consensus_nodes(&self) -> Arc<[NodeId]> {
        self.voters(&self.roles)
    }

    fn voters(&self, roles: &Roles) -> Arc<[NodeId]> {
        let all = self.all.iter().copied();
        all.filter(|node| is_voter(roles, *node)).collect()
    }

    fn others(&self) -> Address {
        let others = self.all.iter().copied().filter(|node| *node != self.me);
        Address::Many(others.collect())
    }

    fn tell_monitor(&self, message: Message, out: &mut Out<Message>) {
        out.send(Address::One(self.monitor), message);
    }

    /// As P: begins the round, if there is something to decide and it has not begun.
    fn propose(&mut self, out: &mut Out<Message>) {
        let round = self.roles.round;
        let begun = self
            .rounds
            .get(&round)
            .is_some_and(|known| known.request.is_some());
        if self.roles.primary != self.me || begun {
            return;
        }
        let Some(request) = self.queue.pop_front() else {
            return;
        };
        let ballot = Ballot {
            round,
            digest: request.tx.digest(),
        };
        let proposal = Proposal {
            round,
            request,
            sig: self.key.sign(self.ring.network(), &Proposed(ballot)),
        };
        self.rounds.entry(round).or_default().request = Some(proposal);
        out.send(self.others(), Message::Request(proposal));
        self.tell_monitor(Message::Here { round, busy: true }, out);
    }

    fn on_roles(&mut self, roles: Roles, out: &mut Out<Message>) -> Verdict {
        if roles.round <= self.roles.round {
            return Verdict::Useless;
        }
        self.roles = roles;
        self.past.insert(roles.round, roles);
        self.rounds.retain(|round, _| round + ROUNDS > roles.round);
        self.past.retain(|round, _| round + ROUNDS > roles.round);
        if roles.primary != self.me {
            // Whoever leads now has been handed it.
            self.queue.clear();
        }
        self.propose(out);
        // What came before the roles did.
        self.forward(roles.round, out);
        self.vote(roles.round, out);
        Verdict::Taken
    }

    /// REQUEST or PRE-PREPARE: both must be P's, and a vote needs both.
    fn on_proposal(
        &mut self,
        from: NodeId,
        proposal: &Proposal,
        is_request: bool,
        out: &mut Out<Message>,
    ) -> Verdict {
        let round = proposal.round;
        if round + ROUNDS <= self.roles.round || round > self.roles.round + ROUNDS {
            return Verdict::Useless;
        }
        if !proposal.request.is_valid(&self.ring) {
            return Verdict::Refused("not a client's transaction");
        }
        let _ = from;
        let known = self.rounds.entry(round).or_default();
        let place = if is_request {
            &mut known.request
        } else {
            &mut known.pre_prepare
        };
        if place.is_some() {
            return Verdict::Useless;
        }
        *place = Some(*proposal);
        self.forward(round, out);
        self.vote(round, out);
        Verdict::Taken
    }

    /// The roles of the round, if this is what its P proposes.
    fn is_primarys(&self, proposal: &Proposal) -> Option<Roles> {
        let roles = self.past.get(&proposal.round)?;
        let ballot = Proposed(proposal.ballot());
        let signed = self
            .ring
            .verify(roles.primary.get(), &ballot, &proposal.sig);
        signed.then_some(*roles)
    }

    /// As C: passes P's REQUEST on, once.
    fn forward(&mut self, round: u64, out: &mut Out<Message>) {
        let Some(request) = self.rounds.get(&round).and_then(|known| known.request) else {
            return;
        };
        let Some(roles) = self.is_primarys(&request) else {
            return;
        };
        if roles.communication != self.me {
            return;
        }
        let known = self.rounds.entry(round).or_default();
        if known.pre_prepare.replace(request).is_none() {
            let nodes = Address::Many(self.voters(&roles));
            out.send(nodes, Message::PrePrepare(request));
        }
    }

    /// As consensus node: votes, once a round, for what P asked it and C alike.
    fn vote(&mut self, round: u64, out: &mut Out<Message>) {
        let Some(known) = self.rounds.get(&round) else {
            return;
        };
        let (Some(request), Some(pre_prepare)) = (known.request, known.pre_prepare) else {
            return;
        };
        if known.voted || request != pre_prepare {
            return;
        }
        let Some(roles) = self
            .is_primarys(&request)
            .filter(|roles| is_voter(roles, self.me))
        else {
            return;
        };
        self.rounds.entry(round).or_default().voted = true;
        let ballot = request.ballot();
        let sig = self.key.sign(self.ring.network(), &Voted(ballot));
        out.send(
            Address::One(roles.communication),
            Message::Prepare { ballot, sig },
        );
        self.tell_monitor(Message::Voted(ballot), out);
    }

    /// The roles of a round, if this node votes in it.
    fn roles_with(&self, round: u64, voter: NodeId) -> Option<Roles> {
        let roles = self.past.get(&round).copied();
        roles.filter(|roles| self.all.contains(&voter) && is_voter(roles, voter))
    }

    /// As C: a vote.
    fn on_prepare(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        sig: Sig,
        out: &mut Out<Message>,
    ) -> Verdict {
        let Some(roles) = self.roles_with(ballot.round, from) else {
            return Verdict::Useless;
        };
        if roles.communication != self.me {
            return Verdict::Useless;
        }
        let quorum = self.sizes.quorum;
        let known = self
            .rounds
            .get(&ballot.round)
            .and_then(|known| known.pre_prepare);
        let Some(proposal) = known.filter(|proposal| proposal.ballot() == ballot) else {
            return Verdict::Refused("not what is voted on");
        };
        let (node, vote) = (from.get(), Voted(ballot));
        if !self.ring.verify(node, &vote, &sig) {
            return Verdict::Refused("signature");
        }
        let known = self.rounds.entry(ballot.round).or_default();
        known.votes.insert(node, sig);
        if known.votes.len() < quorum || known.committed {
            return Verdict::Taken;
        }
        known.committed = true;
        let votes: Vec<(u16, Sig)> = known
            .votes
            .iter()
            .map(|(node, sig)| (*node, *sig))
            .collect();
        let shown = match self.mode {
            Mode::Count => Shown::Count(votes.len()),
            Mode::Votes => Shown::Votes(votes),
        };
        let request = proposal.request;
        let nodes = Address::Many(self.voters(&roles));
        let commit = Message::Commit {
            round: ballot.round,
            request,
            shown,
        };
        out.send(nodes, commit);
        self.decide(ballot.round, request, out);
        Verdict::Taken
    }

    fn decide(&mut self, round: u64, request: SignedTx, out: &mut Out<Message>) -> bool {
        let known = self.rounds.entry(round).or_default();
        if known.decided.is_some() {
            return false;
        }
        known.decided = Some(request);
        out.deliver(Decided::new(self.domain, round, request.tx));
        true
    }

    /// As consensus node: C says a quorum has voted for this. What C shows is what is believed, and in the paper's mode
    /// it shows nothing.
    fn on_commit(
        &mut self,
        from: NodeId,
        round: u64,
        request: &SignedTx,
        shown: &Shown,
        out: &mut Out<Message>,
    ) -> Verdict {
        let Some(roles) = self.roles_with(round, self.me) else {
            return Verdict::Useless;
        };
        if from != roles.communication {
            return Verdict::Useless;
        }
        if !request.is_valid(&self.ring) {
            return Verdict::Refused("not a client's transaction");
        }
        let ballot = Ballot {
            round,
            digest: request.tx.digest(),
        };
        let enough = match (self.mode, shown) {
            (Mode::Count, Shown::Count(count)) => *count >= self.sizes.quorum,
            (Mode::Votes, Shown::Votes(votes)) => {
                let votes: BTreeMap<u16, Sig> = votes.iter().copied().collect();
                votes.len() >= self.sizes.quorum
                    && votes.iter().all(|(node, sig)| {
                        let voter = NodeId::new(*node);
                        self.roles_with(round, voter).is_some()
                            && self.ring.verify(*node, &Voted(ballot), sig)
                    })
            }
            _ => false,
        };
        if !enough {
            return Verdict::Refused("no quorum");
        }
        self.decide(round, *request, out);
        let known = self.rounds.entry(round).or_default();
        if std::mem::replace(&mut known.replied, true) {
            return Verdict::Useless;
        }
        let sig = self.key.sign(self.ring.network(), &Replied(ballot));
        let primary = Address::One(roles.primary);
        out.send(primary, Message::Reply { ballot, sig });
        Verdict::Taken
    }

    /// As P: f + 1 equal replies, so an honest node has decided it.
    fn on_reply(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        sig: Sig,
        out: &mut Out<Message>,
    ) -> Verdict {
        let (round, node) = (ballot.round, from.get());
        let roles = self.roles_with(round, from);
        if roles.is_none_or(|roles| roles.primary != self.me) {
            return Verdict::Useless;
        }
        if !self.ring.verify(node, &Replied(ballot), &sig) {
            return Verdict::Refused("signature");
        }
        let enough = self.sizes.one_honest();
        let known = self.rounds.entry(round).or_default();
        known.replies.insert(node, (ballot, sig));
        let alike = known
            .replies
            .iter()
            .filter(|(_, (theirs, _))| *theirs == ballot);
        let replies: Vec<(u16, Sig)> = alike.map(|(node, (_, sig))| (*node, *sig)).collect();
        let proposal = known.request.filter(|proposal| proposal.ballot() == ballot);
        // What others say was decided instead is not P's to spread: it does not know it.
        let Some(Proposal { request, .. }) = proposal else {
            return Verdict::Refused("not what was asked for");
        };
        if replies.len() < enough || known.over {
            return Verdict::Taken;
        }
        known.over = true;
        self.decide(round, request, out);
        out.note(Said::Accepted(request.tx.id));
        let block = Message::Block {
            round,
            request,
            replies,
        };
        out.send(self.others(), block);
        self.tell_monitor(Message::Done(ballot), out);
        Verdict::Taken
    }

    /// f + 1 signed replies convince anybody, whoever brings them.
    fn on_block(
        &mut self,
        round: u64,
        request: &SignedTx,
        replies: &[(u16, Sig)],
        out: &mut Out<Message>,
    ) -> Verdict {
        let ballot = Ballot {
            round,
            digest: request.tx.digest(),
        };
        let replies: BTreeMap<u16, Sig> = replies.iter().copied().collect();
        // Not only the voters of the present round: it may be about an older one, with other roles.
        let shown = replies.iter().all(|(node, sig)| {
            self.all.contains(&NodeId::new(*node)) && self.ring.verify(*node, &Replied(ballot), sig)
        });
        if replies.len() < self.sizes.one_honest() || !shown || !request.is_valid(&self.ring) {
            return Verdict::Refused("nothing is shown");
        }
        match self.decide(round, *request, out) {
            true => Verdict::Taken,
            false => Verdict::Useless,
        }
    }
}

impl Process for Member {
    type Message = Message;

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        self.queue.push_back(request);
        self.propose(out);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        match message {
            Message::Roles(roles) if from == self.monitor => self.on_roles(*roles, out),
            Message::Ask(round) if from == self.monitor => {
                let known = self.rounds.get(round);
                let busy = known.is_some_and(|known| known.request.is_some() && !known.over);
                self.tell_monitor(
                    Message::Here {
                        round: *round,
                        busy,
                    },
                    out,
                );
                Verdict::Taken
            }
            _ if !self.all.contains(&from) => Verdict::Refused("not of this domain"),
            Message::Request(proposal) => self.on_proposal(from, proposal, true, out),
            Message::PrePrepare(proposal) => self.on_proposal(from, proposal, false, out),
            Message::Prepare { ballot, sig } => self.on_prepare(from, *ballot, *sig, out),
            Message::Commit {
                round,
                request,
                shown,
            } => self.on_commit(from, *round, request, shown, out),
            Message::Reply { ballot, sig } => self.on_reply(from, *ballot, *sig, out),
            Message::Block {
                round,
                request,
                replies,
            } => self.on_block(*round, request, replies, out),
            _ => Verdict::Refused("not for a member"),
        }
    }
}

fn is_voter(roles: &Roles, node: NodeId) -> bool {
    ![roles.primary, roles.communication].contains(&node)
}
