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

use super::chart::diagram::{Arc, BoxKind, Diagram, Fate, Item, What};
use super::chart::rows::{Content, Row, rows};
use super::chart::{ChartOptions, style, text};
use super::trace::Trace;

/// The most characters of a packet's own label.
const LABEL: usize = 44;

/// A chart of `trace`, in mscgen's language. Equal traces and options give equal text.
#[must_use]
pub fn render(trace: &Trace, options: &ChartOptions) -> String {
    let diagram = Diagram::new(trace, options);
    let (rows, left_out) = rows(&diagram, options.fold, options.max_arcs);
    let pitch = pitch(&diagram, &rows);
    let mut chart = Chart {
        out: String::new(),
        diagram: &diagram,
        pitch,
    };
    chart.header(trace);
    for row in &rows {
        chart.row(row);
    }
    if left_out > 0 {
        let all = diagram.drawable();
        chart.across(
            "...",
            &format!("{left_out} of {all} arcs and boxes left out"),
            style::RED,
        );
    }
    chart.out.push_str("}\n");
    chart.out
}

/// A chart being written.
struct Chart<'s> {
    out: String,
    diagram: &'s Diagram<'s>,
    /// How far two lanes stand apart, in pixels.
    pitch: usize,
}

impl Chart<'_> {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// Everything before the first row.
    fn header(&mut self, trace: &Trace) {
        self.line(&format!("# {}", text::clip(&trace.title, 120)));
        self.line(&format!(
            "# scenario {}, seed {}",
            text::clip(&trace.scenario, 120),
            trace.seed
        ));
        self.line(&format!(
            "# {} events, {} nodes",
            trace.events.len(),
            trace.nodes.len()
        ));
        self.line("# green: delivered; pale: state; yellow: fault or Byzantine act; red: lost or rejected;");
        self.line("# grey arrow: duplicate; dotted without head: in flight. Arcs stand where they arrive.");
        self.line(
            "# a#3: the third operation of a; a#3': another message that a signed for that number.",
        );
        self.line("msc {");
        let lanes = self.diagram.lanes.len().max(1);
        self.line(&format!(
            "  width=\"{}\", arcgradient=\"10\";",
            lanes * self.pitch
        ));
        for (place, lane) in self.diagram.lanes.iter().enumerate() {
            let colour = style::node(lane);
            let mut label = text::msc(&lane.name, self.pitch - 8, 3);
            if !lane.role.trim().is_empty() {
                label += "\\n";
                label += &text::msc(&text::clip(lane.role, 24), self.pitch - 8, 2);
            }
            let look = format!("linecolour=\"{colour}\", textcolour=\"{colour}\"");
            let end = if place + 1 == lanes { ';' } else { ',' };
            self.line(&format!("  n{place} [label=\"{label}\", {look}]{end}"));
        }
        if self.diagram.lanes.is_empty() {
            self.line("  n0 [label=\"no nodes\"];");
        }
        let title = format!("{}, seed {}", text::clip(&trace.title, LABEL), trace.seed);
        self.across("|||", &title, style::SLATE);
        if self.diagram.hushed > 0 {
            let hushed = format!(
                "{} summaries that came to nothing are not drawn",
                self.diagram.hushed
            );
            self.across("|||", &hushed, style::GREY);
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        if !row.events.is_empty() {
            let shown: Vec<String> = row.events.iter().take(8).map(usize::to_string).collect();
            let more = if row.events.len() > shown.len() {
                " .."
            } else {
                ""
            };
            self.line(&format!(
                "  # event {}{more}, {}",
                shown.join(" "),
                text::time(row.at)
            ));
        }
        match &row.content {
            Content::Arcs(arcs) => {
                let arcs: Vec<&Arc<'_>> = arcs
                    .iter()
                    .filter_map(|arc| self.diagram.arcs.get(*arc))
                    .collect();
                self.arcs(&arcs);
            }
            Content::Boxes(boxes) => {
                let boxes: Vec<String> = boxes
                    .iter()
                    .filter_map(|item| boxed(item, self.pitch))
                    .collect();
                self.line(&format!("  {};", boxes.join(",\n  ")));
            }
            Content::Divider(label) => self.across("---", label, style::RED),
            Content::Band(label) => {
                let lanes = self.diagram.lanes.len().max(1);
                let label = text::msc(label, lanes * self.pitch - 60, 3);
                let look = "textbgcolour=\"#dbeafe\", linecolour=\"#1f6fd1\"";
                self.line(&format!(
                    "  n0 box n{} [label=\"{label}\", {look}];",
                    lanes - 1
                ));
            }
            Content::Gap(span) => {
                self.across(
                    "...",
                    &format!("{} later", text::brief_time(*span)),
                    style::SLATE,
                );
            }
        }
    }

    /// A row that belongs to no lane.
    fn across(&mut self, kind: &str, label: &str, colour: &str) {
        let label = text::msc(label, self.diagram.lanes.len().max(1) * self.pitch - 20, 3);
        self.line(&format!(
            "  {kind} [label=\"{label}\", textcolour=\"{colour}\"];"
        ));
    }

    /// Arcs that differ in their receivers only. The label stands on the one that reaches farthest.
    fn arcs(&mut self, arcs: &[&Arc<'_>]) {
        let farthest = arcs
            .iter()
            .enumerate()
            .max_by_key(|(_, arc)| arc.from.abs_diff(arc.to));
        let Some((labelled, arc)) = farthest else {
            return;
        };
        let reached = !matches!(arc.fate, Fate::Lost(_) | Fate::InFlight);
        let arrow = match arc.fate {
            Fate::Lost(_) => "-x",
            Fate::InFlight => "..",
            _ => style::packet(arc.kind).arrow,
        };
        let colour = style::colour(arc.kind, &arc.fate, arc.duplicate);
        let look = format!("linecolour=\"{colour}\", textcolour=\"{colour}\"");
        let room = arc.from.abs_diff(arc.to).max(1) * self.pitch - 16;
        let label = text::msc(&label(self.diagram, arc, arcs.len() == 1), room, 3);
        let labelled_look = format!("label=\"{label}\", {look}");
        if reached && arcs.len() > 1 && arcs.len() + 1 == self.diagram.lanes.len() {
            self.line(&format!("  n{} {arrow} * [{labelled_look}];", arc.from));
            return;
        }
        let drawn = arcs.iter().enumerate().map(|(place, arc)| {
            let look = if place == labelled {
                &labelled_look
            } else {
                &look
            };
            format!("n{} {arrow} n{} [{look}]", arc.from, arc.to)
        });
        self.line(&format!("  {};", drawn.collect::<Vec<_>>().join(",\n  ")));
    }
}

/// How far two lanes must stand apart, in pixels, for most labels to fit on one line.
fn pitch(diagram: &Diagram<'_>, rows: &[Row<'_>]) -> usize {
    let wide = |text: &str| usize::try_from(text::width(text, 15) / 10).unwrap_or(usize::MAX);
    let longest = |row: &Row<'_>| match &row.content {
        Content::Arcs(arcs) => arcs
            .iter()
            .filter_map(|arc| diagram.arcs.get(*arc))
            .map(|arc| {
                let label = text::ascii(&label(diagram, arc, arcs.len() == 1));
                wide(&label) / arc.from.abs_diff(arc.to).max(1)
            })
            .max(),
        Content::Boxes(boxes) => {
            let half = |item: &Item<'_>| match item.what {
                What::Boxed { text, .. } => wide(&text::ascii(&text::clip(text, LABEL))) / 2 + 30,
                _ => 0,
            };
            boxes.iter().map(half).max()
        }
        Content::Divider(_) | Content::Band(_) | Content::Gap(_) => None,
    };
    let labels = rows.iter().filter_map(longest).max().unwrap_or(0);
    let names = diagram
        .lanes
        .iter()
        .map(|lane| wide(&lane.name))
        .max()
        .unwrap_or(0);
    (labels.max(names) + 24).clamp(130, 240)
}

