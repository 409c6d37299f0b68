//! Small broadcast protocols for the tests of adversaries: Bracha's, which is sound, and ways to get it wrong.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::net::{Address, Effects, Machine, NodeId, Span, TimerId};

/// How broadcast is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As Bracha (1987) does it.
    Bracha,
    /// What the source says first is delivered.
    Naive,
    /// What the source says is delivered, every time.
    Forgetful,
    /// What all echo is delivered.
    Unanimous,
    /// What the source says within a second is delivered, or else nothing.
    Timed,
    /// What anybody is the first to say that the source has said is delivered.
    Gullible,
}

/// Every node broadcasts two values, one after the other.
const VALUES: u64 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// My value of this number.
    Init(u64, i64),
    /// That source said this.
    Echo(NodeId, u64, i64),
    /// Enough have heard that source say this.
    Ready(NodeId, u64, i64),
}

impl Message {
    pub(crate) fn value(&self) -> i64 {
        match *self {
            Self::Init(_, value) | Self::Echo(_, _, value) | Self::Ready(_, _, value) => value,
        }
    }

    pub(crate) fn with(self, value: i64) -> Self {
        match self {
            Self::Init(number, _) => Self::Init(number, value),
            Self::Echo(source, number, _) => Self::Echo(source, number, value),
            Self::Ready(source, number, _) => Self::Ready(source, number, value),
        }
    }
}

type Slot = (NodeId, u64);

#[derive(Debug)]
pub(crate) struct Broadcast {
    way: Way,
    me: NodeId,
    n: u16,
    /// Which life of this node it is: after a loss of memory it says other things.
    life: i64,
    echoed: BTreeSet<Slot>,
    ready: BTreeSet<Slot>,
    echoes: BTreeMap<(Slot, i64), BTreeSet<NodeId>>,
    readies: BTreeMap<(Slot, i64), BTreeSet<NodeId>>,
    /// What could be delivered, and waits for what comes before it.
    waiting: BTreeMap<Slot, i64>,
    next: BTreeMap<NodeId, u64>,
    pub(crate) delivered: Vec<(Slot, i64)>,
}

impl Broadcast {
    pub(crate) fn new(way: Way, me: NodeId, n: u16, life: i64) -> Self {
        Self {
            way,
            me,
            n,
            life,
            echoed: BTreeSet::new(),
            ready: BTreeSet::new(),
            echoes: BTreeMap::new(),
            readies: BTreeMap::new(),
            waiting: BTreeMap::new(),
            next: BTreeMap::new(),
            delivered: Vec::new(),
        }
    }

    fn faults(&self) -> usize {
        usize::from(self.n - 1) / 3
    }

    fn has(&self, slot: Slot) -> bool {
        self.delivered.iter().any(|(known, _)| *known == slot)
    }

    /// Delivers in the order in which things come.
    fn deliver(&mut self, slot: Slot, value: i64) {
        if self.way == Way::Forgetful || !self.has(slot) {
            self.delivered.push((slot, value));
        }
    }

    /// Delivers in the order of the source.
    fn deliver_in_order(&mut self, slot: Slot, value: i64) {
        self.waiting.entry(slot).or_insert(value);
        let next = self.next.entry(slot.0).or_default();
        while let Some(value) = self.waiting.get(&(slot.0, *next)) {
            self.delivered.push(((slot.0, *next), *value));
            *next += 1;
        }
    }

    fn say(&mut self, message: Message, effects: &mut Effects<Self>) {
        effects.send(Address::Others, message);
        let me = self.me;
        self.take(me, message, effects);
    }

