//! What may change from one generation to the next.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::MAX_MEMBERS;
use crate::actor::{Actor, WeakKey};

/// The one difference between a generation and the next.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// Somebody who never was a member becomes one.
    Join(Actor),
    /// A member goes, as it wants: it has to be among those who approve.
    Leave(Actor),
    /// A member is made to go.
    Expel(Actor),
}

impl Change {
    /// Whom it is about.
    #[must_use]
    pub const fn subject(&self) -> Actor {
        match self {
            Self::Join(actor) | Self::Leave(actor) | Self::Expel(actor) => *actor,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(actor) => write!(f, "join {actor}"),
            Self::Leave(actor) => write!(f, "leave {actor}"),
            Self::Expel(actor) => write!(f, "expel {actor}"),
        }
    }
}

/// Why a change does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// It is a member already.
    #[error("{0} is a member already")]
    AlreadyMember(Actor),
    /// It was a member once; what it signed then still binds that key.
    #[error("{0} was a member before: join again with a new key")]
    KeyUsedBefore(Actor),
    /// It is no member.
    #[error("{0} is not a member")]
    NotMember(Actor),
    /// Nobody would be left.
    #[error("the last member cannot go")]
    LastMember,
    /// Too many would be there.
    #[error("at most {MAX_MEMBERS} can be members")]
    TooManyMembers,
    /// No seat or no generation is left.
    #[error("all seats have been taken once")]
    TooManySeats,
    /// Its key is weak.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
}

impl ChangeError {
    /// Its kind, as `docs/protocol.md` calls it: `already-member`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AlreadyMember(_) => "already-member",
            Self::KeyUsedBefore(_) => "key-used-before",
            Self::NotMember(_) => "not-member",
            Self::LastMember => "last-member",
            Self::TooManyMembers => "too-many-members",
            Self::TooManySeats => "too-many-seats",
            Self::WeakKey(_) => "weak-key",
        }
    }
}
