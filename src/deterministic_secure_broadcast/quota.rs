//! What a peer may make us do between two ticks (I14): one [`Quota`] for everything that costs more than a look.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::{Actor, Keys};
use crate::membership::{MAX_MEMBERS, Members, Seat};

/// How many bytes of operations and certificates one peer may ask for between two ticks.
pub(super) const BYTES_PER_TICK: usize = 256 * 1024;

/// What an answer costs at least. A peer that has that left gets the next answer, however large it is, or large ones
/// could never be had.
const ANSWER_BYTES: usize = 1024;

/// How many bytes a peer without a seat may ask for between two ticks, if we do not approve its joining: links, and the
/// seals to follow them.
const STRANGER_BYTES: usize = 128 * 1024;

/// How many of them have a share between two ticks: keys cost nothing.
const MAX_STRANGERS: usize = 16;

/// What is done at most once for one peer between two ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Once {
    /// It is asked for the chain, because it is ahead.
    AskForChain,
    /// It is sent the chain unasked, because it is behind.
    SendChain,
    /// The state that it proposes as a checkpoint is worked out.
    WorkOutProposal,
    /// It is offered our checkpoint.
    OfferCheckpoint,
}

impl Once {
    /// Whether it is done for peers without a seat, of which there may be any number: they share [`MAX_MEMBERS`] times.
    const fn is_for_strangers(self) -> bool {
        matches!(self, Self::AskForChain | Self::SendChain)
    }
}

/// Whose share of our answers a peer draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Its own, as the holder of a seat.
    Seat(Seat),
    /// Its own, as one whose joining we approve.
    Guest(Actor),
    /// A small one of its own, as one of the first of all others.
    Stranger(Actor),
}

impl Share {
    /// The share of a peer; `admitted` says whether we approve its joining.
    pub(super) fn of<K: Keys>(peer: &Actor, members: &Members<K>, admitted: bool) -> Self {
        if admitted {
            return Self::Guest(*peer);
        }
        let seat = members.seat_of(peer);
        seat.map_or(Self::Stranger(*peer), Self::Seat)
    }
}

/// What one packet's answers take of a share: planned by looking at the [`Quota`], and put there once they are sent.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    share: Share,
    /// What is left.
    left: usize,
}

impl Charge {
    /// Adds an answer of so many bytes; `false`, and nothing is added, if there is not enough left for any answer.
    #[must_use]
    pub(super) fn add(&mut self, bytes: usize) -> bool {
        let Some(rest) = self.left.checked_sub(ANSWER_BYTES) else {
            return false;
        };
        self.left = rest.saturating_sub(bytes.saturating_sub(ANSWER_BYTES));
        true
    }
}

/// What every peer has had since the last tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quota {
    /// Bytes left, by seat.
    seats: Vec<usize>,
    /// Bytes left of those whose joining we approve; all of them, of one that is not here.
    guests: BTreeMap<Actor, usize>,
    /// Bytes left of all others that have asked. Bounded.
    strangers: BTreeMap<Actor, usize>,
    /// Who has had what.
    done: BTreeMap<Once, BTreeSet<Actor>>,
    /// Whether our state was encoded because of a peer's summary: once for all peers together.
    encoded: bool,
}

impl Quota {
    pub(super) fn new(seats: usize) -> Self {
        Self {
            seats: vec![BYTES_PER_TICK; seats],
            guests: BTreeMap::new(),
            strangers: BTreeMap::new(),
            done: BTreeMap::new(),
            encoded: false,
        }
    }

    /// Makes room for new seats.
    pub(super) fn grow(&mut self, seats: usize) {
        self.seats.resize(seats, BYTES_PER_TICK);
    }

    /// Everybody may ask again.
    pub(super) fn begin_tick(&mut self) {
        *self = Self::new(self.seats.len());
    }

    /// A new generation has begun, in which no proposal was worked out yet.
    pub(super) fn begin_generation(&mut self) {
        self.done.remove(&Once::WorkOutProposal);
    }

    /// Whether this may be done for a peer; `known` says whether it has a seat.
    pub(super) fn may(&self, peer: &Actor, known: bool, what: Once) -> bool {
        let Some(done) = self.done.get(&what) else {
            return true;
        };
        let room = known || !what.is_for_strangers() || done.len() < MAX_MEMBERS;
        room && !done.contains(peer)
    }

