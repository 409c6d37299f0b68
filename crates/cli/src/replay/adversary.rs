//! A faulty member of a replay: it loses packets, forges dots, and equivocates. It does it so that none of its own
//! operations can be accepted: the text at the end has to be that of the history.

use std::collections::BTreeMap;

use bft_crdts::crdt::{Op, Ref, Seen};
use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::deterministic_secure_broadcast::packet::{Echo, Request};
use bft_crdts::net::adversary::{Adversary, AdversaryContext};
use bft_crdts::net::{Chance, Wire};
use bft_crdts::text::{Anchor, Change, Edit, Element, Span, Text};
use bft_crdts::{Actor, Bytes, Counter, Digest, Dot, Generation, Keys, Payload, Seat, codec};

use super::Algorithm;

/// What it loses of what it should answer, and what of its answers are lies.
const LOSES: Chance = Chance::percent(50);
const LIES: Chance = Chance::percent(10);

/// How much it does whenever time has passed.
const ACTS_PER_TICK: usize = 3;

/// How often it asks for what is invalid before it equivocates, which binds the others.
const INVALID_ACTS: u64 = 6;

/// A faulty member.
#[derive(Debug, Default)]
pub(super) struct Vandal {
    acts: u64,
    /// The latest request of each source.
    heard: BTreeMap<Seat, Request>,
}

impl<K: Keys> Adversary<Algorithm, K> for Vandal {
    fn role(&self) -> &'static str {
        "vandal"
    }

    /// A witness that answers every other request, sometimes with a signature of something else.
    fn packet(
        &mut self,
        _: Actor,
        _: &Wire,
        payload: Option<&Payload>,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) {
        if context.stream().happens(LOSES) {
            return context.count("vandal: lost a packet");
        }
        let Some(Payload::Request(request)) = payload else {
            return;
        };
        let header = request.header.digest(&context.network());
        let signed = match context.stream().happens(LIES) {
            true => Digest::of(&context.stream().bytes::<32>()),
            false => header,
        };
        if let Some(source) = context.members().in_seat(request.header.source).copied() {
            let echo = Payload::Echo(Echo {
                generation: request.generation,
                first: request.header.first,
                header,
                sig: context.echo(request.generation, signed),
            });
            context.send(source, &echo);
        }
        self.heard.insert(request.header.source, request.clone());
    }

    fn tick(&mut self, context: &mut AdversaryContext<'_, Algorithm, K>) {
        for _ in 0..ACTS_PER_TICK {
            // Without a seat it is no member, and there is nothing to ask for.
            let _ = self.act(context);
        }
    }
}

impl Vandal {
    /// Does something bad.
    fn act<K: Keys>(&mut self, context: &mut AdversaryContext<'_, Algorithm, K>) -> Option<()> {
        let act = self.acts;
        self.acts += 1;
        let invalid = act < INVALID_ACTS;
        let payload = match act % 7 {
            0 | 3 => Self::forged(act, context)?,
            _ if invalid => Self::forged(act, context)?,
            1 => {
                context.count("vandal: asked for a slot far ahead");
                let far = Counter::new(1_000 + context.stream().below(1_000_000));
                Self::ask(far, Vec::new(), &insert(Anchor::Start, "far"), context)?
            }
            2 => {
                context.count("vandal: named causes from the future");
                let own = context.seat()?;
                let seats = (0..).map(Seat::new).take(context.members().len());
                let causes = seats.filter(|seat| *seat != own);
                let causes = causes.map(|seat| (seat, Counter::new(1 << 40))).collect();
                Self::ask(
                    Counter::FIRST,
                    causes,
                    &insert(Anchor::Start, "later"),
                    context,
                )?
            }
            4 => self.repeated(context)?,
            5 => self.in_the_name_of_another(context)?,
            _ => return Self::equivocate(act, context),
        };
        Self::to_all(&payload, context);
        let garbage = context.stream().bytes::<64>().to_vec();
        let victim = context.honest();
        let victim = *context.stream().pick(&victim)?;
        context.send_wire(victim, Wire::from_bytes(None, Bytes::from(garbage)));
        Some(())
    }

    fn to_all<K: Keys>(payload: &Payload, context: &mut AdversaryContext<'_, Algorithm, K>) {
        for member in context.honest() {
            context.send(member, payload);
        }
    }

