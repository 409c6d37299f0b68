//! The transcript of a run: which bytes were sent, persisted and delivered by which node at which time.
//!
//! [`Report::trace_digest`](super::Report::trace_digest) covers everything an observer is told, texts and verdicts
//! included, so it changes when a message is worded in another way. A transcript covers what other programs depend on
//! and nothing else: it stays equal as long as the protocol, its packets and its records do.

use super::node::NodeId;
use super::time::VirtualTime;
use crate::codec::{self, Digest};
use crate::deterministic_secure_broadcast::{Delivery, journal};

use serde::Serialize;

/// The digests of what a run sent, persisted and delivered, each in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Of each packet when it was sent, lost ones included and copies that the network makes not: the time in
    /// nanoseconds, sender, receiver, bytes.
    pub packets: Digest,
    /// Of each record when it was appended to a journal: the time, the node, the record without its frame.
    pub records: Digest,
    /// Of each operation when it was delivered: the time, the node, its dot, its bytes.
    pub deliveries: Digest,
}

/// Writes a transcript.
#[derive(Debug)]
pub(crate) struct Transcriber {
    packets: Entries,
    records: Entries,
    deliveries: Entries,
}

#[derive(Debug)]
struct Entries(Box<blake3::Hasher>);

impl Entries {
    fn of(what: &str) -> Self {
        let mut hasher = Box::new(blake3::Hasher::new_derive_key(
            "bft-crdts simulator transcript 1",
        ));
        hasher.update(what.as_bytes());
        Self(hasher)
    }

    fn add(&mut self, at: VirtualTime, nodes: &[NodeId], bytes: &[u8]) {
        self.0.update(&at.as_nanos().to_le_bytes());
        for node in nodes {
            self.0.update(&node.get().to_le_bytes());
        }
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn digest(&self) -> Digest {
        Digest::from_bytes(*self.0.finalize().as_bytes())
    }
}

impl Transcriber {
    pub(crate) fn new() -> Self {
        Self {
            packets: Entries::of("packets"),
            records: Entries::of("records"),
            deliveries: Entries::of("deliveries"),
        }
    }

    pub(crate) fn sent(&mut self, at: VirtualTime, from: NodeId, to: NodeId, packet: &[u8]) {
        self.packets.add(at, &[from, to], packet);
    }

    /// `frames` is what was appended to the journal.
    pub(crate) fn persisted(&mut self, at: VirtualTime, node: NodeId, frames: &[u8]) {
        // A replica appends whole frames.
        let records = journal::read(frames).map(|journal| journal.records);
        for record in records.unwrap_or_default() {
            self.records.add(at, &[node], &codec::encode(&record));
        }
    }

    pub(crate) fn delivered<Op: Serialize>(
        &mut self,
        at: VirtualTime,
        node: NodeId,
        delivery: &Delivery<Op>,
    ) {
        for (dot, op) in delivery.iter() {
            self.deliveries
                .add(at, &[node], &codec::encode(&(dot.actor, dot.counter, op)));
        }
    }

    pub(crate) fn finish(&self) -> Transcript {
        Transcript {
            packets: self.packets.digest(),
            records: self.records.digest(),
            deliveries: self.deliveries.digest(),
        }
    }
}
