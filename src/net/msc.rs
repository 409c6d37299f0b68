//! Message sequence charts for [mscgen](https://www.mcternan.me.uk/mscgen/) 0.20.
//!
//! ```text
//! mscgen -T png -i double_spend.msc -o double_spend.png
//! ```
//!
//! | on the chart | means |
//! | --- | --- |
//! | `=>` full arrow | a request |
//! | `->` open arrow | an echo: a vote |
//! | `=>>` | a proof, or evidence against somebody |
//! | `>>` broken | an answer: refusal, summary, pull, reply |
//! | `:>` to itself | something the node did by itself |
//! | `-x` red | lost, with the reason |
//! | grey | a duplicate: it changed nothing |
//! | `..` dotted, no head | still in flight at the end |
//! | red note | rejected, with the error |
//! | green `abox`, `rbox`, yellow `note` | delivered; the state after a change; a fault or Byzantine act |
//! | box across, dotted line across, `...` | another generation; partition and heal; time in which nothing happened |
//!
//! An arc stands where it *arrives*; the comment before it gives the event's number in the trace and the time.

use core::fmt::Write as _;

use super::chart::rows::{Content, Row, rows};
use super::chart::story::{Arc, BoxKind, Fate, Item, Story, What};
use super::chart::{ChartOptions, style, text};
use super::trace::Trace;

/// The most characters of a label.
const LABEL: usize = 44;

/// A chart of `trace`, in mscgen's language. Equal traces and options give equal text.
#[must_use]
pub fn render(trace: &Trace, options: &ChartOptions) -> String {
    let story = Story::new(trace, options);
    let (rows, left_out) = rows(&story, options.fold, options.max_arcs);
    let mut out = String::new();
    header(&mut out, trace, &story, &rows);
    for row in &rows {
        comment(&mut out, row);
        draw(&mut out, &story, &row.content);
    }
    if left_out > 0 {
        let all = story.drawable();
        line(
            &mut out,
            "...",
            &format!("{left_out} of {all} arcs and boxes left out"),
            style::RED,
        );
    }
    out.push_str("}\n");
    out
}

/// Everything before the first row. Writing to a string cannot fail, so the results are dropped here and below.
fn header(out: &mut String, trace: &Trace, story: &Story<'_>, rows: &[Row<'_>]) {
    let _ = writeln!(out, "# {}", one_line(&trace.title));
    let _ = writeln!(
        out,
        "# scenario {}, seed {}",
        one_line(&trace.scenario),
        trace.seed
    );
    let _ = writeln!(
        out,
        "# {} events, {} nodes",
        trace.events.len(),
        trace.nodes.len()
    );
    let _ = writeln!(
        out,
        "# green box: delivered; grey box: state; yellow: fault or Byzantine act; red: lost or rejected;"
    );
    let _ = writeln!(
        out,
        "# grey arrow: duplicate; dotted without head: in flight. Arcs stand where they arrive."
    );
    let _ = writeln!(out, "msc {{");
    let columns = story.lanes.len().max(1);
    let _ = writeln!(
        out,
        "  width=\"{}\", arcgradient=\"10\", wordwraparcs=\"on\";",
        columns * pitch(story, rows)
    );
    for (place, lane) in story.lanes.iter().enumerate() {
        let colour = style::node(lane);
        let role = text::msc(&text::clip(lane.role, 24));
        let end = if place + 1 == columns { ';' } else { ',' };
        let label = if role.is_empty() {
            lane.name.clone()
        } else {
            format!("{}\\n{role}", lane.name)
        };
        let _ = writeln!(
            out,
            "  n{place} [label=\"{label}\", linecolour=\"{colour}\", textcolour=\"{colour}\"]{end}"
        );
    }
    if story.lanes.is_empty() {
        out.push_str("  n0 [label=\"no nodes\"];\n");
    }
    line(
        out,
        "|||",
        &format!("{}, seed {}", text::clip(&trace.title, LABEL), trace.seed),
        style::SLATE,
    );
}

/// How far two lanes stand apart, in pixels: room for the longest label between neighbours.
fn pitch(story: &Story<'_>, rows: &[Row<'_>]) -> usize {
    let longest = |content: &Content<'_>| match content {
        Content::Arcs(arcs) => arcs
            .iter()
            .filter_map(|arc| story.arcs.get(*arc))
            .map(|arc| {
                label(story, arc, arcs.len() == 1).chars().count()
                    / (arc.from.abs_diff(arc.to).clamp(1, 2))
            })
            .max(),
        Content::Boxes(_) => Some(16),
        Content::Divider(_) | Content::Band(_) | Content::Gap(_) => None,
    };
    let characters = rows
        .iter()
        .filter_map(|row| longest(&row.content))
        .max()
        .unwrap_or(0);
    (characters * 7 + 24).clamp(130, 260)
}

