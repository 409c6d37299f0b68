//! The states of the nodes, for people: written down when they may have changed, if details are kept.

use super::run::Run;
use crate::deterministic_secure_broadcast::{Rules, SecureBroadcast};
use crate::net::details::Entry;
use crate::net::keys::SeededKeys;
use crate::net::node::NodeId;
use crate::net::participant::Participant;
use crate::net::sim_algorithm::SimAlgorithm;

/// The most entries that are written down of the state of an algorithm.
const MOST_ENTRIES: usize = 200;

impl<A: SimAlgorithm, K: SeededKeys, R: Rules> Run<A, K, R> {
    /// Writes the state of a replica down. An adversary has none that means anything, and neither has a node that is down.
    pub(super) fn show_state(&mut self, node: NodeId) {
        if !self.recorder.is_detailed() {
            return;
        }
        let replica = self.engine.machine(node).and_then(Participant::replica);
        if let Some(broadcast) = replica.and_then(|replica| replica.broadcast()) {
            let entries = self.entries(broadcast);
            self.recorder.state(node, entries);
        }
    }

    fn entries(&self, broadcast: &SecureBroadcast<A, K, R>) -> Vec<Entry> {
        let names = self.recorder.names();
        let mut entries = broadcast.algorithm().state_entries(names);
        if entries.len() > MOST_ENTRIES {
            let more = entries.len() - MOST_ENTRIES;
            entries.truncate(MOST_ENTRIES);
            entries.push(Entry::new("state", "not shown", format!("{more} more")));
        }
        let clock = broadcast.clock().iter().map(|(seat, counter)| {
            let source = self.recorder.name_of(seat);
            Entry::new("delivered from", source, counter.to_string())
        });
        let mut clock: Vec<Entry> = clock.collect();
        clock.sort();
        entries.extend(clock);
        let mut replica =
            |key: &str, value: String| entries.push(Entry::new("replica", key, value));
        let generation = broadcast.generation();
        let member = if broadcast.is_member() { "yes" } else { "no" };
        replica("generation", generation.to_string());
        replica("member", member.to_owned());
        if let Some(halt) = broadcast.halted() {
            replica("stopped signing", halt.to_string());
        }
        let mut culprits: Vec<String> = broadcast
            .evidence()
            .map(|evidence| names.of(&evidence.culprit))
            .collect();
        culprits.sort();
        culprits.dedup();
        if !culprits.is_empty() {
            replica("can convict", culprits.join(", "));
        }
        entries
    }
}
