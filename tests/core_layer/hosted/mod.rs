//! Hosted types in a network without loss: several authors, every order of delivery that causes allow.

#![allow(dead_code, reason = "every test program uses its own part of this")]

pub(crate) mod subjects;

use std::collections::{BTreeMap, BTreeSet};

use bft_crdts::crdt::{Draft, Hosted, Op, Ref, Replicated, Seen, State};
use bft_crdts::{Actor, Counter, Dot, SecureBroadcastAlgorithm, codec};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// A hosted type that authors know how to use and Byzantine nodes how to abuse.
pub(crate) trait Subject: Hosted {
    /// The acts that are valid in no state, by name.
    const NEVER_VALID: &'static [&'static str] = &[];

    /// Something an author might do, from what they see.
    fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Op<Self>>;

    /// Something a Byzantine node might send; `dots` are some that exist and some that do not.
    fn lie(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Op<Self>;
}

/// What a key here ends in, so that it is known among other bytes.
const KEY: [u8; 31] = [0xac; 31];

pub(crate) fn actor(tag: u8) -> Actor {
    let mut key = [KEY[0]; 32];
    key[0] = tag;
    Actor::from_bytes(key)
}

/// Every dot that stands in these bytes: a key, and a small number behind it.
pub(crate) fn dots_in(bytes: &[u8]) -> Vec<Dot> {
    let windows = bytes.windows(34).filter(|window| window[1..32] == KEY);
    let small = windows.filter(|window| window[32] <= 250);
    small
        .map(|window| dot(window[0], window[32].into()))
        .collect()
}

pub(crate) fn dot(tag: u8, counter: u64) -> Dot {
    Dot::new(actor(tag), Counter::new(counter))
}

pub(crate) fn bytes<T: Hosted>(copy: &Replicated<T>) -> Vec<u8> {
    codec::encode(&copy.state())
}

