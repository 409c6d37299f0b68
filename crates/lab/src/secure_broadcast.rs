//! Secure broadcast, the protocol of this library, as one of those that are compared.
//!
//! No leader and no order of everything: the member who wants something asks all others to vouch for it, and shows what
//! a quorum of them signed.
//!
//! | | packets |
//! | --- | --- |
//! | request, source → others | n − 1 |
//! | echo, witness → source | n − 1 |
//! | proof, source → others | n − 1 |
//! | all | 3(n − 1) |

mod ledger;
mod message;
mod twins;

use std::sync::Arc;

use bft_crdts::net::{Address, FakeKeys, NodeId, Span, TimerId};
use bft_crdts::{Actor, Config, Effect, Genesis, SecureBroadcast, To};

use crate::fault::{FaultKind, Forger, Malicious, Offline, Peer, Stuck};
use crate::keys::{Key, Ring};
use crate::outcome::{Decided, Said, Slot, Verdict};
use crate::packet::{Out, Process};
use crate::trial::{Group, Plan, PlanError, Troupe, halves, node_count, pick};
use crate::tx::{SignedTx, Tx};

pub use ledger::{Ledger, NotInOrder};
pub use message::Message;
use twins::Twins;

const TICK: TimerId = TimerId(1);
/// How often a replica is told that time passes.
pub const TICKS: Span = Span::from_millis(100);
/// Its name in tables.
pub const NAME: &str = "secure-broadcast";
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 4] = [
    FaultKind::Offline,
    FaultKind::Malicious,
    FaultKind::MaliciousCommander,
    FaultKind::Stuck,
];

/// A member: the driver around one replica of this library.
#[derive(Debug)]
pub struct Member {
    broadcast: SecureBroadcast<Ledger, FakeKeys>,
    /// Everybody, by number.
    actors: Arc<[Actor]>,
    others: Arc<[NodeId]>,
    first_tick: Span,
}

impl Member {
    /// The member with this number of a network of all these.
    fn new(number: u16, key: Key, genesis: Genesis<Ledger>, actors: Arc<[Actor]>) -> Option<Self> {
        let nodes = u16::try_from(actors.len()).ok()?;
        let others = (0..nodes).filter(|node| *node != number).map(NodeId::new);
        Some(Self {
            broadcast: SecureBroadcast::open(key, genesis, [], Config::default()).ok()?,
            others: others.collect(),
            actors,
            // Not all at the same moment.
            first_tick: TICKS + Span::from_millis(u64::from(number)),
        })
    }

    /// The replica.
    #[must_use]
    pub const fn broadcast(&self) -> &SecureBroadcast<Ledger, FakeKeys> {
        &self.broadcast
    }

    fn number(&self, actor: &Actor) -> Option<u16> {
        let place = self.actors.iter().position(|known| known == actor)?;
        u16::try_from(place).ok()
    }

    /// Broadcasts a transaction of its own; whether that is accepted shows later.
    fn broadcast_tx(&mut self, tx: Tx, out: &mut Out<Message>) {
        if let Ok((_, effects)) = self.broadcast.broadcast([tx]) {
            self.carry_out(effects, out);
        }
    }

    fn carry_out(&mut self, effects: bft_crdts::Effects<Ledger>, out: &mut Out<Message>) {
        for effect in effects {
            match effect {
                Effect::Send { to, payload } => {
                    let to = match to {
                        To::Members => Some(Address::Many(self.others.clone())),
                        To::One(actor) => self.number(&actor).map(NodeId::new).map(Address::One),
                    };
                    if let Some(to) = to {
                        out.send(to, Message::new(payload));
                    }
                }
                Effect::Deliver(delivery) => {
                    let Some(source) = self.number(&delivery.source) else {
                        continue;
                    };
                    for (dot, tx) in delivery.iter() {
                        let slot = Slot {
                            scope: source,
                            number: dot.counter.get(),
                        };
                        out.deliver(Decided { slot, tx: *tx });
                        if dot.actor == self.broadcast.actor() {
                            out.note(Said::Accepted(tx.id));
                        }
                    }
                }
                Effect::Evidence(_) => out.note(Said::Count("convictions")),
                // Nobody here loses power, and nobody joins or leaves.
                _ => {}
            }
        }
    }
}

