//! What the command has to know about an algorithm to play a scenario with it: its genesis, and the operation that a
//! row stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bft_crdts::bank::{self, Bank, Invalid, Ledger};
use bft_crdts::net::{Names, Roster, SeededKeys, SimAlgorithm, Task, VirtualTime, WorkloadContext};
use bft_crdts::orswot::{self, Entries, Orswot};
use bft_crdts::{Actor, Dot};
use bft_crdts_controls::seeded_bugs::SeededBugs;

use crate::operations::{Row, What};
use crate::report::{Balance, State};
use crate::scenario::Scenario;

/// The set that scenarios use: of texts.
pub type Set = Orswot<String>;

/// Who is who: everybody a scenario or one of its rows names.
#[derive(Clone, Debug)]
pub struct Identities {
    actors: BTreeMap<String, Actor>,
    names: Names,
}

impl Identities {
    /// Everybody the scenario and its rows name.
    #[must_use]
    pub fn new<K: SeededKeys>(scenario: &Scenario, rows: &[Row]) -> Self {
        let mut named: BTreeSet<&str> = scenario.members.iter().map(String::as_str).collect();
        named.extend(scenario.joiners.iter().map(String::as_str));
        named.extend(
            scenario
                .adversaries
                .iter()
                .map(|adversary| adversary.who.as_str()),
        );
        if let Some(bank) = &scenario.bank {
            named.extend(bank.accounts.keys().map(String::as_str));
        }
        let versions = scenario
            .adversaries
            .iter()
            .flat_map(|adversary| adversary.script.versions());
        for what in rows
            .iter()
            .map(|row| &row.what)
            .chain(versions.map(|(what, _)| what))
        {
            named.extend(what.payee());
        }
        let actors: BTreeMap<String, Actor> = named
            .into_iter()
            .map(|name| (name.to_owned(), Roster::<K>::stranger(name).actor()))
            .collect();
        let names = actors
            .iter()
            .map(|(name, actor)| (*actor, name.clone()))
            .collect();
        Self { actors, names }
    }

    /// The actor of a name; of one that nobody named, an actor that is nobody.
    #[must_use]
    pub fn actor(&self, name: &str) -> Actor {
        self.actors
            .get(name)
            .copied()
            .unwrap_or(Actor::from_bytes([0; 32]))
    }

    /// The name of an actor.
    #[must_use]
    pub fn name(&self, actor: &Actor) -> String {
        self.names.of(actor)
    }

    /// A text in which everybody goes by name, not by key.
    #[must_use]
    pub fn put_names(&self, text: &str) -> String {
        self.names.put_into(text)
    }

    /// Everybody.
    pub fn iter(&self) -> impl Iterator<Item = (&String, Actor)> {
        self.actors.iter().map(|(name, actor)| (name, *actor))
    }
}

/// An algorithm that scenarios can name.
pub trait ScenarioAlgorithm: SimAlgorithm {
    /// Its name with its version, as a genesis has it.
    const NAME: &'static str;

    /// The state a scenario starts from.
    ///
    /// # Errors
    /// Why there is none.
    fn genesis(scenario: &Scenario, people: &Identities) -> anyhow::Result<Self::ReplicatedState>;

    /// The operation of the row at `place`, made when its member submits it.
    ///
    /// # Errors
    /// Why there is none: the reason for which the row is refused.
    fn op(
        context: &WorkloadContext<'_, Self>,
        place: usize,
        what: &What,
        people: &Identities,
    ) -> Result<Self::Op, String>;

    /// The operation of an adversary, who asks nobody; `None` if there is none.
    fn bare_op(what: &What, people: &Identities) -> Option<Self::Op>;

    /// The state, for people.
    fn show(&self, scenario: &Scenario, people: &Identities) -> State;
}

/// The rows as items, each waiting for what feeds it: a payer for every earlier row that pays it, a remove for every
/// earlier row that adds its item. So a file means one thing, whatever the network does.
#[must_use]
pub fn tasks<A: ScenarioAlgorithm>(rows: &[Row], people: &Arc<Identities>) -> Vec<Task<A>> {
    let mut feeders: BTreeMap<Topic<'_>, Vec<usize>> = BTreeMap::new();
    // How many of them an earlier row of the same member waits for, and with it this one.
    let mut waited: BTreeMap<(&str, Topic<'_>), usize> = BTreeMap::new();
    let mut tasks = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let (what, known) = (row.what.clone(), people.clone());
        let make = move |context: &WorkloadContext<'_, A>| A::op(context, place, &what, &known);
        let mut item = Task::from(&row.who, make)
            .at(VirtualTime::ZERO + row.at.0)
            .tagged(row.number as u64);
        if let Some(topic) = Topic::fed(row) {
            let feeders = feeders.get(&topic).map(Vec::as_slice).unwrap_or_default();
            let waited = waited.entry((row.who.as_str(), topic)).or_default();
            item.after = feeders.get(*waited..).unwrap_or_default().to_vec();
            *waited = feeders.len();
        }
        tasks.push(item);
        if let Some(topic) = Topic::feeds(row) {
            feeders.entry(topic).or_default().push(place);
        }
    }
    tasks
}

