//! The picture of the three layers.

use super::canvas::{Anchor, Canvas, Point};
use super::shapes::head;

/// The size of the picture.
const SIZE: Point = (10_800, 6_300);
/// The middle of the onion.
const CENTRE: Point = (3_960, 3_520);

/// One layer.
struct Layer {
    radius: i64,
    /// Its name as a class.
    class: &'static str,
    name: &'static str,
    /// Where it is in the repository.
    home: &'static str,
    /// What it is for.
    duty: &'static str,
    /// What it does with what comes in, and its number on the way.
    inward: (u8, &'static str),
    /// The same on the way out.
    outward: (u8, &'static str),
}

/// From the outside in.
const LAYERS: [Layer; 3] = [
    Layer {
        radius: 2_480,
        class: "network",
        name: "Network",
        home: "src/net, or your own sockets",
        duty: "The world: packets get lost, late, doubled, forged.",
        inward: (1, "takes packets from the other replicas"),
        outward: (6, "sends packets to all, or to one"),
    },
    Layer {
        radius: 1_720,
        class: "middle",
        name: "Secure broadcast",
        home: "src/deterministic_secure_broadcast",
        duty: "One message per slot, the same for everybody.",
        inward: (2, "believes the proof of a quorum, nothing less"),
        outward: (5, "signs a request, gathers echoes, sends proof"),
    },
    Layer {
        radius: 960,
        class: "core",
        name: "Core",
        home: "src/bank, src/orswot, or your own algorithm",
        duty: "What operations mean. Plain data, no network.",
        inward: (3, "applies what is delivered, everywhere the same"),
        outward: (4, "says whether an operation is valid"),
    },
];

/// Colours, by class; the same picture on black where the reader prefers that.
const STYLE: &str = "\
.paper{fill:#ffffff;stroke:#d5dbe3}
.ink{fill:#24303d}.faint{fill:#6b7785}
.network{fill:#e3effc;stroke:#1f6fd1}.middle{fill:#ece3fd;stroke:#8250df}.core{fill:#d6f4e1;stroke:#137a4f}
.card{fill:#ffffff}
.name-network{fill:#134f9c}.name-middle{fill:#5a2fae}.name-core{fill:#0b5537}
.in{stroke:#24476b;fill:#24476b}.out{stroke:#b25e00;fill:#b25e00}
.badge{stroke:#ffffff;stroke-width:1.6}.number{fill:#ffffff}
@media (prefers-color-scheme:dark){
.paper{fill:#10151c;stroke:#2b3440}
.ink{fill:#dfe6ee}.faint{fill:#93a0af}
.network{fill:#12243a;stroke:#4a92e6}.middle{fill:#26193f;stroke:#a17bec}.core{fill:#0f3323;stroke:#3aa874}
.card{fill:#151c25}
.name-network{fill:#9cc6f8}.name-middle{fill:#cdb6fa}.name-core{fill:#a6ecc4}
.in{stroke:#7fa6d0;fill:#7fa6d0}.out{stroke:#e0923a;fill:#e0923a}
.badge{stroke:#10151c}.number{fill:#10151c}
}
";

/// The picture.
pub(crate) fn draw() -> String {
    let mut canvas = Canvas::new(SIZE.0, SIZE.1, "The three layers of a replica", STYLE);
    canvas.rect((0, 0), SIZE, 80, "class=\"paper\"");
    canvas.text(
        (300, 480),
        Anchor::Start,
        "class=\"ink\" font-size=\"20\" font-weight=\"bold\"",
        "A replica is an onion",
    );
    let subtitle = "What others do comes in as packets, what you do goes out as packets. Imports point inwards only.";
    canvas.text(
        (300, 720),
        Anchor::Start,
        "class=\"faint\" font-size=\"12.5\"",
        subtitle,
    );
    for layer in &LAYERS {
        canvas.circle(
            CENTRE,
            layer.radius,
            &format!("class=\"{}\" stroke-width=\"1.8\"", layer.class),
        );
    }
    names(&mut canvas);
    flow(&mut canvas, CENTRE.1 - 300, true);
    flow(&mut canvas, CENTRE.1 + 300, false);
    for (place, layer) in (0..).zip(&LAYERS) {
        card(&mut canvas, layer, 1_130 + place * 1_630);
    }
    canvas.finish()
}

/// The names of the layers, each at the top of its ring.
fn names(canvas: &mut Canvas) {
    for layer in &LAYERS {
        let size = if layer.class == "core" { 17 } else { 15 };
        let down = if layer.class == "core" {
            -layer.radius + 420
        } else {
            -layer.radius + 460
        };
        let look = format!(
            "class=\"name-{}\" font-size=\"{size}\" font-weight=\"bold\"",
            layer.class
        );
        canvas.text(
            (CENTRE.0, CENTRE.1 + down),
            Anchor::Middle,
            &look,
            layer.name,
        );
    }
    for (place, name) in (0..).zip(["bank", "ORSWOT", "yours"]) {
        let at = (CENTRE.0 + 330, CENTRE.1 - 160 + place * 200);
        canvas.text(
            at,
            Anchor::Middle,
            "class=\"name-core\" font-size=\"12\"",
            name,
        );
    }
}

/// The way of an operation, inwards or outwards, with its stations.
fn flow(canvas: &mut Canvas, y: i64, inward: bool) {
    let (outside, inside) = ((300, y), (CENTRE.0 - 330, y));
    canvas.open(
        "g",
        &format!("class=\"{}\"", if inward { "in" } else { "out" }),
    );
    let (from, to) = if inward {
        (outside, inside)
    } else {
        (inside, outside)
    };
    let back = if inward { -60 } else { 60 };
    canvas.line(from, (to.0 + back, y), "stroke-width=\"3\"");
    head(canvas, (from.0, y), (to.0, y), true);
    // A second, larger head over the first, in proportion to the thick line.
    let side = if inward { -1 } else { 1 };
    canvas.polygon(
        &[(to.0 + side * 150, y - 75), to, (to.0 + side * 150, y + 75)],
        "stroke=\"none\"",
    );
    for (place, layer) in LAYERS.iter().enumerate() {
        let inner = LAYERS.get(place + 1).map_or(330, |inner| inner.radius);
        let middle = if place + 1 == LAYERS.len() {
            640
        } else {
            i64::midpoint(layer.radius, inner) + 20
        };
        let (number, _) = if inward { layer.inward } else { layer.outward };
        badge(canvas, (CENTRE.0 - middle, y), number);
    }
    let (up, what) = if inward {
        (-130, "packets in")
    } else {
        (250, "packets out")
    };
    canvas.text(
        (320, y + up),
        Anchor::Start,
        "stroke=\"none\" font-size=\"12.5\" font-weight=\"bold\"",
        what,
    );
    canvas.close();
}

/// A number in a disc, in the colour of the way it is on.
fn badge(canvas: &mut Canvas, (x, y): Point, number: u8) {
    canvas.circle((x, y), 115, "class=\"badge\"");
    let look = "class=\"number\" stroke=\"none\" font-size=\"13\" font-weight=\"bold\"";
    canvas.text((x, y + 46), Anchor::Middle, look, &number.to_string());
}

/// What a layer is and does, with a line to its ring.
fn card(canvas: &mut Canvas, layer: &Layer, top: i64) {
    let (left, wide, high) = (6_900, 3_600, 1_460);
    let middle = top + high / 2;
    // A level line to the ring where it is that high; the core's has to climb.
    let (ring, bend) = match layer.class {
        "network" => ((CENTRE.0 + 1_250, middle), (CENTRE.0 + 1_250, middle)),
        "middle" => ((CENTRE.0 + 1_340, middle), (CENTRE.0 + 1_340, middle)),
        _ => ((CENTRE.0 + 560, CENTRE.1 + 520), (CENTRE.0 + 1_880, middle)),
    };
    let look = format!(
        "class=\"{}\" stroke-width=\"1.4\" style=\"fill:none\"",
        layer.class
    );
    canvas.polyline(&[ring, bend, (left, middle)], &look);
    canvas.circle(
        ring,
        45,
        &format!("class=\"{}\" stroke-width=\"1.6\"", layer.class),
    );
    canvas.open(
        "g",
        &format!("class=\"{}\" stroke-width=\"1.4\"", layer.class),
    );
    canvas.rect((left, top), (wide, high), 90, "class=\"card\"");
    canvas.rect(
        (left + 90, top + 90),
        (60, high - 180),
        30,
        "stroke=\"none\"",
    );
    canvas.close();
    let x = left + 280;
    let look = format!(
        "class=\"name-{}\" font-size=\"14.5\" font-weight=\"bold\"",
        layer.class
    );
    canvas.text((x, top + 270), Anchor::Start, &look, layer.name);
    canvas.text(
        (x, top + 460),
        Anchor::Start,
        "class=\"faint\" font-size=\"10.5\"",
        layer.home,
    );
    canvas.text(
        (x, top + 710),
        Anchor::Start,
        "class=\"ink\" font-size=\"12\"",
        layer.duty,
    );
    for (place, ((number, text), class)) in
        (0..).zip([(layer.inward, "in"), (layer.outward, "out")])
    {
        let y = top + 940 + place * 270;
        canvas.open("g", &format!("class=\"{class}\""));
        badge(canvas, (x + 110, y), number);
        canvas.close();
        canvas.text(
            (x + 320, y + 42),
            Anchor::Start,
            "class=\"ink\" font-size=\"11.5\"",
            text,
        );
    }
}
