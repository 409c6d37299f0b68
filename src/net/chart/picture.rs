//! A picture with a time scale, part by part.

use super::canvas::{Anchor, Canvas, Point};
use super::diagram::{Arc, BoxKind, Diagram, Fate};
use super::layout::{Across, LINE, Layout, Placed, PlacedPacket, SIZE};
use super::place::Room;
use super::shapes::{arrow, head, outline};
use super::{style, text};
use crate::net::trace::Trace;

/// With more arrows than this, labels cross them where they like.
const CAREFUL: usize = 2_000;
/// Around everything.
pub(crate) const MARGIN: i64 = 200;

/// What is legible on white and on black: the reader's choice of either is respected where it can be known.
pub(crate) const STYLE: &str = "\
.paper{fill:#ffffff;stroke:#d5dbe3}
.ink{fill:#24303d}
.faint{fill:#6b7785}
.life{stroke:#b9c2cd;stroke-width:1.2}
.idle{stroke:#ffffff;stroke-width:3;stroke-dasharray:3 4}
.head{fill:#f4f6f9}
.halo{paint-order:stroke;stroke:#ffffff;stroke-width:3px;stroke-linejoin:round}
.delivered polygon{fill:#d3f5df;stroke:#137a4f}.delivered text{fill:#0b5537}
.delivered polygon,.state rect,.note polygon{fill-opacity:.9}
.state rect{fill:#eef2f7;stroke:#9aa7b8}.state text{fill:#33404f}
.note polygon{fill:#fff3bf;stroke:#b08a00}.note text{fill:#5c4700}
.rejected polygon{fill:#ffe9e9;stroke:#d1242f}.rejected text{fill:#a51622}
.local rect{fill:#ffffff;stroke:#4a5666;stroke-dasharray:3 2}.local text{fill:#33404f}
.band rect{fill:#dbeafe;stroke:#1f6fd1}.band text{fill:#123f78}
.divider rect{fill:#ffffff}.divider line{stroke:#d1242f;stroke-dasharray:5 4}.divider text{fill:#d1242f}
@media (prefers-color-scheme:dark){
g[stroke],.halo{filter:brightness(1.4)}
.paper{fill:#10151c;stroke:#2b3440}
.ink{fill:#dfe6ee}.faint{fill:#93a0af}.life{stroke:#485362}.idle{stroke:#10151c}.head{fill:#1b232d}
.halo{stroke:#10151c}
.delivered polygon{fill:#0d3322}.delivered text{fill:#a6ecc4}
.state rect{fill:#1d2630}.state text{fill:#c6d1dd}
.note polygon{fill:#3a3008}.note text{fill:#f4de8f}
.rejected polygon{fill:#3d1216}.rejected text{fill:#ffb3b8}
.local rect{fill:#10151c}.local text{fill:#c6d1dd}
.band rect{fill:#122a47}.band text{fill:#b7d6ff}
.divider rect{fill:#10151c}
}
";

/// A picture being drawn.
pub(crate) struct Picture<'s> {
    pub(crate) canvas: Canvas,
    pub(crate) room: Room,
    pub(crate) diagram: &'s Diagram<'s>,
    pub(crate) layout: &'s Layout<'s>,
    /// Where the first lane begins.
    pub(crate) left: i64,
    /// How far two lanes stand apart.
    pub(crate) pitch: i64,
    pub(crate) wide: i64,
    /// Where the first instant is.
    pub(crate) top: i64,
}

impl Picture<'_> {
    /// The middle of a lane.
    pub(crate) fn x(&self, lane: usize) -> i64 {
        self.left + self.pitch / 2 + self.pitch * i64::try_from(lane).unwrap_or(0)
    }

    pub(crate) fn title(&mut self, trace: &Trace) {
        let title = text::fit(&text::plain(&trace.title), 21, self.wide - 2 * MARGIN);
        self.canvas.text(
            (MARGIN, 340),
            Anchor::Start,
            "class=\"ink\" font-size=\"18\" font-weight=\"bold\"",
            &title,
        );
        let mut about = format!(
            "{}, seed {}, {} events",
            text::clip(&trace.scenario, 60),
            trace.seed,
            trace.events.len()
        );
        if self.diagram.hushed > 0 {
            about += &format!(
                "; {} summaries that came to nothing are not drawn",
                self.diagram.hushed
            );
        }
        let about = text::fit(&about, 12, self.wide - 2 * MARGIN);
        self.canvas
            .text((MARGIN, 520), Anchor::Start, "class=\"faint\"", &about);
    }

    pub(crate) fn lifelines(&mut self) {
        for (place, _) in self.diagram.lanes.iter().enumerate() {
            let x = self.x(place);
            let ends = (
                (x, self.top - 140),
                (x, self.top + self.layout.height + 120),
            );
            self.canvas.line(ends.0, ends.1, "class=\"life\"");
            self.room.spare(x);
            for (from, to, _) in &self.layout.cuts {
                let middle = self.top + i64::midpoint(*from, *to);
                self.canvas
                    .line((x, middle - 90), (x, middle + 90), "class=\"idle\"");
            }
        }
    }

    /// Names and roles, above and below the lifelines.
    pub(crate) fn heads(&mut self, top: i64) {
        for (place, lane) in self.diagram.lanes.iter().enumerate() {
            let (x, colour) = (self.x(place), style::node(lane));
            let (wide, high) = (self.pitch - 160, 400);
            let outline = format!("class=\"head\" stroke=\"{colour}\" stroke-width=\"1.4\"");
            self.canvas
                .rect((x - wide / 2, top), (wide, high), 60, &outline);
            self.room.take((x - wide / 2, top), (wide, high));
            let name = text::fit(&lane.name, 15, wide - 60);
            let role = text::fit(&text::plain(lane.role), 10, wide - 60);
            let look = "class=\"ink\" font-size=\"13\" font-weight=\"bold\"";
            self.canvas
                .text((x, top + 185), Anchor::Middle, look, &name);
            let look = if lane.correct {
                "class=\"faint\"".to_owned()
            } else {
                format!("fill=\"{colour}\"")
            };
            self.canvas.text(
                (x, top + 325),
                Anchor::Middle,
                &format!("{look} font-size=\"10\""),
                &role,
            );
        }
    }

    /// The times on the left, as many as there is room for.
    pub(crate) fn times(&mut self) {
        let mut free = i64::MIN;
        let mut shown: Option<String> = None;
        let mut cuts = self.layout.cuts.iter().peekable();
        for (y, at) in &self.layout.ticks {
            while let Some((from, to, span)) = cuts.next_if(|(_, to, _)| to <= y) {
                let middle = self.top + i64::midpoint(*from, *to);
                let look = "class=\"faint\" font-size=\"10\" font-style=\"italic\"";
                if middle - 60 >= free {
                    let idle = format!("+{}", text::brief_time(*span));
                    self.canvas
                        .text((self.left - 160, middle + 35), Anchor::End, look, &idle);
                    free = middle + 60;
                }
            }
            let y = self.top + y;
            let time = text::brief_time(*at);
            self.canvas
                .line((self.left - 120, y), (self.left - 70, y), "class=\"life\"");
            if y - 50 >= free && shown.as_ref() != Some(&time) {
                let look = "class=\"faint\" font-size=\"10\"";
                self.canvas
                    .text((self.left - 160, y + 35), Anchor::End, look, &time);
                free = y + 80;
                shown = Some(time);
            }
        }
    }

    pub(crate) fn arrows(&mut self) {
        for flight in &self.layout.arcs {
            let (from, to) = self.ends(flight);
            let colour = style::colour(flight.arc.kind, &flight.arc.fate, flight.arc.duplicate);
            self.canvas.open(
                "g",
                &format!("stroke=\"{colour}\" fill=\"{colour}\" stroke-width=\"1.3\""),
            );
            self.canvas.tooltip(&self.about(flight.arc));
            if flight.arc.from == flight.arc.to {
                let out = self.pitch / 5;
                let bend = [
                    from,
                    (from.0 + out, from.1),
                    (from.0 + out, to.1),
                    (to.0 + 80, to.1),
                ];
                self.canvas.polyline(&bend, "");
                head(&mut self.canvas, (to.0 + out, to.1), to, true);
            } else {
                arrow(&mut self.canvas, flight.arc, from, to);
                if self.layout.arcs.len() <= CAREFUL {
                    self.room.avoid(from, to);
                }
            }
            self.canvas.close();
        }
    }

    /// Where an arrow begins and ends. Packets that did not arrive stop on their way.
    fn ends(&self, flight: &PlacedPacket<'_>) -> (Point, Point) {
        let from = (self.x(flight.arc.from), self.top + flight.start);
        let to = (self.x(flight.arc.to), self.top + flight.end);
        match flight.arc.fate {
            Fate::Lost(_) => (from, ((from.0 * 2 + to.0 * 3) / 5, to.1)),
            Fate::InFlight => (from, ((from.0 + to.0 * 3) / 4, to.1)),
            _ => (from, to),
        }
    }

    pub(crate) fn across(&mut self) {
        let (left, right) = (self.left, self.wide - MARGIN);
        for Across {
            label,
            band,
            top,
            height,
        } in &self.layout.across
        {
            let (top, high) = (self.top + top, *height);
            let label = text::fit(&text::plain(label), SIZE, right - left - 200);
            let wide = if *band {
                right - left
            } else {
                text::width(&label, SIZE) + 160
            };
            let middle = i64::midpoint(left, right);
            self.canvas.open(
                "g",
                if *band {
                    "class=\"band\""
                } else {
                    "class=\"divider\""
                },
            );
            if !band {
                self.canvas
                    .line((left, top + high / 2), (right, top + high / 2), "");
            }
            self.canvas
                .rect((middle - wide / 2, top), (wide, high), 40, "");
            self.canvas.text(
                (middle, top + high / 2 + 40),
                Anchor::Middle,
                "font-weight=\"bold\"",
                &label,
            );
            self.canvas.close();
            self.room.take((left, top), (right - left, high));
        }
    }

    pub(crate) fn boxes(&mut self) {
        for placed in &self.layout.boxes {
            let style = style::boxed(placed.kind);
            let widest = placed
                .lines
                .iter()
                .map(|line| text::width(line, SIZE))
                .max()
                .unwrap_or(0);
            let (wide, high) = ((widest + 180).max(360), placed.height);
            let (x, y) = (self.x(placed.lane) - wide / 2, self.top + placed.top);
            self.canvas.open("g", &format!("class=\"{}\"", style.class));
            self.canvas.tooltip(&self.about_box(placed));
            outline(&mut self.canvas, placed.kind, (x, y), (wide, high));
            for (place, line) in (0..).zip(&placed.lines) {
                let base = y + 30 + LINE * place + 105;
                self.canvas
                    .text((self.x(placed.lane), base), Anchor::Middle, "", line);
            }
            self.canvas.close();
            self.room.take((x, y), (wide, high));
        }
    }

    /// The labels of the arrows: one for each broadcast, if the reader wants it folded.
    pub(crate) fn labels(&mut self, fold: bool) {
        let mut labelled: Vec<bool> = vec![false; self.layout.arcs.len()];
        for first in 0..self.layout.arcs.len() {
            if labelled.get(first).is_none_or(|done| *done) {
                continue;
            }
            let Some(flight) = self.layout.arcs.get(first) else {
                continue;
            };
            let together: Vec<usize> = (first..self.layout.arcs.len())
                .take(if fold { 256 } else { 1 })
                .filter(|other| {
                    self.layout
                        .arcs
                        .get(*other)
                        .is_some_and(|other| alike(flight.arc, other.arc))
                })
                .collect();
            for other in &together {
                if let Some(done) = labelled.get_mut(*other) {
                    *done = true;
                }
            }
            self.label(&together);
        }
    }

    /// One label for packets that are alike, where it fits best.
    fn label(&mut self, together: &[usize]) {
        let Some(flight) = together
            .first()
            .and_then(|first| self.layout.arcs.get(*first))
        else {
            return;
        };
        let label = label(flight.arc);
        let size = (text::width(&label, SIZE) + 20, 130);
        let flights = together
            .iter()
            .filter_map(|place| self.layout.arcs.get(*place));
        let spots = flights.filter_map(|flight| {
            let (from, to) = self.ends(flight);
            if flight.arc.from == flight.arc.to {
                let beside = (from.0 + self.pitch / 5, i64::midpoint(from.1, to.1) + 90);
                return self
                    .room
                    .find(beside, (beside.0 + size.0, beside.1), size, 500);
            }
            // Past the lanes in between: what fans out or in is farthest apart at its far end.
            let lanes = i64::try_from(flight.arc.from.abs_diff(flight.arc.to))
                .unwrap_or(1)
                .max(1);
            self.room.find(from, to, size, 1_000 - 500 / lanes)
        });
        let Some(spot) = spots.min_by_key(|spot| spot.cost()) else {
            return;
        };
        self.room.settle(&spot);
        let colour = style::colour(flight.arc.kind, &flight.arc.fate, flight.arc.duplicate);
        let look = format!("fill=\"{colour}\" class=\"halo\"");
        self.canvas
            .text_along(spot.place, spot.direction, &look, &label);
    }

    /// Everything about a packet.
    fn about(&self, arc: &Arc<'_>) -> String {
        let name = |lane: usize| {
            self.diagram
                .lanes
                .get(lane)
                .map_or("?", |lane| lane.name.as_str())
        };
        let sent = text::time(arc.sent);
        let ended = text::time(arc.ended);
        let fate = match arc.fate {
            Fate::Accepted => format!("arrived {ended}"),
            Fate::Duplicate => format!("arrived {ended}, known already"),
            Fate::Parked => format!("arrived {ended}, parked"),
            Fate::Rejected(why) => format!("arrived {ended}, rejected: {why}"),
            Fate::Lost(why) => format!("lost {ended}: {why}"),
            Fate::InFlight => "still in flight".to_owned(),
        };
        let copy = if arc.duplicate {
            ", a copy the network made"
        } else {
            ""
        };
        let (from, to) = (name(arc.from), name(arc.to));
        let what = if arc.label.is_empty() {
            arc.kind
        } else {
            arc.label
        };
        text::clip(
            &format!(
                "{from} to {to}: {what} ({} bytes{copy}), sent {sent}, {fate}",
                arc.bytes
            ),
            400,
        )
    }

    fn about_box(&self, placed: &Placed<'_>) -> String {
        let name = self
            .diagram
            .lanes
            .get(placed.lane)
            .map_or("?", |lane| lane.name.as_str());
        let what = match placed.kind {
            BoxKind::Delivered => "delivered",
            BoxKind::State => "state",
            BoxKind::Note => "note",
            BoxKind::Rejected => "rejected",
            BoxKind::Local => "did",
        };
        text::clip(
            &format!("{name} {what}: {}, {}", placed.text, text::time(placed.at)),
            400,
        )
    }
}

/// How far two lanes stand apart: room for a usual label between neighbours.
pub(crate) fn pitch(diagram: &Diagram<'_>) -> i64 {
    let labels = diagram.drawn_arcs().map(|arc| {
        let lanes = i64::try_from(arc.from.abs_diff(arc.to)).unwrap_or(1).max(1);
        (text::width(&label(arc), SIZE) + 300) / lanes
    });
    let names = diagram
        .lanes
        .iter()
        .map(|lane| text::width(&lane.name, 15) + 260);
    let most = if diagram.lanes.len() > 10 {
        1_500
    } else {
        2_100
    };
    labels.chain(names).max().unwrap_or(0).clamp(1_400, most)
}

/// What is printed beside an arrow.
fn label(arc: &Arc<'_>) -> String {
    let label = text::clip(
        if arc.label.is_empty() {
            arc.kind
        } else {
            arc.label
        },
        44,
    );
    match arc.fate {
        Fate::Lost(why) => format!("{label} (lost: {})", text::clip(why, 24)),
        Fate::Parked => format!("{label} (parked)"),
        Fate::Duplicate if !arc.duplicate => format!("{label} (nothing new)"),
        _ if arc.duplicate => format!("{label} (copy)"),
        _ => label,
    }
}

/// Whether one label will do for both.
fn alike(one: &Arc<'_>, other: &Arc<'_>) -> bool {
    let same = |arc: &Arc<'_>| {
        (
            arc.from,
            arc.kind,
            arc.sent,
            arc.duplicate,
            arc.from == arc.to,
        )
    };
    let ends = |arc: &Arc<'_>| {
        (
            matches!(arc.fate, Fate::Rejected(_)),
            arc.fate == Fate::Accepted,
        )
    };
    same(one) == same(other)
        && one.label == other.label
        && (one.fate == other.fate
            || (ends(one) != (false, false) && ends(other) != (false, false)))
}
