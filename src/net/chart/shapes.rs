//! The shapes of our own picture: arrows and boxes.

use super::canvas::{Canvas, Point, unit};
use super::diagram::{Arc, BoxKind, Fate};
use super::style;

/// A straight arrow with what its fate puts at its end.
pub(crate) fn arrow(canvas: &mut Canvas, arc: &Arc<'_>, from: Point, to: Point) {
    let style = style::packet(arc.kind);
    let dash = match arc.fate {
        Fate::InFlight => "stroke-dasharray=\"1.5 4\" stroke-linecap=\"round\"",
        _ if style.dashed => "stroke-dasharray=\"5 3\"",
        _ => "",
    };
    canvas.line(from, to, dash);
    match arc.fate {
        Fate::Lost(_) => {
            for (x, y) in [(45, 45), (45, -45)] {
                canvas.line(
                    (to.0 - x, to.1 - y),
                    (to.0 + x, to.1 + y),
                    "stroke-width=\"1.8\"",
                );
            }
        }
        Fate::InFlight => {}
        _ => head(canvas, from, to, style.filled),
    }
    canvas.circle(from, 18, "stroke=\"none\"");
}

/// The head of an arrow that points at `to`.
pub(crate) fn head(canvas: &mut Canvas, from: Point, to: Point, filled: bool) {
    let (x, y) = unit((to.0 - from.0, to.1 - from.1), 95);
    let (across_x, across_y) = (-y * 4 / 10, x * 4 / 10);
    let sides = [
        (to.0 - x + across_x, to.1 - y + across_y),
        to,
        (to.0 - x - across_x, to.1 - y - across_y),
    ];
    if filled {
        canvas.polygon(&sides, "stroke=\"none\"");
    } else {
        canvas.polyline(&sides, "stroke-width=\"1.6\" stroke-linejoin=\"round\"");
    }
}

/// The outline of a box: a hexagon for what is delivered, a sheet with its corner turned down for notes.
pub(crate) fn outline(canvas: &mut Canvas, kind: BoxKind, (x, y): Point, (wide, high): Point) {
    let (right, foot, middle) = (x + wide, y + high, y + high / 2);
    match kind {
        BoxKind::Delivered => {
            let (in_left, in_right) = (x + 55, right - 55);
            let hexagon = [
                (in_left, y),
                (in_right, y),
                (right, middle),
                (in_right, foot),
                (in_left, foot),
                (x, middle),
            ];
            canvas.polygon(&hexagon, "stroke-linejoin=\"round\"");
        }
        BoxKind::Note | BoxKind::Rejected => {
            let fold = 60;
            canvas.polygon(
                &[
                    (x, y),
                    (right - fold, y),
                    (right, y + fold),
                    (right, foot),
                    (x, foot),
                ],
                "",
            );
            canvas.polygon(
                &[
                    (right - fold, y),
                    (right - fold, y + fold),
                    (right, y + fold),
                ],
                "",
            );
        }
        BoxKind::State => canvas.rect((x, y), (wide, high), 60, ""),
        BoxKind::Local => canvas.rect((x, y), (wide, high), 20, ""),
    }
}
