//! A bank on a network that tries to stop it.

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
    for seed in 0..20 {
        let report = bank(4)
            .seed(seed)
            .faults(lossy(20))
            .workload(drawn(&["a", "b", "c", "d"], 40))
            .run()
            .unwrap();
        honest(&report);
        assert_eq!(report.delivered + report.refused.len() as u64, 40);
        assert!(report.delivered > 35 && report.traffic.lost > 0);
    }
}

#[test]
fn no_adversary_stops_the_others_or_breaks_a_promise() {
    for kind in AdversaryKind::all() {
        for seed in 0..4 {
            let name = if kind == AdversaryKind::Outsider {
                "x"
            } else {
                "d"
            };
            let net = bank(4)
                .seed(seed)
                .faults(lossy(10))
                .adversary(name, kind.build());
            let report = net.workload(drawn(&["a", "b", "c"], 15)).run().unwrap();
            assert_eq!(report.violations, [], "{kind}, seed {seed}");
            assert!(
                report.converged && report.delivered >= 10,
                "{kind}, seed {seed}"
            );
            assert!(
                report
                    .sometimes
                    .keys()
                    .any(|key| key.starts_with(kind.name())),
                "{kind}, seed {seed}: {:?}",
                report.sometimes
            );
        }
    }
}

#[test]
fn packets_that_take_any_time_at_all_arrive_in_any_order_and_change_nothing() {
    let latency = Law::Uniform {
        min: Span::ZERO,
        max: Span::from_secs(2),
    };
    for seed in 0..5 {
        let faults = Faults {
            latency: latency.clone(),
            ..Faults::default()
        };
        let net: Net<Bank> = bank(7).seed(seed).faults(faults);
        let report = net
            .workload((0..30).map(|row| Task::drawn(["a", "b", "c"][row % 3])))
            .run()
            .unwrap();
        honest(&report);
    }
}
