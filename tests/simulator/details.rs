//! What a run tells beyond its trace is true, complete and the same each time; and asking for it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Bank, bank, drawn, honest};
use bft_crdts::net::adversary::Equivocator;
use bft_crdts::net::details::{Details, Entry};
use bft_crdts::net::trace::{PacketOutcome, Trace, TraceKind};
use bft_crdts::net::{
    Chance, Crash, CrashPoint, Faults, Net, NodeId, Partition, PlannedChange, Report, Span, Tail,
    VirtualTime, Wish,
};

/// Seven members with everything that can happen to them.
fn net(seed: u64) -> Net<Bank> {
    let faults = Faults {
        loss: Chance::from_ppm(100_000),
        partitions: vec![Partition {
            groups: vec![vec![NodeId::new(0), NodeId::new(1)]],
            from: VirtualTime::from_millis(300),
            until: VirtualTime::from_millis(900),
        }],
        crashes: vec![Crash {
            node: NodeId::new(2),
            when: CrashPoint::At(VirtualTime::from_millis(200)),
            tail: Tail::Lost,
            down: Some(Span::from_millis(700)),
        }],
        heal_at: Some(VirtualTime::from_secs(2)),
        ..Faults::default()
    };
    bank(7)
        .seed(seed)
        .faults(faults)
        .adversary("g", Box::new(Equivocator::default()))
        .workload(drawn(&["a", "b", "c", "d"], 40))
}

fn told(net: Net<Bank>) -> (Report<Bank>, Trace, Details) {
    let mut report = net.traced("details", "").detailed().run().unwrap();
    let (trace, details) = (report.trace.take(), report.details.take());
    (report, trace.expect("a trace"), details.expect("details"))
}

#[test]
fn asking_for_details_changes_nothing_and_gives_the_same_each_time() {
    for seed in 0..3 {
        let plain = net(seed).run().unwrap();
        assert_eq!(plain.details, None);
        let (report, trace, details) = told(net(seed));
        assert_eq!(report.trace_digest, plain.trace_digest, "seed {seed}");
        let traced = net(seed).traced("details", "").run().unwrap();
        assert_eq!(traced.details, None);
        assert_eq!(traced.trace, Some(trace), "seed {seed}");
        assert_eq!(told(net(seed)).2, details, "seed {seed}");
    }
}

#[test]
fn every_packet_has_a_content_and_those_of_a_broadcast_say_what_it_is_about() {
    let (report, trace, details) = told(net(1));
    honest(&report);
    let mut kinds = BTreeSet::new();
    for event in &trace.events {
        let TraceKind::Sent {
            message,
            kind,
            label,
            ..
        } = &event.kind
        else {
            continue;
        };
        kinds.insert(*kind);
        let detail = &details.messages[message];
        let content = &details.contents[detail.content.expect("a content") as usize];
        assert!(
            content.len() > 1 || *kind == "garbage",
            "{label}: {content:?}"
        );
        let topics = detail
            .topics
            .iter()
            .map(|topic| &details.topics[topic.0 as usize]);
        let names: Vec<&str> = topics.map(|topic| topic.name.as_str()).collect();
        match *kind {
            // `request a#1..2' pay b 3`: the first dot is in the label.
            "request" | "echo" | "proof" => {
                let slot = label.split(' ').nth(1).expect("a slot");
                let slot = slot.trim_end_matches(['\'', '?', '*']);
                let (first, until) = slot.split_once("..").unwrap_or((slot, ""));
                assert_eq!(names.first(), Some(&first), "{label}");
                if !until.is_empty() {
                    assert!(
                        names.last().is_some_and(|last| last.ends_with(until)),
                        "{label}: {names:?}"
                    );
                }
            }
            "evidence" => assert_eq!(names, ["g#1"]),
            "summary" | "pull" => assert_eq!(names, [""; 0]),
            _ => {}
        }
    }
    assert!(kinds.len() >= 6, "{kinds:?}");
    // What was signed twice is one slot and two operations.
    let twice = details.topics.iter().find(|topic| topic.name == "g#1");
    assert!(
        twice.is_some_and(|topic| topic.text.contains(" | ")),
        "{twice:?}"
    );
}

#[test]
fn every_operation_is_found_from_submission_to_each_delivery() {
    let (report, trace, details) = told(net(2));
    honest(&report);
    let mut submitted = BTreeMap::new();
    let mut delivered: BTreeMap<_, BTreeSet<NodeId>> = BTreeMap::new();
    for (place, event) in trace.events.iter().enumerate() {
        let topic = details
            .events
            .get(&place)
            .map(|topic| &details.topics[topic.0 as usize]);
        match &event.kind {
            TraceKind::Local { node, label } if label.starts_with("submit ") => {
                let topic = topic.unwrap_or_else(|| panic!("{label} at {place} has no topic"));
                assert_eq!(format!("submit {}", topic.text), *label);
                let source = &trace.nodes[node.index()].name;
                assert!(
                    topic.name.starts_with(&format!("{source}#")),
                    "{} of {source}",
                    topic.name
                );
                submitted.entry(topic.name.clone()).or_insert(event.at);
            }
            TraceKind::Delivered { node, label } => {
                let topic = topic.expect("a delivery is of an operation");
                assert!(
                    label.starts_with(&format!("{} ", topic.name)),
                    "{label}: {}",
                    topic.name
                );
                if let Some(at) = submitted.get(&topic.name) {
                    assert!(*at <= event.at);
                }
                delivered
                    .entry(topic.name.clone())
                    .or_default()
                    .insert(*node);
            }
            _ => {}
        }
    }
    assert_eq!(
        submitted.len() as u64,
        report.submitted - report.refused.len() as u64
    );
    for name in submitted.keys() {
        assert!(delivered[name].len() >= 6, "{name}: {:?}", delivered[name]);
    }
}

