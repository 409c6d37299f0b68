//! Campaigns: everything about a run is drawn from its seed.

use bft_crdts::Sound;
use bft_crdts::net::campaign::{Campaign, SeedResult};

fn run(seed: u64) -> SeedResult {
    Campaign::default().run::<Sound>(seed).unwrap()
}

#[test]
fn a_hundred_seeds_keep_every_promise() {
    let (mut delivered, mut adversaries) = (0, 0);
    for seed in 0..100 {
        let result = run(seed);
        assert_eq!(
            result.violations,
            [],
            "seed {seed}: {:?}",
            result.adversaries
        );
        assert!(result.converged, "seed {seed}");
        assert_eq!(
            result.delivered + result.refused,
            result.submitted,
            "seed {seed}"
        );
        delivered += result.delivered;
        adversaries += result.adversaries.len();
    }
    assert!(
        delivered > 500 && adversaries > 150,
        "{delivered} {adversaries}"
    );
}

#[test]
fn a_seed_gives_one_result_wherever_and_however_often_it_is_run() {
    for seed in 0..20 {
        let here = run(seed);
        let there = std::thread::spawn(move || run(seed)).join().unwrap();
        assert_eq!(here, there);
        let traced = Campaign::default().run_traced::<Sound>(seed).unwrap();
        assert_eq!(
            traced.trace_digest, here.trace_digest,
            "a trace changes nothing"
        );
        let again = Campaign::default().run_traced::<Sound>(seed).unwrap();
        assert_eq!(traced.trace, again.trace);
    }
    assert_ne!(run(1).trace_digest, run(2).trace_digest);
}
