//! An experiment as a file: TOML that a person can read, change and run again.

use bft_crdts::net::world::{Locations, Topology, WorldError};
use bft_crdts::net::{Law, NodeId, Shape, Span};
use serde::{Deserialize, Serialize};

use crate::gossip::Style;

/// What an experiment is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub experiment: String,
    /// All randomness is derived from this.
    pub seed: u64,
    /// How long it lasts, in milliseconds of virtual time.
    #[serde(default)]
    pub millis: u64,
    /// Where peers can stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locations: Option<Places>,
    /// What the peers do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Services>,
    /// Who knows whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<Topology>,
}

/// Named places, and how long a packet takes between them; or a table that is built in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// `aws`: Ohio, Ireland and Tokyo. `aws-half`: the same, and every way takes half as long, as p2psimpy has it, which
    /// takes the table for round trips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The latencies. A direction that is not given has the law of the other one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latencies: Vec<Way>,
}

/// How long a packet takes from one place to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// From here.
    pub from: String,
    /// To there.
    pub to: String,
    /// The law.
    pub law: LawFile,
}

/// The law of a time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LawFile {
    /// Always the same.
    Constant {
        /// So long.
        ms: f64,
    },
    /// The bell curve, cut off at zero.
    Normal {
        /// Its middle.
        mean_ms: f64,
        /// Its standard deviation.
        deviation_ms: f64,
    },
    /// The time between independent events.
    Exponential {
        /// Its mean.
        mean_ms: f64,
    },
    /// The gamma distribution, and something more.
    Gamma {
        /// Its shape.
        shape: f64,
        /// Its scale.
        scale_ms: f64,
        /// So much more.
        after_ms: f64,
    },
}

/// What the peers do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// How they gossip: `push`, `pull`, `push-pull` or `ranged-pull`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gossip: Option<String>,
    /// How long a peer works on a transaction that it hears.
    #[serde(default)]
    pub validation_ms: f64,
    /// Whether it checks signatures.
    #[serde(default)]
    pub signatures: bool,
    /// Transactions that a client makes, per second.
    #[serde(default)]
    pub rate: u32,
    /// What it has to spend.
    #[serde(default)]
    pub balance: i64,
    /// Whether it makes two versions of each.
    #[serde(default)]
    pub conflicting: bool,
    /// The peers that tamper with what they pass on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub malicious: Vec<u16>,
    /// When peers are away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downtime: Option<Downtime>,
    /// The fewest connections a peer is content with, if it finds them itself.
    #[serde(default)]
    pub min_peers: usize,
    /// The most it keeps.
    #[serde(default)]
    pub max_peers: usize,
}

/// When peers are away: there and away in turn, for random times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downtime {
    /// How long a peer is there.
    pub up: LawFile,
    /// How long it is away.
    pub down: LawFile,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{0}")]
    Toml(String),
    /// No experiment has this name.
    #[error("experiment: there is none called `{0}`")]
    Unknown(String),
    /// A field that the experiment needs is not there.
    #[error("{0}: is missing")]
    Missing(&'static str),
    /// A field has no value that can be.
    #[error("{field}: {problem}")]
    Value {
        /// Which.
        field: &'static str,
        /// Why not.
        problem: String,
    },
    /// The places do not make a map.
    #[error("locations: {0}")]
    World(#[from] WorldError),
}

/// The longest run, in milliseconds.
const MOST_MILLIS: u64 = 600_000;
/// The most nodes.
const MOST_NODES: usize = 1_000;
/// The longest time a law can be about, in milliseconds.
const MOST_LAW: f64 = 1e9;

impl File {
    /// Nothing but a seed.
    #[must_use]
    pub fn bare(seed: u64) -> Self {
        Self {
            experiment: String::new(),
            seed,
            millis: 0,
            locations: None,
            services: None,
            topology: None,
        }
    }

    /// As a file.
    ///
    /// # Errors
    /// [`FileError::Toml`], which no file that was checked gives.
    pub fn to_toml(&self) -> Result<String, FileError> {
        toml::to_string(self).map_err(|why| FileError::Toml(why.to_string()))
    }

    /// From a file.
    ///
    /// # Errors
    /// [`FileError`] with the line and field, or what makes no sense.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file: Self = toml::from_str(text).map_err(|why| FileError::Toml(why.to_string()))?;
        file.check()?;
        Ok(file)
    }

    /// Whether everything in it can be.
    ///
    /// # Errors
    /// The first thing that cannot.
    pub fn check(&self) -> Result<(), FileError> {
        if self.millis > MOST_MILLIS {
            return Err(wrong("millis", format!("at most {MOST_MILLIS}")));
        }
        if let Some(places) = &self.locations {
            places.map()?.check()?;
        }
        let nodes = self.topology.as_ref().map_or(0, Topology::len);
        if nodes > MOST_NODES {
            return Err(wrong("topology", format!("at most {MOST_NODES} nodes")));
        }
        if let Some(services) = &self.services {
            services.check(nodes)?;
        }
        Ok(())
    }

    pub(super) fn topology(&self) -> Result<&Topology, FileError> {
        let topology = self
            .topology
            .as_ref()
            .filter(|topology| !topology.is_empty());
        topology.ok_or(FileError::Missing("topology"))
    }

    pub(super) fn services(&self) -> Result<&Services, FileError> {
        self.services.as_ref().ok_or(FileError::Missing("services"))
    }

    pub(super) fn map(&self) -> Result<Locations, FileError> {
        let places = self.locations.as_ref();
        places.ok_or(FileError::Missing("locations"))?.map()
    }
}

fn wrong(field: &'static str, problem: impl Into<String>) -> FileError {
    let problem = problem.into();
    FileError::Value { field, problem }
}

