//! The bank on stage: payments are drawn, forged and audited with the simplest of books.

use std::collections::{BTreeMap, BTreeSet};

use super::{Auditor, SimAlgorithm};
use crate::actor::{Actor, Dot};
use crate::bank::{Bank, Ledger, Op};
use crate::net::details::Entry;
use crate::net::random::Stream;
use crate::net::roster::Names;

impl SimAlgorithm for Bank {
    fn auditor(genesis: &Ledger) -> Box<dyn Auditor<Self>> {
        Box::new(BankModel {
            balances: genesis
                .accounts()
                .map(|(account, balance)| (account, i128::from(balance)))
                .collect(),
            issuable: genesis
                .issuers()
                .map(|(issuer, cap, issued)| (issuer, cap.saturating_sub(issued)))
                .collect(),
        })
    }

    fn label(op: &Op, names: &Names) -> String {
        match op {
            Op::Transfer { to, amount, .. } => format!("pay {} {amount}", names.of(to)),
            Op::Issue { to, amount } => format!("issue {} {amount}", names.of(to)),
        }
    }

    fn state_label(&self, names: &Names) -> Option<String> {
        let accounts = self
            .accounts()
            .take(8)
            .map(|(account, balance)| format!("{} {balance}", names.of(&account)));
        let mut accounts: Vec<String> = accounts.collect();
        accounts.sort();
        Some(accounts.join(", "))
    }

    fn state_entries(&self, names: &Names) -> Vec<Entry> {
        let balance = |(account, balance): (Actor, u64)| {
            Entry::new("balance", names.of(&account), balance.to_string())
        };
        let mut entries: Vec<Entry> = self.accounts().map(balance).collect();
        entries.sort();
        let issued = |(issuer, cap, issued): (Actor, u64, u64)| {
            Entry::new("issued", names.of(&issuer), format!("{issued} of {cap}"))
        };
        entries.extend(self.ledger().issuers().map(issued));
        entries
    }

