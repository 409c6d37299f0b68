//! The withholder: everybody vouches for its message, one learns that everybody did.

use super::mask::{Mask, send_all};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Keeps to the protocol, but sends every proof of its own messages to one member only, and answers nobody who asks for
/// them (`docs/threats.md`, 45; L5).
#[derive(Debug)]
pub struct Withholder<A: Staged, K: Keys> {
    mask: Mask<A, K>,
    confidant: Option<Actor>,
    chosen: bool,
    messages: u32,
    idle: u32,
}

impl<A: Staged, K: Keys> Withholder<A, K> {
    /// One that tells a member of its random choice.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mask: Mask::new(),
            confidant: None,
            chosen: false,
            messages: 0,
            idle: 0,
        }
    }

    /// One that always tells this member.
    #[must_use]
    pub fn telling(confidant: Actor) -> Self {
        Self {
            confidant: Some(confidant),
            chosen: true,
            ..Self::new()
        }
    }

    fn filter(&mut self, sends: Vec<(To, Payload)>, hands: &mut Hands<'_, A, K>) {
        let own = hands.seat();
        for (to, payload) in sends {
            match &payload {
                Payload::Proof(proof) if Some(proof.certificate.header.source) == own => {
                    let Some(confidant) = self.confidant else {
                        continue;
                    };
                    if to == To::Members || to == To::One(confidant) {
                        hands.count("withholder: sent its proof to one member only");
                        hands.note("keeps the proof from all but one");
                        hands.send(confidant, &payload);
                    }
                }
                _ => send_all(vec![(to, payload)], hands),
            }
        }
    }
}

impl<A: Staged, K: Keys> Default for Withholder<A, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Withholder<A, K> {
    fn role(&self) -> &'static str {
        "withholder"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        if let Some(payload) = payload {
            let sends = self.mask.packet(from, payload, hands);
            self.filter(sends, hands);
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        self.idle += 1;
        if self.idle % 3 == 1 && self.messages < 6 {
            if !self.chosen {
                let honest = hands.honest();
                self.confidant = hands.stream().pick(&honest).copied();
            }
            self.messages += 1;
            let sends = self.mask.play(hands);
            self.filter(sends, hands);
        }
        let sends = self.mask.tick(hands);
        self.filter(sends, hands);
    }
}