impl Places {
    /// The table that is built in.
    pub(super) fn aws_half() -> Self {
        Self {
            preset: Some("aws-half".to_owned()),
            ..Self::default()
        }
    }

    /// The map.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn map(&self) -> Result<Locations, FileError> {
        if let Some(preset) = &self.preset {
            return match preset.as_str() {
                "aws" => Ok(Locations::aws()),
                "aws-half" => half(&Locations::aws()),
                _ => Err(wrong("locations.preset", "there are `aws` and `aws-half`")),
            };
        }
        let mut map = Locations::new(self.names.iter().cloned())?;
        if self.names.is_empty() {
            return Err(FileError::Missing("locations.names"));
        }
        for Way { from, to, law } in &self.latencies {
            map = map.latency(from, to, law.law("locations.latencies.law")?)?;
        }
        Ok(map)
    }
}

/// The same places, with half the time between them.
fn half(map: &Locations) -> Result<Locations, FileError> {
    let names: Vec<&str> = map.iter().map(|(_, name)| name).collect();
    let mut halved = Locations::new(names.iter().copied())?;
    for (from, one) in map.iter() {
        for (to, other) in map.iter().filter(|(to, _)| *to >= from) {
            if let Some(law) = map.law(from, to) {
                halved = halved.latency(one, other, half_law(law))?;
            }
        }
    }
    Ok(halved)
}

fn half_law(law: &Law) -> Law {
    let half = |span: &Span| Span::from_nanos(span.as_nanos() / 2);
    match law {
        Law::Normal { mean, deviation } => Law::Normal {
            mean: half(mean),
            deviation: half(deviation),
        },
        Law::InverseGamma { shape, scale } => Law::InverseGamma {
            shape: *shape,
            scale: half(scale),
        },
        Law::Shifted { by, law } => half_law(law).after(half(by)),
        // The table has no other laws.
        law => law.clone(),
    }
}

impl Services {
    fn check(&self, nodes: usize) -> Result<(), FileError> {
        self.style()?;
        span("services.validation_ms", self.validation_ms)?;
        if self.rate > 1_000 {
            return Err(wrong("services.rate", "at most 1000 a second"));
        }
        if let Some(node) = self
            .malicious
            .iter()
            .find(|node| usize::from(**node) >= nodes)
        {
            return Err(wrong(
                "services.malicious",
                format!("there is no node {node}"),
            ));
        }
        if let Some(Downtime { up, down }) = &self.downtime {
            up.law("services.downtime.up")?;
            down.law("services.downtime.down")?;
        }
        if self.min_peers > self.max_peers {
            return Err(wrong("services.max_peers", "is less than min_peers"));
        }
        Ok(())
    }

    pub(super) fn style(&self) -> Result<Style, FileError> {
        let Some(name) = &self.gossip else {
            return Ok(Style::Push);
        };
        name.parse().map_err(|_| {
            let known: Vec<_> = Style::ALL.iter().map(|style| style.name()).collect();
            let known = known.join(", ");
            wrong("services.gossip", format!("{name} is none of {known}"))
        })
    }

    pub(super) fn is_malicious(&self, node: NodeId) -> bool {
        self.malicious.contains(&node.get())
    }
}

pub(super) fn span(field: &'static str, ms: f64) -> Result<Span, FileError> {
    if !(0.0..=MOST_LAW).contains(&ms) {
        return Err(wrong(field, format!("{ms} is not from 0 to {MOST_LAW} ms")));
    }
    Ok(Span::from_nanos((ms * 1e6).round() as u64))
}

impl LawFile {
    /// The law.
    ///
    /// # Errors
    /// If a number is negative, or too large, or none.
    pub fn law(&self, field: &'static str) -> Result<Law, FileError> {
        Ok(match *self {
            Self::Constant { ms } => Law::Constant(span(field, ms)?),
            Self::Normal {
                mean_ms,
                deviation_ms,
            } => Law::Normal {
                mean: span(field, mean_ms)?,
                deviation: span(field, deviation_ms)?,
            },
            Self::Exponential { mean_ms } => Law::Exponential {
                mean: span(field, mean_ms)?,
            },
            Self::Gamma {
                shape,
                scale_ms,
                after_ms,
            } => {
                let shape = Shape::new(shape);
                let shape = shape.ok_or_else(|| wrong(field, "a shape is more than nothing"))?;
                let scale = span(field, scale_ms)?;
                Law::Gamma { shape, scale }.after(span(field, after_ms)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::ALL;

    #[test]
    fn every_experiment_comes_back_from_its_file() {
        for experiment in ALL {
            let file = experiment.file(7);
            let text = file.to_toml().unwrap();
            assert_eq!(File::parse(&text).unwrap(), file, "{}", experiment.name);
        }
    }

    fn refused(change: impl Fn(&str) -> String, why: &str) {
        let file = ALL[3].file(1).to_toml().unwrap();
        let changed = change(&file);
        assert_ne!(changed, file, "nothing was changed");
        let error = File::parse(&changed).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        refused(
            |file| file.replace("millis = 6200", "millis = 999999999"),
            "millis",
        );
        refused(
            |file| file.replace("\"push\"", "\"shove\""),
            "services.gossip",
        );
        refused(|file| file.replace("rate = 5", "rate = -5"), "rate");
        refused(
            |file| file.replace("preset = \"aws-half\"", "preset = \"mars\""),
            "locations.preset",
        );
        refused(|file| file.replace("seed = 1", "sead = 1"), "sead");
        refused(
            |file| file.replace("validation_ms = ", "validation_ms = -"),
            "validation_ms",
        );
        refused(
            |file| file.replace("mean_ms = ", "mean_ms = nan #"),
            "downtime",
        );
    }
}
