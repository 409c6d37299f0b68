//! What is signed, with its signature, as evidence and seals show it.

use serde::{Deserialize, Serialize};

use crate::actor::Sig;
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::header::Header;
use crate::membership::Generation;

/// A header somebody echoed, with the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHeader {
    /// The generation the echo counts in.
    pub generation: Generation,
    /// The header.
    pub header: Header,
    /// The signer's echo of it.
    pub sig: Sig,
}

/// The digest of what somebody signed, with the signature. What else was signed is said once for two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedDigest {
    /// The digest: of a decision, or of what a seal shows.
    pub digest: Digest,
    /// The signature.
    pub sig: Sig,
}

impl SignedDigest {
    /// Two statements in their one order.
    pub(crate) fn in_order(a: Self, b: Self) -> (Self, Self) {
        if a.digest <= b.digest { (a, b) } else { (b, a) }
    }
}
