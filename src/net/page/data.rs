//! The data of a page: columns of small numbers, and texts that are kept once. `model.js` reads it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::strings::Strings;
use super::{Finding, Level, Page};
use crate::net::chart::{style, text};
use crate::net::details::TopicId;
use crate::net::node::NodeId;
use crate::net::trace::{PacketOutcome, TraceKind};

/// What a script counts with exactly.
const MOST: u64 = 1 << 53;

/// Everything a page shows. Numbers of texts are places in `strings`, -1 is none; a `gap` is a number less the one
/// before it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Data {
    title: u32,
    scenario: u32,
    description: u32,
    command: u32,
    seed: String,
    facts: Vec<(u32, u32)>,
    findings: Vec<FindingRow>,
    nodes: Vec<NodeRow>,
    kinds: Vec<KindRow>,
    /// Nanoseconds, gaps.
    step_at: Vec<u64>,
    /// The engine's number of the step, gaps.
    step_number: Vec<u64>,
    messages: Messages,
    marks: Marks,
    topics: Vec<(u32, u32)>,
    /// Lists of topics.
    groups: Vec<Vec<u32>>,
    /// Lists of lines.
    contents: Vec<Vec<u32>>,
    /// Group and key.
    keys: Vec<(u32, u32)>,
    /// Step, node, and what changed: key and value in turn, -1 for a key that is gone.
    states: Vec<(usize, u16, Vec<i64>)>,
    /// Step, node, whether it is up.
    power: Vec<(usize, u16, bool)>,
    /// Step, and the part of each node; no parts if the network is whole.
    cuts: Vec<(usize, Vec<u16>)>,
    links: Option<Vec<(u16, u16)>>,
    strings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct NodeRow {
    name: u32,
    role: u32,
    correct: bool,
    /// Whether it must deliver everything.
    counted: bool,
}

#[derive(Debug, Serialize)]
struct KindRow {
    name: u32,
    colour: &'static str,
    dashed: bool,
    quiet: bool,
}

#[derive(Debug, Serialize)]
struct FindingRow {
    /// 0 is a violation, 1 evidence, 2 a note.
    level: u8,
    what: u32,
    detail: u32,
    nodes: u32,
    /// Place of the step; -1 if it is none.
    step: i64,
}

/// A row for each packet, in the order in which they were sent.
#[derive(Debug, Default, Serialize)]
struct Messages {
    from: Vec<u16>,
    to: Vec<u16>,
    kind: Vec<usize>,
    label: Vec<u32>,
    bytes: Vec<u32>,
    /// The step at which it was sent, gaps.
    sent: Vec<usize>,
    /// How many steps it was under way.
    took: Vec<usize>,
    /// 0 taken, 1 nothing new, 2 held, 3 refused, 4 lost, 5 under way at the end; 8 more for a copy the network made.
    fate: Vec<u8>,
    /// Why it was refused or lost: the message, the text.
    why: Vec<(usize, u32)>,
    /// Place in `groups`.
    group: Vec<i64>,
    /// Place in `contents`.
    content: Vec<i64>,
}

/// A row for everything else that happened, in order.
#[derive(Debug, Default, Serialize)]
struct Marks {
    /// The step, gaps.
    step: Vec<usize>,
    /// Where; -1 is everywhere.
    node: Vec<i32>,
    /// 0 delivered, 1 state, 2 note, 3 done by itself, 4 a line across, 5 a band across.
    what: Vec<u8>,
    text: Vec<u32>,
    topic: Vec<i64>,
}

const IN_FLIGHT: u8 = 5;

