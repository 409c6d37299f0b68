//! Transfers as a source builds them: what they cite, and what is under way already.

use std::collections::BTreeSet;

use bft_crdts::bank::{Invalid, Op};
use bft_crdts::{Dot, SecureBroadcastAlgorithm};
use quickcheck_macros::quickcheck;
use rand::RngExt;

use super::world::World;
use super::{actor, bank, dot, pay, step};
use crate::seed::Seed;

fn causes(op: &Op) -> Vec<Dot> {
    match op {
        Op::Transfer { causes, .. } => causes.iter().copied().collect(),
        Op::Issue { .. } => panic!("not a transfer"),
    }
}

/// An owner can spend its balance, all of it, and nothing more.
#[quickcheck]
fn a_transfer_is_found_exactly_when_the_balance_suffices(seed: Seed) {
    World::new(seed.rng()).run(30, |world| {
        for (place, from) in world.actors.iter().enumerate() {
            let bank = &world.replicas[place].bank;
            let Some(balance) = bank.balance(from) else {
                continue;
            };
            let to = if *from == actor(1) {
                actor(2)
            } else {
                actor(1)
            };
            if balance > 0 {
                let op = bank.transfer(from, to, balance).unwrap();
                assert_eq!(bank.validate(&world.next_dot(place), &op), Ok(()));
            }
            if let Some(need) = balance.checked_add(1) {
                let have = balance;
                let refused = bank.transfer(from, to, need);
                assert_eq!(refused, Err(Invalid::Overdraft { have, need }));
            }
        }
    });
}

/// No smaller set of payers would do: tried out, all of them.
#[quickcheck]
fn no_transfer_could_cite_fewer_payers(seed: Seed) {
    let mut rng = seed.rng();
    let own = rng.random_range(0..5);
    let mut bank = bank(&[(1, own), (2, 90), (3, 90), (4, 90), (5, 90)], &[]);
    for counter in 1..=8 {
        let payer = rng.random_range(2..=5);
        let op = pay(1, rng.random_range(1..=10), &[]);
        step(&mut bank, dot(payer, counter), &op).unwrap();
    }
    let amount = rng.random_range(1..=bank.balance(&actor(1)).unwrap());
    let op = bank.transfer(&actor(1), actor(2), amount).unwrap();
    let cited = causes(&op).len();
    for subset in 0u8..16 {
        let payers = (2..=5).filter(|payer| subset >> (payer - 2) & 1 == 1);
        let all: Vec<Dot> = payers.map(|payer| dot(payer, 8)).collect();
        if all.len() < cited {
            let fewer = bank.validate(&dot(1, 1), &pay(2, amount, &all));
            assert!(
                matches!(fewer, Err(Invalid::Overdraft { .. })),
                "{op:?} {all:?}"
            );
        }
    }
}

#[test]
fn a_transfer_cites_nothing_it_does_not_need() {
    let mut bank = bank(&[(1, 5), (2, 20), (3, 20), (4, 0)], &[]);
    for (counter, amount) in [(1, 2), (2, 3), (3, 4)] {
        step(&mut bank, dot(2, counter), &pay(1, amount, &[])).unwrap();
    }
    step(&mut bank, dot(3, 1), &pay(1, 9, &[])).unwrap();
    let cites = |amount| causes(&bank.transfer(&actor(1), actor(4), amount).unwrap());
    assert_eq!(cites(5), [], "what is spendable suffices");
    // Both payers gave nine: of equals the lower key, and of it the oldest credits that suffice.
    assert_eq!(cites(6), [dot(2, 1)]);
    assert_eq!(cites(7), [dot(2, 1)]);
    assert_eq!(cites(8), [dot(2, 2)]);
    assert_eq!(cites(14), [dot(2, 3)]);
    assert_eq!(cites(15), [dot(2, 3), dot(3, 1)]);
}

