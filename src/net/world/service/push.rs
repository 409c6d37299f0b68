//! Passing new items on.

use std::sync::Arc;

use crate::net::world::peer::{Cargo, Item, Origin, PeerContext, PeerMessage, Service};

/// Passes every item that somebody sent unasked on to some neighbours, as long as its time to live lasts, and neither back
/// nor to its maker. What was pulled is not passed on: who lacks it pulls, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    fan_out: usize,
}

impl Push {
    /// To so many neighbours, drawn anew for each item.
    #[must_use]
    pub const fn new(fan_out: usize) -> Self {
        Self { fan_out }
    }

    /// To all neighbours.
    #[must_use]
    pub const fn to_all() -> Self {
        Self::new(usize::MAX)
    }
}

impl<C: Cargo> Service<C> for Push {
    fn item(&mut self, item: &Arc<Item<C>>, origin: Origin, context: &mut PeerContext<'_, C>) {
        let Origin::Pushed(from) = origin else {
            return;
        };
        let Some(ttl) = item.ttl.checked_sub(1) else {
            return;
        };
        let to = context.sample(self.fan_out, &[from, item.id.source]);
        if !to.is_empty() {
            let item = Item {
                ttl,
                ..Item::clone(item)
            };
            context.send_all(to, PeerMessage::Item(Arc::new(item)));
        }
    }
}
