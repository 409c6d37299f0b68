//! The gossip liar: what it says about what it has is never true.

use super::delegate::{HonestDelegate, send_all};
use super::{Adversary, AdversaryContext};
use crate::actor::{Actor, Counter, Keys};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::packet::{Compare, Pull, Summary};
use crate::deterministic_secure_broadcast::{Payload, To, VersionVector};
use crate::membership::{MemberIndex, Seat};
use crate::net::sim_algorithm::SimAlgorithm;

/// Keeps to the protocol but for anti-entropy: it claims what it has not, denies what it has, reports another state,
/// accuses by bitmap, answers questions with nothing or with old things, and asks for everything without end
/// (`docs/threats.md`, 42, 67).
#[derive(Debug)]
pub struct GossipLiar<A: SimAlgorithm, K: Keys> {
    delegate: HonestDelegate<A, K>,
    /// Whether its last summaries claimed more than anybody has.
    boasted: bool,
}

/// One that draws its lies.
impl<A: SimAlgorithm, K: Keys> Default for GossipLiar<A, K> {
    fn default() -> Self {
        Self {
            delegate: HonestDelegate::default(),
            boasted: false,
        }
    }
}

impl<A: SimAlgorithm, K: Keys> GossipLiar<A, K> {
    fn filter(&mut self, sends: Vec<(To, Payload)>, context: &mut AdversaryContext<'_, A, K>) {
        for (to, payload) in sends {
            let payload = match payload {
                Payload::Summary(summary) => Payload::Summary(self.lie(summary, context)),
                Payload::Compare(compare) => Payload::Compare(false_headers(compare, context)),
                other => other,
            };
            send_all(vec![(to, payload)], context);
        }
    }

    fn lie(&mut self, mut summary: Summary, context: &mut AdversaryContext<'_, A, K>) -> Summary {
        let entries: Vec<(Seat, Counter)> = summary.clock.iter().collect();
        let mut clock = VersionVector::zero(entries.len());
        match context.stream().below(3) {
            0 => context.count("gossip-liar: denied what it has"),
            1 => {
                for (seat, counter) in entries {
                    clock.advance(seat, counter.checked_add(1).unwrap_or(counter));
                }
                self.boasted = true;
                context.count("gossip-liar: claimed what nobody has");
            }
            _ => {
                clock = summary.clock.clone();
                summary.state = Some(Digest::of(&context.stream().bytes::<32>()));
                let accused = context.stream().index(entries.len());
                if let Ok(accused) = u16::try_from(accused) {
                    summary.culprits.insert(MemberIndex::new(accused));
                }
                context.count("gossip-liar: reported another state");
            }
        }
        summary.clock = clock;
        summary
    }
}

fn false_headers<A: SimAlgorithm, K: Keys>(
    mut compare: Compare,
    context: &mut AdversaryContext<'_, A, K>,
) -> Compare {
    context.count("gossip-liar: compared headers that are none");
    for (_, _, digest) in &mut compare.headers {
        *digest = Digest::of(digest.as_bytes());
    }
    compare
}

impl<A: SimAlgorithm, K: Keys> Adversary<A, K> for GossipLiar<A, K> {
    fn role(&self) -> &'static str {
        "gossip-liar"
    }

    fn hear(&mut self, from: Actor, payload: &Payload, context: &mut AdversaryContext<'_, A, K>) {
        if let Payload::Pull(_) = payload {
            if self.boasted {
                context.count("gossip-liar: was asked for what nobody has");
            }
            if context.stream().below(2) == 0 {
                return context.count("gossip-liar: did not answer");
            }
        }
        let sends = self.delegate.packet(from, payload, context);
        self.filter(sends, context);
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, A, K>) {
        let sends = self.delegate.tick(context);
        self.filter(sends, context);
        let seats = context.members().len();
        let honest = context.honest();
        if let (Some(to), Some(generation)) = (
            context.stream().pick(&honest).copied(),
            self.delegate.replica(context).map(|own| own.generation()),
        ) {
            let clock = VersionVector::zero(seats);
            context.count("gossip-liar: asked for everything again");
            context.send(to, &Payload::Pull(Pull { generation, clock }));
        }
    }
}
