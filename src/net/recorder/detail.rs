//! What a recorder writes down for a page, if one is wanted: see [`Details`].

use std::collections::{BTreeMap, BTreeSet};

use super::Recorder;
use super::outline::outline;
use crate::actor::Counter;
use crate::codec::{self, Bytes};
use crate::deterministic_secure_broadcast::{Delivery, Payload};
use crate::membership::Seat;
use crate::net::details::{Cut, Details, Entry, Power, TopicId};
use crate::net::node::NodeId;
use crate::net::observer::Moment;
use crate::net::sim_algorithm::SimAlgorithm;
use crate::net::trace::TraceKind;
use crate::net::wire::Wire;

/// The most operations of a message that are told apart.
const MOST_OPS: u32 = 1_000;

impl<A: SimAlgorithm> Recorder<A> {
    /// Keeps details from now on, if a trace is written.
    pub(crate) fn detailed(mut self, detailed: bool) -> Self {
        self.detailer = (detailed && self.trace.is_some()).then(Box::default);
        self
    }

    /// Whether details are kept, so that they are worth making.
    pub(crate) fn is_detailed(&self) -> bool {
        self.detailer.is_some()
    }

    /// The place after all events of the trace so far.
    fn place(&self) -> usize {
        self.trace.as_ref().map_or(0, Vec::len)
    }

    /// An operation was submitted by its member.
    pub(crate) fn submitted(&mut self, moment: Moment, node: NodeId, op: &A::Op) {
        if !self.is_traced() {
            return;
        }
        let text = A::label(op, &self.names);
        let (place, label) = (self.place(), format!("submit {text}"));
        self.write(moment, |_| TraceKind::Local { node, label });
        if let Some(detailer) = &mut self.detailer {
            detailer
                .waiting
                .entry(node)
                .or_default()
                .push((place, text));
        }
    }

    /// The operations of a node are part of a message now: those that were submitted first.
    pub(super) fn detail_issued(&mut self, node: NodeId, first: Counter, len: u32, ops: &Bytes) {
        let Some(seat) = self.seat_of(node) else {
            return;
        };
        let source = self.name_of(seat);
        let Some(detailer) = &mut self.detailer else {
            return;
        };
        let ops = codec::decode_sequence::<A::Op>(len as usize, ops).unwrap_or_default();
        for (op, counter) in ops.iter().zip(counters(first, MOST_OPS)) {
            let text = A::label(op, &self.names);
            let topic = detailer.dot(seat, counter, &source, &text);
            let waiting = detailer.waiting.entry(node).or_default();
            if let Some(found) = waiting.iter().position(|(_, waits)| *waits == text) {
                let (place, _) = waiting.remove(found);
                detailer.details.events.insert(place, topic);
            }
        }
    }

    /// An operation came back before it was part of a message.
    pub(super) fn detail_returned(&mut self, node: NodeId, op: &A::Op) {
        if let Some(detailer) = &mut self.detailer {
            let text = A::label(op, &self.names);
            let waiting = detailer.waiting.entry(node).or_default();
            if let Some(found) = waiting.iter().position(|(_, waits)| *waits == text) {
                waiting.remove(found);
            }
        }
    }

    /// What a packet says and is about.
    pub(super) fn detail_sent(&mut self, message: u64, wire: &Wire, to: NodeId) {
        if self.detailer.is_none() {
            return;
        }
        let Ok(payload) = codec::decode::<Payload>(wire.bytes()) else {
            let hex = wire.bytes().iter().take(64);
            let hex: String = hex.map(|byte| format!("{byte:02x}")).collect();
            if let Some(detailer) = &mut self.detailer {
                detailer
                    .details
                    .says(message, ["no packet:".to_owned(), format!("  {hex}")]);
            }
            return;
        };
        let seat_name = |seat: usize| {
            let actor = self.sources.get(seat)?;
            Some(self.names.of(actor))
        };
        let mut lines = outline(&payload, &self.names, &seat_name);
        let carried = match &payload {
            Payload::Request(request) => Some((&request.header, &request.ops)),
            Payload::Proof(proof) => {
                let header = &proof.certificate.header;
                proof.ops.as_ref().map(|ops| (header, ops))
            }
            _ => None,
        };
        let mut texts = Vec::new();
        if let Some((header, ops)) = carried {
            let ops = codec::decode_sequence::<A::Op>(header.len as usize, ops).unwrap_or_default();
            let source = self.name_of(header.source);
            let mut counters = counters(header.first, MOST_OPS);
            for (op, counter) in ops.iter().zip(&mut counters) {
                let text = A::label(op, &self.names);
                lines.push(format!("operation {source}#{counter}: {text}"));
                let inside = outline(op, &self.names, &seat_name);
                lines.extend(inside.into_iter().map(|line| format!("  {line}")));
                texts.push(text);
            }
        }
        let topics = self.topics(&payload, to, &texts);
        if let Some(detailer) = &mut self.detailer {
            detailer.details.says(message, lines);
            detailer.details.about(message, &topics);
        }
    }

