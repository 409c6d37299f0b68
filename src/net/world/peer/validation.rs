//! What a peer does with an item before it takes it.

use core::fmt;
use std::sync::Arc;

use super::message::Item;
use super::store::Store;
use crate::net::law::{Law, Sampler};

type Check<C> = Arc<dyn Fn(&Item<C>, &Store<C>) -> bool + Send + Sync>;

/// A task that takes its time for every item that comes from somebody else, and may say no to it.
#[derive(Clone)]
pub struct Validation<C> {
    pub(super) cost: Sampler,
    pub(super) check: Check<C>,
    pub(super) in_turn: bool,
}

impl<C> Validation<C> {
    /// Takes so long, and then asks; `false` is a veto: the item is forgotten. By default as many items as there are
    /// are validated at the same time.
    #[must_use]
    pub fn new(
        cost: &Law,
        check: impl Fn(&Item<C>, &Store<C>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            cost: cost.sampler(),
            check: Arc::new(check),
            in_turn: false,
        }
    }

    /// Validates one item after the other.
    #[must_use]
    pub fn in_turn(mut self) -> Self {
        self.in_turn = true;
        self
    }
}

impl<C> fmt::Debug for Validation<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validation")
            .field("cost", &self.cost)
            .field("in_turn", &self.in_turn)
            .finish_non_exhaustive()
    }
}
