//! The event engine: virtual time, a queue, and machines that are woken one at a time.
//!
//! Events are ordered by (time, sequence number), so a run is a function of its seed and configuration alone. A
//! broadcast is one entry of the queue: its copies are sorted by arrival when it is sent, and the entry moves from
//! one to the next. The payload is shared by all.

mod absence;
mod carry;
mod limits;
mod memory;
mod power;
mod presence;

use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};

pub use limits::{End, Limits};

use super::disk::{ForgetfulDisk, Tail};
use super::fault::{Crash, Faults, Loss, SkewedClock};
use super::flight::{Copy, Flights, Landing};
use super::machine::{Effects, Machine, TimerId};
use super::network::{Bandwidth, Barrier, Network, Which};
use super::node::NodeId;
use super::observer::{Event, Moment, Observer};
use super::queue::{Entry, What};
use super::random::Streams;
use super::schedule::{Fate, PacketFates, PacketId};
use super::time::{Span, VirtualTime};
use super::world::{Hardware, World, WorldError};

/// What [`Engine::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One event happened.
    Ran,
    /// The call made with [`Engine::call_at`] is due, with its number.
    Call(u64),
    /// This node is due to come back: build its machine from [`Engine::disk`] and hand it to [`Engine::restart`].
    RestartDue(NodeId),
    /// Nothing happens any more.
    Ended(End),
}

/// A place a machine runs at.
#[derive(Debug)]
struct Place<M> {
    machine: Option<M>,
    disk: ForgetfulDisk,
    /// How often it crashed; timers of an earlier life do not fire.
    life: u32,
    /// Effects carried out in all lives.
    effects: u64,
    /// The crashes that wait for a number of effects, next one last.
    crashes: Vec<(u64, Tail, Option<Span>)>,
    /// Down, and to come back some time.
    returns: bool,
    /// Away, with everything it remembers.
    suspended: bool,
    /// Whether the machine has been started.
    started: bool,
    /// Timers that were due while it was away, in order.
    held: Vec<TimerId>,
    /// A clock that is wrong.
    clock: Option<SkewedClock>,
    /// The disk takes nothing more until then.
    disk_full_until: Option<VirtualTime>,
}

impl<M> Place<M> {
    fn new(machine: M) -> Self {
        Self {
            machine: Some(machine),
            disk: ForgetfulDisk::default(),
            life: 0,
            effects: 0,
            crashes: Vec::new(),
            returns: false,
            suspended: false,
            started: false,
            held: Vec::new(),
            clock: None,
            disk_full_until: None,
        }
    }

    /// The machine, if it is there.
    #[inline]
    const fn present(&mut self) -> Option<&mut M> {
        if self.suspended {
            return None;
        }
        self.machine.as_mut()
    }

    /// The time by its own clock.
    #[inline]
    fn local(&self, now: VirtualTime) -> VirtualTime {
        match &self.clock {
            None => now,
            Some(clock) => clock.shows(now),
        }
    }
}

/// The engine of one run.
#[derive(Debug)]
pub struct Engine<M: Machine> {
    now: VirtualTime,
    step: u64,
    sequence: u64,
    limits: Limits,
    queue: BinaryHeap<Entry>,
    flights: Flights<M::Message>,
    network: Network,
    packet_fates: Option<PacketFates>,
    places: Vec<Place<M>>,
    faults: Faults,
    healed: bool,
    /// What the random absences of the plan draw from, by downtime.
    absences: Vec<Option<absence::Drawn>>,
    memory_limit: Option<u64>,
    effects: Effects<M>,
}

impl<M: Machine> Engine<M> {
    /// A run of these machines, which have not started yet, under these faults.
    ///
    /// `bandwidth` belongs to the machine at the same place; machines beyond its end have lines that take no time.
    #[must_use]
    pub fn new(
        machines: Vec<M>,
        bandwidth: &[Bandwidth],
        faults: Faults,
        limits: Limits,
        streams: &Streams,
    ) -> Self {
        let hardware = |bandwidth: &Bandwidth| Hardware {
            bandwidth: *bandwidth,
            ..Hardware::default()
        };
        let world = World::new(bandwidth.iter().map(hardware));
        Self::on(machines, &world, faults, limits, streams)
    }

