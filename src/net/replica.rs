//! A replica of this library as a machine of the engine: bytes in, effects carried out in order.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::directory::Directory;
use super::machine::{Address, Effects, Machine, TimerId};
use super::node::NodeId;
use super::note::{Note, Speaker, Verdict};
use super::sim_algorithm::SimAlgorithm;
use super::time::Span;
use super::wire::Wire;
use crate::actor::{Actor, Counter, Keys};
use crate::codec::{self, Bytes};
use crate::deterministic_secure_broadcast::{
    self as middle, Effect, Header, Packet, Payload, Record, RecordStore, Refused, Rules,
    SecureBroadcast, To, VersionVector, journal,
};
use crate::membership::{Change, ChangeError, Seat};

pub(crate) const TICK: TimerId = TimerId(0);

/// A correct replica: the driver around one [`SecureBroadcast`].
#[derive(Debug)]
pub struct Replica<A: SimAlgorithm, K: Keys, R: Rules> {
    /// `None` after its application has panicked: nothing of it can be trusted then.
    broadcast: Option<Box<SecureBroadcast<A, K, R>>>,
    directory: Arc<Directory>,
    /// The nodes of all other members.
    others: Arc<[NodeId]>,
    tick: Span,
    first_tick: Span,
    /// Whether time passes for it: not before somebody who wants to join asks, nor after it has left.
    awake: bool,
    /// The last of its own dots that were announced with [`Note::Issued`].
    issued: Counter,
}

impl<A: SimAlgorithm, K: Keys, R: Rules> Replica<A, K, R> {
    pub(crate) fn new(
        broadcast: SecureBroadcast<A, K, R>,
        directory: Arc<Directory>,
        tick: Span,
        first_tick: Span,
    ) -> Self {
        let others = directory.others(broadcast.members().actors(), &broadcast.actor());
        let awake = broadcast.members().seat_of(&broadcast.actor()).is_some();
        let broadcast = Some(Box::new(broadcast));
        Self {
            broadcast,
            directory,
            others,
            tick,
            first_tick,
            awake,
            issued: Counter::ZERO,
        }
    }

    /// The machine inside, unless its application has panicked.
    #[must_use]
    pub fn broadcast(&self) -> Option<&SecureBroadcast<A, K, R>> {
        self.broadcast.as_deref()
    }

    pub(crate) fn actor_of(&self, node: NodeId) -> Option<Actor> {
        self.directory.actor(node)
    }

    pub(crate) fn start<M: Speaker<A>>(&mut self, out: &mut Effects<M>) {
        if self.awake {
            out.set_timer(self.first_tick, TICK);
        }
    }

    pub(crate) fn timer<M: Speaker<A>>(&mut self, out: &mut Effects<M>) {
        if self.awake
            && let Some(effects) = self.guarded(out, SecureBroadcast::tick)
        {
            self.carry_out(effects, out);
            out.set_timer(self.tick, TICK);
        }
    }

    pub(crate) fn packet<M: Speaker<A>>(
        &mut self,
        from: Actor,
        wire: &Wire,
        out: &mut Effects<M>,
    ) -> Verdict {
        let payload = match codec::decode::<Payload>(wire.bytes()) {
            Ok(payload) => payload,
            Err(error) => return Verdict::Undecodable(error),
        };
        match self.guarded(out, |broadcast| broadcast.handle(Packet { from, payload })) {
            None => Verdict::Down,
            Some(Err(rejection)) => Verdict::Rejected(rejection),
            Some(Ok(effects)) => {
                let parked = effects
                    .iter()
                    .any(|effect| matches!(effect, Effect::Parked { .. }));
                self.carry_out(effects, out);
                if parked {
                    Verdict::Parked
                } else {
                    Verdict::Accepted
                }
            }
        }
    }

    /// Submits operations of this replica's own.
    pub(crate) fn submit<M: Speaker<A>>(
        &mut self,
        ops: Vec<A::Op>,
        out: &mut Effects<M>,
    ) -> Result<(), Refused<A::Op>> {
        match self.guarded(out, |broadcast| broadcast.broadcast(ops)) {
            None => Ok(()),
            Some(Err(refused)) => Err(refused),
            Some(Ok((_, effects))) => {
                self.carry_out(effects, out);
                Ok(())
            }
        }
    }

    /// Asks to become a member.
    pub(crate) fn join<M: Speaker<A>>(&mut self, out: &mut Effects<M>) -> Result<(), ChangeError> {
        match self.guarded(out, SecureBroadcast::join) {
            None => Ok(()),
            Some(Err(why)) => Err(why),
            Some(Ok(effects)) => {
                if !std::mem::replace(&mut self.awake, true) {
                    out.set_timer(self.first_tick, TICK);
                }
                self.carry_out(effects, out);
                Ok(())
            }
        }
    }

    /// Approves a change, if it can.
    pub(crate) fn propose<M: Speaker<A>>(&mut self, change: Change, out: &mut Effects<M>) {
        if let Some(Ok(effects)) = self.guarded(out, |broadcast| broadcast.propose(change)) {
            self.carry_out(effects, out);
        }
    }