    /// A request of its own, properly signed.
    fn ask<K: Keys>(
        first: Counter,
        causes: Vec<(Seat, Counter)>,
        op: &Op<Text>,
        context: &AdversaryContext<'_, Algorithm, K>,
    ) -> Option<Payload> {
        let previous = *context.network().digest();
        Some(request(
            context.seat()?,
            first,
            previous,
            causes,
            op,
            context,
        ))
    }

    /// A request for an operation that names what nobody has made, one way or another.
    fn forged<K: Keys>(
        which: u64,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) -> Option<Payload> {
        context.count("vandal: forged a dot");
        let other = *context.honest().first()?;
        let (never, nth) = (Counter::new(u64::MAX), 0);
        let op = match which % 5 {
            0 => {
                let op = Ref::Of(Dot::new(other, never));
                insert(Anchor::After(Element { op, nth }), "forged")
            }
            1 => {
                let (counter, back) = (Counter::FIRST, 3);
                let op = Ref::Mine { counter, back };
                insert(Anchor::Before(Element { op, nth }), "forged")
            }
            2 => {
                let op = Ref::Of(Dot::new(context.me(), never));
                insert(Anchor::After(Element { op, nth }), "forged")
            }
            3 => Op::new(Edit {
                seen: Seen::from_iter([Dot::new(other, never)]),
                changes: vec![Change::Insert {
                    at: Anchor::Start,
                    text: "forged".into(),
                }],
            }),
            _ => {
                let (op, first, len) = (Ref::This, 0, u32::MAX);
                Op::new(Edit {
                    seen: Seen::nothing(),
                    changes: vec![Change::Delete(Span { op, first, len })],
                })
            }
        };
        Self::ask(Counter::FIRST, Vec::new(), &op, context)
    }

    /// The next message of another source, made up and signed with the wrong key.
    fn in_the_name_of_another<K: Keys>(
        &self,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) -> Option<Payload> {
        context.count("vandal: asked in another's name");
        let header = self.heard_one(context)?.header.clone();
        let first = header.last().and_then(Counter::next)?;
        let previous = header.digest(&context.network());
        let op = insert(Anchor::Start, "in another's name");
        Some(request(
            header.source,
            first,
            previous,
            Vec::new(),
            &op,
            context,
        ))
    }

    fn repeated<K: Keys>(
        &self,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) -> Option<Payload> {
        context.count("vandal: sent another's request again");
        Some(Payload::Request(self.heard_one(context)?.clone()))
    }

    fn heard_one<K: Keys>(
        &self,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) -> Option<&Request> {
        let which = context.stream().index(self.heard.len());
        self.heard.values().nth(which)
    }

    /// Another first message for every correct member. Each gets one honest echo at most, so that none is certified.
    fn equivocate<K: Keys>(
        act: u64,
        context: &mut AdversaryContext<'_, Algorithm, K>,
    ) -> Option<()> {
        context.count("vandal: equivocated");
        context.note("signs a message for everybody, all for one slot");
        for (which, member) in context.honest().into_iter().enumerate() {
            let op = insert(Anchor::Start, &format!("{which} of {act}"));
            let request = Self::ask(Counter::FIRST, Vec::new(), &op, context)?;
            context.send(member, &request);
        }
        Some(())
    }
}

/// A request in the slot of a source, whoever that is, under the adversary's own signature.
fn request<K: Keys>(
    source: Seat,
    first: Counter,
    previous: Digest,
    causes: Vec<(Seat, Counter)>,
    op: &Op<Text>,
    context: &AdversaryContext<'_, Algorithm, K>,
) -> Payload {
    let ops = Bytes::from(codec::encode_sequence(std::slice::from_ref(op)));
    let header = Header {
        source,
        first,
        len: 1,
        previous,
        causes,
        ops: Digest::of(&ops),
    };
    let generation = Generation::GENESIS;
    Payload::Request(Request {
        generation,
        echo: context.echo(generation, header.digest(&context.network())),
        header,
        ops,
    })
}

fn insert(at: Anchor, text: &str) -> Op<Text> {
    let text = text.into();
    Op::new(Edit {
        seen: Seen::nothing(),
        changes: vec![Change::Insert { at, text }],
    })
}
