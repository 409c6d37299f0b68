//! The items a peer has.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::{Item, ItemId};
use crate::net::node::NodeId;
use crate::net::time::VirtualTime;

/// The items a peer has taken, the first it saw of each name.
#[derive(Clone, Debug)]
pub struct Store<C> {
    items: BTreeMap<ItemId, (Arc<Item<C>>, VirtualTime)>,
    /// By maker, up to which number there are items, as far as this peer has heard.
    heights: BTreeMap<NodeId, u32>,
}

impl<C> Default for Store<C> {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
            heights: BTreeMap::new(),
        }
    }
}

impl<C> Store<C> {
    /// Keeps an item, unless one of its name is kept already.
    pub(super) fn insert(&mut self, item: Arc<Item<C>>, now: VirtualTime) -> bool {
        if self.has(item.id) {
            return false;
        }
        self.rumour(item.id.source, item.id.number);
        self.items.insert(item.id, (item, now));
        true
    }

    /// Somebody says that there are items of a maker up to this number.
    pub(crate) fn rumour(&mut self, source: NodeId, number: u32) {
        let height = self.heights.entry(source).or_default();
        *height = number.max(*height);
    }

    /// Whether an item of this name is there.
    #[must_use]
    pub fn has(&self, id: ItemId) -> bool {
        self.items.contains_key(&id)
    }

    /// The item of this name.
    #[must_use]
    pub fn get(&self, id: ItemId) -> Option<&Arc<Item<C>>> {
        self.items.get(&id).map(|(item, _)| item)
    }

    /// When it was taken, by the clock of the peer.
    #[must_use]
    pub fn taken(&self, id: ItemId) -> Option<VirtualTime> {
        self.items.get(&id).map(|(_, at)| *at)
    }

    /// All items, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Item<C>>> {
        self.items.values().map(|(item, _)| item)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// By maker, up to which number there are items, as far as this peer has heard.
    pub fn heights(&self) -> impl Iterator<Item = (NodeId, u32)> + '_ {
        self.heights
            .iter()
            .map(|(source, number)| (*source, *number))
    }

    /// The same of one maker; 0 if there are none.
    #[must_use]
    pub fn height(&self, source: NodeId) -> u32 {
        self.heights.get(&source).copied().unwrap_or_default()
    }

    /// Names that are missing below the heights, lowest first, at most so many.
    #[must_use]
    pub fn holes(&self, most: usize) -> Vec<ItemId> {
        let ids = self.heights.iter().flat_map(|(source, height)| {
            (1..=*height).map(|number| ItemId {
                source: *source,
                number,
            })
        });
        ids.filter(|id| !self.has(*id)).take(most).collect()
    }
}
