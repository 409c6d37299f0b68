//! Ledgers: one made up for the scenario of that name, and the balances any ledger must lead to.

use std::collections::BTreeMap;

use crate::draw::Draw;
use crate::names;

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
        self.csv
            .push_str(&format!("{who},transfer,{to},{amount},{note}\n"));
        to
    }
}
