//! The replayer: nothing it sends is new.

use super::delegate::{HonestDelegate, send_all};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::wire::Wire;

/// Keeps to the protocol, but sends its own packets late, out of order and twice, and everything it ever got to
/// everybody, again and again (`docs/threats.md`, 16).
#[derive(Debug)]
pub struct Replayer<A: SimAlgorithm, K: Keys> {
    delegate: HonestDelegate<A, K>,
    /// The last packets of others, oldest overwritten first.
    stash: Vec<Wire>,
    heard: usize,
    held: Vec<(To, Payload)>,
    ticks: u32,
}

/// How many packets of others it keeps.
const STASH: usize = 256;
/// How many old packets it sends on a tick.
const PER_TICK: usize = 4;

/// One that draws what it sends again, and to whom.
impl<A: SimAlgorithm, K: Keys> Default for Replayer<A, K> {
    fn default() -> Self {
        Self {
            delegate: HonestDelegate::default(),
            stash: Vec::new(),
            heard: 0,
            held: Vec::new(),
            ticks: 0,
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Replayer<A, K> {
    fn hold(&mut self, sends: Vec<(To, Payload)>) {
        self.held.extend(sends);
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Replayer<A, K> {
    fn role(&self) -> &'static str {
        "replayer"
    }

    fn packet(
        &mut self,
        from: Actor,
        wire: &Wire,
        payload: Option<&Payload>,
        context: &mut AdversaryContext<'_, A, K>,
    ) {
        match self.stash.get_mut(self.heard % STASH) {
            Some(place) => *place = wire.clone(),
            None => self.stash.push(wire.clone()),
        }
        self.heard += 1;
        let Some(payload) = payload else { return };
        let sends = self.delegate.packet(from, payload, context);
        if context.stream().below(2) == 0 {
            self.hold(sends);
            return;
        }
        for (to, payload) in &sends {
            if matches!(payload, Payload::Echo(_)) {
                context.count("replayer: sent its echo twice");
                send_all(vec![(*to, payload.clone())], context);
            }
        }
        send_all(sends, context);
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        self.ticks += 1;
        if self.ticks % 4 == 1 && self.ticks < 24 {
            let sends = self.delegate.play(context);
            self.hold(sends);
        }
        let sends = self.delegate.tick(context);
        self.hold(sends);
        let mut held = std::mem::take(&mut self.held);
        context.stream().shuffle(&mut held);
        send_all(held, context);
        let members = context.members().actors();
        for _ in 0..PER_TICK {
            let Some(old) = context.stream().pick(&self.stash).cloned() else {
                break;
            };
            let Some(to) = context
                .stream()
                .pick(members)
                .copied()
                .filter(|to| *to != context.me())
            else {
                continue;
            };
            context.count("replayer: sent an old packet again");
            context.send_wire(to, old);
        }
    }
}