/// Where the row is found in the trace.
fn comment(out: &mut String, row: &Row<'_>) {
    if row.events.is_empty() {
        return;
    }
    out.push_str("  # event");
    for event in row.events.iter().take(8) {
        let _ = write!(out, " {event}");
    }
    if row.events.len() > 8 {
        out.push_str(" ..");
    }
    let _ = writeln!(out, ", {}", text::time(row.at));
}

fn draw(out: &mut String, story: &Story<'_>, content: &Content<'_>) {
    match content {
        Content::Arcs(arcs) => {
            let arcs: Vec<&Arc<'_>> = arcs.iter().filter_map(|arc| story.arcs.get(*arc)).collect();
            draw_arcs(out, story, &arcs);
        }
        Content::Boxes(boxes) => {
            let boxes: Vec<String> = boxes.iter().filter_map(boxed).collect();
            let _ = writeln!(out, "  {};", boxes.join(",\n  "));
        }
        Content::Divider(label) => line(out, "---", &text::clip(label, 2 * LABEL), style::RED),
        Content::Band(label) => {
            let last = story.lanes.len().max(1) - 1;
            let label = text::msc(&text::clip(label, 2 * LABEL));
            let look = "textbgcolour=\"#dbeafe\", linecolour=\"#1f6fd1\"";
            let _ = writeln!(out, "  n0 box n{last} [label=\"{label}\", {look}];");
        }
        Content::Gap(span) => line(
            out,
            "...",
            &format!("{} later", text::time(*span)),
            style::SLATE,
        ),
    }
}

/// A row that belongs to no lane.
fn line(out: &mut String, kind: &str, label: &str, colour: &str) {
    let _ = writeln!(
        out,
        "  {kind} [label=\"{}\", textcolour=\"{colour}\"];",
        text::msc(label)
    );
}

/// Arcs that differ in their receivers only. The label stands on the one that reaches farthest.
fn draw_arcs(out: &mut String, story: &Story<'_>, arcs: &[&Arc<'_>]) {
    let farthest = arcs
        .iter()
        .enumerate()
        .max_by_key(|(_, arc)| arc.from.abs_diff(arc.to));
    let Some((labelled, arc)) = farthest else {
        return;
    };
    let colour = style::colour(arc.kind, &arc.fate, arc.duplicate);
    let look = format!("linecolour=\"{colour}\", textcolour=\"{colour}\"");
    let arrow = match arc.fate {
        Fate::Lost(_) => "-x",
        Fate::InFlight => "..",
        _ => style::packet(arc.kind).arrow,
    };
    let label = format!(
        "label=\"{}\", {look}",
        text::msc(&label(story, arc, arcs.len() == 1))
    );
    let reached = !matches!(arc.fate, Fate::Lost(_) | Fate::InFlight);
    if reached && arcs.len() > 1 && arcs.len() + 1 == story.lanes.len() {
        let _ = writeln!(out, "  n{} {arrow} * [{label}];", arc.from);
        return;
    }
    let drawn: Vec<String> = arcs
        .iter()
        .enumerate()
        .map(|(place, arc)| {
            let look = if place == labelled { &label } else { &look };
            format!("n{} {arrow} n{} [{look}]", arc.from, arc.to)
        })
        .collect();
    let _ = writeln!(out, "  {};", drawn.join(",\n  "));
}

/// The label of an arc, or of several that share a row: the packet's own, and what became of it.
fn label(story: &Story<'_>, arc: &Arc<'_>, alone: bool) -> String {
    let label = if arc.label.is_empty() {
        arc.kind
    } else {
        arc.label
    };
    let receiver = || {
        story
            .lanes
            .get(arc.to)
            .map_or("", |lane| lane.name.as_str())
    };
    let fate = match arc.fate {
        Fate::Accepted | Fate::Rejected(_) if arc.duplicate => " (copy)".to_owned(),
        Fate::Accepted | Fate::Rejected(_) => String::new(),
        Fate::Duplicate => " (again)".to_owned(),
        Fate::Parked => " (parked)".to_owned(),
        Fate::Lost(reason) => format!(" (lost: {})", text::clip(reason, 24)),
        Fate::InFlight if alone => format!(" (in flight to {})", receiver()),
        Fate::InFlight => " (in flight)".to_owned(),
    };
    text::clip(label, LABEL) + &fate
}

fn boxed(item: &Item<'_>) -> Option<String> {
    let What::Boxed { lane, kind, text } = item.what else {
        return None;
    };
    let style = style::boxed(kind);
    let text = match kind {
        BoxKind::Rejected => format!("rejected: {text}"),
        _ => text.to_owned(),
    };
    let label = text::msc(&text::clip(&text, 3 * LABEL));
    let mut look = format!(
        "textcolour=\"{}\", linecolour=\"{}\"",
        style.text, style.line
    );
    if kind != BoxKind::Local {
        look += &format!(", textbgcolour=\"{}\"", style.fill);
    }
    Some(format!(
        "n{lane} {} n{lane} [label=\"{label}\", {look}]",
        style.shape
    ))
}

/// Text for a comment, which nothing but the end of the line ends.
fn one_line(text: &str) -> String {
    text::clip(text, 120)
}