    /// It is done.
    pub(super) fn note(&mut self, peer: Actor, what: Once) {
        self.done.entry(what).or_default().insert(peer);
    }

    /// Whether our state may be encoded because of a peer's summary.
    pub(super) fn may_encode(&self) -> bool {
        !self.encoded
    }

    /// It is encoded.
    pub(super) fn note_encoded(&mut self) {
        self.encoded = true;
    }

    /// A charge to a share, with no answer yet.
    pub(super) fn charge(&self, share: Share) -> Charge {
        let left = match share {
            Share::Seat(seat) => self.seats.get(seat.get()).copied().unwrap_or(0),
            Share::Guest(actor) => self.guests.get(&actor).copied().unwrap_or(BYTES_PER_TICK),
            Share::Stranger(actor) => match self.strangers.get(&actor) {
                Some(left) => *left,
                None if self.strangers.len() < MAX_STRANGERS => STRANGER_BYTES,
                None => 0,
            },
        };
        Charge { share, left }
    }

    /// The answers are sent.
    pub(super) fn spend(&mut self, charge: Charge) {
        let place = match charge.share {
            Share::Seat(seat) => self.seats.get_mut(seat.get()),
            Share::Guest(actor) => Some(self.guests.entry(actor).or_default()),
            Share::Stranger(actor) => Some(self.strangers.entry(actor).or_default()),
        };
        if let Some(place) = place {
            *place = charge.left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::SigningActor;

    fn actor(tag: u16) -> Actor {
        let [low, high] = tag.to_le_bytes();
        let mut seed = [7; 32];
        (seed[0], seed[1]) = (low, high);
        SigningActor::<crate::actor::Ed25519>::from_seed(seed).actor()
    }

    #[test]
    fn a_large_answer_is_given_to_a_peer_that_has_any_left_and_then_none_until_the_next_tick() {
        let mut quota = Quota::new(1);
        let share = Share::Seat(Seat::new(0));
        let mut charge = quota.charge(share);
        assert!(charge.add(10 * BYTES_PER_TICK));
        assert!(!charge.add(1));
        quota.spend(charge);
        assert!(!quota.charge(share).add(0));
        assert!(quota.charge(Share::Stranger(actor(1))).add(0));
        quota.begin_tick();
        assert!(quota.charge(share).add(0));
    }

    #[test]
    fn planning_an_answer_changes_nothing() {
        let quota = Quota::new(1);
        let same = quota.clone();
        let _ = quota.charge(Share::Guest(actor(1)));
        assert_eq!(quota, same);
    }

    #[test]
    fn a_flood_of_one_stranger_leaves_the_others_their_shares() {
        let mut quota = Quota::new(1);
        let ask = |quota: &mut Quota, tag| {
            let mut charge = quota.charge(Share::Stranger(actor(tag)));
            let answered = charge.add(0);
            if answered {
                quota.spend(charge);
            }
            answered
        };
        while ask(&mut quota, 0) {}
        for tag in 1..u16::try_from(MAX_STRANGERS).unwrap() {
            assert!(ask(&mut quota, tag), "{tag}");
        }
        let more = u16::try_from(MAX_STRANGERS).unwrap();
        assert!(!ask(&mut quota, more), "keys cost nothing");
        assert!(quota.charge(Share::Seat(Seat::new(0))).add(0));
        quota.begin_tick();
        assert!(ask(&mut quota, more));
    }

    #[test]
    fn strangers_share_a_number_of_requests_that_members_do_not_draw_on() {
        let mut quota = Quota::new(1);
        for tag in 0..MAX_MEMBERS {
            let stranger = actor(u16::try_from(tag).unwrap());
            assert!(quota.may(&stranger, false, Once::AskForChain));
            quota.note(stranger, Once::AskForChain);
            assert!(!quota.may(&stranger, true, Once::AskForChain));
        }
        let last = actor(u16::try_from(MAX_MEMBERS).unwrap());
        assert!(!quota.may(&last, false, Once::AskForChain));
        assert!(quota.may(&last, true, Once::AskForChain));
        assert!(quota.may(&last, false, Once::SendChain));
        assert!(quota.may(&last, false, Once::OfferCheckpoint));
    }
}
