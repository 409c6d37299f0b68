//! The observer of a run: counts, digests, keeps what the checkers are to see, and writes the trace if one is wanted.

mod detail;
mod detailer;
mod outline;

use std::collections::BTreeMap;

use detailer::Detailer;

use super::details::Details;
use super::fault::{Faults, Partition};
use super::node::NodeId;
use super::note::Note;
use super::observer::{Event, Moment, Observer, Planned};
use super::participant::Participant;
use super::report::Traffic;
use super::roster::Names;
use super::sim_algorithm::SimAlgorithm;
use super::trace::{PacketOutcome, TraceEvent, TraceKind};
use super::transcript::{Transcriber, Transcript};
use super::wire::Wire;
use crate::actor::{Actor, Counter, Keys, NetworkId};
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::packet::Echo;
use crate::deterministic_secure_broadcast::wire::Phase;
use crate::deterministic_secure_broadcast::{Contradiction, Delivery, Header, Payload, Rules};
use crate::membership::{Change, Generation, Seat};
use crate::traits::SecureBroadcastAlgorithm;

/// What happened in a step that checkers and books want to know.
#[derive(Debug)]
pub(crate) enum Happened<A: SecureBroadcastAlgorithm> {
    Delivered(NodeId, Delivery<A::Op>),
    Noted(NodeId, Note<A>),
    Crashed,
    Resumed(NodeId),
    Healed,
}

/// Watches the engine.
#[derive(Debug)]
pub(crate) struct Recorder<A: SimAlgorithm> {
    pub(crate) happened: Vec<(Moment, Happened<A>)>,
    pub(crate) traffic: Traffic,
    /// By node, its packets that replicas rejected.
    pub(crate) rejected: Vec<u64>,
    print: Print,
    transcriber: Option<Transcriber>,
    trace: Option<Vec<TraceEvent>>,
    detailer: Option<Box<Detailer>>,
    names: Names,
    /// Who ever was a member, by seat.
    sources: Vec<Actor>,
    /// The last generation that any node has activated.
    generation: Generation,
    nodes: Vec<String>,
    partitions: Vec<Partition>,
    /// What else is planned: where, what a chart says when it begins, and when it ends.
    plan: Vec<(Planned, Option<NodeId>, String, String)>,
    network: NetworkId,
    /// The headers seen for each slot, when a trace is written.
    versions: BTreeMap<(Seat, Counter), Vec<Digest>>,
}

/// The running digest of a run.
#[derive(Debug)]
struct Print {
    hasher: Box<blake3::Hasher>,
    buffer: Vec<u8>,
}

/// Large pieces are hashed several times faster than small ones.
const BUFFER: usize = 16 * 1024;

impl Print {
    fn new() -> Self {
        let hasher = Box::new(blake3::Hasher::new_derive_key(
            "bft-crdts simulator trace 1",
        ));
        Self {
            hasher,
            buffer: Vec::with_capacity(BUFFER + 256),
        }
    }

    fn event(&mut self, tag: u8, moment: Moment, numbers: &[u64], text: &[u8]) {
        let Moment { at, step } = moment;
        self.buffer.push(tag);
        for number in [at.as_nanos(), step]
            .iter()
            .chain(numbers)
            .chain([&(text.len() as u64)])
        {
            self.buffer.extend_from_slice(&number.to_le_bytes());
        }
        self.buffer.extend_from_slice(text);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
    }

    fn finish(&mut self) -> Digest {
        self.flush();
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }
}

fn number(node: NodeId) -> u64 {
    u64::from(node.get())
}

/// The mark of a version among those of its slot.
fn prime(versions: &[Digest], header: Digest) -> &'static str {
    match versions.iter().position(|seen| *seen == header) {
        Some(0) => "",
        Some(1) => "'",
        Some(2) => "''",
        Some(_) => "*",
        None => "?",
    }
}

