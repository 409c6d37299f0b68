//! How long something takes, as a scenario writes it down: a law with a name, or anything between `min` and `max`.

use bft_crdts::net::{Law, Shape, Span};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

use super::MAX_PARTS;
use super::value::{Time, Wrong};

/// A law of latencies.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Latency(pub Law);

/// Which fields a law has depends on its name; without one it has `min` and `max`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a law of latencies")]
struct Fields {
    law: Option<String>,
    time: Option<Time>,
    min: Option<Time>,
    max: Option<Time>,
    mean: Option<Time>,
    deviation: Option<Time>,
    median: Option<Time>,
    least: Option<Time>,
    scale: Option<Time>,
    shape: Option<f64>,
    times: Option<Vec<Time>>,
    of: Option<Vec<Weighted>>,
    after: Option<Time>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weighted {
    weight: u32,
    latency: Fields,
}

/// Only what is uniform can be written: a scenario with another law has a world of its own.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Law::Uniform { min, max } = self.0 else {
            return Err(S::Error::custom("a law other than `uniform`"));
        };
        let fields = Fields {
            min: Some(Time(min)),
            max: Some(Time(max)),
            ..Fields::default()
        };
        fields.serialize(serializer)
    }
}

impl TryFrom<Fields> for Latency {
    type Error = Wrong;

    fn try_from(fields: Fields) -> Result<Self, Wrong> {
        law(&fields, true).map(Self)
    }
}

fn law(fields: &Fields, may_choose: bool) -> Result<Law, Wrong> {
    let name = fields.law.as_deref().unwrap_or("uniform");
    let needed: &[&str] = match name {
        "constant" => &["time"],
        "uniform" => &["min", "max"],
        "normal" => &["mean", "deviation"],
        "lognormal" => &["median", "shape"],
        "exponential" => &["mean"],
        "gamma" | "inverse_gamma" => &["scale", "shape"],
        "pareto" => &["least", "shape"],
        "samples" => &["times"],
        "choice" => &["of"],
        other => {
            let problem = format!(
                "`{}` is none of constant, uniform, normal, lognormal, exponential, gamma, inverse_gamma, pareto, \
                 samples, choice",
                other.escape_debug()
            );
            return Err(Wrong::new("law", problem));
        }
    };
    let given = [
        ("time", fields.time.is_some()),
        ("min", fields.min.is_some()),
        ("max", fields.max.is_some()),
        ("mean", fields.mean.is_some()),
        ("deviation", fields.deviation.is_some()),
        ("median", fields.median.is_some()),
        ("least", fields.least.is_some()),
        ("scale", fields.scale.is_some()),
        ("shape", fields.shape.is_some()),
        ("times", fields.times.is_some()),
        ("of", fields.of.is_some()),
    ];
    for (field, given) in given {
        let problem = match (given, needed.contains(&field)) {
            (true, false) => format!("is not for the law `{name}`"),
            (false, true) => format!("is missing: the law `{name}` needs it"),
            _ => continue,
        };
        return Err(Wrong::new(field, problem));
    }
    // What is needed is there.
    let time = |time: Option<Time>| time.unwrap_or_default().0;
    let shape = || {
        let shape = fields.shape.and_then(Shape::new);
        shape.ok_or_else(|| Wrong::new("shape", "is not above zero"))
    };
    let law = match name {
        "constant" => Law::Constant(time(fields.time)),
        "normal" => Law::Normal {
            mean: time(fields.mean),
            deviation: time(fields.deviation),
        },
        "lognormal" => Law::LogNormal {
            median: time(fields.median),
            shape: shape()?,
        },
        "exponential" => Law::Exponential {
            mean: time(fields.mean),
        },
        "gamma" => Law::Gamma {
            shape: shape()?,
            scale: time(fields.scale),
        },
        "inverse_gamma" => Law::InverseGamma {
            shape: shape()?,
            scale: time(fields.scale),
        },
        "pareto" => Law::Pareto {
            least: time(fields.least),
            shape: shape()?,
        },
        "samples" => {
            let times = fields.times.as_deref().unwrap_or_default();
            some(times.len(), "times")?;
            Law::samples(times.iter().map(|time| time.0).collect::<Vec<Span>>())
        }
        "choice" => choice(fields.of.as_deref().unwrap_or_default(), may_choose)?,
        _ => {
            let (min, max) = (time(fields.min), time(fields.max));
            if min > max {
                return Err(Wrong::new("", "`min` is longer than `max`"));
            }
            Law::Uniform { min, max }
        }
    };
    Ok(match fields.after {
        Some(after) => law.after(after.0),
        None => law,
    })
}

fn choice(of: &[Weighted], may_choose: bool) -> Result<Law, Wrong> {
    if !may_choose {
        let problem = "a choice among choices; name the laws themselves";
        return Err(Wrong::new("of", problem));
    }
    some(of.len(), "of")?;
    let numbered = (1..).zip(of);
    let laws = numbered.map(|(number, Weighted { weight, latency })| {
        let within = |why: Wrong| match why.field.as_str() {
            "" => Wrong::new(format!("of[{number}].latency"), why.problem),
            field => Wrong::new(format!("of[{number}].latency.{field}"), why.problem),
        };
        Ok((*weight, law(latency, false).map_err(within)?))
    });
    let laws: Vec<(u32, Law)> = laws.collect::<Result<_, Wrong>>()?;
    match laws.iter().all(|(weight, _)| *weight == 0) {
        true => Err(Wrong::new("of", "all weights are zero")),
        false => Ok(Law::choice(laws)),
    }
}

fn some(have: usize, field: &str) -> Result<(), Wrong> {
    match have {
        0 => Err(Wrong::new(field, "is empty")),
        have if have > MAX_PARTS => {
            let problem = format!("{have} of them; at most {MAX_PARTS}");
            Err(Wrong::new(field, problem))
        }
        _ => Ok(()),
    }
}
