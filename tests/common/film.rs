//! What the networks of this thread do, for a chart: tests turn it on for the one run that is to be looked at.
//!
//! A network of the tests says here that it was built, and what it sends, takes and loses. Networks are counted always;
//! what they do is kept only if [`begin`] was told to record, and then of the network built last.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{NodeId, VirtualTime};
use bft_crdts::{Delivery, Digest, Payload, codec};

#[derive(Default)]
struct Studio {
    recording: bool,
    networks: u64,
    steps_left: Option<usize>,
    trace: Option<Trace>,
    sent: u64,
    /// The copies of each packet that are under way.
    flying: BTreeMap<(usize, usize, Digest), Vec<u64>>,
}

thread_local! {
    static STUDIO: RefCell<Studio> = RefCell::default();
}

fn studio<T>(f: impl FnOnce(&mut Studio) -> T) -> T {
    STUDIO.with(|studio| f(&mut studio.borrow_mut()))
}

/// Forgets what was; what comes is kept for a chart, or only counted, and may take so many [`step`]s.
pub(crate) fn begin(recording: bool, steps: Option<usize>) {
    studio(|studio| {
        *studio = Studio {
            recording,
            steps_left: steps,
            ..Studio::default()
        };
    });
}

/// How many networks were built or run since [`begin`], and what was recorded.
pub(crate) fn end() -> (u64, Option<Trace>) {
    let done = studio(std::mem::take);
    (done.networks, done.trace)
}

pub(crate) fn recording() -> bool {
    studio(|studio| studio.recording)
}

/// Whether a run that is made of steps may take another one: a smaller run is the beginning of a larger one.
pub(crate) fn step() -> bool {
    studio(|studio| match &mut studio.steps_left {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    })
}

/// A network that records itself was run.
pub(crate) fn keep(trace: Option<&Trace>) {
    studio(|studio| {
        studio.networks += 1;
        if studio.recording {
            studio.trace = trace.cloned();
        }
    });
}

/// One network, to which events belong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Film(u64);

impl Film {
    /// A network is built of these nodes: its members, and whether they are correct.
    pub(crate) fn new(correct: impl Iterator<Item = bool>) -> Self {
        studio(|studio| {
            studio.networks += 1;
            if studio.recording {
                let nodes = correct.enumerate().map(|(seat, correct)| TraceNode {
                    name: seat.to_string(),
                    role: if correct { "member" } else { "adversary" }.to_owned(),
                    correct,
                });
                studio.flying.clear();
                studio.trace = Some(Trace {
                    nodes: nodes.collect(),
                    ..Trace::default()
                });
            }
            Self(studio.networks)
        })
    }

    fn shoot(self, shoot: impl FnOnce(&mut Studio) -> Vec<TraceKind>) {
        studio(|studio| {
            if studio.recording && studio.networks == self.0 {
                let kinds = shoot(studio);
                let trace = studio.trace.get_or_insert_default();
                for kind in kinds {
                    // There is no time in it: one event, one millisecond.
                    let step = trace.events.len() as u64 + 1;
                    let at = VirtualTime::from_millis(step);
                    trace.events.push(TraceEvent { at, step, kind });
                }
            }
        });
    }

    pub(crate) fn sent(self, from: usize, to: usize, payload: &Payload) {
        self.shoot(|studio| vec![sent(studio, from, to, payload)]);
    }

    /// A packet arrives; whoever hands over what nobody has sent has made it up, and sends it now.
    pub(crate) fn arrived(
        self,
        from: usize,
        to: usize,
        payload: Option<&Payload>,
        outcome: Result<(), String>,
    ) {
        let Some(payload) = payload else {
            return;
        };
        self.shoot(|studio| {
            let mut kinds = Vec::new();
            let key = (from, to, digest(payload));
            if studio.flying.get(&key).is_none_or(Vec::is_empty) {
                kinds.push(sent(studio, from, to, payload));
            }
            let copies = studio.flying.entry(key).or_default();
            if !copies.is_empty() {
                let message = copies.remove(0);
                let outcome = match outcome {
                    Ok(()) => PacketOutcome::Accepted,
                    Err(why) => PacketOutcome::Rejected(why),
                };
                kinds.push(TraceKind::Arrived { message, outcome });
            }
            kinds
        });
    }

    pub(crate) fn delivered<Op>(self, at: usize, delivery: &Delivery<Op>) {
        self.shoot(|_| {
            let (node, source) = (node(at), delivery.seat.get());
            let label = format!("{source}#{}", delivery.first);
            vec![TraceKind::Delivered { node, label }]
        });
    }

    pub(crate) fn note(self, at: usize, label: impl FnOnce() -> String) {
        self.shoot(|_| {
            let (node, label) = (node(at), label());
            vec![TraceKind::Note { node, label }]
        });
    }
}

fn node(seat: usize) -> NodeId {
    NodeId::new(seat as u16)
}

fn digest(payload: &Payload) -> Digest {
    Digest::of(&codec::encode(payload))
}

fn sent(studio: &mut Studio, from: usize, to: usize, payload: &Payload) -> TraceKind {
    let message = studio.sent;
    studio.sent += 1;
    let copies = studio.flying.entry((from, to, digest(payload)));
    copies.or_default().push(message);
    let kind = payload.kind().name();
    TraceKind::Sent {
        message,
        from: node(from),
        to: node(to),
        kind,
        label: match payload {
            Payload::Request(request) => format!("{kind} {from}#{}", request.header.first),
            Payload::Echo(echo) => format!("{kind} {to}#{}", echo.first),
            _ => kind.to_owned(),
        },
        bytes: codec::encode(payload).len() as u32,
        duplicate: false,
    }
}
