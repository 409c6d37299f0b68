//! The outsider: no member, and on the wire all the same.

use super::chain::SourceChain;
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Counter, Keys, Sig};
use crate::codec::{Bytes, Digest};
use crate::deterministic_secure_broadcast::packet::{Echo, PacketKind, Pull, Summary};
use crate::deterministic_secure_broadcast::{Payload, VersionVector};
use crate::membership::{Generation, Seat, Signers};
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::wire::Wire;

/// Floods the members with requests, echoes, summaries, pulls and garbage. Nobody is stopped by it, nobody answers it,
/// and its echoes count for nothing (`docs/threats.md`, 6, 17, 18; L2, C9).
#[derive(Debug)]
pub struct Outsider<A: SimAlgorithm> {
    chain: Option<SourceChain<A>>,
}

/// Packets it sends on a tick.
const PER_TICK: usize = 6;

/// One that draws what it sends.
impl<A: SimAlgorithm> Default for Outsider<A> {
    fn default() -> Self {
        Self { chain: None }
    }
}

impl<A: SimAlgorithm> Outsider<A> {
    fn flood<K: Keys>(&mut self, context: &mut AdversaryContext<'_, A, K>) -> Option<()> {
        let chain = self.chain.get_or_insert_with(|| SourceChain::new(context));
        let everybody = context.members().actors();
        let seats = everybody.len();
        let to = *context.stream().pick(everybody)?;
        let generation = Generation::GENESIS;
        let payload = match context.stream().below(5) {
            0 => {
                let victim = *context.stream().pick(everybody)?;
                let op = chain.copy.draw(&victim, everybody, context.stream())?;
                let seat = context.members().seat_of(&victim)?;
                let first = Counter::new(context.stream().range(1, 4));
                context.count("outsider: sent a request");
                chain
                    .draft_for(seat, first, *context.network().digest(), vec![op], context)?
                    .request()
            }
            1 => {
                context.count("outsider: sent an echo");
                Payload::Echo(Echo {
                    generation,
                    first: Counter::new(context.stream().range(1, 4)),
                    header: Digest::of(&context.stream().bytes::<32>()),
                    sig: Sig::from_bytes(context.stream().bytes()),
                })
            }
            2 => {
                let mut clock = VersionVector::zero(seats);
                (0..)
                    .map(Seat::new)
                    .take(seats)
                    .for_each(|seat| clock.advance(seat, Counter::new(u64::MAX)));
                context.count("outsider: sent a summary");
                Payload::Summary(Summary {
                    generation,
                    clock,
                    culprits: Signers::none(seats),
                    state: None,
                })
            }
            3 => {
                context.count("outsider: asked for everything");
                Payload::Pull(Pull {
                    generation,
                    clock: VersionVector::zero(seats),
                })
            }
            _ => {
                context.count("outsider: sent garbage");
                let garbage = Bytes::from(context.stream().bytes::<100>().to_vec());
                context.send_wire(to, Wire::from_bytes(None, garbage));
                return Some(());
            }
        };
        context.send(to, &payload);
        Some(())
    }
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for Outsider<A> {
    fn role(&self) -> &'static str {
        "outsider"
    }

    fn hear(&mut self, _: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        match payload {
            // A fellow adversary among the members has shown it a request.
            Payload::Request(request) => {
                let Some(source) = context.members().in_seat(request.header.source).copied() else {
                    return;
                };
                let (generation, first) = (request.generation, request.header.first);
                let header = request.header.digest(&context.network());
                let sig = context.echo(generation, header);
                context.count("outsider: echoed a message");
                context.send(
                    source,
                    &Payload::Echo(Echo {
                        generation,
                        first,
                        header,
                        sig,
                    }),
                );
            }
            payload if payload.kind() == PacketKind::Proof => {
                context.count("outsider: was given a proof");
            }
            _ => {}
        }
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        for _ in 0..PER_TICK {
            self.flood(context);
        }
    }
}
