//! Randomness: one ChaCha8 stream per purpose and node, all derived from the seed of the run.
//!
//! A draw added for one purpose does not shift the draws of another, so a run stays comparable when a fault or a
//! adversary is added to it. The bounded draws are written out here, not taken from a library whose next release may
//! draw differently: a seed printed today must replay in a year.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::node::NodeId;
use super::time::Span;

/// The source of all streams of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

/// One stream of random draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    rng: ChaCha8Rng,
}

/// A probability, in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u32);

impl Streams {
    /// The streams of the run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream for a purpose of the whole run.
    #[must_use]
    pub fn of(&self, purpose: &str) -> Stream {
        self.derive(purpose, u64::MAX)
    }

    /// The stream of one node for a purpose.
    #[must_use]
    pub fn of_node(&self, purpose: &str, node: NodeId) -> Stream {
        self.derive(purpose, u64::from(node.get()))
    }

    fn derive(&self, purpose: &str, node: u64) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key("bft-crdts simulator stream 1");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&node.to_le_bytes());
        hasher.update(purpose.as_bytes());
        Stream {
            rng: ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()),
        }
    }
}

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// 32 random bytes: a digest or key that nobody has made.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `bound`, each equally likely up to one part in 2^64 / `bound`; 0 if `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A place in a list of this length; 0 if it is empty.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A number from `min` to `max`, both included; `min` if they are the wrong way round.
    #[inline]
    pub fn range(&mut self, min: u64, max: u64) -> u64 {
        match max.checked_sub(min) {
            Some(u64::MAX) => self.bits(),
            Some(width) => min + self.below(width + 1),
            None => min,
        }
    }

    /// A span from `min` to `max`, both included.
    #[inline]
    pub fn span(&mut self, min: Span, max: Span) -> Span {
        Span::from_nanos(self.range(min.as_nanos(), max.as_nanos()))
    }

    /// Whether something of this chance happens. A chance of zero or one draws nothing.
    #[inline]
    pub fn happens(&mut self, chance: Chance) -> bool {
        match chance.0 {
            0 => false,
            Chance::ONE => true,
            ppm => self.below(u64::from(Chance::ONE)) < u64::from(ppm),
        }
    }

    /// One of the items; none of an empty list.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.index(items.len());
        items.get(index)
    }

    /// Puts the items into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }
}

impl Chance {
    const ONE: u32 = 1_000_000;
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const ALWAYS: Self = Self(Self::ONE);

    /// So many parts per million; at most all of them.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Self {
        Self(if ppm > Self::ONE { Self::ONE } else { ppm })
    }

    /// So many parts per hundred; at most all of them.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self::from_ppm(percent.saturating_mul(10_000))
    }

    /// Parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, NodeId, Streams};

    #[test]
    fn a_stream_is_pinned_for_ever() {
        let mut network = Streams::new(7).of("network");
        let drawn: Vec<u64> = (0..4).map(|_| network.below(1000)).collect();
        assert_eq!(drawn, PINNED);
    }

    const PINNED: [u64; 4] = [101, 976, 25, 356];

    #[test]
    fn streams_of_two_purposes_or_nodes_differ() {
        let streams = Streams::new(7);
        let mut drawn = [
            streams.of("network").bits(),
            streams.of("faults").bits(),
            streams.of_node("node", NodeId::new(0)).bits(),
            streams.of_node("node", NodeId::new(1)).bits(),
            Streams::new(8).of("network").bits(),
        ]
        .to_vec();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 5);
    }

    #[test]
    fn bounds_are_kept_and_reached() {
        let mut stream = Streams::new(1).of("test");
        let mut seen = [0_u32; 3];
        for _ in 0..3_000 {
            seen[stream.range(5, 7) as usize - 5] += 1;
        }
        assert!(seen.iter().all(|&count| count > 800), "{seen:?}");
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.range(9, 3), 9);
    }

    #[test]
    fn a_chance_of_one_in_five_happens_one_time_in_five() {
        let mut stream = Streams::new(1).of("test");
        let hits = (0..10_000)
            .filter(|_| stream.happens(Chance::percent(20)))
            .count();
        assert!((1_850..2_150).contains(&hits), "{hits}");
        assert!(stream.happens(Chance::ALWAYS) && !stream.happens(Chance::NEVER));
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Streams::new(3).of("test").shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
