//! The rows of a chart without a time scale, top to bottom.
//!
//! A row holds one thing, or, when folding, several that nothing orders: the arrivals of one broadcast, boxes
//! on different lanes. Something joins an earlier row only if nothing happens on its own lane in between, so
//! read down any lane and everything stands in the order in which it happened there; and since a packet never
//! moves above its sending, the chart shows what could have caused what.

use std::collections::BTreeSet;

use super::diagram::{Arc, Diagram, Fate, Item, What};
use crate::net::time::{Span, VirtualTime};

/// One row.
pub(crate) struct Row<'a> {
    /// When its first part happened.
    pub(crate) at: VirtualTime,
    /// The places of its parts in the trace.
    pub(crate) events: Vec<usize>,
    pub(crate) content: Content<'a>,
}

/// What a row shows.
pub(crate) enum Content<'a> {
    /// Packets of one sender, alike but for their receivers.
    Arcs(Vec<usize>),
    /// Boxes of one kind, each on its own lane.
    Boxes(Vec<Item<'a>>),
    Divider(&'a str),
    Band(&'a str),
    /// Nothing, for this long.
    Gap(Span),
}

/// How far ahead to look for what can join a row.
const LOOK_AHEAD: usize = 512;

/// The rows of `story`, at most `most` arcs and boxes in them, and how many arcs and boxes did not fit.
pub(crate) fn rows<'a>(diagram: &Diagram<'a>, fold: bool, most: usize) -> (Vec<Row<'a>>, usize) {
    let pause = pause(diagram);
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut placed = vec![false; diagram.items.len()];
    let mut drawn = 0;
    let mut latest = diagram
        .items
        .first()
        .map_or(VirtualTime::ZERO, |item| item.at);
    for place in 0..diagram.items.len() {
        let Some(first) = diagram.items.get(place).filter(|_| !placed[place]) else {
            continue;
        };
        if matches!(first.what, What::Sent(_)) {
            continue;
        }
        if first.is_drawn() && drawn >= most {
            break;
        }
        if first.at - latest > pause {
            rows.push(Row {
                at: first.at,
                events: Vec::new(),
                content: Content::Gap(first.at - latest),
            });
        }
        let mut parts = vec![place];
        if fold && first.is_drawn() {
            parts.extend(joining(diagram, place, &placed, pause, most - drawn));
        }
        let mut events = Vec::new();
        for part in &parts {
            placed[*part] = true;
            drawn += usize::from(first.is_drawn());
            if let Some(item) = diagram.items.get(*part) {
                latest = latest.max(item.at);
                events.push(item.event);
            }
        }
        let items = parts.iter().filter_map(|part| diagram.items.get(*part));
        let content = match first.what {
            What::Sent(_) | What::Ended(_) => {
                Content::Arcs(items.filter_map(|item| ended(item)).collect())
            }
            What::Boxed { .. } => Content::Boxes(items.copied().collect()),
            What::Divider(label) => Content::Divider(label),
            What::Band(label) => Content::Band(label),
        };
        rows.push(Row {
            at: first.at,
            events,
            content,
        });
    }
    (rows, diagram.drawable() - drawn)
}

/// The later items that can stand in one row with the one at `place`.
fn joining(
    diagram: &Diagram<'_>,
    place: usize,
    placed: &[bool],
    pause: Span,
    room: usize,
) -> Vec<usize> {
    let Some(first) = diagram.items.get(place) else {
        return Vec::new();
    };
    let mut joined = Vec::new();
    let mut taken: BTreeSet<usize> = column(diagram, first).into_iter().collect();
    // The lanes on which something has happened since, so that what comes later cannot be moved up past it.
    let mut touched: BTreeSet<usize> = lane(diagram, first).into_iter().collect();
    let ahead = diagram
        .items
        .iter()
        .zip(placed)
        .enumerate()
        .skip(place + 1)
        .take(LOOK_AHEAD);
    for (next, (item, placed)) in ahead {
        if matches!(item.what, What::Divider(_) | What::Band(_)) || item.at - first.at > pause {
            break;
        }
        if *placed {
            continue;
        }
        let lane = lane(diagram, item);
        let movable = joined.len() + 1 < room && lane.is_none_or(|lane| !touched.contains(&lane));
        if movable
            && alike(diagram, first, item)
            && column(diagram, item).is_some_and(|column| taken.insert(column))
        {
            joined.push(next);
        }
        touched.extend(lane);
    }
    joined
}

/// The lane on which `item` happens: where a packet is sent or arrives, where a box stands. A packet that is
/// lost, or still in flight, happens to nobody.
fn lane(diagram: &Diagram<'_>, item: &Item<'_>) -> Option<usize> {
    match item.what {
        What::Sent(arc) => diagram.arcs.get(arc).map(|arc| arc.from),
        What::Ended(arc) => {
            let arrived = |arc: &&Arc<'_>| !matches!(arc.fate, Fate::Lost(_) | Fate::InFlight);
            diagram.arcs.get(arc).filter(arrived).map(|arc| arc.to)
        }
        What::Boxed { lane, .. } => Some(lane),
        What::Divider(_) | What::Band(_) => None,
    }
}

/// The lane in which `item` takes up room of its own: two of a row must differ in it.
fn column(diagram: &Diagram<'_>, item: &Item<'_>) -> Option<usize> {
    match item.what {
        What::Ended(arc) => diagram.arcs.get(arc).map(|arc| arc.to),
        What::Boxed { lane, .. } => Some(lane),
        What::Sent(_) | What::Divider(_) | What::Band(_) => None,
    }
}

/// Whether two items may share a row.
fn alike(diagram: &Diagram<'_>, one: &Item<'_>, other: &Item<'_>) -> bool {
    match (one.what, other.what) {
        (What::Ended(one), What::Ended(other)) => {
            match (diagram.arcs.get(one), diagram.arcs.get(other)) {
                (Some(one), Some(other)) => {
                    let same = |arc: &Arc<'_>| {
                        (
                            arc.from,
                            arc.kind,
                            arc.sent,
                            arc.duplicate,
                            arc.from == arc.to,
                        )
                    };
                    same(one) == same(other) && one.label == other.label && one.fate == other.fate
                }
                _ => false,
            }
        }
        (What::Boxed { kind: one, .. }, What::Boxed { kind: other, .. }) => one == other,
        _ => false,
    }
}

fn ended(item: &Item<'_>) -> Option<usize> {
    match item.what {
        What::Ended(arc) => Some(arc),
        _ => None,
    }
}

/// How long nothing must happen for the chart to say so: four times what nine in ten packets take.
fn pause(diagram: &Diagram<'_>) -> Span {
    let took = |arc: &Arc<'_>| matches!(arc.fate, Fate::Accepted).then(|| arc.ended - arc.sent);
    let mut latencies: Vec<Span> = diagram.arcs.iter().filter_map(took).collect();
    latencies.sort_unstable();
    match latencies.get(latencies.len() * 9 / 10) {
        Some(latency) if *latency > Span::ZERO => latency.times(4),
        _ => {
            let end = diagram
                .items
                .last()
                .map_or(VirtualTime::ZERO, |item| item.at);
            let start = diagram
                .items
                .first()
                .map_or(VirtualTime::ZERO, |item| item.at);
            Span::from_nanos((end - start).as_nanos() / 8)
        }
    }
}
