//! Adversaries while members come and go.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::{
    Chance, Crash, CrashPoint, FakeKeys, Faults, Net, NodeId, PlannedChange, Report, Roster, Span,
    Tail, Task, VirtualTime,
};
use bft_crdts::orswot::{self, Entries, Op, Orswot};

use crate::networks::{self, Plan};

type Set = Orswot<u8>;

/// Seven members of whom one is an adversary of this kind, the first that leads a decision; somebody joins, somebody
/// leaves, somebody is expelled, and all the time items are added.
fn churn(kind: AdversaryKind, plan: Plan) -> Report<Set> {
    let at = |millis| VirtualTime::ZERO + Span::from_millis(millis);
    let faults = Faults {
        loss: Chance::percent(5),
        heal_at: Some(at(4_000)),
        ..Faults::default()
    };
    let roster = Roster::<FakeKeys>::letters(7);
    let mut ranked: Vec<(_, String)> = (0..7)
        .filter_map(|place| Some(roster.name_at(place)?.to_owned()))
        .map(|name| (roster.actor(&name).unwrap(), name))
        .collect();
    ranked.sort();
    let [adversary, leaver, expelled, one, two, ..] = ranked.as_slice() else {
        unreachable!("seven members")
    };
    let items = (0..plan.size as u8).map(|number| {
        let who = [one, two, leaver].map(|(_, name)| name.as_str());
        let who = [who[0], who[1], who[2], "x"][usize::from(number) % 4];
        let members = BTreeSet::from([number]);
        Task::op(who, Op::Add { members }).at(at(u64::from(number) * 40))
    });
    let net = Net::<Set>::new(roster, orswot::ALGORITHM, Entries::default())
        .seed(plan.seed)
        .faults(plan.faults(faults))
        .joiner("x")
        .changes([
            PlannedChange::join("x").at(at(100)),
            PlannedChange::leave(&leaver.1).at(at(700)),
            PlannedChange::expel(&expelled.1).at(at(100)),
        ])
        .workload(items);
    let name = match kind {
        AdversaryKind::Outsider => "out",
        _ => &adversary.1,
    };
    networks::run_net(net.adversary(name, kind.build()))
}

#[test]
fn no_adversary_stops_a_change_of_members_or_breaks_a_promise() {
    let kinds: Vec<_> = AdversaryKind::all().collect();
    networks::check(3, 40, |plan| {
        let kind = kinds[plan.number as usize % kinds.len()];
        let report = churn(kind, plan);
        assert_eq!(report.violations, [], "{kind}");
        assert!(report.converged, "{kind}");
        assert_eq!(report.changes.len(), 3, "{kind}");
    });
}

#[test]
fn a_reconfigurer_does_all_it_can_and_it_is_not_enough() {
    let all = RefCell::new(BTreeSet::new());
    networks::check(12, 40, |plan| {
        let report = churn(AdversaryKind::Reconfigurer, plan);
        assert_eq!(report.violations, []);
        all.borrow_mut().extend(report.sometimes.into_keys());
    });
    let all = all.into_inner();
    if networks::cases(12) < 8 {
        return;
    }
    let wanted = BTreeSet::from([
        "reconfigurer: approved a change unread",
        "reconfigurer: echoed in a generation it had sealed",
        "reconfigurer: gave an attempt up in two ways",
        "reconfigurer: gave up an attempt it was not in",
        "reconfigurer: invented an open header in its seal",
        "reconfigurer: proposed two changes",
        "reconfigurer: proposed what hardly anybody approves",
        "reconfigurer: served a chain that is none",
        "reconfigurer: voted for two things",
        "reconfigurer: withheld an open header in its seal",
    ]);
    let missed: Vec<_> = wanted.difference(&all).collect();
    assert_eq!(missed, Vec::<&&str>::new(), "{all:?}");
}

/// Whoever was away for long goes on from a snapshot, in the middle of the traffic, and every promise is kept. (A
/// replica that takes one over is judged when all its step is on the books, with what it delivers right after.)
#[test]
fn whoever_was_away_goes_on_from_a_snapshot_and_every_promise_is_kept() {
    let at = |millis| VirtualTime::ZERO + Span::from_millis(millis);
    networks::check(25, 300, |plan| {
        let faults = Faults {
            crashes: vec![Crash {
                node: NodeId::new(3),
                when: CrashPoint::At(at(100)),
                tail: Tail::Kept,
                down: Some(Span::from_millis(2_900)),
            }],
            ..Faults::default()
        };
        let items = (0..plan.size as u64).map(|number| {
            let who = ["a", "b", "c"][usize::try_from(number).unwrap() % 3];
            let members = BTreeSet::from([number as u8]);
            Task::op(who, Op::Add { members }).at(at(number * 20))
        });
        let roster = Roster::<FakeKeys>::letters(4);
        let net = Net::<Set>::new(roster, orswot::ALGORITHM, Entries::default())
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .checkpoint_every(NonZeroUsize::new(4).unwrap())
            .workload(items);
        let report = networks::run_net(net);
        assert_eq!(report.violations, []);
        let snapshot = report.sometimes.contains_key("a snapshot was taken over");
        assert!(!plan.whole || snapshot);
    });
}
