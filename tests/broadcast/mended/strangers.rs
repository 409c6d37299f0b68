//! Whoever may ask gets an answer, however much others ask.

use bft_crdts::deterministic_secure_broadcast::wire::PullChain;
use bft_crdts::{Change, Generation, Payload};

use crate::open_faults::support::{let_join, rounds, set_world};

/// All members of the genesis have gone, and a newcomer knows nothing but the genesis and one address. A stranger sends
/// 300 tiny pulls a tick, and uses up what members answer to all strangers together.
///
/// Right: there is a small share for each of many strangers.
#[test]
fn gen8_a_flood_of_a_stranger_keeps_no_newcomer_out() {
    let mut world = set_world(4, 0, 6);
    let (newcomer, stranger) = (8, 9);
    world.crash(newcomer, 0);
    world.crash(stranger, 0);
    for (comes, goes) in [(4, 0), (5, 1), (6, 2), (7, 3)] {
        let_join(&mut world, comes);
        let leave = Change::Leave(world.actor(goes));
        for at in 0..8 {
            if world.is_up(at) && world.replica(at).is_member() {
                let _ = world.propose(at, leave);
            }
        }
        rounds(&mut world, 40);
        assert!(!world.replica(goes).is_member(), "{goes} has gone");
    }
    (0..4).for_each(|gone| world.crash(gone, 99));
    world.restart(newcomer);
    let genesis = Generation::GENESIS;
    assert_eq!(world.replica(newcomer).generation(), genesis);
    let pull = || {
        Payload::PullChain(PullChain {
            active: genesis,
            decided: genesis,
        })
    };
    for _ in 0..50 {
        (4..8).for_each(|at| world.tick(at));
        world.flow();
        for _ in 0..300 {
            for to in 4..8 {
                let _ = world.hand(stranger, to, pull());
            }
        }
        world.wire.retain(|packet| packet.to != stranger);
        for to in 4..8 {
            let _ = world.hand(newcomer, to, pull());
        }
        world.flow();
    }
    let known = world.replica(newcomer).generation();
    assert_eq!(known, world.replica(4).generation());
}
