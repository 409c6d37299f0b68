//! The outsider: no member, and on the wire all the same.

use super::chain::Chain;
use super::{Hands, Villain};
use crate::actor::{Actor, Counter, Keys, Sig};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::{Echo, PacketKind, Pull, Summary};
use crate::deterministic_secure_broadcast::{Clock, Payload};
use crate::membership::{Generation, Seat, Signers};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Floods the members with requests, echoes, summaries, pulls and garbage. Nobody is stopped by it, nobody answers it,
/// and its echoes count for nothing (`docs/threats.md`, 6, 17, 18; L2, C9).
#[derive(Debug)]
pub struct Outsider<A: Staged> {
    chain: Option<Chain<A>>,
}

/// Packets it sends on a tick.
const PER_TICK: usize = 6;

impl<A: Staged> Outsider<A> {
    /// One that draws what it sends.
    #[must_use]
    pub fn new() -> Self {
        Self { chain: None }
    }

    fn flood<K: Keys>(&mut self, hands: &mut Hands<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| Chain::new(hands));
        let everybody = hands.members().actors();
        let seats = everybody.len();
        let to = *hands.stream().pick(everybody)?;
        let generation = Generation::GENESIS;
        let payload = match hands.stream().below(5) {
            0 => {
                let victim = *hands.stream().pick(everybody)?;
                let op = chain.copy.draw(&victim, everybody, hands.stream())?;
                let seat = hands.members().seat_of(&victim)?;
                let first = Counter::new(hands.stream().range(1, 4));
                hands.count("outsider: sent a request");
                chain
                    .draft_for(seat, first, *hands.network().digest(), vec![op], hands)?
                    .request()
            }
            1 => {
                hands.count("outsider: sent an echo");
                Payload::Echo(Echo {
                    generation,
                    first: Counter::new(hands.stream().range(1, 4)),
                    header: Digest::of(&hands.stream().bytes::<32>()),
                    sig: Sig::from_bytes(hands.stream().bytes()),
                })
            }
            2 => {
                let mut clock = Clock::zero(seats);
                (0..)
                    .map(Seat::new)
                    .take(seats)
                    .for_each(|seat| clock.advance(seat, Counter::new(u64::MAX)));
                hands.count("outsider: sent a summary");
                Payload::Summary(Summary {
                    generation,
                    clock,
                    culprits: Signers::none(seats),
                    state: None,
                })
            }
            3 => {
                hands.count("outsider: asked for everything");
                Payload::Pull(Pull {
                    generation,
                    clock: Clock::zero(seats),
                })
            }
            _ => {
                hands.count("outsider: sent garbage");
                let garbage = Bytes::from(hands.stream().bytes::<100>().to_vec());
                hands.send_wire(to, Wire::from_bytes(None, garbage));
                return Some(());
            }
        };
        hands.send(to, &payload);
        Some(())
    }
}

impl<A: Staged> Default for Outsider<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for Outsider<A> {
    fn role(&self) -> &'static str {
        "outsider"
    }

    fn packet(
        &mut self,
        _: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        match payload {
            // A fellow villain among the members has shown it a request.
            Some(Payload::Request(request)) => {
                let Some(source) = hands.members().in_seat(request.header.source).copied() else {
                    return;
                };
                let (generation, first) = (request.generation, request.header.first);
                let header = request.header.digest(&hands.network());
                let sig = hands.echo(generation, header);
                hands.count("outsider: echoed a message");
                hands.send(
                    source,
                    &Payload::Echo(Echo {
                        generation,
                        first,
                        header,
                        sig,
                    }),
                );
            }
            Some(payload) if payload.kind() == PacketKind::Proof => {
                hands.count("outsider: was given a proof");
            }
            _ => {}
        }
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        for _ in 0..PER_TICK {
            self.flood(hands);
        }
    }
}
