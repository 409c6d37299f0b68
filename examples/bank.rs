//! Four replicas of a bank in one process: the smallest embedding there is. The loop is the network.

use std::collections::{BTreeMap, VecDeque};

use bft_crdts::bank::{ALGORITHM, Bank, Ledger};
use bft_crdts::{Actor, Config, Effect, Genesis, Packet, SecureBroadcast, SigningActor, To, codec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Draw real seeds from the system's randomness. Four members are the fewest that tolerate a fault.
    let keys = [1, 2, 3, 4].map(|n| SigningActor::from_seed([n; 32]));
    let members = keys.each_ref().map(SigningActor::actor);
    let [ann, bob, ..] = members;
    // What all agree on beforehand: who the members are, and what is in each account.
    let ledger = Ledger::genesis(members.map(|member| (member, 100)), [])?;
    let genesis = Genesis::new("our bank", ALGORITHM, members, ledger)?;
    let mut replicas: BTreeMap<Actor, SecureBroadcast<Bank>> = BTreeMap::new();
    for key in keys {
        replicas.insert(
            key.actor(),
            SecureBroadcast::open(key, genesis.clone(), [], Config::default())?,
        );
    }

    let replica = replicas.get_mut(&ann).ok_or("ann has no replica")?;
    let pay = replica.algorithm().transfer(&ann, bob, 30)?;
    let (_ticket, effects) = replica.broadcast([pay])?;
    let mut todo = VecDeque::from([(ann, effects)]);
    let mut disks: BTreeMap<Actor, Vec<u8>> = BTreeMap::new();
    while let Some((from, effects)) = todo.pop_front() {
        // The records among them are durable before anything leaves.
        for effect in effects.into_step().synced(disks.entry(from).or_default())? {
            match effect {
                Effect::Send { to, payload } => {
                    let (kind, bytes) = (payload.kind(), codec::encode(&payload)); // what a link carries
                    for (actor, replica) in replicas.iter_mut().filter(|(a, _)| **a != from) {
                        if to != To::Members && to != To::One(*actor) {
                            continue;
                        }
                        let payload = codec::decode(&bytes)?;
                        match replica.handle(Packet { from, payload }) {
                            Ok(effects) => todo.push_back((*actor, effects)),
                            // Nothing happened; here, three echoes were enough and the fourth is late.
                            Err(rejection) => println!("{actor} needs no {kind}: {rejection}"),
                        }
                    }
                }
                Effect::Deliver(delivery) => println!("{from} delivers {:?}", delivery.ops),
                other => println!("{from}: {other:?}"),
            }
        }
    }

    for replica in replicas.values() {
        assert_eq!(replica.algorithm().balance(&bob), Some(130));
        assert_eq!(replica.algorithm().supply(), 400);
    }
    println!("all four agree that bob has 130; no leader, no clock, no chain of blocks");
    Ok(())
}
