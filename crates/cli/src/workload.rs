//! Rows drawn from a seed.

use std::collections::{BTreeMap, BTreeSet};

use crate::draw::Draw;
use crate::operations::{Row, What};
use crate::scenario::{Generator, Scenario, Time};

/// The stream of draws that rows are made from.
const PURPOSE: u64 = 1;

/// The rows of a generator: each of a correct member or joiner, each valid when carried out in their order.
#[must_use]
pub fn generate(scenario: &Scenario, generator: &Generator, seed: u64) -> Vec<Row> {
    let people = scenario.people();
    let members: Vec<&String> = people
        .iter()
        .filter(|name| scenario.is_correct(name))
        .collect();
    let mut draw = Draw::new(seed, PURPOSE);
    let mut rows = Vec::new();
    let mut state = State::of(scenario);
    for index in 0..generator.operations {
        let Some((who, what)) = state.next(&members, generator, &mut draw) else {
            break;
        };
        let number = rows.len() + 1;
        rows.push(Row {
            number,
            line: number,
            who,
            what,
            at: Time(generator.every.0.times(index)),
            id: None,
        });
    }
    rows
}

/// What the rows so far have led to.
enum State {
    Balances(BTreeMap<String, u64>),
    Set(BTreeSet<String>),
}

impl State {
    fn of(scenario: &Scenario) -> Self {
        match &scenario.bank {
            Some(bank) => Self::Balances(bank.accounts.clone()),
            None => Self::Set(BTreeSet::new()),
        }
    }

    /// The next row; `None` if nobody can do anything any more.
    fn next(
        &mut self,
        members: &[&String],
        generator: &Generator,
        draw: &mut Draw,
    ) -> Option<(String, What)> {
        match self {
            Self::Balances(balances) => {
                let solvent = |name: &&&String| balances.get(**name).is_some_and(|has| *has > 0);
                let payers: Vec<&String> = members.iter().filter(solvent).copied().collect();
                let who = (*draw.pick(&payers)?).clone();
                let payees: Vec<String> = balances
                    .keys()
                    .filter(|name| **name != who)
                    .cloned()
                    .collect();
                let to = draw.pick(&payees)?.clone();
                let has = balances.get_mut(&who)?;
                let amount = draw.between(1, generator.max_amount.min(*has));
                *has -= amount;
                *balances.get_mut(&to)? += amount;
                Some((who, What::Transfer { to, amount }))
            }
            Self::Set(items) => {
                let who = (*draw.pick(members)?).clone();
                let present: Vec<String> = items.iter().cloned().collect();
                match draw.pick(&present).cloned() {
                    Some(item) if draw.chance(400) => {
                        items.remove(&item);
                        Some((who, What::Remove { item }))
                    }
                    _ => {
                        let item = format!("item-{}", draw.between(1, generator.items));
                        items.insert(item.clone());
                        Some((who, What::Add { item }))
                    }
                }
            }
        }
    }
}
