//! Who takes part: names, and the identities made from them.

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{FakeKeys, SeededKeys};
use crate::actor::{Actor, SigningActor};
use crate::membership::Change;

/// The people of a run: each name has an identity, the same in every run and on every machine.
///
/// Nothing about a key depends on the seed of a run, so a chart of another seed shows the same people in the same
/// places.
#[derive(Clone)]
pub struct Roster<K: SeededKeys = FakeKeys> {
    identities: Vec<(String, SigningActor<K>)>,
    names: Names,
}

/// What the people of a run are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<Actor, String>);

impl<K: SeededKeys> Roster<K> {
    /// The people of these names. A name that comes again is left out.
    #[must_use]
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut roster = Self {
            identities: Vec::new(),
            names: Names::default(),
        };
        for name in names {
            roster.add(name.into());
        }
        roster
    }

    /// The people `a`, `b`, `c`, …; after `z` come `a1`, `b1`, ….
    #[must_use]
    pub fn letters(count: usize) -> Self {
        let name = |number: usize| {
            let letter = char::from(b"abcdefghijklmnopqrstuvwxyz"[number % 26]);
            match number / 26 {
                0 => letter.to_string(),
                round => format!("{letter}{round}"),
            }
        };
        Self::new((0..count).map(name))
    }

    fn add(&mut self, name: String) {
        if self.actor(&name).is_some() {
            return;
        }
        let identity = Self::stranger(&name);
        self.call(identity.actor(), &name);
        self.identities.push((name, identity));
    }

    /// The identity of this name, whether or not it takes part.
    #[must_use]
    pub fn stranger(name: &str) -> SigningActor<K> {
        let seed = blake3::derive_key("bft-crdts simulator identity 1", name.as_bytes());
        SigningActor::from_secret(K::secret(seed))
    }

    /// Gives an actor a name on charts, without letting it take part.
    pub fn call(&mut self, actor: Actor, name: &str) {
        self.names.0.insert(actor, name.to_owned());
    }

    /// The actor of this name.
    #[must_use]
    pub fn actor(&self, name: &str) -> Option<Actor> {
        self.identity(name).map(SigningActor::actor)
    }

    /// Everybody, in the order in which they were named.
    pub fn actors(&self) -> impl ExactSizeIterator<Item = Actor> + '_ {
        self.identities.iter().map(|(_, identity)| identity.actor())
    }

    /// The name at this place.
    #[must_use]
    pub fn name_at(&self, place: usize) -> Option<&str> {
        self.identities.get(place).map(|(name, _)| name.as_str())
    }

    /// What everybody is called.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The key of this name. Whoever holds it can sign for that actor.
    #[must_use]
    pub fn identity(&self, name: &str) -> Option<&SigningActor<K>> {
        self.identities
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, identity)| identity)
    }

    pub(crate) fn identities(&self) -> &[(String, SigningActor<K>)] {
        &self.identities
    }
}

impl<K: SeededKeys> fmt::Debug for Roster<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.identities.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Names {
    /// What an actor is called; the first digits of its key if it has no name.
    #[must_use]
    pub fn of(&self, actor: &Actor) -> String {
        self.0
            .get(actor)
            .cloned()
            .unwrap_or_else(|| actor.to_string())
    }

    /// A change by the names of people.
    pub(crate) fn of_change(&self, change: &Change) -> String {
        let name = self.of(&change.subject());
        match change {
            Change::Join(_) => format!("join {name}"),
            Change::Leave(_) => format!("leave {name}"),
            Change::Expel(_) => format!("expel {name}"),
        }
    }

    /// A text in which everybody who has a name goes by it, not by a key.
    #[must_use]
    pub fn put_into(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (actor, name) in &self.0 {
            text = text.replace(&actor.to_string(), name);
        }
        text
    }
}

impl<N: Into<String>> FromIterator<(Actor, N)> for Names {
    fn from_iter<I: IntoIterator<Item = (Actor, N)>>(names: I) -> Self {
        Self(
            names
                .into_iter()
                .map(|(actor, name)| (actor, name.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Roster;
    use crate::net::keys::FakeKeys;

    #[test]
    fn a_name_has_one_identity_for_ever() {
        let one = Roster::<FakeKeys>::letters(30);
        let other = Roster::<FakeKeys>::new(["d1", "a", "a"]);
        assert_eq!(other.actors().len(), 2);
        assert_eq!(one.actor("d1"), other.actor("d1"));
        assert_eq!(one.names().of(&other.actor("a").unwrap()), "a");
        assert_ne!(one.actor("a"), one.actor("b"));
    }
}
