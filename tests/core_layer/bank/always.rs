//! What holds in every history that causality allows.

use bft_crdts::SecureBroadcastAlgorithm;
use bft_crdts::codec::encode;
use quickcheck_macros::quickcheck;

use super::world::World;
use crate::seed::Seed;

const STEPS: usize = 60;

/// Money is neither made nor lost, at any replica, at any time.
#[quickcheck]
fn money_is_conserved(seed: Seed) {
    World::new(seed.rng()).run(STEPS, |world| {
        for replica in &world.replicas {
            let issuers = replica.bank.ledger().issuers();
            let issued: u64 = issuers.map(|(_, _, issued)| issued).sum();
            assert_eq!(replica.bank.supply(), world.money + issued);
        }
    });
}

/// Once valid at its source, an operation is valid wherever its causes are delivered, and stays so whatever others do
/// meanwhile.
#[quickcheck]
fn validity_is_stable(seed: Seed) {
    World::new(seed.rng()).run(STEPS, |world| {
        for replica in &world.replicas {
            for message in world.messages.iter().filter(|m| replica.awaits(m)) {
                assert_eq!(replica.bank.validate(&message.dot, &message.op), Ok(()));
            }
        }
    });
}

/// Concurrent operations commute: whoever has delivered everything has the same bytes.
#[quickcheck]
fn replicas_converge_to_the_same_bytes(seed: Seed) {
    let mut world = World::new(seed.rng());
    world.run(STEPS, |_| {});
    let states: Vec<_> = world
        .replicas
        .iter()
        .map(|r| encode(&r.bank.state()))
        .collect();
    assert!(states.iter().all(|state| *state == states[0]));
    let sources = world.replicas.iter().map(|replica| &replica.delivered);
    assert!(
        sources
            .clone()
            .all(|delivered| *delivered == world.replicas[0].delivered)
    );
}

/// The scenarios are not vacuous: most attempts are valid, many claim credits, and some are refused.
#[test]
fn the_scenarios_mean_something() {
    use bft_crdts::bank::Op;
    use rand::SeedableRng;
    let (mut valid, mut refused, mut claiming, mut issues) = (0, 0, 0, 0);
    for seed in 0..100 {
        let mut world = World::new(rand_chacha::ChaCha8Rng::seed_from_u64(seed));
        for _ in 0..STEPS {
            if world.act() {
                valid += 1;
            } else {
                refused += 1;
            }
            world.deliver_any();
        }
        for message in &world.messages {
            match &message.op {
                Op::Transfer { causes, .. } => claiming += usize::from(!causes.is_empty()),
                Op::Issue { .. } => issues += 1,
            }
        }
    }
    assert!(
        valid > 1_500 && refused > 500,
        "{valid} valid, {refused} refused"
    );
    assert!(
        claiming > 300 && issues > 20,
        "{claiming} claiming, {issues} issues"
    );
}
