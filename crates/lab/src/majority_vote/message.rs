//! The packets of the majority vote. Nothing is signed.

use bft_crdts::Digest;
use serde::Serialize;

use crate::fault::Forger;
use crate::packet::Packet;
use crate::tx::{Tx, TxId};

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the client: here is a transaction.
    Transaction(Tx),
    /// From the leader: which version do you hold?
    Ask(TxId),
    /// This one, or none.
    Vote {
        /// Of which transaction.
        id: TxId,
        /// The version.
        version: Option<Tx>,
    },
    /// From the leader: this is it.
    Decision(Tx),
    /// To the client: it is decided.
    Reply(TxId),
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Transaction(_) => "transaction",
            Self::Ask(_) => "ask",
            Self::Vote { .. } => "vote",
            Self::Decision(_) => "decision",
            Self::Reply(_) => "reply",
        }
    }

    fn ballot(&self) -> Option<Digest> {
        match self {
            Self::Vote { version, .. } => version.map(|tx| tx.digest()),
            Self::Decision(tx) => Some(tx.digest()),
            _ => None,
        }
    }

    fn carries(&self) -> Option<Tx> {
        match self {
            Self::Transaction(tx) | Self::Decision(tx) => Some(*tx),
            Self::Vote { version, .. } => *version,
            Self::Ask(_) | Self::Reply(_) => None,
        }
    }

    fn forged(&self, _: &Forger) -> Option<Self> {
        Some(match self {
            Self::Transaction(tx) => Self::Transaction(Forger::twist(tx)),
            Self::Vote { id, version } => Self::Vote {
                id: *id,
                version: Some(Forger::twist(version.as_ref()?)),
            },
            Self::Decision(tx) => Self::Decision(Forger::twist(tx)),
            Self::Ask(_) | Self::Reply(_) => return None,
        })
    }
}
