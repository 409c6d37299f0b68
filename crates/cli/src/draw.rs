//! Random draws for workloads: a fixed generator and a fixed way from its words to a choice, so that a seed means
//! the same rows on every machine and in every release.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream of `seed` for one purpose; streams of different purposes are independent.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(purpose);
        Self(rng)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(bound);
        // The upper half of the product is below `bound`, which fits.
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// One of `choices`; `None` if there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = self.below(u64::try_from(choices.len()).ok()?);
        choices.get(usize::try_from(index).ok()?)
    }

    /// Whether something happens that does `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    #[test]
    fn draws_stay_in_bounds_and_reach_all_of_them() {
        let mut draw = Draw::new(1, 2);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            let value = draw.between(3, 7);
            seen[usize::try_from(value - 3).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| *count > 150), "{seen:?}");
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.pick::<u8>(&[]), None);
    }

    #[test]
    fn a_seed_means_the_same_draws_for_ever() {
        let mut draw = Draw::new(7, 0);
        assert_eq!(
            [
                draw.below(1_000_000),
                draw.below(1_000_000),
                draw.below(1_000_000)
            ],
            PINNED
        );
        assert_ne!(
            Draw::new(7, 1).below(u64::MAX),
            Draw::new(7, 0).below(u64::MAX)
        );
        assert_ne!(
            Draw::new(8, 0).below(u64::MAX),
            Draw::new(7, 0).below(u64::MAX)
        );
    }

    const PINNED: [u64; 3] = [157_796, 167_989, 704_276];
}
