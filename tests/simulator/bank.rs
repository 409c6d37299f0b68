//! A bank on a network that tries to stop it.

use crate::networks;
use crate::support::{Bank, bank, drawn, honest};
use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::{Chance, Ended, Faults, Law, Net, Span, Task};

fn lossy(percent: u32) -> Faults {
    Faults {
        loss: Chance::percent(percent),
        duplication: Chance::percent(10),
        reordering: Chance::percent(10),
        ..Faults::default()
    }
}

#[test]
fn payments_on_a_perfect_network_cost_three_packets_for_each_other_member() {
    for members in [1, 2, 3, 4, 7, 10, 31] {
        let report = bank(members)
            .workload(drawn(&["a"], 1))
            .tick(Span::from_secs(1))
            .run()
            .unwrap();
        honest(&report);
        assert_eq!(report.ended, Ended::Done);
        let kinds = report
            .traffic
            .by_kind()
            .filter(|(kind, ..)| *kind != "summary");
        let kinds: Vec<_> = kinds.map(|(kind, packets, _)| (kind, packets)).collect();
        let others = members as u64 - 1;
        match members {
            // Nobody to pay: nothing is drawn.
            1 => assert_eq!((report.refused.len(), kinds.len()), (1, 0)),
            _ => assert_eq!(
                kinds,
                [("request", others), ("echo", others), ("proof", others)]
            ),
        }
    }
}

#[test]
fn every_honest_transfer_is_delivered_everywhere_at_twenty_percent_loss() {
    networks::check(5, 40, |plan| {
        let net = bank(4)
            .seed(plan.seed)
            .faults(plan.faults(lossy(20)))
            .workload(drawn(&["a", "b", "c", "d"], plan.size));
        let report = networks::run_net(net);
        honest(&report);
        let all = report.delivered + report.refused.len() as u64;
        assert_eq!(all, plan.size as u64);
        assert!(!plan.whole || report.delivered > 35 && report.traffic.lost > 0);
    });
}

#[test]
fn no_adversary_stops_the_others_or_breaks_a_promise() {
    let kinds: Vec<_> = AdversaryKind::all().collect();
    networks::check(1, 15, |plan| {
        let kind = kinds[plan.number as usize % kinds.len()];
        let name = match kind {
            AdversaryKind::Outsider => "x",
            _ => "d",
        };
        let net = bank(4)
            .seed(plan.seed)
            .faults(plan.faults(lossy(10)))
            .adversary(name, kind.build())
            .workload(drawn(&["a", "b", "c"], plan.size));
        let report = networks::run_net(net);
        assert_eq!(report.violations, [], "{kind}");
        assert!(report.converged, "{kind}");
        let mut acts = report.sometimes.keys();
        let acted = acts.any(|act| act.starts_with(kind.name()));
        let all = report.delivered >= 10 && acted;
        assert!(!plan.whole || all, "{kind}: {:?}", report.sometimes);
    });
}

#[test]
fn packets_that_take_any_time_at_all_arrive_in_any_order_and_change_nothing() {
    let latency = Law::Uniform {
        min: Span::ZERO,
        max: Span::from_secs(2),
    };
    networks::check(20, 30, |plan| {
        let faults = Faults {
            latency: latency.clone(),
            ..Faults::default()
        };
        let net: Net<Bank> = bank(7).seed(plan.seed).faults(plan.faults(faults));
        let rows = (0..plan.size).map(|row| Task::drawn(["a", "b", "c"][row % 3]));
        honest(&networks::run_net(net.workload(rows)));
    });
}
