//! A trace made ready for drawing: packets joined to their fate, what is not shown taken out.

use std::collections::{BTreeMap, BTreeSet};

use super::ChartOptions;
use super::text;
use crate::net::node::NodeId;
use crate::net::time::VirtualTime;
use crate::net::trace::{PacketOutcome, Trace, TraceKind};

/// What a chart shows, in the order in which it happened.
pub(crate) struct Diagram<'a> {
    /// The nodes shown, in the order of the trace.
    pub(crate) lanes: Vec<Lane<'a>>,
    /// The packets between shown nodes, those outside of the time shown too.
    pub(crate) arcs: Vec<Arc<'a>>,
    /// Everything shown.
    pub(crate) items: Vec<Item<'a>>,
    /// How many summaries came to nothing and are not shown for it.
    pub(crate) hushed: usize,
}

/// A node of the chart: one vertical line.
pub(crate) struct Lane<'a> {
    /// Its name, safe and unique.
    pub(crate) name: String,
    /// What it does.
    pub(crate) role: &'a str,
    /// Whether it keeps to the protocol.
    pub(crate) correct: bool,
}

/// A packet.
pub(crate) struct Arc<'a> {
    /// The lane of its sender.
    pub(crate) from: usize,
    /// The lane of its receiver.
    pub(crate) to: usize,
    pub(crate) kind: &'static str,
    pub(crate) label: &'a str,
    pub(crate) bytes: u32,
    /// Whether the network made it.
    pub(crate) duplicate: bool,
    /// When it was sent.
    pub(crate) sent: VirtualTime,
    pub(crate) fate: Fate<'a>,
    /// When it arrived or was lost; for packets in flight the end of the chart.
    pub(crate) ended: VirtualTime,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate<'a> {
    Accepted,
    Duplicate,
    Parked,
    Rejected(&'a str),
    Lost(&'a str),
    InFlight,
}

/// Something that happened.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) at: VirtualTime,
    /// Its place in the trace, from 0; packets in flight come after all of it.
    pub(crate) event: usize,
    pub(crate) what: What<'a>,
}

/// What happened.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    /// The arc left its sender.
    Sent(usize),
    /// The arc came to its end.
    Ended(usize),
    /// A box on a lane.
    Boxed {
        lane: usize,
        kind: BoxKind,
        text: &'a str,
    },
    /// A line across the chart: a partition, its healing.
    Divider(&'a str),
    /// A box across the chart: another generation.
    Band(&'a str),
}

/// The kinds of boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoxKind {
    Delivered,
    State,
    Note,
    Rejected,
    Local,
}

impl BoxKind {
    /// Its name in [`ChartOptions::kinds`].
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::State => "state",
            Self::Note | Self::Rejected => "note",
            Self::Local => "local",
        }
    }
}

impl<'a> Diagram<'a> {
    /// What `options` show of `trace`.
    pub(crate) fn new(trace: &'a Trace, options: &ChartOptions) -> Self {
        let mut lane_of = vec![None; trace.nodes.len()];
        let mut lanes = Vec::new();
        let names = text::names(trace.nodes.iter().map(|node| node.name.as_str()));
        for (place, (node, name)) in trace.nodes.iter().zip(names).enumerate() {
            let id = u16::try_from(place).map(NodeId::new);
            if id.is_ok_and(|id| options.shows_node(id)) {
                lane_of[place] = Some(lanes.len());
                lanes.push(Lane {
                    name,
                    role: &node.role,
                    correct: node.correct,
                });
            }
        }
        let lane = |node: &NodeId| lane_of.get(node.index()).copied().flatten();
        let mut arcs = all_arcs(trace, options, lane);
        let hushed = if options.chatter {
            0
        } else {
            arcs.hush(trace, options)
        };
        let mut diagram = Self {
            lanes,
            arcs: Vec::new(),
            items: Vec::new(),
            hushed,
        };
        let mut drawn = BTreeMap::new();
        let mut closing = VirtualTime::ZERO;
        for (event, happened) in trace.events.iter().enumerate() {
            let at = happened.at;
            if !options.shows_time(at) {
                continue;
            }
            closing = closing.max(at);
            let mut push = |what| diagram.items.push(Item { at, event, what });
            let mut boxed = |node: &NodeId, kind: BoxKind, text: &'a str| {
                if let Some(lane) = lane(node).filter(|_| options.shows_kind(kind.name())) {
                    push(What::Boxed { lane, kind, text });
                }
            };
            match &happened.kind {
                TraceKind::Sent { .. } => {
                    if let Some(arc) = arcs.starts.get(&event) {
                        push(What::Sent(*arc));
                        drawn.insert(*arc, ());
                    }
                }
                TraceKind::Arrived { .. } | TraceKind::Lost { .. } => {
                    if let Some(arc) = arcs.ends.get(&event) {
                        push(What::Ended(*arc));
                        drawn.insert(*arc, ());
                        if let Some(Arc {
                            to,
                            fate: Fate::Rejected(reason),
                            ..
                        }) = arcs.list.get(*arc)
                        {
                            let (lane, kind) = (*to, BoxKind::Rejected);
                            push(What::Boxed {
                                lane,
                                kind,
                                text: reason,
                            });
                        }
                    }
                }
                TraceKind::Delivered { node, label } => boxed(node, BoxKind::Delivered, label),
                TraceKind::State { node, label } => boxed(node, BoxKind::State, label),
                TraceKind::Note { node, label } => boxed(node, BoxKind::Note, label),
                TraceKind::Local { node, label } => boxed(node, BoxKind::Local, label),
                TraceKind::Divider { label } => push(What::Divider(label)),
                TraceKind::Band { label } => push(What::Band(label)),
            }
        }
        diagram.arcs = arcs.list;
        for arc in drawn.into_keys() {
            let Some(drawn) = diagram.arcs.get_mut(arc) else {
                continue;
            };
            if drawn.fate != Fate::InFlight && options.shows_time(drawn.ended) {
                continue;
            }
            (drawn.fate, drawn.ended) = (Fate::InFlight, closing);
            diagram.items.push(Item {
                at: closing,
                event: trace.events.len(),
                what: What::Ended(arc),
            });
        }
        diagram
    }

    /// The packets that are drawn.
    pub(crate) fn drawn_arcs(&self) -> impl Iterator<Item = &Arc<'a>> {
        self.items.iter().filter_map(|item| match item.what {
            What::Ended(arc) => self.arcs.get(arc),
            _ => None,
        })
    }

    /// How many arcs and boxes there are to draw.
    pub(crate) fn drawable(&self) -> usize {
        self.items.iter().filter(|item| item.is_drawn()).count()
    }
}

