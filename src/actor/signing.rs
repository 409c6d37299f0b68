//! Who can sign.

use std::fmt::{self, Debug};

use super::ed25519::{Ed25519, SigningKey};
use super::{Actor, Keys, NetworkId, Sig, Statement, signing_bytes};

/// An actor together with its secret: the one who can sign.
#[derive(Clone)]
pub struct SigningActor<K: Keys = Ed25519> {
    secret: K::Secret,
    actor: Actor,
    /// The public key that goes with the secret.
    key: Actor,
}

impl<K: Keys> SigningActor<K> {
    /// The actor whose first secret this is.
    pub fn from_secret(secret: K::Secret) -> Self {
        let actor = K::actor(&secret);
        Self::with_secret(actor, secret)
    }

    /// An actor with the secret it has now, which is its first one or one that took its place.
    pub fn with_secret(actor: Actor, secret: K::Secret) -> Self {
        let key = K::actor(&secret);
        SigningActor { secret, actor, key }
    }

    /// Its name: its first key.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Its public key now: its name, until that key was erased.
    pub fn key(&self) -> Actor {
        self.key
    }

    /// Its secret, to be stored where nobody else can read it. There must be no other copy of it, and none of those
    /// before it.
    pub fn secret(&self) -> &K::Secret {
        &self.secret
    }

    /// The same actor with its [next](Keys::next) secret.
    pub fn next(&self) -> Self {
        Self::with_secret(self.actor, K::next(&self.secret))
    }

    /// Signs a statement for one network.
    pub fn sign<S: Statement + ?Sized>(&self, network: &NetworkId, statement: &S) -> Sig {
        self.sign_bytes(&signing_bytes(network, statement))
    }

    /// Signs what [`signing_bytes`] has made.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Sig {
        K::sign(&self.secret, bytes)
    }
}

impl<K: Keys> Debug for SigningActor<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret never reaches a log.
        write!(f, "SigningActor({})", self.actor)
    }
}

impl SigningActor<Ed25519> {
    /// The actor whose secret key is this seed. Draw it from the system's randomness; the copy handed in is the
    /// caller's to erase.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::from_secret(SigningKey::from_bytes(&seed))
    }
}
