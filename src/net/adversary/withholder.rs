//! The withholder: everybody vouches for its message, one learns that everybody did.

use super::delegate::{HonestDelegate, send_all};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::{Payload, To};
use crate::net::sim_algorithm::SimAlgorithm;

/// Keeps to the protocol, but sends every proof of its own messages to one member only, and answers nobody who asks for
/// them (`docs/threats.md`, 45; L5).
#[derive(Debug)]
pub struct Withholder<A: SimAlgorithm, K: Keys> {
    delegate: HonestDelegate<A, K>,
    confidant: Option<Actor>,
    chosen: bool,
    messages: u32,
    idle: u32,
}

/// One that tells a member of its random choice.
impl<A: SimAlgorithm, K: Keys> Default for Withholder<A, K> {
    fn default() -> Self {
        Self {
            delegate: HonestDelegate::default(),
            confidant: None,
            chosen: false,
            messages: 0,
            idle: 0,
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Withholder<A, K> {
    /// One that always tells this member.
    #[must_use]
    pub fn telling(confidant: Actor) -> Self {
        Self {
            confidant: Some(confidant),
            chosen: true,
            ..Self::default()
        }
    }

    fn filter(&mut self, sends: Vec<(To, Payload)>, context: &mut AdversaryContext<'_, A, K>) {
        let own = context.seat();
        for (to, payload) in sends {
            match &payload {
                Payload::Proof(proof) if Some(proof.certificate.header.source) == own => {
                    let Some(confidant) = self.confidant else {
                        continue;
                    };
                    if to == To::Members || to == To::One(confidant) {
                        context.count("withholder: sent its proof to one member only");
                        context.note("keeps the proof from all but one");
                        context.send(confidant, &payload);
                    }
                }
                _ => send_all(vec![(to, payload)], context),
            }
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Withholder<A, K> {
    fn role(&self) -> &'static str {
        "withholder"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        let sends = self.delegate.packet(from, payload, context);
        self.filter(sends, context);
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        self.idle += 1;
        if self.idle % 3 == 1 && self.messages < 6 {
            if !self.chosen {
                let honest = context.honest();
                self.confidant = context.stream().pick(&honest).copied();
            }
            self.messages += 1;
            let sends = self.delegate.play(context);
            self.filter(sends, context);
        }
        let sends = self.delegate.tick(context);
        self.filter(sends, context);
    }
}