impl<A: SimAlgorithm> Recorder<A> {
    pub(crate) fn new(
        traced: bool,
        names: Names,
        sources: Vec<Actor>,
        nodes: Vec<String>,
        partitions: Vec<Partition>,
        network: NetworkId,
    ) -> Self {
        Self {
            happened: Vec::new(),
            traffic: Traffic::default(),
            rejected: vec![0; nodes.len()],
            print: Print::new(),
            transcriber: None,
            trace: traced.then(Vec::new),
            detailer: None,
            names,
            sources,
            generation: Generation::GENESIS,
            nodes,
            partitions,
            plan: Vec::new(),
            network,
            versions: BTreeMap::new(),
        }
    }

    pub(crate) fn transcribed(mut self, transcribed: bool) -> Self {
        self.transcriber = transcribed.then(Transcriber::new);
        self
    }

    /// Whether a trace is written, so that labels are worth making.
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    /// Writes an event into the trace.
    pub(crate) fn write(&mut self, moment: Moment, kind: impl FnOnce(&Names) -> TraceKind) {
        if let Some(trace) = &mut self.trace {
            let Moment { at, step } = moment;
            trace.push(TraceEvent {
                at,
                step,
                kind: kind(&self.names),
            });
        }
    }

    /// Like [`Recorder::write`], for an event that may not be worth drawing.
    pub(crate) fn write_some(
        &mut self,
        moment: Moment,
        kind: impl FnOnce(&Names) -> Option<TraceKind>,
    ) {
        if self.trace.is_some()
            && let Some(kind) = kind(&self.names)
        {
            self.write(moment, |_| kind);
        }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The details, if they were asked for. Once.
    pub(crate) fn details(&mut self) -> Option<Details> {
        self.take_details()
    }

    /// The transcript so far, if one was asked for.
    pub(crate) fn transcript(&self) -> Option<Transcript> {
        self.transcriber.as_ref().map(Transcriber::finish)
    }

    pub(crate) fn finish(mut self) -> (Digest, Option<Vec<TraceEvent>>, Traffic) {
        (self.print.finish(), self.trace, self.traffic)
    }

    /// What a contradiction is about: a slot, an attempt, or a generation.
    pub(crate) fn place_of(&self, contradiction: &Contradiction) -> String {
        let generation = contradiction.generation();
        match (contradiction.slot(), contradiction.attempt()) {
            (Some((source, first)), _) => format!("{}#{first}", self.name_of(source)),
            (None, Some(attempt)) => format!("{generation}, attempt {attempt}"),
            (None, None) => generation.to_string(),
        }
    }

    pub(crate) fn name_of(&self, seat: Seat) -> String {
        self.sources
            .get(seat.get())
            .map_or_else(|| seat.to_string(), |actor| self.names.of(actor))
    }

    fn slot(&mut self, header: &Header) -> String {
        let digest = header.digest(&self.network);
        let mark = self.mark(header.source, header.first, digest);
        let (name, first) = (self.name_of(header.source), header.first);
        match header.len {
            0 | 1 => format!("{name}#{first}{mark}"),
            len => format!(
                "{name}#{first}..{}{mark}",
                first.get().saturating_add(u64::from(len) - 1)
            ),
        }
    }

    /// Tells the versions of an equivocated slot apart: nothing for the first that was seen, a prime for the second.
    fn mark(&mut self, source: Seat, first: Counter, header: Digest) -> &'static str {
        let versions = self.versions.entry((source, first)).or_default();
        if !versions.contains(&header) {
            versions.push(header);
        }
        prime(versions, header)
    }

    /// The slot that an echo is for: its source is who gets it. An echo of nothing that was ever requested has a
    /// question mark.
    fn echoed(&self, echo: &Echo, to: NodeId) -> String {
        let name = self.nodes.get(to.index()).cloned().unwrap_or_default();
        let seat = self.seat_of(to);
        let versions = seat.and_then(|seat| self.versions.get(&(seat, echo.first)));
        let mark = versions.map_or("?", |versions| prime(versions, echo.header));
        format!("{name}#{}{mark}", echo.first)
    }

