//! Every rule, with the refusal that names it.

use bft_crdts::bank::{Invalid, Ledger, LedgerError};
use bft_crdts::codec::encode;
use bft_crdts::{Causes, SecureBroadcastAlgorithm};

use super::{actor, balance, bank, dot, issue, pay, step};

/// threats.md, row 32.
#[test]
fn zero_and_self_transfers_are_refused() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[(1, 5)]);
    assert_eq!(
        step(&mut bank, dot(1, 1), &pay(2, 0, &[])),
        Err(Invalid::Zero)
    );
    assert_eq!(step(&mut bank, dot(1, 1), &issue(2, 0)), Err(Invalid::Zero));
    let to_self = step(&mut bank, dot(1, 1), &pay(1, 5, &[]));
    assert_eq!(to_self, Err(Invalid::SelfTransfer));
    assert_eq!(bank.supply(), 10);
}

/// threats.md, row 33. In the ancestor one more transfer to a full account panicked every replica.
#[test]
fn no_balance_can_overflow() {
    let max = u64::MAX;
    let genesis = |accounts: &[u64], caps: &[u64]| {
        let named = |amounts: &[u64]| {
            let tags = (1..).zip(amounts.to_vec());
            tags.map(|(tag, amount)| (actor(tag), amount))
                .collect::<Vec<_>>()
        };
        Ledger::genesis(named(accounts), named(caps)).map(drop)
    };
    let too_large = Err(LedgerError::SupplyTooLarge);
    assert_eq!(genesis(&[max, 1], &[]), too_large);
    assert_eq!(genesis(&[max], &[1]), too_large);
    assert_eq!(genesis(&[1], &[max, max]), too_large);
    assert_eq!(genesis(&[max - 1], &[1]), Ok(()));

    // The fullest bank there can be: everything moves to one account, the last unit is issued, and it fits.
    let mut bank = bank(&[(1, max - 2), (2, 1)], &[(3, 1)]);
    step(&mut bank, dot(2, 1), &pay(1, 1, &[])).unwrap();
    step(&mut bank, dot(3, 1), &issue(1, 1)).unwrap();
    assert_eq!(balance(&bank, 1), max);
    assert_eq!(bank.supply(), max);
    let all = pay(2, max, &[dot(2, 1), dot(3, 1)]);
    step(&mut bank, dot(1, 1), &all).unwrap();
    assert_eq!((balance(&bank, 1), balance(&bank, 2)), (0, max));
}

/// threats.md, row 34. Money comes from the genesis or from an issuer named there, within its cap.
#[test]
fn nobody_mints_but_an_issuer_within_its_cap() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[(9, 5)]);
    let refused = step(&mut bank, dot(1, 1), &issue(1, 1));
    assert_eq!(refused, Err(Invalid::NotIssuer));
    step(&mut bank, dot(9, 1), &issue(2, 3)).unwrap();
    let (cap, issued, amount) = (5, 3, 3);
    let exceeded = Err(Invalid::CapExceeded {
        cap,
        issued,
        amount,
    });
    assert_eq!(step(&mut bank, dot(9, 2), &issue(2, amount)), exceeded);
    let (issued, amount) = (3, u64::MAX);
    let exceeded = Err(Invalid::CapExceeded {
        cap,
        issued,
        amount,
    });
    assert_eq!(step(&mut bank, dot(9, 2), &issue(2, amount)), exceeded);
    step(&mut bank, dot(9, 2), &issue(1, 2)).unwrap();
    assert_eq!(bank.issued(&actor(9)), Some(5));
    assert_eq!(bank.issued(&actor(1)), None);
    assert_eq!(bank.supply(), 15);
}

/// threats.md, row 35. In the ancestor a member without an account panicked every validator.
#[test]
fn who_has_no_account_neither_pays_nor_is_paid() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[(9, 5)]);
    let no_account = |tag| Err(Invalid::NoAccount(actor(tag)));
    assert_eq!(step(&mut bank, dot(7, 1), &pay(1, 1, &[])), no_account(7));
    assert_eq!(step(&mut bank, dot(1, 1), &pay(7, 1, &[])), no_account(7));
    assert_eq!(step(&mut bank, dot(9, 1), &pay(1, 1, &[])), no_account(9));
    assert_eq!(step(&mut bank, dot(9, 1), &issue(9, 1)), no_account(9));
    let cites_nobody = pay(2, 1, &[dot(7, 1)]);
    assert_eq!(step(&mut bank, dot(1, 1), &cites_nobody), no_account(7));
    assert_eq!(bank.balance(&actor(7)), None);
}

#[test]
fn a_source_spends_only_what_it_has_or_claims() {
    let mut bank = bank(&[(1, 10), (2, 3), (3, 0)], &[]);
    let overdraft = |have, need| Err(Invalid::Overdraft { have, need });
    assert_eq!(
        step(&mut bank, dot(1, 1), &pay(2, 11, &[])),
        overdraft(10, 11)
    );
    step(&mut bank, dot(1, 1), &pay(2, 6, &[])).unwrap();
    step(&mut bank, dot(1, 2), &pay(2, 2, &[])).unwrap();
    assert_eq!(balance(&bank, 2), 11);
    // What is not claimed cannot be spent, however large the balance.
    assert_eq!(step(&mut bank, dot(2, 1), &pay(3, 4, &[])), overdraft(3, 4));
    // One dot claims all earlier credits of its payer, and no later one.
    let first = pay(3, 10, &[dot(1, 1)]);
    assert_eq!(step(&mut bank, dot(2, 1), &first), overdraft(9, 10));
    step(&mut bank, dot(2, 1), &pay(3, 11, &[dot(1, 2)])).unwrap();
    assert_eq!((balance(&bank, 2), balance(&bank, 3)), (0, 11));
}

