//! Keys of the nodes of a run, and the ring on which everybody finds everybody's public key.

use std::sync::Arc;

use bft_crdts::net::{FakeKeys, SeededKeys};
use bft_crdts::{Digest, Keys, NetworkId, Sig, SigningActor, Statement, actor};

/// The key of a node or a client. Its signatures are the cheap ones of the simulator: nobody but its holder can make
/// them, because the compiler forbids it.
pub type Key = SigningActor<FakeKeys>;

/// The public keys of a run, by number. Nodes come first; clients that are not nodes come after them.
#[derive(Clone)]
pub struct Ring {
    network: NetworkId,
    keys: Vec<<FakeKeys as Keys>::Public>,
    actors: Vec<bft_crdts::Actor>,
}

impl Ring {
    /// `count` keys and the ring of them. Equal counts give equal keys.
    #[must_use]
    pub fn make(count: u16) -> (Arc<Self>, Vec<Key>) {
        let secret = |number: u16| {
            let mut seed = [0; 32];
            seed[..2].copy_from_slice(&number.to_le_bytes());
            FakeKeys::secret(seed)
        };
        let keys: Vec<Key> = (0..count)
            .map(|number| Key::from_secret(secret(number)))
            .collect();
        let actors: Vec<_> = keys.iter().map(Key::actor).collect();
        let public = actors
            .iter()
            .filter_map(|actor| FakeKeys::public(actor).ok());
        let ring = Self {
            network: NetworkId::new(Digest::of(b"bft-crdts laboratory")),
            keys: public.collect(),
            actors,
        };
        (Arc::new(ring), keys)
    }

    /// What every signature of the laboratory covers besides its statement.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// Whether the key with this number signed this statement.
    #[must_use]
    pub fn verify<S: Statement>(&self, who: u16, statement: &S, sig: &Sig) -> bool {
        self.keys
            .get(usize::from(who))
            .is_some_and(|key| actor::verify::<FakeKeys, S>(key, &self.network, statement, sig))
    }

    /// The public identities, by number.
    #[must_use]
    pub fn actors(&self) -> &[bft_crdts::Actor] {
        &self.actors
    }
}

impl core::fmt::Debug for Ring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ring({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;
    use crate::tx::{SignedTx, Tx, TxId};

    #[test]
    fn a_transaction_is_its_clients_and_nobody_elses() {
        let (ring, keys) = Ring::make(2);
        let tx = Tx {
            id: TxId {
                client: 0,
                number: 1,
            },
            hash: 7,
            balance: 90,
            diff: 10,
        };
        let signed = SignedTx::new(&keys[0], &ring, tx);
        assert!(signed.is_valid(&ring));
        assert!(!SignedTx::new(&keys[1], &ring, tx).is_valid(&ring));
        let other = Tx { hash: 8, ..tx };
        assert!(
            !SignedTx {
                tx: other,
                ..signed
            }
            .is_valid(&ring)
        );
        let debts = Tx { balance: -1, ..tx };
        assert!(!SignedTx::new(&keys[0], &ring, debts).is_valid(&ring));
    }
}
