//! Where things stand on a chart with a time scale.
//!
//! Down is later, and a length of time takes the same height everywhere, with two exceptions: long stretches in
//! which nothing happens are cut short (and marked), and a box moves down what comes after it on its own lane,
//! and all that follows from that, so that no arrow ever points up.

use std::collections::BTreeSet;

use super::diagram::{Arc, BoxKind, Diagram, Fate, Item, What};
use super::text;
use crate::net::time::{Span, VirtualTime};

/// The height of a line of text in a box.
pub(crate) const LINE: i64 = 135;
/// The font size of boxes and labels, in pixels.
pub(crate) const SIZE: i64 = 11;
/// How high nothing may be.
const IDLE: i64 = 960;
/// How high a typical flight is at least.
const FLIGHT: i64 = 540;
/// How far events stand apart on average at least.
const EVENT: i64 = 90;
/// From the foot of a box to what comes next on its lane.
const BELOW: i64 = 50;

/// A chart laid out; heights are in tenths of a pixel from the first event.
pub(crate) struct Layout<'a> {
    pub(crate) arcs: Vec<PlacedPacket<'a>>,
    pub(crate) boxes: Vec<Placed<'a>>,
    pub(crate) across: Vec<Across<'a>>,
    /// Where each instant is, top to bottom.
    pub(crate) ticks: Vec<(i64, VirtualTime)>,
    /// What was cut short: from, to, how long it was.
    pub(crate) cuts: Vec<(i64, i64, Span)>,
    pub(crate) height: i64,
    /// How many arcs and boxes did not fit.
    pub(crate) left_out: usize,
}

/// A packet under way.
pub(crate) struct PlacedPacket<'a> {
    pub(crate) arc: &'a Arc<'a>,
    /// Where it leaves its sender; above the chart if that was before its first instant.
    pub(crate) start: i64,
    /// Where it arrives, is lost, or is at the end.
    pub(crate) end: i64,
}

/// A box on a lane.
pub(crate) struct Placed<'a> {
    pub(crate) lane: usize,
    pub(crate) kind: BoxKind,
    pub(crate) lines: Vec<String>,
    /// All of its text.
    pub(crate) text: &'a str,
    pub(crate) at: VirtualTime,
    pub(crate) top: i64,
    pub(crate) height: i64,
}

/// Something that spans all lanes.
pub(crate) struct Across<'a> {
    pub(crate) label: &'a str,
    /// Whether it is a generation change rather than a partition.
    pub(crate) band: bool,
    pub(crate) top: i64,
    pub(crate) height: i64,
}

impl<'a> Layout<'a> {
    /// Lays out at most `most` arcs and boxes of `story`; boxes may be `room` wide inside. At a `zoom` of 1
    /// a typical flight has its least height, at 2 twice that.
    pub(crate) fn new(diagram: &'a Diagram<'a>, most: usize, room: i64, zoom: i64) -> Self {
        let (items, left_out) = kept(diagram, most);
        let instants = instants(&items);
        let unit = unit(diagram, &instants, zoom);
        let mut layout = Self {
            arcs: Vec::new(),
            boxes: Vec::new(),
            across: Vec::new(),
            ticks: Vec::new(),
            cuts: Vec::new(),
            height: 0,
            left_out,
        };
        let mut starts = vec![None; diagram.arcs.len()];
        let mut free = vec![0; diagram.lanes.len()];
        // Where the last instant was left: time goes on from where its last packet was sent.
        let mut last: Option<(i64, VirtualTime)> = None;
        for (at, happening) in instants {
            let mut top = last.map_or(0, |(top, before)| top + height(at - before, unit, zoom));
            for item in &happening {
                for lane in lanes_of(diagram, item) {
                    top = top.max(free.get(lane).copied().unwrap_or(0));
                }
            }
            if let Some((before, instant)) = last {
                let uncut = u128::from((at - instant).as_nanos()) * 10 / u128::from(unit);
                if uncut > u128::from((IDLE * zoom).unsigned_abs()) {
                    layout.cuts.push((before, top, at - instant));
                }
            }
            layout.ticks.push((top, at));
            let left = layout.instant(diagram, &happening, top, room, &mut free, &mut starts);
            last = Some((left, at));
            layout.height = layout
                .height
                .max(top)
                .max(free.iter().copied().max().unwrap_or(0));
        }
        layout.height += 120;
        layout
            .arcs
            .iter_mut()
            .filter(|flight| flight.arc.fate == Fate::InFlight)
            .for_each(|flight| {
                flight.end = layout.height + 60;
            });
        layout
    }

