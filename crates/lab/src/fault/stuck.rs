//! Stuck: the same answer for ever. The lecture's second failure mode.

use std::collections::BTreeMap;

use bft_crdts::net::NodeId;

use super::Fault;
use crate::packet::{Packet, Process};

/// Repeats, for every kind of packet, the first one it ever sent.
#[derive(Debug)]
pub struct Stuck<P>(BTreeMap<&'static str, P>);

impl<P> Default for Stuck<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<M: Process> Fault<M> for Stuck<M::Message> {
    fn send(&mut self, _: NodeId, message: M::Message) -> Option<M::Message> {
        let first = self.0.entry(message.kind()).or_insert(message);
        Some(first.clone())
    }
}