    /// What an arc of a chart says.
    fn label(&mut self, wire: &Wire, to: NodeId) -> String {
        let Ok(payload) = codec::decode::<Payload>(wire.bytes()) else {
            return "garbage".into();
        };
        match payload {
            Payload::Request(request) => {
                let ops =
                    codec::decode_sequence::<A::Op>(request.header.len as usize, &request.ops);
                let ops = ops.unwrap_or_default();
                let text = match ops.as_slice() {
                    [] => "?".into(),
                    [op] => A::label(op, &self.names),
                    [op, rest @ ..] => format!("{} +{}", A::label(op, &self.names), rest.len()),
                };
                format!("request {} {text}", self.slot(&request.header))
            }
            Payload::Echo(echo) => format!("echo {}", self.echoed(&echo, to)),
            Payload::Proof(proof) => {
                let certificate = &proof.certificate;
                let slot = self.slot(&certificate.header);
                match proof.ops {
                    None => format!("proof {slot}"),
                    Some(_) => format!("proof {slot} with ops"),
                }
            }
            Payload::Refusal(refusal) => format!("refusal #{} {}", refusal.first, refusal.reason),
            Payload::Evidence(evidence) => {
                format!("evidence against {}", self.names.of(&evidence.culprit))
            }
            Payload::Join(join) => format!("join {}", self.names.of(&join.actor)),
            Payload::Approvals(approvals) => {
                let change = self.names.of_change(&approvals.change);
                match approvals.signers.count() {
                    1 => format!("approve {change}"),
                    many => format!("{many} approve {change}"),
                }
            }
            Payload::Propose(proposal) => {
                let change = self.names.of_change(&proposal.decision.change);
                format!("propose {change} in attempt {}", proposal.attempt)
            }
            Payload::Vote(vote) => {
                let phase = match vote.phase {
                    Phase::First => 1,
                    Phase::Second => 2,
                };
                format!("vote {phase} in attempt {}", vote.attempt)
            }
            Payload::Timeout(timeout) => format!("timeout of attempt {}", timeout.attempt),
            Payload::Timeouts(timeouts) => format!("attempt {} is over", timeouts.attempt),
            Payload::Chain(chain) => match chain.links.last() {
                Some(link) => format!("decided: {}", link.decision.generation),
                None => "chain".into(),
            },
            Payload::Seal(seal) => {
                let open = seal.sources.iter().flat_map(|source| &source.open);
                let bound: Vec<String> = open.map(|open| self.slot(&open.header)).collect();
                match bound.is_empty() {
                    true => format!("seal of {}", seal.generation),
                    false => format!("seal of {}, with {}", seal.generation, bound.join(", ")),
                }
            }
            payload => payload.kind().to_string(),
        }
    }

    /// Somebody is the first in a generation: a band, and seats that are new.
    fn generation(&mut self, moment: Moment, note: &Note<A>) {
        let Note::Generation {
            generation,
            change,
            members,
            sources,
        } = note
        else {
            return;
        };
        if *generation <= self.generation {
            return;
        }
        self.generation = *generation;
        self.sources = sources.to_vec();
        let change = self.names.of_change(change);
        self.write(moment, |names| {
            let mut members: Vec<String> = members.iter().map(|actor| names.of(actor)).collect();
            members.sort();
            let label = format!("{generation}: {change}. Members: {}", members.join(", "));
            TraceKind::Band { label }
        });
    }

