//! A chart of anything: names and labels as an enemy would choose them.
//!
//! `run` is what `fuzz/fuzz_targets/chart.rs` calls and `tests/broadcast/corpus_replay.rs` replays. It panics if text
//! gets out of its quotes.

use std::path::Path;

use bft_crdts::net::chart::ChartName;
use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{ChartOptions, NodeId, VirtualTime, msc, svg};

use super::script::Script;

/// A trace read out of the bytes, drawn in both dialects.
pub(crate) fn run(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let trace = trace(&mut script);
    let options = ChartOptions::default();
    let chart = msc::render(&trace, &options);
    check_quotes(&chart);
    assert_eq!(chart, msc::render(&trace, &options), "one trace, one chart");
    check_tags(&svg::render(&trace, &options));
    if let Ok(name) = ChartName::new(&trace.scenario) {
        let directory = Path::new("charts");
        let path = name.path_in(directory, "msc");
        assert_eq!(path.parent(), Some(directory), "no name leads elsewhere");
    }
}

fn trace(script: &mut Script<'_>) -> Trace {
    let (title, scenario) = (script.text(), script.text());
    let nodes = (0..script.below(5)).map(|_| TraceNode {
        name: script.text(),
        role: script.text(),
        correct: script.byte() & 1 == 0,
    });
    let nodes: Vec<_> = nodes.collect();
    let mut events = Vec::new();
    let (mut at, mut step) = (0_u64, 0);
    while !script.is_over() && events.len() < 200 {
        at = at.saturating_add(script.number());
        step += 1;
        let node = |script: &mut Script<'_>| NodeId::new(script.below(6) as u16);
        let message = u64::from(script.byte() % 8);
        let kind = match script.byte() % 10 {
            0..=2 => TraceKind::Sent {
                message,
                from: node(script),
                to: node(script),
                kind: ["request", "echo", "proof", "pull"][script.below(4)],
                label: script.text(),
                bytes: u32::from(script.byte()),
                duplicate: script.byte() & 1 == 0,
            },
            3 => TraceKind::Arrived {
                message,
                outcome: match script.byte() % 4 {
                    0 => PacketOutcome::Accepted,
                    1 => PacketOutcome::Duplicate,
                    2 => PacketOutcome::Parked,
                    _ => PacketOutcome::Rejected(script.text()),
                },
            },
            4 => TraceKind::Lost {
                message,
                reason: script.text(),
            },
            5 => TraceKind::Delivered {
                node: node(script),
                label: script.text(),
            },
            6 => TraceKind::State {
                node: node(script),
                label: script.text(),
            },
            7 => TraceKind::Note {
                node: node(script),
                label: script.text(),
            },
            8 => TraceKind::Divider {
                label: script.text(),
            },
            _ => TraceKind::Band {
                label: script.text(),
            },
        };
        let at = VirtualTime::from_nanos(at);
        events.push(TraceEvent { at, step, kind });
    }
    Trace {
        title,
        scenario,
        seed: 0,
        nodes,
        events,
    }
}

/// Every string of a chart ends on its line, and nothing outside of strings and comments came from a name.
fn check_quotes(chart: &str) {
    for line in chart
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        assert!(line.is_ascii(), "mscgen reads bytes, not letters: {line}");
        let (mut quoted, mut letters) = (false, line.chars());
        let mut outside = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if quoted => drop(letters.next()),
                '"' => quoted = !quoted,
                other if !quoted => outside.push(other),
                _ => {}
            }
        }
        assert!(!quoted, "a string without an end: {line}");
        let allowed =
            |letter: char| letter.is_ascii_alphanumeric() || " {}[]=,;|->:.*\t".contains(letter);
        assert!(outside.chars().all(allowed), "outside of strings: {line}");
    }
}

/// The picture is a document, and no text of a name is markup in it.
fn check_tags(picture: &str) {
    let document = roxmltree::Document::parse(picture).expect("well-formed");
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        assert_ne!(element.tag_name().name(), "script");
        assert!(
            element
                .attributes()
                .all(|attribute| !attribute.name().starts_with("on"))
        );
    }
}
