//! Members of a simulated network come and go, and the checkers watch.
use std::cell::Cell;
use std::collections::BTreeSet;

use bft_crdts::net::adversary::{Equivocator, Silent};
use bft_crdts::net::{
    Chance, Crash, CrashPoint, Ended, FakeKeys, Faults, Limits, Net, PlannedChange, Property,
    Report, Roster, Span, Tail, Task, VirtualTime,
};
use bft_crdts::orswot::{self, Entries, Op, Orswot};

use crate::networks;

type Set = Orswot<u8>;

fn add(who: &str, item: u8) -> Task<Set> {
    let members = BTreeSet::from([item]);
    Task::op(who, Op::Add { members })
}

fn at(millis: u64) -> VirtualTime {
    VirtualTime::ZERO + Span::from_millis(millis)
}

fn net(members: usize) -> Net<Set> {
    let roster = Roster::<FakeKeys>::letters(members);
    Net::new(roster, orswot::ALGORITHM, Entries::default())
}

fn sound(report: &Report<Set>) {
    assert_eq!(report.violations, [], "seed {}", report.seed);
    assert_eq!(report.ended, Ended::Done, "seed {}", report.seed);
    assert!(report.converged, "seed {}", report.seed);
}

fn broken(report: &Report<Set>) -> BTreeSet<Property> {
    report
        .violations
        .iter()
        .map(|violation| violation.property)
        .collect()
}

#[test]
fn whoever_joins_gets_everything_and_takes_part() {
    networks::check(5, 3, |plan| {
        let items = [add("a", 1), add("x", 2), add("b", 3).at(at(400))];
        let net = net(4)
            .seed(plan.seed)
            .joiner("x")
            .changes([PlannedChange::join("x").at(at(50))])
            .workload(items.into_iter().take(plan.size));
        let report = networks::run_net(net);
        sound(&report);
        assert_eq!(report.changes, ["join x"]);
        assert_eq!(report.members_at_end, ["a", "b", "c", "d", "x"]);
        let all = plan.size as u64;
        assert_eq!((report.delivered, report.finals.len()), (all, 5));
    });
}

#[test]
fn nothing_changes_that_too_few_approve() {
    let leave = PlannedChange::leave("b").approved_by(["a", "c", "d"]);
    let few = PlannedChange::join("x").approved_by(["a", "b"]);
    let report = net(4)
        .joiner("x")
        .changes([few, leave])
        .workload([add("a", 1)])
        .run()
        .unwrap();
    sound(&report);
    assert_eq!(report.changes, [""; 0]);
    assert_eq!(report.members_at_end, ["a", "b", "c", "d"]);
    assert_eq!(report.sometimes.get("a generation was activated"), None);
}

#[test]
fn a_change_that_enough_approve_and_nobody_decides_is_a_violation() {
    let limits = Limits {
        steps: 1_000_000,
        time: at(20),
    };
    let report = net(4)
        .changes([PlannedChange::leave("b")])
        .limits(limits)
        .run()
        .unwrap();
    assert_eq!(broken(&report), BTreeSet::from([Property::Change]));
}

#[test]
fn whoever_leaves_is_owed_nothing_and_takes_nothing_along() {
    networks::check(5, 3, |plan| {
        let faults = Faults {
            loss: Chance::from_ppm(200_000),
            heal_at: Some(at(2_000)),
            ..Faults::default()
        };
        let items = [add("a", 1), add("b", 2), add("b", 3).at(at(5_000))];
        let net = net(5)
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .changes([PlannedChange::leave("a")])
            .workload(items.into_iter().take(plan.size));
        let report = networks::run_net(net);
        sound(&report);
        assert_eq!(report.members_at_end, ["b", "c", "d", "e"]);
        let all = report.delivered + report.refused.len() as u64;
        assert_eq!(all, plan.size as u64);
        for end in &report.finals {
            assert!(plan.size < 3 || end.copy.as_ref().unwrap().contains(&3));
        }
    });
}

#[test]
fn whoever_is_expelled_for_being_down_learns_of_it() {
    let crash = Crash {
        node: net(4).node("c").unwrap(),
        when: CrashPoint::At(at(10)),
        tail: Tail::Kept,
        down: Some(Span::from_secs(5)),
    };
    let faults = Faults {
        crashes: vec![crash],
        ..Faults::default()
    };
    let report = net(4)
        .faults(faults)
        .changes([PlannedChange::expel("c").at(at(100))])
        .workload([add("c", 1).at(at(50)), add("a", 2).at(at(3_000))])
        .run()
        .unwrap();
    sound(&report);
    assert_eq!(report.changes, ["expel c"]);
    assert_eq!(report.refused.len(), 1, "c never submits it");
    assert_eq!(report.delivered, 1);
}

#[test]
fn the_convicted_are_expelled() {
    let expelled = Cell::new(0);
    networks::check(5, 2, |plan| {
        let items = [add("a", 1), add("c", 2).at(at(1_000))];
        let net = net(4)
            .seed(plan.seed)
            .expel_convicted()
            .adversary("b", Box::new(Equivocator::default()))
            .workload(items.into_iter().take(plan.size));
        let report = networks::run_net(net);
        sound(&report);
        assert_eq!(report.convictions.len(), report.changes.len());
        expelled.set(expelled.get() + report.changes.len() as u64);
    });
    let runs = networks::cases(5);
    assert!(2 * expelled.get() >= runs || runs < 20, "{expelled:?}");
}

#[test]
fn a_crash_at_any_point_of_a_reconfiguration_breaks_nothing() {
    let mut crashes = 0;
    for place in 0..5 {
        for effects in 0..60 {
            let tail = [Tail::Lost, Tail::Torn][effects as usize % 2];
            let plain = net(4).joiner("x");
            let node = plain.node(["a", "b", "c", "d", "x"][place]).unwrap();
            let crash = Crash {
                node,
                when: CrashPoint::AfterEffects(effects * 2),
                tail,
                down: Some(Span::from_millis(700)),
            };
            let faults = Faults {
                crashes: vec![crash],
                ..Faults::default()
            };
            let report = plain
                .seed(effects)
                .faults(faults)
                .changes([
                    PlannedChange::join("x").at(at(30)),
                    PlannedChange::leave("a").at(at(300)),
                ])
                .workload([add("b", 1).at(at(40)), add("x", 2), add("c", 3).at(at(320))])
                .run()
                .unwrap();
            sound(&report);
            let changes: BTreeSet<_> = report.changes.iter().map(String::as_str).collect();
            assert_eq!(changes, BTreeSet::from(["join x", "leave a"]));
            assert_eq!(report.delivered, 3);
            crashes += report.sometimes.get("a node crashed").copied().unwrap_or(0);
        }
    }
    assert!(crashes >= 200, "{crashes}");
}

#[test]
fn a_silent_leader_delays_a_change_and_does_not_stop_it() {
    let mut late = 0;
    for silent in ["a", "b", "c", "d"] {
        let report = net(4)
            .joiner("x")
            .adversary(silent, Box::new(Silent))
            .changes([PlannedChange::join("x")])
            .run()
            .unwrap();
        sound(&report);
        assert_eq!(report.changes, ["join x"]);
        late += usize::from(report.traffic.by_kind().any(|(kind, ..)| kind == "timeout"));
    }
    assert_eq!(late, 1, "one of them leads the first attempt");
}
