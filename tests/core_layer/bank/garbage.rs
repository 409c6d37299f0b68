//! Operations nobody honest would make, in an order nobody honest would deliver them in.

use std::collections::BTreeSet;

use bft_crdts::bank::{Bank, Op};
use bft_crdts::codec::{decode, encode};
use bft_crdts::traits::validate_one_by_one;
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm};
use quickcheck_macros::quickcheck;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::world::World;
use super::{actor, bank, dot, issue, pay, step};
use crate::seed::Seed;

fn somebody(rng: &mut ChaCha8Rng) -> Actor {
    actor(rng.random_range(0..=7))
}

fn counter(rng: &mut ChaCha8Rng) -> Counter {
    Counter::new(match rng.random_range(0..8) {
        0 => rng.random(),
        1 => u64::MAX - rng.random_range(0..4),
        _ => rng.random_range(0..12),
    })
}

fn amount(rng: &mut ChaCha8Rng, bank: &Bank) -> u64 {
    let balances: Vec<u64> = bank.accounts().map(|(_, balance)| balance).collect();
    let balance = *balances.choose(rng).unwrap();
    match rng.random_range(0..6) {
        0 => rng.random(),
        1 => balance,
        _ => rng.random_range(0..=balance / 3),
    }
}

fn op(rng: &mut ChaCha8Rng, bank: &Bank) -> Op {
    let (to, amount) = (somebody(rng), amount(rng, bank));
    if rng.random_bool(0.2) {
        return Op::Issue { to, amount };
    }
    let many = [0, 0, 0, 1, 1, 2, 5].choose(rng).copied().unwrap();
    let causes: BTreeSet<Dot> = (0..many)
        .map(|_| Dot::new(somebody(rng), counter(rng)))
        .collect();
    Op::Transfer { to, amount, causes }
}

/// A bank somewhere in a history.
fn some_bank(rng: ChaCha8Rng) -> (Bank, ChaCha8Rng) {
    let mut world = World::new(rng);
    for _ in 0..20 {
        world.act();
        world.deliver_any();
    }
    let place = world.rng.random_range(0..world.replicas.len());
    (world.replicas.swap_remove(place).bank, world.rng)
}

/// No operation under any name makes the bank panic, or makes or loses money; and one that is not valid changes nothing.
#[quickcheck]
fn garbage_neither_panics_nor_makes_money(seed: Seed) {
    let (mut bank, mut rng) = some_bank(seed.rng());
    for _ in 0..60 {
        let dot = Dot::new(somebody(&mut rng), counter(&mut rng));
        let op = op(&mut rng, &bank);
        let issued = |bank: &Bank| -> u64 { bank.ledger().issuers().map(|i| i.2).sum() };
        let money = bank.supply() - issued(&bank);
        let _ = step(&mut bank, dot, &op);
        assert_eq!(bank.supply() - issued(&bank), money);
        // What is kept beside the encoded state is what the state comes to, and the state is one a genesis could lead to.
        assert_eq!(decode(&encode(bank.ledger())).as_ref(), Ok(bank.ledger()));
    }
}

/// The running balances decide as validating and applying one after the other does, for good and bad batches.
#[quickcheck]
fn a_batch_is_judged_as_its_operations_in_turn(seed: Seed) {
    let (bank, mut rng) = some_bank(seed.rng());
    let many = rng.random_range(0..12);
    let mut ops: Vec<Op> = (0..many).map(|_| op(&mut rng, &bank)).collect();
    let source = somebody(&mut rng);
    let first = Dot::new(source, counter(&mut rng));
    for attempt in 0..=many {
        let batch = bank.validate_batch(&first, &ops);
        assert_eq!(
            batch,
            validate_one_by_one(&bank, &first, &ops),
            "attempt {attempt}"
        );
        // Take out what is refused, so that valid tails are judged too.
        match batch {
            Ok(()) => break,
            Err((index, _)) => drop(ops.remove(index)),
        }
    }
}

/// What an owner with credits might try to spend twice: transfers that claim and reclaim, with amounts around what is left.
#[quickcheck]
fn a_batch_that_claims_is_judged_as_its_operations_in_turn(seed: Seed) {
    let mut rng = seed.rng();
    let mut bank = bank(&[(1, 5), (2, 90), (3, 90)], &[(1, 9), (4, 20)]);
    for counter in 1..=6 {
        let (from, amount) = (rng.random_range(2..=4), rng.random_range(1..=5));
        let op = if from == 4 {
            issue(1, amount)
        } else {
            pay(1, amount, &[])
        };
        let _ = step(&mut bank, dot(from, counter), &op);
    }
    let mut ops = Vec::new();
    for _ in 0..8 {
        let payers = (2..=4)
            .filter(|_| rng.random_bool(0.4))
            .collect::<Vec<u8>>();
        let causes: Vec<Dot> = payers
            .into_iter()
            .map(|payer| dot(payer, rng.random_range(1..=7)))
            .collect();
        let amount = rng.random_range(1..=9);
        ops.push(if rng.random_bool(0.1) {
            issue(1, amount)
        } else {
            pay(2, amount, &causes)
        });
    }
    let first = dot(1, 1);
    while let Err((index, why)) = bank.validate_batch(&first, &ops) {
        let in_turn = validate_one_by_one(&bank, &first, &ops);
        assert_eq!(in_turn, Err((index, why)));
        ops.remove(index);
    }
    assert_eq!(validate_one_by_one(&bank, &first, &ops), Ok(()));
}

/// A batch of what a source really issues is valid as a whole, and so it is elsewhere.
#[quickcheck]
fn a_batch_of_drafted_transfers_is_valid(seed: Seed) {
    let (bank, mut rng) = some_bank(seed.rng());
    let source = somebody(&mut rng);
    let mut spending = bank.spending(&source);
    let drafted: Vec<Op> = (0..20)
        .filter_map(|_| {
            spending
                .transfer(somebody(&mut rng), amount(&mut rng, &bank))
                .ok()
        })
        .collect();
    let first = Dot::new(source, Counter::new(1_000));
    assert_eq!(bank.validate_batch(&first, &drafted), Ok(()));
    assert_eq!(validate_one_by_one(&bank, &first, &drafted), Ok(()));
}
