//! Where statements about generations meet those that contradict them (I12, G12): nobody looks for lies, but whoever
//! hears two of them at least notices. A look-up for each statement, and two verifications when one convicts.

use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::evidence::{Contradiction, Evidence, denies, hidden_by};
use crate::deterministic_secure_broadcast::header::Header;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::{
    Link, Lock, Proposal, Seal, Shown, SignedHeader, Timeouts, Vote,
};
use crate::membership::{Generation, MemberIndex, Seat};
use crate::traits::SecureBroadcastAlgorithm;

/// How many of the last messages of each source are held against a seal.
const MAX_RECENT: usize = 8;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// Whether this is evidence, against a member that is not convicted yet.
    pub(in crate::deterministic_secure_broadcast) fn proves(&self, evidence: &Evidence) -> bool {
        self.may_convict(evidence) && evidence.verify_by::<K, R>(&self.chain.generations).is_ok()
    }

    /// Convicts a member, if what it signed holds as evidence, and it is not convicted yet.
    pub(in crate::deterministic_secure_broadcast) fn accuse(
        &mut self,
        evidence: Evidence,
        effects: &mut Effects<A>,
    ) -> bool {
        self.proves(&evidence) && self.convict(evidence, effects)
    }

    /// Whether this member is not convicted yet, and the evidence can be sent and written down: a liar's seal may be as
    /// large as a packet.
    pub(in crate::deterministic_secure_broadcast) fn may_convict(
        &self,
        evidence: &Evidence,
    ) -> bool {
        self.convictions.takes(evidence)
    }

    /// Keeps one conviction per culprit, and passes it on.
    pub(in crate::deterministic_secure_broadcast) fn convict(
        &mut self,
        evidence: Evidence,
        effects: &mut Effects<A>,
    ) -> bool {
        if !self.may_convict(&evidence) {
            return false;
        }
        // I13: we never sign twice in a slot. Another replica does, with our key. First of all, so that no
        // crash comes between.
        if evidence.culprit == self.actor() {
            self.halt(Halt::KeyUsedElsewhere, effects);
        }
        self.convictions.keep(evidence.clone());
        self.persist(Record::Evidence(Box::new(evidence.clone())), effects);
        effects.push(Effect::Evidence(evidence.clone()));
        effects.send(To::Members, Payload::Evidence(Box::new(evidence)));
        true
    }

    pub(in crate::deterministic_secure_broadcast) fn convict_all(
        &mut self,
        convictions: impl IntoIterator<Item = Evidence>,
        effects: &mut Effects<A>,
    ) {
        for evidence in convictions {
            self.convict(evidence, effects);
        }
    }

    /// Evidence that a peer has found.
    pub(in crate::deterministic_secure_broadcast) fn decide_evidence(
        &self,
        evidence: &Evidence,
    ) -> Result<Vec<Evidence>, Rejection> {
        if self.convictions.of(&evidence.culprit) {
            return Err(Rejection::Duplicate);
        }
        evidence.verify_by::<K, R>(&self.chain.generations)?;
        Ok(vec![evidence.clone()])
    }

    fn accuse_member(
        &mut self,
        generation: Generation,
        index: MemberIndex,
        contradiction: Option<Contradiction>,
        effects: &mut Effects<A>,
    ) -> bool {
        let members = self.chain.members_of(generation);
        let culprit = members.and_then(|members| members.actor(index).copied());
        let found = culprit.zip(contradiction);
        found.is_some_and(|(culprit, contradiction)| {
            let evidence = Evidence {
                culprit,
                contradiction,
            };
            self.accuse(evidence, effects)
        })
    }

    /// Holds a vote against what its voter has said.
    pub(super) fn compare_vote(
        &mut self,
        index: MemberIndex,
        vote: &Vote,
        effects: &mut Effects<A>,
    ) -> bool {
        let docket = self.handover.dockets.get(&vote.generation);
        let found = docket.and_then(|docket| docket.against_vote::<R>(index, vote));
        found.is_some() && self.accuse_member(vote.generation, index, found, effects)
    }

    /// The same for votes that were checked, which are remembered.
    fn hear_votes(
        &mut self,
        votes: impl IntoIterator<Item = (MemberIndex, Vote)>,
        effects: &mut Effects<A>,
    ) {
        for (index, vote) in votes {
            self.compare_vote(index, &vote, effects);
            self.handover
                .docket(vote.generation)
                .note_vote(index, &vote);
        }
    }

    /// Holds a proposal against another one of its attempt.
    pub(super) fn compare_proposal(
        &mut self,
        leader: MemberIndex,
        proposal: &Proposal,
        effects: &mut Effects<A>,
    ) -> bool {
        let (generation, attempt) = (proposal.generation, proposal.attempt);
        let signed = proposal.signed(self.network());
        let docket = self.handover.dockets.get(&generation);
        let found = docket.and_then(|docket| docket.against_proposal(generation, attempt, signed));
        found.is_some() && self.accuse_member(generation, leader, found, effects)
    }

    /// Remembers a proposal that was checked.
    pub(super) fn hear_proposal(&mut self, proposal: &Proposal) {
        let signed = proposal.signed(self.network());
        let docket = self.handover.docket(proposal.generation);
        docket.note_proposal(proposal.attempt, signed);
    }

    /// Holds a timeout against what its signer has said.
    pub(super) fn compare_timeout(
        &mut self,
        generation: Generation,
        (attempt, timeout): (u32, &Shown),
        index: MemberIndex,
        effects: &mut Effects<A>,
    ) -> bool {
        let docket = self.handover.dockets.get(&generation);
        let found = docket
            .and_then(|docket| docket.against_timeout::<R>(generation, (attempt, timeout), index));
        found.is_some() && self.accuse_member(generation, index, found, effects)
    }

    /// The same for one that was checked, which is remembered.
    pub(super) fn hear_timeout(
        &mut self,
        generation: Generation,
        (attempt, timeout): (u32, Shown),
        index: MemberIndex,
        effects: &mut Effects<A>,
    ) {
        self.compare_timeout(generation, (attempt, &timeout), index, effects);
        let docket = self.handover.docket(generation);
        docket.note_timeout(attempt, index, timeout);
    }

    /// The same for all of a quorum of them.
    pub(super) fn hear_timeouts(&mut self, timeouts: &Timeouts, effects: &mut Effects<A>) {
        for (index, shown) in timeouts.iter() {
            let timeout = (timeouts.attempt, shown);
            self.hear_timeout(timeouts.generation, timeout, index, effects);
        }
    }

    /// The same for the votes of a quorum of first ones.
    pub(super) fn hear_lock(&mut self, lock: &Lock, effects: &mut Effects<A>) {
        let generation = self.generation();
        let known = self.handover.round.lock.as_ref() == Some(lock);
        if !known {
            self.hear_votes(
                lock.votes(&self.signer.network().clone(), generation),
                effects,
            );
        }
    }

    /// The same for the votes of a decision about our generation.
    pub(super) fn hear_link(&mut self, link: &Link, effects: &mut Effects<A>) {
        let generation = self.generation();
        if generation.next() == Some(link.decision.generation) {
            self.hear_votes(
                link.votes(&self.signer.network().clone(), generation),
                effects,
            );
        }
    }

    /// G12: another decision where we know of one. More than `f` members have voted for both: in one attempt, or they
    /// have given up attempts after the earlier one as if they had not.
    pub(super) fn on_other_decision(
        &mut self,
        other: &Link,
        effects: &mut Effects<A>,
    ) -> Result<(), Rejection> {
        let network = *self.signer.network();
        let generations = &self.chain.generations;
        let generation = other.decision.generation;
        let known = generations.link_to(generation).cloned();
        let known = known.filter(|known| known.decision != other.decision);
        let known = known.ok_or(Rejection::Duplicate)?;
        let before = Generation::new(generation.get().saturating_sub(1));
        let tip = generations
            .tip_of(before)
            .zip(generations.members_of(before));
        let (tip, members) = tip.ok_or(Rejection::BrokenChain)?;
        other.verify::<K, R>(&network, tip, members)?;
        let mut docket = self
            .handover
            .dockets
            .get(&before)
            .cloned()
            .unwrap_or_default();
        let mut convicted = false;
        for (index, vote) in known
            .votes(&network, before)
            .chain(other.votes(&network, before))
        {
            let found = docket.against_vote::<R>(index, &vote);
            convicted |= self.accuse_member(before, index, found, effects);
            docket.note_vote(index, &vote);
        }
        match convicted {
            true => Ok(()),
            false => Err(Rejection::Duplicate),
        }
    }

    /// Two seals of one member and generation.
    pub(super) fn compare_seals(&mut self, other: &Seal, effects: &mut Effects<A>) -> bool {
        let generations = &self.chain.generations;
        let Some(known) = self.handover.seals.get(&(other.generation, other.signer)) else {
            return false;
        };
        let members = generations.members_of(other.generation);
        let culprit = members.and_then(|members| members.actor(other.signer).copied());
        let link = generations.tip_of(other.generation);
        let (Some(culprit), Some(link)) = (culprit, link) else {
            return false;
        };
        // Making evidence of them costs a digest of both.
        if known == other || self.convictions.of(&culprit) {
            return false;
        }
        let evidence = Evidence::seals(culprit, *link, known, other);
        self.accuse(evidence, effects)
    }

    /// What a certificate that was checked proves against those who have sealed its generation.
    pub(in crate::deterministic_secure_broadcast) fn certificate_against_seals(
        &self,
        certificate: &Certificate,
    ) -> Vec<Evidence> {
        let generations = &self.chain.generations;
        let seals = self.handover.seals_of(certificate.generation);
        seals
            .filter_map(|seal| hidden_by::<K, R>(generations, certificate, seal))
            .filter(|evidence| self.proves(evidence))
            .collect()
    }

    pub(in crate::deterministic_secure_broadcast) fn compare_certificate_with_seals(
        &mut self,
        certificate: &Certificate,
        effects: &mut Effects<A>,
    ) {
        let found = self.certificate_against_seals(certificate);
        self.convict_all(found, effects);
    }

    /// What an echo proves against its signer, if that has sealed its generation.
    pub(in crate::deterministic_secure_broadcast) fn echo_against_seal(
        &self,
        culprit: Actor,
        (generation, sig): (Generation, &Sig),
        (header, digest): (&Header, &Digest),
    ) -> Option<Evidence> {
        let index = self.chain.members_of(generation)?.index_of(&culprit)?;
        let seal = self.handover.seals.get(&(generation, index))?;
        if !denies::<R>(self.signer.network(), (header, digest), seal) {
            return None;
        }
        let echo = SignedHeader {
            generation,
            header: header.clone(),
            sig: *sig,
        };
        let evidence = Evidence::hidden(culprit, echo, seal);
        self.proves(&evidence).then_some(evidence)
    }

    /// Holds a seal that was checked against the echoes of its signer that we know.
    pub(super) fn compare_seal_with_echoes(
        &mut self,
        seal: &Seal,
        effects: &mut Effects<A>,
    ) -> bool {
        let members = self.chain.members_of(seal.generation);
        let culprit = members.and_then(|members| members.actor(seal.signer).copied());
        let Some(culprit) = culprit.filter(|culprit| !self.convictions.of(culprit)) else {
            return false;
        };
        let found = self
            .seats()
            .find_map(|seat| self.denied_echo(culprit, seat, seal));
        found.is_some_and(|echo| self.accuse(Evidence::hidden(culprit, echo, seal), effects))
    }

    /// An echo of this seal's signer for a message of this source, if the seal denies it.
    fn denied_echo(&self, culprit: Actor, seat: Seat, seal: &Seal) -> Option<SignedHeader> {
        let generation = seal.generation;
        let track = self.slots.get(seat)?;
        let denied = |header: &Header, digest: &Digest| {
            denies::<R>(self.signer.network(), (header, digest), seal)
        };
        let shown = seal.of(seat).and_then(|shown| shown.best.as_ref());
        let passed = shown.and_then(|best| best.header.last());
        let recent = self
            .ledger
            .source(seat)?
            .places()
            .iter()
            .rev()
            .filter_map(|place| self.ledger.log().get(*place));
        let recent = recent
            .take_while(|logged| Some(logged.last) > passed)
            .take(MAX_RECENT);
        let recent = recent.map(|logged| (&logged.certificate, &logged.digest));
        let ahead = track.ahead.values();
        let ahead = ahead.map(|certified| (&certified.certificate, &certified.digest));
        for (certificate, digest) in ahead.chain(recent) {
            if certificate.generation == generation
                && let Some(sig) = certificate.echo_of(seal.signer)
                && denied(&certificate.header, digest)
            {
                let header = certificate.header.clone();
                let sig = *sig;
                return Some(SignedHeader {
                    generation,
                    header,
                    sig,
                });
            }
        }
        // Of our own message we have the echoes one by one, and of a message that is open its source's.
        if Some(seat) == self.chain.seat()
            && let Some(flight) = &self.source.flight
            && flight.generation == generation
            && let Some(sig) = flight.echoes.get(&culprit)
            && denied(&flight.header, &flight.digest)
        {
            let (header, sig) = (flight.header.clone(), *sig);
            return Some(SignedHeader {
                generation,
                header,
                sig,
            });
        }
        if self.chain.members().in_seat(seat) == Some(&culprit) {
            let open = track.open.iter().find(|open| {
                open.source_echo.0 == generation && denied(&open.header, &open.digest)
            });
            return open.map(|open| open.signed());
        }
        None
    }
}
