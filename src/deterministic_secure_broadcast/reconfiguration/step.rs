//! What follows from what while a generation decides on the next one and goes on to it: a work list, so that no step calls
//! the next. The last step pushed is done first; what a step leads to is done before what was to be done anyway.

use super::decide::Ballot;
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::statement::{ApproveStatement, NextKeyStatement};
use crate::deterministic_secure_broadcast::wire::{Chain, Link, Lock, NextKey, Proposal, Timeouts};
use crate::membership::{Change, MemberIndex, Members};
use crate::traits::SecureBroadcastAlgorithm;

use super::view::View;

/// After how many ticks a proposal is passed on by those who have it.
const RELAY_TICKS: u32 = 3;

/// Something to do.
pub(super) enum Step {
    /// Give the approvals that are due, and announce our next key.
    Approve,
    /// Propose, if it is our turn.
    Lead,
    /// A proposal was received and checked.
    Propose(Box<Proposal>),
    /// Vote for the proposal of our attempt.
    Vote,
    /// Look at the votes of our attempt: for the second vote, and for the decision.
    Count,
    /// Give an attempt up.
    GiveUp(u32),
    /// Put the timeouts of our attempt together, if they end it.
    EndAttempt,
    /// Leave the attempts up to the one that these timeouts end.
    Enter(Box<Timeouts>),
    /// The next generation is decided: pass it on, and go on to it.
    Decided,
    /// Seal our generation, and activate the next one, as often as it goes.
    Activate,
    /// Deliver, certify, request: whatever is possible on the data path now.
    Advance,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// What reconfiguration may look at.
    pub(super) fn view(&self) -> View<'_, K> {
        View {
            chain: &self.chain,
            halted: self.signer.halted(),
            convictions: &self.convictions,
        }
    }

    /// Does this, and everything that follows from it.
    pub(super) fn run(&mut self, first: Step, effects: &mut Effects<A>) {
        self.run_all(vec![first], effects);
    }

    /// Does these, the last one first, and everything that follows from them.
    pub(super) fn run_all(&mut self, mut steps: Vec<Step>, effects: &mut Effects<A>) {
        while let Some(step) = steps.pop() {
            self.step(step, &mut steps, effects);
        }
    }

    fn step(&mut self, step: Step, steps: &mut Vec<Step>, effects: &mut Effects<A>) {
        match step {
            Step::Approve => {
                self.approve(effects);
                self.announce_key(effects);
                steps.push(Step::Lead);
            }
            Step::Lead => {
                if self.lead(effects) {
                    steps.push(Step::Vote);
                }
            }
            Step::Propose(proposal) => {
                if proposal.attempt == self.reconfiguration.round.attempt {
                    self.hear_proposal(&proposal);
                    self.reconfiguration.round.proposal = Some(*proposal);
                    steps.push(Step::Vote);
                } else if let Some(ballot) = self
                    .reconfiguration
                    .first_vote::<K, R>(self.view(), &proposal)
                {
                    self.cast(ballot, effects);
                }
            }
            Step::Vote => {
                let proposal = self.reconfiguration.round.proposal.as_ref();
                let ballot = proposal.and_then(|proposal| {
                    self.reconfiguration
                        .first_vote::<K, R>(self.view(), proposal)
                });
                if let Some(ballot) = ballot {
                    self.cast(ballot, effects);
                }
                steps.push(Step::Count);
            }
            Step::Count => {
                if self.is_decided() {
                    return;
                }
                if let Some(lock) = self.reconfiguration.precommit::<K, R>(self.view()) {
                    self.remember(lock, effects);
                }
                if let Some(ballot) = self.reconfiguration.second_vote::<K, R>(self.view()) {
                    self.cast(ballot, effects);
                }
                if let Some((link, next)) = self.reconfiguration.verdict::<K, R>(self.view()) {
                    self.decided(link, next, effects);
                    steps.push(Step::Decided);
                }
            }
            Step::GiveUp(attempt) => {
                if self.give_up(attempt, effects) {
                    steps.push(Step::EndAttempt);
                }
            }
            Step::EndAttempt => {
                if let Some(timeouts) = self.reconfiguration.timeouts::<K, R>(self.view()) {
                    steps.push(Step::Enter(Box::new(timeouts)));
                }
            }
            Step::Enter(timeouts) => {
                if self.enter(*timeouts, effects) {
                    steps.push(Step::Lead);
                }
            }
            Step::Decided => {
                if let Some(link) = self.next_link().cloned()
                    && self.is_member()
                {
                    let links = vec![link];
                    effects.send(To::Members, Payload::Chain(Chain { links }));
                }
                steps.extend([Step::Advance, Step::Activate]);
            }
            Step::Activate => {
                self.seal(effects);
                if self.try_activate(effects) {
                    steps.extend([Step::Activate, Step::Approve]);
                }
            }
            Step::Advance => self.advance(effects),
        }
    }

    /// Somebody was convicted: whether it is to be expelled.
    pub(crate) fn approve_expulsions(&mut self, effects: &mut Effects<A>) {
        self.run(Step::Approve, effects);
    }

    /// A tick: counts the attempt's time, gives it up when it is over, and says again whatever may have been lost.
    pub(crate) fn tick_decision(&mut self, peers: &[Actor], effects: &mut Effects<A>) {
        // A crash may have come between two steps, and there may be nobody to remind us of the second.
        self.run_all(vec![Step::Vote, Step::Approve], effects);
        if self.is_decided() {
            return;
        }
        self.run(Step::EndAttempt, effects);
        if self.reconfiguration.is_deciding::<K, R>(self.view()) && self.reconfiguration.wait() {
            let attempt = self.reconfiguration.round.attempt;
            self.run(Step::GiveUp(attempt), effects);
        }
        self.repeat(peers, effects);
    }

    /// A tick between a decision and its activation: everything again.
    pub(crate) fn tick_reconfiguration(&mut self, peers: &[Actor], effects: &mut Effects<A>) {
        self.ask_to_join(effects);
        if !self.is_decided() {
            return;
        }
        self.run(Step::Decided, effects);
        if !self.is_decided() {
            return;
        }
        if let Some(index) = self.index()
            && let Some(seal) = self.reconfiguration.seals.get(&(self.generation(), index))
        {
            self.send_seal(&seal.clone(), effects);
        }
        for peer in peers {
            self.ask_chain(*peer, effects);
        }
    }

    fn repeat(&self, peers: &[Actor], effects: &mut Effects<A>) {
        let view = self.view();
        if let Some((next, peers)) = self.reconfiguration.repeated_key(view, peers) {
            for peer in peers {
                effects.send(To::One(peer), Payload::NextKey(next));
            }
        }
        let round = &self.reconfiguration.round;
        if view.voter().is_some() {
            for vote in [round.cast_first, round.cast_second].into_iter().flatten() {
                effects.send(To::Members, Payload::Vote(vote));
            }
            if let Some(timeout) = &round.timeout {
                let payload = Payload::Timeout(Box::new(timeout.clone()));
                effects.send(To::Members, payload);
            }
        }
        let approved = self.reconfiguration.requested.by_change().into_keys();
        let approved: Vec<Change> = approved.collect();
        for peer in peers {
            let to = To::One(*peer);
            for change in &approved {
                let requested = &self.reconfiguration.requested;
                if let Some(approvals) = requested.approvals(view, change, None) {
                    effects.send(to, Payload::Approvals(approvals));
                }
            }
            if let Some(timeouts) = &round.entered {
                effects.send(to, Payload::Timeouts(Box::new(timeouts.clone())));
            }
            let own = self.index().is_some() && view.leader(round.attempt) == self.index();
            if let Some(proposal) = round
                .proposal
                .as_ref()
                .filter(|_| own || round.waited >= RELAY_TICKS)
            {
                effects.send(to, Payload::Propose(Box::new(proposal.clone())));
            }
        }
    }

    /// Gives the approvals that are due, and reports what no longer applies.
    fn approve(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.view().voter() else {
            return;
        };
        // The one policy that is ours: with whoever wants a convict out we agree, in whatever order we learn of both.
        let asked = self.reconfiguration.requested.by_change().into_keys();
        let (view, applies) = (self.view(), self.chain.members());
        let expulsions = asked
            .filter(|change| view.is_expulsion_of_convict(change) && applies.after(change).is_ok());
        for change in expulsions.collect::<Vec<_>>() {
            self.want(change, None, effects);
        }
        for change in self.reconfiguration.requested.wanted.clone() {
            if let Err(why) = self.chain.members().after(&change) {
                self.unwant(change, effects);
                effects.push(Effect::Obsolete { change, why });
            }
        }
        let view = self.view();
        let requested = &self.reconfiguration.requested;
        let due = requested.due(|change| view.is_expulsion_of_convict(change));
        self.reconfiguration.requested.keep_only(index, &due);
        for change in due {
            let known = self.reconfiguration.requested.approved_by(index);
            let known = known.iter().any(|(approved, _)| *approved == change);
            let waits = change == Change::Leave(self.actor()) && self.pending() > 0;
            if !known && !waits {
                self.sign_approval(index, change, effects);
            }
        }
    }

    fn sign_approval(&mut self, index: MemberIndex, change: Change, effects: &mut Effects<A>) {
        let generation = self.generation();
        let statement = ApproveStatement { generation, change };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let record = Record::Approved {
                generation,
                change,
                sig,
            };
            (Some(record), sig)
        });
        self.signer.commit([unsigned], effects, |sig| {
            self.reconfiguration
                .requested
                .count_approval(index, change, sig);
            None
        });
        let requested = &self.reconfiguration.requested;
        if let Some(approvals) = requested.approvals(self.view(), &change, Some(index)) {
            effects.send(To::Members, Payload::Approvals(approvals));
        }
    }

    /// Announces our next key, once there is anything to decide.
    fn announce_key(&mut self, effects: &mut Effects<A>) {
        let Some(index) = self.reconfiguration.announcer::<K, R>(self.view()) else {
            return;
        };
        let (generation, key) = (self.generation(), self.signer.identity().next().key());
        let statement = NextKeyStatement { generation, key };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let next = NextKey {
                generation,
                key,
                sig,
            };
            (Some(Record::Announced(next)), next)
        });
        self.signer.commit([unsigned], effects, |next| {
            let announced = (next.key, next.sig);
            self.reconfiguration.announced.insert(index, announced);
            Some((To::Members, Payload::NextKey(next)))
        });
    }

    /// Proposes, if the attempt is ours to lead and there is something to propose.
    fn lead(&mut self, effects: &mut Effects<A>) -> bool {
        let Some(motion) = self.reconfiguration.motion::<K, R>(self.view()) else {
            return false;
        };
        let network = self.signer.network();
        let unsigned = Unsigned::new(network, &motion.statement(network), |sig| {
            let proposal = motion.signed(sig);
            let record = R::persists_votes().then(|| Record::Proposed(Box::new(proposal.clone())));
            (record, proposal)
        });
        let mut proposed = None;
        self.signer
            .commit([unsigned], effects, |proposal: Proposal| {
                let payload = Payload::Propose(Box::new(proposal.clone()));
                proposed = Some(proposal);
                Some((To::Members, payload))
            });
        if let Some(proposal) = proposed {
            self.hear_proposal(&proposal);
            self.reconfiguration.round.proposal = Some(proposal);
        }
        true
    }

    /// Signs a vote, journals it, and sends it to all members.
    fn cast(&mut self, ballot: Ballot, effects: &mut Effects<A>) {
        let index = ballot.index;
        let unsigned = Unsigned::of_bytes(ballot.bytes(self.signer.network()), |sig| {
            let vote = ballot.signed(sig);
            (R::persists_votes().then_some(Record::Voted(vote)), vote)
        });
        self.signer.commit([unsigned], effects, |vote| {
            self.reconfiguration.record_vote(index, vote);
            Some((To::Members, Payload::Vote(vote)))
        });
    }

    /// Gives an attempt up, if we may.
    fn give_up(&mut self, attempt: u32, effects: &mut Effects<A>) -> bool {
        let Some(giving_up) = self.reconfiguration.giving_up::<K, R>(self.view(), attempt) else {
            return false;
        };
        let (index, shown) = (giving_up.index, giving_up.shown);
        let statement = giving_up.statement();
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| {
            let timeout = giving_up.signed(sig);
            let record = R::persists_votes().then(|| Record::TimedOut(Box::new(timeout.clone())));
            (record, timeout)
        });
        self.signer.commit([unsigned], effects, |timeout| {
            let payload = Payload::Timeout(Box::new(timeout.clone()));
            self.reconfiguration.record_timeout(index, timeout, shown);
            Some((To::Members, payload))
        });
        true
    }

    /// Leaves the attempts up to the one these timeouts end.
    fn enter(&mut self, timeouts: Timeouts, effects: &mut Effects<A>) -> bool {
        let next = self
            .reconfiguration
            .next_attempt::<K, R>(self.view(), &timeouts);
        let Some(attempt) = next else { return false };
        self.persist(Record::Entered(Box::new(timeouts.clone())), effects);
        self.hear_timeouts(&timeouts, effects);
        if let Some(lock) = timeouts.highest.clone() {
            self.remember(lock, effects);
        }
        self.reconfiguration.round.next(attempt, timeouts);
        true
    }

    /// Keeps the highest quorum of first votes ever seen.
    pub(super) fn remember(&mut self, lock: Lock, effects: &mut Effects<A>) {
        self.hear_lock(&lock, effects);
        let known = self.reconfiguration.round.lock.as_ref();
        if known.is_some_and(|known| known.attempt >= lock.attempt) {
            return;
        }
        if R::persists_votes() {
            self.persist(Record::Locked(Box::new(lock.clone())), effects);
        }
        self.reconfiguration.round.lock = Some(lock);
    }

    /// Appends a link whose signatures were checked.
    pub(super) fn decided(&mut self, link: Link, next: Members<K>, effects: &mut Effects<A>) {
        self.persist(Record::Decided(Box::new(link.clone())), effects);
        self.hear_link(&link, effects);
        self.chain.generations.append(link, next);
        let (ours, last) = (self.generation(), self.chain.last());
        self.reconfiguration.drop_distant_seals(ours, last);
    }

    /// The decision that ends our generation, once it is known.
    pub(super) fn next_link(&self) -> Option<&Link> {
        self.chain.generations.link_to(self.generation().next()?)
    }
}
