//! What a person can rely on when reading a chart.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::net::trace::{PacketOutcome, Trace, TraceKind};
use bft_crdts::net::{ChartOptions, NodeId, VirtualTime, msc};
use quickcheck_macros::quickcheck;

use super::examples::{self, Example};
use super::hostile::AnyTrace;

fn default(trace: &Trace) -> String {
    drawn(trace, &everything())
}

/// The default, and the summaries that came to nothing.
fn everything() -> ChartOptions {
    ChartOptions {
        chatter: true,
        ..ChartOptions::default()
    }
}

/// A chart whose labels are not broken into lines.
fn drawn(trace: &Trace, options: &ChartOptions) -> String {
    msc::render(trace, options).replace("\\n", " ")
}

/// The statements of a chart, comments and declarations left out.
fn statements(chart: &str) -> Vec<&str> {
    let body = chart
        .lines()
        .skip_while(|line| !line.starts_with("  |||"))
        .skip(1);
    body.filter(|line| !line.starts_with("  #") && *line != "}")
        .collect()
}

#[test]
fn every_fate_of_a_packet_is_drawn_in_its_own_way() {
    let chart = default(&examples::stormy());
    for part in [
        "n0 :> n0 [label=\"pay B 5\"",
        "n0 -x n3 [label=\"request A#1 pay B 5 (lost: loss)\", linecolour=\"#d1242f\", textcolour=\"#d1242f\"]",
        "n0 => n1 [label=\"request A#1 pay B 5 (copy)\", linecolour=\"#98a1ab\", textcolour=\"#98a1ab\"]",
        "n2 note n2 [label=\"crash\"",
        "n0 note n0 [label=\"rejected: not a member of generation 0\", textcolour=\"#d1242f\"",
        "n0 abox n0 [label=\"A#1 pay B 5\"",
        "n0 rbox n0 [label=\"A 95 B 105\"",
        "proof A#1 (parked)",
        "n0 =>> n1 [label=\"proof A#1\"",
        "--- [label=\"partition: A B | C D\"",
        "--- [label=\"healed\"",
        "... [label=\"367ms later\"",
        "n2 >> n1 [label=\"pull A from 1\"",
        "n0 box n4 [label=\"generation 1: A B C D\"",
        "n1 .. n4 [label=\"summary A 1, B 0 (in flight to X)\"",
        "# scenario stormy (by hand), seed 42",
        "# event 6 8, 9ms",
    ] {
        assert!(chart.contains(part), "{part} is missing from\n{chart}");
    }
}

#[test]
fn a_broadcast_that_arrives_everywhere_is_one_line() {
    let chart = default(&examples::payment());
    assert!(
        chart.contains("  n0 => * [label=\"request A#1 pay B 5\""),
        "{chart}"
    );
    assert!(chart.contains("  n0 =>> * [label=\"proof A#1\""), "{chart}");
    let apart = drawn(
        &examples::payment(),
        &ChartOptions {
            fold: false,
            ..ChartOptions::default()
        },
    );
    assert_eq!(apart.matches("n0 => n").count(), 3, "{apart}");
    assert!(!apart.contains('*'), "{apart}");
}

#[test]
fn what_a_receiver_did_before_is_never_drawn_after() {
    // C echoes B's message between B's request and A's: folding A's broadcast would turn that around.
    let four = ["A", "B", "C", "D"].map(|name| (name, "member", true));
    let mut s = Example::new("order", 1, &four);
    s.at(0);
    let ours = s.send_all(0, "request", "A#1");
    s.at(1_000);
    let theirs = s.send(1, 2, "request", "B#1");
    s.at(5_000).taken(ours[0]);
    s.at(6_000).taken(theirs);
    s.at(7_000).taken(ours[1]);
    s.at(8_000).taken(ours[2]);
    let chart = default(&s.trace);
    let rows = statements(&chart);
    assert!(rows[0].starts_with("  n0 => n1 ["), "{chart}");
    assert!(
        rows[1].starts_with("  n0 => n3 [label=\"request A#1\""),
        "{chart}"
    );
    assert!(
        rows[2].starts_with("  n1 => n2 [label=\"request B#1\""),
        "{chart}"
    );
    assert!(
        rows[3].starts_with("  n0 => n2 [label=\"request A#1\""),
        "{chart}"
    );
}

