//! Our own picture of a run: an SVG with a time scale, for which no program need be installed.
//!
//! Time runs down. An arrow begins where its packet was sent and ends where it arrived, so a steep arrow is a
//! slow packet. Colours and shapes mean what they mean in [`msc`](super::msc), and the legend on the chart says
//! so. A label that finds no room is left out; resting the pointer on the arrow or box shows everything about it.

use super::chart::canvas::{Anchor, Canvas};
use super::chart::diagram::Diagram;
use super::chart::layout::Layout;
use super::chart::legend::Legend;
use super::chart::picture::{MARGIN, Picture, STYLE, pitch};
use super::chart::place::Room;
use super::chart::{ChartOptions, style, text};
use super::trace::Trace;

/// Left of the first lane: the times.
const GUTTER: i64 = 780;
/// A picture of `trace`. Equal traces and options give equal text.
#[must_use]
pub fn render(trace: &Trace, options: &ChartOptions) -> String {
    let diagram = Diagram::new(trace, options);
    let pitch = pitch(&diagram);
    let layout = Layout::new(&diagram, options.max_arcs, pitch - 240, 1);
    let lanes = i64::try_from(diagram.lanes.len().max(2)).unwrap_or(i64::MAX / 10_000);
    let wide = GUTTER + lanes * pitch + MARGIN;
    let legend = Legend::new(&diagram, wide - 2 * MARGIN);
    let heads = 700 + legend.height();
    let top = heads + 560;
    let high = top + layout.height + 720;
    let name = format!("{}, seed {}", text::clip(&trace.title, 80), trace.seed);
    let mut picture = Picture {
        canvas: Canvas::new(wide, high, &name, STYLE),
        room: Room::new(GUTTER - 60, wide),
        diagram: &diagram,
        layout: &layout,
        left: GUTTER,
        pitch,
        wide,
        top,
    };
    picture
        .canvas
        .rect((0, 0), (wide, high), 80, "class=\"paper\"");
    picture.title(trace);
    legend.draw(&mut picture.canvas, (MARGIN, 640));
    picture.lifelines();
    picture.heads(heads);
    picture.heads(top + layout.height + 120);
    picture.times();
    picture.arrows();
    picture.across();
    picture.boxes();
    picture.labels(options.fold);
    if layout.left_out > 0 {
        let note = format!(
            "{} of {} arcs and boxes left out",
            layout.left_out,
            diagram.drawable()
        );
        let place = (wide / 2, top + layout.height + 60);
        picture.canvas.text(
            place,
            Anchor::Middle,
            &format!("fill=\"{}\" font-weight=\"bold\"", style::RED),
            &note,
        );
    }
    picture.canvas.finish()
}
