//! Charts of real runs: what the simulator records can be drawn, and is drawn the same every time.

use bft_crdts::Bank;
use bft_crdts::bank::{ALGORITHM, Ledger, Op};
use bft_crdts::net::adversary::{AdversaryKind, Equivocator};
use bft_crdts::net::trace::Trace;
use bft_crdts::net::{
    Chance, ChartOptions, Crash, CrashPoint, Faults, Law, Net, NodeId, Partition, Roster, Span,
    Tail, Task, VirtualTime, msc, svg,
};

use super::tools;

fn bank(members: &[&str]) -> Net<Bank> {
    let roster = Roster::new(members.iter().copied());
    let ledger =
        Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).expect("a small supply");
    Net::new(roster, ALGORITHM, ledger)
}

fn faults() -> Faults {
    let millis = Span::from_millis;
    Faults {
        latency: Law::Uniform {
            min: millis(10),
            max: millis(20),
        },
        ..Faults::default()
    }
}

fn run(net: Net<Bank>, title: &str) -> Trace {
    let report = net
        .traced(title, title)
        .run()
        .expect("the run names only members it has");
    assert_eq!(report.violations, []);
    report.trace.expect("a trace was asked for")
}

fn double_spend() -> Trace {
    let net = bank(&["alice", "bob", "carol", "dave"]);
    let [bob, carol, dave] =
        ["bob", "carol", "dave"].map(|name| net.roster().actor(name).expect("a member"));
    let pay = |to| Op::Transfer {
        to,
        amount: 100,
        causes: [].into(),
    };
    let adversary = Equivocator::scripted([(pay(bob), vec![bob, carol]), (pay(dave), vec![dave])]);
    run(
        net.faults(faults()).adversary("alice", Box::new(adversary)),
        "double_spend",
    )
}

fn stormy() -> Trace {
    let net = bank(&["a", "b", "c", "d"]);
    let (millis, at) = (Span::from_millis, VirtualTime::from_millis);
    let faults = Faults {
        loss: Chance::percent(20),
        duplication: Chance::percent(10),
        partitions: vec![Partition {
            groups: vec![
                vec![NodeId::new(0), NodeId::new(1)],
                vec![NodeId::new(2), NodeId::new(3)],
            ],
            from: at(150),
            until: at(400),
        }],
        crashes: vec![Crash {
            node: NodeId::new(1),
            when: CrashPoint::At(at(60)),
            tail: Tail::Lost,
            down: Some(millis(60)),
        }],
        ..faults()
    };
    let net = net.adversary("x", AdversaryKind::Outsider.build());
    let items = ["a", "b", "c"].map(Task::drawn);
    run(net.faults(faults).workload(items), "stormy")
}

#[test]
fn real_runs_are_drawn_the_same_every_time_and_mscgen_accepts_them() {
    let mscgen = tools::mscgen("charts of real runs are not checked with mscgen");
    for (make, parts) in [
        (
            double_spend as fn() -> Trace,
            ["equivocator", "abox", "evidence"],
        ),
        (stormy, ["(lost: ", "outsider", "partition: a b | c d"]),
    ] {
        let (one, other) = (make(), make());
        for options in [
            ChartOptions::default(),
            ChartOptions {
                fold: false,
                chatter: true,
                ..ChartOptions::default()
            },
        ] {
            let chart = msc::render(&one, &options);
            assert_eq!(chart, msc::render(&other, &options));
            for part in parts {
                assert!(chart.contains(part), "{part} is missing from\n{chart}");
            }
            let picture = svg::render(&one, &options);
            assert_eq!(picture, svg::render(&other, &options));
            roxmltree::Document::parse(&picture).expect("well-formed");
            if let Some(Err(error)) = mscgen.as_ref().map(|mscgen| mscgen.check(&chart)) {
                panic!("{error}\n{chart}");
            }
        }
    }
}