    /// The same, on the ground of a [`World`]: the machine at each place has the hardware at the same place.
    ///
    /// # Errors
    /// If [`World::check`] finds something wrong with it.
    pub fn in_world(
        machines: Vec<M>,
        world: &World,
        faults: Faults,
        limits: Limits,
        streams: &Streams,
    ) -> Result<Self, WorldError> {
        world.check()?;
        Ok(Self::on(machines, world, faults, limits, streams))
    }

    fn on(
        machines: Vec<M>,
        world: &World,
        faults: Faults,
        limits: Limits,
        streams: &Streams,
    ) -> Self {
        let mut engine = Self {
            now: VirtualTime::ZERO,
            step: 0,
            sequence: 0,
            limits,
            queue: BinaryHeap::new(),
            flights: Flights::default(),
            network: Network::new(&faults, world, streams),
            packet_fates: faults.schedule.clone().map(PacketFates::playing),
            places: machines.into_iter().map(Place::new).collect(),
            faults,
            healed: false,
            absences: Vec::new(),
            memory_limit: None,
            effects: Effects::new(VirtualTime::ZERO),
        };
        engine.plan(streams);
        engine
    }

    /// Writes down what becomes of every packet from here on.
    pub fn write_schedule(&mut self) {
        self.packet_fates.get_or_insert_default().write();
    }

    /// What was written down.
    pub fn written_schedule(&mut self) -> Option<BTreeMap<PacketId, Fate>> {
        self.packet_fates.as_mut()?.written()
    }

    /// Starts every machine, in order, at time zero.
    pub fn start(&mut self, observer: &mut impl Observer<M>) {
        for node in (0..).map(NodeId::new).take(self.places.len()) {
            self.begin(node, observer);
        }
    }

    /// Starts a machine; one that is away later, when it is there.
    fn begin(&mut self, node: NodeId, observer: &mut impl Observer<M>) {
        let moment = self.moment();
        let Some(place) = self.places.get_mut(node.index()) else {
            return;
        };
        if place.suspended {
            return observer.event(moment, Event::Suspended { node });
        }
        if place.machine.is_none() {
            return observer.event(moment, Event::Crashed { node });
        }
        place.started = true;
        self.input(node, observer, Machine::start);
    }

    /// The virtual time of the last event.
    #[must_use]
    pub const fn now(&self) -> VirtualTime {
        self.now
    }

    /// The time and step of the last event.
    #[inline]
    #[must_use]
    pub const fn moment(&self) -> Moment {
        Moment {
            at: self.now,
            step: self.step,
        }
    }

