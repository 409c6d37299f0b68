//! What packets and work queue on: a node's lines, and its processor.

use super::{Bandwidth, Rate};
use crate::net::node::NodeId;
use crate::net::time::{Span, VirtualTime};
use crate::net::world::{Cpu, Hardware, World};

/// A line of a node: packets leave it in the order in which they came, each after the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    rate: Option<Rate>,
    free: VirtualTime,
}

impl Line {
    const fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            free: VirtualTime::ZERO,
        }
    }

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

/// A node that does one thing after the other.
#[derive(Clone, Debug, Default)]
struct Processor {
    costs: Cpu,
    /// What everything takes on top while the node is slowed down.
    slowness: Span,
    free: VirtualTime,
}

impl Processor {
    fn work(&mut self, now: VirtualTime, cost: Span) -> VirtualTime {
        self.free = self.free.max(now) + cost + self.slowness;
        self.free
    }
}

/// The lines and processors of all nodes.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// Upload and download, by node; nodes beyond the end have lines that take no time.
    lines: Vec<(Line, Line)>,
    /// By node; none at all as long as nothing takes time anywhere.
    processors: Vec<Processor>,
}

impl Lines {
    pub(crate) fn new(world: &World) -> Self {
        let mut lines = Self {
            lines: Vec::new(),
            processors: Vec::new(),
        };
        for (place, hardware) in (0..).zip(world.nodes()) {
            lines.join(NodeId::new(place), hardware);
        }
        lines
    }

    /// Gives a node its hardware.
    pub(crate) fn join(&mut self, node: NodeId, hardware: &Hardware) {
        let Bandwidth { upload, download } = hardware.bandwidth;
        if upload.is_some() || download.is_some() {
            let line = place(&mut self.lines, node);
            *line = (Line::new(upload), Line::new(download));
        }
        if !hardware.cpu.is_free() {
            place(&mut self.processors, node).costs = hardware.cpu.clone();
        }
    }

    /// When so many bytes that are given to a node's line now have left it.
    #[inline]
    pub(crate) fn upload(&mut self, from: NodeId, now: VirtualTime, bytes: u32) -> VirtualTime {
        self.lines
            .get_mut(from.index())
            .map_or(now, |(upload, _)| upload.pass(now, bytes))
    }

    /// When a packet that reaches its receiver now has been read to its end.
    #[inline]
    pub(crate) fn download(&mut self, to: NodeId, now: VirtualTime, bytes: u32) -> VirtualTime {
        self.lines
            .get_mut(to.index())
            .map_or(now, |(_, download)| download.pass(now, bytes))
    }

    /// Whether there is any processor that takes time.
    #[inline]
    pub(crate) const fn take_time(&self) -> bool {
        !self.processors.is_empty()
    }

    /// When a node has done with a message of this kind that it has read now.
    pub(crate) fn work(&mut self, node: NodeId, now: VirtualTime, kind: &str) -> VirtualTime {
        let processor = self.processors.get_mut(node.index());
        processor.map_or(now, |processor| {
            let cost = processor.costs.cost_of(kind);
            processor.work(now, cost)
        })
    }

    /// When a node has done with a timer that is due now.
    pub(crate) fn work_on_timer(&mut self, node: NodeId, now: VirtualTime) -> VirtualTime {
        let processor = self.processors.get_mut(node.index());
        processor.map_or(now, |processor| {
            let cost = processor.costs.cost_of_timer();
            processor.work(now, cost)
        })
    }

    /// The node has crashed, and has nothing to do any more.
    pub(crate) fn forget_work(&mut self, node: NodeId, now: VirtualTime) {
        if let Some(processor) = self.processors.get_mut(node.index()) {
            processor.free = processor.free.min(now);
        }
    }

    /// Makes everything a node does take so much longer.
    pub(crate) fn slow_down(&mut self, node: NodeId, by: Span) {
        let processor = place(&mut self.processors, node);
        processor.slowness = processor.slowness + by;
    }

    /// The opposite.
    pub(crate) fn speed_up(&mut self, node: NodeId, by: Span) {
        if let Some(processor) = self.processors.get_mut(node.index()) {
            let left = processor.slowness.as_nanos().saturating_sub(by.as_nanos());
            processor.slowness = Span::from_nanos(left);
        }
    }

    /// No node is slowed down any more.
    pub(crate) fn heal(&mut self) {
        for processor in &mut self.processors {
            processor.slowness = Span::ZERO;
        }
    }
}

/// The place of a node in a list, which is made long enough.
fn place<T: Clone + Default>(list: &mut Vec<T>, node: NodeId) -> &mut T {
    if list.len() <= node.index() {
        list.resize(node.index() + 1, T::default());
    }
    &mut list[node.index()]
}
