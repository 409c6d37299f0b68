//! How the members are to change, and how far that has come.

use std::collections::BTreeSet;

use super::outcome::NetError;
use crate::actor::Actor;
use crate::membership::{Change, Members};
use crate::net::change::{PlannedChange, Wish};
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::time::VirtualTime;

/// The changes of a run.
#[derive(Debug)]
pub(super) struct Plan<K: SeededKeys> {
    pub(super) changes: Vec<Planned>,
    /// Whether whoever can convict a member wants it expelled.
    pub(super) expel_convicted: bool,
    /// The members of the last generation that any correct replica has activated.
    pub(super) latest: Members<K>,
    /// What made every generation from the first on.
    pub(super) made: Vec<Change>,
    /// Who has asked to join since it last went up, or was told that it may not.
    pub(super) asked: BTreeSet<NodeId>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) at: VirtualTime,
    pub(super) change: Change,
    /// The node it is about.
    pub(super) subject: NodeId,
    /// Who agrees; everybody correct if it does not say.
    approvers: Option<BTreeSet<NodeId>>,
}

impl Planned {
    pub(super) fn approves(&self, node: NodeId) -> bool {
        self.approvers
            .as_ref()
            .is_none_or(|approvers| approvers.contains(&node))
    }
}

impl<K: SeededKeys> Plan<K> {
    /// The plan, with every name looked up in the list of nodes.
    pub(super) fn new(
        changes: &[PlannedChange],
        expel_convicted: bool,
        genesis: Members<K>,
        nodes: &[(String, Actor)],
    ) -> Result<Self, NetError> {
        let node = |name: &String| {
            let place = nodes.iter().position(|(known, _)| known == name);
            let place = place.and_then(|place| Some((place, u16::try_from(place).ok()?)));
            place
                .and_then(|(place, node)| Some((NodeId::new(node), nodes.get(place)?.1)))
                .ok_or_else(|| NetError::Unknown(name.clone()))
        };
        let planned = |planned: &PlannedChange| {
            let (subject, actor) = node(&planned.who)?;
            let change = match planned.what {
                Wish::Join => Change::Join(actor),
                Wish::Leave => Change::Leave(actor),
                Wish::Expel => Change::Expel(actor),
            };
            let approvers = planned.approved_by.as_ref().map(|names| {
                let nodes = names.iter().map(|name| Ok(node(name)?.0));
                nodes.collect::<Result<_, NetError>>()
            });
            Ok::<_, NetError>(Planned {
                at: planned.at,
                change,
                subject,
                approvers: approvers.transpose()?,
            })
        };
        Ok(Self {
            changes: changes
                .iter()
                .map(planned)
                .collect::<Result<_, NetError>>()?,
            expel_convicted,
            latest: genesis,
            made: Vec::new(),
            asked: BTreeSet::new(),
        })
    }

    /// When something of it begins.
    pub(super) fn times(&self) -> BTreeSet<VirtualTime> {
        self.changes.iter().map(|planned| planned.at).collect()
    }

    /// A node has lost its memory, and would have to ask again.
    pub(super) fn restarted(&mut self, node: NodeId) {
        self.asked.remove(&node);
    }

    /// Who has gone of its own will.
    pub(super) fn left(&self) -> BTreeSet<Actor> {
        let left = self.made.iter().filter_map(|change| match change {
            Change::Leave(actor) => Some(*actor),
            Change::Join(_) | Change::Expel(_) => None,
        });
        left.collect()
    }
}