    /// How many nodes there are, up or down.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.places.len()
    }

    /// Whether a node is there: neither crashed nor away.
    #[must_use]
    pub fn is_present(&self, node: NodeId) -> bool {
        self.places
            .get(node.index())
            .is_some_and(|place| place.machine.is_some() && !place.suspended)
    }

    /// The machine of a node that is up, or is away and remembers everything.
    #[inline]
    #[must_use]
    pub fn machine(&self, node: NodeId) -> Option<&M> {
        self.places.get(node.index())?.machine.as_ref()
    }

    /// The disk of a node.
    #[must_use]
    pub fn disk(&self, node: NodeId) -> Option<&ForgetfulDisk> {
        self.places.get(node.index()).map(|place| &place.disk)
    }

    /// The disk of a node, to damage it between a crash and a restart.
    pub fn disk_mut(&mut self, node: NodeId) -> Option<&mut ForgetfulDisk> {
        self.places
            .get_mut(node.index())
            .map(|place| &mut place.disk)
    }

    /// Effects this node has carried out so far, in all its lives.
    #[must_use]
    pub fn effects_of(&self, node: NodeId) -> u64 {
        self.places
            .get(node.index())
            .map_or(0, |place| place.effects)
    }

    /// Makes [`Engine::step`] return [`Step::Call`] with this number at this time.
    pub fn call_at(&mut self, at: VirtualTime, call: u64) {
        self.schedule(at, What::Call(call));
    }

    /// Does something to the machine of a node from outside, and carries out what it asks for. `None` if it is down or
    /// away.
    pub fn input<T>(
        &mut self,
        node: NodeId,
        observer: &mut impl Observer<M>,
        act: impl FnOnce(&mut M, &mut Effects<M>) -> T,
    ) -> Option<T> {
        let place = self.places.get_mut(node.index())?;
        self.effects.begin(place.local(self.now));
        let machine = place.present()?;
        let result = act(machine, &mut self.effects);
        self.carry_out(node, observer);
        Some(result)
    }

    /// Takes the next event off the queue and lets it happen.
    pub fn step(&mut self, observer: &mut impl Observer<M>) -> Step {
        if self.memory_limit.is_some() && self.is_memory_used_up() {
            return Step::Ended(End::MemoryLimit);
        }
        let Some(top) = self.queue.peek_mut() else {
            return Step::Ended(End::Quiet);
        };
        let (at, what) = (top.at, top.what);
        if self.step >= self.limits.steps {
            return Step::Ended(End::StepLimit);
        }
        if at > self.limits.time {
            return Step::Ended(End::TimeLimit);
        }
        self.step += 1;
        self.now = at;
        let What::Flight(flight) = what else {
            PeekMut::pop(top);
            return self.happen(what, observer);
        };
        let Some((copy, next)) = self.flights.advance(flight) else {
            PeekMut::pop(top);
            return Step::Ran;
        };
        match next {
            // The entry stays in the queue and sinks to the place of the next copy: one move instead of two.
            Some(next) => {
                let mut top = top;
                (top.at, top.sequence) = (next.at, next.number);
            }
            None => drop(PeekMut::pop(top)),
        }
        self.arrive(flight, copy, observer);
        Step::Ran
    }

    fn happen(&mut self, what: What, observer: &mut impl Observer<M>) -> Step {
        match what {
            // Flights stay in the queue while they have copies: see `step`.
            What::Flight(_) => Step::Ran,
            What::Landing(landing) => {
                if let Some(Landing { flight, copy, .. }) = self.flights.landed(landing) {
                    self.read(flight, copy, observer);
                }
                Step::Ran
            }
            What::Worked(landing) => {
                if let Some(landing) = self.flights.landed(landing) {
                    self.worked(landing, observer);
                }
                Step::Ran
            }
            What::Timer { node, life, timer } => {
                if self.life_of(node) != Some(life) {
                    return Step::Ran;
                }
                if self.network.lines().take_time() {
                    let done = self.network.lines().work_on_timer(node, self.now);
                    if done > self.now {
                        self.schedule(done, What::LateTimer { node, life, timer });
                        return Step::Ran;
                    }
                }
                self.fire(node, timer, observer);
                Step::Ran
            }
            What::LateTimer { node, life, timer } => {
                if self.life_of(node) == Some(life) {
                    self.fire(node, timer, observer);
                }
                Step::Ran
            }
            What::Call(call) => Step::Call(call),
            What::Cut(number) => {
                if let (false, Some(partition)) =
                    (self.healed, self.faults.partitions.get(number as usize))
                {
                    let barrier = Barrier::partition(number, partition, self.places.len());
                    self.network.put_up(barrier);
                    observer.event(self.moment(), Event::Cut { partition: number });
                }
                Step::Ran
            }
            What::Mend(number) => {
                if !self.healed {
                    self.network.take_down(Which::Partition(number));
                    observer.event(self.moment(), Event::Mended { partition: number });
                }
                Step::Ran
            }
            What::Crash(number) => {
                if let (
                    false,
                    Some(&Crash {
                        node, tail, down, ..
                    }),
                ) = (self.healed, self.faults.crashes.get(number as usize))
                {
                    self.crash(node, tail, down, observer);
                }
                Step::Ran
            }
            What::Restart { node, life } => {
                let due = |place: &Place<M>| place.machine.is_none() && place.life == life;
                if self.places.get(node.index()).is_some_and(due) {
                    Step::RestartDue(node)
                } else {
                    Step::Ran
                }
            }
            What::Begin(planned) => {
                self.begin_planned(planned, observer);
                Step::Ran
            }
            What::Finish(planned) => {
                self.finish_planned(planned, observer);
                Step::Ran
            }
            What::Away(number) => {
                self.away(number, observer);
                Step::Ran
            }
            What::Back(number) => {
                self.back(number, observer);
                Step::Ran
            }
            What::Heal => {
                self.heal(observer);
                Step::Ran
            }
        }
    }

    fn schedule(&mut self, at: VirtualTime, what: What) {
        self.sequence += 1;
        self.queue.push(Entry {
            at: at.max(self.now),
            sequence: self.sequence,
            what,
        });
    }

    fn life_of(&self, node: NodeId) -> Option<u32> {
        self.places.get(node.index()).map(|place| place.life)
    }

    /// A timer is due, and its node has time for it.
    fn fire(&mut self, node: NodeId, timer: TimerId, observer: &mut impl Observer<M>) {
        if let Some(place) = self.places.get_mut(node.index())
            && place.suspended
        {
            return place.held.push(timer);
        }
        observer.event(self.moment(), Event::Fired { node, timer });
        self.input(node, observer, |machine, effects| {
            machine.timer(timer, effects)
        });
    }

    /// The first bit of a copy reaches its receiver.
    fn arrive(&mut self, flight: u32, copy: Copy, observer: &mut impl Observer<M>) {
        let Some((_, bytes, _)) = self.flights.get(flight) else {
            return;
        };
        let landed = self.network.lines().download(copy.to, self.now, bytes);
        if landed > self.now {
            let life = self.life_of(copy.to).unwrap_or_default();
            let landing = self.flights.landing(Landing { flight, copy, life });
            self.schedule(landed, What::Landing(landing));
            return;
        }
        self.read(flight, copy, observer);
    }

    /// The last bit has arrived: the receiver works on it, when it has done with what came before.
    fn read(&mut self, flight: u32, copy: Copy, observer: &mut impl Observer<M>) {
        if self.network.lines().take_time()
            && let Some((_, _, message)) = self.flights.get(flight)
            && let Some(place) = self.places.get_mut(copy.to.index())
            && place.present().is_some()
        {
            let lines = self.network.lines();
            let done = lines.work(copy.to, self.now, M::kind(message));
            if done > self.now {
                let life = place.life;
                let landing = self.flights.landing(Landing { flight, copy, life });
                self.schedule(done, What::Worked(landing));
                return;
            }
        }
        self.hand_over(flight, copy, observer);
    }

    /// The receiver has done its work on a message, unless it has crashed meanwhile.
    fn worked(&mut self, landing: Landing, observer: &mut impl Observer<M>) {
        let Landing { flight, copy, life } = landing;
        if self.life_of(copy.to) == Some(life) {
            return self.hand_over(flight, copy, observer);
        }
        if let Some((from, ..)) = self.flights.get(flight) {
            let lost = Event::Lost {
                copy: copy.number,
                from,
                to: copy.to,
                why: Loss::ReceiverDown,
            };
            observer.event(self.moment(), lost);
        }
        self.flights.done(flight);
    }

    /// The machine gets the message.
    fn hand_over(&mut self, flight: u32, copy: Copy, observer: &mut impl Observer<M>) {
        let moment = self.moment();
        let Some((from, _, message)) = self.flights.get(flight) else {
            return;
        };
        let Copy { number, to, .. } = copy;
        let now = self.now;
        let machine = self
            .places
            .get_mut(to.index())
            .and_then(|place| Some((place.local(now), place.present()?)));
        match machine {
            _ if self.network.is_cut(from, to) => {
                observer.event(
                    moment,
                    Event::Lost {
                        copy: number,
                        from,
                        to,
                        why: Loss::Partition,
                    },
                );
            }
            None => observer.event(
                moment,
                Event::Lost {
                    copy: number,
                    from,
                    to,
                    why: Loss::ReceiverDown,
                },
            ),
            Some((local, machine)) => {
                self.effects.begin(local);
                let verdict = machine.message(from, message, &mut self.effects);
                observer.event(
                    moment,
                    Event::Arrived {
                        copy: number,
                        from,
                        to,
                        message,
                        verdict,
                    },
                );
                self.carry_out(to, observer);
            }
        }
        self.flights.done(flight);
    }
}
