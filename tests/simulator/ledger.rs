//! A ledger run over a network that loses packets comes to what one clerk would have made of it.

use std::collections::BTreeMap;

use crate::networks::{self, Plan};
use crate::support::{Bank, honest};
use bft_crdts::Actor;
use bft_crdts::bank::{ALGORITHM, Ledger, at2::Oracle};
use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::{
    BankRow, Chance, Crash, CrashPoint, FakeKeys, Faults, Net, NodeId, Roster, Span, Streams, Tail,
    VirtualTime, bank_rows,
};

const NAMES: [&str; 7] = ["ann", "bob", "cid", "dot", "eve", "fay", "gus"];

/// Rows of which about a third go wrong, some because a credit comes too late in the list.
fn rows(seed: u64, count: u64, payers: &[&str]) -> Vec<BankRow> {
    let mut stream = Streams::new(seed).of("ledger");
    let actor = |name: &str| Roster::<FakeKeys>::stranger(name).actor();
    let row = |tag| BankRow {
        who: (*stream.pick(payers).unwrap()).to_owned(),
        to: actor(stream.pick(&[&NAMES[..], &["nobody"]].concat()).unwrap()),
        amount: stream.range(0, 60),
        issue: stream.below(12) == 0,
        at: VirtualTime::ZERO,
        tag,
    };
    (1..=count).map(row).collect()
}

/// Row by row, in order, with the algorithm of the AT2 paper.
fn clerk(
    rows: &[BankRow],
    accounts: &[(Actor, u64)],
    issuers: &[(Actor, u64)],
) -> (BTreeMap<Actor, u128>, Vec<u64>) {
    let mut oracle = Oracle::new(accounts.iter().copied(), issuers.iter().copied());
    let mut refused = Vec::new();
    for row in rows {
        let who = Roster::<FakeKeys>::stranger(&row.who).actor();
        let done = match row.issue {
            true => oracle.issue(who, row.to, row.amount),
            false => oracle.transfer(who, row.to, row.amount),
        };
        if done.is_err() {
            refused.push(row.tag);
        }
    }
    (oracle.balances().into_iter().collect(), refused)
}

fn run(plan: Plan, adversaries: &[AdversaryKind]) {
    let seed = plan.seed;
    let honest_names = &NAMES[..7 - adversaries.len()];
    let rows = rows(seed, plan.size as u64, honest_names);
    let roster = Roster::<FakeKeys>::new(NAMES);
    let accounts: Vec<_> = roster.actors().map(|actor| (actor, 50)).collect();
    let issuers = [(roster.actor("ann").unwrap(), 200)];
    let (expected, wrong) = clerk(&rows, &accounts, &issuers);
    assert!(
        !plan.whole || wrong.len() > 20 && wrong.len() < 140,
        "{} of 150 rows are wrong",
        wrong.len()
    );

    let ledger = Ledger::genesis(accounts, issuers).unwrap();
    let items = bank_rows(rows, |name| {
        Some(Roster::<FakeKeys>::stranger(name).actor())
    });
    let faults = Faults {
        loss: Chance::percent(15),
        duplication: Chance::percent(10),
        reordering: Chance::percent(10),
        crashes: vec![Crash {
            node: NodeId::new(1),
            when: CrashPoint::At(VirtualTime::from_millis(700)),
            tail: Tail::Lost,
            down: Some(Span::from_millis(400)),
        }],
        ..Faults::default()
    };
    let net = Net::<Bank>::new(roster, ALGORITHM, ledger)
        .seed(seed)
        .faults(plan.faults(faults))
        .workload(items);
    let net = adversaries
        .iter()
        .zip(NAMES.iter().rev())
        .fold(net, |net, (kind, name)| net.adversary(name, kind.build()));
    let report = networks::run_net(net);
    honest(&report);
    let mut refused: Vec<u64> = report.refused.iter().map(|refused| refused.tag).collect();
    refused.sort_unstable();
    assert_eq!(refused, wrong, "seed {seed}: the same rows are refused");
    if adversaries.is_empty() {
        for replica in &report.finals {
            let copy = replica.copy.as_ref().unwrap();
            let balances: BTreeMap<Actor, u128> = copy
                .accounts()
                .map(|(a, balance)| (a, balance.into()))
                .collect();
            assert_eq!(balances, expected, "seed {seed}");
        }
    }
}

#[test]
fn a_ledger_comes_to_what_the_paper_says_whatever_the_network_does() {
    networks::check(10, 150, |plan| run(plan, &[]));
}

#[test]
fn adversaries_among_the_members_change_no_row_of_the_others() {
    networks::check(10, 150, |plan| {
        let first = [AdversaryKind::Replayer, AdversaryKind::Impersonator];
        run(
            plan,
            &[first[plan.number as usize % 2], AdversaryKind::Silent],
        );
    });
}
