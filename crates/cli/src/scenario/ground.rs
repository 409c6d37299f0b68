//! The world of a scenario: a map, what nodes are made of, and what goes wrong with lines, disks and clocks.

use bft_crdts::net::world::Locations;
use bft_crdts::net::{Law, Rate, Shape, Span};

use super::MAX_FAULTS;
use super::check::{Checked, bad, chance, few, interval, known, optional_time, some_time};
use super::file;
use super::locate::Path;
use crate::names;

/// Most places of a map.
const MAX_PLACES: usize = 100;
/// Most spans or laws in one law.
const MAX_PARTS: usize = 10_000;

/// The world of a scenario, as far as it is not plain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ground {
    /// The law of latencies, instead of the shortest and longest of the network.
    pub latency: Option<Law>,
    /// Chance that a packet arrives as something else, in parts per million.
    pub corrupt: u32,
    /// The map.
    pub map: Option<Locations>,
    /// What nodes are made of; of those named twice the last counts.
    pub nodes: Vec<Node>,
    /// When nodes are not heard.
    pub one_way: Vec<Links>,
    /// When packets wait.
    pub clogs: Vec<Links>,
    /// When members are slow, and what everything takes then.
    pub slowdowns: Vec<(During, Span)>,
    /// When disks are full.
    pub full_disks: Vec<During>,
    /// Wrong clocks: whose, how much ahead, and how much faster, in parts per million.
    pub clocks: Vec<(String, Span, i32)>,
    /// When members are away.
    pub downtimes: Vec<Downtime>,
    /// The most bytes a run takes.
    pub memory: Option<u64>,
}

/// What some nodes are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which nodes; all of them if empty.
    pub who: Vec<String>,
    /// Where they stand.
    pub place: Option<String>,
    /// From them.
    pub upload: Option<Rate>,
    /// To them.
    pub download: Option<Rate>,
    /// What a packet takes.
    pub packet: Span,
    /// What a tick takes.
    pub tick: Span,
}

/// Something with links for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// When it begins.
    pub at: Span,
    /// When it ends.
    pub heal: Span,
    /// From these nodes; from all if empty.
    pub from: Vec<String>,
    /// To these nodes; to all if empty.
    pub to: Vec<String>,
}

/// Something with a member for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct During {
    /// Who.
    pub member: String,
    /// When it begins.
    pub at: Span,
    /// When it ends.
    pub heal: Span,
}

/// A member that is away.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        at: Span,
        /// When it is back.
        back: Span,
    },
    /// Again and again.
    Share {
        /// How much of the time, in parts per million.
        share: u32,
        /// How long it is there and away again, on average.
        cycle: Span,
    },
}