#[test]
fn the_last_state_of_a_replica_is_the_one_it_ended_in() {
    let (report, trace, details) = told(net(3));
    honest(&report);
    let mut last: BTreeMap<NodeId, &[Entry]> = BTreeMap::new();
    let mut after = 0;
    for state in &details.states {
        assert!(
            after <= state.after && state.after <= trace.events.len(),
            "in order"
        );
        after = state.after;
        let before = last.insert(state.node, &state.entries);
        assert_ne!(
            before,
            Some(state.entries.as_slice()),
            "a state is told once"
        );
    }
    for end in &report.finals {
        let node = trace
            .nodes
            .iter()
            .position(|node| node.name == end.name)
            .expect("a node");
        let entries = last[&NodeId::new(node as u16)];
        let value = |group: &str, key: &str| {
            let found = entries
                .iter()
                .find(|entry| entry.group == group && entry.key == key);
            found.map(|entry| entry.value.clone())
        };
        let copy = end.copy.as_ref().expect("it is up");
        for (number, name) in ["a", "b", "c", "d", "e", "f", "g"].iter().enumerate() {
            let roster = bft_crdts::net::Roster::<bft_crdts::net::FakeKeys>::letters(7);
            let balance = copy.balance(&roster.actor(name).expect("a name"));
            assert_eq!(
                value("balance", name),
                balance.map(|balance| balance.to_string()),
                "{} {number}",
                end.name
            );
        }
        let delivered: u64 = end.clock.iter().map(|counter| counter.get()).sum();
        let told = entries
            .iter()
            .filter(|entry| entry.group == "delivered from");
        let told: u64 = told
            .map(|entry| entry.value.parse::<u64>().expect("a number"))
            .sum();
        assert_eq!(told, delivered, "{}", end.name);
        assert_eq!(value("replica", "member"), Some("yes".into()));
    }
    // The adversary has no state that means anything.
    assert!(!last.contains_key(&NodeId::new(6)));
}

#[test]
fn who_is_down_and_who_is_cut_off_agrees_with_what_is_lost() {
    let (_, trace, details) = told(net(4));
    assert_eq!(
        details
            .power
            .iter()
            .map(|power| (power.node.get(), power.up))
            .collect::<Vec<_>>(),
        [(2, false), (2, true)]
    );
    let cuts: Vec<_> = details.cuts.iter().map(|cut| cut.parts.len()).collect();
    assert_eq!(cuts[..2], [2, 0], "{:?}", details.cuts);
    let ends: BTreeMap<u64, (NodeId, NodeId)> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            TraceKind::Sent {
                message, from, to, ..
            } => Some((message, (from, to))),
            _ => None,
        })
        .collect();
    let (mut down, mut cut, mut seen) =
        (BTreeSet::new(), Vec::<Vec<NodeId>>::new(), BTreeSet::new());
    let (mut power, mut parts) = (
        details.power.iter().peekable(),
        details.cuts.iter().peekable(),
    );
    for (place, event) in trace.events.iter().enumerate() {
        while let Some(change) = power.next_if(|power| power.after <= place) {
            if change.up {
                down.remove(&change.node)
            } else {
                down.insert(change.node)
            };
        }
        while let Some(change) = parts.next_if(|cut| cut.after <= place) {
            cut.clone_from(&change.parts);
        }
        let apart = |(from, to): (NodeId, NodeId)| {
            let part = |node: NodeId| cut.iter().position(|part| part.contains(&node));
            part(from) != part(to)
        };
        match &event.kind {
            TraceKind::Lost { message, reason } => {
                seen.insert(reason.clone());
                match reason.as_str() {
                    "receiver down" => {
                        assert!(down.contains(&ends[message].1), "step {}", event.step)
                    }
                    "partition" => assert!(apart(ends[message]), "step {}", event.step),
                    _ => {}
                }
            }
            TraceKind::Arrived {
                message,
                outcome: PacketOutcome::Accepted,
            } => {
                assert!(
                    !apart(ends[message]) && !down.contains(&ends[message].1),
                    "step {}",
                    event.step
                );
            }
            _ => {}
        }
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["loss", "partition", "receiver down"]
    );
}

#[test]
fn a_reconfiguration_is_a_topic_of_its_own() {
    let joins = PlannedChange {
        what: Wish::Join,
        who: "new".into(),
        at: VirtualTime::from_millis(100),
        approved_by: None,
    };
    let (report, trace, details) = told(
        bank(4)
            .joiner("new")
            .changes([joins])
            .workload(drawn(&["a"], 3)),
    );
    honest(&report);
    let (place, topic) = details
        .topics
        .iter()
        .enumerate()
        .find(|(_, topic)| topic.name == "g1")
        .expect("the first generation");
    assert_eq!(topic.text, "join new");
    let about = |kind: &str| {
        let sent = trace.events.iter().filter_map(|event| match &event.kind {
            TraceKind::Sent {
                message, kind: of, ..
            } if *of == kind => Some(*message),
            _ => None,
        });
        sent.map(|message| {
            details.messages[&message]
                .topics
                .iter()
                .map(|topic| topic.0 as usize)
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
    };
    for kind in ["approve", "propose", "vote", "seal"] {
        let topics = about(kind);
        assert!(
            !topics.is_empty() && topics.iter().all(|topics| *topics == [place]),
            "{kind}: {topics:?}"
        );
    }
}
