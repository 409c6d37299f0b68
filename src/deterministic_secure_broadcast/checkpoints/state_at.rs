//! Working out the state at a version vector.

use serde::Serialize;

use super::base::{Bases, open};
use crate::actor::{Counter, Keys};
use crate::codec::{self, Bytes};
use crate::deterministic_secure_broadcast::chain::ChainState;
use crate::deterministic_secure_broadcast::effect::dots;
use crate::deterministic_secure_broadcast::error::{Malformed, Rejection};
use crate::deterministic_secure_broadcast::header::VersionVector;
use crate::deterministic_secure_broadcast::ledger::Ledger;
use crate::deterministic_secure_broadcast::wire::snapshot::{Manifest, Snapshot, Tip};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// The state at a version vector: the snapshot and its manifest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StateAt {
    pub(super) manifest: Manifest,
    pub(super) snapshot: Bytes,
}

impl StateAt {
    pub(crate) fn into_parts(self) -> (Manifest, Bytes) {
        (self.manifest, self.snapshot)
    }
}

/// Where a version vector lies, seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Exactly what is delivered here.
    Current,
    /// Delivered, at the ends of messages, and with all their causes.
    Past,
    /// The same, but a message below it has a cause beyond it.
    Open,
    /// A message lies across it.
    Across,
    /// It does not cover all that the base covers.
    Pruned,
    /// It is not delivered here.
    NotDelivered,
}

impl Relation {
    /// Whether a replica can have stood there.
    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::Current | Self::Past)
    }
}

/// Why there is no state at a version vector here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoState {
    /// Not yet: it is not delivered here.
    NotDelivered,
    /// No longer: less is covered than what is pruned.
    Pruned,
    /// Never: a message lies across it, or its state is too large for a snapshot.
    Never,
}

impl From<NoState> for Rejection {
    fn from(no: NoState) -> Self {
        match no {
            NoState::NotDelivered => Self::NotDelivered,
            NoState::Pruned => Self::Late,
            NoState::Never => Malformed::Snapshot.into(),
        }
    }
}

/// Where a source stands while its messages are gone through.
#[derive(Clone)]
struct Walker {
    delivered: Counter,
    tip: Tip,
    clock: VersionVector,
}

impl<S: Clone + Serialize> Bases<S> {
    /// Where this version vector lies, as far as the headers say: before anything expensive is done.
    pub(crate) fn relation<A>(&self, ledger: &Ledger<A>, clock: &VersionVector) -> Relation
    where
        A: SecureBroadcastAlgorithm<ReplicatedState = S>,
    {
        if clock == ledger.clock() {
            return Relation::Current;
        }
        if clock.is_ahead_of(ledger.clock()) {
            return Relation::NotDelivered;
        }
        let base = self.covers();
        if base.is_some_and(|base| base.is_ahead_of(clock)) {
            return Relation::Pruned;
        }
        let covered = |seat: Seat| base.map_or(Counter::ZERO, |base| base.get(seat));
        let ends = |seat: Seat, counter: Counter| {
            let logged = ledger.logged(seat, counter);
            counter == covered(seat) || logged.is_some_and(|logged| logged.last == counter)
        };
        if !clock.iter().all(|(seat, counter)| ends(seat, counter)) {
            return Relation::Across;
        }
        let mut below = ledger
            .log()
            .iter()
            .map(|logged| (&logged.certificate.header, logged.last))
            .filter(|(header, last)| {
                *last > covered(header.source) && header.first <= clock.get(header.source)
            });
        let closed = below.all(|(header, _)| {
            let mut causes = header.causes.iter();
            causes.all(|(seat, counter)| *counter <= clock.get(*seat))
        });
        if closed {
            Relation::Past
        } else {
            Relation::Open
        }
    }

    /// The state at this version vector, as far as we still know it, given [where it lies](Self::relation).
    pub(crate) fn state_at<A, K: Keys>(
        &self,
        ledger: &Ledger<A>,
        chain: &ChainState<K>,
        clock: &VersionVector,
        relation: Relation,
    ) -> Result<StateAt, NoState>
    where
        A: SecureBroadcastAlgorithm<ReplicatedState = S>,
    {
        let (tips, state) = match relation {
            Relation::Current => (tips_now(ledger), codec::encode(&ledger.algorithm().state())),
            Relation::Past | Relation::Open => self
                .replayed_to(ledger, chain, clock)
                .ok_or(NoState::Never)?,
            Relation::Across => return Err(NoState::Never),
            Relation::Pruned => return Err(NoState::Pruned),
            Relation::NotDelivered => return Err(NoState::NotDelivered),
        };
        let (tips, state) = (codec::encode(&tips).into(), state.into());
        let snapshot = Bytes::from(codec::encode(&Snapshot { tips, state }));
        let manifest = Manifest::of(clock.clone(), &snapshot).ok_or(NoState::Never)?;
        Ok(StateAt { manifest, snapshot })
    }

    /// Goes through the log once more, from the base, and leaves out what lies beyond the version vector.
    fn replayed_to<A, K: Keys>(
        &self,
        ledger: &Ledger<A>,
        chain: &ChainState<K>,
        clock: &VersionVector,
    ) -> Option<(Vec<Tip>, Vec<u8>)>
    where
        A: SecureBroadcastAlgorithm<ReplicatedState = S>,
    {
        let members = chain.members();
        let seats = members.seats();
        let mut walkers = vec![
            Walker {
                delivered: Counter::ZERO,
                tip: Tip {
                    header: *chain.generations.network().digest(),
                    messages: 0,
                    clock: Vec::new(),
                },
                clock: VersionVector::zero(seats),
            };
            seats
        ];
        let mut algorithm = A::new(chain.own());
        if let Some(base) = self.base() {
            let (tips, state) = open::<A>(&base.snapshot)?;
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
        } else if let Some(genesis) = &self.genesis {
            algorithm.sync_from(genesis.clone());
        }
        for logged in ledger.log() {
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
            let Some(source) = members.in_seat(seat).copied() else {
                continue;
            };
            for (dot, op) in dots(source, header.first).zip(ops.unwrap_or_default()) {
                algorithm.apply(dot, op);
            }
        }
        let mut tips = Vec::with_capacity(seats);
        for ((_, counter), walker) in clock.iter().zip(walkers) {
            if walker.delivered != counter {
                return None;
            }
            let mut tip = walker.tip;
            tip.clock = nonzero(&walker.clock);
            tips.push(tip);
        }
        Some((tips, codec::encode(&algorithm.state())))
    }
}

fn tips_now<A: SecureBroadcastAlgorithm>(ledger: &Ledger<A>) -> Vec<Tip> {
    let tips = ledger.sources().map(|(_, source)| Tip {
        header: source.tip(),
        messages: u64::try_from(source.messages()).unwrap_or(u64::MAX),
        clock: nonzero(source.clock()),
    });
    tips.collect()
}

fn nonzero(clock: &VersionVector) -> Vec<(Seat, Counter)> {
    clock
        .iter()
        .filter(|(_, counter)| *counter > Counter::ZERO)
        .collect()
}
