//! The packets: those of the library, with a mark that only twins see.

use std::sync::Arc;

use bft_crdts::deterministic_secure_broadcast::EchoStatement;
use bft_crdts::deterministic_secure_broadcast::packet::Echo;
use bft_crdts::{Digest, PacketKind, Payload, codec};
use serde::Serialize;

use super::twins::Story;
use crate::fault::Forger;
use crate::packet::{Counts, Packet};
use crate::tx::Tx;

/// A packet of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub(super) payload: Arc<Payload>,
    /// Which of two stories it belongs to: what faulty members tell each other on the side. No correct member looks at it, and
    /// it has no bytes.
    #[serde(skip)]
    pub(super) story: Story,
}

impl Message {
    pub(super) fn new(payload: Payload) -> Self {
        Self {
            payload: Arc::new(payload),
            story: Story::default(),
        }
    }

    /// What it says.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

impl Packet for Message {
    fn kind(&self) -> &'static str {
        self.payload.kind().name()
    }

    fn counts(&self) -> Counts {
        use PacketKind::{Echo, Evidence, Proof, Refusal, Request};
        match self.payload.kind() {
            Request | Echo | Proof | Refusal | Evidence => Counts::Decision,
            _ => Counts::Aside,
        }
    }

    fn ballot(&self) -> Option<Digest> {
        // An echo names a header, not what is in it; the request does.
        self.carries().map(|tx| tx.digest())
    }

    fn carries(&self) -> Option<Tx> {
        let Payload::Request(request) = &*self.payload else {
            return None;
        };
        codec::decode_sequence(1, request.ops.as_slice())
            .ok()?
            .pop()
    }

    /// A witness that vouches for something nobody asked for.
    fn forged(&self, forger: &Forger) -> Option<Self> {
        let Payload::Echo(echo) = &*self.payload else {
            return None;
        };
        let header = Digest::of(echo.header.as_bytes());
        let statement = EchoStatement {
            generation: echo.generation,
            header,
        };
        Some(Self::new(Payload::Echo(Echo {
            header,
            sig: forger.sign(&statement),
            ..echo.clone()
        })))
    }
}
