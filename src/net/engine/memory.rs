//! How much memory a run takes.

use super::{Engine, Place};
use crate::net::machine::Machine;
use crate::net::queue::Entry;

/// Memory is counted every so many steps: it takes a look at every node.
const LOOKS: u64 = 256;

impl<M: Machine> Engine<M> {
    /// Ends the run when it takes more memory than so many bytes: see [`Engine::memory`], which is looked at every 256
    /// steps.
    pub const fn limit_memory(&mut self, bytes: u64) {
        self.memory_limit = Some(bytes);
    }

    /// Bytes that the run takes, the same for the same run on every machine: payloads under way, each counted once, as
    /// long as they are on the wire; the queue; the disks; and what machines say of themselves
    /// ([`Machine::memory`]).
    #[must_use]
    pub fn memory(&self) -> u64 {
        let place = |place: &Place<M>| {
            place.disk.bytes().len() as u64 + place.machine.as_ref().map_or(0, Machine::memory)
        };
        let queue = self.queue.len() * size_of::<Entry>();
        self.flights.memory() + queue as u64 + self.places.iter().map(place).sum::<u64>()
    }

    pub(super) fn is_memory_used_up(&self) -> bool {
        self.step.is_multiple_of(LOOKS)
            && self.memory_limit.is_some_and(|limit| self.memory() > limit)
    }
}
