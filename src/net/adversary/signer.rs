//! The signer: whatever it is asked to sign, it signs.

use super::mask::{Mask, send_all};
use super::{Hands, Villain};
use crate::actor::{Actor, Keys};
use crate::deterministic_secure_broadcast::Payload;
use crate::deterministic_secure_broadcast::packet::{Echo, Request};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Vouches for every message unread, for two in one slot as gladly as for one, in any generation, and several times;
/// for the rest it keeps to the protocol. Up to `f` of these lend a liar no quorum (`docs/threats.md`, 1, 18).
#[derive(Debug)]
pub struct Signer<A: Staged, K: Keys> {
    mask: Mask<A, K>,
}

/// How often it gives one echo.
const TIMES: u32 = 3;

impl<A: Staged, K: Keys> Signer<A, K> {
    /// One that asks nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { mask: Mask::new() }
    }

    fn sign(request: &Request, hands: &mut Hands<'_, A, K>) {
        let Some(source) = hands.members().in_seat(request.header.source).copied() else {
            return;
        };
        let (generation, first) = (request.generation, request.header.first);
        let header = request.header.digest(&hands.network());
        let sig = hands.echo(generation, header);
        let echo = Payload::Echo(Echo {
            generation,
            first,
            header,
            sig,
        });
        hands.count("signer: vouched for a message unread");
        (0..TIMES).for_each(|_| hands.send(source, &echo));
    }
}

impl<A: Staged, K: Keys> Default for Signer<A, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Signer<A, K> {
    fn role(&self) -> &'static str {
        "signer"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        match payload {
            Some(Payload::Request(request)) => Self::sign(request, hands),
            Some(payload) => {
                let sends = self.mask.packet(from, payload, hands);
                send_all(sends, hands);
            }
            None => {}
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        let sends = self.mask.tick(hands);
        send_all(sends, hands);
    }
}
