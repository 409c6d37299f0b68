//! The signer: whatever it is asked to sign, it signs.

use super::delegate::{HonestDelegate, send_all};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::deterministic_secure_broadcast::packet::{Echo, Request};
use crate::net::sim_algorithm::SimAlgorithm;

/// Vouches for every message unread, for two in one slot as gladly as for one, in any generation, and several times;
/// for the rest it keeps to the protocol. Up to `f` of these lend a liar no quorum (`docs/threats.md`, 1, 18).
#[derive(Debug)]
pub struct Signer<A: SimAlgorithm, K: Keys> {
    delegate: HonestDelegate<A, K>,
}

/// How often it gives one echo.
const TIMES: u32 = 3;

/// One that asks nothing.
impl<A: SimAlgorithm, K: Keys> Default for Signer<A, K> {
    fn default() -> Self {
        Self {
            delegate: HonestDelegate::default(),
        }
    }
}

impl<A: SimAlgorithm, K: Keys> Signer<A, K> {
    fn sign(request: &Request, context: &mut AdversaryContext<'_, A, K>) {
        let Some(source) = context.members().in_seat(request.header.source).copied() else {
            return;
        };
        let (generation, first) = (request.generation, request.header.first);
        let header = request.header.digest(&context.network());
        let sig = context.echo(generation, header);
        let echo = Payload::Echo(Echo {
            generation,
            first,
            header,
            sig,
        });
        context.count("signer: vouched for a message unread");
        (0..TIMES).for_each(|_| context.send(source, &echo));
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Signer<A, K> {
    fn role(&self) -> &'static str {
        "signer"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        match payload {
            Payload::Request(request) => Self::sign(request, context),
            payload => {
                let sends = self.delegate.packet(from, payload, context);
                send_all(sends, context);
            }
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let sends = self.delegate.tick(context);
        send_all(sends, context);
    }
}
