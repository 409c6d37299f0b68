//! The hash that names things.

use super::fixed_bytes;

/// A BLAKE3 digest: 32 bytes that stand for the content they were made of (assumption A4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

fixed_bytes!(Digest, 32, 8, "digest");

impl Digest {
    /// Digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// Digest of several byte strings under a name for what they are together.
    ///
    /// The domain and every part go in with their lengths before them, so no two different lists of parts are the same
    /// stream of bytes, and the digest of one kind of thing is never that of another kind.
    pub fn of_parts(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(&domain.as_bytes()).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Digest(*hasher.finalize().as_bytes())
    }
}
