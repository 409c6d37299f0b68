//! The bank against the algorithm of the paper.

use bft_crdts::SecureBroadcastAlgorithm;
use bft_crdts::bank::at2::Account;
use bft_crdts::bank::{Invalid, Op};
use quickcheck_macros::quickcheck;

use super::actor;
use super::world::World;
use crate::seed::Seed;

/// Whatever a replica tries, the bank and the paper's `Valid` agree on it; and they agree on every balance at every
/// replica at every time.
#[quickcheck]
fn the_bank_decides_and_counts_as_the_paper_does(seed: Seed) {
    let mut world = World::new(seed.rng());
    world.run(40, |world| {
        for place in 0..world.replicas.len() {
            let op = world.attempt(place);
            let dot = world.next_dot(place);
            let replica = &world.replicas[place];
            let (transfer, deps) = replica.in_the_paper(&dot, &op);
            let paper = replica.paper.valid(&dot.actor, &transfer, &deps);
            match replica.bank.validate(&dot, &op) {
                // Rules of ours that the paper does not have.
                Err(Invalid::SelfTransfer | Invalid::NoAccount(_)) => {}
                bank => assert_eq!(bank.is_ok(), paper, "{dot}: {op:?}: {bank:?}"),
            }
        }
        for replica in &world.replicas {
            for (owner, balance) in replica.bank.accounts() {
                assert_eq!(u128::from(balance), replica.paper.read(&Account::Of(owner)));
            }
        }
    });
}

/// In one place, one after the other: `Bank::transfer` succeeds exactly when the paper's operation does, with the same
/// refusal, and both end with the same balances.
#[quickcheck]
fn a_ledger_comes_to_what_the_oracle_says(seed: Seed) {
    use bft_crdts::bank::at2::Oracle;
    use bft_crdts::{Bank, Counter, Dot};
    use rand::RngExt;

    let mut rng = seed.rng();
    let n = rng.random_range(2..=6u8);
    let accounts: Vec<_> = (1..=n)
        .map(|tag| (actor(tag), rng.random_range(0..50)))
        .collect();
    let issuers = [(actor(n + 1), 40)];
    let ledger = bft_crdts::bank::Ledger::genesis(accounts.clone(), issuers).unwrap();
    let mut oracle = Oracle::new(accounts, issuers);
    let mut bank = Bank::new(actor(1));
    bank.sync_from(ledger);
    for counter in 1..=60 {
        let from = actor(rng.random_range(1..=n + 1));
        let to = actor(rng.random_range(1..=n + 1));
        let amount = rng.random_range(0..40);
        let dot = Dot::new(from, Counter::new(counter));
        let (op, expected) = if rng.random_bool(0.1) {
            (Ok(Op::Issue { to, amount }), oracle.issue(from, to, amount))
        } else {
            (
                bank.transfer(&from, to, amount),
                oracle.transfer(from, to, amount),
            )
        };
        let verdict = op.and_then(|op| {
            bank.validate(&dot, &op)?;
            bank.apply(dot, op);
            Ok(())
        });
        assert_eq!(verdict, expected, "{from} pays {to} {amount}");
        let balances = bank
            .accounts()
            .map(|(owner, balance)| (owner, u128::from(balance)));
        assert_eq!(balances.collect::<Vec<_>>(), oracle.balances());
    }
}