    /// What a packet is about. `texts` are the operations it carries.
    fn topics(&mut self, payload: &Payload, to: NodeId, texts: &[String]) -> Vec<TopicId> {
        // The slot, and how many operations it has if the packet says so.
        let slot = match payload {
            Payload::Request(request) => {
                let header = &request.header;
                Some((header.source, header.first, Some(header.len)))
            }
            Payload::Proof(proof) => {
                let header = &proof.certificate.header;
                Some((header.source, header.first, Some(header.len)))
            }
            // They do not name their source: it is who gets them.
            Payload::Echo(echo) => self.seat_of(to).map(|seat| (seat, echo.first, None)),
            Payload::Refusal(refusal) => self.seat_of(to).map(|seat| (seat, refusal.first, None)),
            Payload::Evidence(evidence) => {
                let slot = evidence.contradiction.slot();
                slot.map(|(seat, first)| (seat, first, None))
            }
            _ => None,
        };
        let source = slot
            .map(|(seat, ..)| self.name_of(seat))
            .unwrap_or_default();
        let change = match payload {
            Payload::Approvals(approvals) => self.names.of_change(&approvals.change),
            Payload::Propose(proposal) => self.names.of_change(&proposal.decision.change),
            Payload::Chain(chain) => {
                let last = chain.links.last();
                last.map(|link| self.names.of_change(&link.decision.change))
                    .unwrap_or_default()
            }
            _ => String::new(),
        };
        // The generation that is to begin.
        let generation = match payload {
            Payload::Approvals(approvals) => approvals.generation.next(),
            Payload::Propose(proposal) => Some(proposal.decision.generation),
            Payload::Vote(vote) => vote.generation.next(),
            Payload::Timeout(timeout) => timeout.generation.next(),
            Payload::Timeouts(timeouts) => timeouts.generation.next(),
            Payload::Seal(seal) => seal.generation.next(),
            Payload::Chain(chain) => chain.links.last().map(|link| link.decision.generation),
            _ => None,
        };
        let Some(detailer) = &mut self.detailer else {
            return Vec::new();
        };
        if let Some(generation) = generation {
            return vec![detailer.change(generation, &change)];
        }
        let Some((seat, first, len)) = slot else {
            return Vec::new();
        };
        let longest = detailer.lengths.entry((seat, first)).or_insert(1);
        *longest = len.unwrap_or(*longest).clamp(*longest, MOST_OPS);
        let len = len.unwrap_or(*longest).min(MOST_OPS);
        let texts = texts
            .iter()
            .map(String::as_str)
            .chain(std::iter::repeat(""));
        counters(first, len)
            .zip(texts)
            .map(|(counter, text)| detailer.dot(seat, counter, &source, text))
            .collect()
    }

    /// The next events of the trace are these operations of a delivery, in order.
    pub(super) fn detail_delivered(&mut self, delivery: &Delivery<A::Op>) {
        let (place, source) = (self.place(), self.name_of(delivery.seat));
        let Some(detailer) = &mut self.detailer else {
            return;
        };
        for ((place, (dot, op)), _) in (place..).zip(delivery.iter()).zip(0..MOST_OPS) {
            let text = A::label(op, &self.names);
            let topic = detailer.dot(delivery.seat, dot.counter, &source, &text);
            detailer.details.events.insert(place, topic);
        }
    }

    /// The state of a node, after all that was written so far.
    pub(crate) fn state(&mut self, node: NodeId, entries: Vec<Entry>) {
        let after = self.place();
        if let Some(detailer) = &mut self.detailer {
            detailer.details.state(after, node, entries);
        }
    }

    pub(super) fn detail_power(&mut self, node: NodeId, up: bool) {
        let after = self.place();
        if let Some(detailer) = &mut self.detailer {
            detailer.details.power.push(Power { after, node, up });
        }
    }

    /// Partitions of the plan begin or end. Nodes reach each other that are in one part of each that lasts.
    pub(super) fn detail_cut(&mut self, change: impl FnOnce(&mut BTreeSet<u32>) -> bool) {
        let after = self.place();
        let Some(detailer) = &mut self.detailer else {
            return;
        };
        change(&mut detailer.cut);
        let mut parts: BTreeMap<Vec<u16>, Vec<NodeId>> = BTreeMap::new();
        let lasting = detailer.cut.iter();
        let lasting = lasting.filter_map(|number| self.partitions.get(*number as usize));
        let sides: Vec<Vec<u16>> = lasting.map(|cut| cut.sides(self.nodes.len())).collect();
        if !sides.is_empty() {
            for node in (0..).map(NodeId::new).take(self.nodes.len()) {
                let side = |sides: &Vec<u16>| sides.get(node.index()).copied().unwrap_or(0);
                parts
                    .entry(sides.iter().map(side).collect())
                    .or_default()
                    .push(node);
            }
        }
        let parts = parts.into_values().collect();
        detailer.details.cuts.push(Cut { after, parts });
    }

    pub(super) fn take_details(&mut self) -> Option<Details> {
        self.detailer.take().map(|detailer| detailer.details)
    }

    /// The seat of the member that runs at a node.
    pub(super) fn seat_of(&self, node: NodeId) -> Option<Seat> {
        let name = self.nodes.get(node.index())?;
        let place = self
            .sources
            .iter()
            .position(|actor| self.names.of(actor) == *name)?;
        u16::try_from(place).ok().map(Seat::new)
    }
}

/// Consecutive counters.
fn counters(first: Counter, len: u32) -> impl Iterator<Item = Counter> {
    (0..u64::from(len)).map_while(move |offset| first.checked_add(offset))
}
