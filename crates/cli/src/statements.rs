//! What went into and out of every account, row by row.

use std::collections::{BTreeMap, BTreeSet};

use crate::operations::{Row, What};
use crate::report::{Balance, RunReport};
use crate::table;

/// A statement of every account: what it held at first, every row that paid it or that it paid, in the order of the rows,
/// and what it holds now. What adversaries paid has no rows: it is one line before the last.
pub(crate) fn csv(report: &RunReport, balances: &[Balance], rows: &[Row]) -> String {
    let amounts = report.amounts;
    let refused: BTreeSet<usize> = report.refused.iter().map(|it| it.row.number).collect();
    let mut entries: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !refused.contains(&row.number)) {
        let mut add = |account, other, amount, comes| {
            let entry = Entry {
                row,
                other,
                amount,
                comes,
            };
            entries.entry(account).or_default().push(entry);
        };
        match &row.what {
            What::Transfer { to, amount } => {
                add(row.who.as_str(), to.as_str(), *amount, false);
                add(to, &row.who, *amount, true);
            }
            What::Issue { to, amount } => add(to, &row.who, *amount, true),
            What::Add { .. } | What::Remove { .. } => {}
        }
    }
    let heading = [
        "account", "row", "line", "id", "what", "with", "in", "out", "balance",
    ];
    let mut out = table::line(heading);
    for Balance {
        account,
        before,
        now,
    } in balances
    {
        let show = |amount: i128| match u128::try_from(amount) {
            Ok(amount) => amounts.show(amount),
            Err(_) => format!("-{}", amounts.show(amount.unsigned_abs())),
        };
        let mut balance = i128::from(*before);
        let mut line = |cells: [&str; 7], balance: i128| {
            let balance = show(balance);
            let cells = [&[account.as_str()], &cells[..], &[balance.as_str()]].concat();
            out += &table::line(cells);
        };
        line(["", "", "", "before", "", "", ""], balance);
        for entry in entries.get(account.as_str()).into_iter().flatten() {
            let amount = i128::from(entry.amount);
            balance += if entry.comes { amount } else { -amount };
            let shown = show(amount);
            let (comes, goes) = match entry.comes {
                true => (shown.as_str(), ""),
                false => ("", shown.as_str()),
            };
            let row = entry.row;
            let (number, at) = (row.number.to_string(), row.line.to_string());
            let id = row.id.as_deref().unwrap_or_default();
            let cells = [&number, &at, id, row.what.verb(), entry.other, comes, goes];
            line(cells, balance);
        }
        let rest = i128::from(*now) - balance;
        if rest != 0 {
            let shown = show(rest.abs());
            let (comes, goes) = match rest > 0 {
                true => (shown.as_str(), ""),
                false => ("", shown.as_str()),
            };
            line(
                ["", "", "", "adversaries", "", comes, goes],
                i128::from(*now),
            );
        }
        line(["", "", "", "now", "", "", ""], i128::from(*now));
    }
    out
}

struct Entry<'a> {
    row: &'a Row,
    other: &'a str,
    amount: u64,
    comes: bool,
}