    /// Lets the machine do something; a panic of the application inside halts this node and nobody else.
    fn guarded<T, M: Speaker<A>>(
        &mut self,
        out: &mut Effects<M>,
        act: impl FnOnce(&mut SecureBroadcast<A, K, R>) -> T,
    ) -> Option<T> {
        let broadcast = self.broadcast.as_mut()?;
        match catch_unwind(AssertUnwindSafe(|| act(broadcast))) {
            Ok(done) => Some(done),
            Err(panic) => {
                self.broadcast = None;
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                out.note(Note::AppPanicked(text.unwrap_or_default()));
                None
            }
        }
    }

    fn carry_out<M: Speaker<A>>(&mut self, effects: middle::Effects<A>, out: &mut Effects<M>) {
        let mut made = None;
        let mut engine = Engine { replica: self, out };
        let Ok(()) = effects.carry_out(&mut engine, |engine, effect| {
            engine.replica.output(effect, &mut made, engine.out);
        });
    }

    /// Sends one thing, or tells it. `made` is the change that these effects have made.
    fn output<M: Speaker<A>>(
        &mut self,
        effect: Effect<A>,
        made: &mut Option<Change>,
        out: &mut Effects<M>,
    ) {
        match effect {
            Effect::Send { to, payload } => {
                if let Payload::Request(request) = &payload {
                    self.announce(&request.header, &request.ops, out);
                }
                let address = match to {
                    To::Members => Some(Address::Many(self.others.clone())),
                    To::One(actor) => self.directory.address(&actor),
                };
                if let Some(address) = address {
                    out.send(address, Wire::of(&payload));
                }
            }
            Effect::Deliver(delivery) => out.deliver(delivery),
            Effect::Evidence(evidence) => out.note(Note::Evidence(Box::new(evidence))),
            Effect::Returned { op, reason, .. } => out.note(Note::Returned { op, reason }),
            Effect::RefusedBy {
                member,
                dot,
                reason,
            } => out.note(Note::RefusedBy {
                member,
                dot,
                reason,
            }),
            // Records are the store's. A dot is announced with its record or its request, after a restart, too.
            Effect::Persist(_) | Effect::Issued { .. } | Effect::Parked { .. } => {}
            Effect::Diverged { member } => out.note(Note::Diverged { member }),
            Effect::Halted(halt) => out.note(Note::Halted(halt)),
            Effect::Asked { change, by } => out.note(Note::Asked { change, by }),
            // That a change applies no more, once it is made, is no news.
            Effect::Obsolete { change, .. } if *made == Some(change) => {}
            Effect::Obsolete { change, .. } => out.note(Note::Obsolete(change)),
            Effect::Generation {
                generation,
                change,
                members,
            } => {
                let Some(broadcast) = self.broadcast.as_deref() else {
                    return;
                };
                self.others = self.directory.others(&members, &broadcast.actor());
                *made = Some(change);
                let known = broadcast.members();
                let seats = (0..).map(Seat::new).take(known.seats());
                let sources = seats.filter_map(|seat| known.in_seat(seat).copied());
                out.note(Note::Generation {
                    generation,
                    change,
                    members,
                    sources: sources.collect(),
                });
            }
            Effect::Checkpoint { .. } => out.note(Note::Checkpoint),
            Effect::Installed { clock } => {
                if let Some(broadcast) = self.broadcast.as_deref() {
                    out.note(Note::Installed(by_actor(broadcast, &clock)));
                }
            }
            Effect::KeyChanged { generation } => {
                out.sync();
                out.note(Note::KeyChanged(generation));
            }
            Effect::Left => {
                self.awake = false;
                out.note(Note::Left);
            }
        }
    }

    /// Says, once, which dots our operations got. A request is always for a message of our own.
    fn announce<M: Speaker<A>>(&mut self, header: &Header, ops: &Bytes, out: &mut Effects<M>) {
        let Header { first, len, .. } = *header;
        if first > self.issued {
            self.issued = first;
            out.note(Note::Issued {
                first,
                len,
                ops: ops.clone(),
            });
        }
    }
}

/// The engine's disk: it syncs by itself, and only before something is sent.
struct Engine<'a, A: SimAlgorithm, K: Keys, R: Rules, M: Machine> {
    replica: &'a mut Replica<A, K, R>,
    out: &'a mut Effects<M>,
}

impl<A: SimAlgorithm, K: Keys, R: Rules, M: Speaker<A>> RecordStore for Engine<'_, A, K, R, M> {
    type Error = Infallible;

    fn append(&mut self, record: &Record) -> Result<(), Infallible> {
        let mut frame = Vec::new();
        journal::append(&mut frame, record);
        self.out.persist(frame);
        if let Record::Own { header, ops, .. } = record {
            self.replica.announce(header, ops, self.out);
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A clock by the names of its sources, without the zeros.
pub(crate) fn by_actor<A: SimAlgorithm, K: Keys, R: Rules>(
    broadcast: &SecureBroadcast<A, K, R>,
    clock: &VersionVector,
) -> Vec<(Actor, Counter)> {
    let known = broadcast.members();
    let entries = clock.iter().filter(|(_, counter)| *counter > Counter::ZERO);
    let named = entries.filter_map(|(seat, counter)| Some((*known.in_seat(seat)?, counter)));
    named.collect()
}
