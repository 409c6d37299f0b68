//! Who speaks: names, signatures, and what a signature covers.
//!
//! An [`Actor`] is a name. It becomes a key in one place only, [`Keys::public`], which refuses weak keys; and
//! every signature covers a tag that names its purpose and the network it belongs to ([`signing_bytes`]), so that
//! nothing said here can be replayed as something else or somewhere else (I16, I17).

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod ed25519;
mod signing;

use std::cmp::Ordering;
use std::fmt::{self, Debug, Display};

use serde::{Deserialize, Serialize};

use crate::codec::{Digest, encode, fixed_bytes};

pub use ed25519::{Ed25519, SigningKey, VerifyingKey};
pub use signing::SigningActor;

/// An actor: the 32 bytes of a public key, used as a name.
///
/// Any 32 bytes are a name; whether they are a key is decided by [`Keys::public`]. The name of a member is its first key,
/// for ever; the key behind it changes with the generations.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Actor([u8; 32]);

fixed_bytes!(Actor, 32, 6, "actor");

impl Actor {
    /// The bytes as four numbers that compare as the bytes do.
    #[inline]
    fn words(&self) -> [u64; 4] {
        match self.0.as_chunks() {
            ([a, b, c, d], []) => [*a, *b, *c, *d].map(u64::from_be_bytes),
            _ => [0; 4], // 32 bytes are four times eight
        }
    }
}

/// By bytes. Ordered maps of actors are everywhere on the hot path, and calling the general comparison of byte strings was
/// most of what they cost.
impl Ord for Actor {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.words().cmp(&other.words())
    }
}

impl PartialOrd for Actor {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A signature of 64 bytes. It proves nothing until [`Keys::verify`] says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sig([u8; 64]);

fixed_bytes!(Sig, 64, 8, "signature");

/// The number of an operation among those of its source. The first is 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Counter(u64);

impl Counter {
    /// Before the first operation.
    pub const ZERO: Counter = Counter(0);
    /// The first operation.
    pub const FIRST: Counter = Counter(1);

    /// The counter with this value.
    pub const fn new(value: u64) -> Self {
        Counter(value)
    }

    /// The value.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The counter `steps` later, or `None` past the end.
    pub const fn checked_add(self, steps: u64) -> Option<Counter> {
        match self.0.checked_add(steps) {
            Some(value) => Some(Counter(value)),
            None => None,
        }
    }

    /// The counter right after this one, or `None` after the last.
    pub const fn next(self) -> Option<Counter> {
        self.checked_add(1)
    }
}

impl Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

/// The name of one operation: who issued it, and the how many-th of theirs it is.
///
/// The broadcast gives it; nobody writes it into an operation, so nobody can forge it there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// The source of the operation.
    pub actor: Actor,
    /// Its number among the operations of that source, from 1.
    pub counter: Counter,
}

impl Dot {
    /// The operation of `actor` with number `counter`.
    pub const fn new(actor: Actor, counter: Counter) -> Self {
        Dot { actor, counter }
    }
}

impl Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.actor, self.counter)
    }
}

impl Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// The name is not a key anyone should accept: it does not decode, has small order (one signature would fit every
/// message), or is not the canonical encoding of its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{actor} is not an acceptable public key")]
pub struct WeakKey {
    /// The name that was refused.
    pub actor: Actor,
}

/// A signature scheme. [`Ed25519`] is the one to use; a simulator may bring a cheap one.
///
/// An implementation must be strict: one rule that every replica applies alike, under which a signature that
/// verifies once verifies always and everywhere, and no batch verification that may decide differently.
pub trait Keys: Clone + Debug + Eq + Send + Sync + 'static {
    /// A secret key. The implementation erases it from memory when it is dropped.
    type Secret: Clone + Send + Sync;
    /// A decoded public key. Decoding is not free: keep it.
    type Public: Clone + Send + Sync;

    /// The name that goes with a secret: the bytes of its public key.
    fn actor(secret: &Self::Secret) -> Actor;

    /// The secret that takes the place of this one when it is erased. One-way: it must tell nothing about this one,
    /// and this one gives no other.
    fn next(secret: &Self::Secret) -> Self::Secret;

    /// Signs these bytes.
    fn sign(secret: &Self::Secret, bytes: &[u8]) -> Sig;

    /// The key behind a name: the only place where a name becomes a key.
    ///
    /// # Errors
    ///
    /// [`WeakKey`] for everything that is not the canonical encoding of a point of large order.
    fn public(actor: &Actor) -> Result<Self::Public, WeakKey>;

    /// Whether `sig` is this key's signature of these bytes.
    fn verify(public: &Self::Public, bytes: &[u8], sig: &Sig) -> bool;
}

/// Something that is signed. The domain names its purpose.
pub trait Statement: Serialize {
    /// `bft-crdts/<kind>/<version>`, different for every kind of statement, at most 255 bytes.
    const DOMAIN: &'static str;
}

/// The name of a network: the digest of its genesis. Part of everything that is signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetworkId(Digest);

impl NetworkId {
    /// The network with this genesis digest.
    pub const fn new(genesis: Digest) -> Self {
        NetworkId(genesis)
    }

    /// The digest of the genesis.
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

impl Display for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl Debug for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// The bytes a signature of this statement covers: length of the domain (one byte) ‖ domain ‖ network ‖ statement.
///
/// The length in front keeps the pieces apart, so two statements of different kinds or networks never have the same
/// bytes.
pub fn signing_bytes<S: Statement + ?Sized>(network: &NetworkId, statement: &S) -> Vec<u8> {
    const { assert!(S::DOMAIN.len() <= 255) };
    let domain = S::DOMAIN.as_bytes();
    let statement = encode(statement);
    let mut bytes = Vec::with_capacity(128);
    bytes.push(domain.len() as u8);
    bytes.extend_from_slice(domain);
    bytes.extend_from_slice(network.digest().as_bytes());
    bytes.extend_from_slice(&statement);
    bytes
}

/// Whether `sig` is this key's signature of this statement in this network.
pub fn verify<K: Keys, S: Statement + ?Sized>(
    public: &K::Public,
    network: &NetworkId,
    statement: &S,
    sig: &Sig,
) -> bool {
    K::verify(public, &signing_bytes(network, statement), sig)
}
