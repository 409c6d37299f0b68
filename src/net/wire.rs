//! What travels between replicas: encoded bytes, shared by all receivers, decoded anew by each.

use super::random::Stream;
use crate::codec::{self, Bytes};
use crate::deterministic_secure_broadcast::{PacketKind, Payload};

/// A packet on the wire.
#[derive(Clone, Debug)]
pub struct Wire {
    kind: Option<PacketKind>,
    bytes: Bytes,
    print: u64,
}

impl Wire {
    /// A payload, encoded once.
    #[must_use]
    pub fn of(payload: &Payload) -> Self {
        Self::from_bytes(Some(payload.kind()), codec::encode(payload).into())
    }

    /// Bytes that may mean anything; `kind` is only for counting and drawing.
    #[must_use]
    pub fn from_bytes(kind: Option<PacketKind>, bytes: Bytes) -> Self {
        let print = bytes.chunks(8).fold(bytes.len() as u64, |print, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            (print.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        Self { kind, bytes, print }
    }

    /// The same with up to four bits flipped, or cut off somewhere.
    #[must_use]
    pub(crate) fn corrupted(&self, stream: &mut Stream) -> Self {
        let mut bytes = self.bytes.to_vec();
        if stream.below(4) == 0 {
            bytes.truncate(stream.index(bytes.len()));
        } else {
            for _ in 0..stream.range(1, 4) {
                let place = stream.index(bytes.len());
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << stream.below(8);
                }
            }
        }
        Self::from_bytes(self.kind, bytes.into())
    }

    /// Its kind; `None` for bytes that are no packet.
    #[must_use]
    pub fn kind(&self) -> Option<PacketKind> {
        self.kind
    }

    /// Its kind's name: "request", …, "garbage".
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        self.kind.map_or("garbage", PacketKind::name)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// A number that stands for its bytes in the digest of a run. Not a cryptographic one: nobody in a run
    /// profits from two packets that look alike in it.
    pub(crate) fn print(&self) -> u64 {
        self.print
    }
}
