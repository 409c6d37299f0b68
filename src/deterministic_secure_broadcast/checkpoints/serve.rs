//! Snapshots for replicas that lack what is pruned: offering them, serving their parts, and taking them.

use super::base::Adoption;
use super::fetch::{FetchStep, Fetched, NewPiece, Patience, WORTH_OPS, lag};
use super::install::Installation;
use crate::actor::{Actor, Counter, Keys};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::{Effect, Effects, To};
use crate::deterministic_secure_broadcast::error::{Halt, Rejection};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::packet::{Payload, Pull};
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::quota::{Charge, Once};
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{Piece, PullSnapshot, SnapshotPiece};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// A snapshot that a peer is offered.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Our checkpoint, unless it was offered already.
    pub(crate) checkpoint: Option<(Charge, Box<Checkpoint>)>,
    /// Whether the peer lacks what is pruned here, so that sending it messages is of no use.
    pub(crate) is_pruned: bool,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// A tick: goes on with what is fetched.
    pub(super) fn tick_fetch(&mut self, effects: &mut Effects<A>) {
        let members = self.chain.members().len();
        let patience = Patience::of(self.checkpoints.every.is_none(), members);
        let clock = self.ledger.clock();
        match self.checkpoints.fetching.tick(clock, patience) {
            FetchStep::Idle => {}
            FetchStep::Delivered(checkpoint) => {
                if let Adoption::Base(base) = self.adoption(&checkpoint) {
                    self.adopt(*base, effects);
                }
            }
            FetchStep::Pull(pull) => {
                let own = self.actor();
                let members = self.chain.members().actors().iter();
                let others: Vec<&Actor> = members.filter(|member| **member != own).collect();
                let turn = self.checkpoints.fetching.turn(others.len());
                if let Some(peer) = turn.and_then(|turn| others.get(turn)) {
                    effects.send(To::One(**peer), Payload::PullSnapshot(pull));
                }
            }
        }
    }

    /// A peer that lacks what is pruned here, or so much that it is not worth reading, is offered our base. `None` if it
    /// lacks neither.
    pub(crate) fn decide_offer(&self, to: &Actor, theirs: &VersionVector) -> Option<Offer> {
        let is_pruned = theirs
            .iter()
            .any(|(seat, counter)| counter < self.ledger.low_water(seat));
        if !is_pruned && lag(self.ledger.clock(), theirs) < WORTH_OPS {
            return None;
        }
        let base = self.bases.base();
        let base = base.filter(|base| {
            base.checkpoint.clock().is_ahead_of(theirs)
                && self.quota.may(to, true, Once::OfferCheckpoint)
        });
        let checkpoint = base.and_then(|base| {
            let checkpoint = Box::new(base.checkpoint.clone());
            let charge = self.charge(to, checkpoint.weight()).ok()?;
            Some((charge, checkpoint))
        });
        Some(Offer {
            checkpoint,
            is_pruned,
        })
    }

    /// What a request for a part of a snapshot is answered by.
    pub(crate) fn decide_pull_snapshot(
        &self,
        from: Actor,
        pull: &PullSnapshot,
    ) -> Result<(Charge, Vec<Payload>), Rejection> {
        self.check_served(from)?;
        let manifest = pull.manifest;
        let Some(served) = self.bases.serves(&manifest) else {
            // Too late: there is a newer one.
            let base = self.bases.base().ok_or(Rejection::NotRequested)?;
            let checkpoint = Box::new(base.checkpoint.clone());
            let charge = self.charge(&from, checkpoint.weight())?;
            return Ok((charge, vec![Payload::Checkpoint(checkpoint)]));
        };
        let pieces = served.pieces_of(pull.part);
        if pieces.is_empty() {
            return Err(Rejection::NotRequested);
        }
        let mut charge = self.charge_nothing(&from);
        let mut answers = Vec::new();
        for (weight, piece) in pieces {
            if !charge.add(weight) {
                break;
            }
            let piece = SnapshotPiece { manifest, piece };
            answers.push(Payload::Snapshot(Box::new(piece)));
        }
        if answers.is_empty() {
            return Err(Rejection::OverBudget);
        }
        Ok((charge, answers))
    }

    /// Checks a piece of the snapshot that is being fetched.
    pub(crate) fn decide_snapshot(&self, piece: &SnapshotPiece) -> Result<NewPiece, Rejection> {
        let fetch = self.checkpoints.fetching.of(&piece.manifest);
        let fetch = fetch.ok_or(Rejection::NotRequested)?;
        let certificates = match &piece.piece {
            Piece::Chunk { index, bytes } => return fetch.check_chunk(*index, bytes),
            Piece::Tips(certificates) => certificates,
        };
        // Each is checked as if none had vouched for the header.
        let network = self.signer.network();
        let mut taken: Vec<(Seat, Certificate)> = Vec::new();
        for certificate in certificates {
            let seat = certificate.header.source;
            let Some((tip, None)) = fetch.tips.get(seat.get()) else {
                continue;
            };
            let digest = certificate.header.digest(network);
            let ends = certificate.header.last() == Some(fetch.checkpoint.clock().get(seat));
            if digest != tip.header || !ends {
                return Err(Rejection::BadSnapshot);
            }
            let held = self.best(seat).is_some_and(|(best, _)| best == certificate);
            if !held {
                let members = self.members_of(certificate.generation);
                let members = members.ok_or(Rejection::BadSnapshot)?;
                certificate.verify::<K, R>(network, members, &digest, &[])?;
            }
            taken.push((seat, certificate.clone()));
        }
        if taken.is_empty() {
            return Err(Rejection::NotRequested);
        }
        Ok(NewPiece::Tips(taken))
    }

    pub(crate) fn apply_snapshot(
        &mut self,
        from: Actor,
        piece: NewPiece,
        effects: &mut Effects<A>,
    ) {
        match self.checkpoints.fetching.take(piece) {
            Fetched::SnapshotPart => {}
            Fetched::More(pull) => effects.send(To::One(from), Payload::PullSnapshot(pull)),
            Fetched::Whole(fetch) => {
                // I13: what our key has issued beyond all that we know was issued by another.
                if self.is_beyond_issued(fetch.checkpoint.clock()) {
                    self.halt(Halt::KeyUsedElsewhere, effects);
                }
                // What is pruned here, and not in it, would be lost.
                let news = self.bases.is_news(&fetch.checkpoint);
                let (checkpoint, snapshot) = (fetch.checkpoint, fetch.snapshot);
                let installation = Installation::read::<A>(checkpoint, snapshot, fetch.tips);
                if let Some(installation) = installation.filter(|_| news) {
                    self.install(installation, effects);
                }
                self.advance(effects);
                let (generation, clock) = (self.generation(), self.ledger.clock().clone());
                effects.send(To::One(from), Payload::Pull(Pull { generation, clock }));
            }
        }
    }

    /// Whether a version vector covers more of our own operations than we have issued.
    fn is_beyond_issued(&self, clock: &VersionVector) -> bool {
        let flying = self
            .source
            .flight
            .as_ref()
            .and_then(|flight| flight.header.last());
        let issued = flying
            .unwrap_or(Counter::ZERO)
            .max(self.delivered(&self.actor()));
        let seat = self.chain.seat();
        seat.is_some_and(|seat| clock.get(seat) > issued)
    }

    /// Goes on from a snapshot.
    fn install(
        &mut self,
        installation: Installation<A::ReplicatedState>,
        effects: &mut Effects<A>,
    ) {
        for record in installation.base.records() {
            self.persist(record, effects);
        }
        let clock = installation.base.checkpoint.clock().clone();
        self.unsigned().put_snapshot(installation);
        effects.push(Effect::Installed { clock });
    }
}
