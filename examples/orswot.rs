//! A shopping list that four people write at once. Of an add and a concurrent remove the add wins.

use std::collections::VecDeque;

use bft_crdts::orswot::{ALGORITHM, Entries, Orswot};
use bft_crdts::{Effect, Effects, Genesis, Packet, SecureBroadcast, SigningActor, To};

type List = Orswot<String>;
type Replica = SecureBroadcast<List>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = [1, 2, 3, 4].map(|n| SigningActor::from_seed([n; 32]));
    let members = keys.each_ref().map(SigningActor::actor);
    let genesis = Genesis::new("our list", ALGORITHM, members, Entries::default())?;
    let mut replicas = Vec::new();
    for key in keys {
        replicas.push(Replica::new(key, genesis.clone())?);
    }

    let add = replicas[0].algorithm().add(["milk".into(), "eggs".into()]);
    let effects = replicas[0].broadcast([add])?;
    carry_out(&mut replicas, [(0, effects)]);
    show("the first adds two things", &replicas[3]);

    // Both at once: neither has heard of what the other does.
    let remove = replicas[1].algorithm().remove(&"milk".into());
    let removed = replicas[1].broadcast(remove)?;
    let again = replicas[2].algorithm().add(["milk".into()]);
    let added = replicas[2].broadcast([again])?;
    carry_out(&mut replicas, [(1, removed), (2, added)]);
    show("one removes the milk, another adds it", &replicas[3]);

    for replica in &replicas {
        assert!(replica.algorithm().contains(&"milk".into()), "the add wins");
        assert_eq!(replica.state_digest(), replicas[0].state_digest());
    }
    println!(
        "all four have the same bytes: {}",
        replicas[0].state_digest()
    );
    Ok(())
}

/// The network. A real one also keeps the journal: see the example `bank`.
fn carry_out(replicas: &mut [Replica], effects: impl Into<VecDeque<(usize, Effects<List>)>>) {
    let mut todo = effects.into();
    while let Some((sender, effects)) = todo.pop_front() {
        let from = replicas[sender].actor();
        for effect in effects {
            let Effect::Send { to, payload } = effect else {
                continue;
            };
            for (index, replica) in replicas.iter_mut().enumerate() {
                if index == sender || (to != To::Members && to != To::One(replica.actor())) {
                    continue;
                }
                let payload = payload.clone();
                if let Ok(effects) = replica.handle(Packet { from, payload }) {
                    todo.push_back((index, effects));
                }
            }
        }
    }
}

fn show(what: &str, replica: &Replica) {
    println!(
        "{what}: {:?}",
        replica.algorithm().members().collect::<Vec<_>>()
    );
}
