//! Campaigns: everything about a run is drawn from its seed.

use std::cell::Cell;

use bft_crdts::Sound;
use bft_crdts::net::campaign::{Campaign, SeedResult, Strongest};
use bft_crdts::net::{Chance, Span};

use crate::film;
use crate::networks::{self, Plan};

fn run(seed: u64) -> SeedResult {
    Campaign::default().run::<Sound>(seed).unwrap()
}

/// The seed's run, or a smaller one.
fn planned(plan: Plan) -> SeedResult {
    let mut campaign = Campaign {
        operations: plan.size as u64,
        ..Campaign::default()
    };
    if !plan.faults {
        campaign.strongest = Strongest {
            loss: Chance::NEVER,
            duplication: Chance::NEVER,
            reordering: Chance::NEVER,
            latency: Span::from_millis(1),
            partitions: 0,
            crashes: 0,
            heal_at: campaign.strongest.heal_at,
        };
    }
    let result = match film::recording() {
        true => campaign.run_traced::<Sound>(plan.seed),
        false => campaign.run::<Sound>(plan.seed),
    };
    let result = result.unwrap();
    film::keep(result.trace.as_ref());
    result
}

#[test]
fn all_seeds_keep_every_promise() {
    let (delivered, adversaries) = (Cell::new(0), Cell::new(0));
    networks::check(1, 20, |plan| {
        let result = planned(plan);
        assert_eq!(result.violations, [], "{:?}", result.adversaries);
        assert!(result.converged);
        assert_eq!(result.delivered + result.refused, result.submitted);
        delivered.set(delivered.get() + result.delivered);
        adversaries.set(adversaries.get() + result.adversaries.len() as u64);
    });
    let runs = networks::cases(1);
    let enough = delivered.get() > 5 * runs && 2 * adversaries.get() > 3 * runs;
    assert!(enough || runs < 100, "{delivered:?} {adversaries:?}");
}

#[test]
fn a_seed_gives_one_result_wherever_and_however_often_it_is_run() {
    networks::check(5, 20, |plan| {
        let seed = plan.seed;
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
        // One network, whoever looks at it.
        film::keep(again.trace.as_ref());
    });
    assert_ne!(run(1).trace_digest, run(2).trace_digest);
}
