//! What goes wrong with links, members, disks and clocks, and when.

use bft_crdts::net::Span;
use serde::{Deserialize, Serialize};

use super::problem::{Checked, Known, bad, few, groups, known, later};
use super::value::{Chance, Drift, Time, Wrong};
use super::{Scenario, locate::Path};

/// A cut of the network. Nodes that no group names form one more group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// When it begins.
    pub at: Time,
    /// When it ends.
    pub heal: Time,
    /// The parts that cannot reach each other.
    pub groups: Vec<Vec<String>>,
}

/// A crash of a correct member, and its restart from what its journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CrashFields", into = "CrashFields")]
pub struct Crash {
    /// Who.
    pub member: String,
    /// When it stops.
    pub when: When,
    /// How long it is down.
    pub down: Time,
    /// Whether it loses what it wrote since its last sync.
    pub lose_unsynced: bool,
}

/// When a member crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time.
    At(Time),
    /// After it has done this many things: written a record, sent a packet, delivered an operation, set a timer. So it can
    /// stop between a write and the packet that follows it.
    AfterEffects(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a crash")]
struct CrashFields {
    member: String,
    at: Option<Time>,
    restart: Option<Time>,
    after_effects: Option<u64>,
    down: Option<Time>,
    #[serde(default)]
    lose_unsynced: bool,
}

impl TryFrom<CrashFields> for Crash {
    type Error = Wrong;

    fn try_from(fields: CrashFields) -> Result<Self, Wrong> {
        let times = (fields.at, fields.restart, fields.after_effects, fields.down);
        let (when, down) = match times {
            (Some(at), Some(restart), None, None) if restart <= at => {
                return Err(Wrong::new("restart", "is not later than `at`"));
            }
            (Some(at), Some(restart), None, None) => {
                let down = restart.0.as_nanos() - at.0.as_nanos();
                (When::At(at), Time(Span::from_nanos(down)))
            }
            (None, None, Some(effects), Some(down)) => (When::AfterEffects(effects), down),
            _ => {
                let problem = "a crash has `at` and `restart`, or `after_effects` and `down`";
                return Err(Wrong::new("", problem));
            }
        };
        Ok(Self {
            member: fields.member,
            when,
            down,
            lose_unsynced: fields.lose_unsynced,
        })
    }
}

impl From<Crash> for CrashFields {
    fn from(crash: Crash) -> Self {
        let (at, after_effects) = match crash.when {
            When::At(at) => (Some(at), None),
            When::AfterEffects(effects) => (None, Some(effects)),
        };
        Self {
            member: crash.member,
            at,
            restart: at.map(|at| Time(at.0 + crash.down.0)),
            after_effects,
            down: at.is_none().then_some(crash.down),
            lose_unsynced: crash.lose_unsynced,
        }
    }
}

/// Something with links for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// When it begins.
    pub at: Time,
    /// When it ends.
    pub heal: Time,
    /// From these nodes; from all if empty.
    #[serde(default)]
    pub from: Vec<String>,
    /// To these nodes; to all if empty.
    #[serde(default)]
    pub to: Vec<String>,
}

/// Something with a member for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct During {
    /// Who.
    pub member: String,
    /// When it begins.
    pub at: Time,
    /// When it ends.
    pub heal: Time,
    /// How much longer everything takes, if it is slow.
    pub by: Option<Time>,
}

/// A wrong clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whose.
    pub who: String,
    /// How much it is ahead.
    #[serde(default)]
    pub ahead: Time,
    /// How much too fast it is.
    #[serde(default)]
    pub drift: Drift,
}

/// A member that is away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DowntimeFields")]
pub struct Downtime {
    /// Who.
    pub member: String,
    /// When.
    pub when: Away,
    /// Whether it remembers everything; else it comes back with what its journal holds.
    pub suspend: bool,
}

