//! Offline: no answer, ever. The lecture's first failure mode.

use bft_crdts::net::{Effects, NodeId, TimerId};

use super::Fault;
use crate::outcome::Verdict;
use crate::packet::Process;
use crate::tx::SignedTx;

/// Hears nothing and says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

impl<M: Process> Fault<M> for Offline {
    fn start(&mut self, _: &mut M, _: &mut Effects<M>) {}

    fn submit(&mut self, _: &mut M, _: SignedTx, _: &mut Effects<M>) {}

    fn message(&mut self, _: &mut M, _: NodeId, _: &M::Message, _: &mut Effects<M>) -> Verdict {
        Verdict::Useless
    }

    fn timer(&mut self, _: &mut M, _: TimerId, _: &mut Effects<M>) {}

    fn send(&mut self, _: NodeId, _: M::Message) -> Option<M::Message> {
        None
    }
}