#[quickcheck]
fn folding_keeps_the_order_of_every_lane(seed: u64, any: AnyTrace) -> Result<(), String> {
    for trace in [examples::random(seed), any.0] {
        let options = |fold| ChartOptions {
            fold,
            max_arcs: usize::MAX,
            ..ChartOptions::default()
        };
        let (folded, apart) = (
            drawn(&trace, &options(true)),
            drawn(&trace, &options(false)),
        );
        if lanes(&folded) != lanes(&apart) {
            return Err(format!("{folded}\n{apart}"));
        }
    }
    Ok(())
}

#[test]
fn folding_makes_most_random_runs_shorter() {
    let shorter = |seed| {
        let trace = examples::random(seed);
        let apart = ChartOptions {
            fold: false,
            ..ChartOptions::default()
        };
        let (folded, apart) = (default(&trace), drawn(&trace, &apart));
        let rows = |chart: &str| chart.matches("# event").count();
        assert!(rows(&folded) <= rows(&apart), "{folded}\n{apart}");
        rows(&folded) < rows(&apart)
    };
    assert!((0..100).filter(|seed| shorter(*seed)).count() > 60);
}

/// What happens on each lane, in the order of the chart: the arrows that arrive there and the boxes.
fn lanes(chart: &str) -> BTreeMap<usize, Vec<String>> {
    let all = chart.lines().filter(|line| {
        line.trim_start().starts_with('n') && line.contains(" [label=\"") && {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(1).is_some_and(|word| word.starts_with("[label"))
        }
    });
    let count = all.count();
    let mut lanes: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in statements(chart) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(from), Some(arrow), Some(to)) = (words.first(), words.get(1), words.get(2))
        else {
            continue;
        };
        if !from.starts_with('n') || matches!(*arrow, "-x" | ".." | "box") {
            continue;
        }
        let from: usize = from[1..].parse().expect("lanes are numbered");
        let to: Vec<usize> = match *to {
            "*" => (0..count).filter(|to| *to != from).collect(),
            to => vec![to[1..].parse().expect("lanes are numbered")],
        };
        for to in to {
            lanes.entry(to).or_default().push(format!("{from} {arrow}"));
        }
    }
    lanes
}

#[test]
fn too_many_arcs_are_left_out_and_the_chart_says_so() {
    let mut s = Example::new("long", 1, &[("A", "member", true), ("B", "member", true)]);
    for round in 0..1_000 {
        s.at(round * 1_000);
        let packet = s.send(0, 1, "request", "x");
        s.at(round * 1_000 + 500).taken(packet);
    }
    let chart = default(&s.trace);
    assert_eq!(chart.matches("n0 => n1").count(), 400);
    assert!(
        chart.contains("... [label=\"600 of 1000 arcs and boxes left out\""),
        "{chart}"
    );
    let all = drawn(
        &s.trace,
        &ChartOptions {
            max_arcs: 1_000,
            ..ChartOptions::default()
        },
    );
    assert_eq!(all.matches("n0 => n1").count(), 1_000);
    assert!(!all.contains("left out"));
}

