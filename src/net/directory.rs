//! Who is where: the actors of a run and the nodes that speak for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::machine::Address;
use super::node::NodeId;
use crate::actor::Actor;

/// The authenticated links of a run: every node speaks for one actor, and an actor may have several nodes (twins).
#[derive(Debug)]
pub(crate) struct Directory {
    actors: Vec<Actor>,
    nodes: BTreeMap<Actor, Arc<[NodeId]>>,
}

impl Directory {
    /// The actor of every node, by number.
    pub(crate) fn new(actors: Vec<Actor>) -> Self {
        let mut nodes: BTreeMap<Actor, Vec<NodeId>> = BTreeMap::new();
        for (node, actor) in (0..).map(NodeId::new).zip(&actors) {
            nodes.entry(*actor).or_default().push(node);
        }
        let nodes = nodes
            .into_iter()
            .map(|(actor, nodes)| (actor, nodes.into()))
            .collect();
        Self { actors, nodes }
    }

    /// Whom a node speaks for.
    #[inline]
    pub(crate) fn actor(&self, node: NodeId) -> Option<Actor> {
        self.actors.get(node.index()).copied()
    }

    /// The nodes of an actor.
    pub(crate) fn nodes_of(&self, actor: &Actor) -> &[NodeId] {
        self.nodes.get(actor).map_or(&[], |nodes| nodes)
    }

    /// Where to send what is for an actor.
    #[inline]
    pub(crate) fn address(&self, actor: &Actor) -> Option<Address> {
        let nodes = self.nodes.get(actor)?;
        Some(match &**nodes {
            [one] => Address::One(*one),
            _ => Address::Many(nodes.clone()),
        })
    }

    /// All nodes of these actors but `me`.
    pub(crate) fn others(&self, actors: &[Actor], me: &Actor) -> Arc<[NodeId]> {
        actors
            .iter()
            .filter(|actor| *actor != me)
            .flat_map(|actor| self.nodes_of(actor))
            .copied()
            .collect()
    }
}
