//! Adversaries on stage: what each tries, and what comes of it.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::networks;
use crate::support::{Bank, bank, drawn, honest};
use bft_crdts::bank::{ALGORITHM, Ledger, Op};
use bft_crdts::deterministic_secure_broadcast::Halt;
use bft_crdts::net::adversary::{Equivocator, Outsider, Silent, Withholder};
use bft_crdts::net::trace::TraceKind;
use bft_crdts::net::{
    Chance, Faults, HaltReason, Make, Net, NodeId, Partition, Report, Roster, SeededKeys, Span,
    Task, VirtualTime,
};
use bft_crdts::{Actor, Counter, Ed25519};

fn pay(to: Actor, amount: u64) -> Op {
    Bank::transfer_citing(to, amount, BTreeSet::new())
}

/// A payer with a hundred pays all of it to one of the first group, and to one of the second.
fn double_spend<K: SeededKeys>(
    members: usize,
    first: &[&str],
    second: &[&str],
    (seed, payments): (u64, usize),
) -> Report<Bank> {
    let roster = Roster::<K>::letters(members);
    let payer = roster.name_at(members - 1).unwrap().to_owned();
    let actors = |names: &[&str]| {
        names
            .iter()
            .map(|name| roster.actor(name).unwrap())
            .collect::<Vec<_>>()
    };
    let (one, two) = (actors(first), actors(second));
    let versions = [
        (pay(one[0], 100), one.clone()),
        (pay(two[0], 100), two.clone()),
    ];
    let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
    let others = [first, second].concat();
    let net = Net::<Bank, K>::new(roster, ALGORITHM, ledger).seed(seed);
    let net = net
        .adversary(&payer, Box::new(Equivocator::scripted(versions)))
        .workload(drawn(&others, payments));
    networks::run_net(net)
}

fn spent(report: &Report<Bank>, members: usize) -> Vec<Counter> {
    let payer = Roster::<bft_crdts::net::FakeKeys>::letters(members);
    let payer = payer.actor(payer.name_at(members - 1).unwrap()).unwrap();
    let mut seats: Vec<Actor> = report.finals[0]
        .copy
        .as_ref()
        .unwrap()
        .accounts()
        .map(|(actor, _)| actor)
        .collect();
    seats.sort();
    let seat = seats.binary_search(&payer).unwrap();
    report
        .finals
        .iter()
        .map(|replica| replica.clock[seat])
        .collect()
}

#[test]
fn two_spends_of_one_coin_never_both_deliver_and_the_payer_is_convicted() {
    networks::check(5, 12, |plan| {
        let (seed, of) = (plan.seed, (plan.seed, plan.size));
        let report = double_spend::<bft_crdts::net::FakeKeys>(4, &["a", "b"], &["c"], of);
        honest(&report);
        assert_eq!(
            spent(&report, 4),
            [Counter::FIRST; 3],
            "the payment shown to two of three went through, seed {seed}"
        );
        let convicted: Vec<_> = report
            .convictions
            .iter()
            .map(|conviction| conviction.culprit.as_str())
            .collect();
        assert_eq!(convicted, ["d"], "seed {seed}");
        assert_eq!(
            report.convictions[0].known_to.len(),
            3,
            "everybody can prove it, seed {seed}"
        );
        let all = plan.size as u64;
        assert_eq!(report.delivered, all, "everybody else goes on, seed {seed}");
    });
}

#[test]
fn a_double_spend_with_real_signatures_comes_to_the_same() {
    let report = double_spend::<Ed25519>(4, &["a", "b"], &["c"], (1, 12));
    honest(&report);
    assert_eq!((report.delivered, report.convictions.len()), (12, 1));
}

#[test]
fn an_even_split_freezes_the_slot_and_nobody_else() {
    networks::check(5, 12, |plan| {
        let (seed, of) = (plan.seed, (plan.seed, plan.size));
        let report =
            double_spend::<bft_crdts::net::FakeKeys>(7, &["a", "b", "c"], &["d", "e", "f"], of);
        honest(&report);
        assert_eq!(
            spent(&report, 7),
            [Counter::ZERO; 6],
            "neither payment is delivered, seed {seed}"
        );
        assert_eq!(
            report.sometimes.get("equivocator: froze its own slot"),
            Some(&1)
        );
        assert_eq!(
            report.convictions.len(),
            1,
            "the payer is convicted all the same, seed {seed}"
        );
        let all = plan.size as u64;
        assert_eq!(report.delivered, all, "everybody else goes on, seed {seed}");
    });
}

#[test]
fn a_withheld_proof_still_reaches_everyone() {
    networks::check(5, 6, |plan| {
        let net = bank(4).seed(plan.seed);
        let confidant = net.roster().actor("b").unwrap();
        let net = net.adversary("d", Box::new(Withholder::telling(confidant)));
        let report = networks::run_net(net.workload(drawn(&["a", "b", "c"], plan.size)));
        honest(&report);
        let mut withheld = report.sometimes.iter();
        let withheld = withheld.any(|(act, times)| {
            *act == "withholder: sent its proof to one member only" && *times >= 2
        });
        assert!(!plan.whole || withheld, "{:?}", report.sometimes);
        let clock = &report.finals[0].clock;
        assert!(report.finals.iter().all(|replica| replica.clock == *clock));
        assert!(
            !plan.whole
                || clock.iter().map(|counter| counter.get()).sum::<u64>() > report.delivered,
            "its own messages count, too"
        );
    });
}

