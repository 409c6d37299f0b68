//! A scenario: who takes part, what they do, and what the network and the adversaries do to them.
//!
//! The format is described field by field in `docs/scenarios.md`; the files in `scenarios/` are examples to copy. Serde
//! reads and writes it; what a field must be by itself is said by its type, what it must be beside others is checked
//! when all of them are read.

mod adversary;
mod campaign;
mod changes;
mod check;
mod fault;
mod latency;
mod locate;
mod problem;
mod schedule;
pub mod swarm;
mod value;
mod world;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

pub use adversary::{Adversary, Script};
pub use bft_crdts::net::adversary::AdversaryKind;
pub use campaign::Draw;
pub use changes::Change;
pub use fault::{Away, Clock, Crash, Downtime, During, Links, Partition, When};
pub use latency::Latency;
pub use schedule::{Copy, MAX_COPIES, Schedule};
pub(crate) use value::Wrong;
pub use value::{Bandwidth, Chance, Drift, Kind, Time};
pub use world::{Node, World};

use bft_crdts::net::{Law, Span};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::operations::{Amounts, Layout, Row, What};
use crate::rules::SOUND;

/// Largest scenario file, in bytes.
pub const MAX_SCENARIO_BYTES: usize = 1024 * 1024;
/// Most members of a scenario.
pub const MAX_MEMBERS: usize = 100;
/// Most partitions, crashes and adversaries, each.
pub const MAX_FAULTS: usize = 1_000;
/// Most changes of members that a seed draws.
pub const MAX_CHANGES: u64 = 20;
/// Most partitions, and most crashes of one member, that a seed draws.
pub const MAX_DRAWN: u64 = 20;
/// Most operations a generator makes.
pub const MAX_GENERATED: u64 = 100_000;
/// Most arcs of a chart.
pub const MAX_ARCS: u64 = 100_000;
/// Most spans or laws in one law.
const MAX_PARTS: usize = 10_000;

/// A scenario whose every field makes sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name; files of a run are called by it.
    pub name: String,
    /// What it shows, for people.
    #[serde(default)]
    pub description: String,
    /// What is replicated.
    pub algorithm: Algorithm,
    /// The members' names, in the order in which charts show them.
    #[serde(default, deserialize_with = "check::members_of")]
    pub members: Vec<String>,
    /// Those who are no members at the start, and are to become some.
    #[serde(default)]
    pub joiners: Vec<String>,
    /// Whether whoever can convict a member wants it expelled.
    #[serde(default, rename = "expel_proven_faulty")]
    pub expel_convicted: bool,
    /// After how many messages the members make a checkpoint, if not after as many as the library does by itself.
    pub checkpoint_every: Option<NonZeroUsize>,
    /// All randomness of a run is derived from it.
    #[serde(default)]
    pub seed: u64,
    /// `sound`, or the name of a deliberately broken rule set.
    #[serde(default = "sound")]
    pub rules: String,
    /// How the members sign. Broken rules are always played with simulated signatures.
    #[serde(default)]
    pub signatures: Signatures,
    /// The file with the rows to be done; a path relative to the scenario's directory.
    pub operations_file: Option<String>,
    /// How many decimals amounts have in files; scenarios count the smallest unit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scale: u32,
    /// What stands between whole numbers and decimals in the file of operations; a point by default.
    #[serde(skip_serializing)]
    pub decimal: Option<char>,
    /// What stands between two cells in it; a comma by default.
    #[serde(skip_serializing)]
    pub delimiter: Option<char>,
    /// How many lines of it come before the header.
    #[serde(default, skip_serializing)]
    pub skip: usize,
    /// In which of its columns the fields of a row are, if they are not called by them.
    #[serde(default, skip_serializing)]
    pub columns: BTreeMap<String, String>,
    /// The file with the balances that must result.
    pub expected_balances: Option<String>,
    /// The bank's genesis, if that is the algorithm.
    pub bank: Option<Bank>,
    /// How the network treats packets.
    #[serde(default)]
    pub network: Network,
    /// When a run is given up.
    #[serde(default)]
    pub limits: Limits,
    /// What is to be done.
    #[serde(default)]
    pub operations: Vec<Row>,
    /// Or how it is drawn from the seed.
    pub generator: Option<Generator>,
    /// Who does not keep to the protocol.
    #[serde(default, rename = "adversaries")]
    pub adversaries: Vec<Adversary>,
    /// What the members are to change about themselves.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// When members crash.
    #[serde(default)]
    pub crashes: Vec<Crash>,
    /// When the network is cut in parts.
    #[serde(default)]
    pub partitions: Vec<Partition>,
    /// What becomes of every packet, in the place of what the network would draw.
    pub schedule: Option<Schedule>,
    /// What the charts show.
    #[serde(default, skip_serializing)]
    pub chart: Chart,
    /// The map.
    #[serde(default, skip_serializing)]
    pub world: World,
    /// What nodes are made of; of those named twice the last counts.
    #[serde(default, skip_serializing)]
    pub nodes: Vec<Node>,
    /// When nodes are not heard.
    #[serde(default, skip_serializing)]
    pub one_way: Vec<Links>,
    /// When packets wait.
    #[serde(default, skip_serializing)]
    pub clogs: Vec<Links>,
    /// When members are slow.
    #[serde(default, skip_serializing)]
    pub slowdowns: Vec<During>,
    /// When disks are full.
    #[serde(default, skip_serializing)]
    pub full_disks: Vec<During>,
    /// Wrong clocks.
    #[serde(default, skip_serializing)]
    pub clocks: Vec<Clock>,
    /// When members are away.
    #[serde(default, skip_serializing)]
    pub downtimes: Vec<Downtime>,
    /// What each seed draws for itself: members, adversaries, faults and rows, in place of the fields above.
    #[serde(skip_serializing)]
    pub draw: Option<Draw>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(scale: &u32) -> bool {
    *scale == 0
}

