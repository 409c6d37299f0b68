//! What a journal is made of.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, NetworkId, Sig};
use crate::codec::Bytes;
use crate::deterministic_secure_broadcast::error::Halt;
use crate::deterministic_secure_broadcast::header::{Header, VersionVector};
use crate::deterministic_secure_broadcast::proof::Certificate;
use crate::deterministic_secure_broadcast::wire::checkpoint::Checkpoint;
use crate::deterministic_secure_broadcast::wire::evidence::Evidence;
use crate::deterministic_secure_broadcast::wire::signed::SignedHeader;
use crate::deterministic_secure_broadcast::wire::snapshot::SnapshotPiece;
use crate::deterministic_secure_broadcast::wire::{
    Link, Lock, NextKey, Proposal, Seal, Timeout, Timeouts, Vote,
};
use crate::membership::{Change, Generation, Signers};

/// One thing a replica must not forget. I4: signed statements are kept as signed and sent again byte for
/// byte, never rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Record {
    /// I5, before anything else: this key signs in this network, from this journal.
    Identity {
        /// The network.
        network: NetworkId,
        /// The key.
        actor: Actor,
    },
    /// I1, before a request leaves: our own message. It reserves its dots.
    Own {
        /// The generation it was first requested in.
        generation: Generation,
        /// Its header.
        header: Header,
        /// Our echo of it.
        echo: Sig,
        /// Its operations.
        ops: Bytes,
    },
    /// I2, before an echo leaves: the header it binds us to.
    Open {
        /// The generation echoed in.
        generation: Generation,
        /// The header.
        header: Header,
        /// Its source's echo.
        source_echo: Sig,
        /// Our echo.
        echo: Sig,
        /// Its operations.
        ops: Bytes,
    },
    /// A certificate ahead of its delivery.
    Certified {
        /// The certificate.
        certificate: Certificate,
        /// Its operations, if they came along.
        ops: Option<Bytes>,
    },
    /// I3, before anything that depends on it leaves: a delivery.
    Delivered {
        /// The certificate.
        certificate: Certificate,
        /// Its source's echo and the generation of it, if known.
        source_echo: Option<(Generation, Sig)>,
        /// Its operations; `None` if the journal has them from an earlier record.
        ops: Option<Bytes>,
    },
    /// A conviction.
    Evidence(Box<Evidence>),
    /// This replica has stopped signing for good.
    Halted(Halt),
    /// We ask to join.
    Joining,
    /// What we approve from now on, or no more.
    Wanted {
        /// The change.
        change: Change,
        /// Whether we approve it.
        wanted: bool,
        /// Of a join, the proof that whoever joins has the key.
        possession: Option<Sig>,
    },
    /// R3: our approval.
    Approved {
        /// The generation it changes.
        generation: Generation,
        /// The change.
        change: Change,
        /// Our signature.
        sig: Sig,
    },
    /// R4: our proposal.
    Proposed(Box<Proposal>),
    /// R4: our vote.
    Voted(Vote),
    /// R4, before our second vote: the highest quorum of first votes we know.
    Locked(Box<Lock>),
    /// R4: our timeout; it ends our voting in its attempt.
    TimedOut(Box<Timeout>),
    /// R4: the attempt we were in has ended, and all before it.
    Entered(Box<Timeouts>),
    /// The next link of the chain.
    Decided(Box<Link>),
    /// R5, before it leaves: our seal as signed. R6: another's, before it is used.
    Seal(Box<Seal>),
    /// R6: a generation was activated with these members' seals of the one before.
    Activated {
        /// The generation.
        generation: Generation,
        /// Whose seals.
        seals: Signers,
    },
    /// The base from here on: what lies below the one before it is forgotten.
    Checkpoint(Box<Checkpoint>),
    /// A piece of a snapshot, in order.
    Snapshot(Box<SnapshotPiece>),
    /// The snapshot of the pieces before it is complete, and what comes after goes on from it.
    Installed(Box<Checkpoint>),
    /// Of a journal that was made short: the generation we are in, of the chain before it.
    Resumed {
        /// The generation.
        generation: Generation,
        /// We have activated this one and every one after it.
        since: Generation,
        /// Whether we have left, and are still needed.
        leaving: bool,
    },
    /// Of a journal that was made short: a header that binds us because it bound others (R6).
    Inherited {
        /// The header, with its source's echo.
        open: Box<SignedHeader>,
        /// Whether more than may lie have shown it.
        vouched: bool,
    },
    /// A3: the key we will have in the next generation.
    Announced(NextKey),
    /// Before an attestation leaves: the clock of it. What we attest from here on covers it.
    Attested(VersionVector),
    /// In the place of the identity, of a journal that was made short: each of its records may bind us, and only all of
    /// them are what we know.
    Compacted {
        /// The network.
        network: NetworkId,
        /// The key.
        actor: Actor,
        /// How many records follow that belong to it.
        records: u64,
    },
}

impl Record {
    /// Of the first record of a journal: in which network it signs, and with whose key.
    #[must_use]
    pub const fn identity(&self) -> Option<(NetworkId, Actor)> {
        match self {
            Self::Identity { network, actor } | Self::Compacted { network, actor, .. } => {
                Some((*network, *actor))
            }
            _ => None,
        }
    }
}
