//! No run can break a chart: any trace, with any text in it, gives one that its readers accept.

use std::collections::BTreeSet;

use bft_crdts::net::page::Page;
use bft_crdts::net::trace::{PacketOutcome, Trace, TraceEvent, TraceKind, TraceNode};
use bft_crdts::net::{ChartOptions, NodeId, VirtualTime, msc};
use quickcheck::{Arbitrary, Gen};
use quickcheck_macros::quickcheck;

use super::tools;

/// Any trace, sensible or not: packets that arrive twice or were never sent, nodes nobody declared, names alike.
#[derive(Clone, Debug)]
pub(crate) struct AnyTrace(pub(crate) Trace);

/// Text as an enemy would write it.
fn text(g: &mut Gen) -> String {
    const NASTY: [&str; 16] = [
        "",
        "alice",
        "alice",
        "alicia",
        "a\"b",
        "a\\",
        "\\\"",
        "\"];}",
        "a\nb",
        "\\n",
        "a [label=\"x\"]",
        "# c",
        "/*",
        "</svg>",
        "\u{202e}evil\u{0}",
        "\u{1f600}日本\u{ffff}&amp;",
    ];
    if bool::arbitrary(g) {
        String::arbitrary(g)
    } else {
        (*g.choose(&NASTY).expect("not empty")).to_owned()
    }
}

impl Arbitrary for AnyTrace {
    fn arbitrary(g: &mut Gen) -> Self {
        const KINDS: [&str; 6] = ["request", "echo", "proof", "refusal", "summary", "what?"];
        let nodes = u16::arbitrary(g) % 6;
        let nodes: Vec<TraceNode> = (0..nodes)
            .map(|_| TraceNode {
                name: text(g),
                role: text(g),
                correct: bool::arbitrary(g),
            })
            .collect();
        let most = u16::try_from(nodes.len()).expect("few nodes") + 1;
        let (mut at, mut events) = (VirtualTime::ZERO, Vec::new());
        for step in 0..u64::from(u8::arbitrary(g)) / 3 {
            at =
                VirtualTime::from_nanos(at.as_nanos().saturating_add(match u8::arbitrary(g) % 8 {
                    0 => u64::arbitrary(g),
                    1..=3 => 0,
                    _ => u64::from(u32::arbitrary(g)),
                }));
            let node = NodeId::new(u16::arbitrary(g) % most);
            let message = u64::from(u8::arbitrary(g) % 16);
            let kind = match u8::arbitrary(g) % 16 {
                0..=4 => TraceKind::Sent {
                    message,
                    from: node,
                    to: NodeId::new(u16::arbitrary(g) % most),
                    kind: g.choose(&KINDS).expect("not empty"),
                    label: text(g),
                    bytes: u32::arbitrary(g),
                    duplicate: bool::arbitrary(g),
                },
                5 => TraceKind::Arrived {
                    message,
                    outcome: PacketOutcome::Rejected(text(g)),
                },
                6 => TraceKind::Arrived {
                    message,
                    outcome: PacketOutcome::Duplicate,
                },
                7 => TraceKind::Arrived {
                    message,
                    outcome: PacketOutcome::Parked,
                },
                8 | 9 => TraceKind::Arrived {
                    message,
                    outcome: PacketOutcome::Accepted,
                },
                10 => TraceKind::Lost {
                    message,
                    reason: text(g),
                },
                11 => TraceKind::Delivered {
                    node,
                    label: text(g),
                },
                12 => TraceKind::State {
                    node,
                    label: text(g),
                },
                13 => TraceKind::Note {
                    node,
                    label: text(g),
                },
                14 => TraceKind::Local {
                    node,
                    label: text(g),
                },
                _ if bool::arbitrary(g) => TraceKind::Divider { label: text(g) },
                _ => TraceKind::Band { label: text(g) },
            };
            events.push(TraceEvent { at, step, kind });
        }
        Self(Trace {
            title: text(g),
            scenario: text(g),
            seed: u64::arbitrary(g),
            nodes,
            events,
        })
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let trace = self.0.clone();
        let fewer = (0..trace.events.len()).rev().map(move |gone| {
            let mut trace = trace.clone();
            trace.events.remove(gone);
            Self(trace)
        });
        Box::new(fewer)
    }
}

