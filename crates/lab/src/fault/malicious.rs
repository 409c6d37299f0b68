//! Malicious: the wrong value to all. The lecture's third and fourth failure modes.

use bft_crdts::net::NodeId;

use super::{Fault, Forger};
use crate::outcome::Verdict;
use crate::packet::{Out, Packet, Process};

/// Says another value wherever it says one, the same to everybody.
#[derive(Debug)]
pub struct Malicious(pub Forger);

impl<M: Process> Fault<M> for Malicious {
    fn message(
        &mut self,
        inner: &mut M,
        from: NodeId,
        message: &M::Message,
        out: &mut Out<M::Message>,
    ) -> Verdict {
        self.0.see(message.carries());
        inner.message(from, message, out)
    }

    fn send(&mut self, _: NodeId, message: M::Message) -> Option<M::Message> {
        Some(message.forged(&self.0).unwrap_or(message))
    }
}
