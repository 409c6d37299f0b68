//! The base as the replica's owner sees it, and how a checkpoint becomes the new one.

use super::base::{Adoption, Base};
use super::state_at::{NoState, Relation, StateAt};
use crate::actor::{Counter, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::ledger::Logged;
use crate::deterministic_secure_broadcast::rules::{AttestFacts, Rules};
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::traits::SecureBroadcastAlgorithm;

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// R6: a new generation has begun, and everything that a quorum of the one before may have attested lies below what
    /// any quorum of its seals shows.
    pub(crate) fn inherit_floor(&mut self) {
        let mut inherited = self.ledger.clock().clone();
        for seat in self.seats() {
            let last = self.best(seat).and_then(|(best, _)| best.header.last());
            inherited.advance(seat, last.unwrap_or(Counter::ZERO));
        }
        self.checkpoints.raise_floor(&inherited);
    }

    /// The checkpoint below which this replica has begun to prune, if there is one.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.bases.base().map(|base| &base.checkpoint)
    }

    /// Of each source, up to where the messages are pruned: [`log`](Self::log) has what comes after.
    #[must_use]
    pub fn forgotten(&self) -> VersionVector {
        let mut clock = VersionVector::zero(self.chain.members().seats());
        for (seat, source) in self.ledger.sources() {
            clock.advance(seat, source.low_water());
        }
        clock
    }

    /// How many messages were ever delivered here, those in a snapshot included.
    #[must_use]
    pub fn height(&self) -> usize {
        self.ledger.height()
    }

    /// Whether a checkpoint that is delivered here is the new base.
    pub(super) fn adoption(&self, checkpoint: &Checkpoint) -> Adoption {
        // A proposal of our own may have been overtaken.
        if self.checkpoints.every.is_none() || !self.bases.is_news(checkpoint) {
            return Adoption::None;
        }
        let known = self.checkpoints.worked_out.as_ref();
        let snapshot = match known.filter(|known| known.manifest == checkpoint.manifest) {
            Some(known) => known.snapshot.clone(),
            None => match self.state_of(checkpoint.clock()) {
                Ok(state) if state.manifest == checkpoint.manifest => state.snapshot,
                Ok(_) => return Adoption::Diverged,
                Err(_) => return Adoption::None,
            },
        };
        let network = self.signer.network();
        let holds = |logged: &Logged| {
            let certificate = &logged.certificate;
            let members = self.members_of(certificate.generation);
            members.is_some_and(|members| {
                let verified = certificate.verify::<K, R>(network, members, &logged.digest, &[]);
                verified.is_ok()
            })
        };
        let tips = self.bases.tips_at(&self.ledger, checkpoint.clock(), holds);
        let base = tips.and_then(|tips| Base::new(checkpoint.clone(), snapshot, tips));
        base.map_or(Adoption::None, |base| Adoption::Base(Box::new(base)))
    }

    /// The state at a version vector that others have attested: what binds ourselves is no matter here.
    fn state_of(&self, clock: &VersionVector) -> Result<StateAt, NoState> {
        let relation = self.bases.relation(&self.ledger, clock);
        let facts = AttestFacts {
            beyond: true,
            ..self.checkpoints.attest_facts(clock, relation)
        };
        if facts.delivered && relation != Relation::Pruned && !R::may_attest(&facts) {
            return Err(NoState::Never);
        }
        self.bases
            .state_at(&self.ledger, &self.chain, clock, relation)
    }

    /// Takes the new base.
    pub(crate) fn adopt(&mut self, base: Base, effects: &mut Effects<A>) {
        let record = Record::Checkpoint(Box::new(base.checkpoint.clone()));
        self.persist(record, effects);
        let clock = base.checkpoint.clock().clone();
        self.unsigned().put_base(base);
        effects.push(Effect::Checkpoint { clock });
    }
}
