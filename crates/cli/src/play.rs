//! What the command has to know about an algorithm to play a scenario with it: its genesis, and the operation that a
//! row stands for.

use std::collections::BTreeSet;

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::orswot::{self, Entries, Orswot};
use bft_crdts::{Actor, Dot, SecureBroadcastAlgorithm};

use crate::operations::What;
use crate::report::{Balance, State};
use crate::scenario::{Algorithm, Scenario};

/// The set that scenarios use: of texts.
pub type Set = Orswot<String>;

/// Which actor a name belongs to, and back.
pub trait People {
    /// The actor of a name. Everybody has one, whoever is not known included.
    fn actor(&self, name: &str) -> Actor;
    /// The name of an actor.
    fn name(&self, actor: &Actor) -> String;
}

/// What a member's next operation builds on.
pub struct Position<'a, Op> {
    /// The member.
    pub me: Actor,
    /// Its operations that are under way, in their order.
    pub under_way: Vec<&'a Op>,
    /// Which credits it may spend.
    pub may: &'a dyn Fn(&Dot) -> bool,
}

/// An algorithm that scenarios can name.
pub trait Play: SecureBroadcastAlgorithm {
    /// Its name with its version, as a genesis has it.
    const NAME: &'static str;

    /// The state a scenario starts from.
    ///
    /// # Errors
    /// Why there is none.
    fn genesis(scenario: &Scenario, people: &dyn People) -> anyhow::Result<Self::ReplicatedState>;

    /// The operation of a row.
    ///
    /// # Errors
    /// Why there is none: the reason for which the row is refused.
    fn op(
        &self,
        what: &What,
        position: &Position<'_, Self::Op>,
        people: &dyn People,
    ) -> Result<Self::Op, String>;

    /// The operation without regard to who carries it out and when; what a villain does.
    fn bare_op(what: &What, people: &dyn People) -> Option<Self::Op>;

    /// The state, for people.
    fn show(&self, scenario: &Scenario, people: &dyn People) -> State;
}

impl Play for Bank {
    const NAME: &'static str = bank::ALGORITHM;

    fn genesis(scenario: &Scenario, people: &dyn People) -> anyhow::Result<Ledger> {
        let Algorithm::Bank(bank) = &scenario.algorithm else {
            anyhow::bail!("no scenario of the bank")
        };
        let accounts = bank
            .accounts
            .iter()
            .map(|(name, has)| (people.actor(name), *has));
        let issuers = bank
            .issuers
            .iter()
            .map(|(name, cap)| (people.actor(name), *cap));
        Ok(Ledger::genesis(accounts, issuers)?)
    }

    fn op(
        &self,
        what: &What,
        position: &Position<'_, bank::Op>,
        people: &dyn People,
    ) -> Result<bank::Op, String> {
        let reason = |why: bank::Invalid| match why {
            bank::Invalid::NoAccount(actor) => format!("{} has no account", people.name(&actor)),
            other => other.to_string(),
        };
        let mut purse = self.purse(&position.me);
        for op in &position.under_way {
            purse.expect(op).map_err(reason)?;
        }
        match what {
            What::Transfer { to, amount } => purse
                .transfer_claiming(people.actor(to), *amount, position.may)
                .map_err(reason),
            What::Issue { to, amount } => {
                let op = bank::Op::Issue {
                    to: people.actor(to),
                    amount: *amount,
                };
                purse.expect(&op).map_err(reason)?;
                Ok(op)
            }
            What::Add { .. } | What::Remove { .. } => Err("no operation of the bank".to_owned()),
        }
    }

    fn bare_op(what: &What, people: &dyn People) -> Option<bank::Op> {
        match what {
            What::Transfer { to, amount } => Some(Self::transfer_citing(
                people.actor(to),
                *amount,
                BTreeSet::new(),
            )),
            What::Issue { to, amount } => Some(bank::Op::Issue {
                to: people.actor(to),
                amount: *amount,
            }),
            What::Add { .. } | What::Remove { .. } => None,
        }
    }

    fn show(&self, scenario: &Scenario, people: &dyn People) -> State {
        let Algorithm::Bank(bank) = &scenario.algorithm else {
            return State::Balances(Vec::new());
        };
        // Members in their order, then the other accounts.
        let members = scenario.members.iter();
        let others = bank
            .accounts
            .keys()
            .filter(|name| !scenario.is_member(name));
        let balance = |account: &String| Balance {
            account: account.clone(),
            before: bank.accounts.get(account).copied().unwrap_or(0),
            now: self.balance(&people.actor(account)).unwrap_or(0),
        };
        State::Balances(members.chain(others).map(balance).collect())
    }
}

impl Play for Set {
    const NAME: &'static str = orswot::ALGORITHM;

    fn genesis(_: &Scenario, _: &dyn People) -> anyhow::Result<Entries<String>> {
        Ok(Entries::default())
    }

    fn op(
        &self,
        what: &What,
        _: &Position<'_, Self::Op>,
        _: &dyn People,
    ) -> Result<Self::Op, String> {
        match what {
            What::Add { item } => Ok(self.add([item.clone()])),
            What::Remove { item } => self
                .remove(item)
                .ok_or_else(|| format!("`{item}` is not in the set its member sees")),
            What::Transfer { .. } | What::Issue { .. } => Err("no operation of the set".to_owned()),
        }
    }

    fn bare_op(what: &What, _: &dyn People) -> Option<Self::Op> {
        match what {
            What::Add { item } => Some(orswot::Op::Add {
                members: BTreeSet::from([item.clone()]),
            }),
            What::Remove { .. } | What::Transfer { .. } | What::Issue { .. } => None,
        }
    }

    fn show(&self, _: &Scenario, _: &dyn People) -> State {
        State::Set(self.members().cloned().collect())
    }
}
