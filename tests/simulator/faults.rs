//! Loss, partitions, crashes: what goes wrong without anybody meaning it.

use crate::networks;
use crate::support::{Bank, bank, drawn, honest};
use bft_crdts::net::adversary::Silent;
use bft_crdts::net::trace::TraceKind;
use bft_crdts::net::{
    Chance, Crash, CrashPoint, Faults, Law, NodeId, Partition, Property, Report, SimAlgorithm,
    Span, Tail, Task, VirtualTime,
};

fn node(number: u16) -> NodeId {
    NodeId::new(number)
}

fn count<A: SimAlgorithm>(report: &Report<A>, what: &str) -> u64 {
    report.sometimes.get(what).copied().unwrap_or(0)
}

/// The node loses power when it has carried out 0, 1, 2, … effects, until the run is over before that: between a record
/// and the echo it allows, between two packets of one broadcast, anywhere.
#[track_caller]
fn crashed_at_every_effect(tail: Tail, who: u16) -> u64 {
    for effects in 0.. {
        let crash = Crash {
            node: node(who),
            when: CrashPoint::AfterEffects(effects),
            tail,
            down: Some(Span::from_millis(130)),
        };
        let faults = Faults {
            crashes: vec![crash],
            ..Faults::default()
        };
        let report = bank(4)
            .seed(effects)
            .faults(faults)
            .message_ops(1)
            .workload(drawn(&["a", "b"], 8))
            .run()
            .unwrap();
        honest(&report);
        assert_eq!(
            report.convictions,
            [],
            "nobody who crashes is convicted, effect {effects}"
        );
        if count(&report, "a node crashed") == 0 {
            return effects;
        }
        assert_eq!(count(&report, "a node restarted"), 1);
    }
    unreachable!()
}

#[test]
fn a_source_that_crashes_at_any_effect_and_keeps_its_tail_goes_on_where_it_was() {
    assert!(crashed_at_every_effect(Tail::Kept, 0) > 40);
}

#[test]
fn a_source_that_crashes_at_any_effect_and_loses_its_unsynced_tail_contradicts_nothing() {
    assert!(crashed_at_every_effect(Tail::Lost, 0) > 40);
}

#[test]
fn a_source_that_crashes_at_any_effect_and_tears_its_last_record_contradicts_nothing() {
    assert!(crashed_at_every_effect(Tail::Torn, 0) > 40);
}

#[test]
fn a_witness_that_crashes_at_any_effect_and_loses_its_unsynced_tail_contradicts_nothing() {
    assert!(crashed_at_every_effect(Tail::Lost, 3) > 40);
}

#[test]
fn a_witness_that_crashes_at_any_effect_and_tears_its_last_record_contradicts_nothing() {
    assert!(crashed_at_every_effect(Tail::Torn, 3) > 40);
}

#[test]
fn all_members_may_crash_at_once_and_again() {
    networks::check(10, 12, |plan| {
        let crashes = (0..16).map(|number: u16| Crash {
            node: node(number % 4),
            when: CrashPoint::At(VirtualTime::from_millis(100 * u64::from(number / 4))),
            tail: Tail::Lost,
            down: Some(Span::from_millis(20 + u64::from(number))),
        });
        let faults = Faults {
            crashes: crashes.collect(),
            ..Faults::default()
        };
        let net = bank(4)
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .workload(drawn(&["a", "b", "c", "d"], plan.size));
        let report = networks::run_net(net);
        honest(&report);
        assert!(!plan.whole || count(&report, "a node restarted") == 16);
    });
}

#[test]
fn minorities_deliver_nothing_until_they_are_whole_again() {
    let healed = VirtualTime::from_secs(5);
    let parts = |groups: &[&[u16]]| Partition {
        groups: groups
            .iter()
            .map(|group| group.iter().copied().map(node).collect())
            .collect(),
        from: VirtualTime::ZERO,
        until: healed,
    };
    for (members, groups) in [
        (4, &[&[0, 1][..], &[2, 3]][..]),
        (7, &[&[0, 1, 2, 3], &[4, 5, 6]]),
        (7, &[&[0, 1], &[2, 3], &[4, 5, 6]]),
    ] {
        let faults = Faults {
            partitions: vec![parts(groups)],
            ..Faults::default()
        };
        let net = bank(members)
            .faults(faults)
            .workload(drawn(&["a", "b", "c", "d"], 12))
            .traced("minorities", "test");
        let report = net.run().unwrap();
        honest(&report);
        let trace = report.trace.unwrap();
        let delivered = trace
            .events
            .iter()
            .filter(|event| matches!(event.kind, TraceKind::Delivered { .. }));
        let times: Vec<_> = delivered.map(|event| event.at).collect();
        assert!(times.len() >= 12 * members && times.iter().all(|at| *at >= healed));
    }
}

#[test]
fn a_majority_goes_on_without_the_rest_who_catch_up() {
    let healed = VirtualTime::from_secs(5);
    let partition = Partition {
        groups: vec![vec![node(3)]],
        from: VirtualTime::ZERO,
        until: healed,
    };
    let faults = Faults {
        partitions: vec![partition],
        ..Faults::default()
    };
    let report = bank(4)
        .faults(faults)
        .workload(drawn(&["a", "b"], 10))
        .traced("majority", "test")
        .run()
        .unwrap();
    honest(&report);
    let trace = report.trace.unwrap();
    let early = |who: u16| {
        let of = |kind: &TraceKind| matches!(kind, TraceKind::Delivered { node, .. } if node.get() == who);
        trace
            .events
            .iter()
            .filter(|event| event.at < healed && of(&event.kind))
            .count()
    };
    assert_eq!([0, 1, 2, 3].map(early), [10, 10, 10, 0]);
}

#[test]
fn half_of_all_packets_may_be_lost_for_ever() {
    networks::check(20, 20, |plan| {
        let faults = Faults {
            loss: Chance::percent(50),
            ..Faults::default()
        };
        let net = bank(4)
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .workload(drawn(&["a", "b", "c", "d"], plan.size));
        honest(&networks::run_net(net));
    });
}

#[test]
fn a_run_with_more_than_f_members_down_stalls_and_the_judges_say_so() {
    let net = bank(4)
        .adversary("c", Box::new(Silent))
        .adversary("d", Box::new(Silent));
    let report = net.workload(drawn(&["a"], 1)).run().unwrap();
    let properties: Vec<_> = report
        .violations
        .iter()
        .map(|violation| violation.property)
        .collect();
    assert_eq!(properties, [Property::Validity]);
    assert_eq!((report.delivered, report.faulty), (0, 2));
}

#[test]
fn one_two_or_three_members_tolerate_nobody() {
    for members in [2, 3] {
        let report = bank(members)
            .adversary("b", Box::new(Silent))
            .workload(drawn(&["a"], 1))
            .run()
            .unwrap();
        assert!(!report.is_sound(), "{members} members need all of them");
    }
}

#[test]
fn packets_that_overtake_each_other_by_seconds_change_nothing() {
    let latency = Law::Uniform {
        min: Span::ZERO,
        max: Span::from_secs(2),
    };
    networks::check(20, 30, |plan| {
        let faults = Faults {
            latency: latency.clone(),
            ..Faults::default()
        };
        let items = (0..plan.size).map(|row| Task::<Bank>::drawn(["a", "b", "c"][row % 3]));
        let net = bank(7).seed(plan.seed).faults(plan.faults(faults));
        honest(&networks::run_net(net.workload(items)));
    });
}