    fn note_label(&self, note: &Note<A>) -> Option<String> {
        Some(match note {
            Note::Issued { .. } | Note::Count(_) | Note::KeyChanged(_) => return None,
            Note::Returned { op, reason } => {
                format!("{} refused: {reason}", A::label(op, &self.names))
            }
            Note::RefusedBy {
                member,
                dot,
                reason,
            } => {
                format!(
                    "{} refuses #{}: {reason}",
                    self.names.of(member),
                    dot.counter
                )
            }
            Note::Evidence(evidence) => {
                let culprit = self.names.of(&evidence.culprit);
                let contradiction = &evidence.contradiction;
                let place = self.place_of(contradiction);
                match contradiction {
                    Contradiction::Headers { .. } => {
                        format!("evidence: {culprit} signed twice for {place}")
                    }
                    other => format!("evidence: {culprit}, {place}: {}", other.kind()),
                }
            }
            Note::Diverged { member } => format!("{} reports another state", self.names.of(member)),
            Note::Halted(halt) => format!("stops signing: {halt}"),
            Note::Asked { change, by } => match change {
                Change::Join(actor) if actor == by => {
                    format!("{} asks to join", self.names.of(by))
                }
                _ => format!(
                    "{} wants: {}",
                    self.names.of(by),
                    self.names.of_change(change)
                ),
            },
            Note::Obsolete(change) => format!("no longer wanted: {}", self.names.of_change(change)),
            Note::Generation {
                generation, change, ..
            } => {
                format!("activates {generation}: {}", self.names.of_change(change))
            }
            Note::Left => "has left".into(),
            Note::Checkpoint => "has a checkpoint".into(),
            Note::Installed(clock) => {
                let sum = clock.iter().map(|(_, counter)| counter.get());
                format!("goes on from a snapshot of {} operations", sum.sum::<u64>())
            }
            Note::AppPanicked(text) => format!("halts: the application panicked: {text}"),
            Note::Act(text) => text.clone(),
        })
    }

    fn print_note(&mut self, moment: Moment, node: NodeId, note: &Note<A>) {
        let node = number(node);
        match note {
            Note::Issued { first, len, .. } => {
                self.print
                    .event(20, moment, &[node, first.get(), u64::from(*len)], &[]);
            }
            Note::Count(what) => self.print.event(21, moment, &[node], what.as_bytes()),
            Note::Act(text) | Note::AppPanicked(text) => {
                self.print.event(22, moment, &[node], text.as_bytes())
            }
            Note::Returned { op, .. } => self.print.event(23, moment, &[node], &codec::encode(op)),
            Note::RefusedBy { dot, reason, .. } => {
                self.print
                    .event(24, moment, &[node, dot.counter.get()], reason.as_bytes());
            }
            Note::Evidence(evidence) => {
                self.print
                    .event(25, moment, &[node], &codec::encode(&**evidence));
            }
            Note::Diverged { member } => self.print.event(26, moment, &[node], member.as_bytes()),
            Note::Halted(_) => self.print.event(27, moment, &[node], &[]),
            Note::Asked { change, by } => {
                let change = codec::encode(&(change, by));
                self.print.event(28, moment, &[node], &change);
            }
            Note::Obsolete(change) => self
                .print
                .event(29, moment, &[node], &codec::encode(change)),
            Note::Generation {
                generation, change, ..
            } => {
                let what = codec::encode(&(generation, change));
                self.print.event(30, moment, &[node], &what);
            }
            Note::Left => self.print.event(31, moment, &[node], &[]),
            Note::Checkpoint => self.print.event(32, moment, &[node], &[]),
            Note::Installed(clock) => self.print.event(33, moment, &[node], &codec::encode(clock)),
            Note::KeyChanged(generation) => {
                self.print.event(34, moment, &[node, generation.get()], &[]);
            }
        }
    }

    fn divider(&self, partition: u32) -> String {
        let Some(partition) = self.partitions.get(partition as usize) else {
            return String::new();
        };
        let name = |node: &NodeId| self.nodes.get(node.index()).cloned().unwrap_or_default();
        let groups = partition
            .groups
            .iter()
            .map(|group| group.iter().map(name).collect::<Vec<_>>().join(" "));
        groups.collect::<Vec<_>>().join(" | ")
    }
}

