//! The base: the highest checkpoint that is delivered here, and what is forgotten below the one before it.

use std::num::NonZeroUsize;

use crate::actor::{Counter, Keys};
use crate::codec::{self, Bytes, Digest};
use crate::deterministic_secure_broadcast::effect::{Effect, Effects};
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::journal::Record;
use crate::deterministic_secure_broadcast::rules::Rules;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::snapshot::{Snapshot, Tip};
use crate::deterministic_secure_broadcast::{Certificate, SecureBroadcast};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// A checkpoint with what lies behind it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::deterministic_secure_broadcast) struct Base {
    pub(super) checkpoint: Checkpoint,
    /// The digest of its manifest.
    pub(super) manifest: Digest,
    pub(super) snapshot: Bytes,
    /// The certificate of the last header of every source, by seat: what a seal has to show.
    pub(super) tips: Vec<Option<Certificate>>,
    /// How many messages it covers.
    messages: usize,
}

impl Base {
    /// A checkpoint with its snapshot; `None` if that cannot be read.
    pub(super) fn new(
        checkpoint: Checkpoint,
        snapshot: Bytes,
        tips: Vec<Option<Certificate>>,
    ) -> Option<Self> {
        let sum = tips_of(&snapshot)?
            .iter()
            .map(|tip| tip.messages)
            .fold(0, u64::saturating_add);
        Some(Self {
            manifest: checkpoint.manifest.digest(),
            checkpoint,
            snapshot,
            tips,
            messages: usize::try_from(sum).unwrap_or(usize::MAX),
        })
    }

    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    /// Where every source stands, and the state.
    pub(super) fn open<A: SecureBroadcastAlgorithm>(
        &self,
    ) -> Option<(Vec<Tip>, A::ReplicatedState)> {
        open::<A>(&self.snapshot)
    }
}

fn parts(snapshot: &[u8]) -> Option<Snapshot> {
    codec::decode_within(snapshot.len(), snapshot).ok()
}

pub(super) fn tips_of(snapshot: &[u8]) -> Option<Vec<Tip>> {
    let parts = parts(snapshot)?;
    codec::decode_within(parts.tips.len(), &parts.tips).ok()
}

pub(super) fn open<A: SecureBroadcastAlgorithm>(
    snapshot: &[u8],
) -> Option<(Vec<Tip>, A::ReplicatedState)> {
    let parts = parts(snapshot)?;
    let tips = codec::decode_within(parts.tips.len(), &parts.tips).ok()?;
    let state = codec::decode_within(parts.state.len(), &parts.state).ok()?;
    Some((tips, state))
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// After how many messages beyond the last checkpoint the next one is due; the default is
    /// [`CHECKPOINT_MESSAGES`](super::CHECKPOINT_MESSAGES). `None` keeps the whole history: this replica attests the
    /// checkpoints of others, but forgets nothing, and takes no snapshot, so it reads everything from the beginning.
    pub fn checkpoint_every(&mut self, messages: Option<NonZeroUsize>) {
        self.checkpoints.every = messages;
    }

    /// The checkpoint below which this replica has begun to forget, if there is one.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoints.base.as_ref().map(|base| &base.checkpoint)
    }

    /// Of each source, up to where the messages are forgotten: [`log`](Self::log) has what comes after.
    #[must_use]
    pub fn forgotten(&self) -> Clock {
        let mut clock = Clock::zero(self.chain.members().seats());
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

    /// Takes a checkpoint that is delivered here as the new base; whether it is what we have come to ourselves.
    pub(in crate::deterministic_secure_broadcast) fn adopt(
        &mut self,
        checkpoint: Checkpoint,
        effects: &mut Effects<A>,
    ) -> bool {
        // A draft of our own may have been overtaken.
        let news = self
            .checkpoint()
            .is_none_or(|base| checkpoint.is_beyond(base));
        if self.checkpoints.every.is_none() || !news {
            return true;
        }
        let same = |standing: &super::Standing| standing.manifest == checkpoint.manifest;
        let standing = match self.checkpoints.worked_out.take_if(|known| same(known)) {
            Some(known) => known,
            None => match self.standing_at(checkpoint.clock()) {
                Ok(standing) if same(&standing) => standing,
                Ok(_) => return false,
                // We know too little to say.
                Err(_) => return true,
            },
        };
        let Some(tips) = self.tips_at(checkpoint.clock()) else {
            return true;
        };
        let Some(base) = Base::new(checkpoint, standing.snapshot, tips) else {
            return true;
        };
        self.persist(
            Record::Checkpoint(Box::new(base.checkpoint.clone())),
            effects,
        );
        self.checkpoints
            .ahead
            .take_if(|ahead| !ahead.is_beyond(&base.checkpoint));
        let clock = base.checkpoint.clock().clone();
        self.checkpoints.genesis = None;
        let before = self.checkpoints.renew(base);
        if let Some(before) = before {
            self.ledger.prune(before.checkpoint.clock());
            self.checkpoints.before = Some(before);
        }
        effects.push(Effect::Checkpoint { clock });
        true
    }

    /// The certificate of every source's last header at this clock. `None` if one is missing, or was believed only
    /// because of what came after it: then it is not for us to hand on.
    fn tips_at(&self, clock: &Clock) -> Option<Vec<Option<Certificate>>> {
        let base = self.checkpoints.base.as_ref();
        let mut tips = Vec::with_capacity(clock.seats());
        for (seat, counter) in clock.iter() {
            if counter == Counter::ZERO {
                tips.push(None);
                continue;
            }
            if let Some(base) = base
                && base.checkpoint.clock().get(seat) == counter
            {
                tips.push(base.tips.get(seat.get()).cloned().flatten());
                continue;
            }
            let logged = self.ledger.logged(seat, counter)?;
            let certificate = &logged.certificate;
            let members = self.members_of(certificate.generation)?;
            if logged.last != counter
                || certificate
                    .verify::<K, R>(self.signer.network(), members, &logged.digest, &[])
                    .is_err()
            {
                return None;
            }
            tips.push(Some(certificate.clone()));
        }
        Some(tips)
    }
}