impl Item<'_> {
    /// Whether it counts towards [`ChartOptions::max_arcs`].
    pub(crate) fn is_drawn(&self) -> bool {
        matches!(self.what, What::Ended(_) | What::Boxed { .. })
    }
}

/// All packets between shown nodes, and the events at which they start and end.
struct Arcs<'a> {
    list: Vec<Arc<'a>>,
    starts: BTreeMap<usize, usize>,
    ends: BTreeMap<usize, usize>,
}

impl Arcs<'_> {
    /// Leaves out the summaries that came to nothing, and says how many of them would have been shown.
    fn hush(&mut self, trace: &Trace, options: &ChartOptions) -> usize {
        // Steps in which something was done, rather than only heard.
        let busy: BTreeSet<u64> = trace
            .events
            .iter()
            .filter(|event| {
                !matches!(
                    event.kind,
                    TraceKind::Arrived { .. } | TraceKind::Lost { .. }
                )
            })
            .map(|event| event.step)
            .collect();
        let mattered = |event: &usize| {
            let event = trace.events.get(*event);
            event.is_some_and(|event| match &event.kind {
                TraceKind::Arrived {
                    outcome: PacketOutcome::Rejected(_),
                    ..
                } => true,
                TraceKind::Arrived { .. } => busy.contains(&event.step),
                _ => false,
            })
        };
        let ends: BTreeSet<usize> = self
            .ends
            .iter()
            .filter(|(event, _)| mattered(event))
            .map(|(_, arc)| *arc)
            .collect();
        let list = &self.list;
        let quiet = |arc: usize| {
            list.get(arc).is_some_and(|arc| arc.kind == "summary") && !ends.contains(&arc)
        };
        let hushed = self.starts.values().filter(|arc| {
            quiet(**arc)
                && list
                    .get(**arc)
                    .is_some_and(|arc| options.shows_time(arc.sent))
        });
        let hushed = hushed.count();
        self.starts.retain(|_, arc| !quiet(*arc));
        self.ends.retain(|_, arc| !quiet(*arc));
        hushed
    }
}

fn all_arcs<'a>(
    trace: &'a Trace,
    options: &ChartOptions,
    lane: impl Fn(&NodeId) -> Option<usize>,
) -> Arcs<'a> {
    let mut arcs = Arcs {
        list: Vec::new(),
        starts: BTreeMap::new(),
        ends: BTreeMap::new(),
    };
    let mut flying = BTreeMap::new();
    for (event, happened) in trace.events.iter().enumerate() {
        let (message, fate) = match &happened.kind {
            TraceKind::Sent {
                message,
                from,
                to,
                kind,
                label,
                bytes,
                duplicate,
            } => {
                let (Some(from), Some(to)) = (lane(from), lane(to)) else {
                    continue;
                };
                if options.shows_kind(kind) {
                    flying.insert(*message, arcs.list.len());
                    arcs.starts.insert(event, arcs.list.len());
                    arcs.list.push(Arc {
                        from,
                        to,
                        kind,
                        label,
                        bytes: *bytes,
                        duplicate: *duplicate,
                        sent: happened.at,
                        fate: Fate::InFlight,
                        ended: VirtualTime::NEVER,
                    });
                }
                continue;
            }
            TraceKind::Arrived { message, outcome } => (message, Fate::from(outcome)),
            TraceKind::Lost { message, reason } => (message, Fate::Lost(reason)),
            _ => continue,
        };
        let Some(place) = flying.remove(message) else {
            continue;
        };
        if let Some(arc) = arcs.list.get_mut(place) {
            (arc.fate, arc.ended) = (fate, happened.at);
            arcs.ends.insert(event, place);
        }
    }
    arcs
}

impl<'a> From<&'a PacketOutcome> for Fate<'a> {
    fn from(outcome: &'a PacketOutcome) -> Self {
        match outcome {
            PacketOutcome::Accepted => Self::Accepted,
            PacketOutcome::Duplicate => Self::Duplicate,
            PacketOutcome::Parked => Self::Parked,
            PacketOutcome::Rejected(reason) => Self::Rejected(reason),
        }
    }
}