/// Any options, most of them sensible.
#[derive(Clone, Debug)]
pub(crate) struct AnyOptions(pub(crate) ChartOptions);

impl Arbitrary for AnyOptions {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut options = ChartOptions {
            fold: bool::arbitrary(g),
            chatter: bool::arbitrary(g),
            ..ChartOptions::default()
        };
        if u8::arbitrary(g).is_multiple_of(4) {
            options.from = VirtualTime::from_nanos(u64::from(u32::arbitrary(g)));
            options.until = VirtualTime::from_nanos(u64::arbitrary(g));
        }
        if u8::arbitrary(g).is_multiple_of(4) {
            options.nodes = Some((0..3).map(|_| NodeId::new(u16::arbitrary(g) % 6)).collect());
        }
        if u8::arbitrary(g).is_multiple_of(4) {
            let kinds = ["request", "echo", "delivered", "note"];
            options.kinds = Some(
                kinds
                    .into_iter()
                    .filter(|_| bool::arbitrary(g))
                    .map(str::to_owned)
                    .collect(),
            );
        }
        if u8::arbitrary(g).is_multiple_of(4) {
            options.max_arcs = usize::from(u8::arbitrary(g) % 20);
        }
        Self(options)
    }
}

#[quickcheck]
fn any_trace_gives_a_chart_that_mscgen_accepts(
    trace: AnyTrace,
    options: AnyOptions,
) -> Result<(), String> {
    let Some(mscgen) = tools::mscgen("charts of random traces are not checked with mscgen") else {
        return Ok(());
    };
    let chart = msc::render(&trace.0, &options.0);
    let svg = mscgen
        .check(&chart)
        .map_err(|error| format!("{error}\n{chart}"))?;
    let dtd = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    roxmltree::Document::parse_with_options(&svg, dtd)
        .map_err(|error| format!("{error}\n{svg}"))?;
    Ok(())
}

/// What stands between the tags of the page's data.
fn data(page: &str) -> Result<serde_json::Value, String> {
    let after = page.split_once("id=\"data\">").ok_or("no data")?.1;
    let data = after.split_once("</script>").ok_or("no end")?.0;
    if data.contains('<') {
        return Err(format!("a tag in {data}"));
    }
    serde_json::from_str(data).map_err(|error| error.to_string())
}

#[quickcheck]
fn any_trace_gives_a_page_whose_columns_belong_together(trace: AnyTrace) -> Result<(), String> {
    let page = Page::new(&trace.0).render();
    if page != Page::new(&trace.0.clone()).render() {
        return Err("other bytes".into());
    }
    let data = data(&page)?;
    let column = |of: &str, name: &str| {
        let list = data[of][name].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|value| value.as_i64().unwrap_or(i64::MIN))
            .collect::<Vec<_>>()
    };
    let length = |name: &str| data[name].as_array().map_or(0, Vec::len) as i64;
    let (steps, nodes) = (length("step_at"), length("nodes"));
    for (of, names) in [
        (
            "messages",
            &[
                "from", "to", "kind", "label", "bytes", "took", "fate", "group", "content", "sent",
            ][..],
        ),
        ("marks", &["node", "what", "text", "topic", "step"][..]),
    ] {
        let rows = column(of, names[0]).len();
        if names.iter().any(|name| column(of, name).len() != rows) {
            return Err(format!("columns of {of} of different lengths"));
        }
        let last: i64 = column(of, names[names.len() - 1]).iter().sum();
        if rows > 0 && !(0..steps).contains(&last) {
            return Err(format!("{of} reach step {last} of {steps}"));
        }
    }
    let texts = length("strings");
    let in_bounds = column("messages", "from")
        .iter()
        .all(|node| (0..nodes).contains(node))
        && column("messages", "to")
            .iter()
            .all(|node| (0..nodes).contains(node))
        && column("marks", "node")
            .iter()
            .all(|node| (-1..nodes).contains(node))
        && column("messages", "label")
            .iter()
            .all(|text| (0..texts).contains(text))
        && column("marks", "text")
            .iter()
            .all(|text| (0..texts).contains(text))
        && column("messages", "kind")
            .iter()
            .all(|kind| (0..length("kinds")).contains(kind));
    // Every packet between nodes that are there, and nothing else.
    let sent = trace.0.events.iter().filter(|event| {
        let known = |node: &NodeId| (node.index() as i64) < nodes;
        matches!(&event.kind, TraceKind::Sent { from, to, .. } if known(from) && known(to))
    });
    match in_bounds && sent.count() == column("messages", "from").len() {
        true => Ok(()),
        false => Err("a number leads nowhere".into()),
    }
}

