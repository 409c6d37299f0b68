//! Where scenarios come from: a stream of numbers that depends on its seed and on nothing else.

use quickcheck::Gen;

/// SplitMix64 (Steele, Lea, Flood, 2014): small, and the same in every release of every dependency, so that the seed of
/// a failure stays good.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The bias is far below anything a test could notice.
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A generator of values for `Arbitrary`, of this size.
    pub(super) fn gen_of(&mut self, size: usize) -> Gen {
        Gen::from_size_and_seed(size.max(1), self.next())
    }
}