/// The label of an arc, or of several that share a row: the packet's own, and what became of it.
fn label(diagram: &Diagram<'_>, arc: &Arc<'_>, alone: bool) -> String {
    let label = if arc.label.is_empty() {
        arc.kind
    } else {
        arc.label
    };
    let fate = match arc.fate {
        Fate::Accepted | Fate::Rejected(_) if arc.duplicate => " (copy)".to_owned(),
        Fate::Accepted | Fate::Rejected(_) => String::new(),
        Fate::Duplicate if arc.duplicate => " (copy)".to_owned(),
        Fate::Duplicate => " (nothing new)".to_owned(),
        Fate::Parked => " (parked)".to_owned(),
        Fate::Lost(reason) => format!(" (lost: {})", text::clip(reason, 24)),
        Fate::InFlight if alone => {
            let receiver = diagram
                .lanes
                .get(arc.to)
                .map_or("", |lane| lane.name.as_str());
            format!(" (in flight to {receiver})")
        }
        Fate::InFlight => " (in flight)".to_owned(),
    };
    text::clip(label, LABEL) + &fate
}

fn boxed(item: &Item<'_>, pitch: usize) -> Option<String> {
    let What::Boxed { lane, kind, text } = item.what else {
        return None;
    };
    let style = style::boxed(kind);
    let text = match kind {
        BoxKind::Rejected => format!("rejected: {text}"),
        _ => text.to_owned(),
    };
    let (room, most) = if kind == BoxKind::Local {
        (pitch - 16, 2)
    } else {
        (pitch - 46, 4)
    };
    let label = text::msc(&text, room, most);
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
