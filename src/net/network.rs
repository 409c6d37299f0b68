//! The wires between the nodes: how long a packet takes, and whether it arrives at all.

mod barrier;
mod lines;
mod rate;

use super::fault::{Faults, Loss};
use super::law::Sampler;
use super::node::NodeId;
use super::random::{Chance, Stream, Streams};
use super::time::{Span, VirtualTime};
use super::world::{Hardware, World};
pub(crate) use barrier::{Barrier, Which};
use lines::Lines;
pub use rate::{Bandwidth, Rate};

/// All wires of a run, and the processors at their ends.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    ways: Ways,
    loss: Chance,
    duplication: Chance,
    reordering: Chance,
    corruption: Chance,
    detour: Sampler,
    /// What stands between nodes now.
    barriers: Vec<Barrier>,
    lines: Lines,
    way: Stream,
    luck: Stream,
    /// Which copies are corrupted, and how.
    pub(crate) noise: Stream,
}

/// How long a packet is on its way.
#[derive(Clone, Debug)]
enum Ways {
    /// The same law everywhere.
    Same(Sampler),
    /// By the places of sender and receiver.
    Between {
        /// Where every node stands.
        places: Vec<u16>,
        /// One sampler for each pair of places, row by row.
        samplers: Vec<Sampler>,
        width: usize,
    },
}

impl Ways {
    fn new(world: &World, faults: &Faults) -> Self {
        let same = || Self::Same(faults.latency.sampler());
        let Some(map) = world.locations() else {
            return same();
        };
        let mut samplers = Vec::with_capacity(map.len() * map.len());
        for (from, _) in map.iter() {
            for (to, _) in map.iter() {
                let law = map.law(from, to).unwrap_or(&faults.latency);
                samplers.push(law.sampler());
            }
        }
        let place = |node: &Hardware| u16::try_from(node.location.index()).unwrap_or(0);
        Self::Between {
            places: world.nodes().iter().map(place).collect(),
            samplers,
            width: map.len(),
        }
    }

    #[inline]
    fn draw(&self, from: NodeId, to: NodeId, stream: &mut Stream) -> Span {
        match self {
            Self::Same(sampler) => sampler.draw(stream),
            Self::Between {
                places,
                samplers,
                width,
            } => {
                let place =
                    |node: NodeId| usize::from(places.get(node.index()).copied().unwrap_or(0));
                samplers
                    .get(place(from) * width + place(to))
                    .map_or(Span::ZERO, |sampler| sampler.draw(stream))
            }
        }
    }
}

impl Network {
    pub(crate) fn new(faults: &Faults, world: &World, streams: &Streams) -> Self {
        Self {
            ways: Ways::new(world, faults),
            loss: faults.loss,
            duplication: faults.duplication,
            reordering: faults.reordering,
            corruption: faults.corruption,
            detour: faults.detour.sampler(),
            barriers: Vec::new(),
            lines: Lines::new(world),
            way: streams.of("network"),
            luck: streams.of("faults"),
            noise: streams.of("corruption"),
        }
    }

    /// The lines and processors of the nodes.
    #[inline]
    pub(crate) const fn lines(&mut self) -> &mut Lines {
        &mut self.lines
    }

    /// One node more.
    pub(crate) fn join(&mut self, node: NodeId, hardware: &Hardware) {
        self.lines.join(node, hardware);
        if let Ways::Between { places, .. } = &mut self.ways {
            places.resize(node.index(), 0);
            places.push(u16::try_from(hardware.location.index()).unwrap_or(0));
        }
    }

    /// When a packet sent now has left its sender: its line is free, and no clog holds it up.
    #[inline]
    pub(crate) fn depart(
        &mut self,
        from: NodeId,
        to: NodeId,
        now: VirtualTime,
        bytes: u32,
    ) -> VirtualTime {
        let left = self.lines.upload(from, now, bytes);
        if self.barriers.is_empty() {
            return left;
        }
        let clogs = self.barriers.iter();
        clogs
            .filter_map(|barrier| barrier.holds_up(from, to))
            .fold(left, VirtualTime::max)
    }

    /// The latency of one copy.
    #[inline]
    pub(crate) fn latency(&mut self, from: NodeId, to: NodeId) -> Span {
        let latency = self.ways.draw(from, to, &mut self.way);
        if self.luck.happens(self.reordering) {
            return latency + self.detour.draw(&mut self.way);
        }
        latency
    }

    /// Whether a copy is lost on its way.
    #[inline]
    pub(crate) fn loses(&mut self, from: NodeId, to: NodeId) -> Option<Loss> {
        if self.is_cut(from, to) {
            return Some(Loss::Partition);
        }
        self.luck.happens(self.loss).then_some(Loss::Random)
    }

    /// Whether the network makes a second copy.
    #[inline]
    pub(crate) fn duplicates(&mut self) -> bool {
        self.luck.happens(self.duplication)
    }

    /// Whether a copy arrives as something else.
    #[inline]
    pub(crate) fn corrupts(&mut self) -> bool {
        self.noise.happens(self.corruption)
    }

    /// Whether nothing gets from one node to another now.
    #[inline]
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.barriers.iter().any(|barrier| barrier.cuts(from, to))
    }

    pub(crate) fn put_up(&mut self, barrier: Barrier) {
        self.barriers.push(barrier);
    }

    pub(crate) fn take_down(&mut self, which: Which) {
        self.barriers.retain(|barrier| barrier.which() != which);
    }

    /// From here on nothing is lost, copied, corrupted, sent round, held up, or cut off.
    pub(crate) fn heal(&mut self) {
        self.loss = Chance::NEVER;
        self.duplication = Chance::NEVER;
        self.reordering = Chance::NEVER;
        self.corruption = Chance::NEVER;
        self.barriers.clear();
        self.lines.heal();
    }
}
