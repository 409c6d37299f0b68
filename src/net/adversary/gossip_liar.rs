//! The gossip liar: what it says about what it has is never true.

use super::mask::{Mask, send_all};
use super::{Hands, Villain};
use crate::actor::{Actor, Counter, Keys};
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::packet::{Compare, Pull, Summary};
use crate::deterministic_secure_broadcast::{Clock, Payload, To};
use crate::membership::{MemberIndex, Seat};
use crate::net::stage::Staged;
use crate::net::wire::Wire;

/// Keeps to the protocol but for anti-entropy: it claims what it has not, denies what it has, reports another state,
/// accuses by bitmap, answers questions with nothing or with old things, and asks for everything without end
/// (`docs/threats.md`, 42, 67).
#[derive(Debug)]
pub struct GossipLiar<A: Staged, K: Keys> {
    mask: Mask<A, K>,
    /// Whether its last summaries claimed more than anybody has.
    boasted: bool,
}

impl<A: Staged, K: Keys> GossipLiar<A, K> {
    /// One that draws its lies.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mask: Mask::new(),
            boasted: false,
        }
    }

    fn filter(&mut self, sends: Vec<(To, Payload)>, hands: &mut Hands<'_, A, K>) {
        for (to, payload) in sends {
            let payload = match payload {
                Payload::Summary(summary) => Payload::Summary(self.lie(summary, hands)),
                Payload::Compare(compare) => Payload::Compare(false_headers(compare, hands)),
                other => other,
            };
            send_all(vec![(to, payload)], hands);
        }
    }

    fn lie(&mut self, mut summary: Summary, hands: &mut Hands<'_, A, K>) -> Summary {
        let entries: Vec<(Seat, Counter)> = summary.clock.iter().collect();
        let mut clock = Clock::zero(entries.len());
        match hands.stream().below(3) {
            0 => hands.count("gossip-liar: denied what it has"),
            1 => {
                for (seat, counter) in entries {
                    clock.advance(seat, counter.checked_add(1).unwrap_or(counter));
                }
                self.boasted = true;
                hands.count("gossip-liar: claimed what nobody has");
            }
            _ => {
                clock = summary.clock.clone();
                summary.state = Some(Digest::of(&hands.stream().bytes::<32>()));
                let accused = hands.stream().index(entries.len());
                if let Ok(accused) = u16::try_from(accused) {
                    summary.culprits.insert(MemberIndex::new(accused));
                }
                hands.count("gossip-liar: reported another state");
            }
        }
        summary.clock = clock;
        summary
    }
}

fn false_headers<A: Staged, K: Keys>(mut compare: Compare, hands: &mut Hands<'_, A, K>) -> Compare {
    hands.count("gossip-liar: compared headers that are none");
    for (_, _, digest) in &mut compare.headers {
        *digest = Digest::of(digest.as_bytes());
    }
    compare
}

impl<A: Staged, K: Keys> Default for GossipLiar<A, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Staged, K: Keys> Villain<A, K> for GossipLiar<A, K> {
    fn role(&self) -> &'static str {
        "gossip-liar"
    }

    fn packet(
        &mut self,
        from: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        hands: &mut Hands<'_, A, K>,
    ) {
        let Some(payload) = payload else { return };
        if let Payload::Pull(_) = payload {
            if self.boasted {
                hands.count("gossip-liar: was asked for what nobody has");
            }
            if hands.stream().below(2) == 0 {
                return hands.count("gossip-liar: did not answer");
            }
        }
        let sends = self.mask.packet(from, payload, hands);
        self.filter(sends, hands);
    }

    fn tick(&mut self, hands: &mut Hands<'_, A, K>) {
        let sends = self.mask.tick(hands);
        self.filter(sends, hands);
        let seats = hands.members().len();
        let honest = hands.honest();
        if let (Some(to), Some(generation)) = (
            hands.stream().pick(&honest).copied(),
            self.mask.replica(hands).map(|own| own.generation()),
        ) {
            let clock = Clock::zero(seats);
            hands.count("gossip-liar: asked for everything again");
            hands.send(to, &Payload::Pull(Pull { generation, clock }));
        }
    }
}
