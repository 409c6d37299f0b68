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

use crate::fault::{FaultKind, Peer};
use crate::keys::Key;
use crate::outcome::{Decided, Said, Verdict};
use crate::packet::{Out, Process};
use crate::trial::{Plan, PlanError, Roster, Setup};
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
pub const FAULTS: [FaultKind; 4] = FaultKind::COMMON;

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
                        out.deliver(Decided::new(source, dot.counter.get(), *tx));
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
pub fn roster(plan: &Plan) -> Result<Roster<Message>, PlanError> {
    let source = NodeId::new(0);
    // Who asks is honest, unless the plan is that it is not.
    let setup = Setup::new(NAME, &FAULTS, 1, 0, plan)?.led_by(source)?;
    let actors: Arc<[Actor]> = setup.ring.actors()[..plan.nodes].into();
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
    let member = |me: NodeId| {
        let key = setup.keys[me.index()].clone();
        Member::new(me.get(), key, genesis.clone(), actors.clone()).ok_or_else(too_many)
    };
    let lies = plan.fault == FaultKind::MaliciousCommander && plan.is_faulty();
    let peers = setup.all.iter().map(|&me| {
        if lies && setup.faulty.contains(&me) {
            let (other_half, fellows) = (setup.other_half.clone(), setup.faulty.clone());
            let twins = Twins::new(member(me)?, other_half, fellows);
            return Ok(Peer::faulty(member(me)?, twins));
        }
        setup.peer(me, member(me)?)
    });
    let peers = peers.collect::<Result<_, _>>()?;
    Ok(Roster {
        client: 0,
        client_key: setup.keys[0].clone(),
        client_is_honest: !lies,
        ..setup.roster(peers, source, Span::from_secs(10))
    })
}