/// When a member is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Once.
    Once {
        /// When it goes; at zero it joins the run late.
        at: Time,
        /// When it is back.
        back: Time,
    },
    /// Again and again.
    Share {
        /// How much of the time.
        share: Chance,
        /// How long it is there and away again, on average.
        cycle: Time,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a downtime")]
struct DowntimeFields {
    member: String,
    at: Option<Time>,
    back: Option<Time>,
    share: Option<Chance>,
    cycle: Option<Time>,
    #[serde(default)]
    suspend: bool,
}

impl TryFrom<DowntimeFields> for Downtime {
    type Error = Wrong;

    fn try_from(fields: DowntimeFields) -> Result<Self, Wrong> {
        let when = match (fields.at, fields.back, fields.share, fields.cycle) {
            (Some(at), Some(back), None, None) if back <= at => {
                return Err(Wrong::new("back", "is not later than `at`"));
            }
            (Some(at), Some(back), None, None) => Away::Once { at, back },
            (None, None, Some(_), Some(cycle)) if cycle < Time::SHORTEST => {
                return Err(Wrong::new("cycle", "is shorter than 1ms"));
            }
            (None, None, Some(share), Some(cycle)) => Away::Share { share, cycle },
            _ => {
                let problem = "a downtime has `at` and `back`, or `share` and `cycle`";
                return Err(Wrong::new("", problem));
            }
        };
        Ok(Self {
            member: fields.member,
            when,
            suspend: fields.suspend,
        })
    }
}

/// Everything that goes wrong does so to nodes that are there, and for some time.
pub(super) fn check(scenario: &Scenario, all: &Known<'_>) -> Checked {
    few(&scenario.partitions, "partitions", |partition, path| {
        later(partition.at, partition.heal, "heal", &path)?;
        let path = path.at("groups");
        match partition.groups.is_empty() {
            true => bad(path, "names no group"),
            false => groups(&partition.groups, &all.nodes, &path),
        }
    })?;
    crashes(&scenario.crashes, all)?;
    for (field, list) in [("one_way", &scenario.one_way), ("clogs", &scenario.clogs)] {
        few(list, field, |links, path| {
            later(links.at, links.heal, "heal", &path)?;
            all.all_nodes(&links.from, &path.at("from"))?;
            all.all_nodes(&links.to, &path.at("to"))?;
            match links.from.is_empty() && links.to.is_empty() {
                true => bad(path, "names nobody; say `from`, `to` or both"),
                false => Ok(()),
            }
        })?;
    }
    let member = |name: &str, path: &Path| {
        all.correct(name, &path.at("member"), "; this is for correct members")
    };
    few(&scenario.slowdowns, "slowdowns", |slow, path| {
        if slow.by.is_none() {
            let problem = "is missing: how much longer everything takes";
            return bad(path.at("by"), problem);
        }
        later(slow.at, slow.heal, "heal", &path)?;
        member(&slow.member, &path)
    })?;
    few(&scenario.full_disks, "full_disks", |full, path| {
        if full.by.is_some() {
            return bad(path.at("by"), "is for slowdowns");
        }
        later(full.at, full.heal, "heal", &path)?;
        member(&full.member, &path)
    })?;
    few(&scenario.clocks, "clocks", |clock, path| {
        known(&clock.who, &all.nodes, &path.at("who"))
    })?;
    few(&scenario.downtimes, "downtimes", |away, path| {
        member(&away.member, &path)?;
        match away.when {
            Away::Share { .. } if scenario.network.heal.is_none() => {
                let problem = "never ends; say with `network.heal` when it does";
                bad(path.at("share"), problem)
            }
            _ => Ok(()),
        }
    })
}

/// Only correct members crash, and none that is down already.
fn crashes(crashes: &[Crash], all: &Known<'_>) -> Checked {
    let mut outages: Vec<(&Crash, Time)> = Vec::new();
    few(crashes, "crashes", |crash, path| {
        let otherwise = "; only correct members crash";
        all.correct(&crash.member, &path.at("member"), otherwise)?;
        let When::At(at) = crash.when else {
            return Ok(());
        };
        let overlaps = |(other, from): &(&Crash, Time)| {
            other.member == crash.member
                && from.0 <= at.0 + crash.down.0
                && at.0 <= from.0 + other.down.0
        };
        if outages.iter().any(overlaps) {
            return bad(path.at("at"), format!("`{}` is down already", crash.member));
        }
        outages.push((crash, at));
        Ok(())
    })
}
