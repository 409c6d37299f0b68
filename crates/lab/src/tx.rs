//! What the protocols decide about: a client's numbered transactions, as in the notebooks.

use core::fmt;

use bft_crdts::{Digest, Sig, Statement, codec};
use serde::{Deserialize, Serialize};

use crate::keys::{Key, Ring};

/// Names a transaction: whose, and the how many-th of theirs. An honest client makes one transaction of a name, a
/// conflicting one makes two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TxId {
    /// The key of the client, by its place in the [`Ring`].
    pub client: u16,
    /// From 1.
    pub number: u64,
}

/// A transaction: what a client spends, and what it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tx {
    /// Its name.
    pub id: TxId,
    /// Tells versions apart, as the random letters of the notebooks do.
    pub hash: u64,
    /// What the client has left, as it says.
    pub balance: i64,
    /// What it spends, from 1 to 9.
    pub diff: u8,
}

/// A transaction and its client's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTx {
    /// What is signed.
    pub tx: Tx,
    /// By its client.
    pub sig: Sig,
}

impl Statement for Tx {
    const DOMAIN: &'static str = "bft-crdts-lab/tx/1";
}

impl Tx {
    /// The digest that votes name it by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&codec::encode(self))
    }

    /// Whether an application would ever carry it out: nobody spends what they do not have.
    #[must_use]
    pub const fn is_sane(&self) -> bool {
        self.balance >= 0 && self.diff > 0
    }
}

impl SignedTx {
    /// Signs a transaction.
    #[must_use]
    pub fn new(key: &Key, ring: &Ring, tx: Tx) -> Self {
        Self {
            tx,
            sig: key.sign(ring.network(), &tx),
        }
    }

    /// Whether its client signed it, and it makes sense.
    #[must_use]
    pub fn is_valid(&self, ring: &Ring) -> bool {
        self.tx.is_sane() && ring.verify(self.tx.id.client, &self.tx, &self.sig)
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.number, self.client)
    }
}

impl fmt::Display for Tx {
    /// As the notebooks print a stored message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            hash,
            balance,
            diff,
        } = self;
        write!(
            f,
            "{id}: {{hash: {hash:016x}, balance: {balance}, diff: {diff}}}"
        )
    }
}
