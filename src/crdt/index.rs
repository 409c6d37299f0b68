//! What hangs on which operation, so that a removal looks only at what it takes away.
//!
//! The `crdts` crate resets a value by looking at everything in it. A removal is a few bytes, whatever there is under the
//! key, and nobody can be kept from removing a key again and again.

use std::collections::{BTreeMap, BTreeSet};

use crdts::VClock;

use crate::actor::{Actor, Counter, Dot};

/// For each operation the keys that may hang on it: all that do, and some that did. Not part of any state.
#[derive(Clone, Debug)]
pub(super) struct Index<K> {
    keys: BTreeMap<Dot, Vec<K>>,
    len: usize,
    /// With so many it is time to look which still do.
    most: usize,
}

impl<K: Ord + Clone> Index<K> {
    /// The index of exactly these.
    pub(super) fn of(live: impl IntoIterator<Item = (Dot, K)>) -> Self {
        let (keys, len, most) = (BTreeMap::new(), 0, usize::MAX);
        let mut index = Index { keys, len, most };
        for (dot, key) in live {
            index.add(dot, key);
        }
        index.most = index.len.saturating_mul(2).saturating_add(64);
        index
    }

    pub(super) fn add(&mut self, dot: Dot, key: K) {
        self.keys.entry(dot).or_default().push(key);
        self.len = self.len.saturating_add(1);
    }

    /// Whether half of it may be of no use any more.
    pub(super) const fn is_stale(&self) -> bool {
        self.len > self.most
    }

    /// Takes out what hangs on the operations up to this clock.
    pub(super) fn take(&mut self, clock: &VClock<Actor>) -> BTreeSet<K> {
        let mut taken = BTreeSet::new();
        for (actor, counter) in &clock.dots {
            let range = Dot::new(*actor, Counter::ZERO)..=Dot::new(*actor, Counter::new(*counter));
            let dots: Vec<Dot> = self.keys.range(range).map(|(dot, _)| *dot).collect();
            for keys in dots.iter().filter_map(|dot| self.keys.remove(dot)) {
                self.len = self.len.saturating_sub(keys.len());
                taken.extend(keys);
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_what_hangs_on_operations_up_to_the_clock() {
        let actors = [1, 2].map(|tag| Actor::from_bytes([tag; 32]));
        let dot = |actor: usize, counter| Dot::new(actors[actor], Counter::new(counter));
        let live = [
            (dot(0, 1), 'a'),
            (dot(0, 3), 'b'),
            (dot(1, 2), 'a'),
            (dot(1, 2), 'c'),
        ];
        let mut index = Index::of(live);
        let clock = |of: &[(usize, u64)]| VClock {
            dots: of.iter().map(|(a, c)| (actors[*a], *c)).collect(),
        };
        assert_eq!(index.take(&clock(&[(0, 2), (1, 1)])), ['a'].into());
        assert_eq!(index.take(&clock(&[(0, 2), (1, 1)])), [].into());
        assert_eq!(index.len, 3);
        assert_eq!(index.take(&clock(&[(1, u64::MAX)])), ['a', 'c'].into());
        assert!(!index.is_stale());
        (0..72).for_each(|_| index.add(dot(0, 9), 'd'));
        assert!(index.is_stale(), "64 and twice the four there were");
    }
}