    /// Places what happens at one instant, and says where its last packet was sent.
    fn instant(
        &mut self,
        diagram: &'a Diagram<'a>,
        items: &[&'a Item<'a>],
        top: i64,
        room: i64,
        free: &mut [i64],
        starts: &mut [Option<i64>],
    ) -> i64 {
        let mut left = top;
        // What a node sends, it sends when it is done with the instant, unless that arrives within it.
        let hasty: BTreeSet<usize> = items
            .iter()
            .filter_map(|item| arrived(diagram, item))
            .collect();
        let waits = |item: &&&'a Item<'a>| match item.what {
            What::Sent(arc) => !hasty.contains(&arc),
            What::Ended(_) => arrived(diagram, item).is_none(),
            _ => false,
        };
        for item in items
            .iter()
            .filter(|item| !waits(item))
            .chain(items.iter().filter(waits))
        {
            let here = |lane: usize, free: &[i64]| free.get(lane).copied().unwrap_or(0).max(top);
            match item.what {
                What::Sent(arc) => {
                    let from = diagram.arcs.get(arc).map_or(0, |arc| arc.from);
                    if let Some(start) = starts.get_mut(arc) {
                        *start = Some(here(from, free));
                        left = left.max(here(from, free));
                    }
                }
                What::Ended(number) => {
                    let Some(arc) = diagram.arcs.get(number) else {
                        continue;
                    };
                    let start = starts.get(number).copied().flatten().unwrap_or(-140);
                    let end = match arc.fate {
                        // Lost where it was sent, it still has to be seen to leave.
                        Fate::Lost(_) => top.max(start + 160),
                        Fate::InFlight => top.max(start),
                        _ => here(arc.to, free).max(start),
                    };
                    if !matches!(arc.fate, Fate::Lost(_) | Fate::InFlight)
                        && let Some(free) = free.get_mut(arc.to)
                    {
                        *free = end.max(*free);
                    }
                    self.arcs.push(PlacedPacket { arc, start, end });
                    self.height = self.height.max(end);
                }
                What::Boxed { lane, kind, text } => {
                    let (lines, _) = text::wrap(text, SIZE, room, 3);
                    let height = LINE * i64::try_from(lines.len().max(1)).unwrap_or(1) + 60;
                    let place = here(lane, free) + 40;
                    self.boxes.push(Placed {
                        lane,
                        kind,
                        lines,
                        text,
                        at: item.at,
                        top: place,
                        height,
                    });
                    if let Some(free) = free.get_mut(lane) {
                        *free = place + height + BELOW;
                    }
                }
                What::Divider(label) | What::Band(label) => {
                    let band = matches!(item.what, What::Band(_));
                    self.across.push(Across {
                        label,
                        band,
                        top: top + 60,
                        height: 220,
                    });
                    free.fill(top + 340);
                    left = left.max(top + 340);
                    self.height = self.height.max(left);
                }
            }
        }
        left
    }
}

/// The packet that comes to its receiver with this item.
fn arrived(diagram: &Diagram<'_>, item: &Item<'_>) -> Option<usize> {
    let What::Ended(arc) = item.what else {
        return None;
    };
    let fate = diagram.arcs.get(arc)?.fate;
    (!matches!(fate, Fate::Lost(_) | Fate::InFlight)).then_some(arc)
}