/// Some dots seen, of those given.
pub(crate) fn some_seen(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Seen {
    let many = rng.random_range(0..4);
    (0..many)
        .filter_map(|_| dots.choose(rng).copied())
        .collect()
}

pub(crate) fn some_ref(rng: &mut ChaCha8Rng, dots: &[Dot]) -> Ref {
    match dots.choose(rng) {
        Some(dot) if rng.random_bool(0.8) => Ref::Of(*dot),
        Some(dot) if rng.random_bool(0.8) => Ref::Mine {
            counter: dot.counter,
            back: rng.random_range(0..4),
        },
        _ => Ref::This,
    }
}

/// A replica with its author.
#[derive(Clone)]
pub(crate) struct Replica<T: Subject> {
    pub(crate) copy: Replicated<T>,
    pub(crate) draft: Draft<T>,
    pub(crate) delivered: BTreeMap<Actor, u64>,
    /// How many operations of each source are delivered.
    ops: BTreeMap<Actor, usize>,
    /// What is delivered, in this order.
    pub(crate) log: Vec<(Dot, Op<T>)>,
}

impl<T: Subject> Replica<T> {
    pub(crate) fn new(name: Actor) -> Self {
        let copy = Replicated::new(name);
        Replica {
            draft: Draft::of(&copy, Counter::ZERO),
            copy,
            delivered: BTreeMap::new(),
            ops: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    fn count(&self, source: &Actor) -> u64 {
        self.delivered.get(source).copied().unwrap_or(0)
    }

    fn knows_causes(&self, dot: &Dot, op: &Op<T>) -> bool {
        self.copy.causes(op).dots().all(|cause| {
            let own = cause.actor == dot.actor && cause.counter < dot.counter;
            own || cause.counter.get() <= self.count(&cause.actor)
        })
    }

    pub(crate) fn deliver(&mut self, dot: Dot, op: &Op<T>) {
        assert_eq!(self.copy.validate(&dot, op), Ok(()), "valid at its source");
        self.copy.apply(dot, op.clone());
        self.draft.take_in(dot, op);
        self.delivered.insert(dot.actor, dot.counter.get());
        *self.ops.entry(dot.actor).or_default() += 1;
        self.log.push((dot, op.clone()));
    }
}

/// An operation on its way.
#[derive(Clone)]
pub(crate) struct Sent<T: Subject> {
    pub(crate) dot: Dot,
    pub(crate) op: Op<T>,
}

#[derive(Clone)]
pub(crate) struct World<T: Subject> {
    pub(crate) rng: ChaCha8Rng,
    pub(crate) replicas: Vec<Replica<T>>,
    pub(crate) sent: Vec<Sent<T>>,
    /// The places in `sent` of what each source has sent.
    by_source: BTreeMap<Actor, Vec<usize>>,
    /// What each source has sent last.
    made: BTreeMap<Actor, u64>,
    /// Authors write drafts: they go on before their operations are delivered to themselves. Otherwise their dots have
    /// gaps.
    drafts: bool,
}

impl<T: Subject> World<T> {
    pub(crate) fn new(mut rng: ChaCha8Rng) -> Self {
        let n = rng.random_range(2..=5);
        World {
            replicas: (1..=n).map(|tag| Replica::new(actor(tag))).collect(),
            sent: Vec::new(),
            by_source: BTreeMap::new(),
            made: BTreeMap::new(),
            drafts: rng.random(),
            rng,
        }
    }

    fn send(&mut self, dot: Dot, op: Op<T>) {
        self.made.insert(dot.actor, dot.counter.get());
        let of_source = self.by_source.entry(dot.actor).or_default();
        of_source.push(self.sent.len());
        self.sent.push(Sent { dot, op });
    }

    fn next_dot(&mut self, place: usize) -> Dot {
        let me = self.replicas[place].copy.actor();
        let gap = if self.drafts {
            0
        } else {
            self.rng.random_range(0..3)
        };
        let last = self.made.get(&me).copied().unwrap_or(0);
        Dot::new(me, Counter::new(last + 1 + gap))
    }

    /// Some author does something.
    pub(crate) fn act(&mut self) {
        let place = self.rng.random_range(0..self.replicas.len());
        let dot = self.next_dot(place);
        let replica = &mut self.replicas[place];
        let drawn = if self.drafts {
            let rng = &mut self.rng;
            let op = replica.draft.try_make(|value| value.draw(rng));
            assert_eq!(replica.draft.next().counter > dot.counter, op.is_some());
            op
        } else {
            let op = replica.copy.value().draw(&mut self.rng);
            // Without a draft one waits for one's own operations.
            if let Some(op) = &op
                && replica.count(&dot.actor) == self.made.get(&dot.actor).copied().unwrap_or(0)
            {
                replica.deliver(dot, op);
                Some(op.clone())
            } else {
                None
            }
        };
        if let Some(op) = drawn {
            self.send(dot, op);
        }
    }

    /// Some source sends whatever it likes, as long as it is valid, and its causes are delivered to it.
    pub(crate) fn lie(&mut self) {
        let place = self.rng.random_range(0..self.replicas.len());
        if self.drafts {
            return self.act();
        }
        let dot = self.next_dot(place);
        let dots = self.some_dots();
        let op = T::lie(&mut self.rng, &dots);
        let replica = &mut self.replicas[place];
        let current = replica.count(&dot.actor) == self.made.get(&dot.actor).copied().unwrap_or(0);
        if current && replica.knows_causes(&dot, &op) && replica.copy.validate(&dot, &op).is_ok() {
            replica.deliver(dot, &op);
            self.send(dot, op);
        }
    }

    /// Dots of operations that exist, and some that do not.
    pub(crate) fn some_dots(&mut self) -> Vec<Dot> {
        let mut dots: Vec<Dot> = self.sent.iter().map(|sent| sent.dot).collect();
        for _ in 0..2 {
            let tag = self.rng.random_range(0..7);
            let counter = self.rng.random_range(0..20);
            dots.push(self::dot(tag, counter));
        }
        dots
    }

    pub(crate) fn deliver_any(&mut self) -> bool {
        let mut ready = Vec::new();
        for (place, replica) in self.replicas.iter().enumerate() {
            for (source, sent) in &self.by_source {
                let next = sent.get(replica.ops.get(source).copied().unwrap_or(0));
                let knows = |sent: &&Sent<T>| replica.knows_causes(&sent.dot, &sent.op);
                if let Some(next) = next
                    && self.sent.get(*next).filter(knows).is_some()
                {
                    ready.push((place, *next));
                }
            }
        }
        let Some((place, which)) = ready.choose(&mut self.rng).copied() else {
            return false;
        };
        let Sent { dot, op, .. } = self.sent[which].clone();
        self.replicas[place].deliver(dot, &op);
        true
    }

    pub(crate) fn steps(&mut self, steps: usize) {
        for _ in 0..steps {
            match self.rng.random_range(0..10) {
                0..3 => self.act(),
                3 => self.lie(),
                _ => {
                    self.deliver_any();
                }
            }
        }
    }

    /// Lets everything arrive.
    pub(crate) fn settle(&mut self) {
        while self.deliver_any() {}
        for replica in &self.replicas {
            assert_eq!(replica.log.len(), self.sent.len(), "nothing waits for ever");
        }
    }
}

/// What an operation knows of: everything it names, and everything those know of.
pub(crate) fn pasts<T: Subject>(log: &[(Dot, Op<T>)]) -> BTreeMap<Dot, BTreeSet<Dot>> {
    let mut pasts: BTreeMap<Dot, BTreeSet<Dot>> = BTreeMap::new();
    let probe = Replicated::<T>::new(actor(0));
    for (dot, op) in log {
        let causes = probe.causes(op);
        let known = |other: &Dot| {
            let own = other.actor == dot.actor;
            let named = causes.dots();
            let mut named = named.filter(|cause| cause.actor == other.actor);
            own || named.any(|cause| cause.counter >= other.counter)
        };
        let direct: BTreeSet<Dot> = pasts.keys().filter(|other| known(other)).copied().collect();
        let all = direct.iter().flat_map(|d| pasts[d].iter().copied());
        let all: BTreeSet<Dot> = all.chain(direct.iter().copied()).collect();
        pasts.insert(*dot, all);
    }
    pasts
}

/// A copy of what a snapshot holds.
pub(crate) fn restored<T: Hosted>(copy: &Replicated<T>) -> Replicated<T> {
    let state: State<T> = codec::decode(&bytes(copy)).expect("a state decodes");
    let mut restored = Replicated::new(copy.actor());
    restored.sync_from(state);
    restored
}
