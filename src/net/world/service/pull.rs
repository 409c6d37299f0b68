//! Asking neighbours for what is missing, by name.

use std::sync::Arc;

use crate::net::law::{Law, Sampler};
use crate::net::node::NodeId;
use crate::net::time::Span;
use crate::net::world::peer::{Cargo, Desk, Item, ItemId, Letter, Service};

/// The most names or items in one answer: whoever asks for the world gets it in pieces.
pub(super) const MOST: usize = 10_000;

/// Tells some neighbours in every round what it has; they ask for what they lack, and say what it lacks.
#[derive(Clone, Debug)]
pub struct Pull {
    fan_out: usize,
    round: Span,
    first: Sampler,
}

impl Default for Pull {
    /// Three neighbours every 500 ms, from about 200 ms after the start.
    fn default() -> Self {
        Self::new(3, Span::from_millis(500))
    }
}

impl Pull {
    /// With so many neighbours in a round of this length.
    #[must_use]
    pub fn new(fan_out: usize, round: Span) -> Self {
        Self {
            fan_out,
            round,
            first: first_round(),
        }
    }

    /// When the first round begins; peers should not all begin at once. The default is normal, 200 ± 100 ms.
    #[must_use]
    pub fn first(mut self, law: &Law) -> Self {
        self.first = law.sampler();
        self
    }
}

pub(super) fn first_round() -> Sampler {
    let law = Law::Normal {
        mean: Span::from_millis(200),
        deviation: Span::from_millis(100),
    };
    law.sampler()
}

/// The items of these names that are there, in one letter.
pub(super) fn answer<C: Cargo>(to: NodeId, ids: &[ItemId], desk: &mut Desk<'_, C>) {
    let found = ids.iter().take(MOST).filter_map(|id| desk.store().get(*id));
    let items: Vec<Arc<Item<C>>> = found.cloned().collect();
    if !items.is_empty() {
        desk.send(to, Letter::Items(items.into()));
    }
}

/// Asks for those of these that are not there.
pub(super) fn ask<C: Cargo>(
    whom: NodeId,
    ids: impl IntoIterator<Item = ItemId>,
    desk: &mut Desk<'_, C>,
) {
    let missing = ids.into_iter().filter(|id| !desk.store().has(*id));
    let missing: Vec<ItemId> = missing.take(MOST).collect();
    if !missing.is_empty() {
        desk.send(whom, Letter::Want(missing.into()));
    }
}

impl<C: Cargo> Service<C> for Pull {
    fn start(&mut self, desk: &mut Desk<'_, C>) {
        let first = self.first.draw(desk.stream());
        desk.set_timer(first, 0);
    }

    fn timer(&mut self, _: u32, desk: &mut Desk<'_, C>) {
        let have: Arc<[ItemId]> = desk.store().iter().map(|item| item.id).collect();
        let to = desk.sample(self.fan_out, &[]);
        desk.send_all(to, Letter::Have(have));
        desk.set_timer(self.round, 0);
    }

    fn letter(&mut self, from: NodeId, letter: &Letter<C>, desk: &mut Desk<'_, C>) {
        match letter {
            Letter::Have(theirs) => {
                let mut sorted = theirs.to_vec();
                sorted.sort_unstable();
                let mine = desk.store().iter().map(|item| item.id);
                let lack = mine.filter(|id| sorted.binary_search(id).is_err());
                let lack: Vec<ItemId> = lack.take(MOST).collect();
                if !lack.is_empty() {
                    desk.send(from, Letter::Lack(lack.into()));
                }
                ask(from, theirs.iter().copied(), desk);
            }
            Letter::Lack(ids) => ask(from, ids.iter().copied(), desk),
            Letter::Want(ids) => answer(from, ids, desk),
            _ => {}
        }
    }
}