/// The items that are drawn: the first `most` arcs and boxes and what belongs to them. Then, how many are not.
fn kept<'a>(diagram: &'a Diagram<'a>, most: usize) -> (Vec<&'a Item<'a>>, usize) {
    let mut room = most;
    let mut kept: Vec<&Item<'_>> = Vec::new();
    let mut ends = vec![false; diagram.arcs.len()];
    for item in &diagram.items {
        if item.is_drawn() {
            if room == 0 {
                break;
            }
            room -= 1;
            if let What::Ended(arc) = item.what
                && let Some(ends) = ends.get_mut(arc)
            {
                *ends = true;
            }
        }
        kept.push(item);
    }
    kept.retain(|item| match item.what {
        What::Sent(arc) => ends.get(arc).is_some_and(|ends| *ends),
        _ => true,
    });
    (kept, diagram.drawable() - (most - room))
}

/// The items by instant. What spans all lanes is an instant of its own.
fn instants<'a>(items: &[&'a Item<'a>]) -> Vec<(VirtualTime, Vec<&'a Item<'a>>)> {
    let mut instants: Vec<(VirtualTime, Vec<&Item<'_>>)> = Vec::new();
    let mut alone = true;
    for item in items {
        let spans = matches!(item.what, What::Divider(_) | What::Band(_));
        match instants.last_mut() {
            Some((at, happening)) if *at >= item.at && !alone && !spans => happening.push(item),
            last => {
                let at = last.map_or(item.at, |(at, _)| item.at.max(*at));
                instants.push((at, vec![item]));
            }
        }
        alone = spans;
    }
    instants
}

/// How many nanoseconds a pixel stands for.
///
/// So few that a typical flight is [`FLIGHT`] high and that events are [`EVENT`] apart on average.
fn unit(diagram: &Diagram<'_>, instants: &[(VirtualTime, Vec<&Item<'_>>)], zoom: i64) -> u64 {
    let mut flights: Vec<Span> = diagram
        .arcs
        .iter()
        .filter(|arc| arc.fate == Fate::Accepted)
        .map(|arc| arc.ended - arc.sent)
        .collect();
    flights.sort_unstable();
    let typical = flights
        .get(flights.len() / 2)
        .map_or(0, |span| span.as_nanos());
    let steps: Vec<Span> = instants
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    let longest = steps.iter().max().map_or(0, |span| span.as_nanos());
    let fallback = if typical == 0 { longest } else { typical };
    let mut unit = (fallback / ((FLIGHT * zoom).unsigned_abs() / 10)).max(1);
    let enough = EVENT * i64::try_from(steps.len()).unwrap_or(i64::MAX / EVENT);
    while unit > 1
        && steps
            .iter()
            .map(|step| height(*step, unit, zoom))
            .sum::<i64>()
            < enough
    {
        unit = unit * 4 / 5;
    }
    unit.max(1)
}

/// How high so much time is drawn: true to scale, but never more than [`IDLE`], and never nothing.
fn height(time: Span, unit: u64, zoom: i64) -> i64 {
    if time == Span::ZERO {
        return 0;
    }
    let tenths = u128::from(time.as_nanos()) * 10 / u128::from(unit);
    i64::try_from(tenths).map_or(IDLE * zoom, |tenths| tenths.clamp(20, IDLE * zoom))
}

/// The lanes that must be free where the item stands.
fn lanes_of(diagram: &Diagram<'_>, item: &Item<'_>) -> Vec<usize> {
    let arc = |arc: usize| diagram.arcs.get(arc);
    match item.what {
        What::Sent(number) => arc(number).map(|arc| arc.from).into_iter().collect(),
        What::Ended(number) => arc(number)
            .filter(|arc| !matches!(arc.fate, Fate::Lost(_) | Fate::InFlight))
            .map(|arc| arc.to)
            .into_iter()
            .collect(),
        What::Boxed { lane, .. } => vec![lane],
        What::Divider(_) | What::Band(_) => (0..diagram.lanes.len()).collect(),
    }
}
