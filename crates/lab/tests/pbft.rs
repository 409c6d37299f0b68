//! PBFT: what it survives, and what it does not.

mod common;

use bft_crdts::net::{Chance, Faults, NodeId, Partition, Span, Streams, VirtualTime};
use bft_crdts_lab::fault::FaultKind;
use bft_crdts_lab::pbft::{self, Rules};
use bft_crdts_lab::protocol::Protocol;
use bft_crdts_lab::trial::{self, Outcome, Plan};
use common::seeds;

fn run(plan: &Plan) -> Outcome {
    Protocol::Pbft.run(plan).expect("a plan")
}

fn leads(outcome: &Outcome, node: u16) -> bool {
    outcome.faulty.contains(&NodeId::new(node))
}

#[test]
fn with_f_liars_nothing_breaks_and_with_one_more_everything_does() {
    let mut first = None;
    for (nodes, faults) in [(4, 1), (7, 2)] {
        let mut broken = 0;
        for seed in 0..seeds(1_000) {
            let plan = Plan::new(nodes, seed);
            let sound = run(&plan.clone().with(faults, FaultKind::MaliciousCommander));
            assert_eq!(sound.violations, [], "{nodes} nodes, seed {seed}");
            assert_eq!(sound.decided, 1, "{nodes} nodes, seed {seed}");
            let beyond = run(&plan.with(faults + 1, FaultKind::MaliciousCommander));
            broken += u64::from(!beyond.violations.is_empty());
            if !beyond.violations.is_empty() && first.is_none() {
                first = Some((nodes, seed, beyond.violations));
            }
        }
        // All latencies are drawn, so now and then a correct replica is told one story only.
        assert!(broken * 10 > seeds(1_000) * 9, "{nodes} nodes: {broken}");
    }
    // And that is no accident of the moment: the same seed breaks the same promise at the same step.
    let (nodes, seed, violations) = first.expect("a violation");
    let faults = (nodes - 1) / 3;
    let plan = Plan::new(nodes, seed).with(faults + 1, FaultKind::MaliciousCommander);
    assert_eq!(run(&plan).violations, violations);
}

#[test]
fn a_silent_primary_is_replaced() {
    let mut replaced = 0;
    for seed in 0..40 {
        let plan = Plan {
            decisions: 3,
            ..Plan::new(4, seed).with(1, FaultKind::Offline)
        };
        let outcome = run(&plan);
        assert_eq!((outcome.decided, outcome.violations.len()), (3, 0));
        assert_eq!(outcome.last_view() > 0, leads(&outcome, 0), "seed {seed}");
        replaced += u32::from(leads(&outcome, 0));
    }
    assert!(replaced > 4, "{replaced}");
}

