//! Where statements about generations meet those that contradict them (I12, G12): nobody looks for lies, but whoever
//! hears two of them at least notices. A look-up for each statement, and two verifications when one convicts.

use crate::actor::{Actor, Keys, Sig};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::convictions::Proven;
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
    /// What convicts, if this does: evidence against a member that is not convicted yet.
    pub(crate) fn prove(&self, evidence: &Evidence) -> Option<Proven> {
        self.decide_evidence(evidence).ok()
    }

    /// Evidence that a peer has found.
    pub(crate) fn decide_evidence(&self, evidence: &Evidence) -> Result<Proven, Rejection> {
        self.convictions
            .prove::<K, R>(evidence, &self.chain.generations)
    }

    /// Convicts a member, if what it signed holds as evidence, and it is not convicted yet.
    pub(crate) fn accuse(&mut self, evidence: Evidence, effects: &mut Effects<A>) {
        let proven = self.prove(&evidence);
        self.convict_all(proven, effects);
    }

    /// Keeps one conviction per culprit, and passes it on.
    fn convict(&mut self, proven: Proven, effects: &mut Effects<A>) {
        let Some(evidence) = self.convictions.keep(proven).cloned() else {
            return;
        };
        // I13: we never sign twice in a slot. Another replica does, with our key. First of all, so that no
        // crash comes between.
        if evidence.culprit == self.actor() {
            self.halt(Halt::KeyUsedElsewhere, effects);
        }
        self.persist(Record::Evidence(Box::new(evidence.clone())), effects);
        effects.push(Effect::Evidence(evidence.clone()));
        effects.send(To::Members, Payload::Evidence(Box::new(evidence)));
    }

    pub(crate) fn convict_all(
        &mut self,
        convictions: impl IntoIterator<Item = Proven>,
        effects: &mut Effects<A>,
    ) {
        for proven in convictions {
            self.convict(proven, effects);
        }
    }

    /// What a contradiction proves against a member of a generation.
    fn member_evidence(
        &self,
        generation: Generation,
        index: MemberIndex,
        contradiction: Option<Contradiction>,
    ) -> Option<Proven> {
        let culprit = *self.chain.members_of(generation)?.actor(index)?;
        let evidence = Evidence {
            culprit,
            contradiction: contradiction?,
        };
        self.prove(&evidence)
    }

    /// What a vote proves against its voter, together with what that has said.
    pub(super) fn vote_evidence(&self, index: MemberIndex, vote: &Vote) -> Option<Proven> {
        let statement_log = self.reconfiguration.statement_logs.get(&vote.generation)?;
        let found = statement_log.against_vote::<R>(index, vote)?;
        self.member_evidence(vote.generation, index, Some(found))
    }

    fn compare_vote(&mut self, index: MemberIndex, vote: &Vote, effects: &mut Effects<A>) {
        let found = self.vote_evidence(index, vote);
        self.convict_all(found, effects);
    }

    /// The same for votes that were checked, which are remembered.
    fn hear_votes(
        &mut self,
        votes: impl IntoIterator<Item = (MemberIndex, Vote)>,
        effects: &mut Effects<A>,
    ) {
        for (index, vote) in votes {
            self.compare_vote(index, &vote, effects);
            self.reconfiguration
                .statement_log(vote.generation)
                .note_vote(index, &vote);
        }
    }

    /// What a proposal proves against its leader, together with another one of its attempt.
    pub(super) fn proposal_evidence(
        &self,
        leader: MemberIndex,
        proposal: &Proposal,
    ) -> Option<Proven> {
        let (generation, attempt) = (proposal.generation, proposal.attempt);
        let statement_log = self.reconfiguration.statement_logs.get(&generation)?;
        let signed = proposal.signed(self.network());
        let found = statement_log.against_proposal(generation, attempt, signed)?;
        self.member_evidence(generation, leader, Some(found))
    }

    /// Remembers a proposal that was checked.
    pub(super) fn hear_proposal(&mut self, proposal: &Proposal) {
        let signed = proposal.signed(self.network());
        let statement_log = self.reconfiguration.statement_log(proposal.generation);
        statement_log.note_proposal(proposal.attempt, signed);
    }

    /// What a timeout proves against its signer, together with what that has said.
    pub(super) fn timeout_evidence(
        &self,
        generation: Generation,
        timeout: (u32, &Shown),
        index: MemberIndex,
    ) -> Option<Proven> {
        let statement_log = self.reconfiguration.statement_logs.get(&generation)?;
        let found = statement_log.against_timeout::<R>(generation, timeout, index)?;
        self.member_evidence(generation, index, Some(found))
    }

    /// The same for one that was checked, which is remembered.
    pub(super) fn hear_timeout(
        &mut self,
        generation: Generation,
        (attempt, timeout): (u32, Shown),
        index: MemberIndex,
        effects: &mut Effects<A>,
    ) {
        let found = self.timeout_evidence(generation, (attempt, &timeout), index);
        self.convict_all(found, effects);
        let statement_log = self.reconfiguration.statement_log(generation);
        statement_log.note_timeout(attempt, index, timeout);
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
        let known = self.reconfiguration.round.lock.as_ref() == Some(lock);
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

    /// G12: another decision where we know of one, or have just `taken` one. More than `f` members have voted for both: in
    /// one attempt, or they have given up attempts after the earlier one as if they had not.
    pub(super) fn other_decision(&self, taken: Option<&Link>, other: &Link) -> Vec<Proven> {
        let generations = &self.chain.generations;
        let network = generations.network();
        let generation = other.decision.generation;
        let known = taken.or_else(|| generations.link_to(generation));
        let Some(known) = known.filter(|known| known.decision != other.decision) else {
            return Vec::new();
        };
        let before = Generation::new(generation.get().saturating_sub(1));
        let tip = generations.tip_of(before);
        // Who has made the generation of a link of the same packet is looked up when that is known.
        let Some((tip, members)) = tip.zip(generations.members_of(before)) else {
            return Vec::new();
        };
        if other.verify::<K, R>(network, tip, members).is_err() {
            return Vec::new();
        }
        let statement_log = self.reconfiguration.statement_logs.get(&before);
        let mut statement_log = statement_log.cloned().unwrap_or_default();
        let mut found = Vec::new();
        let votes = known.votes(network, before);
        for (index, vote) in votes.chain(other.votes(network, before)) {
            let contradiction = statement_log.against_vote::<R>(index, &vote);
            found.extend(self.member_evidence(before, index, contradiction));
            statement_log.note_vote(index, &vote);
        }
        found
    }

    /// What a seal proves against its signer, together with another one of the same generation.
    pub(super) fn seal_evidence(&self, other: &Seal) -> Option<Proven> {
        let generations = &self.chain.generations;
        let known = self
            .reconfiguration
            .seals
            .get(&(other.generation, other.signer))?;
        let members = generations.members_of(other.generation)?;
        let culprit = *members.actor(other.signer)?;
        let link = generations.tip_of(other.generation)?;
        // Making evidence of them costs a digest of both.
        if known == other || self.convictions.of(&culprit) {
            return None;
        }
        let evidence = Evidence::seals(culprit, *link, known, other);
        self.prove(&evidence)
    }

    /// What a certificate that was checked proves against those who have sealed its generation.
    pub(crate) fn certificate_against_seals(&self, certificate: &Certificate) -> Vec<Proven> {
        let generations = &self.chain.generations;
        let seals = self.reconfiguration.seals_of(certificate.generation);
        seals
            .filter_map(|seal| hidden_by::<K, R>(generations, certificate, seal))
            .filter_map(|evidence| self.prove(&evidence))
            .collect()
    }

    pub(crate) fn compare_certificate_with_seals(
        &mut self,
        certificate: &Certificate,
        effects: &mut Effects<A>,
    ) {
        let found = self.certificate_against_seals(certificate);
        self.convict_all(found, effects);
    }

    /// What an echo proves against its signer, if that has sealed its generation.
    pub(crate) fn echo_against_seal(
        &self,
        culprit: Actor,
        (generation, sig): (Generation, &Sig),
        (header, digest): (&Header, &Digest),
    ) -> Option<Proven> {
        let index = self.chain.members_of(generation)?.index_of(&culprit)?;
        let seal = self.reconfiguration.seals.get(&(generation, index))?;
        if !denies::<R>(self.signer.network(), (header, digest), seal) {
            return None;
        }
        let echo = SignedHeader {
            generation,
            header: header.clone(),
            sig: *sig,
        };
        let evidence = Evidence::hidden(culprit, echo, seal);
        self.prove(&evidence)
    }

    /// What a seal that was checked proves against its signer, together with the echoes of it that we know.
    pub(super) fn seal_against_echoes(&self, seal: &Seal) -> Option<Proven> {
        let members = self.chain.members_of(seal.generation)?;
        let culprit = *members.actor(seal.signer)?;
        if self.convictions.of(&culprit) {
            return None;
        }
        let mut seats = self.seats();
        let echo = seats.find_map(|seat| self.denied_echo(culprit, seat, seal))?;
        let evidence = Evidence::hidden(culprit, echo, seal);
        self.prove(&evidence)
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
