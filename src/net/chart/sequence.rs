//! The picture of one secure broadcast: who sends what to whom, and on the left the states of all processes as
//! they evolve.
//!
//! The states are read off the run: a source has an open slot from its request on and counts the echoes that
//! arrive; a witness holds the slot open from its echo on; whoever delivers shows the state it has come to.

use std::collections::{BTreeMap, BTreeSet};

use super::canvas::{Anchor, Canvas};
use super::diagram::{BoxKind, Diagram, Fate};
use super::layout::{Layout, SIZE};
use super::legend::Legend;
use super::picture::{MARGIN, Picture, STYLE};
use super::place::Room;
use super::{ChartOptions, style, text};
use crate::membership::quorum::quorum;
use crate::net::time::VirtualTime;
use crate::net::trace::{Trace, TraceKind};

/// How wide the states of one process are.
const COLUMN: i64 = 1_120;
/// Between the states and the first lane: the times.
const GUTTER: i64 = 860;
/// How far two lanes stand apart.
const PITCH: i64 = 1_560;

/// The colours of the states.
const PHASES: &str = "\
.idle-phase{fill:#eef1f5}.open-phase{fill:#dbeafe}.echoed-phase{fill:#ece3fd}.done-phase{fill:#d3f5df}
.guide{stroke:#c9d1db;stroke-dasharray:1.5 3}
@media (prefers-color-scheme:dark){
.idle-phase{fill:#1b232d}.open-phase{fill:#122a47}.echoed-phase{fill:#26193f}.done-phase{fill:#0d3322}
.guide{stroke:#3a4450}
}
";

/// What a process is at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    /// The source, with so many echoes, its own among them.
    Open(usize),
    Echoed,
    Delivered,
}

/// From this height on, a process is at this.
struct Change {
    from: i64,
    phase: Phase,
}

/// The picture of `trace`, up to its last delivery.
pub(crate) fn draw(trace: &Trace) -> String {
    let delivered = trace
        .events
        .iter()
        .filter(|event| matches!(event.kind, TraceKind::Delivered { .. }));
    let until = delivered
        .map(|event| event.at)
        .max()
        .unwrap_or(VirtualTime::NEVER);
    let kinds: BTreeSet<String> = ["request", "echo", "proof", "local", "delivered"]
        .map(str::to_owned)
        .into();
    let options = ChartOptions {
        kinds: Some(kinds),
        until,
        ..ChartOptions::default()
    };
    let diagram = Diagram::new(trace, &options);
    let layout = Layout::new(&diagram, options.max_arcs, PITCH - 240, 2);
    let lanes = i64::try_from(diagram.lanes.len().max(1)).unwrap_or(i64::MAX / 10_000);
    let left = MARGIN + lanes * COLUMN + GUTTER;
    let wide = left + lanes * PITCH + MARGIN;
    let (heads, top) = (1_120, 1_700);
    let changes = changes(&diagram, &layout);
    let last = changes
        .iter()
        .flatten()
        .map(|change| change.from)
        .max()
        .unwrap_or(0);
    // Room for the words of the last state.
    let foot = top + (layout.height + 120).max(last + 820);
    let high = foot + 620;
    let style = format!("{STYLE}{PHASES}");
    let mut picture = Picture {
        canvas: Canvas::new(
            wide,
            high,
            "One secure broadcast, and the states of its processes",
            &style,
        ),
        room: Room::new(left - 60, wide),
        diagram: &diagram,
        layout: &layout,
        left,
        pitch: PITCH,
        wide,
        top,
    };
    picture
        .canvas
        .rect((0, 0), (wide, high), 80, "class=\"paper\"");
    titles(&mut picture, trace);
    let legend = Legend::new(&diagram, wide - left - MARGIN);
    legend.draw(&mut picture.canvas, (left + 950, 900));
    guides(&mut picture, &changes);
    picture.lifelines();
    picture.heads(heads);
    columns(&mut picture, &changes, heads, foot, &outcomes(trace));
    picture.times();
    picture.arrows();
    picture.boxes();
    picture.labels(true);
    caption(&mut picture, foot + 380);
    picture.canvas.finish()
}

fn titles(picture: &mut Picture<'_>, trace: &Trace) {
    let title = "One secure broadcast";
    picture.canvas.text(
        (MARGIN, 360),
        Anchor::Start,
        "class=\"ink\" font-size=\"19\" font-weight=\"bold\"",
        title,
    );
    let about = format!(
        "A run of {} members: scenario {}, seed {}. Time runs down.",
        picture.diagram.lanes.len(),
        text::clip(&trace.scenario, 40),
        trace.seed
    );
    picture.canvas.text(
        (MARGIN, 560),
        Anchor::Start,
        "class=\"faint\" font-size=\"12\"",
        &about,
    );
    let look = "class=\"ink\" font-size=\"13\" font-weight=\"bold\"";
    picture
        .canvas
        .text((MARGIN, 1_000), Anchor::Start, look, "Process states");
    picture
        .canvas
        .text((picture.left + 80, 1_000), Anchor::Start, look, "Packets");
}

/// What it all comes to, in two lines at the foot.
fn caption(picture: &mut Picture<'_>, y: i64) {
    let members = picture.diagram.lanes.len();
    let caption = format!(
        "The source asks with its request. A witness echoes one message per slot, ever. {} of {members} echoes make a proof, \
         and whoever holds a proof delivers.",
        quorum(members)
    );
    let caption = text::fit(&caption, 12, picture.wide - 2 * MARGIN);
    picture.canvas.text(
        (MARGIN, y),
        Anchor::Start,
        "class=\"faint\" font-size=\"12\"",
        &caption,
    );
}

/// When which process came to be at what.
fn changes(diagram: &Diagram<'_>, layout: &Layout<'_>) -> Vec<Vec<Change>> {
    let mut changes: Vec<Vec<Change>> = diagram
        .lanes
        .iter()
        .map(|_| {
            vec![Change {
                from: -140,
                phase: Phase::Idle,
            }]
        })
        .collect();
    let mut found: Vec<(i64, usize, Phase)> = Vec::new();
    let source = layout
        .arcs
        .iter()
        .find(|flight| flight.arc.kind == "request")
        .map(|flight| flight.arc.from);
    let mut voters = BTreeSet::new();
    for flight in &layout.arcs {
        let arc = flight.arc;
        match arc.kind {
            "request" if Some(arc.from) == source && voters.insert(arc.from) => {
                found.push((flight.start, arc.from, Phase::Open(1)));
            }
            "echo" if Some(arc.to) == source => {
                found.push((flight.start, arc.from, Phase::Echoed));
                if arc.fate == Fate::Accepted && voters.insert(arc.from) {
                    found.push((flight.end, arc.to, Phase::Open(voters.len())));
                }
            }
            _ => {}
        }
    }
    for placed in layout
        .boxes
        .iter()
        .filter(|placed| placed.kind == BoxKind::Delivered)
    {
        found.push((placed.top - 40, placed.lane, Phase::Delivered));
    }
    found.sort_by_key(|(from, lane, _)| (*from, *lane));
    for (from, lane, phase) in found {
        let Some(changes) = changes.get_mut(lane) else {
            continue;
        };
        match changes.last_mut() {
            Some(last) if last.phase == Phase::Delivered || last.phase == phase => {}
            // The echo that completes a proof, and the delivery it leads to, are one change.
            Some(last) if from - last.from < 60 => last.phase = phase,
            _ => changes.push(Change { from, phase }),
        }
    }
    changes
}

/// The state every process comes to with its first delivery, if the run says so.
fn outcomes(trace: &Trace) -> BTreeMap<String, String> {
    let names = text::names(trace.nodes.iter().map(|node| node.name.as_str()));
    let mut delivered = BTreeSet::new();
    let mut outcomes = BTreeMap::new();
    for event in &trace.events {
        match &event.kind {
            TraceKind::Delivered { node, .. } => {
                delivered.insert(*node);
            }
            TraceKind::State { node, label } if delivered.contains(node) => {
                if let Some(name) = names.get(node.index()) {
                    outcomes
                        .entry(name.clone())
                        .or_insert_with(|| label.clone());
                }
            }
            _ => {}
        }
    }
    outcomes
}

/// Thin lines from a change of state to the event that made it.
fn guides(picture: &mut Picture<'_>, changes: &[Vec<Change>]) {
    for (lane, changes) in changes.iter().enumerate() {
        for change in changes.iter().skip(1) {
            let y = picture.top + change.from;
            let from = MARGIN + COLUMN * i64::try_from(lane).unwrap_or(0) + COLUMN - 120;
            let to = picture.x(lane);
            picture.canvas.line((from, y), (to, y), "class=\"guide\"");
        }
    }
}

/// The states on the left, a column for each process.
fn columns(
    picture: &mut Picture<'_>,
    changes: &[Vec<Change>],
    heads: i64,
    foot: i64,
    outcomes: &BTreeMap<String, String>,
) {
    let members = picture.diagram.lanes.len();
    let room = COLUMN - 200;
    for (place, (lane, changes)) in (0..).zip(picture.diagram.lanes.iter().zip(changes)) {
        let x = MARGIN + place * COLUMN;
        let outline = format!(
            "class=\"head\" stroke=\"{}\" stroke-width=\"1.4\"",
            style::node(lane)
        );
        picture
            .canvas
            .rect((x, heads), (COLUMN - 100, 400), 60, &outline);
        let name = text::fit(&lane.name, 15, room);
        let look = "class=\"ink\" font-size=\"13\" font-weight=\"bold\"";
        picture.canvas.text(
            (x + (COLUMN - 100) / 2, heads + 250),
            Anchor::Middle,
            look,
            &name,
        );
        for (number, change) in changes.iter().enumerate() {
            let from = picture.top + change.from;
            let to = changes
                .get(number + 1)
                .map_or(foot, |next| picture.top + next.from - 25);
            let (class, lines) = words(change.phase, members, outcomes.get(&lane.name), room);
            picture.canvas.rect(
                (x, from),
                (COLUMN - 100, to - from),
                40,
                &format!("class=\"{class}\""),
            );
            for (row, line) in (0..).zip(&lines) {
                let y = from + 130 + row * 140;
                if y + 20 > to {
                    break;
                }
                let look = if row == 0 {
                    "class=\"ink\" font-weight=\"bold\""
                } else {
                    "class=\"ink\""
                };
                picture
                    .canvas
                    .text((x + (COLUMN - 100) / 2, y), Anchor::Middle, look, line);
            }
        }
    }
}

/// A state in words: its class, and its lines.
fn words(
    phase: Phase,
    members: usize,
    outcome: Option<&String>,
    room: i64,
) -> (&'static str, Vec<String>) {
    match phase {
        Phase::Idle => ("idle-phase", vec!["idle".to_owned()]),
        Phase::Open(echoes) => {
            let count = format!("{echoes} of {} echoes", quorum(members));
            let lines = if echoes == 1 {
                vec!["open".to_owned(), count]
            } else {
                vec![count]
            };
            ("open-phase", lines)
        }
        Phase::Echoed => (
            "echoed-phase",
            vec!["echoed".to_owned(), "slot is open".to_owned()],
        ),
        Phase::Delivered => {
            let mut lines = vec!["delivered".to_owned()];
            if let Some(outcome) = outcome {
                let parts: Vec<&str> = outcome.split(", ").collect();
                if parts.len() <= 4 {
                    lines.extend(
                        parts
                            .iter()
                            .map(|part| text::fit(&text::plain(part), SIZE, room)),
                    );
                } else {
                    lines.extend(text::wrap(outcome, SIZE, room, 4).0);
                }
            }
            ("done-phase", lines)
        }
    }
}
