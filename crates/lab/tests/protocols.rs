//! What the other protocols survive, and what they do not.

mod common;

use bft_crdts_lab::checker::Property;
use bft_crdts_lab::fault::FaultKind;
use bft_crdts_lab::gossip::Style;
use bft_crdts_lab::outcome::Said;
use bft_crdts_lab::protocol::Protocol;
use bft_crdts_lab::trial::{Outcome, Plan, PlanError};
use common::seeds;

fn run(protocol: Protocol, plan: &Plan) -> Outcome {
    protocol.run(plan).expect("a plan")
}

/// How many of the seeds break safety, and how many transactions are decided in all.
fn sum(protocol: Protocol, count: u64, plan: impl Fn(u64) -> Plan) -> (u64, u64) {
    let outcomes = (0..count).map(|seed| run(protocol, &plan(seed)));
    outcomes.fold((0, 0), |(broken, decided), outcome| {
        let fell = u64::from(!outcome.violations.is_empty());
        (broken + fell, decided + outcome.decided)
    })
}

#[test]
fn secure_broadcast_is_safe_with_f_liars_and_falls_with_one_more() {
    let count = seeds(200);
    for (nodes, faults) in [(4, 1), (7, 2)] {
        let plan =
            |liars| move |seed| Plan::new(nodes, seed).with(liars, FaultKind::MaliciousCommander);
        let (broken, _) = sum(Protocol::SecureBroadcast, count, plan(faults));
        assert_eq!(broken, 0, "{nodes} nodes");
        let (broken, _) = sum(Protocol::SecureBroadcast, count, plan(faults + 1));
        assert!(broken * 10 > count * 9, "{nodes} nodes: {broken}");
    }
}

#[test]
fn secure_broadcast_of_an_honest_source_gets_through_whatever_f_others_do() {
    for fault in [FaultKind::Offline, FaultKind::Malicious, FaultKind::Stuck] {
        let plan = |seed| Plan {
            decisions: 3,
            ..Plan::new(7, seed).with(2, fault)
        };
        let done = sum(Protocol::SecureBroadcast, 50, plan);
        assert_eq!(done, (0, 150), "{fault}");
    }
}

#[test]
fn a_count_lets_one_communication_node_break_what_signed_votes_keep() {
    let count = seeds(200);
    for nodes in [6, 9, 12] {
        let plan = |seed| Plan::new(nodes, seed).with(1, FaultKind::LyingCommunicationNode);
        let (broken, _) = sum(Protocol::CcroCount, count, plan);
        assert_eq!(broken, count, "{nodes} nodes");
        assert_eq!(
            sum(Protocol::Ccro, count, plan),
            (0, count),
            "{nodes} nodes"
        );
    }
}

#[test]
fn signed_votes_hold_against_the_primary_the_communication_node_and_f_voters_and_no_more() {
    // Six nodes have four voters, of whom one may lie; twelve have ten, of whom three may.
    for (nodes, liars) in [(6, 3), (12, 5)] {
        let plan =
            |liars| move |seed| Plan::new(nodes, seed).with(liars, FaultKind::MaliciousCommander);
        // Once they have lost their roles P and C vote, and then there are too many liars to go on; but never two stories.
        let (broken, _) = sum(Protocol::Ccro, 100, plan(liars));
        assert_eq!(broken, 0, "{nodes} nodes");
        let (broken, _) = sum(Protocol::Ccro, 100, plan(liars + 1));
        assert!(broken > 90, "{nodes} nodes: {broken}");
    }
}

#[test]
fn the_monitor_replaces_a_silent_primary_or_communication_node() {
    let mut replaced = 0;
    for seed in 0..60 {
        let plan = Plan {
            decisions: 3,
            ..Plan::new(6, seed).with(1, FaultKind::Offline)
        };
        let outcome = run(Protocol::Ccro, &plan);
        assert_eq!((outcome.decided, outcome.violations.len()), (3, 0));
        if outcome.faulty[0].get() < 2 {
            replaced += 1;
            let led = outcome.said.iter().find_map(|(.., said)| match said {
                Said::Leads(node) => Some(*node),
                _ => None,
            });
            assert!(
                led.is_some_and(|node| node.get() >= 2),
                "seed {seed}: {led:?}"
            );
        }
    }
    assert!(replaced > 5, "{replaced}");
}

#[test]
fn a_silent_consensus_node_loses_trust() {
    let seen = (0..60).any(|seed| {
        let plan = Plan::new(6, seed).with(1, FaultKind::Offline);
        let outcome = run(Protocol::Ccro, &plan);
        let silent = outcome.faulty[0].index();
        let trust = outcome.said.iter().find_map(|(.., said)| match said {
            Said::Trust(trust) => Some(trust),
            _ => None,
        });
        silent >= 2
            && trust.is_some_and(|trust| {
                let others = (2..6).filter(|node| *node != silent);
                others.into_iter().all(|node| trust[node] > trust[silent])
            })
    });
    assert!(seen);
}

