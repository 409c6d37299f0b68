//! Our own pictures: well-formed, the same every time, no arrow against time, nothing printed over a label.

use bft_crdts::net::trace::Trace;
use bft_crdts::net::{ChartOptions, VirtualTime, svg};
use quickcheck_macros::quickcheck;
use roxmltree::{Document, Node};

use super::examples::{self, Example};
use super::hostile::{AnyOptions, AnyTrace};

fn default(trace: &Trace) -> String {
    svg::render(
        trace,
        &ChartOptions {
            chatter: true,
            ..ChartOptions::default()
        },
    )
}

#[quickcheck]
fn any_trace_gives_a_well_formed_picture(
    trace: AnyTrace,
    options: AnyOptions,
) -> Result<(), String> {
    let picture = svg::render(&trace.0, &options.0);
    Document::parse(&picture).map_err(|error| format!("{error}\n{picture}"))?;
    if picture == svg::render(&trace.0, &options.0) {
        Ok(())
    } else {
        Err("it differs the second time".to_owned())
    }
}

#[quickcheck]
fn nothing_but_the_picture_itself_is_in_a_picture(trace: AnyTrace) -> Result<(), String> {
    const KNOWN: [&str; 11] = [
        "svg", "title", "style", "g", "line", "rect", "circle", "polygon", "polyline", "text",
        "path",
    ];
    let picture = default(&trace.0);
    let document = Document::parse(&picture).map_err(|error| error.to_string())?;
    for node in document.descendants().filter(Node::is_element) {
        if !KNOWN.contains(&node.tag_name().name()) {
            return Err(format!("an element came out of a label: {node:?}"));
        }
        for attribute in node.attributes() {
            if attribute.name().starts_with("on") || attribute.name() == "href" {
                return Err(format!("an attribute came out of a label: {attribute:?}"));
            }
        }
    }
    Ok(())
}

#[quickcheck]
fn no_arrow_points_up_and_no_label_is_printed_over(seed: u64, any: AnyTrace) -> Result<(), String> {
    for trace in [examples::random(seed), any.0] {
        check(&default(&trace))?;
    }
    Ok(())
}

#[test]
fn labels_have_room_in_the_stories_told_by_hand() {
    for trace in examples::all() {
        let picture = default(&trace);
        check(&picture).expect("nothing is printed over");
        let labels = Document::parse(&picture)
            .expect("well-formed")
            .descendants()
            .filter(is_label)
            .count();
        assert!(
            labels >= 5,
            "only {labels} labels found room in {}",
            trace.title
        );
    }
}

/// The label of an arrow: the only text that is turned.
fn is_label(node: &Node<'_, '_>) -> bool {
    node.has_tag_name("text") && node.has_attribute("transform")
}

fn check(picture: &str) -> Result<(), String> {
    let document = Document::parse(picture).map_err(|error| error.to_string())?;
    let labels: Vec<(Shape, &str)> = document
        .descendants()
        .filter(is_label)
        .map(|node| (label(&node), node.text().unwrap_or("")))
        .collect();
    let boxes = ["delivered", "state", "note", "rejected", "local", "band"];
    let boxes: Vec<Shape> = document
        .descendants()
        .filter(|node| {
            node.attribute("class")
                .is_some_and(|class| boxes.contains(&class))
        })
        .filter_map(|node| around(&node))
        .collect();
    for (place, (shape, text)) in labels.iter().enumerate() {
        if let Some((_, other)) = labels[place + 1..]
            .iter()
            .find(|(other, _)| overlap(shape, other))
        {
            return Err(format!(
                "{text:?} and {other:?} are printed over each other\n{picture}"
            ));
        }
        if boxes.iter().any(|other| overlap(shape, other)) {
            return Err(format!("{text:?} is printed over a box\n{picture}"));
        }
    }
    for (place, shape) in boxes.iter().enumerate() {
        if boxes[place + 1..].iter().any(|other| overlap(shape, other)) {
            return Err(format!("two boxes overlap at {shape:?}\n{picture}"));
        }
    }
    for arrow in document
        .descendants()
        .filter(|node| node.has_tag_name("g") && node.has_attribute("stroke"))
    {
        let line = arrow.children().find(|node| node.has_tag_name("line"));
        if let Some(line) = line
            && attribute(&line, "y1") > attribute(&line, "y2")
        {
            return Err(format!("an arrow points up: {line:?}\n{picture}"));
        }
    }
    Ok(())
}

type Shape = Vec<(f64, f64)>;

fn attribute(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("{node:?} has no {name}"))
}

/// Where the letters of a label are: as narrow as any font would print them.
fn label(node: &Node<'_, '_>) -> Shape {
    let matrix = node
        .attribute("transform")
        .and_then(|matrix| matrix.strip_prefix("matrix("))
        .unwrap_or("");
    let matrix: Vec<f64> = matrix
        .trim_end_matches(')')
        .split(' ')
        .map(|part| part.parse().expect("a number"))
        .collect();
    let narrow = |c: char| !c.is_alphanumeric() || "fijlrtI1".contains(c);
    let letters = node.text().unwrap_or("").chars();
    let half = letters
        .map(|c| if narrow(c) { 2.5 } else { 5.5 })
        .sum::<f64>()
        / 2.0;
    let place = |x: f64, y: f64| {
        (
            matrix[0] * x + matrix[2] * y + matrix[4],
            matrix[1] * x + matrix[3] * y + matrix[5],
        )
    };
    vec![
        place(-half, 1.0),
        place(half, 1.0),
        place(half, -8.0),
        place(-half, -8.0),
    ]
}

