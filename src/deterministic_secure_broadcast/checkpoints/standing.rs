//! Working out the state at a clock.

use crate::actor::{Counter, Keys};
use crate::codec::{self, Bytes};
use crate::deterministic_secure_broadcast::SecureBroadcast;
use crate::deterministic_secure_broadcast::effect::dots;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::Clock;
use crate::deterministic_secure_broadcast::rules::{AttestFacts, Rules};
use crate::deterministic_secure_broadcast::wire::snapshot::{Manifest, Snapshot, Tip};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// The snapshot at a clock, and its manifest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) manifest: Manifest,
    pub(super) snapshot: Bytes,
}

/// Where a source stands while its messages are gone through.
#[derive(Clone)]
struct Walker {
    delivered: Counter,
    tip: Tip,
    clock: Clock,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    /// What we have come to at this clock, which we have delivered, as far as we still know.
    ///
    /// # Errors
    /// If a message lies across the clock or has causes beyond it, if more than that is forgotten, or if it is too large.
    pub(super) fn standing_at(&self, clock: &Clock) -> Result<Standing, Rejection> {
        if let Some(known) = &self.checkpoints.worked_out
            && known.manifest.clock == *clock
        {
            return Ok(known.clone());
        }
        let delivered = !clock.is_ahead_of(self.ledger.clock());
        let (tips, state) = if *clock == *self.ledger.clock() {
            (
                self.tips_now(),
                codec::encode(&self.ledger.algorithm().state()),
            )
        } else if delivered {
            self.replayed_to(clock)?
        } else {
            return Err(Rejection::NotDelivered);
        };
        let closed = true;
        if !R::may_attest(&AttestFacts {
            delivered,
            closed,
            beyond: true,
        }) {
            return Err(Rejection::NotDelivered);
        }
        let (tips, state) = (codec::encode(&tips).into(), state.into());
        let snapshot = Bytes::from(codec::encode(&Snapshot { tips, state }));
        let manifest = Manifest::of(clock.clone(), &snapshot).ok_or(Malformed::Snapshot)?;
        Ok(Standing { manifest, snapshot })
    }

    fn tips_now(&self) -> Vec<Tip> {
        let tips = self.ledger.sources().map(|(_, source)| Tip {
            header: source.tip(),
            messages: u64::try_from(source.messages()).unwrap_or(u64::MAX),
            clock: nonzero(source.clock()),
        });
        tips.collect()
    }

    /// Whether a replica may stand at this clock, as the headers say: before anything dear is done.
    fn check_closed(&self, clock: &Clock) -> Result<(), Rejection> {
        let base = self
            .checkpoints
            .base
            .as_ref()
            .map(|base| base.checkpoint.clock());
        if base.is_some_and(|base| base.is_ahead_of(clock)) {
            return Err(Rejection::Late);
        }
        let covered = |seat: Seat| base.map_or(Counter::ZERO, |base| base.get(seat));
        for (seat, counter) in clock.iter() {
            let ends = self
                .ledger
                .logged(seat, counter)
                .is_some_and(|logged| logged.last == counter);
            if counter != covered(seat) && !ends {
                return Err(Malformed::Snapshot.into());
            }
        }
        for logged in self.ledger.log() {
            let header = &logged.certificate.header;
            if logged.last <= covered(header.source) || header.first > clock.get(header.source) {
                continue;
            }
            let closed = header
                .causes
                .iter()
                .all(|(seat, counter)| *counter <= clock.get(*seat));
            if !closed
                && !R::may_attest(&AttestFacts {
                    delivered: true,
                    closed,
                    beyond: true,
                })
            {
                return Err(Malformed::Snapshot.into());
            }
        }
        Ok(())
    }

    /// Goes through the log once more, from the base, and leaves out what lies beyond the clock.
    fn replayed_to(&self, clock: &Clock) -> Result<(Vec<Tip>, Vec<u8>), Rejection> {
        self.check_closed(clock)?;
        let seats = self.chain.members().seats();
        let mut walkers = vec![
            Walker {
                delivered: Counter::ZERO,
                tip: Tip {
                    header: *self.signer.network().digest(),
                    messages: 0,
                    clock: Vec::new(),
                },
                clock: Clock::zero(seats),
            };
            seats
        ];
        let mut algorithm = A::new(self.actor());
        if let Some(base) = &self.checkpoints.base {
            let (tips, state) = base.open::<A>().ok_or(Malformed::Snapshot)?;
            algorithm.sync_from(state);
            for ((walker, tip), (_, delivered)) in walkers
                .iter_mut()
                .zip(tips)
                .zip(base.checkpoint.clock().iter())
            {
                walker.delivered = delivered;
                for (seat, counter) in &tip.clock {
                    walker.clock.advance(*seat, *counter);
                }
                walker.tip = tip;
            }
        } else if let Some(genesis) = &self.checkpoints.genesis {
            algorithm.sync_from(genesis.clone());
        }
        for logged in self.ledger.log() {
            let header = &logged.certificate.header;
            let (seat, limit) = (header.source, clock.get(header.source));
            let Some(walker) = walkers.get_mut(seat.get()) else {
                continue;
            };
            if logged.last <= walker.delivered || header.first > limit {
                continue;
            }
            walker.delivered = logged.last;
            walker.tip.header = logged.digest;
            walker.tip.messages = walker.tip.messages.saturating_add(1);
            for (seat, counter) in &header.causes {
                walker.clock.advance(*seat, *counter);
            }
            let ops = codec::decode_sequence::<A::Op>(header.len as usize, &logged.ops);
            let Some(source) = self.chain.members().in_seat(seat).copied() else {
                continue;
            };
            for (dot, op) in dots(source, header.first).zip(ops.unwrap_or_default()) {
                algorithm.apply(dot, op);
            }
        }
        let mut tips = Vec::with_capacity(seats);
        for ((_, counter), walker) in clock.iter().zip(walkers) {
            if walker.delivered != counter {
                return Err(Malformed::Snapshot.into());
            }
            let mut tip = walker.tip;
            tip.clock = nonzero(&walker.clock);
            tips.push(tip);
        }
        Ok((tips, codec::encode(&algorithm.state())))
    }
}

fn nonzero(clock: &Clock) -> Vec<(Seat, Counter)> {
    clock
        .iter()
        .filter(|(_, counter)| *counter > Counter::ZERO)
        .collect()
}
