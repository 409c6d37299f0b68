//! What a short journal leaves out may not be missed.

use bft_crdts::deterministic_secure_broadcast::packet::Request;
use bft_crdts::{Config, Effect, Generation, Packet, PacketKind, Payload};

use crate::open_faults::support::{add, echo_statement, first_message, rounds, set_world, sign};
use crate::world::Replica;

/// A driver replaces the journal by a short one, and the short one is cut off at a record boundary. It restores without a
/// word, and the replica echoes another message in a slot that the missing records bound it to.
///
/// Right: a short journal says how many records belong to it, and no part of it restores.
#[test]
fn gen9_no_part_of_a_short_journal_lets_a_replica_echo_twice() {
    let mut world = set_world(4, 1, 0);
    let source = 3;
    world.submit(0, [add(1)]);
    world.flow();
    rounds(&mut world, 3);
    let generation = Generation::GENESIS;
    let [one, other] = [1, 2].map(|op| {
        let (header, ops) = first_message(&world, source, &add(op));
        let echo = sign(&world, source, &echo_statement(&world, generation, &header));
        Payload::Request(Request {
            generation,
            header,
            echo,
            ops,
        })
    });
    world.hand(source, 0, one).expect("a first message");
    let echoes =
        world.on_wire(|packet| packet.to == source && packet.payload.kind() == PacketKind::Echo);
    assert_eq!(echoes.len(), 1);
    let short = world.replica(0).compact_journal();
    let from = world.actor(source);
    let echoes_again = |cut: &usize| {
        let records = short[..*cut].iter().cloned();
        let stored = world.nodes[0].stored.clone();
        let restored = Replica::open(stored, world.genesis.clone(), records, Config::default());
        let Ok(mut restored): Result<Replica<_>, _> = restored else {
            return false;
        };
        let packet = Packet {
            from,
            payload: other.clone(),
        };
        restored.handle(packet).is_ok_and(|effects| {
            effects.iter().any(|effect| {
                matches!(
                    effect,
                    Effect::Send {
                        payload: Payload::Echo(_),
                        ..
                    }
                )
            })
        })
    };
    let twice: Vec<usize> = (1..=short.len()).filter(echoes_again).collect();
    assert_eq!(twice, Vec::<usize>::new(), "of {} records", short.len());
}
