//! Graphs that are made up: the usual shapes, and random ones.
//!
//! `petgraph` has no generators of its own but for exhaustive ones, and `petgraph-gen` lacks the ring, grid, tree and
//! small world; each is a few lines, whose draws are then ours to keep for ever.

use super::topology::Topology;
use crate::net::node::NodeId;
use crate::net::random::{Chance, Stream};

impl Topology {
    /// Everybody knows everybody.
    #[must_use]
    pub fn full_mesh(nodes: u16) -> Self {
        Self::of(nodes, |one| (0..one).collect())
    }

    /// Everybody knows two others, and the last the first.
    #[must_use]
    pub fn ring(nodes: u16) -> Self {
        let mut ring = Self::line(nodes);
        if nodes > 2 {
            ring.link(NodeId::new(0), NodeId::new(nodes - 1));
        }
        ring
    }

    /// Everybody knows the one before and the one after.
    #[must_use]
    pub fn line(nodes: u16) -> Self {
        Self::of(nodes, |one| one.checked_sub(1).into_iter().collect())
    }

    /// Rows of `width` nodes; everybody knows those above, below, left and right.
    #[must_use]
    pub fn grid(width: u16, height: u16) -> Self {
        Self::of(width.saturating_mul(height), |one| {
            let left = (one % width != 0).then(|| one - 1);
            left.into_iter().chain(one.checked_sub(width)).collect()
        })
    }

    /// Everybody but the first knows one before it, of whom it is one of `children` children.
    #[must_use]
    pub fn tree(nodes: u16, children: u16) -> Self {
        let children = children.max(1);
        Self::of(nodes, |one| {
            let parent = one.checked_sub(1).map(|before| before / children);
            parent.into_iter().collect()
        })
    }

    /// Everybody knows the first.
    #[must_use]
    pub fn star(nodes: u16) -> Self {
        Self::tree(nodes, nodes)
    }

    /// Erdős and Rényi: each pair knows each other with this chance.
    #[must_use]
    pub fn erdos_renyi(nodes: u16, chance: Chance, stream: &mut Stream) -> Self {
        Self::of(nodes, |one| {
            (0..one).filter(|_| stream.happens(chance)).collect()
        })
    }

    /// Watts and Strogatz: a ring in which everybody knows the `near` next ones on either side, and then each of these
    /// links goes with this chance to anybody instead.
    #[must_use]
    pub fn small_world(nodes: u16, near: u16, chance: Chance, stream: &mut Stream) -> Self {
        let mut world = Self::unlinked(nodes);
        let wrapped = |one: u16, step: u16| {
            let sum = (u32::from(one) + u32::from(step)) % u32::from(nodes);
            NodeId::new(u16::try_from(sum).unwrap_or(0))
        };
        let pairs = (1..=near).flat_map(|step| (0..nodes).map(move |one| (one, step)));
        let pairs: Vec<(u16, u16)> = pairs.collect();
        for (one, step) in &pairs {
            world.link(NodeId::new(*one), wrapped(*one, *step));
        }
        for (one, step) in pairs {
            let (from, to) = (NodeId::new(one), wrapped(one, step));
            let stranger = world.neighbours(from).len() + 1 < usize::from(nodes);
            if !world.are_linked(from, to) || !stranger || !stream.happens(chance) {
                continue;
            }
            loop {
                let other = u16::try_from(stream.below(u64::from(nodes))).unwrap_or(0);
                if world.link(from, NodeId::new(other)) {
                    break;
                }
            }
            world.unlink(from, to);
        }
        world
    }

    /// So many nodes, and for each the earlier ones that it knows, in order.
    fn of(nodes: u16, mut earlier: impl FnMut(u16) -> Vec<u16>) -> Self {
        let nodes = nodes.min(u16::MAX - 1);
        let mut graph = Self::unlinked(nodes);
        for one in 0..nodes {
            for other in earlier(one) {
                graph.link(NodeId::new(other), NodeId::new(one));
            }
        }
        graph
    }
}
