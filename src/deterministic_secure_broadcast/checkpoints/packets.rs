//! The packets about checkpoints: what each of them leads to is decided by looking, and then carried out.

use super::base::{Adoption, open};
use super::propose::{OwnProposal, name};
use super::state::ProposalStep;
use super::state_at::{NoState, Relation, StateAt};
use crate::actor::{Actor, Keys, Sig, verify};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::decided::Decision;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::packet::Payload;
use crate::deterministic_secure_broadcast::quota::Once;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::signer::Unsigned;
use crate::deterministic_secure_broadcast::wire::checkpoint::{
    Attest, Checkpoint, CheckpointProposal, CheckpointStatement,
};
use crate::membership::MemberIndex;
use crate::traits::SecureBroadcastAlgorithm;

/// Whether the state at a version vector is for us to attest.
enum Attestable {
    /// This is it.
    Yes(StateAt),
    /// We may come to it.
    NotYet(Rejection),
    /// It never will be.
    Never(Rejection),
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// A tick: goes on with what is fetched, proposes a checkpoint when one is due, and asks again the members that have
    /// not attested our proposal.
    pub(crate) fn tick_checkpoint(&mut self, effects: &mut Effects<A>) {
        self.tick_fetch(effects);
        let members = self.chain.members().len();
        self.checkpoints.turns.tick(members);
        let signing = self.check_signing().is_ok() && !self.is_sealed();
        let Some(own) = self.index().filter(|_| signing) else {
            return;
        };
        let (messages, covered) = (self.height(), self.bases.covered());
        match self
            .checkpoints
            .tick_proposal(own, members, messages, covered)
        {
            ProposalStep::Nothing => {}
            ProposalStep::Repeat => self.send_proposal(effects),
            ProposalStep::Propose => self.propose_checkpoint(own, effects),
        }
    }

    fn propose_checkpoint(&mut self, own: MemberIndex, effects: &mut Effects<A>) {
        // Before anything expensive is done.
        if !self.is_ripe() || !self.checkpoints.turns.is_open_to(own) {
            return;
        }
        let Attestable::Yes(state) = self.attestable(self.ledger.clock()) else {
            return;
        };
        // A snapshot that cannot be read helps no replica.
        if open::<A>(&state.snapshot).is_none() {
            return;
        }
        self.attest(own, state, effects, |checkpoints, state, sig| {
            checkpoints.proposal = Some(OwnProposal::new(state, own, sig));
            None
        });
        self.send_proposal(effects);
        self.certify_proposal(effects);
    }

    fn is_ripe(&self) -> bool {
        let base = self.bases.base();
        let bytes = base.map(|base| base.checkpoint.manifest.bytes);
        self.checkpoints.turns.is_ripe(bytes)
    }

    /// Whether the state at a version vector is for us to attest (`may_attest`).
    fn attestable(&self, clock: &VersionVector) -> Attestable {
        let known = self.checkpoints.worked_out.as_ref();
        let known = known.filter(|known| known.manifest.clock == *clock);
        // What was worked out once was delivered, and closed.
        let relation = known.map_or_else(
            || self.bases.relation(&self.ledger, clock),
            |_| Relation::Past,
        );
        let facts = self.checkpoints.attest_facts(clock, relation);
        if !R::may_attest(&facts) {
            return match relation {
                _ if !facts.beyond => Attestable::NotYet(Rejection::Late),
                Relation::NotDelivered => Attestable::NotYet(Rejection::NotDelivered),
                Relation::Pruned => Attestable::NotYet(Rejection::Late),
                _ => Attestable::Never(Malformed::Snapshot.into()),
            };
        }
        if let Some(known) = known {
            return Attestable::Yes(known.clone());
        }
        match self
            .bases
            .state_at(&self.ledger, &self.chain, clock, relation)
        {
            Ok(state) => Attestable::Yes(state),
            Err(no @ (NoState::NotDelivered | NoState::Pruned)) => Attestable::NotYet(no.into()),
            Err(no @ NoState::Never) => Attestable::Never(no.into()),
        }
    }