impl<A: SimAlgorithm> Recorder<A> {
    /// What besides partitions and crashes is planned, so that it can be named.
    pub(crate) fn plan(&mut self, faults: &Faults) {
        let list = |nodes: &[NodeId]| {
            let name = |node: &NodeId| self.nodes.get(node.index()).cloned().unwrap_or_default();
            match nodes {
                [] => "all".to_owned(),
                nodes => nodes.iter().map(name).collect::<Vec<_>>().join(" "),
            }
        };
        let mut plan = Vec::new();
        for (place, fault) in (0..).zip(&faults.one_way) {
            let (from, to) = (list(&fault.senders), list(&fault.receivers));
            let begins = format!("one way: {from} not heard by {to}");
            let finishes = format!("healed: {from} heard by {to}");
            plan.push((Planned::OneWay(place), None, begins, finishes));
        }
        for (place, fault) in (0..).zip(&faults.clogs) {
            let (from, to) = (list(&fault.senders), list(&fault.receivers));
            let begins = format!("clogged: from {from} to {to}");
            let finishes = format!("free again: from {from} to {to}");
            plan.push((Planned::Clog(place), None, begins, finishes));
        }
        for (place, fault) in (0..).zip(&faults.slowdowns) {
            let begins = format!("is slow: {} more for everything", fault.by);
            let finishes = "is as fast as before".to_owned();
            plan.push((Planned::Slowdown(place), Some(fault.node), begins, finishes));
        }
        for (place, fault) in (0..).zip(&faults.full_disks) {
            let begins = "its disk is full".to_owned();
            let finishes = "its disk has room again".to_owned();
            plan.push((Planned::FullDisk(place), Some(fault.node), begins, finishes));
        }
        self.plan = plan;
    }

    /// Something of the plan begins (tag 14) or ends (tag 15).
    fn planned(&mut self, tag: u8, moment: Moment, planned: Planned) {
        let place = self.plan.iter().position(|(known, ..)| *known == planned);
        let place = place.unwrap_or(usize::MAX);
        self.print.event(tag, moment, &[place as u64], &[]);
        let Some((_, node, begins, finishes)) = self.plan.get(place) else {
            return;
        };
        let (node, label) = (*node, if tag == 14 { begins } else { finishes }.clone());
        self.write(moment, |_| match node {
            Some(node) => TraceKind::Note { node, label },
            None => TraceKind::Divider { label },
        });
    }
}