#[test]
fn two_silent_primaries_in_a_row_are_replaced() {
    let mut seen = 0;
    for seed in 0..100 {
        let plan = Plan::new(7, seed).with(2, FaultKind::Offline);
        let outcome = run(&plan);
        assert_eq!((outcome.decided, outcome.violations.len()), (1, 0));
        if leads(&outcome, 0) && leads(&outcome, 1) {
            assert_eq!(outcome.last_view(), 2);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_primary_that_equivocates_and_convinces_nobody_is_replaced() {
    // Seven replicas: each story has three honest listeners at most, which is no quorum without a second liar.
    for seed in 0..40 {
        let outcome = run(&Plan::new(7, seed).with(1, FaultKind::MaliciousCommander));
        assert_eq!((outcome.decided, outcome.violations.len()), (1, 0));
        assert!(outcome.last_view() > 0, "seed {seed}");
    }
}

#[test]
fn a_primary_that_stalls_one_client_is_replaced_although_it_serves_another() {
    for seed in 0..40 {
        let outcome = run(&Plan::new(4, seed).with(1, FaultKind::StallingPrimary));
        assert_eq!((outcome.decided, outcome.violations.len()), (1, 0));
        assert!(outcome.last_view() > 0, "seed {seed}");
        // Patience begins when the client asks everybody, and is not renewed by what the primary does for others.
        let latency = outcome.latencies[0];
        assert!(latency < Span::from_millis(1_200), "{latency}");
        let others = outcome.by_kind["pre-prepare"].messages;
        assert!(others > 3 * 5, "it served nobody else: {others}");
    }
}

#[test]
fn what_a_faulty_replica_says_changes_nothing() {
    for fault in [FaultKind::Malicious, FaultKind::Stuck] {
        for seed in 0..seeds(200) {
            let plan = Plan {
                decisions: 3,
                at_once: 2,
                ..Plan::new(7, seed).with(2, fault)
            };
            let outcome = run(&plan);
            assert_eq!(outcome.violations, [], "{fault}, seed {seed}");
            assert_eq!(outcome.decided, 3, "{fault}, seed {seed}");
        }
    }
}

/// A network that loses, copies and reorders, and is cut in two now and then, until five seconds are over.
fn rough(nodes: u16, seed: u64) -> Faults {
    let mut stream = Streams::new(seed).of("rough");
    let mut partitions = Vec::new();
    for _ in 0..stream.below(4) {
        let all: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
        let one = all.into_iter().filter(|_| stream.below(2) == 0).collect();
        let from = VirtualTime::from_millis(stream.below(3_000));
        let until = from + Span::from_millis(stream.below(1_500));
        partitions.push(Partition {
            groups: vec![one],
            from,
            until,
        });
    }
    Faults {
        loss: Chance::percent(stream.below(30) as u32),
        duplication: Chance::percent(10),
        reordering: Chance::percent(10),
        partitions,
        heal_at: Some(VirtualTime::from_secs(5)),
        ..Faults::default()
    }
}

#[test]
fn on_a_rough_network_it_is_safe_and_in_the_end_alive() {
    let faults = [
        FaultKind::None,
        FaultKind::Offline,
        FaultKind::Malicious,
        FaultKind::MaliciousCommander,
        FaultKind::Stuck,
        FaultKind::ForgetfulPrimary,
    ];
    let mut views = 0;
    for seed in 0..seeds(300) {
        let (nodes, most) = [(4_u16, 1), (7, 2)][seed as usize % 2];
        let fault = faults[(seed / 2) as usize % faults.len()];
        let faulty = if fault == FaultKind::None { 0 } else { most };
        let plan = Plan {
            decisions: 8,
            at_once: 3,
            network: rough(nodes, seed),
            ..Plan::new(usize::from(nodes), seed).with(faulty, fault)
        };
        let outcome = run(&plan);
        assert_eq!(outcome.violations, [], "{fault}, seed {seed}");
        assert_eq!(outcome.decided, 8, "{fault}, seed {seed}");
        views += outcome.last_view();
    }
    assert!(views > 100, "{views}");
}

/// The first seed at which a broken rule breaks a promise.
fn caught(rules: Rules, nodes: u16, faulty: usize, fault: FaultKind) -> Option<u64> {
    (0..1_000).find(|seed| {
        let plan = Plan {
            decisions: 8,
            at_once: 3,
            network: rough(nodes, *seed),
            ..Plan::new(usize::from(nodes), *seed).with(faulty, fault)
        };
        let roster = |rules| pbft::roster_with(&plan, rules).expect("a plan");
        let broken = !trial::run(&plan, roster(rules)).violations.is_empty();
        if broken {
            let sound = trial::run(&plan, roster(Rules::default()));
            assert_eq!(
                sound.violations,
                [],
                "seed {seed}, nothing broken on purpose"
            );
        }
        broken
    })
}

#[test]
fn a_rule_broken_on_purpose_is_noticed() {
    let sound = Rules::default();
    let short = Rules {
        quorum_short: 1,
        ..sound
    };
    let forgetful = Rules {
        forget_prepared: true,
        ..sound
    };
    let credulous = Rules {
        believe_new_view: true,
        ..sound
    };
    let first = [
        caught(short, 4, 1, FaultKind::MaliciousCommander),
        caught(forgetful, 4, 0, FaultKind::None),
        caught(credulous, 4, 1, FaultKind::ForgetfulPrimary),
    ];
    eprintln!("noticed first at the seeds {first:?}");
    assert!(first.iter().all(Option::is_some), "{first:?}");
}

#[test]
fn checkpoints_move_the_window_on() {
    let plan = Plan {
        decisions: 450,
        at_once: 10,
        ..Plan::new(4, 1)
    };
    let outcome = run(&plan);
    assert_eq!((outcome.decided, outcome.violations.len()), (450, 0));
    // 100, 200, 300 and 400, each told to three others by four; none of them is counted.
    assert_eq!(outcome.by_kind["checkpoint"].messages, 4 * 4 * 3);
    assert_eq!(outcome.messages.messages, 450 * 29);
}

#[test]
fn a_replica_that_was_cut_off_catches_up() {
    let network = Faults {
        partitions: vec![Partition {
            groups: vec![vec![NodeId::new(3)]],
            from: VirtualTime::ZERO,
            until: VirtualTime::from_secs(8),
        }],
        ..Faults::default()
    };
    let plan = Plan {
        decisions: 300,
        at_once: 300,
        network,
        ..Plan::new(4, 1)
    };
    let outcome = run(&plan);
    assert_eq!((outcome.decided, outcome.violations.len()), (300, 0));
    assert!(outcome.by_kind["executed"].messages > 0);
}

#[test]
fn equal_plans_give_equal_outcomes() {
    let plan = Plan {
        decisions: 5,
        at_once: 2,
        network: rough(7, 3),
        ..Plan::new(7, 3).with(2, FaultKind::MaliciousCommander)
    };
    let told = |outcome: Outcome| format!("{outcome:?}");
    assert_eq!(told(run(&plan)), told(run(&plan)));
}