fn sound() -> String {
    SOUND.to_owned()
}

/// How the members sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signatures {
    /// As in real networks.
    #[default]
    Ed25519,
    /// With hashes, which nobody in a simulation can forge either: a hundred times cheaper.
    Simulated,
}

/// What is replicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Accounts and transfers.
    Bank,
    /// The observed-remove set, of texts.
    Orswot,
}

impl Algorithm {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Orswot => "orswot",
        }
    }

    /// Whether an operation is one of it.
    pub(crate) fn takes(self, what: &What) -> Result<(), String> {
        match what.is_bank() == (self == Self::Bank) {
            true => Ok(()),
            false => Err(format!(
                "`{}` is no operation of `{}`",
                what.verb(),
                self.name()
            )),
        }
    }
}

/// The bank's genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bank {
    /// What members and joiners have that `accounts` does not name; nothing once it is checked.
    #[serde(skip_serializing)]
    balance: u64,
    /// Every account with what it holds at the start: all members, and more.
    pub accounts: BTreeMap<String, u64>,
    /// Who may issue, and how much in total.
    pub issuers: BTreeMap<String, u64>,
}

/// How the network treats packets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// How long a packet takes.
    pub latency: Latency,
    /// Chance that a packet is lost.
    pub loss: Chance,
    /// Chance that a packet arrives twice.
    pub duplicate: Chance,
    /// Chance that a packet is held back for longer than the longest latency, so that later ones overtake it.
    pub reorder: Chance,
    /// Chance that a packet arrives as something else.
    #[serde(skip_serializing)]
    pub corrupt: Chance,
    /// How often a replica is told that time has passed.
    pub tick: Time,
    /// When all faults end.
    pub heal: Option<Time>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency: Latency(Law::Uniform {
                min: Span::from_millis(5),
                max: Span::from_millis(15),
            }),
            loss: Chance(0),
            duplicate: Chance(0),
            reorder: Chance(0),
            corrupt: Chance(0),
            tick: Time(Span::from_millis(100)),
            heal: None,
        }
    }
}

/// Rows drawn from the seed: every one of a correct member, and every one valid in the order of the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// How many.
    pub operations: u64,
    /// Time between two of them.
    #[serde(default)]
    pub every: Time,
    /// Largest amount of a transfer.
    #[serde(default = "number::<10>")]
    pub max_amount: u64,
    /// How many different items are added and removed.
    #[serde(default = "number::<8>")]
    pub items: u64,
}

fn number<const N: u64>() -> u64 {
    N
}

/// What the charts show.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chart {
    /// Title; the name by default.
    pub title: Option<String>,
    /// Nothing before.
    pub from: Option<Time>,
    /// Nothing after.
    pub to: Option<Time>,
    /// Only these nodes; all of them if empty.
    pub members: Vec<String>,
    /// Only these kinds of packets; all of them if empty, but for summaries that came to nothing.
    pub kinds: Vec<String>,
    /// Draws the packets of one broadcast as one arc where possible.
    pub fold: bool,
    /// Most arcs; the chart says how many were left out.
    pub max_arcs: u64,
}

impl Default for Chart {
    fn default() -> Self {
        Self {
            title: None,
            from: None,
            to: None,
            members: Vec::new(),
            kinds: Vec::new(),
            fold: true,
            max_arcs: 400,
        }
    }
}

