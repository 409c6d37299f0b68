//! Work, which takes time and cannot be forged, and the blocks made of it.

use bft_crdts::net::{NodeId, Span, Stream, VirtualTime};
use bft_crdts::{Digest, codec};
use serde::Serialize;

use super::{DEVIATION, MEAN, MOST_TXS};
use crate::keys::Ring;
use crate::tx::SignedTx;

/// A ticket of the lottery: it can be redeemed for one block on top of one parent, when its time has come.
#[derive(Debug)]
pub struct Ticket {
    miner: NodeId,
    parent: Digest,
    height: u64,
    due: VirtualTime,
}

/// A block. There is no other way to one than [`Ticket::redeem`], so whoever has one has spent the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    height: u64,
    parent: Digest,
    miner: NodeId,
    mined_at: VirtualTime,
    txs: Vec<SignedTx>,
}

/// A normally distributed number of nanoseconds, not below 0: the sum of twelve uniform draws is close enough to normal,
/// and the same on every machine.
fn normal(mean: Span, deviation: Span, stream: &mut Stream) -> Span {
    let sum: u64 = (0..12).map(|_| stream.below(1_000_000)).sum();
    // Mean 6,000,000, standard deviation 1,000,000.
    let offset = (i128::from(sum) - 6_000_000) * i128::from(deviation.as_nanos()) / 1_000_000;
    let nanos = (i128::from(mean.as_nanos()) + offset).max(0);
    Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Ticket {
    /// Draws one for a block after `(parent, height)`.
    #[must_use]
    pub fn draw(
        miner: NodeId,
        (height, parent): (u64, Digest),
        now: VirtualTime,
        stream: &mut Stream,
    ) -> Self {
        Self {
            miner,
            parent,
            height: height + 1,
            due: now + normal(MEAN, DEVIATION, stream),
        }
    }

    /// When its time has come.
    #[must_use]
    pub const fn due(&self) -> VirtualTime {
        self.due
    }

    /// The block, with these transactions; `None` before its time.
    #[must_use]
    pub fn redeem(self, now: VirtualTime, txs: Vec<SignedTx>) -> Option<Block> {
        let Self {
            miner,
            parent,
            height,
            due,
        } = self;
        (now >= due).then_some(Block {
            height,
            parent,
            miner,
            mined_at: now,
            txs,
        })
    }
}

impl Block {
    /// Its name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&codec::encode(self))
    }

    /// How many blocks there are up to it, itself included.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// The block before it.
    #[must_use]
    pub const fn parent(&self) -> Digest {
        self.parent
    }

    /// Who mined it.
    #[must_use]
    pub const fn miner(&self) -> NodeId {
        self.miner
    }

    /// What is in it.
    #[must_use]
    pub fn txs(&self) -> &[SignedTx] {
        &self.txs
    }

    /// Whether everything in it is its client's, and nothing twice. Whether it stands in the chain already shows when it
    /// is added.
    #[must_use]
    pub fn is_sound(&self, ring: &Ring) -> bool {
        let mut ids: Vec<_> = self.txs.iter().map(|request| request.tx.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len() == self.txs.len()
            && self.txs.len() <= MOST_TXS
            && self.txs.iter().all(|request| request.is_valid(ring))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bft_crdts::net::Streams;

    #[test]
    fn tickets_take_about_1500_ms_and_deviate_by_300() {
        let mut stream = Streams::new(1).of("test");
        let draws: Vec<f64> = (0..10_000)
            .map(|_| normal(MEAN, DEVIATION, &mut stream).as_nanos() as f64 / 1e6)
            .collect();
        let mean = draws.iter().sum::<f64>() / 1e4;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 1e4;
        assert!((mean - 1_500.0).abs() < 10.0, "{mean}");
        assert!(
            (variance.sqrt() - 300.0).abs() < 10.0,
            "{}",
            variance.sqrt()
        );
    }

    #[test]
    fn a_ticket_is_worth_nothing_before_its_time() {
        let mut stream = Streams::new(1).of("test");
        let start = (0, Digest::of(b""));
        let ticket = Ticket::draw(NodeId::new(0), start, VirtualTime::ZERO, &mut stream);
        let early = VirtualTime::from_nanos(ticket.due().as_nanos() - 1);
        assert!(ticket.redeem(early, Vec::new()).is_none());
        let ticket = Ticket::draw(NodeId::new(0), start, VirtualTime::ZERO, &mut stream);
        let due = ticket.due();
        assert_eq!(
            ticket.redeem(due, Vec::new()).map(|block| block.height()),
            Some(1)
        );
    }
}