#[test]
fn a_credit_is_claimed_once() {
    let mut bank = bank(&[(1, 10), (2, 0), (3, 0)], &[]);
    step(&mut bank, dot(1, 1), &pay(2, 4, &[])).unwrap();
    step(&mut bank, dot(2, 1), &pay(3, 1, &[dot(1, 1)])).unwrap();
    // Citing it again is harmless and worth nothing.
    step(&mut bank, dot(2, 2), &pay(3, 3, &[dot(1, 1)])).unwrap();
    let (have, need) = (0, 1);
    let again = step(&mut bank, dot(2, 3), &pay(3, need, &[dot(1, 1)]));
    assert_eq!(again, Err(Invalid::Overdraft { have, need }));
    assert_eq!(bank.supply(), 10);
}

/// threats.md, row 37: causes are dots, at most one per payer, none of the source's own.
#[test]
fn causes_are_dots_with_one_spelling() {
    let mut bank = bank(&[(1, 10), (2, 10)], &[]);
    let twice = pay(2, 1, &[dot(2, 1), dot(2, 2)]);
    let refused = step(&mut bank, dot(1, 1), &twice);
    assert_eq!(refused, Err(Invalid::TwoCausesOfOnePayer(actor(2))));
    let own = step(&mut bank, dot(1, 2), &pay(2, 1, &[dot(1, 1)]));
    assert_eq!(own, Err(Invalid::OwnCause));
}

/// threats.md, row 37, and defect C5: in the ancestor a message grew from 156 to 3,036 bytes in 32 payments.
#[test]
fn an_operation_keeps_its_size_however_long_the_history() {
    let mut bank = bank(&[(1, 1_000), (2, 1_000)], &[]);
    let mut sizes = Vec::new();
    for round in 1..=200 {
        let there = bank.transfer(&actor(1), actor(2), 900).unwrap();
        step(&mut bank, dot(1, round), &there).unwrap();
        let back = bank.transfer(&actor(2), actor(1), 900).unwrap();
        step(&mut bank, dot(2, round), &back).unwrap();
        sizes.push(encode(&there).len().max(encode(&back).len()));
    }
    assert_eq!(sizes.iter().max(), sizes.get(2), "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 80), "{sizes:?}");
}

/// threats.md, row 36: what a transfer spends is among its causes, so a replica that has not delivered the deposit waits
/// instead of refusing.
#[test]
fn what_a_transfer_claims_is_what_it_must_wait_for() {
    let mut bank = bank(&[(1, 10), (2, 0), (3, 0)], &[]);
    step(&mut bank, dot(1, 1), &pay(2, 7, &[])).unwrap();
    let op = bank.transfer(&actor(2), actor(3), 7).unwrap();
    assert_eq!(bank.causes(&op), Causes::Dots([dot(1, 1)].into()));
    let op = bank.transfer(&actor(1), actor(3), 1).unwrap();
    assert_eq!(
        bank.causes(&op),
        Causes::Dots([].into()),
        "nothing claimed, nothing awaited"
    );
    assert_eq!(bank.causes(&issue(1, 1)), Causes::Nothing);
}

/// Defect C1: in the ancestor a history was a set of transfers without identity.
#[test]
fn two_equal_payments_move_the_money_twice() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[]);
    let same = pay(2, 4, &[]);
    step(&mut bank, dot(1, 1), &same).unwrap();
    step(&mut bank, dot(1, 2), &same).unwrap();
    assert_eq!((balance(&bank, 1), balance(&bank, 2)), (2, 8));
}

/// The broadcast never delivers a dot twice (G2); if it did, the bank would not pay twice.
#[test]
fn one_dot_pays_once() {
    let mut bank = bank(&[(1, 10), (2, 0)], &[]);
    let op = pay(2, 4, &[]);
    step(&mut bank, dot(1, 5), &op).unwrap();
    for counter in [1, 4, 5] {
        let again = dot(1, counter);
        assert_eq!(step(&mut bank, again, &op), Err(Invalid::Replayed(again)));
    }
    // Also when the credit has been claimed and spent since.
    step(&mut bank, dot(2, 1), &pay(1, 4, &[dot(1, 5)])).unwrap();
    assert_eq!(
        step(&mut bank, dot(1, 5), &op),
        Err(Invalid::Replayed(dot(1, 5)))
    );
}

#[test]
fn an_issuer_with_an_account_may_fund_itself() {
    let mut bank = bank(&[(1, 0), (2, 0)], &[(1, 5)]);
    step(&mut bank, dot(1, 1), &issue(1, 5)).unwrap();
    step(&mut bank, dot(1, 2), &pay(2, 5, &[])).unwrap();
    assert_eq!(balance(&bank, 2), 5);
    assert_eq!(bank.supply(), 5);
}

#[test]
fn a_genesis_names_nobody_twice() {
    let twice = Err(LedgerError::NamedTwice(actor(1)));
    assert_eq!(Ledger::genesis([(actor(1), 1), (actor(1), 1)], []), twice);
    assert_eq!(Ledger::genesis([], [(actor(1), 1), (actor(1), 1)]), twice);
}

#[test]
fn a_new_bank_is_empty() {
    use bft_crdts::bank::Bank;
    let mut bank = Bank::new(actor(1));
    assert_eq!((bank.supply(), bank.accounts().len()), (0, 0));
    let nobody = Err(Invalid::NoAccount(actor(1)));
    assert_eq!(step(&mut bank, dot(1, 1), &pay(2, 1, &[])), nobody);
}
