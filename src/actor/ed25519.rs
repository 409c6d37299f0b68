//! The signature scheme of real networks, under one strict rule (I17).

use ed25519_dalek::{Signature, Signer};
/// The types of the keys: what [`Ed25519`] names in its [`Keys`].
pub use ed25519_dalek::{SigningKey, VerifyingKey};

use zeroize::Zeroize;

use super::{Actor, Keys, Sig, WeakKey};

/// What a secret is hashed with to give the next one.
const NEXT_SECRET: &str = "bft-crdts 2026 next secret 1";

/// Ed25519 under the strict rules: small-order and non-canonical keys refused when decoded, `verify_strict` for
/// every signature, one at a time.
///
/// There is no batch verification on purpose: it accepts crafted signatures that fail alone, so two honest
/// replicas could disagree about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ed25519 {}

impl Keys for Ed25519 {
    type Secret = SigningKey;
    type Public = VerifyingKey;

    fn actor(secret: &SigningKey) -> Actor {
        Actor::from_bytes(secret.verifying_key().to_bytes())
    }

    fn next(secret: &SigningKey) -> SigningKey {
        let mut hasher = blake3::Hasher::new_derive_key(NEXT_SECRET);
        hasher.update(secret.as_bytes());
        let mut seed = hasher.finalize();
        let next = SigningKey::from_bytes(seed.as_bytes());
        seed.zeroize();
        hasher.zeroize();
        next
    }

    fn sign(secret: &SigningKey, bytes: &[u8]) -> Sig {
        Sig::from_bytes(secret.sign(bytes).to_bytes())
    }

    fn public(actor: &Actor) -> Result<VerifyingKey, WeakKey> {
        let weak = WeakKey { actor: *actor };
        let key = VerifyingKey::from_bytes(actor.as_bytes()).map_err(|_| weak)?;
        // The decoder accepts a point under several names (y ≥ p, "minus zero"); a point here has one name.
        let canonical = key.to_edwards().compress().as_bytes() == actor.as_bytes();
        if key.is_weak() || !canonical {
            return Err(weak);
        }
        Ok(key)
    }

    fn verify(public: &VerifyingKey, bytes: &[u8], sig: &Sig) -> bool {
        let sig = Signature::from_bytes(sig.as_bytes());
        public.verify_strict(bytes, &sig).is_ok()
    }
}
