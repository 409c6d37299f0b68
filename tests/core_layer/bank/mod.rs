//! The bank: its rules one by one, and what must hold whatever happens.

mod always;
mod garbage;
mod paper;
mod rules;
mod snapshot;
mod transfer;
mod world;

use std::collections::BTreeSet;

use bft_crdts::bank::{Bank, Invalid, Ledger, Op};
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};

/// The actor with this tag.
fn actor(tag: u8) -> Actor {
    Actor::from_bytes([tag; 32])
}

/// The operation of actor `tag` with number `counter`.
fn dot(tag: u8, counter: u64) -> Dot {
    Dot::new(actor(tag), Counter::new(counter))
}

fn pay(to: u8, amount: u64, causes: &[Dot]) -> Op {
    Bank::transfer_citing(
        actor(to),
        amount,
        BTreeSet::from_iter(causes.iter().copied()),
    )
}

fn issue(to: u8, amount: u64) -> Op {
    let to = actor(to);
    Op::Issue { to, amount }
}

/// A bank with these accounts and issuers.
fn bank(accounts: &[(u8, u64)], issuers: &[(u8, u64)]) -> Bank {
    let named = |(tag, amount): &(u8, u64)| (actor(*tag), *amount);
    let ledger = Ledger::genesis(accounts.iter().map(named), issuers.iter().map(named)).unwrap();
    let mut bank = Bank::new(actor(0));
    bank.sync_from(ledger);
    bank
}

/// Validates an operation and applies it if it is valid; if not, applying it changes nothing.
fn step(bank: &mut Bank, dot: Dot, op: &Op) -> Result<(), Invalid> {
    let verdict = bank.validate(&dot, op);
    let before = bank.clone();
    bank.apply(dot, op.clone());
    assert_eq!(*bank == before, verdict.is_err(), "{op:?}: {verdict:?}");
    verdict
}

fn balance(bank: &Bank, tag: u8) -> u64 {
    bank.balance(&actor(tag)).unwrap()
}
