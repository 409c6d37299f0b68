//! Generations: numbered memberships, and the numbers members go by inside one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::MAX_MEMBERS;
use super::change::{Change, ChangeError};
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

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
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

/// The members of one generation, sorted by name, and everybody who was a member before, with their keys decoded
/// once.
#[derive(Clone)]
pub struct Members<K: Keys> {
    generation: Generation,
    /// Everybody who ever was a member, by seat.
    everybody: Arc<Everybody>,
    /// The key each of them has in this generation, or had last, by seat.
    keys: Vec<Arc<Key<K>>>,
    actors: Vec<Actor>,
    /// The seat of each rank.
    seats: Vec<Seat>,
    /// The rank of each seat; none for those who are no longer members.
    ranks: Vec<Option<MemberIndex>>,
}

/// Who ever was a member.
#[derive(Clone)]
struct Everybody {
    actors: Vec<Actor>,
    seats: BTreeMap<Actor, Seat>,
}

/// A public key: its bytes, and decoded.
struct Key<K: Keys> {
    bytes: Actor,
    public: K::Public,
}

impl<K: Keys> Key<K> {
    fn decode(bytes: &Actor) -> Result<Arc<Self>, WeakKey> {
        let (bytes, public) = (*bytes, K::public(bytes)?);
        Ok(Arc::new(Self { bytes, public }))
    }
}

impl<K: Keys> fmt::Debug for Members<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members")
            .field("generation", &self.generation)
            .field("actors", &self.actors)
            .finish_non_exhaustive()
    }
}

/// Two of them are equal if they name the same actors in the same seats of the same generation, with the same keys.
impl<K: Keys> PartialEq for Members<K> {
    fn eq(&self, other: &Self) -> bool {
        let keys = |members: &Self| members.keys.iter().map(|key| key.bytes).collect::<Vec<_>>();
        self.generation == other.generation
            && self.actors == other.actors
            && self.everybody.actors == other.everybody.actors
            && keys(self) == keys(other)
    }
}

impl<K: Keys> Eq for Members<K> {}

impl<K: Keys> Members<K> {
    /// Decodes the keys of a network's first members, which must be sorted, distinct and at most [`MAX_MEMBERS`] (a
    /// `Genesis` has checked all three). Their names are their keys.
    ///
    /// # Errors
    /// [`WeakKey`] for the first actor that is no sound public key.
    pub fn genesis(actors: &[Actor]) -> Result<Self, WeakKey> {
        let keys = actors.iter().map(Key::decode).collect::<Result<_, _>>()?;
        let everybody = Everybody {
            actors: actors.to_vec(),
            seats: actors.iter().copied().zip((0..).map(Seat)).collect(),
        };
        let everybody = Arc::new(everybody);
        Ok(Self::of(
            Generation::GENESIS,
            everybody,
            keys,
            actors.to_vec(),
        ))
    }

    fn of(
        generation: Generation,
        everybody: Arc<Everybody>,
        keys: Vec<Arc<Key<K>>>,
        actors: Vec<Actor>,
    ) -> Self {
        let seats: Vec<Seat> = actors
            .iter()
            .filter_map(|actor| everybody.seats.get(actor).copied())
            .collect();
        let mut ranks = vec![None; everybody.actors.len()];
        for (rank, seat) in (0..).map(MemberIndex).zip(&seats) {
            if let Some(entry) = ranks.get_mut(seat.get()) {
                *entry = Some(rank);
            }
        }
        Self {
            generation,
            everybody,
            keys,
            actors,
            seats,
            ranks,
        }
    }

    /// The members of the next generation, if this is what changes, with the keys they have now. Whoever joins has its
    /// name for a key.
    ///
    /// # Errors
    /// [`ChangeError`] if the change does not apply to these members.
    pub fn after(&self, change: &Change) -> Result<Self, ChangeError> {
        let generation = self.generation.next().ok_or(ChangeError::TooManySeats)?;
        let mut actors = self.actors.clone();
        let mut keys = self.keys.clone();
        let subject = change.subject();
        let rank = actors.binary_search(&subject);
        let everybody = match (change, rank) {
            (Change::Join(_), Ok(_)) => return Err(ChangeError::AlreadyMember(subject)),
            (Change::Join(_), Err(rank)) => {
                if self.everybody.seats.contains_key(&subject) {
                    return Err(ChangeError::KeyUsedBefore(subject));
                }
                if actors.len() >= MAX_MEMBERS {
                    return Err(ChangeError::TooManyMembers);
                }
                let seat = u16::try_from(self.everybody.actors.len());
                let seat = Seat(seat.map_err(|_| ChangeError::TooManySeats)?);
                keys.push(Key::decode(&subject)?);
                actors.insert(rank, subject);
                let mut everybody = (*self.everybody).clone();
                everybody.actors.push(subject);
                everybody.seats.insert(subject, seat);
                Arc::new(everybody)
            }
            (_, Err(_)) => return Err(ChangeError::NotMember(subject)),
            (_, Ok(_)) if actors.len() == 1 => return Err(ChangeError::LastMember),
            (_, Ok(rank)) => {
                actors.remove(rank);
                self.everybody.clone()
            }
        };
        Ok(Self::of(generation, everybody, keys, actors))
    }

    /// The same members with these keys, by seat; the others keep theirs.
    ///
    /// # Errors
    /// [`WeakKey`] for the first that is no sound public key.
    pub fn with_keys(
        mut self,
        keys: impl IntoIterator<Item = (Seat, Actor)>,
    ) -> Result<Self, WeakKey> {
        for (seat, bytes) in keys {
            if let Some(key) = self.keys.get_mut(seat.get()) {
                *key = Key::decode(&bytes)?;
            }
        }
        Ok(self)
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

    /// Whether there is none (never true).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actors.is_empty()
    }

    /// How many actors were ever members, these included.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.everybody.actors.len()
    }

    /// All members, in order of their keys.
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
        self.everybody.seats.get(actor).copied()
    }

    /// The actor in this seat, if there is one, a member or not.
    #[must_use]
    pub fn in_seat(&self, seat: Seat) -> Option<&Actor> {
        self.everybody.actors.get(seat.get())
    }

    /// The rank of the member in this seat; none if nobody is there or is a member no longer.
    #[must_use]
    pub fn index_in(&self, seat: Seat) -> Option<MemberIndex> {
        self.ranks.get(seat.get()).copied().flatten()
    }

    /// The seat of the member of this rank.
    #[must_use]
    pub fn seat_at(&self, index: MemberIndex) -> Option<Seat> {
        self.seats.get(index.get()).copied()
    }

    /// The actor of this rank, if there is one.
    #[must_use]
    pub fn actor(&self, index: MemberIndex) -> Option<&Actor> {
        self.actors.get(index.get())
    }

    /// The decoded key of this rank, if there is one.
    #[must_use]
    pub fn key(&self, index: MemberIndex) -> Option<&K::Public> {
        self.key_in(self.seat_at(index)?)
    }

    /// The decoded key that this seat has in this generation, or had last if it is no longer a member's.
    #[must_use]
    pub fn key_in(&self, seat: Seat) -> Option<&K::Public> {
        self.keys.get(seat.get()).map(|key| &key.public)
    }

    /// The bytes of that key. The actor's name, until its first key was erased.
    #[must_use]
    pub fn key_bytes(&self, seat: Seat) -> Option<Actor> {
        self.keys.get(seat.get()).map(|key| key.bytes)
    }
}
