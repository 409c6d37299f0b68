//! Those who keep everything come back.

use crate::open_faults::support::{add, rounds, set_world};

/// A correct member makes no checkpoints and is away while the others make some and forget. When it is back, nobody has
/// the messages it lacks, and it never asks for a snapshot: it stays behind for ever, with its own operation pending.
///
/// Right: it takes over a snapshot when nobody has the messages.
#[test]
fn gen4_a_member_that_makes_no_checkpoints_comes_back() {
    let mut world = set_world(4, 0, 0);
    world.checkpoint_every(4);
    world.configure(3, |config| config.checkpoint_every(None));
    let without = |packet: &crate::world::Flying| packet.to != 3 && packet.from != 3;
    for number in 0..40 {
        world.submit(number % 3, [add((number % 10) as u8)]);
        world.flow_if(without);
        (0..3).for_each(|at| world.tick(at));
        world.flow_if(without);
    }
    world.submit(3, [add(99)]);
    rounds(&mut world, 500);
    assert_eq!(world.unfinished(), None);
}
