//! Pictures: charts and graphs as SVG, from numbers and nothing else.

use std::fmt::Write;

use bft_crdts::net::NodeId;
use bft_crdts::net::world::Topology;

const WIDE: f64 = 720.0;
const HIGH: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;
/// Colours that people with any kind of sight can tell apart (Okabe and Ito, 2008), darkened where white is behind them.
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#333333", "#7a4fbf",
];

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its points, by increasing x.
    pub points: Vec<(f64, f64)>,
}

/// What a chart is called, and its axes.
#[derive(Clone, Copy, Debug)]
pub struct Titles<'a> {
    /// The chart.
    pub title: &'a str,
    /// Along.
    pub x: &'a str,
    /// Up.
    pub y: &'a str,
}

/// Text in a picture.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn open(title: &str, wide: f64, high: f64) -> String {
    let title = escape(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
         font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{wide}\" height=\"{high}\" fill=\"#fff\"/>\n\
         <text x=\"{}\" y=\"26\" text-anchor=\"middle\" font-size=\"16\">{title}</text>\n",
        wide / 2.0
    )
}

/// About five round numbers from nothing to `most`.
fn ticks(most: f64) -> Vec<f64> {
    let rough = most.max(1e-9) / 5.0;
    let mut power = 1e-9;
    while power * 10.0 <= rough {
        power *= 10.0;
    }
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(power * 10.0);
    let count = (most / step).floor() as u32;
    (0..=count).map(|tick| f64::from(tick) * step).collect()
}

fn number(value: f64) -> String {
    if value >= 10.0 || value == value.round() {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Lines over numbers. On a scale of powers of ten (`logarithmic`) what is not above zero is left out.
#[must_use]
pub fn lines(titles: Titles<'_>, series: &[Series], logarithmic: bool) -> String {
    let points = || series.iter().flat_map(|series| series.points.iter());
    let most_x = points().map(|point| point.0).fold(1e-9, f64::max);
    let most_y = points().map(|point| point.1).fold(1e-9, f64::max);
    let (wide, high) = (WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM);
    let decades = most_y.max(10.0).log10().ceil();
    let at_x = |x: f64| LEFT + x / most_x * wide;
    let at_y = |y: f64| {
        let share = if logarithmic {
            y.max(1.0).log10() / decades
        } else {
            y / (most_y * 1.05)
        };
        TOP + high - share * high
    };
    let mut out = open(titles.title, WIDE, HIGH);
    let grid: Vec<f64> = if logarithmic {
        (0..=decades as u32)
            .map(|decade| 10_f64.powi(decade as i32))
            .collect()
    } else {
        ticks(most_y)
    };
    // Writing to a string cannot fail.
    let mut draw = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(out, "{text}");
    };
    for tick in grid {
        let y = at_y(tick);
        draw(format_args!(
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT + wide,
            LEFT - 8.0,
            y + 4.0,
            number(tick)
        ));
    }
    for tick in ticks(most_x) {
        let x = at_x(tick);
        draw(format_args!(
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#888\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            TOP + high,
            TOP + high + 5.0,
            TOP + high + 20.0,
            number(tick)
        ));
    }
    draw(format_args!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text x=\"18\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 18 {:.1})\">{}</text>",
        LEFT + wide / 2.0,
        HIGH - 18.0,
        escape(titles.x),
        TOP + high / 2.0,
        TOP + high / 2.0,
        escape(titles.y)
    ));
    for (place, line) in series.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        let shown = line
            .points
            .iter()
            .filter(|point| !logarithmic || point.1 > 0.0);
        let shown: Vec<(f64, f64)> = shown.map(|point| (at_x(point.0), at_y(point.1))).collect();
        let path: Vec<String> = shown
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let dashes = ["", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\""][place % 3];
        draw(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
            path.join(" ")
        ));
        for (x, y) in shown {
            draw(format_args!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{colour}\"/>"
            ));
        }
        let y = TOP + 16.0 * place as f64 + 6.0;
        draw(format_args!(
            "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            WIDE - RIGHT + 12.0,
            WIDE - RIGHT + 36.0,
            WIDE - RIGHT + 42.0,
            y + 4.0,
            escape(&line.name)
        ));
    }
    out + "</svg>\n"
}

