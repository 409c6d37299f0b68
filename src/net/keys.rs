//! Keys for simulated networks: made from names, and cheap enough for ten thousand runs.

use std::fmt;

use crate::actor::{Actor, Ed25519, Keys, Sig, WeakKey};

/// A scheme whose secret keys can be made from 32 bytes, as a simulation needs them.
pub trait SeededKeys: Keys {
    /// The secret key that belongs to this seed.
    fn secret(seed: [u8; 32]) -> Self::Secret;
}

impl SeededKeys for Ed25519 {
    fn secret(seed: [u8; 32]) -> Self::Secret {
        ed25519_dalek::SigningKey::from_bytes(&seed)
    }
}

/// Signatures that are worth nothing outside a simulation, and a hundred times cheaper than real ones.
///
/// A signature is a keyed BLAKE3 hash under a key derived from the *public* actor, so that everybody can verify.
/// That anybody could then also sign is prevented by the compiler: the derivation is private to this file, and a
/// adversary is given signing handles for its own nodes only. What an adversary can do with these keys is therefore
/// exactly what it could do with real ones; runs on [`Ed25519`], one in twenty of a campaign, check that.
///
/// The key of a tag cannot be read from what verifies it:
///
/// ```compile_fail,E0616
/// use bft_crdts::{Actor, Keys, net::FakeKeys};
/// let public = FakeKeys::public(&Actor::from_bytes([7; 32])).unwrap();
/// let stolen: [u8; 32] = public.0;
/// ```
///
/// and who knows nothing but a name cannot sign, for a secret is made from a seed, and adversaries are written for any
/// [`Keys`], which have no seeds:
///
/// ```compile_fail,E0599
/// use bft_crdts::{Actor, Keys};
/// fn forge<K: Keys>(seed: [u8; 32]) -> K::Secret {
///     K::secret(seed)
/// }
/// ```
///
/// They are the simulator's alone:
///
/// ```compile_fail,E0432
/// use bft_crdts::FakeKeys;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FakeKeys {}

/// The secret of a [`FakeKeys`] actor.
#[derive(Clone)]
pub struct FakeSecret {
    actor: Actor,
    key: FakePublic,
}

/// The decoded key of a [`FakeKeys`] actor.
#[derive(Clone)]
pub struct FakePublic([u8; 32]);

impl fmt::Debug for FakeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeSecret({})", self.actor)
    }
}

impl fmt::Debug for FakePublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakePublic")
    }
}

fn key_of(actor: &Actor) -> FakePublic {
    FakePublic(blake3::derive_key(
        "bft-crdts simulator fake signature 1",
        actor.as_bytes(),
    ))
}

fn tag(key: &FakePublic, bytes: &[u8]) -> [u8; 64] {
    let mut tag = [0; 64];
    tag[..32].copy_from_slice(blake3::keyed_hash(&key.0, bytes).as_bytes());
    tag
}

impl Keys for FakeKeys {
    type Secret = FakeSecret;
    type Public = FakePublic;

    fn actor(secret: &FakeSecret) -> Actor {
        secret.actor
    }

    /// From the public half, which is safe for the same reason: nobody can make a secret of it elsewhere.
    fn next(secret: &FakeSecret) -> FakeSecret {
        FakeSecret::of(blake3::derive_key(
            "bft-crdts simulator fake next actor 1",
            secret.actor.as_bytes(),
        ))
    }

    fn sign(secret: &FakeSecret, bytes: &[u8]) -> Sig {
        Sig::from_bytes(tag(&secret.key, bytes))
    }

    /// Refuses the actor of 32 zeros, so that there is a weak key to test with.
    fn public(actor: &Actor) -> Result<FakePublic, WeakKey> {
        if *actor.as_bytes() == [0; 32] {
            return Err(WeakKey { actor: *actor });
        }
        Ok(key_of(actor))
    }

    fn verify(public: &FakePublic, bytes: &[u8], sig: &Sig) -> bool {
        *sig.as_bytes() == tag(public, bytes)
    }
}

impl SeededKeys for FakeKeys {
    fn secret(seed: [u8; 32]) -> FakeSecret {
        FakeSecret::of(blake3::derive_key(
            "bft-crdts simulator fake actor 1",
            &seed,
        ))
    }
}

impl FakeSecret {
    fn of(actor: [u8; 32]) -> Self {
        let actor = Actor::from_bytes(actor);
        let key = key_of(&actor);
        Self { actor, key }
    }
}

#[cfg(test)]
mod tests {
    use super::{FakeKeys, SeededKeys};
    use crate::actor::{Actor, Ed25519, Keys, Sig};

    fn only_the_signer_of_these_bytes_passes<K: SeededKeys>() {
        let [ann, bob] = [[1; 32], [2; 32]].map(K::secret);
        let [ann_key, bob_key] = [&ann, &bob].map(|secret| K::public(&K::actor(secret)).unwrap());
        let sig = K::sign(&ann, b"ten to bob");
        assert!(K::verify(&ann_key, b"ten to bob", &sig));
        assert!(!K::verify(&ann_key, b"ten to eve", &sig));
        assert!(!K::verify(&bob_key, b"ten to bob", &sig));
        for byte in 0..64 {
            let mut flipped = *sig.as_bytes();
            flipped[byte] ^= 1;
            assert!(
                !K::verify(&ann_key, b"ten to bob", &Sig::from_bytes(flipped)),
                "byte {byte}"
            );
        }
        assert_eq!(
            K::actor(&K::secret([1; 32])),
            K::actor(&ann),
            "one seed, one key"
        );
        let next = K::next(&ann);
        let key = K::public(&K::actor(&next)).unwrap();
        let later = K::sign(&next, b"ten to bob");
        assert!(K::verify(&key, b"ten to bob", &later));
        assert!(!K::verify(&ann_key, b"ten to bob", &later));
        assert!(!K::verify(&key, b"ten to bob", &sig));
        assert_eq!(
            K::actor(&K::next(&ann)),
            K::actor(&next),
            "one secret, one next"
        );
    }

    #[test]
    fn only_the_signer_of_these_bytes_passes_with_fake_and_with_real_keys() {
        only_the_signer_of_these_bytes_passes::<FakeKeys>();
        only_the_signer_of_these_bytes_passes::<Ed25519>();
    }

    /// The compiler keeps adversaries from the keys of others as long as they do not ask for the means to make them.
    #[test]
    fn no_adversary_knows_how_secrets_are_made() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net");
        let mut folders = vec![folder.join("adversary")];
        let mut files = vec![folder.join("adversary.rs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        assert!(files.len() > 30, "{files:?}");
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for means in [
                "SeededKeys",
                "FakeKeys",
                "FakeSecret",
                "from_secret",
                "stranger",
                "Cast<",
            ] {
                assert!(!text.contains(means), "{}: {means}", file.display());
            }
        }
    }

    #[test]
    fn there_is_a_weak_fake_key() {
        assert!(FakeKeys::public(&Actor::from_bytes([0; 32])).is_err());
    }
}