impl Process for Member {
    type Message = Message;

    fn start(&mut self, out: &mut Out<Message>) {
        out.set_timer(self.first_tick, TICK);
    }

    fn message(&mut self, from: NodeId, message: &Message, out: &mut Out<Message>) -> Verdict {
        let Some(actor) = self.actors.get(from.index()) else {
            return Verdict::Refused("not a member");
        };
        let packet = bft_crdts::Packet {
            from: *actor,
            payload: message.payload().clone(),
        };
        match self.broadcast.handle(packet) {
            Ok(effects) => {
                self.carry_out(effects, out);
                Verdict::Taken
            }
            Err(_) => Verdict::Useless,
        }
    }

    fn timer(&mut self, _: TimerId, out: &mut Out<Message>) {
        let effects = self.broadcast.tick();
        self.carry_out(effects, out);
        out.set_timer(TICKS, TICK);
    }

    fn submit(&mut self, request: SignedTx, out: &mut Out<Message>) {
        self.broadcast_tx(request.tx, out);
    }
}

/// The members; the first of them is the one that has something to say.
///
/// # Errors
/// [`PlanError`] if they cannot be set up as the plan says.
pub fn cast(plan: &Plan) -> Result<Troupe<Message>, PlanError> {
    let nodes = node_count(NAME, 1, plan)?;
    let (ring, keys) = Ring::make(nodes + 1);
    let all: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
    let source = NodeId::new(0);
    let lies = plan.fault == FaultKind::MaliciousCommander;
    // Who asks is honest, unless the plan is that it is not.
    let candidates = all.iter().copied().filter(|node| *node != source);
    let faulty = pick(NAME, plan, lies.then_some(source), candidates)?;
    let other_half = halves(&all, &faulty);
    let actors: Arc<[Actor]> = ring.actors().iter().copied().take(all.len()).collect();
    let genesis = Genesis::new(
        "laboratory",
        ledger::ALGORITHM,
        actors.iter().copied(),
        ledger::State::new(&actors),
    );
    let too_many = || PlanError::Nodes {
        protocol: NAME,
        least: 1,
        nodes: plan.nodes,
    };
    let genesis = genesis.map_err(|_| too_many())?;
    let member = |number: u16| {
        let key = keys[usize::from(number)].clone();
        Member::new(number, key, genesis.clone(), actors.clone()).ok_or_else(too_many)
    };
    let mut peers = Vec::new();
    for number in 0..nodes {
        let me = NodeId::new(number);
        let machine = member(number)?;
        if !faulty.contains(&me) {
            peers.push(Peer::correct(machine));
            continue;
        }
        peers.push(match plan.fault {
            FaultKind::Offline => Peer::faulty(machine, Offline),
            FaultKind::Stuck => Peer::faulty(machine, Stuck::default()),
            FaultKind::Malicious => {
                let forger = Forger::new(number, nodes, &keys, &ring);
                Peer::faulty(machine, Malicious(forger))
            }
            FaultKind::MaliciousCommander => {
                let twins = Twins::new(member(number)?, other_half.clone(), faulty.clone());
                Peer::faulty(machine, twins)
            }
            fault => return Err(PlanError::unknown(NAME, fault, &FAULTS)),
        });
    }
    Ok(Troupe {
        peers,
        groups: vec![Group {
            deciders: all,
            requester: source,
        }],
        client: 0,
        client_key: keys[0].clone(),
        client_is_honest: !lies || faulty.is_empty(),
        ring,
        patience: Span::from_secs(10),
    })
}
