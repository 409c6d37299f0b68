//! Who sent how much: packets and bytes, by node and by what they are counted as.

use std::collections::BTreeMap;

use bft_crdts::net::NodeId;

use crate::packet::Counts;

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What one node sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Packets it sent.
    pub sent: u64,
    /// Packets that arrived at it.
    pub received: u64,
}

/// The counts of a run, of everything sent before it was [closed](Tally::close).
#[derive(Debug, Default)]
pub struct Tally {
    decision: Traffic,
    storage: Traffic,
    aside: Traffic,
    by_kind: BTreeMap<&'static str, Traffic>,
    loads: Vec<Load>,
    last_copy: u64,
    closed: bool,
    under_way: u64,
}

impl Tally {
    /// Of so many nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            loads: vec![Load::default(); nodes],
            ..Self::default()
        }
    }

    /// A copy goes on the wire.
    pub fn sent(
        &mut self,
        copy: u64,
        from: NodeId,
        kind: &'static str,
        counts: Counts,
        bytes: u32,
    ) {
        if self.closed {
            return;
        }
        self.last_copy = copy;
        self.under_way += 1;
        let sum = match counts {
            Counts::Decision => &mut self.decision,
            Counts::Storage => &mut self.storage,
            Counts::Aside => &mut self.aside,
        };
        for sum in [sum, self.by_kind.entry(kind).or_default()] {
            sum.messages += 1;
            sum.bytes += u64::from(bytes);
        }
        if let (true, Some(load)) = (counts != Counts::Aside, self.loads.get_mut(from.index())) {
            load.sent += 1;
        }
    }

    /// A copy has arrived.
    pub fn arrived(&mut self, copy: u64, to: NodeId, counts: Counts) {
        if !self.ends(copy) {
            return;
        }
        if let (true, Some(load)) = (counts != Counts::Aside, self.loads.get_mut(to.index())) {
            load.received += 1;
        }
    }

    /// A copy is lost.
    pub fn lost(&mut self, copy: u64) {
        self.ends(copy);
    }

    fn ends(&mut self, copy: u64) -> bool {
        let counted = !self.closed || copy <= self.last_copy;
        self.under_way = self.under_way.saturating_sub(u64::from(counted));
        counted
    }

    /// From now on nothing that is sent is counted; what is under way still arrives.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether a copy that is counted has not arrived yet.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// Packets that lead to decisions.
    #[must_use]
    pub const fn decision(&self) -> Traffic {
        self.decision
    }

    /// Packets that lead to decisions and make everybody store them.
    #[must_use]
    pub const fn stored(&self) -> Traffic {
        Traffic {
            messages: self.decision.messages + self.storage.messages,
            bytes: self.decision.bytes + self.storage.bytes,
        }
    }

    /// By kind, what is not counted included.
    #[must_use]
    pub const fn by_kind(&self) -> &BTreeMap<&'static str, Traffic> {
        &self.by_kind
    }

    /// By node.
    #[must_use]
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// What the busiest of these nodes sent and received.
    #[must_use]
    pub fn busiest(&self, nodes: &[NodeId]) -> u64 {
        let loads = nodes.iter().filter_map(|node| self.loads.get(node.index()));
        loads
            .map(|load| load.sent + load.received)
            .max()
            .unwrap_or(0)
    }
}
