//! A change of members with fixed keys, every packet and record of which can be looked at: the first leader is silent, and
//! somebody joins.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::collections::VecDeque;

use bft_crdts::bank::Bank;
use bft_crdts::{
    Actor, Change, Config, Effect, Effects, Generation, Genesis, Packet, Payload, Record,
    SecureBroadcast, SigningActor, To,
};

/// All that was sent and journaled until everybody had activated the next generation.
pub(crate) struct Changing {
    pub(crate) replicas: Vec<SecureBroadcast<Bank>>,
    pub(crate) packets: Vec<(Actor, Actor, Payload)>,
    pub(crate) records: Vec<(Actor, Record)>,
}

impl Changing {
    /// The members of `genesis` by these identities, of whom the first is down, and one who joins.
    pub(crate) fn run(
        genesis: &Genesis<Bank>,
        members: impl IntoIterator<Item = SigningActor>,
        joiner: SigningActor,
    ) -> Self {
        let new = |identity| {
            SecureBroadcast::open(identity, genesis.clone(), [], Config::default())
                .expect("sound keys")
        };
        let mut replicas: Vec<SecureBroadcast<Bank>> = members.into_iter().map(new).collect();
        replicas.push(new(joiner));
        let mut changing = Self {
            replicas,
            packets: Vec::new(),
            records: Vec::new(),
        };
        let last = changing.replicas.len() - 1;
        let change = Change::Join(changing.replicas[last].actor());
        let asks = changing.replicas[last].join().expect("nobody has this key");
        changing.flow([(last, asks)]);
        for at in 1..last {
            let approves = changing.replicas[at].propose(change).expect("it was asked");
            changing.flow([(at, approves)]);
        }
        for _ in 0..40 {
            for at in 1..=last {
                let ticks = changing.replicas[at].tick();
                changing.flow([(at, ticks)]);
            }
        }
        let activated =
            |replica: &&SecureBroadcast<Bank>| replica.generation() == Generation::new(1);
        assert_eq!(changing.replicas.iter().filter(activated).count(), last);
        changing
    }

    fn flow(&mut self, effects: impl IntoIterator<Item = (usize, Effects<Bank>)>) {
        let mut queue: VecDeque<(usize, Effects<Bank>)> = effects.into_iter().collect();
        while let Some((at, effects)) = queue.pop_front() {
            let me = self.replicas[at].actor();
            let mut members = self.replicas[at].members().actors().to_vec();
            if effects
                .iter()
                .any(|effect| matches!(effect, Effect::Generation { .. }))
            {
                // Until then they are those of the genesis.
                members.retain(|member| {
                    self.replicas[..self.replicas.len() - 1]
                        .iter()
                        .any(|of| of.actor() == *member)
                });
            }
            for effect in effects {
                match effect {
                    Effect::Persist(record) => self.records.push((me, record)),
                    Effect::Generation { members: all, .. } => members = all.to_vec(),
                    Effect::Send { to, payload } => {
                        let receivers = match to {
                            To::Members => members.iter().copied().filter(|to| *to != me).collect(),
                            To::One(actor) => vec![actor],
                        };
                        for to in receivers {
                            self.packets.push((me, to, payload.clone()));
                            let place = self.replicas.iter().position(|of| of.actor() == to);
                            let Some(place) = place.filter(|place| *place > 0) else {
                                continue;
                            };
                            let (from, payload) = (me, payload.clone());
                            if let Ok(answer) =
                                self.replicas[place].handle(Packet { from, payload })
                            {
                                queue.push_back((place, answer));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
