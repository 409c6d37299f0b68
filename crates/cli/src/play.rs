//! What the command has to know about an algorithm to play a scenario with it: its genesis, and the operation that a
//! row stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bft_crdts::bank::{self, Bank, Invalid, Ledger};
use bft_crdts::net::{Cast, Item, Names, Scene, SeededKeys, Staged, VirtualTime};
use bft_crdts::orswot::{self, Entries, Orswot};
use bft_crdts::{Actor, Dot};
use bft_crdts_controls::planted::Planted;

use crate::operations::{Row, What};
use crate::report::{Balance, State};
use crate::scenario::Scenario;

/// The set that scenarios use: of texts.
pub type Set = Orswot<String>;

/// Who is who: everybody a scenario or one of its rows names.
#[derive(Clone, Debug)]
pub struct People {
    actors: BTreeMap<String, Actor>,
    names: Names,
}

impl People {
    /// Everybody the scenario and its rows name.
    #[must_use]
    pub fn new<K: SeededKeys>(scenario: &Scenario, rows: &[Row]) -> Self {
        let mut named: BTreeSet<&str> = scenario.members.iter().map(String::as_str).collect();
        named.extend(scenario.joiners.iter().map(String::as_str));
        named.extend(scenario.villains.iter().map(|villain| villain.who.as_str()));
        if let Some(bank) = &scenario.bank {
            named.extend(bank.accounts.keys().map(String::as_str));
        }
        let versions = scenario
            .villains
            .iter()
            .flat_map(|villain| villain.script.versions());
        for what in rows
            .iter()
            .map(|row| &row.what)
            .chain(versions.map(|(what, _)| what))
        {
            named.extend(what.payee());
        }
        let actors: BTreeMap<String, Actor> = named
            .into_iter()
            .map(|name| (name.to_owned(), Cast::<K>::stranger(name).actor()))
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
pub trait Play: Staged {
    /// Its name with its version, as a genesis has it.
    const NAME: &'static str;

    /// The state a scenario starts from.
    ///
    /// # Errors
    /// Why there is none.
    fn genesis(scenario: &Scenario, people: &People) -> anyhow::Result<Self::ReplicatedState>;

    /// The operation of the row at `place`, made when its member submits it.
    ///
    /// # Errors
    /// Why there is none: the reason for which the row is refused.
    fn op(
        scene: &Scene<'_, Self>,
        place: usize,
        what: &What,
        people: &People,
    ) -> Result<Self::Op, String>;

    /// The operation of a villain, who asks nobody; `None` if there is none.
    fn bare_op(what: &What, people: &People) -> Option<Self::Op>;

    /// The state, for people.
    fn show(&self, scenario: &Scenario, people: &People) -> State;
}

/// The rows as items, each waiting for what feeds it: a payer for every earlier row that pays it, a remove for every
/// earlier row that adds its item. So a file means one thing, whatever the network does.
#[must_use]
pub fn items<A: Play>(rows: &[Row], people: &Arc<People>) -> Vec<Item<A>> {
    let mut feeders: BTreeMap<Topic<'_>, Vec<usize>> = BTreeMap::new();
    // How many of them an earlier row of the same member waits for, and with it this one.
    let mut waited: BTreeMap<(&str, Topic<'_>), usize> = BTreeMap::new();
    let mut items = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let (what, known) = (row.what.clone(), people.clone());
        let make = move |scene: &Scene<'_, A>| A::op(scene, place, &what, &known);
        let mut item = Item::from(&row.who, make)
            .at(VirtualTime::ZERO + row.at.0)
            .tagged(row.number as u64);
        if let Some(topic) = Topic::fed(row) {
            let feeders = feeders.get(&topic).map(Vec::as_slice).unwrap_or_default();
            let waited = waited.entry((row.who.as_str(), topic)).or_default();
            item.after = feeders.get(*waited..).unwrap_or_default().to_vec();
            *waited = feeders.len();
        }
        items.push(item);
        if let Some(topic) = Topic::feeds(row) {
            feeders.entry(topic).or_default().push(place);
        }
    }
    items
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

impl Play for Bank {
    const NAME: &'static str = bank::ALGORITHM;

    fn genesis(scenario: &Scenario, people: &People) -> anyhow::Result<Ledger> {
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
        scene: &Scene<'_, Self>,
        place: usize,
        what: &What,
        people: &People,
    ) -> Result<bank::Op, String> {
        let reason = |why: Invalid| match why {
            Invalid::NoAccount(actor) => format!("{} has no account", people.name(&actor)),
            other => other.to_string(),
        };
        let mut purse = scene.copy.purse(&scene.me);
        for op in scene.under_way {
            purse.expect(op).map_err(reason)?;
        }
        match what {
            What::Transfer { to, amount } => {
                // Not what a later row brings; but what no row brings, such as a villain's payment.
                let may = |dot: &Dot| scene.item_of(dot).is_none_or(|item| item < place);
                purse
                    .transfer_claiming(people.actor(to), *amount, may)
                    .map_err(reason)
            }
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

    fn bare_op(what: &What, people: &People) -> Option<bank::Op> {
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

    fn show(&self, scenario: &Scenario, people: &People) -> State {
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

impl Play for Set {
    const NAME: &'static str = orswot::ALGORITHM;

    fn genesis(_: &Scenario, _: &People) -> anyhow::Result<Entries<String>> {
        Ok(Entries::default())
    }

    fn op(scene: &Scene<'_, Self>, _: usize, what: &What, _: &People) -> Result<Self::Op, String> {
        match what {
            What::Add { item } => Ok(scene.copy.add([item.clone()])),
            What::Remove { item } => scene
                .copy
                .remove(item)
                .ok_or_else(|| format!("`{item}` is not in the set its member sees")),
            What::Transfer { .. } | What::Issue { .. } => Err("no operation of the set".to_owned()),
        }
    }

    fn bare_op(what: &What, _: &People) -> Option<Self::Op> {
        match what {
            What::Add { item } => Some(orswot::Op::Add {
                members: BTreeSet::from([item.clone()]),
            }),
            What::Remove { .. } | What::Transfer { .. } | What::Issue { .. } => None,
        }
    }

    fn show(&self, _: &Scenario, _: &People) -> State {
        State::Set(self.members().cloned().collect())
    }
}

/// As the data type inside.
impl<A: Play> Play for Planted<A> {
    const NAME: &'static str = A::NAME;

    fn genesis(scenario: &Scenario, people: &People) -> anyhow::Result<A::ReplicatedState> {
        A::genesis(scenario, people)
    }

    fn op(
        scene: &Scene<'_, Self>,
        place: usize,
        what: &What,
        people: &People,
    ) -> Result<A::Op, String> {
        A::op(&scene.inside(scene.copy.inner()), place, what, people)
    }

    fn bare_op(what: &What, people: &People) -> Option<A::Op> {
        A::bare_op(what, people)
    }

    fn show(&self, scenario: &Scenario, people: &People) -> State {
        self.inner().show(scenario, people)
    }
}
