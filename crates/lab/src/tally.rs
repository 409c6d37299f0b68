//! Who sent how much: packets and bytes, by node and by what they are counted as.

use std::collections::{BTreeMap, BTreeSet};

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

/// The counts of a run: of everything sent before it was [closed](Tally::close), and of everything that was sent because
/// of that. Some nodes learn of a decision before they have done their part in it, and do it nevertheless.
#[derive(Debug, Default)]
pub struct Tally {
    decision: Traffic,
    storage: Traffic,
    aside: Traffic,
    by_kind: BTreeMap<&'static str, Traffic>,
    loads: Vec<Load>,
    closed: bool,
    /// What happens now is because of something counted.
    counting: bool,
    under_way: BTreeSet<u64>,
}

impl Tally {
    /// Of so many nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            loads: vec![Load::default(); nodes],
            counting: true,
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
        if !self.counting {
            return;
        }
        self.under_way.insert(copy);
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
        let counted = self.under_way.remove(&copy);
        self.counting = counted || !self.closed;
        if !counted || counts == Counts::Aside {
            return;
        }
        if let Some(load) = self.loads.get_mut(to.index()) {
            load.received += 1;
        }
    }

    /// A copy is lost.
    pub fn lost(&mut self, copy: u64) {
        self.under_way.remove(&copy);
    }

    /// A timer has fired: what is sent now is because of time that has passed.
    pub fn fired(&mut self) {
        self.counting = !self.closed;
    }

    /// From now on only what is because of something counted is counted.
    pub fn close(&mut self) {
        self.closed = true;
        self.counting = false;
    }

    /// Whether a copy that is counted has not arrived yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
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