#[test]
fn an_outsider_stops_nobody_and_is_told_nothing() {
    networks::check(10, 20, |plan| {
        let net = bank(4)
            .seed(plan.seed)
            .adversary("x", Box::<Outsider<_>>::default())
            .traced("outsider", "test");
        let report = networks::run_net(net.workload(drawn(&["a", "b", "c", "d"], plan.size)));
        honest(&report);
        let all = plan.size as u64;
        assert_eq!((report.delivered, report.convictions.len()), (all, 0));
        let trace = report.trace.unwrap();
        let sent = |to_it: bool| {
            let of = |kind: &TraceKind| match kind {
                TraceKind::Sent { from, to, .. } => (if to_it { to } else { from }).get() == 4,
                _ => false,
            };
            trace.events.iter().filter(|event| of(&event.kind)).count()
        };
        assert!(!plan.whole || sent(false) > 100, "it tried");
        assert_eq!(sent(true), 0, "nobody answered");
    });
}

#[test]
fn f_silent_members_stop_nobody() {
    for (members, silent) in [(4, &["d"][..]), (7, &["f", "g"]), (10, &["h", "i", "j"])] {
        let faults = Faults {
            loss: Chance::percent(10),
            ..Faults::default()
        };
        let net = silent
            .iter()
            .fold(bank(members).faults(faults), |net, name| {
                net.adversary(name, Box::new(Silent))
            });
        let report = net.workload(drawn(&["a", "b", "c"], 15)).run().unwrap();
        honest(&report);
        assert_eq!((report.delivered, report.faulty), (15, silent.len()));
    }
}

/// One key on two nodes, each of which keeps to the protocol, knows nothing of the other, and sees one half of the
/// network first.
#[test]
fn twins_with_one_key_convict_or_halt_themselves_and_hurt_nobody() {
    let (convicted, halted) = (Cell::new(0), Cell::new(0));
    networks::check(5, 9, |plan| {
        let node = NodeId::new;
        let partition = Partition {
            groups: vec![vec![node(0), node(3)], vec![node(1), node(2), node(4)]],
            from: VirtualTime::ZERO,
            until: VirtualTime::from_secs(1),
        };
        let faults = Faults {
            partitions: vec![partition],
            ..Faults::default()
        };
        let net = bank(4)
            .seed(plan.seed)
            .faults(plan.faults(faults))
            .twin("d2", "d")
            .unwrap();
        let [a, b] = ["a", "b"].map(|name| net.roster().actor(name).unwrap());
        let mut items = vec![Task::op("d", pay(a, 100)), Task::op("d2", pay(b, 100))];
        items.extend(drawn(&["a", "b", "c"], plan.size));
        let report = networks::run_net(net.workload(items));
        honest(&report);
        let all = plan.size as u64;
        assert_eq!((report.delivered, report.faulty), (all, 1));
        let convictions = report
            .convictions
            .iter()
            .filter(|conviction| conviction.culprit == "d");
        convicted.set(convicted.get() + convictions.count());
        let stopped = HaltReason::Protocol(Halt::KeyUsedElsewhere);
        let twins = report
            .halted
            .iter()
            .filter(|(name, why)| name.starts_with('d') && *why == stopped);
        halted.set(halted.get() + twins.count());
    });
    let both = convicted.get() > 0 && halted.get() > 0;
    let few = networks::cases(5) < 20;
    assert!(both || few, "{convicted:?} convicted, {halted:?} halted");
}

#[test]
fn an_adversary_may_begin_late() {
    let begins = VirtualTime::from_secs(2);
    let net = bank(4)
        .adversary_from("d", Box::<Equivocator<_>>::default(), begins)
        .traced("late", "test");
    let report = net
        .workload([Task::drawn("a")])
        .tick(Span::from_millis(100))
        .run()
        .unwrap();
    honest(&report);
    let trace = report.trace.unwrap();
    let acts = trace
        .events
        .iter()
        .filter(|event| matches!(&event.kind, TraceKind::Note { node, .. } if node.get() == 3));
    let times: Vec<_> = acts.map(|event| event.at).collect();
    assert!(
        !times.is_empty() && times.iter().all(|at| *at >= begins),
        "{times:?}"
    );
}

#[test]
fn an_adversary_cannot_be_asked_to_do_anything() {
    let net = bank(4).adversary("d", Box::new(Silent));
    let item = Task::<Bank> {
        who: "d".into(),
        tag: 0,
        at: VirtualTime::ZERO,
        after: vec![],
        make: Make::Drawn,
    };
    assert!(net.workload([item]).run().is_err());
}
