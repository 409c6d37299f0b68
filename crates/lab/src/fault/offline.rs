//! Offline: no answer, ever. The lecture's first failure mode.

use bft_crdts::net::{NodeId, TimerId};

use super::Fault;
use crate::outcome::Verdict;
use crate::packet::{Out, Process};
use crate::tx::SignedTx;

/// Hears nothing and says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

impl<M: Process> Fault<M> for Offline {
    fn start(&mut self, _: &mut M, _: &mut Out<M::Message>) {}

    fn submit(&mut self, _: &mut M, _: SignedTx, _: &mut Out<M::Message>) {}

    fn message(
        &mut self,
        _: &mut M,
        _: NodeId,
        _: &M::Message,
        _: &mut Out<M::Message>,
    ) -> Verdict {
        Verdict::Useless
    }

    fn timer(&mut self, _: &mut M, _: TimerId, _: &mut Out<M::Message>) {}

    fn send(&mut self, _: NodeId, _: M::Message) -> Option<M::Message> {
        None
    }
}
