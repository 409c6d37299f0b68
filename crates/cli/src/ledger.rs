//! Ledgers: one made up for the scenario of that name, and the balances any ledger must lead to.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use bft_crdts::Actor;
use bft_crdts::bank::Invalid;
use bft_crdts::bank::at2::Oracle;

use crate::draw::Draw;
use crate::input::Input;
use crate::names;
use crate::operations::{Amounts, Row, What};
use crate::scenario::Bank;
use crate::table;

/// Members of the made-up ledger.
const MEMBERS: usize = 7;
/// What each of them starts with.
const BALANCE: u64 = 1_000;
/// Payees that have no account.
const STRANGERS: [&str; 4] = ["mallory", "nobody", "the tax office", "grace-2"];

/// What the rows of a made-up ledger are meant to show; the `note` column names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Payment,
    /// One of a chain: more than the payer has without what it was just paid.
    Chain,
    Overdraft,
    Zero,
    SelfPayment,
    Stranger,
}

/// A ledger being made up, with the balances its rows lead to in their order.
struct Book {
    draw: Draw,
    balances: BTreeMap<String, u64>,
    csv: String,
}

/// The rows of a made-up ledger as CSV: payments among seven members that start with 1000 each, a good part of
/// them in chains that pass on what was just received, and about one row in ten that must be refused.
#[must_use]
pub fn generate(seed: u64, rows: usize) -> String {
    let members: Vec<String> = (0..MEMBERS).map(names::default_member).collect();
    let mut book = Book {
        draw: Draw::new(seed, 0),
        balances: members.iter().map(|name| (name.clone(), BALANCE)).collect(),
        csv: format!(
            "# Made by `bft-crdts ledger generate --seed {seed} --rows {rows}`.\nwho,what,to,amount,note\n"
        ),
    };
    let mut left = rows;
    while left > 0 {
        let sort = match book.draw.below(100) {
            0..4 => Sort::Overdraft,
            4..7 => Sort::Zero,
            7..10 => Sort::SelfPayment,
            10..14 => Sort::Stranger,
            14..24 => Sort::Chain,
            _ => Sort::Payment,
        };
        let length = if sort == Sort::Chain {
            usize::try_from(book.draw.between(3, 7)).unwrap_or(3)
        } else {
            1
        };
        let mut who = book.pick(&members, None);
        for _ in 0..length.min(left) {
            who = book.row(sort, &who, &members);
            left -= 1;
        }
    }
    book.csv
}

impl Book {
    /// A member other than `but`.
    fn pick(&mut self, members: &[String], but: Option<&str>) -> String {
        let others: Vec<&String> = members
            .iter()
            .filter(|name| Some(name.as_str()) != but)
            .collect();
        self.draw
            .pick(&others)
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Writes a row of `who`; who is paid by it.
    fn row(&mut self, sort: Sort, who: &str, members: &[String]) -> String {
        let has = self.balances.get(who).copied().unwrap_or(0);
        let mut to = self.pick(members, Some(who));
        let (amount, note) = match sort {
            Sort::Overdraft => (has + self.draw.between(1, 20), "overdraft"),
            Sort::Zero => (0, "zero"),
            Sort::SelfPayment => {
                to = who.to_owned();
                (self.draw.between(1, has.max(1)), "self")
            }
            Sort::Stranger => {
                to = (*self.draw.pick(&STRANGERS).unwrap_or(&STRANGERS[0])).to_owned();
                (self.draw.between(1, has.max(1)), "unknown payee")
            }
            // Who has nothing at all cannot but overdraw.
            _ if has == 0 => (self.draw.between(1, 20), "overdraft"),
            Sort::Chain => (self.draw.between(has - has / 3, has - has / 8), "chain"),
            Sort::Payment => (self.draw.between(1, has.min(120)), "payment"),
        };
        if matches!(note, "chain" | "payment") {
            *self.balances.entry(who.to_owned()).or_default() -= amount;
            *self.balances.entry(to.clone()).or_default() += amount;
        }
        let amount = amount.to_string();
        let row = [who, "transfer", to.as_str(), &amount, note];
        self.csv.push_str(&table::line(row));
        to
    }
}

/// What the rows of a scenario lead to when they are carried out one after the other by the AT2 paper's algorithm.
#[derive(Clone, Debug)]
pub struct SequentialOutcome {
    /// Every account with what it holds in the end.
    pub balances: BTreeMap<String, u128>,
    /// The rows that are refused: number and reason.
    pub refused: BTreeMap<usize, Invalid>,
    amounts: Amounts,
}

impl SequentialOutcome {
    /// The balances as the file a scenario can name as `expected_balances`.
    #[must_use]
    pub fn csv(&self) -> String {
        let line = |(account, balance): (&String, &u128)| {
            table::line([account.as_str(), &self.amounts.show(*balance)])
        };
        table::line(["account", "balance"]) + &self.balances.iter().map(line).collect::<String>()
    }
}

/// Carries out the rows of a scenario of the bank by the oracle.
///
/// # Errors
/// When its algorithm is not the bank.
pub fn outcome(input: &Input, seed: u64) -> Result<SequentialOutcome> {
    let Some(bank) = &input.scenario.bank else {
        bail!(
            "{}: its algorithm is `{}`, which has no balances",
            input.path.display(),
            input.scenario.algorithm.name()
        );
    };
    Ok(SequentialOutcome {
        amounts: input.scenario.amounts(),
        ..by_oracle(bank, &input.rows(&input.scenario, seed))
    })
}

fn by_oracle(bank: &Bank, rows: &[Row]) -> SequentialOutcome {
    // The oracle needs names that differ, not keys.
    let mut actors: BTreeMap<&str, Actor> = BTreeMap::new();
    let mut actor = |name| {
        let next = u32::try_from(actors.len()).unwrap_or(u32::MAX);
        *actors.entry(name).or_insert_with(|| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&next.to_be_bytes());
            Actor::from_bytes(bytes)
        })
    };
    let accounts: Vec<(Actor, u64)> = bank
        .accounts
        .iter()
        .map(|(name, has)| (actor(name), *has))
        .collect();
    let issuers: Vec<(Actor, u64)> = bank
        .issuers
        .iter()
        .map(|(name, cap)| (actor(name), *cap))
        .collect();
    let mut oracle = Oracle::new(accounts, issuers);
    let mut refused = BTreeMap::new();
    for row in rows {
        let who = actor(&row.who);
        let done = match &row.what {
            What::Transfer { to, amount } => oracle.transfer(who, actor(to), *amount),
            What::Issue { to, amount } => oracle.issue(who, actor(to), *amount),
            // No row of a bank's scenario.
            What::Add { .. } | What::Remove { .. } => Ok(()),
        };
        if let Err(why) = done {
            refused.insert(row.number, why);
        }
    }
    let mut balances = BTreeMap::new();
    for name in bank.accounts.keys() {
        balances.insert(name.clone(), oracle.balance(&actor(name)).unwrap_or(0));
    }
    SequentialOutcome {
        balances,
        refused,
        amounts: Amounts::default(),
    }
}
