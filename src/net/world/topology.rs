//! Who knows whom: an undirected graph of nodes, each of some kind.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::net::machine::Address;
use crate::net::node::NodeId;

/// A graph: nodes, each of a kind, and links between them. No node is linked with itself.
///
/// It is knowledge of the machines and of whoever sets them up; the engine carries a packet to whomever it is addressed.
/// With serde it is read and written as `{"nodes": ["peer", "peer", "client"], "links": [[0, 1], [1, 2]]}`, in JSON,
/// TOML or anything else.
///
/// ```
/// use bft_crdts::net::{NodeId, world::Topology};
///
/// let ring = Topology::ring(10);
/// assert_eq!(ring.neighbours(NodeId::new(0)), [NodeId::new(1), NodeId::new(9)]);
/// let file = serde_json::to_string(&ring)?;
/// assert_eq!(serde_json::from_str::<Topology>(&file)?, ring);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "File", into = "File")]
pub struct Topology {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    kind: String,
    /// In order.
    neighbours: Vec<NodeId>,
}

/// How a topology is written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    nodes: Vec<String>,
    links: Vec<(u16, u16)>,
}

/// What is wrong with a topology that was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// More nodes than can be numbered.
    #[error("{0} nodes are too many; there can be 65,535")]
    TooManyNodes(usize),
    /// A link to a node that is not there.
    #[error("link {0}–{1} leads to a node that is not there")]
    NoSuchNode(u16, u16),
    /// A link from a node to itself.
    #[error("node {0} is linked with itself")]
    Loop(u16),
    /// The same link, again.
    #[error("link {0}–{1} is there twice")]
    Twice(u16, u16),
}

impl Topology {
    /// The kind of a node of which nothing else is said.
    pub const PEER: &'static str = "peer";

    /// So many nodes, at most 65,535, without links.
    #[must_use]
    pub fn unlinked(nodes: u16) -> Self {
        let node = Node {
            kind: Self::PEER.to_owned(),
            neighbours: Vec::new(),
        };
        Self {
            nodes: vec![node; usize::from(nodes)],
        }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..).map(NodeId::new).take(self.nodes.len())
    }

    /// One node more, of this kind, without links; `None` if it cannot be numbered.
    pub fn add(&mut self, kind: &str) -> Option<NodeId> {
        let number = u16::try_from(self.nodes.len()).ok()?;
        if number == u16::MAX {
            return None;
        }
        self.nodes.push(Node {
            kind: kind.to_owned(),
            neighbours: Vec::new(),
        });
        Some(NodeId::new(number))
    }

    /// The kind of a node.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Option<&str> {
        self.nodes.get(node.index()).map(|node| node.kind.as_str())
    }

    /// Says of what kind a node is.
    pub fn set_kind(&mut self, node: NodeId, kind: &str) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            kind.clone_into(&mut node.kind);
        }
    }

    /// Links two nodes; whether they are both there, are not the same, and were not linked before.
    pub fn link(&mut self, one: NodeId, other: NodeId) -> bool {
        let there = one.index().max(other.index()) < self.nodes.len();
        if one == other || !there || self.are_linked(one, other) {
            return false;
        }
        for (from, to) in [(one, other), (other, one)] {
            let neighbours = &mut self.nodes[from.index()].neighbours;
            let place = neighbours.partition_point(|known| *known < to);
            neighbours.insert(place, to);
        }
        true
    }

    /// Takes a link away; whether it was there.
    pub fn unlink(&mut self, one: NodeId, other: NodeId) -> bool {
        let linked = self.are_linked(one, other);
        for (from, to) in [(one, other), (other, one)] {
            if let Some(node) = self.nodes.get_mut(from.index()) {
                node.neighbours.retain(|known| *known != to);
            }
        }
        linked
    }

    /// Whether two nodes are linked.
    #[must_use]
    pub fn are_linked(&self, one: NodeId, other: NodeId) -> bool {
        self.neighbours(one).binary_search(&other).is_ok()
    }

    /// Whom a node is linked with, in order.
    #[must_use]
    pub fn neighbours(&self, node: NodeId) -> &[NodeId] {
        self.nodes
            .get(node.index())
            .map_or(&[], |node| node.neighbours.as_slice())
    }

    /// All neighbours of a node, as an address.
    #[must_use]
    pub fn address(&self, node: NodeId) -> Address {
        Address::Many(Arc::from(self.neighbours(node)))
    }

    /// All links, each once, with the lower number first, in order.
    pub fn links(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        self.nodes().flat_map(|node| {
            let neighbours = self.neighbours(node).iter().copied();
            neighbours
                .filter(move |other| *other > node)
                .map(move |other| (node, other))
        })
    }

    /// By node, how many links away it is from this one; `None` if no way leads there.
    #[must_use]
    pub fn distances(&self, from: NodeId) -> Vec<Option<u32>> {
        let mut distances = vec![None; self.nodes.len()];
        let mut next = VecDeque::new();
        if let Some(distance) = distances.get_mut(from.index()) {
            *distance = Some(0);
            next.push_back((from, 0));
        }
        while let Some((node, distance)) = next.pop_front() {
            for neighbour in self.neighbours(node) {
                let known = &mut distances[neighbour.index()];
                if known.is_none() {
                    *known = Some(distance + 1);
                    next.push_back((*neighbour, distance + 1));
                }
            }
        }
        distances
    }

    /// Whether a way leads from everybody to everybody.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.distances(NodeId::new(0)).iter().all(Option::is_some)
    }

    /// The longest of all shortest ways, in links; `None` if some are endless.
    #[must_use]
    pub fn diameter(&self) -> Option<u32> {
        self.nodes().try_fold(0, |longest, node| {
            let distances = self.distances(node);
            distances
                .into_iter()
                .try_fold(longest, |longest, distance| Some(longest.max(distance?)))
        })
    }
}

impl From<Topology> for File {
    fn from(topology: Topology) -> Self {
        let links = topology.links();
        Self {
            links: links.map(|(one, other)| (one.get(), other.get())).collect(),
            nodes: topology
                .nodes
                .iter()
                .map(|node| node.kind.clone())
                .collect(),
        }
    }
}

impl TryFrom<File> for Topology {
    type Error = TopologyError;

    fn try_from(file: File) -> Result<Self, TopologyError> {
        let count = file.nodes.len();
        if count >= usize::from(u16::MAX) {
            return Err(TopologyError::TooManyNodes(count));
        }
        let node = |kind| Node {
            kind,
            neighbours: Vec::new(),
        };
        let mut topology = Self {
            nodes: file.nodes.into_iter().map(node).collect(),
        };
        let mut seen = BTreeSet::new();
        for (one, other) in file.links {
            if one == other {
                return Err(TopologyError::Loop(one));
            }
            if usize::from(one.max(other)) >= count {
                return Err(TopologyError::NoSuchNode(one, other));
            }
            if !seen.insert((one.min(other), one.max(other))) {
                return Err(TopologyError::Twice(one, other));
            }
            for (from, to) in [(one, other), (other, one)] {
                topology.nodes[usize::from(from)]
                    .neighbours
                    .push(NodeId::new(to));
            }
        }
        for node in &mut topology.nodes {
            node.neighbours.sort_unstable();
        }
        Ok(topology)
    }
}
