//! A scenario as it is written: the shape of the TOML, before anything in it is checked.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::operations::Fields;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) algorithm: Algorithm,
    pub(super) members: Option<Members>,
    #[serde(default)]
    pub(super) joiners: Vec<String>,
    #[serde(default)]
    pub(super) changes: Vec<Change>,
    #[serde(default)]
    pub(super) expel_convicted: bool,
    pub(super) checkpoint_every: Option<NonZeroUsize>,
    pub(super) draw: Option<Draw>,
    #[serde(default)]
    pub(super) seed: u64,
    #[serde(default = "sound")]
    pub(super) rules: String,
    #[serde(default)]
    pub(super) signatures: Signatures,
    pub(super) operations_file: Option<String>,
    pub(super) expected_balances: Option<String>,
    pub(super) bank: Option<Bank>,
    #[serde(default)]
    pub(super) network: Network,
    #[serde(default)]
    pub(super) partitions: Vec<Partition>,
    #[serde(default)]
    pub(super) crashes: Vec<Crash>,
    #[serde(default)]
    pub(super) world: World,
    #[serde(default)]
    pub(super) nodes: Vec<Node>,
    #[serde(default)]
    pub(super) one_way: Vec<Links>,
    #[serde(default)]
    pub(super) clogs: Vec<Links>,
    #[serde(default)]
    pub(super) slowdowns: Vec<During>,
    #[serde(default)]
    pub(super) full_disks: Vec<During>,
    #[serde(default)]
    pub(super) clocks: Vec<Clock>,
    #[serde(default)]
    pub(super) downtimes: Vec<Downtime>,
    #[serde(default)]
    pub(super) villains: Vec<Villain>,
    pub(super) operations: Option<Vec<Fields>>,
    pub(super) generator: Option<Generator>,
    pub(super) schedule: Option<Schedule>,
    #[serde(default)]
    pub(super) chart: Chart,
    #[serde(default)]
    pub(super) limits: Limits,
}

fn sound() -> String {
    super::SOUND.to_owned()
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Signatures {
    #[default]
    Ed25519,
    Simulated,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Algorithm {
    Bank,
    Orswot,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bank {
    pub(super) balance: Option<u64>,
    #[serde(default)]
    pub(super) accounts: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) issuers: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) latency: Option<Law>,
    #[serde(default)]
    pub(super) loss: f64,
    #[serde(default)]
    pub(super) duplicate: f64,
    #[serde(default)]
    pub(super) reorder: f64,
    #[serde(default)]
    pub(super) corrupt: f64,
    pub(super) tick: Option<String>,
    pub(super) heal: Option<String>,
}

/// How long something takes. Which fields a law has depends on its name; without one it has `min` and `max`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Law {
    pub(super) law: Option<String>,
    pub(super) time: Option<String>,
    pub(super) min: Option<String>,
    pub(super) max: Option<String>,
    pub(super) mean: Option<String>,
    pub(super) deviation: Option<String>,
    pub(super) median: Option<String>,
    pub(super) least: Option<String>,
    pub(super) scale: Option<String>,
    pub(super) shape: Option<f64>,
    pub(super) times: Option<Vec<String>>,
    pub(super) of: Option<Vec<Weighted>>,
    pub(super) after: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weighted {
    pub(super) weight: u32,
    pub(super) latency: Law,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    pub(super) map: Option<String>,
    #[serde(default)]
    pub(super) places: Vec<String>,
    #[serde(default)]
    pub(super) latencies: Vec<Way>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Way {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) latency: Law,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    #[serde(default)]
    pub(super) who: Vec<String>,
    pub(super) place: Option<String>,
    pub(super) upload: Option<String>,
    pub(super) download: Option<String>,
    pub(super) packet: Option<String>,
    pub(super) tick: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Links {
    pub(super) at: String,
    pub(super) heal: String,
    #[serde(default)]
    pub(super) from: Vec<String>,
    #[serde(default)]
    pub(super) to: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct During {
    pub(super) member: String,
    pub(super) at: String,
    pub(super) heal: String,
    pub(super) by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clock {
    pub(super) who: String,
    pub(super) ahead: Option<String>,
    pub(super) drift: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Downtime {
    pub(super) member: String,
    pub(super) at: Option<String>,
    pub(super) back: Option<String>,
    pub(super) share: Option<f64>,
    pub(super) cycle: Option<String>,
    #[serde(default)]
    pub(super) suspend: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Partition {
    pub(super) at: String,
    pub(super) heal: String,
    pub(super) groups: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crash {
    pub(super) member: String,
    pub(super) at: Option<String>,
    pub(super) restart: Option<String>,
    pub(super) after_effects: Option<u64>,
    pub(super) down: Option<String>,
    #[serde(default)]
    pub(super) lose_unsynced: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) at: Option<String>,
    pub(super) join: Option<String>,
    pub(super) leave: Option<String>,
    pub(super) expel: Option<String>,
    pub(super) approved_by: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Villain {
    pub(super) who: String,
    pub(super) kind: String,
    pub(super) at: Option<String>,
    #[serde(default)]
    pub(super) split: Vec<Vec<String>>,
    #[serde(default)]
    pub(super) versions: Vec<Fields>,
    pub(super) tells: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generator {
    pub(super) operations: u64,
    pub(super) every: Option<String>,
    pub(super) max_amount: Option<u64>,
    pub(super) items: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    pub(super) latency: String,
    #[serde(default)]
    pub(super) copies: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draw {
    pub(super) members: Vec<u64>,
    pub(super) villains: Vec<String>,
    pub(super) operations: u64,
    #[serde(default)]
    pub(super) changes: u64,
    pub(super) faults_until: String,
    #[serde(default)]
    pub(super) swarm: bool,
    pub(super) loss: Option<f64>,
    pub(super) duplicate: Option<f64>,
    pub(super) reorder: Option<f64>,
    pub(super) latency: Option<String>,
    pub(super) partitions: Option<u64>,
    pub(super) crashes: Option<u64>,
    pub(super) real_signatures_every: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chart {
    pub(super) title: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    pub(super) fold: Option<bool>,
    pub(super) max_arcs: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) time: Option<String>,
    pub(super) events: Option<u64>,
    pub(super) memory: Option<u64>,
}

/// How many members, or their names.
#[derive(Debug)]
pub(super) enum Members {
    Count(u64),
    Names(Vec<String>),
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of members or a list of their names")
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Members, E> {
                u64::try_from(count)
                    .map(Members::Count)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Members, E> {
                Ok(Members::Count(count))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Members, S::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(Members::Names(names))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
