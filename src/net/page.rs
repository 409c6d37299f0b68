//! A run as one HTML file that a person can read: charts, states, charts of what it cost, and what went wrong.
//!
//! The page is self-contained: style, script and data are in it, and its policy forbids it to load anything else. It
//! knows nothing of replicas. It is made of a [`Trace`], and of whatever else there is: [`Details`], facts and findings
//! of your own. So a run of any protocol can have one:
//!
//! ```
//! use bft_crdts::net::page::{Finding, Page};
//! use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
//! use bft_crdts::net::{NodeId, VirtualTime};
//!
//! let node = |name: &str| TraceNode { name: name.into(), role: "peer".into(), correct: true };
//! let event = |at, step, kind| TraceEvent { at: VirtualTime::from_millis(at), step, kind };
//! let trace = Trace {
//!     title: "one rumour".into(),
//!     nodes: vec![node("ann"), node("bob")],
//!     events: vec![
//!         event(0, 1, TraceKind::Sent {
//!             message: 0, from: NodeId::new(0), to: NodeId::new(1), kind: "push",
//!             label: "rumour".into(), bytes: 64, duplicate: false,
//!         }),
//!         event(9, 2, TraceKind::Arrived { message: 0, outcome: PacketOutcome::Accepted }),
//!         event(9, 2, TraceKind::Delivered { node: NodeId::new(1), label: "rumour".into() }),
//!     ],
//!     ..Trace::default()
//! };
//! let html = Page::new(&trace)
//!     .command("my-simulator --seed 7")
//!     .fact("rumours", "1")
//!     .finding(Finding::violation("secrecy", "bob should not have heard it").at(2).of(["bob"]))
//!     .render();
//! assert!(html.starts_with("<!DOCTYPE html>") && html.contains("secrecy"));
//! ```
//!
//! Equal runs give equal bytes. Whatever a run holds, a name with a tag in it for instance, is data for the page: it
//! is in a JSON text in which no `<` stands, and reaches the document as text only.

mod data;
mod strings;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::chart::text;
use super::details::Details;
use super::node::NodeId;
use super::trace::Trace;

const FRAME: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// In this order they are one program.
const SCRIPTS: [&str; 6] = [
    include_str!("page/model.js"),
    include_str!("page/elements.js"),
    include_str!("page/chart.js"),
    include_str!("page/graphs.js"),
    include_str!("page/panels.js"),
    include_str!("page/page.js"),
];

/// A page about a run.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    trace: &'a Trace,
    details: Option<&'a Details>,
    description: String,
    command: String,
    facts: Vec<(String, String)>,
    findings: Vec<Finding>,
    quiet: Vec<String>,
    counted: Option<BTreeSet<NodeId>>,
    links: Option<Vec<(NodeId, NodeId)>>,
}

/// Something to know about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    level: Level,
    what: String,
    detail: String,
    nodes: Vec<String>,
    step: Option<u64>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Violation,
    Evidence,
    Note,
}

impl Finding {
    fn new(level: Level, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            level,
            what: what.into(),
            detail: detail.into(),
            nodes: Vec::new(),
            step: None,
        }
    }

    /// A promise that was broken. A page with one is red at the top.
    pub fn violation(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Level::Violation, what, detail)
    }

    /// A proof that somebody misbehaved.
    pub fn evidence(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Level::Evidence, what, detail)
    }

    /// Something worth knowing, such as an operation that was refused.
    pub fn note(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Level::Note, what, detail)
    }

    /// The step of the trace at which it was seen.
    #[must_use]
    pub fn at(mut self, step: u64) -> Self {
        self.step = Some(step);
        self
    }

    /// The nodes it concerns, by name.
    #[must_use]
    pub fn of<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.nodes = nodes.into_iter().map(Into::into).collect();
        self
    }
}

impl<'a> Page<'a> {
    /// A page about this run.
    #[must_use]
    pub fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            details: None,
            description: String::new(),
            command: String::new(),
            facts: Vec::new(),
            findings: Vec::new(),
            quiet: Vec::new(),
            counted: None,
            links: None,
        }
    }

    /// With what the packets say, what they are about, the states of the nodes, who was down.
    #[must_use]
    pub fn details(mut self, details: &'a Details) -> Self {
        self.details = Some(details);
        self
    }

    /// A sentence or two on what the run shows.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The command that makes the run again.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        self
    }

    /// A line of the summary, such as `members` and `4`.
    #[must_use]
    pub fn fact(mut self, what: impl Into<String>, value: impl Into<String>) -> Self {
        self.facts.push((what.into(), value.into()));
        self
    }

    /// Something to know about the run.
    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Messages of this kind are not shown unless a reader asks for them.
    #[must_use]
    pub fn quiet(mut self, kind: impl Into<String>) -> Self {
        self.quiet.push(kind.into());
        self
    }

    /// Only these nodes must deliver everything; without it all that are correct.
    #[must_use]
    pub fn counts(mut self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        self.counted = Some(nodes.into_iter().collect());
        self
    }

    /// Only these nodes are neighbours; without it those that sent each other something.
    #[must_use]
    pub fn links(mut self, links: impl IntoIterator<Item = (NodeId, NodeId)>) -> Self {
        self.links = Some(links.into_iter().collect());
        self
    }

    /// The page. Equal values give equal bytes.
    #[must_use]
    pub fn render(&self) -> String {
        let script = SCRIPTS.concat();
        // A JSON text has `<` in strings only, where it can be written like this; so nothing in it ends the element.
        let json = serde_json::to_string(&self.data())
            .unwrap_or_default()
            .replace('<', "\\u003c");
        let mut page = String::with_capacity(FRAME.len() + STYLE.len() + script.len() + json.len());
        for part in FRAME.split("{{") {
            let (name, rest) = part.split_once("}}").unwrap_or(("", part));
            match name {
                "title" => page += &text::xml(&text::clip(&self.trace.title, 80)),
                "style digest" => page += &digest(STYLE),
                "script digest" => page += &digest(&script),
                "style" => page += STYLE,
                "script" => page += &script,
                "data" => page += &json,
                _ => {}
            }
            page += rest;
        }
        page
    }
}

