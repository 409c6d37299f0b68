//! A scenario: who takes part, what they do, and what the network and the villains do to them.
//!
//! The format is described field by field in `docs/scenarios.md`; the files in `scenarios/` are examples to copy.

mod campaign;
mod changes;
mod check;
mod file;
mod ground;
mod locate;
mod schedule;
pub mod swarm;
mod write;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

pub use bft_crdts::net::adversary::VillainKind;
pub use ground::{Away, Downtime, During, Ground, Links, Node};

pub use schedule::{Copy, MAX_COPIES, Schedule};
pub use write::text;

use bft_crdts::net::{Span, Wish};
use thiserror::Error;

use crate::operations::{Format, Row, What};

/// Largest scenario file, in bytes.
pub const MAX_SCENARIO_BYTES: usize = 1024 * 1024;
/// Most members of a scenario.
pub const MAX_MEMBERS: usize = 100;
/// Most partitions, crashes and villains, each.
pub const MAX_FAULTS: usize = 1_000;
/// Most changes of members that a seed draws.
pub const MAX_CHANGES: u64 = 20;
/// Most partitions, and most crashes of one member, that a seed draws.
pub const MAX_DRAWN: u64 = 20;
/// Most operations a generator makes.
pub const MAX_GENERATED: u64 = 100_000;
/// Most arcs of a chart.
pub const MAX_ARCS: u64 = 100_000;
/// The rules that are not broken.
pub const SOUND: &str = "sound";

/// A scenario whose every field makes sense.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name; files of a run are called by it.
    pub name: String,
    /// What it shows, for people.
    pub description: String,
    /// What is replicated.
    pub algorithm: Algorithm,
    /// The members' names, in the order in which charts show them.
    pub members: Vec<String>,
    /// Those who are no members at the start, and are to become some.
    pub joiners: Vec<String>,
    /// What the members are to change about themselves.
    pub changes: Vec<Change>,
    /// Whether whoever can convict a member wants it expelled.
    pub expel_convicted: bool,
    /// After how many messages the members make a checkpoint, if not after as many as the library does by itself.
    pub checkpoint_every: Option<NonZeroUsize>,
    /// All randomness of a run is derived from it.
    pub seed: u64,
    /// `sound`, or the name of a deliberately broken rule set.
    pub rules: String,
    /// How the members sign. Broken rules are always played with simulated signatures.
    pub signatures: Signatures,
    /// How the network treats packets.
    pub network: Network,
    /// When it is cut in parts.
    pub partitions: Vec<Partition>,
    /// When members crash.
    pub crashes: Vec<Crash>,
    /// Where nodes stand, what they are made of, and what else goes wrong.
    pub ground: Ground,
    /// Who does not keep to the protocol.
    pub villains: Vec<Villain>,
    /// What is to be done.
    pub workload: Workload,
    /// The file with the balances that must result.
    pub expected_balances: Option<String>,
    /// What becomes of every packet, in the place of what the network would draw.
    pub schedule: Option<Schedule>,
    /// What the charts show.
    pub chart: Chart,
    /// When a run is given up.
    pub limits: Limits,
    /// What each seed draws for itself: members, villains, faults and rows, in place of the fields above.
    pub draw: Option<Draw>,
}

/// How the members sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// As in real networks.
    Ed25519,
    /// With hashes, which nobody in a simulation can forge either: a hundred times cheaper.
    Simulated,
}

/// What is replicated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Accounts and transfers.
    Bank(Bank),
    /// The observed-remove set, of texts.
    Orswot,
}

impl Algorithm {
    /// Its name in a scenario.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bank(_) => "bank",
            Self::Orswot => "orswot",
        }
    }
}

/// The bank's genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bank {
    /// Every account with what it holds at the start: all members, and more.
    pub accounts: BTreeMap<String, u64>,
    /// Who may issue, and how much in total.
    pub issuers: BTreeMap<String, u64>,
}

/// How the network treats packets. Chances are in parts per million.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Shortest and longest latency of a packet; uniform between them.
    pub latency: (Span, Span),
    /// Chance that a packet is lost.
    pub loss: u32,
    /// Chance that a packet arrives twice.
    pub duplicate: u32,
    /// Chance that a packet is held back for longer than the longest latency, so that later ones overtake it.
    pub reorder: u32,
    /// How often a replica is told that time has passed.
    pub tick: Span,
    /// When all faults end.
    pub heal: Option<Span>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency: (Span::from_millis(5), Span::from_millis(15)),
            loss: 0,
            duplicate: 0,
            reorder: 0,
            tick: Span::from_millis(100),
            heal: None,
        }
    }
}

/// A cut of the network. Nodes that no group names form one more group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// When it begins.
    pub at: Span,
    /// When it ends.
    pub heal: Span,
    /// The parts that cannot reach each other.
    pub groups: Vec<Vec<String>>,
}

