//! Malicious: the wrong value to all, the lecture's third and fourth failure modes; or to one half only, as a malicious
//! commander does, and its accomplices to back it.

use std::collections::BTreeSet;

use bft_crdts::net::NodeId;

use super::{Fault, Forger};
use crate::outcome::Verdict;
use crate::packet::{Out, Packet, Process};

/// Says another value wherever it says one, and never both to the same node.
#[derive(Debug)]
pub struct Malicious {
    /// What it lies with.
    pub forger: Forger,
    /// Who hears the other value, if not everybody.
    pub half: Option<BTreeSet<NodeId>>,
}

impl<M: Process> Fault<M> for Malicious {
    fn message(
        &mut self,
        inner: &mut M,
        from: NodeId,
        message: &M::Message,
        out: &mut Out<M::Message>,
    ) -> Verdict {
        self.forger.see(message.carries());
        inner.message(from, message, out)
    }

    fn send(&mut self, to: NodeId, message: M::Message) -> Option<M::Message> {
        let lies = self.half.as_ref().is_none_or(|half| half.contains(&to));
        let forged = lies.then(|| message.forged(&self.forger)).flatten();
        Some(forged.unwrap_or(message))
    }
}
