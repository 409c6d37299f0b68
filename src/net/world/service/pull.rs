//! Asking neighbours for what is missing, by name.

use std::sync::Arc;

use crate::net::law::{Law, Sampler};
use crate::net::node::NodeId;
use crate::net::time::Span;
use crate::net::world::peer::{Cargo, Item, ItemId, PeerContext, PeerMessage, Service};

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
pub(super) fn answer<C: Cargo>(to: NodeId, ids: &[ItemId], context: &mut PeerContext<'_, C>) {
    let found = ids
        .iter()
        .take(MOST)
        .filter_map(|id| context.store().get(*id));
    let items: Vec<Arc<Item<C>>> = found.cloned().collect();
    if !items.is_empty() {
        context.send(to, PeerMessage::Items(items.into()));
    }
}

/// Asks for those of these that are not there.
pub(super) fn ask<C: Cargo>(
    whom: NodeId,
    ids: impl IntoIterator<Item = ItemId>,
    context: &mut PeerContext<'_, C>,
) {
    let missing = ids.into_iter().filter(|id| !context.store().has(*id));
    let missing: Vec<ItemId> = missing.take(MOST).collect();
    if !missing.is_empty() {
        context.send(whom, PeerMessage::Want(missing.into()));
    }
}

impl<C: Cargo> Service<C> for Pull {
    fn start(&mut self, context: &mut PeerContext<'_, C>) {
        let first = self.first.draw(context.stream());
        context.set_timer(first, 0);
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, C>) {
        let have: Arc<[ItemId]> = context.store().iter().map(|item| item.id).collect();
        let to = context.sample(self.fan_out, &[]);
        context.send_all(to, PeerMessage::Have(have));
        context.set_timer(self.round, 0);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<C>,
        context: &mut PeerContext<'_, C>,
    ) {
        match message {
            PeerMessage::Have(theirs) => {
                let mut sorted = theirs.to_vec();
                sorted.sort_unstable();
                let mine = context.store().iter().map(|item| item.id);
                let lack = mine.filter(|id| sorted.binary_search(id).is_err());
                let lack: Vec<ItemId> = lack.take(MOST).collect();
                if !lack.is_empty() {
                    context.send(from, PeerMessage::Lack(lack.into()));
                }
                ask(from, theirs.iter().copied(), context);
            }
            PeerMessage::Lack(ids) => ask(from, ids.iter().copied(), context),
            PeerMessage::Want(ids) => answer(from, ids, context),
            _ => {}
        }
    }
}