/// Histograms side by side, each with its name, of as many values as one likes in so many classes.
#[must_use]
pub fn histograms(title: &str, x: &str, panels: &[(String, Vec<f64>)], classes: usize) -> String {
    let one = 240.0;
    let wide = one * panels.len().max(1) as f64 + 40.0;
    let (high, base) = (260.0, 210.0);
    let mut out = open(title, wide, high);
    for (place, (name, values)) in panels.iter().enumerate() {
        let left = 30.0 + one * place as f64;
        let (least, most, counts) = classify(values, classes);
        let highest = counts.iter().max().copied().unwrap_or(1).max(1) as f64;
        let bar = (one - 40.0) / counts.len().max(1) as f64;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"52\" text-anchor=\"middle\">{}</text>",
            left + (one - 40.0) / 2.0,
            escape(name)
        );
        for (class, count) in counts.iter().enumerate() {
            let tall = *count as f64 / highest * 140.0;
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"{}\"><title>{count}</title></rect>",
                left + bar * class as f64,
                base - tall,
                (bar - 1.0).max(0.5),
                COLOURS[0]
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"{left:.1}\" y=\"{:.1}\">{least:.2}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{most:.2}</text>",
            base + 18.0,
            left + one - 40.0,
            base + 18.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        wide / 2.0,
        high - 12.0,
        escape(x)
    );
    out + "</svg>\n"
}

/// Least and greatest, and how many values lie in each of the equal parts between.
#[must_use]
pub fn classify(values: &[f64], classes: usize) -> (f64, f64, Vec<usize>) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() || most <= least {
        let all = if values.is_empty() { 0.0 } else { least };
        return (all, all, vec![values.len()]);
    }
    let mut counts = vec![0; classes.max(1)];
    for value in values {
        let share = (value - least) / (most - least);
        let class = (share * counts.len() as f64) as usize;
        let last = counts.len() - 1;
        counts[class.min(last)] += 1;
    }
    (least, most, counts)
}

/// Nodes on a circle, counted from 1, and the links between them. Marked ones are drawn in another colour.
#[must_use]
pub fn graph(title: &str, graph: &Topology, marked: &[u16]) -> String {
    let (wide, high) = (560.0, 560.0);
    let (middle, radius) = (wide / 2.0, 210.0);
    let place = |node: NodeId| {
        let angle = std::f64::consts::TAU * node.index() as f64 / graph.len().max(1) as f64;
        (
            middle + radius * angle.sin(),
            middle + 20.0 - radius * angle.cos(),
        )
    };
    let mut out = open(title, wide, high);
    for (one, other) in graph.links() {
        let ((x1, y1), (x2, y2)) = (place(one), place(other));
        let _ = writeln!(
            out,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#999\" stroke-width=\"1.2\"/>"
        );
    }
    for node in graph.nodes() {
        let (x, y) = place(node);
        let colour = COLOURS[usize::from(marked.contains(&node.get()))];
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"17\" fill=\"{colour}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#fff\">{}</text>",
            y + 4.5,
            node.get() + 1
        );
    }
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_top() {
        assert_eq!(ticks(31.0), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(ticks(1.0).len(), 6);
        assert_eq!(ticks(0.0), [0.0]);
    }

    #[test]
    fn every_value_is_in_a_class() {
        let (least, most, counts) = classify(&[1.0, 2.0, 2.5, 5.0], 4);
        assert_eq!((least, most, counts), (1.0, 5.0, vec![1, 2, 0, 1]));
        assert_eq!(classify(&[3.0; 7], 4).2, [7]);
        assert_eq!(classify(&[], 4).2, [0]);
    }

    #[test]
    fn what_is_written_into_a_picture_stays_text() {
        let titles = Titles {
            title: "<b>&\"",
            x: "x",
            y: "y",
        };
        let drawn = lines(titles, &[], false);
        assert!(drawn.contains("&lt;b&gt;&amp;&quot;") && !drawn.contains("<b>"));
    }
}