/// A crash of a correct member, and its restart from what its journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Who.
    pub member: String,
    /// When it stops.
    pub when: When,
    /// How long it is down.
    pub down: Span,
    /// Whether it loses what it wrote since its last sync.
    pub lose_unsynced: bool,
}

/// A change of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From when on it is wanted.
    pub at: Span,
    /// What.
    pub what: Wish,
    /// Whom it is about.
    pub who: String,
    /// Who approves it; everybody correct, if it does not say.
    pub approved_by: Option<Vec<String>>,
}

/// When a member crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time.
    At(Span),
    /// After it has done this many things: written a record, sent a packet, delivered an operation, set a timer. So it can
    /// stop between a write and the packet that follows it.
    AfterEffects(u64),
}

/// Somebody who does not keep to the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Villain {
    /// Its name: a member's, or a new one for an outsider.
    pub who: String,
    /// What it does.
    pub kind: VillainKind,
    /// When it begins.
    pub at: Span,
    /// What it does for once instead of what it draws from the seed.
    pub script: Script,
}

/// What a villain is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Nothing: it draws what it does from the seed.
    Drawn,
    /// An equivocator signs these operations for one slot, and tells each to the members behind it.
    Versions(Vec<(What, Vec<String>)>),
    /// A withholder tells its proofs to this member only.
    Tells(String),
}

impl Script {
    /// The versions of an equivocator; none of anybody else.
    #[must_use]
    pub fn versions(&self) -> &[(What, Vec<String>)] {
        match self {
            Self::Versions(versions) => versions,
            Self::Drawn | Self::Tells(_) => &[],
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workload {
    /// These rows.
    Rows(Vec<Row>),
    /// The rows of a file; a path relative to the scenario's directory.
    File {
        /// Where.
        path: String,
        /// In which format.
        format: Format,
    },
    /// Rows drawn from the seed.
    Generator(Generator),
}

/// Rows drawn from the seed: every one of a correct member, and every one valid in the order of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// How many.
    pub operations: u64,
    /// Time between two of them.
    pub every: Span,
    /// Largest amount of a transfer.
    pub max_amount: u64,
    /// How many different items are added and removed.
    pub items: u64,
}

/// What each seed of a campaign draws for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// How many members there may be.
    pub members: Vec<usize>,
    /// What villains may be: as many members as are tolerated are villains, and perhaps there is an outsider, too.
    pub villains: Vec<VillainKind>,
    /// The most operations.
    pub operations: u64,
    /// The most changes of members.
    pub changes: u64,
    /// When all faults end.
    pub faults_until: Span,
    /// Whether each seed also draws which kinds of villains and faults there can be in it, and how many and how much.
    pub swarm: bool,
    /// The largest chances of loss, of a copy, and of a detour, in parts per million.
    pub loss: u32,
    /// See `loss`.
    pub duplicate: u32,
    /// See `loss`.
    pub reorder: u32,
    /// By how much latencies may differ.
    pub latency: Span,
    /// The most partitions.
    pub partitions: u64,
    /// The most crashes of one member.
    pub crashes: u64,
    /// One run in so many has real signatures; none if zero.
    pub real_signatures_every: u64,
}

/// What the charts show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Title; the name by default.
    pub title: Option<String>,
    /// Nothing before.
    pub from: Option<Span>,
    /// Nothing after.
    pub to: Option<Span>,
    /// Only these nodes; all of them if empty.
    pub members: Vec<String>,
    /// Only these kinds of packets; all of them if empty, but for summaries that came to nothing.
    pub kinds: Vec<String>,
    /// Draws the packets of one broadcast as one arc where possible.
    pub fold: bool,
    /// Most arcs; the chart says how many were left out.
    pub max_arcs: usize,
}

/// When a run is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest virtual time.
    pub time: Span,
    /// Most events of the engine.
    pub events: u64,
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

    /// The members that are villains, by name.
    pub fn faulty(&self) -> impl Iterator<Item = &Villain> {
        self.villains
            .iter()
            .filter(|villain| self.is_member(&villain.who))
    }

    /// Everybody who is or may become a member: first the members, then the joiners.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        self.members.iter().chain(&self.joiners).cloned().collect()
    }

    /// Everybody who takes part: those, and the outsiders.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        let mut nodes = self.people();
        let villains = self.villains.iter().map(|villain| &villain.who);
        let outsiders: Vec<String> = villains
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

    /// Whether `name` is a member or joiner, and no villain.
    #[must_use]
    pub fn is_correct(&self, name: &str) -> bool {
        let joins = self.joiners.iter().any(|joiner| joiner == name);
        (self.is_member(name) || joins) && !self.villains.iter().any(|villain| villain.who == name)
    }
}

impl Scenario {
    /// Checks a row of a file against the scenario: `who` is a correct member or joiner, `what` an operation of its
    /// algorithm.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check_row(&self, row: &Row) -> Result<(), (&'static str, String)> {
        check::row(row, &self.people(), &self.algorithm, &self.villains)
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