/// When a run is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest virtual time.
    pub time: Time,
    /// Most events of the engine.
    pub events: u64,
    /// The most bytes a run takes.
    #[serde(skip_serializing)]
    pub memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Time(Span::from_secs(3_600)),
            events: 50_000_000,
            memory: None,
        }
    }
}

impl Scenario {
    /// The scenario that this seed stands for: itself, unless each seed draws its own.
    #[must_use]
    pub fn of_seed(&self, seed: u64) -> Self {
        match &self.draw {
            None => self.clone(),
            Some(draw) => campaign::draw(self, draw, seed),
        }
    }

    /// The members that are adversaries, by name.
    pub fn faulty(&self) -> impl Iterator<Item = &Adversary> {
        self.adversaries
            .iter()
            .filter(|adversary| self.is_member(&adversary.who))
    }

    /// How amounts are written by the command, and in files of balances.
    #[must_use]
    pub fn amounts(&self) -> Amounts {
        Amounts::of_scale(self.scale)
    }

    /// How its file of operations is laid out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let plain = Layout::default();
        Layout {
            // Checked to be ASCII.
            delimiter: self
                .delimiter
                .and_then(|delimiter| u8::try_from(delimiter).ok())
                .unwrap_or(plain.delimiter),
            skip: self.skip,
            amounts: Amounts {
                scale: self.scale,
                point: self.decimal.unwrap_or(plain.amounts.point),
            },
            columns: self.columns.clone(),
        }
    }

    /// Everybody who is or may become a member: first the members, then the joiners.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        self.members.iter().chain(&self.joiners).cloned().collect()
    }

    /// Everybody who takes part: those, and the outsiders.
    #[must_use]
    pub fn all_nodes(&self) -> Vec<String> {
        let mut nodes = self.people();
        let adversaries = self.adversaries.iter().map(|adversary| &adversary.who);
        let outsiders: Vec<String> = adversaries
            .filter(|who| !nodes.contains(who))
            .cloned()
            .collect();
        nodes.extend(outsiders);
        nodes
    }

    /// Whether `name` is a member at the start.
    #[must_use]
    pub fn is_member(&self, name: &str) -> bool {
        self.members.iter().any(|member| member == name)
    }

    /// Whether `name` is a member or joiner, and no adversary.
    #[must_use]
    pub fn is_correct(&self, name: &str) -> bool {
        let joins = self.joiners.iter().any(|joiner| joiner == name);
        (self.is_member(name) || joins)
            && !self
                .adversaries
                .iter()
                .any(|adversary| adversary.who == name)
    }
}

impl Scenario {
    /// Checks a row of a file against the scenario: `who` is a correct member or joiner, `what` an operation of its
    /// algorithm.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check_row(&self, row: &Row) -> Result<(), (&'static str, String)> {
        check::row(row, &self.people(), self.algorithm, &self.adversaries)
    }
}

/// A scenario that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {field}: {problem}")]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The field, such as `network.loss` or `operations[3].amount` (counted from 1); `file` when it is no single one.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads a scenario. Pure: the same text gives the same scenario, and no text makes it panic.
///
/// Files it names are not opened.
///
/// # Errors
/// [`ScenarioError`] naming line and field: not TOML, an unknown field, a value of the wrong type or out of bounds,
/// a name that is no member's, a name that would leave its directory.
pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    check::parse(text)
}

/// Which spellings in a scenario are old, and which have taken their place: what a person who wrote it should know.
#[must_use]
pub fn hints(text: &str) -> Vec<String> {
    locate::Places::new(text).map_or_else(|_| Vec::new(), |places| places.hints)
}

/// The scenario as a file: what [`parse`] reads back as the same scenario, but for what its charts show. What a seed would
/// draw, files it names, and a world of its own are not part of it: only scenarios that say everything else themselves can
/// be written.
#[must_use]
pub fn text(scenario: &Scenario) -> Option<String> {
    let plain = scenario.world == World::default()
        && scenario.nodes.is_empty()
        && scenario.one_way.is_empty()
        && scenario.clogs.is_empty()
        && scenario.slowdowns.is_empty()
        && scenario.full_disks.is_empty()
        && scenario.clocks.is_empty()
        && scenario.downtimes.is_empty()
        && scenario.network.corrupt == Chance(0)
        && scenario.limits.memory.is_none();
    let drawn = scenario.draw.is_some() || scenario.generator.is_some();
    match plain && !drawn && scenario.operations_file.is_none() {
        true => toml::to_string_pretty(scenario).ok(),
        false => None,
    }
}
