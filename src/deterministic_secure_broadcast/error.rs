//! Everything that can be said no to, and why.
//!
//! Three words, three things: a [`Refused`] is what the caller of a door gets, a [`Rejection`] is why
//! a packet changed nothing (late is not hostile, and neither is an accusation), and only evidence
//! accuses.

use std::error::Error;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::actor::{Actor, Counter, WeakKey};
use crate::codec::{DecodeError, EncodeError};
use crate::membership::{ChangeError, Generation, Seat};

/// A packet that breaks a rule of form, which no correct replica ever does.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A seat nobody holds.
    #[error("{0} is not taken by anybody")]
    UnknownSeat(Seat),
    /// A counter of zero, or one that leaves no room for a next one.
    #[error("the counter is zero or overflows")]
    Counter,
    /// No operations, or too many.
    #[error("{have} operations in a message of 1..={limit}")]
    Length {
        /// How many.
        have: u32,
        /// How many there may be.
        limit: u32,
    },
    /// Causes out of order, or a seat twice.
    #[error("causes are not strictly increasing by seat")]
    CausesUnsorted,
    /// A cause that goes without saying: the source's own, zero, or one the chain includes already.
    #[error("the cause of {0} is not an advance")]
    NeedlessCause(Seat),
    /// A bitmap of the wrong size or with bits beyond the members, or not one signature for each bit.
    #[error("signers and signatures do not match the members (non-canonical)")]
    Signers,
    /// A clock with more or fewer entries than there are seats.
    #[error("a clock of {have} entries for {need} seats")]
    Clock {
        /// Entries it has.
        have: usize,
        /// Seats there are.
        need: usize,
    },
    /// More bytes than allowed.
    #[error("{have} bytes where {limit} are allowed")]
    TooLarge {
        /// Bytes it has.
        have: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Bytes that are not the operations the header announces.
    #[error("operations: {0}")]
    Operations(DecodeError),
    /// No headers to compare, too many, or out of order.
    #[error("headers to compare: none, too many, or not strictly increasing")]
    Headers,
    /// A join without proof of possession, or such a proof where nobody joins.
    #[error("proof of possession where none belongs, or none where one does")]
    Possession,
    /// A proposal that does not fit together.
    #[error("the parts of a proposal do not fit together")]
    Proposal,
    /// A seal out of order, or one whose open headers do not follow its certificates.
    #[error("the parts of a seal do not fit together")]
    Seal,
    /// A clock that no replica can have stood at, or a snapshot whose parts do not fit together.
    #[error("no snapshot: its parts do not fit together")]
    Snapshot,
    /// Keys for the next generation in another than their one form, of somebody who goes, or not those of the decision.
    #[error("keys that do not fit their decision")]
    NextKeys,
    /// Evidence that contradicts nothing.
    #[error("the two statements do not contradict each other")]
    NoContradiction,
}

/// Why a packet changed nothing and was answered by nothing. Not an accusation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The sender is not a member.
    #[error("{0} is not a member")]
    NotMember(Actor),
    /// The packet came back to its own sender.
    #[error("a packet from ourselves")]
    FromOurselves,
    /// A statement of an older generation.
    #[error("generation {got}, ours is {have}")]
    WrongGeneration {
        /// Our generation.
        have: Generation,
        /// The packet's.
        got: Generation,
    },
    /// A statement of a generation that has not begun here.
    #[error("generation {got} has not begun, ours is {have}")]
    FutureGeneration {
        /// Our generation.
        have: Generation,
        /// The packet's.
        got: Generation,
    },
    /// A packet that breaks a rule of form.
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    /// A signature that does not verify.
    #[error("invalid signature{}", .signer.map(|actor| format!(" of {actor}")).unwrap_or_default())]
    InvalidSignature {
        /// Whose it claims to be, if that is a member.
        signer: Option<Actor>,
    },
    /// Too few signers.
    #[error("{have} signers where {generation} needs {need}")]
    QuorumTooSmall {
        /// Signers it has.
        have: usize,
        /// Signers needed.
        need: usize,
        /// The generation counted in.
        generation: Generation,
    },
    /// Operations whose bytes do not have the digest in the header.
    #[error("the operations are not the ones in the header")]
    OpsMismatch,
    /// A header that does not name the delivered header before it.
    #[error("the header does not follow the one delivered before it")]
    BrokenChain,
    /// Seen before; nothing to do.
    #[error("seen before")]
    Duplicate,
    /// Its slot is delivered; nothing to do.
    #[error("too late, its slot is delivered")]
    Late,
    /// Another header stands in the slot, and it cannot be proved who is to blame.
    #[error("another header stands in this slot")]
    SlotTaken,
    /// An answer to nothing we asked.
    #[error("an answer to nothing we asked")]
    NotRequested,
    /// A message too far ahead to be held.
    #[error("counter {first} lies ahead of what can be held")]
    OutOfWindow {
        /// The first counter of the message.
        first: Counter,
    },
    /// The peer has used up what it may ask for until the next tick.
    #[error("the peer's budget is used up until the next tick")]
    OverBudget,
    /// A change that does not apply to this generation.
    #[error("the change does not apply: {0}")]
    Change(ChangeError),
    /// A key nobody should accept.
    #[error(transparent)]
    WeakKey(WeakKey),
    /// A member is made to leave that has not asked for it.
    #[error("{0} has not asked to leave")]
    NotAsked(Actor),
    /// A certificate of an older generation that nothing we know of supports (R2): made after its generation ended.
    #[error("a certificate of {0}, made after its end")]
    Outdated(Generation),
    /// A piece of a snapshot that is not what its checkpoint names.
    #[error("not a piece of the snapshot that was asked for")]
    BadSnapshot,
    /// A clock that is not delivered here.
    #[error("not delivered here yet")]
    NotDelivered,
    /// A proof from somebody who is not its source (only broken rules ever say this).
    #[error("a proof from somebody who is not its source")]
    Relayed,
    /// This replica has stopped signing; see [`Halt`].
    #[error("this replica has stopped signing: {0}")]
    Halted(Halt),
}

