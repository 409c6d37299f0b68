//! One number from which a property test draws everything, so that a failure can be replayed.
//!
//! A test takes a [`Seed`] and builds a valid scenario from its generator: nothing is discarded. The seed does not shrink,
//! for a smaller seed is an unrelated scenario. When a property fails, the seed is printed with the command that
//! runs it again: the tester prints only arguments that come out of shrinking, so a seed "shrinks" to itself, once.

use std::env;
use std::fmt;

use quickcheck::{Arbitrary, Gen};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Names the scenario to run instead of random ones.
const REPLAY: &str = "REPLAY_SEED";

/// What a property test draws its scenario from.
#[derive(Clone, Copy)]
pub(crate) struct Seed {
    value: u64,
    shrunk: bool,
}

impl Seed {
    /// The stream of randomness this seed stands for.
    pub(crate) fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.value)
    }
}

impl Arbitrary for Seed {
    fn arbitrary(g: &mut Gen) -> Self {
        let value = match env::var(REPLAY) {
            Ok(seed) => seed.parse().expect("REPLAY_SEED is a number"),
            Err(_) => u64::arbitrary(g),
        };
        let shrunk = false;
        Seed { value, shrunk }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let Seed { value, shrunk } = *self;
        let again = (!shrunk).then_some(Seed {
            value,
            shrunk: true,
        });
        Box::new(again.into_iter())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = env!("CARGO_CRATE_NAME");
        let test = std::thread::current().name().unwrap_or("").to_string();
        let seed = self.value;
        write!(
            f,
            "seed {seed}; to replay: {REPLAY}={seed} cargo test --test {file} {test}"
        )
    }
}
