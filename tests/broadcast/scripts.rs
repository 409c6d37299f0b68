//! An adversary that does anything at all, as a script drawn from a seed says.

use crate::fuzzed::attack;
use crate::networks;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn no_script_makes_correct_replicas_break_a_promise() {
    networks::check(1, 600, |plan| {
        let mut rng = plan.rng();
        let mut script = vec![0; rng.random_range(1..600)];
        rng.fill_bytes(&mut script);
        script.truncate(plan.size);
        attack::run(&script);
    });
}

/// Without this the property above could hold because nothing ever happens.
#[test]
fn the_scripts_mean_something() {
    let mut sum = attack::Tally::default();
    for number in 0..200 {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let mut script = [0; 600];
        rng.fill_bytes(&mut script);
        let tally = attack::run(&script);
        assert_eq!(tally, attack::run(&script), "a script replays");
        sum.taken += tally.taken;
        sum.rejected += tally.rejected;
        sum.undecodable += tally.undecodable;
        sum.honest += tally.honest;
        sum.forged += tally.forged;
        sum.convicted += tally.convicted;
        sum.restarts += tally.restarts;
    }
    assert!(sum.taken > 2_000 && sum.rejected > 2_000, "{sum:?}");
    assert!(sum.honest > 200 && sum.restarts > 100, "{sum:?}");
    assert!(sum.forged >= 10 && sum.convicted >= 20, "{sum:?}");
    assert!(sum.undecodable > 50, "{sum:?}");
}
