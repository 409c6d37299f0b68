//! The same seed gives the same run: again, on other threads, and side by side. Where it does not, it shows.

use std::collections::HashMap;

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::codec::Digest;
use bft_crdts::net::world::peer::{Cargo, Peer};
use bft_crdts::net::world::service::{Connections, Producer, Pull, Push};
use bft_crdts::net::world::{Cpu, Locations, PeerType, Population, RateLaw, Topology};
use bft_crdts::net::{
    Address, Chance, Downtime, Driver, Effects, End, Engine, FakeKeys, Faults, Fingerprint,
    ForgetfulDisk, Law, Limits, Machine, Net, NodeId, OneWay, Outage, Roster, SkewedClock,
    Slowdown, Streams, Tail, Task, TimerId, first_difference, self_check,
};

use super::support::{LIMITS, at, megabit, millis, node};

#[derive(Clone, Debug)]
struct Number(u32);

impl Cargo for Number {
    fn bytes(&self) -> u32 {
        self.0 % 900
    }
}

/// Everything that can go wrong with these nodes.
fn hostile(nodes: u16) -> Faults {
    let each = |how| {
        (0..nodes)
            .map(move |number| Downtime::share(node(number), Chance::percent(10), millis(900), how))
    };
    Faults {
        loss: Chance::percent(5),
        duplication: Chance::percent(5),
        reordering: Chance::percent(5),
        corruption: Chance::percent(5),
        one_way: vec![OneWay {
            senders: vec![node(1)],
            receivers: vec![],
            from: at(500),
            until: at(900),
        }],
        slowdowns: vec![Slowdown {
            node: node(2),
            from: at(300),
            until: at(1_300),
            by: millis(7),
        }],
        downtimes: each(Outage::Suspend)
            .chain(each(Outage::Crash(Tail::Torn)))
            .collect(),
        clocks: vec![SkewedClock {
            node: node(3),
            ahead: millis(100),
            drift: -3_000,
        }],
        heal_at: Some(at(4_000)),
        ..Faults::default()
    }
}

fn population() -> (Population<Number>, Topology, Streams) {
    let peer = |peer: Peer<Number>| {
        peer.service(Connections::default())
            .service(Push::new(3))
            .service(Pull::default())
    };
    let line = RateLaw::Uniform {
        min: megabit(1).unwrap(),
        max: megabit(9).unwrap(),
    };
    let plain = PeerType::new(peer).lines(line, line);
    let client = PeerType::new(move |bare| {
        let every = Law::Exponential { mean: millis(40) };
        peer(bare)
            .service(Producer::new(&every, |_, stream| Number(stream.bits() as u32)).count(50))
    });
    let client = client.cpu(Cpu::free().message(millis(1)));
    let population = Population::new()
        .kind("peer", plain)
        .kind("client", client)
        .on(Locations::aws());
    let streams = Streams::new(9);
    let mut topology = Topology::small_world(20, 2, Chance::percent(20), &mut streams.of("graph"));
    topology.set_kind(node(0), "client");
    (population, topology, streams)
}

/// Peers on a map, with services and faults of all kinds.
fn world(seed: u64) -> (Engine<Peer<Number>>, impl Driver<Peer<Number>>) {
    let (population, topology, streams) = population();
    let (peers, world) = population.settle(&topology, &streams).unwrap();
    let limits = Limits {
        time: at(6_000),
        ..LIMITS
    };
    let faults = hostile(20);
    let engine = Engine::in_world(peers, &world, faults, limits, &Streams::new(seed)).unwrap();
    let driver =
        move |node: NodeId, _: &ForgetfulDisk| population.peer(node, &topology, &streams).ok();
    (engine, driver)
}

fn digest(seed: u64) -> Digest {
    let (mut engine, mut driver) = world(seed);
    let mut print = Fingerprint::new();
    assert_eq!(engine.run(&mut print, &mut driver), End::TimeLimit);
    print.digest()
}

/// A run of the library, under faults of all kinds.
fn bank(seed: u64) -> Net<Bank> {
    let roster = Roster::<FakeKeys>::letters(4);
    let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
    let to = roster.actor("b").unwrap();
    let pays = move |who: &str| {
        Task::<Bank>::from(who, move |context| {
            let paid = context.copy.transfer(&context.me, to, 1);
            paid.map_err(|invalid| invalid.to_string())
        })
    };
    Net::<Bank>::new(roster, bank::ALGORITHM, ledger)
        .seed(seed)
        .faults(hostile(4))
        .workload(["a", "c", "d", "a", "c"].map(pays))
        .traced("bank", "bank")
}

