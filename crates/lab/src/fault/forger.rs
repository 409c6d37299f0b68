//! What faulty nodes forge: other transactions, signed with keys that are theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use bft_crdts::{Digest, Sig, Statement};

use crate::keys::{Key, Ring};
use crate::tx::{SignedTx, Tx, TxId};

/// What a faulty node lies with: its own key, and that of a client which is in league with it.
#[derive(Clone, Debug)]
pub struct Forger {
    /// The number of the faulty node.
    pub me: u16,
    /// Its key.
    pub key: Key,
    /// The number of the client in league.
    pub client: u16,
    /// That client's key.
    pub client_key: Key,
    /// Everybody's public keys.
    pub ring: Arc<Ring>,
    /// The transactions it has seen, by their digests: votes name them by these.
    pub seen: BTreeMap<Digest, Tx>,
}

impl Forger {
    /// That of the node `me`, which is in league with the client `client`; `keys` are those of the ring.
    ///
    /// # Panics
    /// If there are no such keys, which is a mistake in setting up a run.
    #[must_use]
    pub fn new(me: u16, client: u16, keys: &[Key], ring: &Arc<Ring>) -> Self {
        Self {
            me,
            key: keys[usize::from(me)].clone(),
            client,
            client_key: keys[usize::from(client)].clone(),
            ring: ring.clone(),
            seen: BTreeMap::new(),
        }
    }

    /// Another transaction for the place of `tx`, validly signed: another version of it if the faulty node is its client, else
    /// one of the client in league.
    #[must_use]
    pub fn signed(&self, tx: &Tx) -> SignedTx {
        if tx.id.client == self.me {
            return SignedTx::new(&self.key, &self.ring, Self::twist(tx));
        }
        let id = TxId {
            client: self.client,
            ..tx.id
        };
        let tx = Self::twist(&Tx { id, ..*tx });
        SignedTx::new(&self.client_key, &self.ring, tx)
    }

    /// Another version of `tx`, always the same one, for protocols in which transactions are not signed.
    #[must_use]
    pub const fn twist(tx: &Tx) -> Tx {
        Tx {
            hash: tx.hash ^ 0x0bad_0bad_0bad_0bad,
            ..*tx
        }
    }

    /// Remembers a transaction.
    pub fn see(&mut self, tx: Option<Tx>) {
        if let Some(tx) = tx {
            self.seen.insert(tx.digest(), tx);
        }
    }

    /// The digest of what it says instead of what has this digest.
    #[must_use]
    pub fn other(&self, digest: &Digest) -> Digest {
        match self.seen.get(digest) {
            Some(tx) => self.signed(tx).tx.digest(),
            None => Digest::of(digest.as_bytes()),
        }
    }

    /// Signs something in its own name.
    #[must_use]
    pub fn sign<S: Statement>(&self, statement: &S) -> Sig {
        self.key.sign(self.ring.network(), statement)
    }
}