    /// Signs the state at a version vector, and is bound to that before it leaves. `remember`: what becomes of the
    /// signature.
    fn attest(
        &mut self,
        proposer: MemberIndex,
        state: StateAt,
        effects: &mut Effects<A>,
        remember: impl FnOnce(&mut super::Checkpoints, StateAt, Sig) -> Option<(To, Payload)>,
    ) {
        let checkpoints = &mut self.checkpoints;
        let clock = &state.manifest.clock;
        checkpoints.turns.take(proposer);
        let further = clock.is_ahead_of(&checkpoints.floor);
        let record = further.then(|| Record::Attested(clock.clone()));
        if further {
            checkpoints.raise_floor(clock);
        }
        checkpoints.worked_out = Some(state.clone());
        let statement = CheckpointStatement {
            generation: self.chain.members().generation(),
            manifest: state.manifest.digest(),
        };
        let unsigned = Unsigned::new(self.signer.network(), &statement, |sig| (record, sig));
        let mut remember = Some(remember);
        self.signer.commit([unsigned], effects, |sig| {
            remember.take()?(&mut self.checkpoints, state.clone(), sig)
        });
    }

    fn send_proposal(&self, effects: &mut Effects<A>) {
        let Some(proposal) = &self.checkpoints.proposal else {
            return;
        };
        let payload = Payload::CheckpointProposal(CheckpointProposal {
            generation: self.generation(),
            clock: proposal.state.manifest.clock.clone(),
        });
        let members = self.chain.members();
        if proposal.is_alone() {
            if members.len() > 1 {
                effects.send(To::Members, payload);
            }
            return;
        }
        for actor in members.actors() {
            let index = members.index_of(actor);
            if index.is_some_and(|index| !proposal.is_attested_by(index)) {
                effects.send(To::One(*actor), payload.clone());
            }
        }
    }

    pub(crate) fn decide_proposal(
        &self,
        from: Actor,
        proposal: &CheckpointProposal,
    ) -> Result<Decision<A>, Rejection> {
        if let Some(gated) = self.gate(from, proposal.generation)? {
            return Ok(gated);
        }
        let index = self.check_member(from)?;
        self.check_clock(proposal.clock.seats())?;
        if let Some(base) = self.bases.base()
            && !proposal.clock.is_ahead_of(base.checkpoint.clock())
        {
            let checkpoint = Box::new(base.checkpoint.clone());
            let charge = self.charge(&from, checkpoint.weight())?;
            let payloads = vec![Payload::Checkpoint(checkpoint)];
            return Ok(Decision::charged(from, (charge, payloads)));
        }
        self.check_signing()?;
        if self.is_sealed() {
            return Err(Rejection::Late);
        }
        // Working it out is expensive: one for each member and tick.
        if !self.quota.may(&from, true, Once::WorkOutProposal) {
            return Err(Rejection::OverBudget);
        }
        let turns = &self.checkpoints.turns;
        if !self.is_ripe() || !turns.is_open_to(index) {
            return Err(Rejection::Late);
        }
        match self.attestable(&proposal.clock) {
            Attestable::Yes(state) => Ok(Decision::Attest {
                from,
                proposer: index,
                state: Box::new(state),
            }),
            // We may come to it, and meanwhile make no proposal of our own that would lie aside of it.
            Attestable::NotYet(_) if turns.is_free() => Ok(Decision::AwaitProposal(index)),
            Attestable::NotYet(why) | Attestable::Never(why) => Err(why),
        }
    }

    /// It is this member's turn to propose.
    pub(crate) fn await_proposal(&mut self, proposer: MemberIndex) {
        self.checkpoints.turns.take(proposer);
    }

    /// Attests what a member proposes.
    pub(crate) fn answer_proposal(
        &mut self,
        from: Actor,
        proposer: MemberIndex,
        state: StateAt,
        effects: &mut Effects<A>,
    ) {
        self.quota.note(from, Once::WorkOutProposal);
        let generation = self.generation();
        self.attest(proposer, state, effects, |_, state, sig| {
            let attest = Attest {
                generation,
                clock: name(&state.manifest.clock),
                manifest: state.manifest.digest(),
                sig,
            };
            Some((To::One(from), Payload::Attest(attest)))
        });
    }