/// What a content security policy calls a style or script by.
fn digest(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, place| {
            word << 8 | usize::from(chunk.get(place).copied().unwrap_or(0))
        });
        for place in 0..4 {
            let digit = DIGITS[word >> (18 - 6 * place) & 63];
            text.push(if place > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FRAME, Finding, Page, SCRIPTS, STYLE, base64};
    use crate::net::details::{Details, Entry};
    use crate::net::node::NodeId;
    use crate::net::time::VirtualTime;
    use crate::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};

    /// Three nodes; `a` sends to `b`, which takes it in, and to `c`, which is not reached.
    fn trace() -> Trace {
        let node = |name: &str| TraceNode {
            name: name.to_owned(),
            role: "peer".to_owned(),
            correct: true,
        };
        let sent = |message: u64, to: u16| TraceKind::Sent {
            message,
            from: NodeId::new(0),
            to: NodeId::new(to),
            kind: "push",
            label: "x".to_owned(),
            bytes: 7,
            duplicate: false,
        };
        let outcome = PacketOutcome::Accepted;
        let kinds = [
            (0, 1, sent(40, 1)),
            (0, 1, sent(41, 2)),
            (
                9,
                5,
                TraceKind::Arrived {
                    message: 40,
                    outcome,
                },
            ),
        ];
        let event = |(at, step, kind)| TraceEvent {
            at: VirtualTime::from_nanos(at),
            step,
            kind,
        };
        Trace {
            nodes: ["a", "b", "c"].map(node).to_vec(),
            events: kinds.map(event).to_vec(),
            ..Trace::default()
        }
    }

    fn data(page: &Page<'_>) -> Value {
        serde_json::to_value(page.data()).expect("numbers and texts")
    }

    #[test]
    fn what_is_asked_of_a_page_is_in_its_data() {
        let trace = trace();
        let plain = data(&Page::new(&trace));
        assert_eq!(
            [&plain["links"], &plain["kinds"][0]["quiet"]],
            [&Value::Null, &json!(false)]
        );
        let asked = Page::new(&trace)
            .links([(NodeId::new(0), NodeId::new(2))])
            .counts([NodeId::new(1)])
            .quiet("push")
            .finding(Finding::violation("w", "d").at(4).of(["a", "b"]));
        let asked = data(&asked);
        assert_eq!(asked["links"], json!([[0, 2]]));
        assert_eq!(asked["kinds"][0]["quiet"], json!(true));
        let counted = |data: &Value| [0, 1, 2].map(|node| data["nodes"][node]["counted"].clone());
        assert_eq!(counted(&plain), [true, true, true].map(Value::from));
        assert_eq!(counted(&asked), [false, true, false].map(Value::from));
        // Nothing happened at step 4: it is the place after what happened before.
        assert_eq!(asked["findings"][0]["step"], json!(0));
    }

    #[test]
    fn columns_say_what_the_trace_and_the_details_say() {
        let trace = trace();
        let mut details = Details::default();
        let topic = details.topic("x#1", "say x");
        details.about(40, &[topic]);
        details.about(41, &[topic]);
        details.says(41, ["Push", "  text: x"]);
        let known = |value: &str| [Entry::new("known", "x", value)];
        details.state(0, NodeId::new(1), known("no"));
        details.state(3, NodeId::new(1), known("yes"));
        details.state(3, NodeId::new(1), known("yes"));
        let data = data(&Page::new(&trace).details(&details));
        assert_eq!(
            [&data["step_at"], &data["step_number"]],
            [&json!([0, 9]), &json!([1, 4])]
        );
        let messages = &data["messages"];
        assert_eq!(messages["took"], json!([1, 0]));
        assert_eq!(messages["fate"], json!([0, 5]));
        assert_eq!(messages["group"], json!([0, 0]));
        assert_eq!(messages["content"], json!([-1, 0]));
        assert_eq!(data["groups"], json!([[0]]));
        let text =
            |number: &Value| data["strings"][number.as_u64().unwrap_or(9_999) as usize].clone();
        assert_eq!(text(&data["contents"][0][1]), "  text: x");
        assert_eq!(data["states"].as_array().map(Vec::len), Some(2));
        assert_eq!(data["states"][1][0], json!(1));
        assert_eq!(text(&data["states"][1][2][1]), "yes");
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let coded =
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(
            coded,
            [
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"
            ]
        );
    }

    /// What is written down about the page's defences would be worth nothing otherwise.
    #[test]
    fn the_script_makes_no_markup_and_asks_no_network() {
        let script = SCRIPTS.concat();
        for bad in [
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            "DOMParser",
            "fetch",
            "XMLHttpRequest",
            "WebSocket",
            "import(",
            "setAttribute('style",
            "setAttribute('on",
            "localStorage",
        ] {
            assert!(!script.contains(bad), "{bad}");
        }
        for text in [FRAME, STYLE, &script] {
            let addresses = text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !addresses.contains("://") && !addresses.contains("//www"),
                "no address"
            );
        }
        assert!(
            !script.contains("</") && !STYLE.contains("</"),
            "nothing ends its own element"
        );
    }
}