/// The rectangle around the outline of a box.
fn around(group: &Node<'_, '_>) -> Option<Shape> {
    let rect = group.children().find(|node| node.has_tag_name("rect"));
    let (left, top, right, foot) = if let Some(rect) = rect {
        let (x, y) = (attribute(&rect, "x"), attribute(&rect, "y"));
        (
            x,
            y,
            x + attribute(&rect, "width"),
            y + attribute(&rect, "height"),
        )
    } else {
        let points = group
            .children()
            .find(|node| node.has_tag_name("polygon"))?
            .attribute("points")?;
        let points: Vec<(f64, f64)> = points
            .split(' ')
            .filter_map(|point| point.split_once(','))
            .map(|(x, y)| (x.parse().expect("a number"), y.parse().expect("a number")))
            .collect();
        points.iter().fold(
            (f64::MAX, f64::MAX, f64::MIN, f64::MIN),
            |(left, top, right, foot), (x, y)| {
                (left.min(*x), top.min(*y), right.max(*x), foot.max(*y))
            },
        )
    };
    Some(vec![(left, top), (right, top), (right, foot), (left, foot)])
}

fn overlap(one: &Shape, other: &Shape) -> bool {
    let middle = |shape: &Shape| shape.iter().map(|(_, y)| y).sum::<f64>() / shape.len() as f64;
    if (middle(one) - middle(other)).abs() > 500.0 {
        return false;
    }
    let parted = |shape: &Shape| {
        (0..shape.len()).any(|place| {
            let (from, to) = (shape[place], shape[(place + 1) % shape.len()]);
            let normal = (to.1 - from.1, from.0 - to.0);
            let reach = |shape: &Shape| {
                shape
                    .iter()
                    .map(|(x, y)| x * normal.0 + y * normal.1)
                    .fold((f64::MAX, f64::MIN), |(least, most), at| {
                        (least.min(at), most.max(at))
                    })
            };
            let (one, other) = (reach(one), reach(other));
            one.1 <= other.0 || other.1 <= one.0
        })
    };
    !parted(one) && !parted(other)
}

#[test]
fn equal_lengths_of_time_are_equally_high() {
    let mut s = Example::new("scale", 1, &[("A", "member", true), ("B", "member", true)]);
    for (sent, arrives) in [(0, 10), (15, 20), (40, 56)] {
        s.at(sent);
        let packet = s.send(0, 1, "echo", "x");
        s.at(arrives).taken(packet);
    }
    let picture = default(&s.trace);
    let document = Document::parse(&picture).expect("well-formed");
    let arrows = document
        .descendants()
        .filter(|node| node.has_tag_name("g") && node.has_attribute("stroke"));
    let heights: Vec<f64> = arrows
        .filter_map(|arrow| arrow.children().find(|node| node.has_tag_name("line")))
        .map(|line| attribute(&line, "y2") - attribute(&line, "y1"))
        .filter(|high| *high > 0.0)
        .collect();
    let [ten, five, sixteen] = heights[..] else {
        panic!("three arrows, not {heights:?}")
    };
    assert!(
        ten >= 20.0 && (ten - 2.0 * five).abs() < 0.5 && (sixteen - 1.6 * ten).abs() < 0.5,
        "{heights:?}"
    );
}

#[test]
fn a_picture_shows_what_became_of_every_packet() {
    let picture = default(&examples::stormy());
    for part in [
        "A to D: request A#1 pay B 5 (180 bytes), sent 0ns, lost 0ns: loss",
        "A to B: request A#1 pay B 5 (180 bytes, a copy the network made), sent 0ns, arrived 13ms, known already",
        "X to A: echo A#1 (180 bytes), sent 10ms, arrived 19ms, rejected: not a member of generation 0",
        "A to D: proof A#1 (180 bytes), sent 21ms, arrived 33ms, parked",
        "B to X: summary A 1, B 0 (180 bytes), sent 500ms, still in flight",
        "C note: crash, 16ms",
        "A delivered: A#1 pay B 5, 21ms",
        ">partition: A B | C D<",
        ">generation 1: A B C D<",
        ">+367ms<",
        ">nothing new<",
    ] {
        assert!(picture.contains(part), "{part} is missing from\n{picture}");
    }
}

#[test]
fn too_much_is_left_out_and_the_picture_says_so() {
    let trace = examples::payment();
    let picture = svg::render(
        &trace,
        &ChartOptions {
            max_arcs: 5,
            ..ChartOptions::default()
        },
    );
    assert!(
        picture.contains(">13 of 18 arcs and boxes left out<"),
        "{picture}"
    );
    let window = ChartOptions {
        until: VirtualTime::from_micros(20_000),
        ..ChartOptions::default()
    };
    let picture = svg::render(&trace, &window);
    assert!(
        picture.contains("still in flight") && !picture.contains("proof"),
        "{picture}"
    );
}