/// Why a replica has stopped signing for good. It still delivers, and serves what it has.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Halt {
    /// Somebody else signs with our key, or we have lost our journal: anything we sign now could
    /// contradict what that key has signed before.
    #[error("our key has signed what our journal does not know")]
    KeyUsedElsewhere,
    /// The driver said so, for example after an fsync error.
    #[error("the driver stopped it")]
    Driver,
}

/// Why [`broadcast`](super::SecureBroadcast::broadcast) took nothing. The operations come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused<Op> {
    /// Why.
    pub reason: RefusedReason,
    /// The operations, all of them: none was taken.
    pub ops: Vec<Op>,
}

/// Why nothing was taken.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RefusedReason {
    /// This replica is no member, so nobody would echo it.
    #[error("not a member")]
    NotMember,
    /// This replica has asked to leave.
    #[error("on its way out")]
    Leaving,
    /// This replica has stopped signing.
    #[error("stopped signing: {0}")]
    Halted(Halt),
    /// Too many operations wait already.
    #[error("{waiting} operations wait, {limit} may")]
    QueueFull {
        /// Operations waiting, the new ones included.
        waiting: usize,
        /// Operations that may wait.
        limit: usize,
    },
    /// The operations that wait have too many bytes together.
    #[error("{bytes} bytes of operations wait, {limit} may")]
    QueueTooLarge {
        /// Their bytes, those of the new ones included.
        bytes: usize,
        /// Bytes that may wait.
        limit: usize,
    },
}

impl<Op: std::fmt::Debug> std::fmt::Display for Refused<Op> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} operations refused: {}", self.ops.len(), self.reason)
    }
}

impl<Op: std::fmt::Debug> Error for Refused<Op> {}

/// Why an operation came back before it was signed: a correct source never signs what witnesses
/// would refuse, or it would block itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReturnReason<Invalid: Error> {
    /// The algorithm says never.
    #[error("{0}")]
    Invalid(Invalid),
    /// It names a cause that is not delivered here.
    #[error("a cause is not delivered here")]
    CauseNotDelivered,
    /// It is larger than a message may be.
    #[error("{bytes} bytes, a message holds {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It has no bytes: its `Serialize` implementation reports an error.
    #[error("unencodable: {0}")]
    Unencodable(EncodeError),
    /// Its own bytes cannot be read back, for example because it is nested too deeply.
    #[error("unreadable: {0}")]
    Unreadable(DecodeError),
    /// The source has used up all its counters.
    #[error("no counters left")]
    Exhausted,
    /// The source is no longer a member.
    #[error("no longer a member")]
    NotMember,
}

/// Why a genesis was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// No members.
    #[error("a network needs a member")]
    Empty,
    /// One member twice.
    #[error("{0} is named twice")]
    Twice(Actor),
    /// Too many members.
    #[error("{have} members, at most {limit} may be")]
    TooMany {
        /// Members named.
        have: usize,
        /// Members allowed.
        limit: usize,
    },
    /// A member whose key is weak, small-order or not canonically encoded.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
}

/// Why [`open`](super::SecureBroadcast::open) gave no replica.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The genesis was refused.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The journal is empty, but the secret is not its owner's first one: it has signed before, and must not sign
    /// without its journal.
    #[error("{0} has changed its key before, and needs its journal")]
    KeyChanged(Actor),
    /// It does not begin with the reservation of an identity. A key that may have signed before must
    /// not sign without its journal: join again with a new key.
    #[error("the journal does not begin with the reservation of an identity")]
    NoIdentity,
    /// It belongs to another key or another network.
    #[error("the journal belongs to another key or network")]
    Foreign,
    /// The secret is neither the one the journal ends with nor an earlier one. If it is the right one's, the journal is
    /// older than it: what was signed since would be forgotten, so join again with a new key.
    #[error("the secret is newer than the journal, or somebody else's")]
    OtherSecret,
    /// A record does not follow from the ones before it.
    #[error("record {0} does not follow from the ones before it")]
    Inconsistent(usize),
    /// It was made short, and is cut off: what is missing may bind us.
    #[error("a short journal of {need} records behind the first, of which {have} are there")]
    Incomplete {
        /// How many are there.
        have: u64,
        /// How many belong to it.
        need: u64,
    },
}
