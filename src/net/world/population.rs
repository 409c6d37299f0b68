//! Peers of several types, put on a topology.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::hardware::{Cpu, Hardware, RateLaw};
use super::location::{Location, Locations, WorldError};
use super::peer::{Cargo, Peer};
use super::topology::Topology;
use crate::net::network::Bandwidth;
use crate::net::node::NodeId;
use crate::net::random::{Stream, Streams};

type Furnish<C> = Arc<dyn Fn(Peer<C>) -> Peer<C> + Send + Sync>;

/// What peers of one type are made of, and what they do.
#[derive(Clone)]
pub struct PeerType<C: Cargo> {
    places: Vec<String>,
    upload: RateLaw,
    download: RateLaw,
    cpu: Cpu,
    furnish: Furnish<C>,
}

/// The types of peers of a run, and the map they stand on.
///
/// ```
/// use bft_crdts::net::world::service::{Connections, Push};
/// use bft_crdts::net::world::{Locations, PeerType, Population, RateLaw, Topology, peer::Cargo};
/// use bft_crdts::net::{Rate, Streams};
///
/// # #[derive(Clone, Debug)]
/// # struct Text;
/// # impl Cargo for Text { fn bytes(&self) -> u32 { 9 } }
/// let megabit = |rate: u64| Rate::bits_per_second(rate * 1_000_000);
/// let (Some(mean), Some(deviation)) = (megabit(50), megabit(10)) else { unreachable!() };
/// let line = RateLaw::Normal { mean, deviation };
/// let peer = PeerType::<Text>::new(|peer| peer.service(Connections::default()).service(Push::new(3)))
///     .anywhere(["Ohio", "Tokyo"])
///     .lines(line, line);
/// let streams = Streams::new(7);
/// let population = Population::new().kind(Topology::PEER, peer).on(Locations::aws());
/// let (peers, world) = population.settle(&Topology::ring(10), &streams)?;
/// assert_eq!((peers.len(), world.nodes().len()), (10, 10));
/// # Ok::<(), bft_crdts::net::world::WorldError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Population<C: Cargo> {
    kinds: BTreeMap<String, PeerType<C>>,
    map: Option<Locations>,
}

impl<C: Cargo> PeerType<C> {
    /// Peers that `furnish` gives services and a validation. They have hardware that takes no time, and stand anywhere.
    #[must_use]
    pub fn new(furnish: impl Fn(Peer<C>) -> Peer<C> + Send + Sync + 'static) -> Self {
        Self {
            places: Vec::new(),
            upload: RateLaw::Unlimited,
            download: RateLaw::Unlimited,
            cpu: Cpu::free(),
            furnish: Arc::new(furnish),
        }
    }

    /// Each stands at one of these places, all equally likely.
    #[must_use]
    pub fn anywhere<S: Into<String>>(mut self, places: impl IntoIterator<Item = S>) -> Self {
        self.places = places.into_iter().map(Into::into).collect();
        self
    }

    /// Each has lines of these rates.
    #[must_use]
    pub const fn lines(mut self, upload: RateLaw, download: RateLaw) -> Self {
        self.upload = upload;
        self.download = download;
        self
    }

    /// Each has this processor.
    #[must_use]
    pub fn cpu(mut self, cpu: Cpu) -> Self {
        self.cpu = cpu;
        self
    }

    fn hardware(
        &self,
        map: Option<&Locations>,
        stream: &mut Stream,
    ) -> Result<Hardware, WorldError> {
        let location = match (map, stream.pick(&self.places)) {
            (Some(map), Some(place)) => map.find(place)?,
            (Some(map), None) => {
                let places: Vec<Location> = map.iter().map(|(place, _)| place).collect();
                stream.pick(&places).copied().unwrap_or_default()
            }
            (None, Some(place)) => return Err(WorldError::NoSuchPlace(place.clone())),
            (None, None) => Location::default(),
        };
        Ok(Hardware {
            location,
            bandwidth: Bandwidth {
                upload: self.upload.draw(stream),
                download: self.download.draw(stream),
            },
            cpu: self.cpu.clone(),
        })
    }
}

impl<C: Cargo> Default for Population<C> {
    fn default() -> Self {
        Self {
            kinds: BTreeMap::new(),
            map: None,
        }
    }
}

impl<C: Cargo> Population<C> {
    /// No types yet, and no map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One type more: that of the nodes of this kind in the topology.
    #[must_use]
    pub fn kind(mut self, kind: &str, peers: PeerType<C>) -> Self {
        self.kinds.insert(kind.to_owned(), peers);
        self
    }

    /// They stand on this map.
    #[must_use]
    pub fn on(mut self, map: Locations) -> Self {
        self.map = Some(map);
        self
    }

    /// Draws the hardware of every node of a topology, and gives it the services of its kind and the neighbours it has
    /// there. The same seed gives the same peers.
    ///
    /// # Errors
    /// If a node is of a kind that there is not, or a type stands at a place that is not on the map.
    pub fn settle(
        &self,
        topology: &Topology,
        streams: &Streams,
    ) -> Result<(Vec<Peer<C>>, World), WorldError> {
        let mut hardware = Vec::with_capacity(topology.len());
        let mut peers = Vec::with_capacity(topology.len());
        for node in topology.nodes() {
            let peer = self.peer(node, topology, streams)?;
            let mut stream = streams.of_node("hardware", node);
            hardware.push(
                self.type_of(node, topology)?
                    .hardware(self.map.as_ref(), &mut stream)?,
            );
            peers.push(peer);
        }
        let world = World::new(hardware);
        let world = match &self.map {
            Some(map) => world.on(map.clone()),
            None => world,
        };
        Ok((peers, world))
    }

    /// One peer, as [`Population::settle`] makes it: for whoever comes back after a crash.
    ///
    /// # Errors
    /// If it is of a kind that there is not.
    pub fn peer(
        &self,
        node: NodeId,
        topology: &Topology,
        streams: &Streams,
    ) -> Result<Peer<C>, WorldError> {
        let bare = Peer::new(node, streams).neighbours(topology.neighbours(node));
        Ok((self.type_of(node, topology)?.furnish)(bare))
    }

    fn type_of(&self, node: NodeId, topology: &Topology) -> Result<&PeerType<C>, WorldError> {
        let kind = topology.kind(node).unwrap_or_default();
        let found = self.kinds.get(kind);
        found.ok_or_else(|| WorldError::NoSuchKind(kind.to_owned()))
    }
}

impl<C: Cargo> fmt::Debug for PeerType<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerType")
            .field("places", &self.places)
            .field("upload", &self.upload)
            .field("download", &self.download)
            .field("cpu", &self.cpu)
            .finish_non_exhaustive()
    }
}
