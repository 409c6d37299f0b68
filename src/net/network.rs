//! The wires between the nodes: how long a packet takes, and whether it arrives at all.

use super::fault::{Faults, Law, Loss};
use super::node::NodeId;
use super::random::{Chance, Stream, Streams};
use super::time::{Span, VirtualTime};

/// A bandwidth, in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(core::num::NonZeroU64);

/// How fast a node's own line is. Packets queue on it one behind the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bandwidth {
    /// From the node; `None` takes no time.
    pub upload: Option<Rate>,
    /// To the node; `None` takes no time.
    pub download: Option<Rate>,
}

impl Rate {
    /// So many bits per second; none at all is not a rate.
    #[must_use]
    pub const fn bits_per_second(bits: u64) -> Option<Self> {
        match core::num::NonZeroU64::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// How long so many bytes take.
    #[inline]
    #[must_use]
    pub const fn time_for(self, bytes: u32) -> Span {
        Span::from_nanos((bytes as u64).saturating_mul(8_000_000_000) / self.0.get())
    }
}

/// A line of a node: packets leave it in the order in which they came, each after the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    rate: Option<Rate>,
    free: VirtualTime,
}

impl Line {
    #[inline]
    fn pass(&mut self, now: VirtualTime, bytes: u32) -> VirtualTime {
        match self.rate {
            None => now,
            Some(rate) => {
                self.free = self.free.max(now) + rate.time_for(bytes);
                self.free
            }
        }
    }
}

/// All wires of a run.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    latency: Law,
    loss: Chance,
    duplication: Chance,
    reordering: Chance,
    detour: Law,
    /// Per standing partition, the side every node is on.
    cuts: Vec<(u32, Vec<u16>)>,
    lines: Vec<(Line, Line)>,
    way: Stream,
    luck: Stream,
}

impl Network {
    pub(crate) fn new(faults: &Faults, bandwidth: &[Bandwidth], streams: &Streams) -> Self {
        let line = |rate| Line {
            rate,
            free: VirtualTime::ZERO,
        };
        Self {
            latency: faults.latency,
            loss: faults.loss,
            duplication: faults.duplication,
            reordering: faults.reordering,
            detour: faults.detour,
            cuts: Vec::new(),
            lines: bandwidth
                .iter()
                .map(|own| (line(own.upload), line(own.download)))
                .collect(),
            way: streams.of("network"),
            luck: streams.of("faults"),
        }
    }

    /// When a packet sent now has left its sender.
    #[inline]
    pub(crate) fn depart(&mut self, from: NodeId, now: VirtualTime, bytes: u32) -> VirtualTime {
        self.lines
            .get_mut(from.index())
            .map_or(now, |(upload, _)| upload.pass(now, bytes))
    }

    /// When a packet that reaches its receiver now has been read to its end.
    #[inline]
    pub(crate) fn land(&mut self, to: NodeId, now: VirtualTime, bytes: u32) -> VirtualTime {
        self.lines
            .get_mut(to.index())
            .map_or(now, |(_, download)| download.pass(now, bytes))
    }

    /// The latency of one copy.
    #[inline]
    pub(crate) fn latency(&mut self) -> Span {
        let latency = self.latency.draw(&mut self.way);
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

    /// Whether a partition stands between two nodes.
    #[inline]
    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cuts
            .iter()
            .any(|(_, sides)| sides.get(from.index()) != sides.get(to.index()))
    }

    pub(crate) fn cut(&mut self, number: u32, sides: Vec<u16>) {
        self.cuts.push((number, sides));
    }

    pub(crate) fn mend(&mut self, number: u32) {
        self.cuts.retain(|(cut, _)| *cut != number);
    }

    /// From here on nothing is lost, copied, sent round, or cut off.
    pub(crate) fn heal(&mut self) {
        self.loss = Chance::NEVER;
        self.duplication = Chance::NEVER;
        self.reordering = Chance::NEVER;
        self.cuts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, Span};

    #[test]
    fn a_megabyte_takes_160_ms_on_a_line_of_50_megabit() {
        let rate = Rate::bits_per_second(50_000_000).unwrap();
        assert_eq!(rate.time_for(1_000_000), Span::from_millis(160));
        assert_eq!(Rate::bits_per_second(0), None);
    }
}
