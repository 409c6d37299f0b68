//! All the keys that an adversary ever had: correct members erase theirs when a generation is over (A3), it does not.

use std::collections::BTreeMap;

use crate::actor::{Keys, SigningActor};
use crate::membership::{Generation, Members};

/// How many keys it looks ahead for the one that a generation knows it by.
const AHEAD: usize = 64;

/// A member's keys by generation.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing<K: Keys> {
    first: SigningActor<K>,
    later: BTreeMap<Generation, SigningActor<K>>,
}

impl<K: Keys> KeyRing<K> {
    pub(crate) const fn new(first: SigningActor<K>) -> Self {
        Self {
            first,
            later: BTreeMap::new(),
        }
    }

    /// The first key, which is its name.
    pub(crate) const fn first(&self) -> &SigningActor<K> {
        &self.first
    }

    /// The key it has in this generation, so far as it knows.
    pub(crate) fn of(&self, generation: Generation) -> &SigningActor<K> {
        let known = self.later.range(..=generation).next_back();
        known.map_or(&self.first, |(_, key)| key)
    }

    /// Learns which of its keys it has among these members.
    pub(crate) fn enter(&mut self, members: &Members<K>) {
        let generation = members.generation();
        if self.later.contains_key(&generation) {
            return;
        }
        let seat = members.seat_of(&self.first.actor());
        let Some(bytes) = seat.and_then(|seat| members.key_bytes(seat)) else {
            return;
        };
        let known = self.of(generation).clone();
        let keys = std::iter::successors(Some(known), |key| Some(key.next()));
        if let Some(key) = keys.take(AHEAD).find(|key| key.key() == bytes) {
            self.later.insert(generation, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeyRing;
    use crate::actor::{Ed25519, SigningActor};
    use crate::membership::{Change, Generation, Members};

    #[test]
    fn every_generation_has_the_key_its_members_know() {
        let actor = |seed| SigningActor::from_seed([seed; 32]);
        let [own, other, joins] = [1, 2, 3].map(actor);
        let mut actors = [own.actor(), other.actor()];
        actors.sort_unstable();
        let genesis = Members::<Ed25519>::genesis(&actors).unwrap();
        let mut key_ring = KeyRing::new(own.clone());
        key_ring.enter(&genesis);
        let after = genesis.after(&Change::Join(joins.actor())).unwrap();
        let seat = after.seat_of(&own.actor()).unwrap();
        let last = own.next().next();
        let after = after.with_keys([(seat, last.key())]).unwrap();
        assert_eq!(key_ring.of(Generation::new(1)).key(), own.key());
        key_ring.enter(&after);
        assert_eq!(key_ring.of(Generation::GENESIS).key(), own.key());
        assert_eq!(key_ring.of(Generation::new(1)).key(), last.key());
        assert_eq!(key_ring.of(Generation::new(9)).key(), last.key());
    }
}
