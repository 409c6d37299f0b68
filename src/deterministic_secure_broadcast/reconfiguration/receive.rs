//! What is said about generations, received: it is looked at first, and then counted.

use super::attempt::shown;
use super::received::{Linked, News, Received};
use super::state::is_near;
use super::step::Step;
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::quota::Once;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{Approvals, Chain, Link, Seal, Shown};
use crate::membership::Change;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// What a packet about generations changes; if it changes nothing, why (I11).
    pub(crate) fn decide_reconfiguration(
        &self,
        from: Actor,
        payload: &Payload,
    ) -> Result<Received, Rejection> {
        let (view, part) = (self.view(), &self.reconfiguration);
        match payload {
            Payload::Join(join) => {
                part.requested.check_join(view, join)?;
                Ok(Received::news(News::Join(*join)))
            }
            Payload::Approvals(approvals) => {
                let new = part
                    .requested
                    .check_approvals::<K, R>(view, &from, approvals)?;
                let Approvals {
                    change, possession, ..
                } = *approvals;
                Ok(Received::news(News::Approvals {
                    from,
                    change,
                    possession,
                    new,
                }))
            }
            Payload::NextKey(next) => {
                let index = part.check_next_key(view, from, next)?;
                Ok(Received::news(News::NextKey(index, *next)))
            }
            Payload::Propose(proposal) => {
                let leader = view.leader(proposal.attempt);
                let leader = leader.ok_or(Rejection::NotMember(from))?;
                let found = self.proposal_evidence(leader, proposal);
                let news = match &found {
                    Some(_) => Err(Rejection::Duplicate),
                    None => part.check_proposal::<K, R>(view, leader, proposal),
                };
                Received::with(found, news.map(|()| News::Proposal(proposal.clone())))
            }
            Payload::Vote(vote) => {
                let index = view.check_member(&from)?;
                let found = self.vote_evidence(index, vote);
                let news = part.check_vote(view, (from, index), vote);
                Received::with(found, news.map(|()| News::Vote(index, *vote)))
            }
            Payload::Timeout(timeout) => {
                let index = view.check_member(&from)?;
                let highest = shown(view.network(), timeout);
                let sig = timeout.sig;
                let said = Shown { highest, sig };
                let found =
                    self.timeout_evidence(timeout.generation, (timeout.attempt, &said), index);
                let news = part.check_timeout::<K, R>(view, (from, index), timeout, highest);
                let news = news.map(|()| News::Timeout(index, timeout.clone(), said));
                Received::with(found, news)
            }
            Payload::Timeouts(timeouts) => {
                part.check_timeouts::<K, R>(view, timeouts)?;
                Ok(Received::news(News::Timeouts(timeouts.clone())))
            }
            Payload::Chain(chain) => self.decide_chain(from, chain),
            Payload::Seal(seal) => self.decide_seal(from, seal),
            _ => Err(Rejection::NotRequested),
        }
    }

    fn decide_chain(&self, from: Actor, chain: &Chain) -> Result<Received, Rejection> {
        let generations = &self.chain.generations;
        let (network, last) = (generations.network(), generations.last());
        let mut found = Vec::new();
        // The links taken from this packet so far, and the members of the last one.
        let mut taken: Vec<&Link> = Vec::new();
        let mut newest = None;
        for link in &chain.links {
            let end = taken.last().map_or(last, |link| link.decision.generation);
            let generation = link.decision.generation;
            if generation <= end {
                let taken = taken
                    .iter()
                    .find(|link| link.decision.generation == generation);
                let others = self.other_decision(taken.copied(), link);
                if !others.is_empty() {
                    found.push(Linked::Other(others));
                }
                continue;
            }
            let tip = match taken.last() {
                Some(link) => link.decision.digest(network),
                None => generations.tip(),
            };
            let members = newest.as_ref().unwrap_or(generations.newest());
            match link.verify::<K, R>(network, &tip, members) {
                Ok(next) => newest = Some(next),
                // What came before it holds.
                Err(_) if !found.is_empty() => break,
                Err(rejection) => return Err(rejection),
            }
            taken.push(link);
            found.push(Linked::Next(Box::new(link.clone())));
        }
        if found.is_empty() {
            return Err(Rejection::Duplicate);
        }
        Ok(Received::news(News::Links(from, found)))
    }

    fn decide_seal(&self, from: Actor, seal: &Seal) -> Result<Received, Rejection> {
        let (have, got) = (self.generation(), seal.generation);
        if let Some(evidence) = self.seal_evidence(seal) {
            return Received::with([evidence], Err(Rejection::Duplicate));
        }
        if got < have {
            return Err(Rejection::WrongGeneration { have, got });
        }
        // Those who are ahead of us have activated the last generation decided, or the one before it; the next one
        // they may be unable to activate without us.
        let last = self.chain.last();
        let near = got < last && is_near(got, last);
        if got > have && !near {
            if self
                .quota
                .may(&from, self.is_known(&from), Once::AskForChain)
            {
                return Ok(Received::news(News::Ahead(from)));
            }
            return Err(Rejection::FutureGeneration { have, got });
        }
        if self.reconfiguration.seals.contains_key(&(got, seal.signer)) {
            return Err(Rejection::Duplicate);
        }
        seal.check::<K>(&self.chain.generations)?;
        if got == have && self.index() == Some(seal.signer) {
            // I13: every seal of ours is in our journal.
            return Ok(Received::news(News::Halt));
        }
        let news = News::Seal(from, Box::new(seal.clone()));
        Received::with(self.seal_against_echoes(seal), Ok(news))
    }

    /// Carries out what was decided.
    pub(crate) fn apply_reconfiguration(&mut self, received: Received, effects: &mut Effects<A>) {
        self.convict_all(received.convictions, effects);
        let Some(news) = received.news else { return };
        match news {
            News::Join(join) => {
                self.reconfiguration.requested.add_candidate(join);
                if self.is_member() {
                    let (change, by) = (Change::Join(join.actor), join.actor);
                    effects.push(Effect::Asked { change, by });
                }
            }
            News::Approvals {
                from,
                change,
                possession,
                new,
            } => {
                if self
                    .reconfiguration
                    .requested
                    .count_approvals(change, possession, new)
                {
                    effects.push(Effect::Asked { change, by: from });
                }
                self.run(Step::Approve, effects);
            }
            News::NextKey(index, next) => {
                let announced = (next.key, next.sig);
                self.reconfiguration.announced.insert(index, announced);
                self.run(Step::Lead, effects);
            }
            News::Proposal(proposal) => {
                let enter = proposal.timeouts.clone().map(Box::new).map(Step::Enter);
                let mut steps = vec![Step::Propose(proposal)];
                steps.extend(enter);
                self.run_all(steps, effects);
            }
            News::Vote(index, vote) => {
                self.reconfiguration.count_vote(index, &vote);
                self.run(Step::Count, effects);
            }
            News::Timeout(_, timeout, _)
                if timeout.attempt > self.reconfiguration.round.attempt =>
            {
                self.run(Step::GiveUp(timeout.attempt), effects);
            }
            News::Timeout(index, mut timeout, said) => {
                if let Some(lock) = timeout.highest.take() {
                    self.remember(lock.clone(), effects);
                    self.reconfiguration.round.show(lock);
                }
                self.reconfiguration.count_timeout(index, &timeout, said);
                self.run(Step::EndAttempt, effects);
            }
            News::Timeouts(timeouts) => self.run(Step::Enter(timeouts), effects),
            News::Links(from, links) => self.apply_links(from, links, effects),
            News::Seal(from, seal) => {
                self.reconfiguration
                    .seals
                    .insert((seal.generation, seal.signer), *seal);
                if self.is_decided() {
                    self.run(Step::Decided, effects);
                } else {
                    // Its sender knows more than we do.
                    self.ask_chain(from, effects);
                }
            }
            News::Ahead(from) => {
                self.ask_chain(from, effects);
            }
            News::Halt => self.halt(Halt::KeyUsedElsewhere, effects),
        }
    }

    fn apply_links(&mut self, from: Actor, links: Vec<Linked>, effects: &mut Effects<A>) {
        for linked in links {
            match linked {
                Linked::Next(link) => {
                    let members = self.chain.generations.newest();
                    if let Ok(next) = link.next_members(members) {
                        self.decided(*link, next, effects);
                    }
                }
                Linked::Other(convictions) => self.convict_all(convictions, effects),
            }
        }
        self.run(Step::Decided, effects);
        if self.is_decided() {
            // The seals it takes, if it was not only us who did not know.
            self.ask_chain(from, effects);
        }
    }
}
