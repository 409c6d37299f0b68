//! The replayer: nothing it sends is new.

use super::mask::{Mask, send_all};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Keeps to the protocol, but sends its own packets late, out of order and twice, and everything it ever got to
/// everybody, again and again (`docs/threats.md`, 16).
#[derive(Debug)]
pub struct Replayer<A: Staged, K: Keys> {
    mask: Mask<A, K>,
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

impl<A: Staged, K: Keys> Replayer<A, K> {
    /// One that draws what it sends again, and to whom.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mask: Mask::new(),
            stash: Vec::new(),
            heard: 0,
            held: Vec::new(),
            ticks: 0,
        }
    }

    fn hold(&mut self, sends: Vec<(To, Payload)>) {
        self.held.extend(sends);
    }
}

impl<A: Staged, K: Keys> Default for Replayer<A, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Replayer<A, K> {
    fn role(&self) -> &'static str {
        "replayer"
    }

    fn packet(
        &mut self,
        from: Actor,
        wire: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        match self.stash.get_mut(self.heard % STASH) {
            Some(place) => *place = wire.clone(),
            None => self.stash.push(wire.clone()),
        }
        self.heard += 1;
        let Some(payload) = payload else { return };
        let sends = self.mask.packet(from, payload, hands);
        if hands.stream().below(2) == 0 {
            self.hold(sends);
            return;
        }
        for (to, payload) in &sends {
            if matches!(payload, Payload::Echo(_)) {
                hands.count("replayer: sent its echo twice");
                send_all(vec![(*to, payload.clone())], hands);
            }
        }
        send_all(sends, hands);
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        self.ticks += 1;
        if self.ticks % 4 == 1 && self.ticks < 24 {
            let sends = self.mask.play(hands);
            self.hold(sends);
        }
        let sends = self.mask.tick(hands);
        self.hold(sends);
        let mut held = std::mem::take(&mut self.held);
        hands.stream().shuffle(&mut held);
        send_all(held, hands);
        let members = hands.members().actors();
        for _ in 0..PER_TICK {
            let Some(old) = hands.stream().pick(&self.stash).cloned() else {
                break;
            };
            let Some(to) = hands
                .stream()
                .pick(members)
                .copied()
                .filter(|to| *to != hands.me())
            else {
                continue;
            };
            hands.count("replayer: sent an old packet again");
            hands.send_wire(to, old);
        }
    }
}
