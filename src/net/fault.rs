//! What goes wrong in a run without anybody meaning it: a plan, made before the run starts.

use super::disk::Tail;
pub(super) use super::law::Law;
use super::node::NodeId;
use super::random::Chance;
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
    /// Packets that arrive as something else, if [`Machine::corrupt`](crate::net::Machine::corrupt) says as what; else
    /// their checksum is wrong, and they are lost. Links of this library do not do that (A1): its own promises must hold,
    /// but what its replicas say unsigned of each other proves nothing in such a run.
    pub corruption: Chance,
    /// Times at which groups of nodes cannot reach each other.
    pub partitions: Vec<Partition>,
    /// Times at which nodes are not heard by others, which they hear.
    pub one_way: Vec<OneWay>,
    /// Times at which packets pile up on a link.
    pub clogs: Vec<Clog>,
    /// Times at which nodes lose power.
    pub crashes: Vec<Crash>,
    /// Nodes that come and go.
    pub downtimes: Vec<Downtime>,
    /// Times at which nodes are slow.
    pub slowdowns: Vec<Slowdown>,
    /// Times at which disks are full.
    pub full_disks: Vec<FullDisk>,
    /// Clocks that are wrong. They stay wrong when everything else is healed.
    pub clocks: Vec<SkewedClock>,
    /// When all this stops: nothing is lost, copied, corrupted, or sent round any more, partitions end, nodes that are
    /// away and ever come back do so now, and no later crash happens. What a clog holds up by then arrives when the
    /// clog was to end.
    pub heal_at: Option<VirtualTime>,
    /// The fates of all packets, in the place of what the laws and chances above would draw.
    pub schedule: Option<Schedule>,
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

/// A time during which nothing gets from some nodes to others; what they say in return does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneWay {
    /// Who is not heard; an empty list is everybody.
    pub senders: Vec<NodeId>,
    /// By whom; an empty list is everybody.
    pub receivers: Vec<NodeId>,
    /// When it starts.
    pub from: VirtualTime,
    /// When it heals.
    pub until: VirtualTime,
}

/// A time during which what is sent over some links waits; it leaves when the clog is over. Nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clog {
    /// From whom; an empty list is everybody.
    pub senders: Vec<NodeId>,
    /// To whom; an empty list is everybody.
    pub receivers: Vec<NodeId>,
    /// When it starts.
    pub from: VirtualTime,
    /// When it is over.
    pub until: VirtualTime,
}

/// A time during which everything a node does takes longer: every message it handles, and every timer. Others wait
/// meanwhile, as on a busy [`Cpu`](crate::net::world::Cpu).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowdown {
    /// Who.
    pub node: NodeId,
    /// When it starts.
    pub from: VirtualTime,
    /// When it is over.
    pub until: VirtualTime,
    /// By how much.
    pub by: Span,
}

/// A time during which a disk takes no more records. A node fails at the first one that is refused, before anything that
/// depends on it leaves, and comes back when there is room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullDisk {
    /// Whose.
    pub node: NodeId,
    /// When it is full.
    pub from: VirtualTime,
    /// When there is room again.
    pub until: VirtualTime,
}

/// A clock that is wrong. The machine is told its own time ([`Effects::now`](crate::net::Effects::now)), and its timers
/// run by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkewedClock {
    /// Whose.
    pub node: NodeId,
    /// How much it was ahead at the start.
    pub ahead: Span,
    /// How much faster it runs than time itself, in parts per million; negative if slower. At least −900,000: a tenth
    /// of the speed.
    pub drift: i32,
}

/// A node that is not always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downtime {
    /// Who.
    pub node: NodeId,
    /// When it is away.
    pub when: Absence,
    /// What becomes of the machine.
    pub how: Outage,
}

/// When a node is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Once. From the start of the run it has not joined yet, and is started when this ends; without an end it leaves
    /// for good.
    Once {
        /// When it goes.
        from: VirtualTime,
        /// When it is back; `None` is never.
        until: Option<VirtualTime>,
    },
    /// Again and again. It is there at the start, or away, with the chance that the means of the two laws give.
    Random {
        /// How long it is there each time.
        up: Law,
        /// How long it is away each time.
        down: Law,
    },
}

/// What becomes of a machine while its node is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outage {
    /// It is suspended: packets to it are lost, and timers that are due fire when it is back. It remembers everything.
    Suspend,
    /// It crashes, and is built again from its disk, whose unsynced records fare like this. With [`Tail::Wiped`] it
    /// comes back as somebody who has never been there.
    Crash(Tail),
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
    /// Its receiver had crashed, or was away.
    ReceiverDown,
    /// It was corrupted on its way, and its checksum showed it.
    Corrupted,
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
            corruption: Chance::NEVER,
            partitions: Vec::new(),
            one_way: Vec::new(),
            clogs: Vec::new(),
            crashes: Vec::new(),
            downtimes: Vec::new(),
            slowdowns: Vec::new(),
            full_disks: Vec::new(),
            clocks: Vec::new(),
            heal_at: None,
            schedule: None,
        }
    }
}

impl Downtime {
    /// A node that is away so much of the time, for spans that vary around their mean as those between independent
    /// events do; it is there and away again once in a `cycle`, on average.
    #[must_use]
    pub fn share(node: NodeId, share: Chance, cycle: Span, how: Outage) -> Self {
        let part = |ppm: u32| {
            let nanos = u128::from(cycle.as_nanos()) * u128::from(ppm) / 1_000_000;
            Law::Exponential {
                mean: Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)),
            }
        };
        let when = Absence::Random {
            up: part(Chance::ALWAYS.ppm() - share.ppm()),
            down: part(share.ppm()),
        };
        Self { node, when, how }
    }
}

impl SkewedClock {
    const PPM: i128 = 1_000_000;

    fn rate(&self) -> i128 {
        Self::PPM + i128::from(self.drift.max(-900_000))
    }

    /// What it shows.
    pub(crate) fn shows(&self, now: VirtualTime) -> VirtualTime {
        let ran = i128::from(now.as_nanos()) * self.rate() / Self::PPM;
        VirtualTime::from_nanos(u64::try_from(ran).unwrap_or(u64::MAX)) + self.ahead
    }

    /// How long it takes to run so far.
    pub(crate) fn takes(&self, span: Span) -> Span {
        let takes = i128::from(span.as_nanos()) * Self::PPM / self.rate();
        Span::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX))
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
            Self::Corrupted => "corrupted",
        })
    }
}
