//! The simulated world: where nodes stand, how fast they are, and who knows whom.
//!
//! An [`Engine`](crate::net::Engine) built with [`Engine::in_world`](crate::net::Engine::in_world) takes its latencies
//! from [`Locations`] instead of from the one law of [`Faults`](crate::net::Faults), and gives every node the
//! [`Hardware`] of its place in the list.

mod generate;
mod hardware;
mod location;
mod topology;

pub use hardware::{Cpu, Hardware, RateLaw};
pub use location::{Location, Locations, WorldError};
pub use topology::{Topology, TopologyError};

/// The ground a run stands on. The default has one place, on which the law of the faults says how long a packet takes,
/// and hardware that takes no time.
///
/// ```
/// use bft_crdts::net::world::{Cpu, Hardware, Locations, World};
/// use bft_crdts::net::{Bandwidth, Rate, Span};
///
/// let aws = Locations::aws();
/// let line = Rate::bits_per_second(50_000_000);
/// let node = |place| {
///     Ok::<_, bft_crdts::net::world::WorldError>(Hardware {
///         location: aws.find(place)?,
///         bandwidth: Bandwidth { upload: line, download: line },
///         cpu: Cpu::free().message(Span::from_micros(20)),
///     })
/// };
/// let nodes = [node("Ohio")?, node("Tokyo")?, node("Tokyo")?];
/// let world = World::new(nodes).on(aws);
/// world.check()?;
/// # Ok::<(), bft_crdts::net::world::WorldError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    locations: Option<Locations>,
    nodes: Vec<Hardware>,
}

impl World {
    /// A world of these nodes, in the order of their numbers. Nodes beyond the end have the default hardware.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = Hardware>) -> Self {
        Self {
            locations: None,
            nodes: nodes.into_iter().collect(),
        }
    }

    /// The same nodes, on this map.
    #[must_use]
    pub fn on(mut self, locations: Locations) -> Self {
        self.locations = Some(locations);
        self
    }

    /// The map, if there is one.
    #[must_use]
    pub const fn locations(&self) -> Option<&Locations> {
        self.locations.as_ref()
    }

    /// The hardware of all nodes that have any, by number.
    #[must_use]
    pub fn nodes(&self) -> &[Hardware] {
        &self.nodes
    }

    /// The same, to change it.
    pub const fn nodes_mut(&mut self) -> &mut Vec<Hardware> {
        &mut self.nodes
    }

    /// Whether every node stands on the map, and every way on it has a law.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), WorldError> {
        let Some(map) = &self.locations else {
            return Ok(());
        };
        map.check()?;
        let lost = |node: &Hardware| map.name(node.location).is_none();
        match self.nodes.iter().position(lost) {
            Some(node) => Err(WorldError::OffTheMap(node)),
            None if map.is_empty() => Err(WorldError::OffTheMap(self.nodes.len())),
            None => Ok(()),
        }
    }
}
