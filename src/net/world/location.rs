//! Places on the map, and how long a packet takes from one to the other.

use std::collections::BTreeMap;

use crate::net::law::{Law, Shape};
use crate::net::time::Span;

/// A place of a list of [`Locations`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(u16);

/// Named places, and the law of the latency from each to each.
///
/// A direction that is not given has the law of the other one.
///
/// ```
/// use bft_crdts::net::{Law, Span, world::Locations};
///
/// let millis = |millis| Law::Constant(Span::from_millis(millis));
/// let map = Locations::new(["lab", "moon"])?
///     .latency("lab", "lab", millis(1))?
///     .latency("moon", "moon", millis(2))?
///     .latency("lab", "moon", millis(1_300))?;
/// let (lab, moon) = (map.find("lab")?, map.find("moon")?);
/// assert_eq!(map.law(moon, lab), Some(&millis(1_300)));
/// map.check()?;
/// # Ok::<(), bft_crdts::net::world::WorldError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations {
    names: Vec<String>,
    laws: BTreeMap<(Location, Location), Law>,
}

/// What is wrong with a world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// There is no place of this name.
    #[error("there is no place called `{0}`")]
    NoSuchPlace(String),
    /// Two places have the same name.
    #[error("two places are called `{0}`")]
    SamePlace(String),
    /// More places than can be numbered.
    #[error("more than 65,535 places")]
    TooManyPlaces,
    /// Nothing says how long a packet takes between two places, in either direction.
    #[error("nothing says how long a packet takes from `{from}` to `{to}`")]
    NoLatency {
        /// From here.
        from: String,
        /// To there.
        to: String,
    },
    /// A node stands at a place that the map does not have.
    #[error("node {0} stands at a place that is not on the map")]
    OffTheMap(usize),
}

impl Location {
    /// The place at this index of a list.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// Its index in the list.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Locations {
    /// Places of these names, without any latencies yet.
    ///
    /// # Errors
    /// If two have the same name, or there are too many.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, WorldError> {
        let mut places = Self::default();
        for name in names {
            let name = name.into();
            if places.names.contains(&name) {
                return Err(WorldError::SamePlace(name));
            }
            places.names.push(name);
        }
        if u16::try_from(places.names.len()).is_err() {
            return Err(WorldError::TooManyPlaces);
        }
        Ok(places)
    }

    /// Three regions of a cloud, as measured by the authors of p2psimpy (its `Locations` with Ohio, Ireland and Tokyo):
    /// inverse gamma within a region, normal between two, with means of 73.7, 156.0 and 131.0 ms.
    #[must_use]
    pub fn aws() -> Self {
        let micros = |micros: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive, and below a second"
            )]
            let nanos = (micros * 1_000.0) as u64;
            Span::from_nanos(nanos)
        };
        let within = |shape: f64, least, scale| {
            let law = Shape::new(shape).map(|shape| Law::InverseGamma {
                shape,
                scale: micros(scale),
            });
            // All the shapes below are positive.
            law.unwrap_or(Law::Constant(micros(scale)))
                .after(micros(least))
        };
        let between = |mean, deviation| Law::Normal {
            mean: micros(mean),
            deviation: micros(deviation),
        };
        let [ohio, ireland, tokyo] = [0, 1, 2].map(Location);
        let laws = [
            ((ohio, ohio), within(5.540_90, 333.305, 987.249)),
            ((ireland, ireland), within(6.436_046, 831.275, 1_086.192)),
            ((tokyo, tokyo), within(11.104_508, 337.193, 2_025.900)),
            ((ohio, ireland), between(73_699.5, 1_195.831)),
            ((ohio, tokyo), between(156_009.050, 94.699)),
            ((ireland, tokyo), between(131_027.5, 258.348)),
        ];
        Self {
            names: ["Ohio", "Ireland", "Tokyo"].map(str::to_owned).into(),
            laws: laws.into(),
        }
    }

    /// Says how long a packet takes from one place to another, and back, if nothing else is said of that.
    ///
    /// # Errors
    /// If there is no such place.
    pub fn latency(mut self, from: &str, to: &str, law: Law) -> Result<Self, WorldError> {
        let pair = (self.find(from)?, self.find(to)?);
        self.laws.insert(pair, law);
        Ok(self)
    }

    /// The place of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn find(&self, name: &str) -> Result<Location, WorldError> {
        let index = self.names.iter().position(|known| known == name);
        let index = index.and_then(|index| u16::try_from(index).ok());
        index
            .map(Location)
            .ok_or_else(|| WorldError::NoSuchPlace(name.to_owned()))
    }

    /// All places, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Location, &str)> {
        (0..)
            .map(Location)
            .zip(self.names.iter().map(String::as_str))
    }

    /// How many places there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a place.
    #[must_use]
    pub fn name(&self, location: Location) -> Option<&str> {
        self.names.get(location.index()).map(String::as_str)
    }

    /// How long a packet takes from one place to another: as given, or as given for the way back.
    #[must_use]
    pub fn law(&self, from: Location, to: Location) -> Option<&Law> {
        self.laws
            .get(&(from, to))
            .or_else(|| self.laws.get(&(to, from)))
    }

    /// Whether there is a law for every pair.
    ///
    /// # Errors
    /// The first pair without one.
    pub fn check(&self) -> Result<(), WorldError> {
        for (from, from_name) in self.iter() {
            for (to, to_name) in self.iter() {
                if self.law(from, to).is_none() {
                    return Err(WorldError::NoLatency {
                        from: from_name.to_owned(),
                        to: to_name.to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}