#[test]
fn a_chart_can_be_narrowed_to_a_time_to_nodes_and_to_kinds() {
    let trace = examples::payment();
    let window = ChartOptions {
        until: VirtualTime::from_micros(20_000),
        ..ChartOptions::default()
    };
    let chart = drawn(&trace, &window);
    assert!(
        chart.contains("n0 => *") && !chart.contains("proof") && !chart.contains("abox"),
        "{chart}"
    );
    assert_eq!(chart.matches("(in flight to A)").count(), 3, "{chart}");

    let window = ChartOptions {
        from: VirtualTime::from_micros(36_500),
        ..ChartOptions::default()
    };
    let chart = drawn(&trace, &window);
    assert!(
        chart.contains("n0 =>> *") && !chart.contains("echo") && !chart.contains("request"),
        "{chart}"
    );

    let nodes = Some(BTreeSet::from([NodeId::new(0), NodeId::new(2)]));
    let chart = drawn(
        &trace,
        &ChartOptions {
            nodes,
            ..ChartOptions::default()
        },
    );
    assert!(
        chart.contains("n1 [label=\"C member\"") && !chart.contains("label=\"B"),
        "{chart}"
    );
    assert_eq!(chart.matches("=>>").count(), 1, "{chart}");

    let kinds = Some(BTreeSet::from(["echo".to_owned(), "delivered".to_owned()]));
    let chart = drawn(
        &trace,
        &ChartOptions {
            kinds,
            ..ChartOptions::default()
        },
    );
    assert_eq!(chart.matches("label=\"echo").count(), 3, "{chart}");
    assert!(
        chart.contains("abox") && !chart.contains("rbox") && !chart.contains("request"),
        "{chart}"
    );
}

#[test]
fn partly_arrived_broadcasts_say_who_missed_what() {
    let three = ["A", "B", "C", "D"].map(|name| (name, "member", true));
    let mut s = Example::new("partly", 1, &three);
    s.at(0);
    let sent = s.send_all(0, "echo", "x");
    s.at(1_000).taken(sent[0]);
    s.at(2_000).lost(sent[1], "partition");
    s.at(3_000)
        .arrives(sent[2], PacketOutcome::Rejected("bad signature".to_owned()));
    assert_eq!(s.trace.events.len(), 6);
    assert!(matches!(s.trace.events[0].kind, TraceKind::Sent { .. }));
    let chart = default(&s.trace);
    let rows = statements(&chart);
    let starts = [
        "  n0 -> n1 [label=\"echo x\"",
        "  n0 -x n2 [label=\"echo x (lost: partition)\"",
        "  n0 -> n3 [",
        "  n3 note n3 [label=\"rejected: bad signature\"",
    ];
    assert_eq!(rows.len(), starts.len(), "{chart}");
    for (row, start) in rows.iter().zip(starts) {
        assert!(row.starts_with(start), "{row} is not {start}");
    }
}

#[test]
fn summaries_that_came_to_nothing_are_counted_and_not_drawn() {
    let mut s = Example::new(
        "chatter",
        1,
        &["A", "B", "C"].map(|name| (name, "member", true)),
    );
    s.at(0);
    let idle = s.send_all(0, "summary", "A 1");
    let busy = s.send(1, 2, "summary", "A 0");
    s.at(1_000).taken(idle[0]);
    s.at(2_000).lost(idle[1], "loss");
    s.at(3_000).taken(busy);
    let pull = s.send(2, 1, "pull", "A#1");
    s.at(4_000).taken(pull);
    let refused = s.send(0, 1, "summary", "A 9");
    s.at(5_000)
        .arrives(refused, PacketOutcome::Rejected("false".to_owned()));
    s.send(0, 1, "summary", "A 1");
    let chart = drawn(&s.trace, &ChartOptions::default());
    assert_eq!(chart.matches("label=\"summary").count(), 2, "{chart}");
    assert!(chart.contains("n1 >> n2 [label=\"summary A 0\""), "{chart}");
    assert!(chart.contains("n0 >> n1 [label=\"summary A 9\""), "{chart}");
    assert!(
        chart.contains("||| [label=\"3 summaries that came to nothing are not drawn\""),
        "{chart}"
    );
    let chart = default(&s.trace);
    assert_eq!(chart.matches("label=\"summary").count(), 5, "{chart}");
    assert!(!chart.contains("not drawn"), "{chart}");
}
