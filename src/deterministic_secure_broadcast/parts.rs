//! All parts of a replica but the one that signs, and what changes several of them at once.

use super::SecureBroadcast;
use super::chain::ChainState;
use super::checkpoints::{Base, Bases, Checkpoints, Installation};
use super::convictions::Convictions;
use super::ledger::{Ledger, Position};
use super::reconfiguration::Reconfiguration;
use super::rules::Rules;
use super::slots::Slots;
use super::source::Source;
use crate::actor::{Counter, Keys};
use crate::membership::Seat;
use crate::traits::SecureBroadcastAlgorithm;

/// The parts that records are about: whatever is done here can neither sign nor send.
pub(super) struct UnsignedParts<'a, A: SecureBroadcastAlgorithm, K: Keys> {
    pub(super) chain: &'a mut ChainState<K>,
    pub(super) reconfiguration: &'a mut Reconfiguration,
    pub(super) ledger: &'a mut Ledger<A>,
    pub(super) slots: &'a mut Slots<A::Op>,
    pub(super) source: &'a mut Source<A::Op>,
    pub(super) bases: &'a mut Bases<A::ReplicatedState>,
    pub(super) checkpoints: &'a mut Checkpoints,
    pub(super) convictions: &'a mut Convictions,
}

impl<A: SecureBroadcastAlgorithm, K: Keys, R: Rules> SecureBroadcast<A, K, R> {
    pub(super) fn unsigned(&mut self) -> UnsignedParts<'_, A, K> {
        UnsignedParts {
            chain: &mut self.chain,
            reconfiguration: &mut self.reconfiguration,
            ledger: &mut self.ledger,
            slots: &mut self.slots,
            source: &mut self.source,
            bases: &mut self.bases,
            checkpoints: &mut self.checkpoints,
            convictions: &mut self.convictions,
        }
    }
}

impl<A: SecureBroadcastAlgorithm, K: Keys> UnsignedParts<'_, A, K> {
    /// Everything of a source up to this counter is delivered.
    pub(super) fn drop_delivered(&mut self, seat: Seat, last: Counter) {
        self.slots.drop_delivered(seat, last);
        if self.chain.seat() == Some(seat) {
            self.source.drop_delivered(last);
        }
    }

    /// Goes on from a new base, of what was delivered here.
    pub(super) fn put_base(&mut self, base: Base) {
        self.checkpoints.adopted(&base.checkpoint);
        if let Some(clock) = self.bases.adopt(base) {
            self.ledger.prune(&clock);
        }
    }

    /// Goes on from the state of a snapshot, and on top of it what was delivered here beyond it.
    pub(super) fn put_snapshot(&mut self, installation: Installation<A::ReplicatedState>) {
        let Installation { base, tips, state } = installation;
        let clock = base.checkpoint.clock().clone();
        let before = self.ledger.clock().clone();
        let mut algorithm = A::new(self.chain.own());
        algorithm.sync_from(state);
        let positions = clock
            .iter()
            .zip(tips)
            .map(|((_, counter), (tip, certificate))| Position {
                counter,
                header: tip.header,
                messages: usize::try_from(tip.messages).unwrap_or(usize::MAX),
                clock: tip.clock,
                certificate,
            });
        self.ledger
            .install(algorithm, self.chain.members(), &clock, positions.collect());
        for (seat, counter) in clock.iter() {
            if counter > before.get(seat) {
                self.drop_delivered(seat, counter);
            }
        }
        self.bases.install(base);
        self.checkpoints.installed(&clock);
    }
}