/// What a row can need: money for a member, or an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic<'r> {
    Money(&'r str),
    Item(&'r str),
}

impl<'r> Topic<'r> {
    /// What a row needs.
    fn fed(row: &'r Row) -> Option<Self> {
        match &row.what {
            What::Transfer { .. } => Some(Self::Money(&row.who)),
            What::Remove { item } => Some(Self::Item(item)),
            What::Issue { .. } | What::Add { .. } => None,
        }
    }

    /// What a row brings.
    fn feeds(row: &'r Row) -> Option<Self> {
        match &row.what {
            What::Transfer { to, .. } | What::Issue { to, .. } => Some(Self::Money(to)),
            What::Add { item } => Some(Self::Item(item)),
            What::Remove { .. } => None,
        }
    }
}

impl ScenarioAlgorithm for Bank {
    const NAME: &'static str = bank::ALGORITHM;

    fn genesis(scenario: &Scenario, people: &Identities) -> anyhow::Result<Ledger> {
        let Some(bank) = &scenario.bank else {
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
        context: &WorkloadContext<'_, Self>,
        place: usize,
        what: &What,
        people: &Identities,
    ) -> Result<bank::Op, String> {
        let reason = |why: Invalid| match why {
            Invalid::NoAccount(actor) => format!("{} has no account", people.name(&actor)),
            other => other.to_string(),
        };
        let mut spending = context.copy.spending(&context.me);
        for op in context.under_way {
            spending.expect(op).map_err(reason)?;
        }
        match what {
            What::Transfer { to, amount } => {
                // Not what a later row brings; but what no row brings, such as an adversary's payment.
                let may = |dot: &Dot| context.item_of(dot).is_none_or(|item| item < place);
                spending
                    .transfer_claiming(people.actor(to), *amount, may)
                    .map_err(reason)
            }
            What::Issue { to, amount } => {
                let op = bank::Op::Issue {
                    to: people.actor(to),
                    amount: *amount,
                };
                spending.expect(&op).map_err(reason)?;
                Ok(op)
            }
            What::Add { .. } | What::Remove { .. } => Err("no operation of the bank".to_owned()),
        }
    }

    fn bare_op(what: &What, people: &Identities) -> Option<bank::Op> {
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

    fn show(&self, scenario: &Scenario, people: &Identities) -> State {
        let Some(bank) = &scenario.bank else {
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

impl ScenarioAlgorithm for Set {
    const NAME: &'static str = orswot::ALGORITHM;

    fn genesis(_: &Scenario, _: &Identities) -> anyhow::Result<Entries<String>> {
        Ok(Entries::default())
    }

    fn op(
        context: &WorkloadContext<'_, Self>,
        _: usize,
        what: &What,
        _: &Identities,
    ) -> Result<Self::Op, String> {
        match what {
            What::Add { item } => Ok(context.copy.add([item.clone()])),
            What::Remove { item } => context
                .copy
                .remove(item)
                .ok_or_else(|| format!("`{item}` is not in the set its member sees")),
            What::Transfer { .. } | What::Issue { .. } => Err("no operation of the set".to_owned()),
        }
    }

    fn bare_op(what: &What, _: &Identities) -> Option<Self::Op> {
        match what {
            What::Add { item } => Some(orswot::Op::Add {
                members: BTreeSet::from([item.clone()]),
            }),
            What::Remove { .. } | What::Transfer { .. } | What::Issue { .. } => None,
        }
    }

    fn show(&self, _: &Scenario, _: &Identities) -> State {
        State::Set(self.members().cloned().collect())
    }
}

/// As the data type inside.
impl<A: ScenarioAlgorithm> ScenarioAlgorithm for SeededBugs<A> {
    const NAME: &'static str = A::NAME;

    fn genesis(scenario: &Scenario, people: &Identities) -> anyhow::Result<A::ReplicatedState> {
        A::genesis(scenario, people)
    }

    fn op(
        context: &WorkloadContext<'_, Self>,
        place: usize,
        what: &What,
        people: &Identities,
    ) -> Result<A::Op, String> {
        A::op(&context.inside(context.copy.inner()), place, what, people)
    }

    fn bare_op(what: &What, people: &Identities) -> Option<A::Op> {
        A::bare_op(what, people)
    }

    fn show(&self, scenario: &Scenario, people: &Identities) -> State {
        self.inner().show(scenario, people)
    }
}
