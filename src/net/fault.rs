//! What goes wrong in a run without anybody meaning it: a plan, made before the run starts.

use super::disk::Tail;
use super::node::NodeId;
use super::random::{Chance, Stream};
use super::schedule::Schedule;
use super::time::{Span, VirtualTime};

/// The faults of a run. The default is a perfect network on which every packet takes one to ten milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// How long a packet takes. Packets overtake each other as far as this varies.
    pub latency: Law,
    /// Packets that never arrive.
    pub loss: Chance,
    /// Packets of which the network makes a second copy, with a latency of its own.
    pub duplication: Chance,
    /// Packets that go a long way round, and so arrive after many that were sent later.
    pub reordering: Chance,
    /// What the long way adds to their latency.
    pub detour: Law,
    /// Times at which groups of nodes cannot reach each other.
    pub partitions: Vec<Partition>,
    /// Times at which nodes lose power.
    pub crashes: Vec<Crash>,
    /// When all this stops: nothing is lost, copied, or sent round any more, partitions end, crashed nodes that
    /// ever come back do so now, and no later crash happens.
    pub heal_at: Option<VirtualTime>,
    /// The fates of all packets, in the place of what the laws and chances above would draw.
    pub schedule: Option<Schedule>,
}

/// The law of a random span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Law {
    /// Always the same.
    Constant(Span),
    /// Anything from the least to the most, equally likely.
    Uniform {
        /// The least, included.
        min: Span,
        /// The most, included.
        max: Span,
    },
}

/// A time during which nodes of different groups cannot reach each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The groups. All nodes that none of them names form one more group.
    pub groups: Vec<Vec<NodeId>>,
    /// When it starts.
    pub from: VirtualTime,
    /// When it heals.
    pub until: VirtualTime,
}

/// A loss of power: the machine is gone, and only what its disk holds comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Whose.
    pub node: NodeId,
    /// When.
    pub when: CrashPoint,
    /// What becomes of the records that were not synced.
    pub tail: Tail,
    /// How long the node is down; `None` is for ever.
    pub down: Option<Span>,
}

/// When a node crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// At this time, between two steps.
    At(VirtualTime),
    /// When it has carried out so many effects in this run, whatever it still wanted to do in that step: between a
    /// record and the packet it allows, for instance.
    AfterEffects(u64),
}

/// Why a packet never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The network lost it.
    Random,
    /// A partition stood between the two nodes.
    Partition,
    /// Its receiver had crashed.
    ReceiverDown,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency: Law::Uniform {
                min: Span::from_millis(1),
                max: Span::from_millis(10),
            },
            loss: Chance::NEVER,
            duplication: Chance::NEVER,
            reordering: Chance::NEVER,
            detour: Law::Uniform {
                min: Span::from_millis(10),
                max: Span::from_millis(100),
            },
            partitions: Vec::new(),
            crashes: Vec::new(),
            heal_at: None,
            schedule: None,
        }
    }
}

impl Law {
    /// Draws a span. A constant draws nothing from the stream.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Span {
        match *self {
            Self::Constant(span) => span,
            Self::Uniform { min, max } => stream.span(min, max),
        }
    }

    /// The longest span it draws.
    #[must_use]
    pub const fn most(&self) -> Span {
        match *self {
            Self::Constant(span) | Self::Uniform { max: span, .. } => span,
        }
    }
}

impl Partition {
    /// The group of every node; those that no group names share the last number.
    #[must_use]
    pub(crate) fn sides(&self, nodes: usize) -> Vec<u16> {
        let mut sides = vec![u16::MAX; nodes];
        for (group, members) in (0..).zip(&self.groups) {
            for node in members {
                if let Some(side) = sides.get_mut(node.index()) {
                    *side = group;
                }
            }
        }
        sides
    }
}

impl core::fmt::Display for Loss {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Random => "loss",
            Self::Partition => "partition",
            Self::ReceiverDown => "receiver down",
        })
    }
}