impl<A: SimAlgorithm, K: Keys, R: Rules> Observer<Participant<A, K, R>> for Recorder<A> {
    fn event(&mut self, moment: Moment, event: Event<'_, Participant<A, K, R>>) {
        match event {
            Event::Sent {
                copy,
                from,
                to,
                message,
                bytes,
                duplicate,
            } => {
                let mixed = u64::from(bytes) << 1 | u64::from(duplicate);
                self.print.event(
                    1,
                    moment,
                    &[copy, number(from), number(to), mixed, message.print()],
                    &[],
                );
                if duplicate {
                    self.traffic.duplicated += 1;
                } else {
                    self.traffic.count(message.kind(), bytes);
                    if let Some(transcriber) = &mut self.transcriber {
                        transcriber.sent(moment.at, from, to, message.bytes());
                    }
                }
                if self.is_traced() {
                    self.detail_sent(copy, message, to);
                    let (kind, label) = (message.kind_name(), self.label(message, to));
                    self.write(moment, |_| TraceKind::Sent {
                        message: copy,
                        from,
                        to,
                        kind,
                        label,
                        bytes,
                        duplicate,
                    });
                }
            }
            Event::Lost { copy, why, .. } => {
                self.print.event(2, moment, &[copy, why as u64], &[]);
                self.traffic.lost += 1;
                self.write(moment, |_| TraceKind::Lost {
                    message: copy,
                    reason: why.to_string(),
                });
            }
            Event::Arrived {
                copy,
                from,
                verdict,
                ..
            } => {
                if let Some(rejected) = self.rejected.get_mut(from.index()) {
                    *rejected += u64::from(verdict.is_rejection());
                }
                self.print
                    .event(3, moment, &[copy, u64::from(verdict.code())], &[]);
                self.write(moment, |names| TraceKind::Arrived {
                    message: copy,
                    outcome: match verdict.outcome() {
                        PacketOutcome::Rejected(why) => {
                            PacketOutcome::Rejected(names.put_into(&why))
                        }
                        outcome => outcome,
                    },
                });
            }
            Event::Delivered { node, delivery } => {
                let Delivery {
                    seat,
                    first,
                    ref ops,
                    ..
                } = delivery;
                let numbers = [
                    number(node),
                    seat.get() as u64,
                    first.get(),
                    ops.len() as u64,
                ];
                self.print.event(4, moment, &numbers, &[]);
                if let Some(transcriber) = &mut self.transcriber {
                    transcriber.delivered(moment.at, node, &delivery);
                }
                if self.is_traced() {
                    self.detail_delivered(&delivery);
                    for (dot, op) in delivery.iter() {
                        let label = format!(
                            "{}#{} {}",
                            self.names.of(&dot.actor),
                            dot.counter,
                            A::label(op, &self.names)
                        );
                        self.write(moment, |_| TraceKind::Delivered { node, label });
                    }
                }
                self.happened
                    .push((moment, Happened::Delivered(node, delivery)));
            }
            Event::Noted { node, note } => {
                self.print_note(moment, node, &note);
                self.generation(moment, &note);
                match &note {
                    Note::Issued { first, len, ops } => self.detail_issued(node, *first, *len, ops),
                    Note::Returned { op, .. } => self.detail_returned(node, op),
                    _ => {}
                }
                if self.is_traced()
                    && let Some(label) = self.note_label(&note)
                {
                    self.write(moment, |_| TraceKind::Note { node, label });
                }
                self.happened.push((moment, Happened::Noted(node, note)));
            }
            Event::Persisted { node, record } => {
                self.print
                    .event(5, moment, &[number(node), record.len() as u64], &[]);
                if let Some(transcriber) = &mut self.transcriber {
                    transcriber.persisted(moment.at, node, record);
                }
            }
            Event::Fired { .. } => {}
            Event::Crashed { node } => {
                self.print.event(6, moment, &[number(node)], &[]);
                let label = match moment.step {
                    0 => "is not there yet".into(),
                    _ => "crashes".into(),
                };
                self.write(moment, |_| TraceKind::Note { node, label });
                self.detail_power(node, false);
                self.happened.push((moment, Happened::Crashed));
            }
            Event::Restarted { node } => {
                self.print.event(7, moment, &[number(node)], &[]);
                self.write(moment, |_| TraceKind::Note {
                    node,
                    label: "restarts from its journal".into(),
                });
                self.detail_power(node, true);
            }
            Event::Cut { partition } => {
                self.print.event(8, moment, &[u64::from(partition)], &[]);
                let label = format!("partition: {}", self.divider(partition));
                self.write(moment, |_| TraceKind::Divider { label });
                self.detail_cut(|cut| cut.insert(partition));
            }
            Event::Mended { partition } => {
                self.print.event(9, moment, &[u64::from(partition)], &[]);
                let label = format!("healed: {}", self.divider(partition));
                self.write(moment, |_| TraceKind::Divider { label });
                self.detail_cut(|cut| cut.remove(&partition));
            }
            Event::Corrupted { copy, .. } => {
                self.print.event(11, moment, &[copy], &[]);
                self.traffic.corrupted += 1;
            }
            Event::Suspended { node } => {
                self.print.event(12, moment, &[number(node)], &[]);
                let label = "is away".into();
                self.write(moment, |_| TraceKind::Note { node, label });
            }
            Event::Resumed { node } => {
                self.print.event(13, moment, &[number(node)], &[]);
                let label = "is back".into();
                self.write(moment, |_| TraceKind::Note { node, label });
                self.happened.push((moment, Happened::Resumed(node)));
            }
            Event::Began { planned } => self.planned(14, moment, planned),
            Event::Finished { planned } => self.planned(15, moment, planned),
            Event::Healed => {
                self.print.event(10, moment, &[], &[]);
                self.write(moment, |_| TraceKind::Divider {
                    label: "all faults end".into(),
                });
                self.detail_cut(|cut| !std::mem::take(cut).is_empty());
                self.happened.push((moment, Happened::Healed));
            }
        }
    }
}
