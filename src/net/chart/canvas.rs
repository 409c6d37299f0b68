//! Writing SVG. All lengths are whole tenths of a pixel, so no two machines round them differently.

use super::text;

/// A place on the canvas, in tenths of a pixel from the upper left corner.
pub(crate) type Point = (i64, i64);

/// An SVG picture being written.
pub(crate) struct Canvas {
    out: String,
    open: Vec<&'static str>,
}

/// Where a text stands in relation to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The fonts asked for. The widths that layout reckons with are those of the widest.
pub(crate) const FONTS: &str = "'Helvetica Neue',Helvetica,Arial,'DejaVu Sans',sans-serif";

impl Canvas {
    /// A picture of this size, with a name for those who cannot see it, and with `style` as its style sheet.
    ///
    /// `style` goes in as it stands: it must not hold anything from outside.
    pub(crate) fn new(width: i64, height: i64, name: &str, style: &str) -> Self {
        let (w, h) = (number(width), number(height));
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        out += &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             role=\"img\" font-family=\"{FONTS}\" font-size=\"11\">\n"
        );
        out += &format!(
            "<title>{}</title>\n<style>\n{style}</style>\n",
            text::xml(name)
        );
        Self {
            out,
            open: Vec::new(),
        }
    }

    /// Opens an element that holds others. `attributes` go in as they stand.
    pub(crate) fn open(&mut self, tag: &'static str, attributes: &str) {
        let space = if attributes.is_empty() { "" } else { " " };
        self.out += &format!("<{tag}{space}{attributes}>");
        self.open.push(tag);
    }

    /// Closes the element opened last.
    pub(crate) fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.out += &format!("</{tag}>\n");
        }
    }

    /// What a pointer resting on the open element shows.
    pub(crate) fn tooltip(&mut self, tooltip: &str) {
        self.out += &format!("<title>{}</title>", text::xml(tooltip));
    }

    pub(crate) fn line(&mut self, from: Point, to: Point, attributes: &str) {
        self.out += &format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {attributes}/>\n",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        );
    }

    /// A rectangle with corners rounded by `round`.
    pub(crate) fn rect(&mut self, corner: Point, size: Point, round: i64, attributes: &str) {
        let round = if round > 0 {
            format!(" rx=\"{}\"", number(round))
        } else {
            String::new()
        };
        self.out += &format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{round} {attributes}/>\n",
            number(corner.0),
            number(corner.1),
            number(size.0),
            number(size.1)
        );
    }

    pub(crate) fn circle(&mut self, centre: Point, radius: i64, attributes: &str) {
        self.out += &format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {attributes}/>\n",
            number(centre.0),
            number(centre.1),
            number(radius)
        );
    }

    pub(crate) fn polygon(&mut self, points: &[Point], attributes: &str) {
        self.out += &format!("<polygon points=\"{}\" {attributes}/>\n", joined(points));
    }

    pub(crate) fn polyline(&mut self, points: &[Point], attributes: &str) {
        self.out += &format!(
            "<polyline points=\"{}\" fill=\"none\" {attributes}/>\n",
            joined(points)
        );
    }

    /// One line of text whose base line begins, is centred or ends at `place`.
    pub(crate) fn text(&mut self, place: Point, anchor: Anchor, attributes: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let space = if attributes.is_empty() { "" } else { " " };
        self.out += &format!(
            "<text x=\"{}\" y=\"{}\"{anchor}{space}{attributes}>{}</text>\n",
            number(place.0),
            number(place.1),
            text::xml(text)
        );
    }

    /// Text centred at `place` and turned to run along `direction`, which must not be nothing.
    pub(crate) fn text_along(
        &mut self,
        place: Point,
        direction: Point,
        attributes: &str,
        text: &str,
    ) {
        let (cos, sin) = unit(direction, 1_000);
        let (cos, sin) = (thousandths(cos), thousandths(sin));
        let minus = sin
            .strip_prefix('-')
            .map_or_else(|| format!("-{sin}"), str::to_owned);
        self.out += &format!(
            "<text transform=\"matrix({cos} {sin} {minus} {cos} {} {})\" text-anchor=\"middle\" {attributes}>{}</text>\n",
            number(place.0),
            number(place.1),
            text::xml(text)
        );
    }

    /// The picture.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out + "</svg>\n"
    }
}

/// A length in pixels: tenths, without a needless `.0`.
pub(crate) fn number(tenths: i64) -> String {
    let (sign, size) = (if tenths < 0 { "-" } else { "" }, tenths.unsigned_abs());
    match size % 10 {
        0 => format!("{sign}{}", size / 10),
        rest => format!("{sign}{}.{rest}", size / 10),
    }
}

fn thousandths(value: i64) -> String {
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    format!("{sign}{}.{:03}", size / 1_000, size % 1_000)
}

fn joined(points: &[Point]) -> String {
    let points = points
        .iter()
        .map(|(x, y)| format!("{},{}", number(*x), number(*y)));
    points.collect::<Vec<_>>().join(" ")
}

/// `direction`, made `length` long; nothing stays nothing.
pub(crate) fn unit((x, y): Point, length: i64) -> Point {
    // Scaled up before the root, so that short directions keep their angle.
    let (x, y) = (x * 64, y * 64);
    let size = (x * x + y * y).isqrt().max(1);
    (x * length / size, y * length / size)
}

/// A place this share, in thousandths, of the way from one to another.
pub(crate) fn between(from: Point, to: Point, thousandth: i64) -> Point {
    (
        from.0 + (to.0 - from.0) * thousandth / 1_000,
        from.1 + (to.1 - from.1) * thousandth / 1_000,
    )
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Canvas, number, unit};

    #[test]
    fn lengths_are_written_in_one_way_only() {
        let written = [0, 5, 10, -5, -15, 12_345].map(number);
        assert_eq!(written, ["0", "0.5", "1", "-0.5", "-1.5", "1234.5"]);
    }

    #[test]
    fn directions_keep_their_angle() {
        assert_eq!(unit((30, 40), 1_000), (600, 800));
        assert_eq!(unit((0, 0), 1_000), (0, 0));
        assert_eq!(unit((-1, 0), 90), (-90, 0));
    }

    #[test]
    fn what_is_written_is_well_formed() {
        let mut canvas = Canvas::new(1_000, 505, "a<b>\"", ".x{fill:#fff}\n");
        canvas.open("g", "class=\"x\"");
        canvas.tooltip("</title>");
        canvas.text((5, 5), Anchor::Middle, "", "&lt;");
        canvas.text_along((5, 5), (-30, 40), "class=\"x\"", "x");
        canvas.polygon(&[(0, 0), (15, -5)], "class=\"x\"");
        let picture = canvas.finish();
        assert!(roxmltree::Document::parse(&picture).is_ok(), "{picture}");
        assert!(
            picture.contains("matrix(-0.600 0.800 -0.800 -0.600 0.5 0.5)"),
            "{picture}"
        );
    }
}
