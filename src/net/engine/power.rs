//! The plan of faults, and what it does to nodes: power lost, power back, everything healed.

use super::Engine;
use crate::net::disk::Tail;
use crate::net::fault::CrashPoint;
use crate::net::machine::Machine;
use crate::net::node::NodeId;
use crate::net::observer::{Event, Observer, Planned};
use crate::net::queue::What;
use crate::net::random::Streams;
use crate::net::time::{Span, VirtualTime};

impl<M: Machine> Engine<M> {
    pub(super) fn plan(&mut self, streams: &Streams) {
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
        self.plan_downtimes(&faults.downtimes, streams);
        for (number, one_way) in (0..).zip(&faults.one_way) {
            self.plan_time(Planned::OneWay(number), one_way.from, one_way.until);
        }
        for (number, clog) in (0..).zip(&faults.clogs) {
            self.plan_time(Planned::Clog(number), clog.from, clog.until);
        }
        for (number, slow) in (0..).zip(&faults.slowdowns) {
            self.plan_time(Planned::Slowdown(number), slow.from, slow.until);
        }
        for (number, full) in (0..).zip(&faults.full_disks) {
            self.plan_time(Planned::FullDisk(number), full.from, full.until);
        }
        for clock in &faults.clocks {
            if let Some(place) = self.places.get_mut(clock.node.index()) {
                place.clock = Some(*clock);
            }
        }
        if let Some(at) = faults.heal_at {
            self.schedule(at, What::Heal);
        }
        self.faults = faults;
    }

    fn plan_time(&mut self, planned: Planned, from: VirtualTime, until: VirtualTime) {
        self.schedule(from, What::Begin(planned));
        self.schedule(until, What::Finish(planned));
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
            place.disk_full_until = None;
            if !place.returns {
                continue;
            }
            if place.suspended {
                self.resume(node, observer);
            } else {
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
        place.held.clear();
        self.network.lines().forget_work(node, self.now);
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
        place.started = false;
        // Who is away besides is started when it is back.
        place.returns &= place.suspended;
        observer.event(self.moment(), Event::Restarted { node });
        self.begin(node, observer);
    }
}
