//! Generations: numbered memberships, and the numbers members go by inside one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Keys, WeakKey};

/// The number of a membership; the genesis is generation 0.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Generation(u64);

impl Generation {
    /// The membership named in the genesis.
    pub const GENESIS: Self = Self(0);

    /// The generation of this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{}", self.0)
    }
}

/// A member's rank by key within one generation; the position of its bit in a certificate.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberIndex(u16);

impl MemberIndex {
    /// The index of this rank.
    #[must_use]
    pub const fn new(rank: u16) -> Self {
        Self(rank)
    }

    /// Its rank, as a position.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "member {}", self.0)
    }
}

/// A key's permanent number in a network, never reused: the genesis members in order of their
/// keys, later joiners in order of joining. Headers name their source and their causes by seat, two
/// bytes instead of thirty-two, and mean the same key in every generation. In generation 0 a
/// member's seat is its [`MemberIndex`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seat(u16);

impl Seat {
    /// The seat of this number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number, as a position.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seat {}", self.0)
    }
}

/// As many seats as a [`Seat`] can number. No list by seat is longer.
pub const MAX_SEATS: usize = 1 << 16;

/// The most members a generation may have.
pub const MAX_MEMBERS: usize = 100;

/// The members of one generation, sorted by key, with their keys decoded once.
#[derive(Clone)]
pub struct Members<K: Keys> {
    generation: Generation,
    actors: Vec<Actor>,
    keys: Vec<K::Public>,
}

impl<K: Keys> fmt::Debug for Members<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members")
            .field("generation", &self.generation)
            .field("actors", &self.actors)
            .finish_non_exhaustive()
    }
}

/// Two of them are equal if they name the same actors in the same generation.
impl<K: Keys> PartialEq for Members<K> {
    fn eq(&self, other: &Self) -> bool {
        self.generation == other.generation && self.actors == other.actors
    }
}

impl<K: Keys> Eq for Members<K> {}

impl<K: Keys> Members<K> {
    /// Decodes the keys of `actors`, which must be sorted, distinct and at most [`MAX_MEMBERS`] (a
    /// `Genesis` has checked all three).
    ///
    /// # Errors
    /// [`WeakKey`] for the first actor that is no sound public key.
    pub fn decode(generation: Generation, actors: &[Actor]) -> Result<Self, WeakKey> {
        let keys = actors.iter().map(K::public).collect::<Result<_, _>>()?;
        Ok(Self {
            generation,
            actors: actors.to_vec(),
            keys,
        })
    }

    /// The generation these are the members of.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actors.len()
    }

    /// Whether there is none (never true for a genesis).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actors.is_empty()
    }

    /// All of them, in order of their keys.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The rank of `actor`, if it is a member.
    #[must_use]
    pub fn index_of(&self, actor: &Actor) -> Option<MemberIndex> {
        let rank = self.actors.binary_search(actor).ok()?;
        u16::try_from(rank).ok().map(MemberIndex)
    }

    /// The seat of `actor`, if it ever was a member.
    #[must_use]
    pub fn seat_of(&self, actor: &Actor) -> Option<Seat> {
        self.index_of(actor).map(|index| Seat(index.0))
    }

    /// The actor in this seat, if there is one.
    #[must_use]
    pub fn in_seat(&self, seat: Seat) -> Option<&Actor> {
        self.actors.get(seat.get())
    }

    /// The rank of the member in this seat.
    #[must_use]
    pub fn index_in(&self, seat: Seat) -> Option<MemberIndex> {
        (seat.get() < self.actors.len()).then_some(MemberIndex(seat.0))
    }

    /// The actor of this rank, if there is one.
    #[must_use]
    pub fn actor(&self, index: MemberIndex) -> Option<&Actor> {
        self.actors.get(index.get())
    }

    /// The decoded key of this rank, if there is one.
    #[must_use]
    pub fn key(&self, index: MemberIndex) -> Option<&K::Public> {
        self.keys.get(index.get())
    }
}
