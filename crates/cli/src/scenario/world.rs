//! The world of a scenario: a map, and what nodes are made of.

use bft_crdts::net::Law;
use bft_crdts::net::world::{Locations, WorldError};
use serde::Deserialize;

use super::latency::Latency;
use super::locate::Path;
use super::problem::{Checked, Known, Problem, bad, each, few};
use super::value::{Bandwidth, Time};
use crate::names;

/// Most places of a map.
const MAX_PLACES: usize = 100;

/// The map of a scenario, if there is one: a known one, or places with latencies between them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    map: Option<String>,
    places: Vec<String>,
    latencies: Vec<Way>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    from: String,
    to: String,
    latency: Latency,
}

/// What some nodes are made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Which nodes; all of them if empty.
    #[serde(default)]
    pub who: Vec<String>,
    /// Where they stand.
    pub place: Option<String>,
    /// From them.
    pub upload: Option<Bandwidth>,
    /// To them.
    pub download: Option<Bandwidth>,
    /// What a packet takes.
    #[serde(default)]
    pub packet: Time,
    /// What a tick takes.
    #[serde(default)]
    pub tick: Time,
}

impl World {
    /// The map, if there is one. There is in a scenario that was checked.
    pub(crate) fn locations(&self) -> Option<Locations> {
        self.map().ok().flatten()
    }

    pub(super) fn map(&self) -> Checked<Option<Locations>> {
        let path = Path::key("world");
        let named = match self.map.as_deref() {
            None => None,
            Some("aws") => Some(Locations::aws()),
            Some(other) => {
                let problem = format!("`{}` is no map; there is aws", other.escape_debug());
                return bad(path.at("map"), problem);
            }
        };
        if self.places.is_empty() {
            return match self.latencies.is_empty() {
                true => Ok(named),
                false => bad(path.at("latencies"), "needs `places`"),
            };
        }
        if named.is_some() {
            return bad(path.at("places"), "stand beside `map`; give one of the two");
        }
        if self.places.len() > MAX_PLACES {
            return bad(path.at("places"), format!("are more than {MAX_PLACES}"));
        }
        each(&self.places, &path.at("places"), |place, path| {
            names::check(place).map_err(|why| (path, why.to_string()))
        })?;
        let wrong = |path: Path| move |why: WorldError| -> Problem { (path, why.to_string()) };
        let mut map = Locations::new(self.places.clone()).map_err(wrong(path.at("places")))?;
        for (index, way) in self.latencies.iter().enumerate() {
            let law: Law = way.latency.0.clone();
            let added = map.latency(&way.from, &way.to, law);
            map = added.map_err(wrong(path.at("latencies").index(index)))?;
        }
        map.check().map_err(wrong(path.at("latencies")))?;
        Ok(Some(map))
    }
}

/// The nodes are there, and stand on the map.
pub(super) fn check(nodes: &[Node], map: Option<&Locations>, all: &Known<'_>) -> Checked {
    few(nodes, "nodes", |node, path| {
        all.all_nodes(&node.who, &path.at("who"))?;
        let Some(place) = &node.place else {
            return Ok(());
        };
        let path = path.at("place");
        let Some(map) = map else {
            let problem = "there is no map; give `world.map` or `world.places`";
            return bad(path, problem);
        };
        let found = map.find(place);
        found.map(|_| ()).map_err(|why| (path, why.to_string()))
    })
}
