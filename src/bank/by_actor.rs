//! A flat map from actors: found by bisection, encoded like any ordered map.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;

/// Entries in strictly increasing order of their actor. Positions stay valid until something is inserted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(Actor, V)>")]
#[serde(bound(serialize = "V: Serialize", deserialize = "V: Deserialize<'de>"))]
pub(super) struct ByActor<V>(Vec<(Actor, V)>);

/// Two entries of one actor, or entries out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entries not in strictly increasing order at {0}")]
pub(super) struct Unordered(pub(super) Actor);

impl<V> ByActor<V> {
    /// Where the entry of `actor` is, or where it would have to go.
    #[inline]
    pub(super) fn position(&self, actor: &Actor) -> Result<usize, usize> {
        self.0.binary_search_by(|(key, _)| key.cmp(actor))
    }

    #[inline]
    pub(super) fn contains(&self, actor: &Actor) -> bool {
        self.position(actor).is_ok()
    }

    #[inline]
    pub(super) fn get(&self, actor: &Actor) -> Option<&V> {
        self.at(self.position(actor).ok()?)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, actor: &Actor) -> Option<&mut V> {
        let position = self.position(actor).ok()?;
        self.at_mut(position)
    }

    #[inline]
    pub(super) fn at(&self, position: usize) -> Option<&V> {
        self.0.get(position).map(|(_, value)| value)
    }

    #[inline]
    pub(super) fn at_mut(&mut self, position: usize) -> Option<&mut V> {
        self.0.get_mut(position).map(|(_, value)| value)
    }

    /// The entry of `actor`, made by `new` if there was none.
    pub(super) fn entry(&mut self, actor: Actor, new: impl FnOnce() -> V) -> Option<&mut V> {
        let position = self.position(&actor).unwrap_or_else(|gap| {
            self.0.insert(gap, (actor, new()));
            gap
        });
        self.at_mut(position)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Actor, &V)> {
        self.0.iter().map(|(actor, value)| (actor, value))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&Actor, &mut V)> {
        self.0.iter_mut().map(|(actor, value)| (&*actor, value))
    }

    /// The map of these entries in any order, at most one for each actor.
    pub(super) fn collect(
        entries: impl IntoIterator<Item = (Actor, V)>,
    ) -> Result<Self, Unordered> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|(actor, _)| *actor);
        entries.try_into()
    }
}

impl<V> Default for ByActor<V> {
    fn default() -> Self {
        ByActor(Vec::new())
    }
}

impl<V> TryFrom<Vec<(Actor, V)>> for ByActor<V> {
    type Error = Unordered;

    fn try_from(entries: Vec<(Actor, V)>) -> Result<Self, Unordered> {
        let mut last = None;
        for (actor, _) in &entries {
            if last >= Some(actor) {
                return Err(Unordered(*actor));
            }
            last = Some(actor);
        }
        Ok(ByActor(entries))
    }
}