    /// Pays somebody up to half of what is there.
    fn draw(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<Op> {
        let to = other(me, everybody, stream)?;
        let balance = self.balance(me)?;
        let amount = stream.range(1, (balance / 2).max(1));
        self.transfer(me, to, amount).ok()
    }

    /// Spends everything twice, if there are two to pay.
    fn rivals(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<[Op; 2]> {
        let everything = self.spending(me).spendable();
        let one = other(me, everybody, stream)?;
        let two = (0..8).find_map(|_| other(me, everybody, stream).filter(|two| *two != one))?;
        Some([
            self.transfer(me, one, everything).ok()?,
            self.transfer(me, two, everything).ok()?,
        ])
    }

    fn invalid(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<Op> {
        let to = other(me, everybody, stream)?;
        let plain = |to, amount| Bank::transfer_citing(to, amount, BTreeSet::new());
        Some(match stream.below(6) {
            0 => plain(to, self.supply().saturating_add(1)),
            1 => plain(to, u64::MAX),
            2 => plain(to, 0),
            3 => plain(*me, 1),
            4 => plain(Actor::from_bytes(stream.bytes()), 1),
            _ => Op::Issue {
                to,
                amount: u64::MAX,
            },
        })
    }

    fn citing(
        &self,
        me: &Actor,
        cause: Dot,
        everybody: &[Actor],
        stream: &mut Stream,
    ) -> Option<Op> {
        let to = other(me, everybody, stream)?;
        Some(Bank::transfer_citing(to, 1, BTreeSet::from([cause])))
    }
}

fn other(me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<Actor> {
    (0..8).find_map(|_| stream.pick(everybody).filter(|other| *other != me).copied())
}

/// What everybody has, by plain addition: no credits, no claims, no causes.
#[derive(Debug)]
struct BankModel {
    balances: BTreeMap<Actor, i128>,
    issuable: BTreeMap<Actor, u64>,
}

impl Auditor<Bank> for BankModel {
    fn delivered(&mut self, dot: &Dot, op: &Op) -> Result<(), String> {
        let (to, amount) = match op {
            Op::Transfer { to, amount, .. } => {
                let balance = self
                    .balances
                    .get_mut(&dot.actor)
                    .ok_or("the payer has no account")?;
                if *balance < i128::from(*amount) {
                    return Err(format!("overdraft: {amount} paid, {balance} there"));
                }
                *balance -= i128::from(*amount);
                (to, amount)
            }
            Op::Issue { to, amount } => {
                let left = self
                    .issuable
                    .get_mut(&dot.actor)
                    .ok_or("issued by one who is no issuer")?;
                *left = left
                    .checked_sub(*amount)
                    .ok_or("issued more than the cap")?;
                (to, amount)
            }
        };
        if *amount == 0 || (*to == dot.actor && matches!(op, Op::Transfer { .. })) {
            return Err("a zero or self transfer".into());
        }
        *self
            .balances
            .get_mut(to)
            .ok_or("the payee has no account")? += i128::from(*amount);
        Ok(())
    }

    fn compare(&self, copy: &Bank, last: Option<&Op>) -> Result<(), String> {
        let differ = |account: &Actor| {
            let (have, owed) = (
                copy.balance(account).map(i128::from),
                self.balances.get(account).copied(),
            );
            (have != owed)
                .then(|| format!("account {account} holds {have:?}, should hold {owed:?}"))
        };
        let wrong = match last {
            Some(Op::Transfer { to, .. } | Op::Issue { to, .. }) => differ(to),
            None if copy.accounts().len() != self.balances.len() => {
                Some("accounts came or went".into())
            }
            None => self.balances.keys().find_map(differ),
        };
        wrong.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::Counter;
    use crate::net::random::Streams;
    use crate::traits::SecureBroadcastAlgorithm;

    fn bank() -> (Bank, Vec<Actor>) {
        let everybody: Vec<Actor> = (1..5).map(|byte| Actor::from_bytes([byte; 32])).collect();
        let mut bank = Bank::new(everybody[0]);
        bank.sync_from(Ledger::genesis(everybody.iter().map(|actor| (*actor, 100)), []).unwrap());
        (bank, everybody)
    }

    #[test]
    fn what_is_drawn_is_valid_and_what_is_forged_is_not() {
        let (bank, everybody) = bank();
        let mut stream = Streams::new(1).of("test");
        let dot = Dot::new(everybody[0], Counter::FIRST);
        for _ in 0..200 {
            let good = bank.draw(&everybody[0], &everybody, &mut stream).unwrap();
            assert_eq!(bank.validate(&dot, &good), Ok(()));
            let bad = bank
                .invalid(&everybody[0], &everybody, &mut stream)
                .unwrap();
            assert!(bank.validate(&dot, &bad).is_err(), "{bad:?}");
            let [one, two] = bank.rivals(&everybody[0], &everybody, &mut stream).unwrap();
            assert_eq!(
                (bank.validate(&dot, &one), bank.validate(&dot, &two)),
                (Ok(()), Ok(()))
            );
            assert!(
                bank.validate_batch(&dot, &[one, two]).is_err(),
                "both together are too much"
            );
        }
    }

    #[test]
    fn the_books_notice_an_overdraft_and_a_wrong_balance() {
        let (bank, everybody) = bank();
        let mut model = Bank::auditor(bank.ledger());
        let dot = Dot::new(everybody[0], Counter::FIRST);
        let pay = |amount| Bank::transfer_citing(everybody[1], amount, BTreeSet::new());
        assert_eq!(model.compare(&bank, None), Ok(()));
        assert!(model.delivered(&dot, &pay(101)).is_err());
        assert_eq!(model.delivered(&dot, &pay(100)), Ok(()));
        assert!(
            model.compare(&bank, Some(&pay(100))).is_err(),
            "the bank has not applied it"
        );
        let mut bank = bank;
        bank.apply(dot, pay(100));
        assert_eq!(model.compare(&bank, Some(&pay(100))), Ok(()));
        assert_eq!(model.compare(&bank, None), Ok(()));
        assert!(model.delivered(&dot, &pay(1)).is_err(), "nothing is left");
    }
}
