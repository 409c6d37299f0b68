//! The plan of faults, and what it does to nodes: power lost, power back, everything healed.

use super::Engine;
use crate::net::disk::Tail;
use crate::net::fault::CrashPoint;
use crate::net::machine::Machine;
use crate::net::node::NodeId;
use crate::net::observer::{Event, Observer};
use crate::net::queue::What;
use crate::net::time::Span;

impl<M: Machine> Engine<M> {
    pub(super) fn plan(&mut self) {
        let faults = core::mem::take(&mut self.faults);
        for (number, partition) in (0..).zip(&faults.partitions) {
            self.schedule(partition.from, What::Cut(number));
            self.schedule(partition.until, What::Mend(number));
        }
        for (number, crash) in (0..).zip(&faults.crashes) {
            match crash.when {
                CrashPoint::At(at) => self.schedule(at, What::Crash(number)),
                CrashPoint::AfterEffects(count) => {
                    if let Some(place) = self.places.get_mut(crash.node.index()) {
                        place.crashes.push((count, crash.tail, crash.down));
                        place
                            .crashes
                            .sort_by_key(|&(count, ..)| core::cmp::Reverse(count));
                    }
                }
            }
        }
        if let Some(at) = faults.heal_at {
            self.schedule(at, What::Heal);
        }
        self.faults = faults;
    }

    /// Ends all faults: see [`Faults::heal_at`](crate::net::Faults::heal_at).
    pub fn heal(&mut self, observer: &mut impl Observer<M>) {
        self.healed = true;
        self.network.heal();
        observer.event(self.moment(), Event::Healed);
        for node in (0..).map(NodeId::new).take(self.places.len()) {
            let Some(place) = self.places.get_mut(node.index()) else {
                continue;
            };
            place.crashes.clear();
            if place.returns {
                let life = place.life;
                self.schedule(self.now, What::Restart { node, life });
            }
        }
    }

    /// Cuts the power of a node. It is due to come back after `down`, or never.
    pub fn crash(
        &mut self,
        node: NodeId,
        tail: Tail,
        down: Option<Span>,
        observer: &mut impl Observer<M>,
    ) {
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        if place.machine.take().is_none() {
            return;
        }
        place.life += 1;
        place.disk.crash(tail);
        place.returns = down.is_some();
        let life = place.life;
        observer.event(self.moment(), Event::Crashed { node });
        if let Some(down) = down {
            self.schedule(self.now + down, What::Restart { node, life });
        }
    }

    /// Whether a node is down that is due to come back.
    #[must_use]
    pub fn is_anyone_returning(&self) -> bool {
        self.places.iter().any(|place| place.returns)
    }

    /// Brings a node back with a machine built from its disk.
    pub fn restart(&mut self, node: NodeId, machine: M, observer: &mut impl Observer<M>) {
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        place.machine = Some(machine);
        place.returns = false;
        observer.event(self.moment(), Event::Restarted { node });
        self.input(node, observer, Machine::start);
    }
}
