//! The cheat: it attacks the algorithm, not the broadcast.

use super::accomplice::Accomplice;
use super::bid::Bid;
use super::chain::Chain;
use super::{Hands, Villain};
use crate::actor::{Actor, Counter, Keys};
use crate::deterministic_secure_broadcast::packet::Proof;
use crate::deterministic_secure_broadcast::{Certificate, Payload};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Asks everybody to vouch for what nobody may do: money from nowhere, more than there is, an operation under a dot that
/// is another's, too far ahead, or none (`docs/threats.md`, 32 to 35, 38 to 40). If enough do, it lets everybody know.
#[derive(Debug)]
pub struct Cheat<A: Staged> {
    accomplice: Accomplice,
    chain: Option<Chain<A>>,
    bid: Option<Bid<A::Op>>,
    age: u32,
}

/// How many ticks it waits for echoes before it tries something else.
const PATIENCE: u32 = 3;

impl<A: Staged> Cheat<A> {
    /// One that draws what it tries.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accomplice: Accomplice::default(),
            chain: None,
            bid: None,
            age: 0,
        }
    }

    fn cheat<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let (me, everybody, honest) = (hands.me(), hands.members().actors(), hands.honest());
        let seat = hands.seat()?;
        let draft = match hands.stream().below(4) {
            0 | 1 => {
                let bad = chain.copy.invalid(&me, everybody, hands.stream())?;
                hands.count("cheat: asked for what may never be done");
                chain.draft(vec![bad], hands)?
            }
            2 => {
                let good = chain.copy.draw(&me, everybody, hands.stream())?;
                let first = *hands.stream().pick(&[
                    Counter::ZERO,
                    Counter::new(u64::MAX),
                    Counter::new(1 << 40),
                ])?;
                hands.count("cheat: asked for a dot nobody can have");
                chain.draft_for(seat, first, chain.previous, vec![good], hands)?
            }
            _ => {
                let victim = *hands.stream().pick(&honest)?;
                let good = chain.copy.draw(&victim, everybody, hands.stream())?;
                let seat = hands.members().seat_of(&victim)?;
                let (delivered, tip) = self.accomplice.tip(seat, hands);
                hands.count("cheat: asked for a dot that is another's");
                chain.draft_for(seat, delivered.next()?, tip, vec![good], hands)?
            }
        };
        let mut audience = hands.friends();
        audience.extend(honest);
        let bid = Bid::new(draft, audience, hands);
        bid.request(hands);
        self.bid = Some(bid);
        self.age = 0;
        Some(())
    }

    fn certified<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let bid = self.bid.take()?;
        let certificate: Certificate = bid.certificate.clone()?;
        hands.count("cheat: enough vouched for what may never be done");
        let own = Some(certificate.header.source) == hands.seat();
        let ops = Some(bid.draft.bytes.clone());
        hands.send_members(&Payload::Proof(Proof { certificate, ops }));
        if own {
            let me = hands.me();
            self.chain.as_mut()?.advance(me, &bid.draft);
        }
        Some(())
    }
}

impl<A: Staged> Default for Cheat<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Cheat<A> {
    fn role(&self) -> &'static str {
        "cheat"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        self.accomplice.packet(payload, hands);
        if let (Payload::Echo(echo), Some(bid)) = (payload, &mut self.bid)
            && bid.echo(from, echo, hands)
        {
            self.certified(hands);
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        self.age += 1;
        if self.bid.is_none() || self.age > PATIENCE {
            self.cheat(hands);
        }
    }
}
