//! Two-faced: one value to one half, another to the other half, and never both to the same node. It is what a
//! malicious commander does, and what its accomplices do to back it.

use std::collections::BTreeSet;

use bft_crdts::net::NodeId;

use super::{Fault, Forger};
use crate::outcome::Verdict;
use crate::packet::{Out, Packet, Process};

/// Keeps to the protocol towards one half of the nodes and tells the other half another story.
#[derive(Debug)]
pub struct TwoFaced {
    /// What it lies with.
    pub forger: Forger,
    /// Who hears the other story.
    pub other_half: BTreeSet<NodeId>,
}

impl<M: Process> Fault<M> for TwoFaced {
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
        if self.other_half.contains(&to) {
            return Some(message.forged(&self.forger).unwrap_or(message));
        }
        Some(message)
    }
}