    pub(crate) fn decide_attest(
        &self,
        from: Actor,
        attest: &Attest,
    ) -> Result<Decision<A>, Rejection> {
        if let Some(gated) = self.gate(from, attest.generation)? {
            return Ok(gated);
        }
        let index = self.check_member(from)?;
        let proposal = self.checkpoints.proposal.as_ref();
        let proposal = proposal.ok_or(Rejection::NotRequested)?;
        if attest.clock != proposal.name {
            return Err(Rejection::Late);
        }
        if proposal.is_attested_by(index) {
            return Err(Rejection::Duplicate);
        }
        let statement = CheckpointStatement {
            generation: attest.generation,
            manifest: attest.manifest,
        };
        let network = self.signer.network();
        let key = self.chain.members().key(index);
        if !key.is_some_and(|key| verify::<K, _>(key, network, &statement, &attest.sig)) {
            return Err(Rejection::InvalidSignature { signer: Some(from) });
        }
        if attest.manifest != proposal.manifest {
            return Ok(Decision::Report(Effect::Diverged { member: from }));
        }
        Ok(Decision::Attestation {
            member: index,
            sig: attest.sig,
        })
    }

    /// Counts a member's attestation of our proposal.
    pub(crate) fn count_attestation(
        &mut self,
        member: MemberIndex,
        sig: Sig,
        effects: &mut Effects<A>,
    ) {
        self.checkpoints.count_attestation(member, sig);
        self.certify_proposal(effects);
    }

    fn certify_proposal(&mut self, effects: &mut Effects<A>) {
        let (generation, members) = (self.generation(), self.chain.members().len());
        let Some(checkpoint) = self.checkpoints.take_certified::<R>(generation, members) else {
            return;
        };
        if members > 1 {
            let payload = Payload::Checkpoint(Box::new(checkpoint.clone()));
            effects.send(To::Members, payload);
        }
        if let Adoption::Base(base) = self.adoption(&checkpoint) {
            self.adopt(*base, effects);
        }
    }

    pub(crate) fn decide_checkpoint(
        &self,
        from: Actor,
        checkpoint: &Checkpoint,
    ) -> Result<Decision<A>, Rejection> {
        if checkpoint.generation > self.generation()
            && let Some(gated) = self.gate(from, checkpoint.generation)?
        {
            return Ok(gated);
        }
        // Whoever keeps everything needs it only to go on from, should nobody have what leads there.
        let ahead = checkpoint.clock().is_ahead_of(self.ledger.clock());
        if self.checkpoints.every.is_none() && !ahead {
            return Err(Rejection::NotRequested);
        }
        let fetching = &self.checkpoints.fetching;
        if let Some(known) = fetching.ahead()
            && !checkpoint.is_beyond(known)
        {
            if !fetching.is_fetching() || !known.is_beyond(checkpoint) {
                return Err(Rejection::Duplicate);
            }
            let charge = self.charge(&from, known.weight())?;
            // Its sender may be able to give more, once it knows of a higher one.
            let payloads = vec![Payload::Checkpoint(Box::new(known.clone()))];
            return Ok(Decision::charged(from, (charge, payloads)));
        }
        if !self.bases.is_news(checkpoint) {
            return Err(Rejection::Duplicate);
        }
        // What a quorum of an older generation has attested was true then and is true now (A3), and those that have
        // pruned what it covers may be too few to attest anything anew.
        let members = self.members_of(checkpoint.generation);
        let members = members.ok_or(Rejection::Outdated(checkpoint.generation))?;
        checkpoint.verify::<K, R>(self.signer.network(), members)?;
        if ahead {
            return Ok(Decision::CheckpointAhead(Box::new(checkpoint.clone())));
        }
        Ok(match self.adoption(checkpoint) {
            Adoption::None => Decision::answer(from, Vec::new()),
            Adoption::Diverged => Decision::Report(Effect::Diverged { member: from }),
            Adoption::Base(base) => Decision::Adopt(base),
        })
    }

    /// A checkpoint is ahead of what is delivered here.
    pub(crate) fn learn_checkpoint(&mut self, checkpoint: Checkpoint) {
        self.checkpoints.fetching.learn(checkpoint);
    }
}
