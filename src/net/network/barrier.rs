//! What stands between nodes for a while: partitions, one-way partitions, clogs.

use crate::net::fault::{Clog, OneWay, Partition};
use crate::net::node::NodeId;
use crate::net::time::VirtualTime;

/// Something between nodes.
#[derive(Clone, Debug)]
pub(crate) enum Barrier {
    /// Nodes of different sides do not reach each other.
    Sides {
        which: Which,
        /// The side of every node.
        sides: Vec<u16>,
    },
    /// Nothing gets from these nodes to those.
    OneWay {
        which: Which,
        from: Vec<bool>,
        to: Vec<bool>,
    },
    /// What goes from these nodes to those waits.
    Clog {
        which: Which,
        from: Vec<bool>,
        to: Vec<bool>,
        until: VirtualTime,
    },
}

/// Which entry of the plan it is, by kind and place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Partition(u32),
    OneWay(u32),
    Clog(u32),
}

impl Barrier {
    pub(crate) fn partition(number: u32, partition: &Partition, nodes: usize) -> Self {
        Self::Sides {
            which: Which::Partition(number),
            sides: partition.sides(nodes),
        }
    }

    pub(crate) fn one_way(number: u32, one_way: &OneWay, nodes: usize) -> Self {
        Self::OneWay {
            which: Which::OneWay(number),
            from: among(&one_way.senders, nodes),
            to: among(&one_way.receivers, nodes),
        }
    }

    pub(crate) fn clog(number: u32, clog: &Clog, nodes: usize) -> Self {
        Self::Clog {
            which: Which::Clog(number),
            from: among(&clog.senders, nodes),
            to: among(&clog.receivers, nodes),
            until: clog.until,
        }
    }

    pub(crate) const fn which(&self) -> Which {
        match self {
            Self::Sides { which, .. } | Self::OneWay { which, .. } | Self::Clog { which, .. } => {
                *which
            }
        }
    }

    /// Whether nothing gets through.
    #[inline]
    pub(crate) fn cuts(&self, sender: NodeId, receiver: NodeId) -> bool {
        match self {
            Self::Sides { sides, .. } => sides.get(sender.index()) != sides.get(receiver.index()),
            Self::OneWay { from, to, .. } => is_among(from, sender) && is_among(to, receiver),
            Self::Clog { .. } => false,
        }
    }

    /// Until when a packet waits.
    #[inline]
    pub(crate) fn holds_up(&self, sender: NodeId, receiver: NodeId) -> Option<VirtualTime> {
        match self {
            Self::Clog {
                from, to, until, ..
            } if is_among(from, sender) && is_among(to, receiver) => Some(*until),
            _ => None,
        }
    }
}

/// By node, whether it is named. An empty list names all.
fn among(named: &[NodeId], nodes: usize) -> Vec<bool> {
    let mut among = vec![named.is_empty(); nodes];
    for node in named {
        if let Some(place) = among.get_mut(node.index()) {
            *place = true;
        }
    }
    among
}

fn is_among(among: &[bool], node: NodeId) -> bool {
    among.get(node.index()).copied().unwrap_or(false)
}