/// Checks everything of it. `nodes` are all nodes, `people` the members and joiners, `correct` says who of them is no
/// villain.
pub(super) fn ground(
    file: &file::File,
    nodes: &[String],
    people: &[String],
    correct: impl Fn(&String) -> bool,
) -> Checked<Ground> {
    let network = Path::key("network");
    let latency = match &file.network.latency {
        Some(latency) if latency.law.is_some() => Some(law(latency, &network.at("latency"))?),
        _ => None,
    };
    let map = map(&file.world)?;
    let member = |name: &String, path: &Path| {
        known(name, people, path)?;
        match correct(name) {
            true => Ok(name.clone()),
            false => bad(
                path.clone(),
                format!("`{name}` is a villain; this is for correct members"),
            ),
        }
    };
    let during = |during: &file::During, path: &Path| {
        let (at, heal) = interval(&during.at, &during.heal, "heal", path)?;
        Ok(During {
            member: member(&during.member, &path.at("member"))?,
            at,
            heal,
        })
    };
    Ok(Ground {
        latency,
        corrupt: chance(file.network.corrupt, &network.at("corrupt"))?,
        nodes: each(&file.nodes, "nodes", |read, path| {
            node(read, nodes, map.as_ref(), path)
        })?,
        one_way: each(&file.one_way, "one_way", |read, path| {
            links(read, nodes, path)
        })?,
        clogs: each(&file.clogs, "clogs", |read, path| links(read, nodes, path))?,
        slowdowns: each(&file.slowdowns, "slowdowns", |read, path| {
            let Some(by) = &read.by else {
                return bad(
                    path.at("by"),
                    "is missing: how much longer everything takes",
                );
            };
            Ok((during(read, path)?, some_time(by, &path.at("by"))?))
        })?,
        full_disks: each(&file.full_disks, "full_disks", |read, path| match read.by {
            None => during(read, path),
            Some(_) => bad(path.at("by"), "is for slowdowns"),
        })?,
        clocks: each(&file.clocks, "clocks", |read, path| {
            known(&read.who, nodes, &path.at("who"))?;
            let ahead = optional_time(read.ahead.as_deref(), &path.at("ahead"))?;
            let drift = read.drift.unwrap_or(0.0);
            if !(-0.9..=10.0).contains(&drift) {
                return bad(
                    path.at("drift"),
                    format!("{drift} is not between -0.9 and 10"),
                );
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most ten million")]
            let drift = (drift * 1e6).round() as i32;
            Ok((read.who.clone(), ahead.unwrap_or_default(), drift))
        })?,
        downtimes: each(&file.downtimes, "downtimes", |read, path| {
            let heals = file.network.heal.is_some();
            Ok(Downtime {
                member: member(&read.member, &path.at("member"))?,
                when: away(read, heals, path)?,
                suspend: read.suspend,
            })
        })?,
        memory: match file.limits.memory {
            Some(0) => return bad(Path::key("limits").at("memory"), "a run needs some memory"),
            memory => memory,
        },
        map,
    })
}

/// Checks a list of tables.
fn each<F, T>(
    read: &[F],
    field: &str,
    mut check: impl FnMut(&F, &Path) -> Checked<T>,
) -> Checked<Vec<T>> {
    let path = Path::key(field);
    few(read.len(), &path)?;
    let checked = read.iter().enumerate();
    checked
        .map(|(index, read)| check(read, &path.index(index)))
        .collect()
}

fn map(world: &file::World) -> Checked<Option<Locations>> {
    let path = Path::key("world");
    let named = match world.map.as_deref() {
        None => None,
        Some("aws") => Some(Locations::aws()),
        Some(other) => {
            let problem = format!("`{}` is no map; there is aws", other.escape_debug());
            return bad(path.at("map"), problem);
        }
    };
    if world.places.is_empty() {
        return match world.latencies.is_empty() {
            true => Ok(named),
            false => bad(path.at("latencies"), "needs `places`"),
        };
    }
    if named.is_some() {
        return bad(path.at("places"), "stand beside `map`; give one of the two");
    }
    if world.places.len() > MAX_PLACES {
        return bad(path.at("places"), format!("are more than {MAX_PLACES}"));
    }
    for (index, place) in world.places.iter().enumerate() {
        names::check(place).map_err(|why| (path.at("places").index(index), why.to_string()))?;
    }
    let wrong = |path: Path| move |why: bft_crdts::net::world::WorldError| (path, why.to_string());
    let mut map = Locations::new(world.places.clone()).map_err(wrong(path.at("places")))?;
    for (index, way) in world.latencies.iter().enumerate() {
        let path = path.at("latencies").index(index);
        let law = law(&way.latency, &path.at("latency"))?;
        map = map.latency(&way.from, &way.to, law).map_err(wrong(path))?;
    }
    map.check().map_err(wrong(path.at("latencies")))?;
    Ok(Some(map))
}

fn node(
    read: &file::Node,
    nodes: &[String],
    map: Option<&Locations>,
    path: &Path,
) -> Checked<Node> {
    for (index, name) in read.who.iter().enumerate() {
        known(name, nodes, &path.at("who").index(index))?;
    }
    if let Some(place) = &read.place {
        match map {
            None => {
                return bad(
                    path.at("place"),
                    "there is no map; give `world.map` or `world.places`",
                );
            }
            Some(map) => {
                map.find(place)
                    .map_err(|why| (path.at("place"), why.to_string()))?;
            }
        }
    }
    Ok(Node {
        who: read.who.clone(),
        place: read.place.clone(),
        upload: rate(read.upload.as_deref(), &path.at("upload"))?,
        download: rate(read.download.as_deref(), &path.at("download"))?,
        packet: optional_time(read.packet.as_deref(), &path.at("packet"))?.unwrap_or_default(),
        tick: optional_time(read.tick.as_deref(), &path.at("tick"))?.unwrap_or_default(),
    })
}

fn links(read: &file::Links, nodes: &[String], path: &Path) -> Checked<Links> {
    let (at, heal) = interval(&read.at, &read.heal, "heal", path)?;
    if read.from.is_empty() && read.to.is_empty() {
        return bad(path.clone(), "names nobody; say `from`, `to` or both");
    }
    for (field, list) in [("from", &read.from), ("to", &read.to)] {
        for (index, name) in list.iter().enumerate() {
            known(name, nodes, &path.at(field).index(index))?;
        }
    }
    Ok(Links {
        at,
        heal,
        from: read.from.clone(),
        to: read.to.clone(),
    })
}

fn away(read: &file::Downtime, heals: bool, path: &Path) -> Checked<Away> {
    match (&read.at, &read.back, read.share, &read.cycle) {
        (Some(at), Some(back), None, None) => {
            let (at, back) = interval(at, back, "back", path)?;
            Ok(Away::Once { at, back })
        }
        (None, None, Some(share), Some(cycle)) => {
            if !heals {
                return bad(
                    path.at("share"),
                    "never ends; say with `network.heal` when it does",
                );
            }
            let cycle = some_time(cycle, &path.at("cycle"))?;
            if cycle < Span::from_millis(1) {
                return bad(path.at("cycle"), "is shorter than 1ms");
            }
            let share = chance(share, &path.at("share"))?;
            Ok(Away::Share { share, cycle })
        }
        _ => bad(
            path.clone(),
            "a downtime has `at` and `back`, or `share` and `cycle`",
        ),
    }
}

/// A rate such as `50Mbit`, per second.
fn rate(text: Option<&str>, path: &Path) -> Checked<Option<Rate>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let units = [
        ("kbit", 1_000),
        ("Mbit", 1_000_000),
        ("Gbit", 1_000_000_000),
    ];
    let bits = units.into_iter().find_map(|(unit, worth)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(worth)
    });
    match bits.and_then(Rate::bits_per_second) {
        Some(rate) => Ok(Some(rate)),
        None => bad(
            path.clone(),
            format!(
                "`{}` is no rate; write a whole number and kbit, Mbit or Gbit (per second)",
                text.escape_debug()
            ),
        ),
    }
}