impl Page<'_> {
    pub(super) fn data(&self) -> Data {
        let mut strings = Strings::default();
        let mut data = Data {
            title: strings.of(&self.trace.title),
            scenario: strings.of(&self.trace.scenario),
            description: strings.of(&self.description),
            command: strings.of(&self.command),
            seed: self.trace.seed.to_string(),
            ..Data::default()
        };
        let facts = self.facts.iter();
        data.facts = facts
            .map(|(what, value)| (strings.of(what), strings.of(value)))
            .collect();
        data.nodes = self.nodes(&mut strings);
        let steps = self.events(&mut data, &mut strings);
        let step_of = |after: usize| steps.get(after.saturating_sub(1)).or(steps.last());
        let step_of = |after: usize| step_of(after).copied().unwrap_or(0);
        self.details_of(&mut data, &mut strings, &step_of);
        data.findings = self.findings(&mut strings, &steps);
        let links = self.links.as_ref();
        data.links = links.map(|links| links.iter().map(|(a, b)| (a.get(), b.get())).collect());
        data.strings = strings.into_list();
        data
    }

    fn nodes(&self, strings: &mut Strings) -> Vec<NodeRow> {
        let mut taken = BTreeMap::new();
        (0..)
            .map(NodeId::new)
            .zip(&self.trace.nodes)
            .map(|(id, node)| {
                // Names that look alike are told apart.
                let mut name = text::clip(&node.name, 24);
                let times = taken.entry(name.clone()).or_insert(0_usize);
                *times += 1;
                if *times > 1 || name.trim().is_empty() {
                    name = format!("{name} ({id})");
                }
                NodeRow {
                    name: strings.of(&name),
                    role: strings.of(&text::clip(&node.role, 24)),
                    correct: node.correct,
                    counted: match &self.counted {
                        Some(counted) => counted.contains(&id),
                        None => node.correct,
                    },
                }
            })
            .collect()
    }

    /// Fills in what the trace says; the step of each of its events.
    fn events(&self, data: &mut Data, strings: &mut Strings) -> Vec<usize> {
        let mut steps = Vec::with_capacity(self.trace.events.len());
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut groups: BTreeMap<&[TopicId], i64> = BTreeMap::new();
        // The row of each message that has not arrived.
        let mut open: BTreeMap<u64, usize> = BTreeMap::new();
        let mut sent_at: Vec<usize> = Vec::new();
        let (mut last, mut marked) = (None, 0);
        let (mut at, mut number) = (0, 0);
        let nodes = self.trace.nodes.len();
        let known = |node: &NodeId| node.index() < nodes;
        for (place, event) in self.trace.events.iter().enumerate() {
            if last != Some((event.at, event.step)) {
                last = Some((event.at, event.step));
                let now = event.at.as_nanos().min(MOST).max(at);
                let step = event.step.min(MOST).max(number);
                data.step_at.push(now - at);
                data.step_number.push(step - number);
                (at, number) = (now, step);
            }
            let step = data.step_at.len() - 1;
            steps.push(step);
            let mut mark = |node: i32, what: u8, label: &str| {
                let topic = self.details.and_then(|details| details.events.get(&place));
                let marks = &mut data.marks;
                marks.step.push(step - marked);
                marks.node.push(node);
                marks.what.push(what);
                marks.text.push(strings.of(label));
                marks
                    .topic
                    .push(topic.map_or(-1, |topic| i64::from(topic.0)));
                marked = step;
            };
            match &event.kind {
                TraceKind::Sent {
                    message,
                    from,
                    to,
                    kind,
                    label,
                    bytes,
                    duplicate,
                } => {
                    if !known(from) || !known(to) {
                        continue;
                    }
                    let number = data.kinds.len();
                    let kind = *kinds.entry(kind).or_insert_with(|| {
                        data.kinds.push(self.kind(kind, strings));
                        number
                    });
                    let detail = self
                        .details
                        .and_then(|details| details.messages.get(message));
                    let topics = detail.map(|detail| detail.topics.as_slice());
                    let topics = topics.filter(|topics| !topics.is_empty());
                    let group = topics.map_or(-1, |topics| {
                        *groups.entry(topics).or_insert_with(|| {
                            let topics = topics.iter().map(|topic| topic.0);
                            data.groups.push(topics.collect());
                            i64::try_from(data.groups.len()).unwrap_or(0) - 1
                        })
                    });
                    let content = detail.and_then(|detail| detail.content);
                    open.insert(*message, sent_at.len());
                    let messages = &mut data.messages;
                    messages.from.push(from.get());
                    messages.to.push(to.get());
                    messages.kind.push(kind);
                    messages.label.push(strings.of(label));
                    messages.bytes.push(*bytes);
                    messages
                        .sent
                        .push(step - sent_at.last().copied().unwrap_or(0));
                    messages.took.push(0);
                    messages.fate.push(IN_FLIGHT + 8 * u8::from(*duplicate));
                    messages.group.push(group);
                    messages.content.push(content.map_or(-1, i64::from));
                    sent_at.push(step);
                }
                TraceKind::Arrived { message, outcome } => {
                    let (fate, why) = match outcome {
                        PacketOutcome::Accepted => (0, None),
                        PacketOutcome::Duplicate => (1, None),
                        PacketOutcome::Parked => (2, None),
                        PacketOutcome::Rejected(why) => (3, Some(why)),
                    };
                    if let Some(row) = open.remove(message) {
                        let why = why.map(|why| strings.of(why));
                        data.messages.end(row, step - sent_at[row], fate, why);
                    }
                }
                TraceKind::Lost { message, reason } => {
                    if let Some(row) = open.remove(message) {
                        let why = Some(strings.of(reason));
                        data.messages.end(row, step - sent_at[row], 4, why);
                    }
                }
                TraceKind::Delivered { node, label } if known(node) => {
                    mark(place_of(node), 0, label)
                }
                TraceKind::State { node, label } if known(node) => mark(place_of(node), 1, label),
                TraceKind::Note { node, label } if known(node) => mark(place_of(node), 2, label),
                TraceKind::Local { node, label } if known(node) => mark(place_of(node), 3, label),
                TraceKind::Divider { label } => mark(-1, 4, label),
                TraceKind::Band { label } => mark(-1, 5, label),
                _ => {}
            }
        }
        steps
    }

    fn kind(&self, kind: &str, strings: &mut Strings) -> KindRow {
        let drawn = style::packet(kind);
        KindRow {
            name: strings.of(kind),
            colour: drawn.colour,
            dashed: drawn.dashed,
            quiet: self.quiet.iter().any(|quiet| quiet == kind),
        }
    }

    /// Fills in what the details say.
    fn details_of(&self, data: &mut Data, strings: &mut Strings, step_of: &dyn Fn(usize) -> usize) {
        let Some(details) = self.details else {
            return;
        };
        let nodes = self.trace.nodes.len();
        let topics = details.topics.iter();
        data.topics = topics
            .map(|topic| (strings.of(&topic.name), strings.of(&topic.text)))
            .collect();
        let contents = details.contents.iter();
        data.contents = contents
            .map(|lines| lines.iter().map(|line| strings.of(line)).collect())
            .collect();
        let mut keys: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut shown: BTreeMap<NodeId, BTreeMap<i64, u32>> = BTreeMap::new();
        for state in details
            .states
            .iter()
            .filter(|state| state.node.index() < nodes)
        {
            let mut now = BTreeMap::new();
            for entry in &state.entries {
                let key = *keys.entry((&entry.group, &entry.key)).or_insert_with(|| {
                    data.keys
                        .push((strings.of(&entry.group), strings.of(&entry.key)));
                    i64::try_from(data.keys.len()).unwrap_or(0) - 1
                });
                now.insert(key, strings.of(&entry.value));
            }
            let before = shown.entry(state.node).or_default();
            let new = now
                .iter()
                .filter(|(key, value)| before.get(key) != Some(value));
            let new = new.flat_map(|(key, value)| [*key, i64::from(*value)]);
            let gone = before.keys().filter(|key| !now.contains_key(key));
            let gone = gone.flat_map(|key| [*key, -1]);
            let changes: Vec<i64> = new.chain(gone).collect();
            if !changes.is_empty() {
                data.states
                    .push((step_of(state.after), state.node.get(), changes));
            }
            *before = now;
        }
        let power = details
            .power
            .iter()
            .filter(|power| power.node.index() < nodes);
        data.power = power
            .map(|power| (step_of(power.after), power.node.get(), power.up))
            .collect();
        let cuts = details.cuts.iter();
        data.cuts = cuts
            .map(|cut| {
                // Nodes that no part names are one more.
                let rest = u16::try_from(cut.parts.len()).unwrap_or(u16::MAX);
                let mut parts = vec![rest; if cut.parts.is_empty() { 0 } else { nodes }];
                for (part, members) in (0..).zip(&cut.parts) {
                    for node in members {
                        if let Some(place) = parts.get_mut(node.index()) {
                            *place = part;
                        }
                    }
                }
                (step_of(cut.after), parts)
            })
            .collect();
    }

    fn findings(&self, strings: &mut Strings, steps: &[usize]) -> Vec<FindingRow> {
        let row = |finding: &Finding| {
            // The last step that is not later: not every step of an engine leaves an event.
            let step = finding.step.map(|step| {
                let later = self
                    .trace
                    .events
                    .partition_point(|event| event.step <= step);
                steps.get(later.saturating_sub(1)).copied().unwrap_or(0)
            });
            FindingRow {
                level: match finding.level {
                    Level::Violation => 0,
                    Level::Evidence => 1,
                    Level::Note => 2,
                },
                what: strings.of(&finding.what),
                detail: strings.of(&finding.detail),
                nodes: strings.of(&finding.nodes.join(", ")),
                step: step.and_then(|step| i64::try_from(step).ok()).unwrap_or(-1),
            }
        };
        self.findings.iter().map(row).collect()
    }
}

fn place_of(node: &NodeId) -> i32 {
    i32::from(node.get())
}

impl Messages {
    fn end(&mut self, row: usize, took: usize, fate: u8, why: Option<u32>) {
        if let (Some(known_took), Some(known_fate)) =
            (self.took.get_mut(row), self.fate.get_mut(row))
        {
            *known_took = took;
            *known_fate = (*known_fate & 8) + fate;
            self.why.extend(why.map(|why| (row, why)));
        }
    }
}