    fn take(&mut self, from: NodeId, message: Message, effects: &mut Effects<Self>) {
        let quorum = usize::from(self.n) - self.faults();
        match (self.way, message) {
            (Way::Naive | Way::Forgetful | Way::Timed, Message::Init(number, value)) => {
                self.deliver((from, number), value);
            }
            (Way::Naive | Way::Forgetful | Way::Timed, _) => {}
            (Way::Gullible, Message::Init(number, value)) => {
                if self.echoed.insert((from, number)) {
                    effects.send(Address::Others, Message::Echo(from, number, value));
                }
            }
            (Way::Gullible, Message::Echo(source, number, value)) => {
                self.deliver((source, number), value);
            }
            (Way::Gullible, Message::Ready(..)) => {}
            (_, Message::Init(number, value)) => {
                if number < VALUES && self.echoed.insert((from, number)) {
                    self.say(Message::Echo(from, number, value), effects);
                }
            }
            (_, Message::Echo(source, number, value)) => {
                let slot = (source, number);
                let echoes = self.echoes.entry((slot, value)).or_default();
                echoes.insert(from);
                if self.way == Way::Unanimous {
                    if echoes.len() == usize::from(self.n) {
                        self.deliver_in_order(slot, value);
                    }
                } else if echoes.len() >= quorum && self.ready.insert(slot) {
                    self.say(Message::Ready(source, number, value), effects);
                }
            }
            (_, Message::Ready(source, number, value)) => {
                let slot = (source, number);
                let faults = self.faults();
                let readies = self.readies.entry((slot, value)).or_default();
                readies.insert(from);
                let count = readies.len();
                if count > 2 * faults {
                    self.deliver_in_order(slot, value);
                }
                if count > faults && self.ready.insert(slot) {
                    self.say(Message::Ready(source, number, value), effects);
                }
            }
        }
    }
}

impl Machine for Broadcast {
    type Message = Message;
    type Verdict = ();
    type Delivery = ();
    type Note = ();

    fn size(_: &Message) -> u32 {
        24
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        for number in 0..VALUES {
            let after = Span::from_millis(20 * number + 1);
            effects.set_timer(after, TimerId(u32::try_from(number).unwrap()));
        }
        effects.set_timer(Span::from_secs(1), TimerId(99));
    }

    fn message(&mut self, from: NodeId, message: &Message, effects: &mut Effects<Self>) {
        self.take(from, *message, effects);
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        if timer == TimerId(99) {
            let silent = (0..self.n).filter(|_| self.way == Way::Timed);
            for source in silent.map(NodeId::new).collect::<Vec<_>>() {
                (0..VALUES).for_each(|number| self.deliver((source, number), 0));
            }
            return;
        }
        let value = i64::from(self.me.get()) * 10 + i64::from(timer.0) + self.life * 100;
        self.say(Message::Init(u64::from(timer.0), value), effects);
    }
}

/// What correct nodes owe each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Promise {
    /// No two deliver different values of one source under one number.
    Agreement,
    /// What is delivered from a correct source is what it said.
    Integrity,
    /// Nothing is delivered twice.
    Once,
    /// Values of a source are delivered in its order.
    Order,
    /// What one delivers all deliver.
    Totality,
    /// What a correct one says all deliver.
    Validity,
}

/// The broken promises among correct nodes.
pub(crate) fn judge(correct: &[&Broadcast]) -> BTreeSet<Promise> {
    let mut broken = BTreeSet::new();
    let said = |(source, number): &Slot| i64::from(source.get()) * 10 + *number as i64;
    let is_correct = |source: &NodeId| correct.iter().any(|node| node.me == *source);
    let mut all: BTreeMap<Slot, BTreeSet<i64>> = BTreeMap::new();
    for node in correct {
        let mut seen: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut slots = BTreeSet::new();
        for (slot, value) in &node.delivered {
            all.entry(*slot).or_default().insert(*value);
            if !slots.insert(*slot) {
                broken.insert(Promise::Once);
            } else if seen
                .insert(slot.0, slot.1)
                .is_some_and(|last| last > slot.1)
            {
                broken.insert(Promise::Order);
            }
            if is_correct(&slot.0) && *value != said(slot) {
                broken.insert(Promise::Integrity);
            }
        }
    }
    if all.values().any(|values| values.len() > 1) {
        broken.insert(Promise::Agreement);
    }
    for slot in all.keys() {
        if correct.iter().any(|node| !node.has(*slot)) {
            broken.insert(Promise::Totality);
        }
    }
    for source in correct {
        for number in 0..VALUES {
            if correct.iter().any(|node| !node.has((source.me, number))) {
                broken.insert(Promise::Validity);
            }
        }
    }
    broken
}
