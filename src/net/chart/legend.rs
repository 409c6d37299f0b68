//! The legend of our own picture.

use super::canvas::{Anchor, Canvas, Point};
use super::diagram::{Arc, Diagram, Fate};
use super::layout::SIZE;
use super::shapes::arrow;
use super::{style, text};
use crate::net::time::VirtualTime;

/// What the colours and shapes mean, as far as the chart uses them.
pub(crate) struct Legend {
    rows: Vec<Vec<Entry>>,
}

/// One line of the legend.
#[derive(Clone)]
struct Entry {
    name: &'static str,
    kind: &'static str,
    fate: Fate<'static>,
}

impl Entry {
    fn wide(&self) -> i64 {
        text::width(self.name, SIZE) + 560
    }
}

impl Legend {
    pub(crate) fn new(diagram: &Diagram<'_>, room: i64) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        for arc in diagram.drawn_arcs() {
            if entries.iter().all(|entry| entry.kind != arc.kind) {
                entries.push(Entry {
                    name: arc.kind,
                    kind: arc.kind,
                    fate: Fate::Accepted,
                });
            }
        }
        let any = |fits: fn(&Arc<'_>) -> bool| diagram.drawn_arcs().any(fits);
        for (name, fate, there) in [
            (
                "lost",
                Fate::Lost(""),
                any(|arc| matches!(arc.fate, Fate::Lost(_))),
            ),
            (
                "nothing new",
                Fate::Duplicate,
                any(|arc| arc.duplicate || arc.fate == Fate::Duplicate),
            ),
            (
                "in flight",
                Fate::InFlight,
                any(|arc| arc.fate == Fate::InFlight),
            ),
        ] {
            if there {
                entries.push(Entry {
                    name,
                    kind: "",
                    fate,
                });
            }
        }
        let mut rows: Vec<Vec<Entry>> = Vec::new();
        let mut used = 0;
        for entry in entries {
            match rows.last_mut() {
                Some(row) if used + entry.wide() <= room => {
                    used += entry.wide();
                    row.push(entry);
                }
                _ => {
                    used = entry.wide();
                    rows.push(vec![entry]);
                }
            }
        }
        Self { rows }
    }

    pub(crate) fn height(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap_or(0) * 180
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, corner: Point) {
        for (row, entries) in (0..).zip(&self.rows) {
            let (mut x, y) = (corner.0, corner.1 + row * 180 + 60);
            for entry in entries {
                let colour = style::colour(entry.kind, &entry.fate, false);
                canvas.open(
                    "g",
                    &format!("stroke=\"{colour}\" fill=\"{colour}\" stroke-width=\"1.3\""),
                );
                let sample = Arc {
                    from: 0,
                    to: 1,
                    kind: entry.kind,
                    label: "",
                    bytes: 0,
                    duplicate: false,
                    sent: VirtualTime::ZERO,
                    fate: entry.fate,
                    ended: VirtualTime::ZERO,
                };
                arrow(canvas, &sample, (x, y), (x + 300, y));
                canvas.close();
                canvas.text(
                    (x + 390, y + 40),
                    Anchor::Start,
                    "class=\"ink\"",
                    entry.name,
                );
                x += entry.wide();
            }
        }
    }
}