/// A law: one of those with a name, or anything between `min` and `max`.
pub(super) fn law(read: &file::Law, path: &Path) -> Checked<Law> {
    named_law(read, path, true)
}

fn named_law(read: &file::Law, path: &Path, may_choose: bool) -> Checked<Law> {
    let name = read.law.as_deref().unwrap_or("uniform");
    // The times that are needed, the shape, and nothing else.
    let times = [
        ("time", &read.time),
        ("min", &read.min),
        ("max", &read.max),
        ("mean", &read.mean),
        ("deviation", &read.deviation),
        ("median", &read.median),
        ("least", &read.least),
        ("scale", &read.scale),
    ];
    let (needed, shaped): (&[&str], bool) = match name {
        "constant" => (&["time"], false),
        "uniform" => (&["min", "max"], false),
        "normal" => (&["mean", "deviation"], false),
        "lognormal" => (&["median"], true),
        "exponential" => (&["mean"], false),
        "gamma" | "inverse_gamma" => (&["scale"], true),
        "pareto" => (&["least"], true),
        "samples" | "choice" => (&[], false),
        other => {
            let problem = format!(
                "`{}` is none of constant, uniform, normal, lognormal, exponential, gamma, inverse_gamma, pareto, \
                 samples, choice",
                other.escape_debug()
            );
            return bad(path.at("law"), problem);
        }
    };
    for (field, given) in times {
        if given.is_some() != needed.contains(&field) {
            return bad(
                path.at(field),
                match given {
                    Some(_) => format!("is not for the law `{name}`"),
                    None => format!("is missing: the law `{name}` needs it"),
                },
            );
        }
    }
    let parts = [
        ("shape", read.shape.is_some(), shaped),
        ("times", read.times.is_some(), name == "samples"),
        ("of", read.of.is_some(), name == "choice"),
    ];
    for (field, given, needed) in parts {
        if given != needed {
            return bad(
                path.at(field),
                match given {
                    true => format!("is not for the law `{name}`"),
                    false => format!("is missing: the law `{name}` needs it"),
                },
            );
        }
    }
    let time = |field: &str| {
        let given = times.iter().find(|(known, _)| *known == field);
        let text = given
            .and_then(|(_, given)| given.as_deref())
            .unwrap_or_default();
        some_time(text, &path.at(field))
    };
    let shape = || {
        let shape = read.shape.and_then(Shape::new);
        shape.map_or_else(|| bad(path.at("shape"), "is not above zero"), Ok)
    };
    let law = match name {
        "constant" => Law::Constant(time("time")?),
        "normal" => Law::Normal {
            mean: time("mean")?,
            deviation: time("deviation")?,
        },
        "lognormal" => Law::LogNormal {
            median: time("median")?,
            shape: shape()?,
        },
        "exponential" => Law::Exponential {
            mean: time("mean")?,
        },
        "gamma" => Law::Gamma {
            shape: shape()?,
            scale: time("scale")?,
        },
        "inverse_gamma" => Law::InverseGamma {
            shape: shape()?,
            scale: time("scale")?,
        },
        "pareto" => Law::Pareto {
            least: time("least")?,
            shape: shape()?,
        },
        "samples" => {
            let times = read.times.as_deref().unwrap_or_default();
            some(times.len(), &path.at("times"))?;
            let read = times.iter().enumerate();
            let read = read.map(|(index, text)| some_time(text, &path.at("times").index(index)));
            Law::samples(read.collect::<Checked<Vec<Span>>>()?)
        }
        "choice" => {
            let path = path.at("of");
            let of = read.of.as_deref().unwrap_or_default();
            if !may_choose {
                return bad(path, "a choice among choices; name the laws themselves");
            }
            some(of.len(), &path)?;
            let mut laws = Vec::new();
            for (index, one) in of.iter().enumerate() {
                let path = path.index(index).at("latency");
                laws.push((one.weight, named_law(&one.latency, &path, false)?));
            }
            if laws.iter().all(|(weight, _)| *weight == 0) {
                return bad(path, "all weights are zero");
            }
            Law::choice(laws)
        }
        _ => {
            let (min, max) = (time("min")?, time("max")?);
            if min > max {
                return bad(path.clone(), "`min` is longer than `max`");
            }
            Law::Uniform { min, max }
        }
    };
    Ok(
        match optional_time(read.after.as_deref(), &path.at("after"))? {
            Some(after) => law.after(after),
            None => law,
        },
    )
}

fn some(have: usize, path: &Path) -> Checked<()> {
    match have {
        0 => bad(path.clone(), "is empty"),
        have if have > MAX_PARTS.max(MAX_FAULTS) => {
            bad(path.clone(), format!("{have} of them; at most {MAX_PARTS}"))
        }
        _ => Ok(()),
    }
}