/// A source that does not wait for its own operations counts them in its purse, and none of them is refused later.
#[test]
fn a_spending_counts_what_is_under_way() {
    let mut bank = bank(&[(1, 10), (2, 7), (3, 0)], &[(1, 4)]);
    step(&mut bank, dot(2, 1), &pay(1, 7, &[])).unwrap();
    let mut spending = bank.spending(&actor(1));
    let first = spending.transfer(actor(3), 8).unwrap();
    assert_eq!((causes(&first), spending.spendable()), (vec![], 2));
    let second = spending.transfer(actor(3), 5).unwrap();
    assert_eq!(
        (causes(&second), spending.spendable()),
        (vec![dot(2, 1)], 4)
    );
    let (have, need) = (4, 5);
    let third = spending.transfer(actor(3), need);
    assert_eq!(third, Err(Invalid::Overdraft { have, need }));
    let (to, amount) = (actor(1), 4);
    let issue = Op::Issue { to, amount };
    spending.expect(&issue).unwrap();
    let third = spending.transfer(actor(3), 8).unwrap();
    assert_eq!(spending.spendable(), 0);

    let batch = [first, second, issue, third];
    assert_eq!(bank.validate_batch(&dot(1, 1), &batch), Ok(()));
    for (counter, op) in (1..).zip(&batch) {
        step(&mut bank, dot(1, counter), op).unwrap();
    }
    assert_eq!(bank.balance(&actor(3)), Some(21));
}

/// Whatever is drafted one after the other: a transfer is found exactly when what is left suffices.
#[quickcheck]
fn a_spending_never_loses_count(seed: Seed) {
    let mut rng = seed.rng();
    let mut bank = bank(&[(1, 5), (2, 500), (3, 500), (4, 500)], &[]);
    for counter in 1..=20 {
        let op = pay(1, rng.random_range(1..=10), &[]);
        step(&mut bank, dot(rng.random_range(2..=4), counter), &op).unwrap();
    }
    let mut have = bank.balance(&actor(1)).unwrap();
    let mut spending = bank.spending(&actor(1));
    let mut drafted = Vec::new();
    for _ in 0..30 {
        let need = rng.random_range(1..=20);
        let op = spending.transfer(actor(2), need);
        match have.checked_sub(need) {
            Some(left) => {
                have = left;
                drafted.push(op.unwrap());
            }
            None => assert_eq!(op, Err(Invalid::Overdraft { have, need })),
        }
    }
    assert_eq!(bank.validate_batch(&dot(1, 1), &drafted), Ok(()));
}

/// Expecting a payment says nothing about which dots its payee has seen of the source before.
#[test]
fn a_spending_that_expects_still_knows_a_replay() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[]);
    step(&mut bank, dot(1, 5), &pay(2, 1, &[])).unwrap();
    let mut spending = bank.spending(&actor(1));
    spending.expect(&pay(2, 1, &[])).unwrap();
    let again = dot(1, 5);
    let refused = spending.admit(again.counter, &pay(2, 1, &[]));
    assert_eq!(refused, Err(Invalid::Replayed(again)));
}

/// A payer that must not touch certain credits (later rows of a file) is given only the others.
#[test]
fn a_transfer_claims_only_what_it_may() {
    let mut bank = bank(&[(1, 0), (2, 9), (3, 9)], &[]);
    for counter in 1..=3 {
        step(&mut bank, dot(2, counter), &pay(1, 3, &[])).unwrap();
    }
    step(&mut bank, dot(3, 1), &pay(1, 5, &[])).unwrap();
    let allowed = BTreeSet::from([dot(2, 1), dot(2, 3), dot(3, 1)]);
    let mut spending = bank.spending(&actor(1));
    // (2, 3) cannot be claimed without (2, 2).
    let (have, need) = (8, 9);
    let refused = spending.transfer_claiming(actor(2), need, |credit| allowed.contains(credit));
    assert_eq!(refused, Err(Invalid::Overdraft { have, need }));
    let op = spending.transfer_claiming(actor(2), 8, |credit| allowed.contains(credit));
    assert_eq!(causes(&op.unwrap()), [dot(2, 1), dot(3, 1)]);
}
