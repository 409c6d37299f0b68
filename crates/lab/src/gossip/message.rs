//! The packets of gossip.

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::Digest;
use serde::Serialize;

use crate::fault::Forger;
use crate::packet::Packet;
use crate::tx::{SignedTx, Tx, TxId};

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Pass this on.
    Gossip {
        /// What.
        request: SignedTx,
        /// How often still.
        ttl: u8,
    },
    /// This is what I have.
    Ping(Have),
    /// I have these, and you do not.
    Pong(BTreeSet<TxId>),
    /// Send me these.
    Ask(BTreeSet<TxId>),
    /// Here they are.
    Answer(Vec<SignedTx>),
}

/// What a peer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Have {
    /// Name by name.
    Names(BTreeSet<TxId>),
    /// By client, from one number to another, both included.
    Ranges(Vec<(u16, u64, u64)>),
}

/// The most names a list of ranges may stand for.
const MOST_NAMES: usize = 100_000;

impl Have {
    /// The names, in ranges.
    #[must_use]
    pub fn ranges(names: impl IntoIterator<Item = TxId>) -> Self {
        let mut ranges: Vec<(u16, u64, u64)> = Vec::new();
        for TxId { client, number } in names {
            match ranges.last_mut() {
                Some((last, _, to)) if *last == client && *to + 1 == number => *to = number,
                _ => ranges.push((client, number, number)),
            }
        }
        Self::Ranges(ranges)
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> BTreeSet<TxId> {
        match self {
            Self::Names(names) => names.clone(),
            Self::Ranges(ranges) => {
                let names = ranges.iter().flat_map(|(client, from, to)| {
                    (*from..=*to).map(|number| TxId {
                        client: *client,
                        number,
                    })
                });
                names.take(MOST_NAMES).collect()
            }
        }
    }
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Gossip { .. } => "gossip",
            Self::Ping(_) => "sync-ping",
            Self::Pong(_) => "sync-pong",
            Self::Ask(_) => "request",
            Self::Answer(_) => "response",
        }
    }

    fn ballot(&self) -> Option<Digest> {
        match self {
            Self::Gossip { request, .. } => Some(request.tx.digest()),
            _ => None,
        }
    }

    fn carries(&self) -> Option<Tx> {
        match self {
            Self::Gossip { request, .. } => Some(request.tx),
            _ => None,
        }
    }

    /// Another version, signed by the client in league if the transaction is its own.
    fn forged(&self, forger: &Forger) -> Option<Self> {
        match self {
            Self::Gossip { request, ttl } => Some(Self::Gossip {
                request: forger.signed(&request.tx),
                ttl: *ttl,
            }),
            Self::Answer(requests) => {
                let forged = requests.iter().map(|request| forger.signed(&request.tx));
                Some(Self::Answer(forged.collect()))
            }
            _ => None,
        }
    }
}

impl Message {
    /// The same with tampered data under the old signatures.
    pub(super) fn tampered(self) -> Self {
        let tamper = |request: SignedTx| SignedTx {
            tx: Forger::twist(&request.tx),
            ..request
        };
        match self {
            Self::Gossip { request, ttl } => Self::Gossip {
                request: tamper(request),
                ttl,
            },
            Self::Answer(requests) => Self::Answer(requests.into_iter().map(tamper).collect()),
            message => message,
        }
    }
}

/// What is in one and not in the other.
pub(super) fn missing(names: &BTreeSet<TxId>, store: &BTreeMap<TxId, SignedTx>) -> BTreeSet<TxId> {
    let lacks = names.iter().filter(|id| !store.contains_key(id));
    lacks.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stand_for_the_same_names() {
        let id = |client, number| TxId { client, number };
        let names = BTreeSet::from([id(1, 1), id(1, 2), id(1, 3), id(1, 5), id(2, 4), id(2, 5)]);
        let ranges = Have::ranges(names.iter().copied());
        assert_eq!(ranges, Have::Ranges(vec![(1, 1, 3), (1, 5, 5), (2, 4, 5)]));
        assert_eq!(ranges.names(), names);
        assert_eq!(Have::Names(names.clone()).names(), names);
        assert!(Have::ranges([]).names().is_empty());
    }
}
