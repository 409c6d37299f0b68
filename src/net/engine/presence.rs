//! What of the plan lasts for a while: nodes that are away, and everything that begins and ends.

use super::Engine;
use super::absence::Drawn;
use crate::net::fault::{Absence, Downtime, Outage};
use crate::net::machine::Machine;
use crate::net::network::{Barrier, Which};
use crate::net::node::NodeId;
use crate::net::observer::{Event, Observer, Planned};
use crate::net::queue::What;
use crate::net::random::Streams;
use crate::net::time::{Span, VirtualTime};
use crate::net::world::Hardware;

impl<M: Machine> Engine<M> {
    /// Puts the downtimes of the plan on the queue, and takes away who is not there at the start.
    pub(super) fn plan_downtimes(&mut self, downtimes: &[Downtime], streams: &Streams) {
        for (number, downtime) in (0..).zip(downtimes) {
            let mut drawn = Drawn::new(downtime, streams);
            match (&downtime.when, &mut drawn) {
                (Absence::Once { from, until }, _) if *from == VirtualTime::ZERO => {
                    self.start_away(number, downtime, until.map(|until| until - *from));
                }
                (Absence::Once { from, .. }, _) => self.schedule(*from, What::Away(number)),
                (Absence::Random { .. }, Some(drawn)) => {
                    // The run begins anywhere in the first cycle.
                    let (up, down) = drawn.cycle();
                    let point = drawn.stream.span(Span::ZERO, up + down);
                    drawn.next = down;
                    match up.as_nanos().checked_sub(point.as_nanos()) {
                        Some(left) if left > 0 => {
                            self.schedule(VirtualTime::from_nanos(left), What::Away(number));
                        }
                        _ => {
                            let left = (up + down).as_nanos() - point.as_nanos();
                            self.start_away(number, downtime, Some(Span::from_nanos(left)));
                        }
                    }
                }
                (Absence::Random { .. }, None) => {}
            }
            self.absences.push(drawn);
        }
    }

    fn start_away(&mut self, number: u32, downtime: &Downtime, away: Option<Span>) {
        let node = downtime.node;
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        place.returns = away.is_some();
        match downtime.how {
            Outage::Suspend => place.suspended = true,
            Outage::Crash(_) => {
                place.machine = None;
                place.life += 1;
                let life = place.life;
                if let Some(away) = away {
                    self.schedule(VirtualTime::ZERO + away, What::Restart { node, life });
                }
            }
        }
        if let Some(away) = away {
            self.schedule(VirtualTime::ZERO + away, What::Back(number));
        }
    }

    /// A downtime begins.
    pub(super) fn away(&mut self, number: u32, observer: &mut impl Observer<M>) {
        if self.healed {
            return;
        }
        let Some(downtime) = self.faults.downtimes.get(number as usize) else {
            return;
        };
        let (node, how) = (downtime.node, downtime.how);
        let drawn = self.absences.get(number as usize).and_then(Option::as_ref);
        let away = match (&downtime.when, drawn) {
            (Absence::Once { until, .. }, _) => until.map(|until| until - self.now),
            (Absence::Random { .. }, drawn) => drawn.map(|drawn| drawn.next),
        };
        match how {
            Outage::Suspend => self.suspend(node, away.is_some(), observer),
            Outage::Crash(tail) => self.crash(node, tail, away, observer),
        }
        if let Some(away) = away {
            self.schedule(self.now + away, What::Back(number));
        }
    }

    /// A downtime is over.
    pub(super) fn back(&mut self, number: u32, observer: &mut impl Observer<M>) {
        if self.healed {
            return;
        }
        let Some(downtime) = self.faults.downtimes.get(number as usize) else {
            return;
        };
        let (node, how) = (downtime.node, downtime.how);
        if let Some(Some(drawn)) = self.absences.get_mut(number as usize) {
            let (up, down) = drawn.cycle();
            drawn.next = down;
            self.schedule(self.now + up, What::Away(number));
        }
        // Who has crashed is restarted by an entry of its own.
        if how == Outage::Suspend {
            self.resume(node, observer);
        }
    }

    fn suspend(&mut self, node: NodeId, returns: bool, observer: &mut impl Observer<M>) {
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        if place.machine.is_none() || place.suspended {
            return;
        }
        place.suspended = true;
        place.returns = returns;
        observer.event(self.moment(), Event::Suspended { node });
    }

    /// Brings back a node that was away and remembers everything; what was due meanwhile happens now.
    pub(super) fn resume(&mut self, node: NodeId, observer: &mut impl Observer<M>) {
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        if !place.suspended {
            return;
        }
        place.suspended = false;
        place.returns = false;
        let held = core::mem::take(&mut place.held);
        let (started, life) = (place.started, place.life);
        observer.event(self.moment(), Event::Resumed { node });
        if !started {
            return self.begin(node, observer);
        }
        for timer in held {
            self.schedule(self.now, What::Timer { node, life, timer });
        }
    }

    /// Something of the plan begins.
    pub(super) fn begin_planned(&mut self, planned: Planned, observer: &mut impl Observer<M>) {
        if self.healed {
            return;
        }
        let nodes = self.places.len();
        let faults = &self.faults;
        match planned {
            Planned::OneWay(number) => {
                let Some(one_way) = faults.one_way.get(number as usize) else {
                    return;
                };
                let barrier = Barrier::one_way(number, one_way, nodes);
                self.network.put_up(barrier);
            }
            Planned::Clog(number) => {
                let Some(clog) = faults.clogs.get(number as usize) else {
                    return;
                };
                let barrier = Barrier::clog(number, clog, nodes);
                self.network.put_up(barrier);
            }
            Planned::Slowdown(number) => {
                let Some(slow) = faults.slowdowns.get(number as usize) else {
                    return;
                };
                self.network.lines().slow_down(slow.node, slow.by);
            }
            Planned::FullDisk(number) => {
                let Some(full) = faults.full_disks.get(number as usize) else {
                    return;
                };
                if let Some(place) = self.places.get_mut(full.node.index()) {
                    place.disk_full_until = Some(full.until);
                }
            }
        }
        observer.event(self.moment(), Event::Began { planned });
    }

    /// It ends.
    pub(super) fn finish_planned(&mut self, planned: Planned, observer: &mut impl Observer<M>) {
        if self.healed {
            return;
        }
        let faults = &self.faults;
        match planned {
            Planned::OneWay(number) => self.network.take_down(Which::OneWay(number)),
            Planned::Clog(number) => self.network.take_down(Which::Clog(number)),
            Planned::Slowdown(number) => {
                let Some(slow) = faults.slowdowns.get(number as usize) else {
                    return;
                };
                self.network.lines().speed_up(slow.node, slow.by);
            }
            Planned::FullDisk(number) => {
                let full = faults.full_disks.get(number as usize);
                let place = full.and_then(|full| self.places.get_mut(full.node.index()));
                // Unless another time of the plan has begun that lasts longer.
                if let Some(place) = place
                    && place.disk_full_until.is_some_and(|until| until <= self.now)
                {
                    place.disk_full_until = None;
                }
            }
        }
        observer.event(self.moment(), Event::Finished { planned });
    }

    /// One node more, with the next number: it joins the run now, and is started.
    pub fn join(
        &mut self,
        machine: M,
        hardware: &Hardware,
        observer: &mut impl Observer<M>,
    ) -> Option<NodeId> {
        let node = NodeId::new(u16::try_from(self.places.len()).ok()?);
        self.places.push(super::Place::new(machine));
        self.network.join(node, hardware);
        self.begin(node, observer);
        Some(node)
    }
}
