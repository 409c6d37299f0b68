//! A small machine, an observer that keeps everything, and a loop that runs the two.

use std::fmt::Debug;

use bft_crdts::net::world::World;
use bft_crdts::net::{
    Address, Bandwidth, Effects, End, Engine, Event, Faults, ForgetfulDisk, Limits, Machine,
    Moment, NodeId, Observer, Rate, Span, Step, Stream, Streams, TimerId, VirtualTime,
};

pub(crate) const LIMITS: Limits = Limits {
    steps: 2_000_000,
    time: VirtualTime::from_secs(100_000),
};

pub(crate) fn node(number: u16) -> NodeId {
    NodeId::new(number)
}

pub(crate) fn at(millis: u64) -> VirtualTime {
    VirtualTime::from_millis(millis)
}

pub(crate) fn millis(millis: u64) -> Span {
    Span::from_millis(millis)
}

pub(crate) fn megabit(rate: u64) -> Option<Rate> {
    Rate::bits_per_second(rate * 1_000_000)
}

pub(crate) fn line(upload: u64, download: u64) -> Bandwidth {
    Bandwidth {
        upload: megabit(upload),
        download: megabit(download),
    }
}

/// Sends what its schedule says, writes down what it hears, and keeps a journal of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Talker {
    /// After so much time from the start: to whom, and how many bytes, of which the first is the kind.
    pub(crate) plan: Vec<(Span, Address, Vec<u8>)>,
    /// What it heard, by its own clock.
    pub(crate) heard: Vec<(VirtualTime, NodeId, Vec<u8>)>,
    /// When it was started, by its own clock.
    pub(crate) started: Vec<VirtualTime>,
    /// When a timer fired, by its own clock.
    pub(crate) fired: Vec<VirtualTime>,
    /// Persists everything it hears, and says it again to everybody.
    pub(crate) repeats: bool,
    /// Bytes it claims to hold.
    pub(crate) holds: u64,
}

impl Talker {
    pub(crate) fn saying(plan: impl IntoIterator<Item = (u64, Address, Vec<u8>)>) -> Self {
        let plan = plan.into_iter();
        Self {
            plan: plan
                .map(|(after, to, bytes)| (millis(after), to, bytes))
                .collect(),
            ..Self::default()
        }
    }
}

impl Machine for Talker {
    type Message = Vec<u8>;
    type Verdict = ();
    type Delivery = ();
    type Note = ();

    fn size(message: &Vec<u8>) -> u32 {
        message.len() as u32
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        self.started.push(effects.now());
        for (timer, (after, ..)) in (0..).zip(&self.plan) {
            effects.set_timer(*after, TimerId(timer));
        }
    }

    fn message(&mut self, from: NodeId, message: &Vec<u8>, effects: &mut Effects<Self>) {
        self.heard.push((effects.now(), from, message.clone()));
        if self.repeats {
            effects.persist(message.clone());
            effects.send(Address::Others, message.clone());
        }
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        self.fired.push(effects.now());
        if let Some((_, to, bytes)) = self.plan.get(timer.0 as usize) {
            effects.send(to.clone(), bytes.clone());
        }
    }

    fn kind(message: &Vec<u8>) -> &'static str {
        match message.first() {
            Some(b'q') => "quick",
            Some(b's') => "slow",
            _ => "other",
        }
    }

    fn corrupt(message: &Vec<u8>, stream: &mut Stream) -> Option<Vec<u8>> {
        let mut message = message.clone();
        match stream.index(message.len()) {
            // The checksum of the kind, so to speak.
            0 => return None,
            place => message[place] ^= 1 << stream.below(8),
        }
        Some(message)
    }

    fn memory(&self) -> u64 {
        self.holds
    }
}

/// Every event, as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scribe(pub(crate) Vec<(Moment, String)>);

impl<M: Machine + Debug> Observer<M> for Scribe {
    fn event(&mut self, moment: Moment, event: Event<'_, M>) {
        self.0.push((moment, format!("{event:?}")));
    }
}

impl Scribe {
    pub(crate) fn count(&self, what: &str) -> usize {
        self.0
            .iter()
            .filter(|(_, event)| event.starts_with(what))
            .count()
    }

    pub(crate) fn first(&self, what: &str) -> &(Moment, String) {
        let mut found = self.0.iter().filter(|(_, event)| event.contains(what));
        found
            .next()
            .unwrap_or_else(|| panic!("no {what}: {self:#?}"))
    }
}

/// Runs to the end; nodes that are to come back are built anew, by `restart`.
pub(crate) fn run_with<M: Machine + Debug>(
    engine: &mut Engine<M>,
    restart: impl Fn(NodeId, &ForgetfulDisk) -> M,
) -> (Scribe, End) {
    let mut scribe = Scribe::default();
    engine.start(&mut scribe);
    loop {
        match engine.step(&mut scribe) {
            Step::Ran | Step::Call(_) => {}
            Step::RestartDue(node) => {
                let machine = restart(node, engine.disk(node).unwrap());
                engine.restart(node, machine, &mut scribe);
            }
            Step::Ended(end) => return (scribe, end),
        }
    }
}

pub(crate) fn run(engine: &mut Engine<Talker>) -> (Scribe, End) {
    run_with(engine, |_, _| Talker::default())
}

pub(crate) fn engine(
    machines: Vec<Talker>,
    world: &World,
    faults: Faults,
    seed: u64,
) -> Engine<Talker> {
    Engine::in_world(machines, world, faults, LIMITS, &Streams::new(seed)).unwrap()
}

/// What a node heard, in milliseconds since the start, and how many bytes.
pub(crate) fn heard(engine: &Engine<Talker>, number: u16) -> Vec<(u64, usize)> {
    let heard = &engine.machine(node(number)).unwrap().heard;
    let heard = heard.iter();
    heard
        .map(|(at, _, bytes)| (at.as_nanos() / 1_000_000, bytes.len()))
        .collect()
}

/// Runs to the end without writing anything down.
pub(crate) fn quietly(engine: &mut Engine<Talker>) -> End {
    engine.start(&mut ());
    loop {
        if let Step::Ended(end) = engine.step(&mut ()) {
            return end;
        }
    }
}
