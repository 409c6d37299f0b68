//! What several tests of the laboratory need.

/// How many seeds a random test runs: `SEEDS` of them, if that is set.
pub(crate) fn seeds(default: u64) -> u64 {
    let set = std::env::var("SEEDS").ok();
    set.map_or(default, |seeds| seeds.parse().expect("SEEDS is a number"))
}
