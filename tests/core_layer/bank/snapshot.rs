//! State handed over: what comes back is the same, and what could not have come about is refused.

use bft_crdts::bank::{Bank, Ledger};
use bft_crdts::codec::{decode, encode};
use bft_crdts::{Actor, DecodeError, SecureBroadcastAlgorithm};
use quickcheck_macros::quickcheck;
use rand::RngExt;

use super::world::World;
use super::{actor, bank, dot, pay, step};
use crate::seed::Seed;

/// Snapshot and tail = replay: the state decoded at any moment continues as the original does.
#[quickcheck]
fn a_snapshot_continues_like_the_original(seed: Seed) {
    let mut world = World::new(seed.rng());
    let cut = world.rng.random_range(0..60);
    let mut copies = None;
    let mut steps = 0;
    world.run(60, |world| {
        if steps == cut {
            let copied = world.replicas.iter().map(|original| {
                let bytes = encode(&original.bank.state());
                let mut copy = original.clone();
                copy.bank = Bank::new(original.bank.actor());
                copy.bank.sync_from(decode(&bytes).unwrap());
                assert_eq!(copy.bank, original.bank);
                copy
            });
            copies = Some(copied.collect::<Vec<_>>());
        }
        steps += 1;
    });
    for (mut copy, original) in copies.unwrap().into_iter().zip(&world.replicas) {
        while let Some(message) = world.messages.iter().find(|m| copy.awaits(m)) {
            copy.deliver(message);
        }
        assert_eq!(copy.bank, original.bank);
    }
}

/// A ledger spelled out: accounts with what is spendable and, by payer, what was claimed last and what was not; issuers
/// with cap and issued.
type Spelled<'a> = (
    &'a [(Actor, (u64, Vec<(Actor, (u64, Vec<(u64, u64)>))>))],
    &'a [(Actor, (u64, u64))],
);

fn read(spelled: Spelled<'_>) -> Result<Ledger, String> {
    decode(&encode(&spelled)).map_err(|error| match error {
        DecodeError::Malformed(why) => why,
        other => panic!("{other}"),
    })
}

#[test]
fn the_spelling_is_that_of_a_ledger() {
    let mut bank = bank(&[(1, 10), (2, 3)], &[(9, 5)]);
    step(&mut bank, dot(1, 4), &pay(2, 6, &[])).unwrap();
    step(&mut bank, dot(1, 5), &pay(2, 1, &[])).unwrap();
    step(&mut bank, dot(2, 1), &pay(1, 5, &[dot(1, 4)])).unwrap();
    let accounts = [
        (actor(1), (3, vec![(actor(2), (0, vec![(1, 5)]))])),
        (actor(2), (4, vec![(actor(1), (4, vec![(5, 1)]))])),
    ];
    let spelled = (&accounts[..], &[(actor(9), (5, 0))][..]);
    assert_eq!(read(spelled).as_ref(), Ok(bank.ledger()));
}

/// A snapshot is proven by certificates; but even an unproven one that nobody checked cannot break conservation.
#[test]
fn a_forged_ledger_is_refused() {
    let from = |tag: u8, claimed, credits: &[(u64, u64)]| {
        (0, vec![(actor(tag), (claimed, credits.to_vec()))])
    };
    let refuse = |accounts: &[_], issuers: &[_], expected: &str| {
        let why = read((accounts, issuers)).unwrap_err();
        assert!(why.contains(expected), "{why}");
    };
    let plain = |tag, amount| (actor(tag), (amount, vec![]));
    let max = u64::MAX;
    refuse(&[plain(1, max), plain(2, 1)], &[], "exceed 64 bits");
    refuse(&[plain(1, max)], &[(actor(9), (2, 1))], "exceed 64 bits");
    refuse(&[plain(1, 0)], &[(actor(9), (2, 3))], "past its cap");
    refuse(&[plain(2, 0), plain(1, 0)], &[], "increasing order");
    refuse(&[plain(1, 0), plain(1, 0)], &[], "increasing order");
    let impossible = |incoming| {
        let accounts = [(actor(1), incoming), plain(2, 0)];
        refuse(&accounts, &[], "impossible credits");
    };
    impossible(from(1, 0, &[(1, 5)])); // from itself
    impossible(from(7, 0, &[(1, 5)])); // from nobody
    impossible(from(2, 0, &[])); // an entry about nothing
    impossible(from(2, 0, &[(0, 5)])); // before the first operation
    impossible(from(2, 0, &[(1, 0)])); // of nothing
    impossible(from(2, 3, &[(3, 5)])); // claimed already
    impossible(from(2, 0, &[(2, 5), (2, 5)])); // twice
    impossible(from(2, 0, &[(3, 5), (2, 5)])); // out of order
    impossible(from(2, 0, &[(1, max), (2, 1)])); // more than there can be
    impossible((1, vec![(actor(2), (0, vec![(1, max)]))]));
}