#[test]
fn one_lying_leader_is_enough_against_a_majority_vote() {
    let plan = |seed| Plan::new(7, seed).with(1, FaultKind::MaliciousCommander);
    assert_eq!(sum(Protocol::MajorityVote, 50, plan).0, 50);
    // Liars that only vote need a majority.
    let plan = |liars| move |seed| Plan::new(7, seed).with(liars, FaultKind::Malicious);
    assert_eq!(sum(Protocol::MajorityVote, 50, plan(3)), (0, 50));
    assert!(sum(Protocol::MajorityVote, 50, plan(4)).0 > 25);
}

#[test]
fn a_naive_flood_falls_to_one_lying_commander() {
    let plan = |seed| Plan::new(7, seed).with(1, FaultKind::MaliciousCommander);
    assert!(sum(Protocol::NaiveFlood, 50, plan).0 > 25);
}

#[test]
fn a_lottery_is_undone_by_those_who_mine_most_and_by_nobody_else() {
    let plan = |liars| move |seed| Plan::new(10, seed).with(liars, FaultKind::SelfishLottery);
    assert_eq!(sum(Protocol::Lottery, 20, plan(3)), (0, 20));
    let mut undone = 0;
    for seed in 0..20 {
        let outcome = run(Protocol::Lottery, &plan(8)(seed));
        undone += u32::from(!outcome.violations.is_empty());
        let said = outcome.said.iter();
        let deepest = said.filter_map(|(_, node, said)| match said {
            Said::Undone(depth) if !outcome.faulty.contains(node) => Some(*depth),
            _ => None,
        });
        assert_eq!(deepest.max().is_some(), !outcome.violations.is_empty());
    }
    assert!(undone > 8, "{undone}");
}

#[test]
fn whoever_hears_liars_only_counts_on_what_nobody_else_has() {
    let plan = |seed| Plan::new(7, seed).with(1, FaultKind::Eclipse);
    let outcome = run(Protocol::Lottery, &plan(1));
    let agreement = outcome
        .violations
        .iter()
        .filter(|it| it.property == Property::Agreement);
    assert!(agreement.count() > 0);
    // Gossip leaves the victim without anything, which is no lie but no news either.
    let outcome = run(Protocol::Gossip(Style::Push), &plan(1));
    assert_eq!((outcome.violations.len(), outcome.decided), (0, 0));
}

#[test]
fn gossip_spreads_two_stories_as_well_as_one() {
    for &style in Style::ALL {
        let protocol = Protocol::Gossip(style);
        let (broken, decided) = sum(protocol, 20, |seed| Plan::new(15, seed));
        assert_eq!(broken, 0, "{protocol}");
        assert!(decided > 14, "{protocol}: {decided}");
        let plan = |seed| Plan::new(15, seed).with(1, FaultKind::MaliciousCommander);
        let (broken, _) = sum(protocol, 20, plan);
        assert!(broken > 10, "{protocol}: {broken}");
        // What is tampered with on the way is refused for its signature.
        let plan = |seed| Plan::new(15, seed).with(4, FaultKind::Malicious);
        assert_eq!(sum(protocol, 20, plan).0, 0, "{protocol}");
    }
}

#[test]
fn no_decision_takes_longer_than_its_bound_without_faults() {
    for protocol in Protocol::ALL {
        let plan = Plan {
            decisions: 5,
            at_once: 2,
            ..Plan::new(7, 3)
        };
        let outcome = run(protocol, &plan);
        let gossip = matches!(protocol, Protocol::Gossip(_));
        assert!(outcome.overdue == 0 || gossip, "{protocol}");
        assert_eq!(outcome.decided + outcome.overdue, 5, "{protocol}");
    }
}

#[test]
fn plans_that_cannot_be_are_refused() {
    for protocol in Protocol::ALL {
        let none = protocol.run(&Plan::new(0, 1));
        assert!(matches!(none, Err(PlanError::Nodes { .. })), "{protocol}");
        let many = protocol.run(&Plan::new(100_000, 1));
        assert!(matches!(many, Err(PlanError::Nodes { .. })), "{protocol}");
        let how = protocol.run(&Plan::new(7, 1).with(2, FaultKind::None));
        assert_eq!(how.err(), Some(PlanError::NoFault(2)), "{protocol}");
        let all = protocol.run(&Plan::new(7, 1).with(8, protocol.faults()[0]));
        assert!(matches!(all, Err(PlanError::Faulty { .. })), "{protocol}");
        for &fault in FaultKind::ALL {
            let known = fault == FaultKind::None || protocol.faults().contains(&fault);
            let faulty = usize::from(fault != FaultKind::None);
            let tried = protocol.run(&Plan::new(7, 1).with(faulty, fault));
            assert_eq!(tried.is_ok(), known, "{protocol}, {fault}");
        }
    }
}

#[test]
fn equal_plans_give_equal_outcomes() {
    for protocol in Protocol::ALL {
        for fault in protocol.faults() {
            let plan = Plan {
                decisions: 2,
                ..Plan::new(7, 11).with(2, fault)
            };
            let told = || format!("{:?}", run(protocol, &plan));
            assert_eq!(told(), told(), "{protocol}, {fault}");
        }
    }
}
