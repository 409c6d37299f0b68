//! A ledger as a workload: rows in an order that everybody could check by hand.

use super::{Task, WorkloadContext};
use crate::actor::{Actor, Dot};
use crate::bank::{Bank, Op};
use crate::net::time::VirtualTime;

/// One row of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankRow {
    /// The payer, or the issuer: a member, by name.
    pub who: String,
    /// The payee.
    pub to: Actor,
    /// How much.
    pub amount: u64,
    /// Whether it makes new money.
    pub issue: bool,
    /// Not before this time.
    pub at: VirtualTime,
    /// What a refusal is reported by.
    pub tag: u64,
}

/// The rows as items that come to what they would come to if one person went through them from top to bottom.
///
/// `actor` is whom a name stands for. A payer submits its rows in order. A row waits until its payer has delivered
/// every earlier row that pays it, and spends nothing that a later row brings, even if that has arrived already. What
/// is then too little is refused.
pub fn bank_rows(
    rows: impl IntoIterator<Item = BankRow>,
    actor: impl Fn(&str) -> Option<Actor>,
) -> Vec<Task<Bank>> {
    let rows: Vec<BankRow> = rows.into_iter().collect();
    let mut paid = std::collections::BTreeMap::<Actor, Vec<usize>>::new();
    let mut tasks = Vec::with_capacity(rows.len());
    for (place, row) in rows.into_iter().enumerate() {
        // Those that came before the payer's last row were waited for then.
        let after = actor(&row.who)
            .and_then(|payer| paid.remove(&payer))
            .unwrap_or_default();
        paid.entry(row.to).or_default().push(place);
        let BankRow {
            who,
            to,
            amount,
            issue,
            at,
            tag,
        } = row;
        let mut task = Task::from(who, move |context| pay(context, place, to, amount, issue))
            .at(at)
            .tagged(tag);
        task.after = after;
        tasks.push(task);
    }
    tasks
}

fn pay(
    context: &WorkloadContext<'_, Bank>,
    place: usize,
    to: Actor,
    amount: u64,
    issue: bool,
) -> Result<Op, String> {
    let mut spending = context.copy.spending(&context.me);
    for op in context.under_way {
        spending.expect(op).map_err(|invalid| invalid.to_string())?;
    }
    let op = if issue {
        let op = Op::Issue { to, amount };
        spending.expect(&op).map(|()| op)
    } else {
        let earlier = |dot: &Dot| context.item_of(dot).is_some_and(|task| task < place);
        spending.transfer_claiming(to, amount, earlier)
    };
    op.map_err(|invalid| invalid.to_string())
}
