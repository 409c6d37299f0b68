//! The paper's algorithm as transcribed: the properties the paper gives it, so that the oracle can be trusted.

use std::collections::BTreeSet;

use bft_crdts::Actor;
use bft_crdts::bank::Invalid;
use bft_crdts::bank::at2::{Account, Oracle, Process, Transfer};

fn actor(tag: u8) -> Actor {
    Actor::from_bytes([tag; 32])
}

fn of(tag: u8) -> Account {
    Account::Of(actor(tag))
}

fn transfer(from: u8, to: u8, amount: u64, seq: u64) -> Transfer {
    let (from, to) = (of(from), of(to));
    Transfer {
        from,
        to,
        amount,
        seq,
    }
}

/// Three accounts holding 10, 0 and 0.
fn process() -> Process {
    Process::new([(actor(1), 10), (actor(2), 0), (actor(3), 0)], [])
}

fn none() -> BTreeSet<Transfer> {
    BTreeSet::new()
}

#[test]
fn only_the_owner_debits_an_account() {
    let p = process();
    let t = transfer(1, 2, 5, 1);
    assert!(p.valid(&actor(1), &t, &none()));
    assert!(!p.valid(&actor(2), &t, &none()));
}

#[test]
fn transfers_of_one_source_are_validated_in_order_without_gaps() {
    let mut p = process();
    assert!(!p.valid(&actor(1), &transfer(1, 2, 1, 2), &none()));
    assert!(p.deliver(&actor(1), transfer(1, 2, 1, 1), &none()));
    assert!(!p.valid(&actor(1), &transfer(1, 2, 1, 1), &none()), "once");
    assert!(p.valid(&actor(1), &transfer(1, 2, 1, 2), &none()));
    assert_eq!(p.seq(&actor(1)), 1);
}

#[test]
fn nothing_is_spent_twice() {
    let mut p = process();
    assert!(p.deliver(&actor(1), transfer(1, 2, 7, 1), &none()));
    assert!(!p.deliver(&actor(1), transfer(1, 3, 7, 2), &none()));
    assert!(p.deliver(&actor(1), transfer(1, 3, 3, 2), &none()));
    let balances = [1, 2, 3].map(|tag| p.read(&of(tag)));
    assert_eq!(balances, [0, 7, 3]);
}

#[test]
fn money_received_is_spent_by_naming_where_it_came_from() {
    let mut p = process();
    let credit = transfer(1, 2, 7, 1);
    let spend = transfer(2, 3, 7, 1);
    let named = BTreeSet::from([credit]);
    assert!(
        !p.valid(&actor(2), &spend, &named),
        "not validated here yet"
    );
    assert!(p.deliver(&actor(1), credit, &none()));
    assert!(!p.valid(&actor(2), &spend, &none()), "not named");
    let other = BTreeSet::from([transfer(1, 2, 9, 1)]);
    assert!(!p.valid(&actor(2), &spend, &other), "named otherwise");
    assert!(p.deliver(&actor(2), spend, &named));
    assert!(
        !p.valid(&actor(2), &transfer(2, 3, 7, 2), &named),
        "named again"
    );
}

#[test]
fn equal_payments_are_two_payments() {
    let mut oracle = Oracle::new([(actor(1), 10), (actor(2), 0)], []);
    for _ in 0..2 {
        oracle.transfer(actor(1), actor(2), 4).unwrap();
    }
    assert_eq!(oracle.balances(), [(actor(1), 2), (actor(2), 8)]);
}

/// A ledger worked out by hand.
#[test]
fn the_oracle_keeps_a_ledger() {
    let mut oracle = Oracle::new(
        [(actor(1), 10), (actor(2), 0), (actor(3), 1)],
        [(actor(9), 4)],
    );
    oracle.transfer(actor(1), actor(2), 7).unwrap(); // 3 7 1
    oracle.transfer(actor(2), actor(3), 6).unwrap(); // 3 1 7
    let (have, need) = (1, 2);
    let overdraft = Err(Invalid::Overdraft { have, need });
    assert_eq!(oracle.transfer(actor(2), actor(1), need), overdraft);
    oracle.transfer(actor(3), actor(1), 7).unwrap(); // 10 1 0
    oracle.issue(actor(9), actor(3), 3).unwrap(); // 10 1 3
    let (cap, issued, amount) = (4, 3, 2);
    let exceeded = Err(Invalid::CapExceeded {
        cap,
        issued,
        amount,
    });
    assert_eq!(oracle.issue(actor(9), actor(3), amount), exceeded);
    oracle.transfer(actor(3), actor(2), 2).unwrap(); // 10 3 1
    assert_eq!(
        oracle.balances(),
        [(actor(1), 10), (actor(2), 3), (actor(3), 1)]
    );
    assert_eq!(oracle.balance(&actor(2)), Some(3));
    assert_eq!(oracle.balance(&actor(9)), None);
}

#[test]
fn what_is_no_transfer_is_refused() {
    let mut oracle = Oracle::new([(actor(1), 10), (actor(2), 0)], []);
    let before = oracle.clone();
    let [ann, bob, nobody] = [1, 2, 7].map(actor);
    assert_eq!(oracle.transfer(ann, bob, 0), Err(Invalid::Zero));
    assert_eq!(oracle.transfer(ann, ann, 1), Err(Invalid::SelfTransfer));
    assert_eq!(
        oracle.transfer(ann, nobody, 1),
        Err(Invalid::NoAccount(nobody))
    );
    assert_eq!(
        oracle.transfer(nobody, ann, 1),
        Err(Invalid::NoAccount(nobody))
    );
    assert_eq!(oracle.issue(ann, ann, 1), Err(Invalid::NotIssuer));
    assert_eq!(oracle, before);
}