#[test]
fn three_runs_of_a_seed_have_one_digest_and_another_seed_has_another() {
    let first = digest(1);
    assert_eq!([digest(1), digest(1)], [first; 2]);
    assert_ne!(digest(2), first);
    let trace_digest = |seed| bank(seed).run().unwrap().trace_digest;
    let first = trace_digest(1);
    assert_eq!([trace_digest(1), trace_digest(1)], [first; 2]);
    assert_ne!(trace_digest(2), first);
}

/// Digests of four seeds, so many at a time.
fn digests(jobs: u64) -> Vec<(Digest, Digest)> {
    let both = |seed| (digest(seed), bank(seed).run().unwrap().trace_digest);
    let mut found: Vec<_> = std::thread::scope(|scope| {
        let worker = |job| {
            scope.spawn(move || {
                let seeds = (0..4).filter(move |seed| seed % jobs == job);
                seeds.map(|seed| (seed, both(seed))).collect::<Vec<_>>()
            })
        };
        let workers: Vec<_> = (0..jobs).map(worker).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    found.sort_by_key(|(seed, _)| *seed);
    found.into_iter().map(|(_, digests)| digests).collect()
}

#[test]
fn one_job_and_eight_jobs_have_the_same_digests() {
    assert_eq!(digests(1), digests(8));
}

#[test]
fn a_run_that_is_the_same_passes_the_self_check_with_the_digest_it_always_has() {
    let same = self_check(|| world(1)).unwrap();
    assert!(same.steps > 5_000, "{same:?}");
    assert_eq!(same.digest, digest(1));
}

/// Passes on what it was told in the order of a hash map, which is another one every time; or in order.
#[derive(Debug)]
struct Careless {
    ordered: bool,
    told: HashMap<u32, ()>,
}

impl Machine for Careless {
    type Message = u32;
    type Verdict = ();
    type Delivery = ();
    type Note = ();

    fn size(_: &u32) -> u32 {
        4
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        effects.set_timer(millis(100), TimerId(0));
        for number in 0..20 {
            effects.send(Address::Others, number);
        }
    }

    fn message(&mut self, _: NodeId, number: &u32, _: &mut Effects<Self>) {
        self.told.insert(*number, ());
    }

    fn timer(&mut self, _: TimerId, effects: &mut Effects<Self>) {
        let mut told: Vec<u32> = self.told.keys().copied().collect();
        if self.ordered {
            told.sort_unstable();
        }
        for number in told {
            effects.send(Address::Others, 100 + number);
        }
    }
}

fn careless(ordered: bool) -> (Engine<Careless>, ()) {
    let machine = || Careless {
        ordered,
        told: HashMap::new(),
    };
    let machines = vec![machine(), machine()];
    let engine = Engine::new(machines, &[], Faults::default(), LIMITS, &Streams::new(1));
    (engine, ())
}

#[test]
fn a_machine_that_iterates_a_hash_map_is_found_out_at_the_step_in_which_it_does() {
    let difference = self_check(|| careless(false)).unwrap_err();
    assert_eq!(difference.at, at(100), "{difference}");
    // Forty messages arrive before the timer of the first fires.
    assert_eq!(difference.step, 41, "{difference}");
    assert_ne!(difference.one, difference.other);
    for event in [&difference.one, &difference.other] {
        assert!(
            event.contains("Sent") && event.contains("message: 1"),
            "{difference}"
        );
    }
    assert_eq!(self_check(|| careless(true)).unwrap().end, End::Quiet);
}

#[test]
fn the_first_event_in_which_two_traces_differ_is_found() {
    let trace = |seed| bank(seed).run().unwrap().trace.unwrap();
    assert_eq!(first_difference(&trace(1), &trace(1)), None);
    let (one, mut other) = (trace(1), trace(1));
    let difference = first_difference(&one, &trace(2)).unwrap();
    assert_ne!(difference.one, difference.other);
    other.events.truncate(10);
    let shorter = first_difference(&one, &other).unwrap();
    assert_eq!(
        (shorter.at, shorter.other.as_str()),
        (one.events[10].at, "")
    );
    assert!(shorter.to_string().ends_with("other: nothing more"));
}