#[quickcheck]
fn a_chart_keeps_to_one_statement_a_line(
    trace: AnyTrace,
    options: AnyOptions,
) -> Result<(), String> {
    for line in msc::render(&trace.0, &options.0).lines() {
        let line = line.trim_start();
        let known = ["#", "msc {", "}", "width=", "n", "|||", "...", "---"];
        if !known.iter().any(|start| line.starts_with(start)) {
            return Err(format!("a line of its own came out of a label: {line}"));
        }
        let quotes = line.replace("\\\"", "").matches('"').count();
        if !line.starts_with('#') && !quotes.is_multiple_of(2) {
            return Err(format!("a string does not end: {line}"));
        }
    }
    Ok(())
}

#[quickcheck]
fn equal_traces_give_equal_bytes(trace: AnyTrace, options: AnyOptions) -> bool {
    msc::render(&trace.0, &options.0) == msc::render(&trace.0.clone(), &options.0.clone())
}

#[quickcheck]
fn every_node_shown_is_a_lane_of_its_own(trace: AnyTrace, options: AnyOptions) -> bool {
    let chart = msc::render(&trace.0, &options.0);
    let shown = (0..).zip(&trace.0.nodes).filter(|(place, _)| {
        options
            .0
            .nodes
            .as_ref()
            .is_none_or(|nodes| nodes.contains(&NodeId::new(*place)))
    });
    let shown = shown.count();
    let lanes: Vec<&str> = chart
        .lines()
        .filter(|line| line.contains("linecolour") && line.starts_with("  n"))
        .collect();
    let names: BTreeSet<&str> = lanes
        .iter()
        .filter_map(|line| line.split_once(" [label=\""))
        .filter(|(lane, _)| {
            lane.trim()
                .trim_start_matches('n')
                .chars()
                .all(|c| c.is_ascii_digit())
        })
        .take(shown)
        .filter_map(|(_, label)| label.split(['\\', '"']).next())
        .collect();
    names.len() == shown
        && names.iter().all(|name| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        })
}

#[test]
fn members_whose_names_begin_alike_stay_apart() {
    let node = |name: &str| TraceNode {
        name: name.to_owned(),
        role: "member".to_owned(),
        correct: true,
    };
    let event = |kind| TraceEvent {
        at: VirtualTime::ZERO,
        step: 1,
        kind,
    };
    let names = ["ab12cd34", "ab12cd", "ab12cd35", "ab12\"cd", "ab12 cd"];
    let trace = Trace {
        nodes: names.map(node).to_vec(),
        events: (0..5)
            .map(|place| {
                event(TraceKind::Delivered {
                    node: NodeId::new(place),
                    label: "x".to_owned(),
                })
            })
            .collect(),
        ..Trace::default()
    };
    let chart = msc::render(&trace, &ChartOptions::default());
    for (place, name) in ["ab12cd34", "ab12cd", "ab12cd35", "ab12_cd", "ab12_cd.2"]
        .iter()
        .enumerate()
    {
        assert!(
            chart.contains(&format!("  n{place} [label=\"{name}\\nmember\"")),
            "{name} in\n{chart}"
        );
        assert!(
            chart.contains(&format!("n{place} abox n{place} ")),
            "{place} in\n{chart}"
        );
    }
}
