//! R2: what is proven of the way from what is delivered to the highest certificate.

use std::collections::BTreeMap;

use crate::actor::Counter;
use crate::codec::Digest;
use crate::deterministic_secure_broadcast::header::Header;

/// What is proven of the way from what is delivered to the highest certificate: the headers of the certificates that were
/// taken, and those before them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ancestry {
    /// By first counter, the digest of a header and of the one before it. Bounded by what was certified.
    proven: BTreeMap<Counter, (Digest, Digest)>,
}

impl Ancestry {
    /// A header that is certified, or stands right before one that is proven.
    pub(crate) fn prove(&mut self, digest: Digest, header: &Header) {
        self.proven.insert(header.first, (digest, header.previous));
    }

    pub(crate) fn proves(&self, first: Counter, digest: &Digest) -> bool {
        self.proven
            .get(&first)
            .is_some_and(|(proven, _)| proven == digest)
    }

    /// Forgets what is delivered.
    pub(crate) fn deliver(&mut self, last: Counter) {
        while let Some(lowest) = self.proven.first_entry()
            && *lowest.key() <= last
        {
            lowest.remove();
        }
    }

    /// The lowest header proven: where it begins, and the digest of the one before it.
    pub(super) fn lowest(&self) -> Option<(Counter, Digest)> {
        let (first, (_, previous)) = self.proven.first_key_value()?;
        Some((*first, *previous))
    }

    /// What is asked for next; nothing if the next one to be delivered is proven.
    pub(super) fn lacks(&self, delivered: Counter) -> Option<Counter> {
        let (first, _) = self.lowest()?;
        (delivered.next() < Some(first)).then_some(first)
    }
}
