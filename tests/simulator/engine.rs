//! The engine, with a toy protocol on it: a gossip that passes every number on once.

use std::collections::BTreeSet;

use bft_crdts::net::{
    Address, Bandwidth, Chance, Crash, CrashPoint, Effects, End, Engine, Event, Faults, Law,
    Limits, Loss, Machine, Moment, NodeId, Observer, Partition, Rate, Span, Step, Streams, Tail,
    TimerId, VirtualTime,
};

/// Delivers every number it hears of and passes it on; asks again on every tick.
#[derive(Debug, Default)]
struct Gossip {
    known: BTreeSet<u64>,
    starts_with: Option<u64>,
    ticks: u32,
}

const TICK: TimerId = TimerId(1);

impl Gossip {
    fn learn(&mut self, number: u64, effects: &mut Effects<Self>) -> bool {
        let new = self.known.insert(number);
        if new {
            effects.persist(number.to_le_bytes().to_vec());
            effects.deliver(number);
            effects.send(Address::Others, number);
        }
        new
    }

    fn restored(journal: &[u8]) -> Self {
        let known = journal
            .chunks_exact(8)
            .map(|record| u64::from_le_bytes(record.try_into().unwrap()))
            .collect();
        Self {
            known,
            starts_with: None,
            ticks: 0,
        }
    }
}

impl Machine for Gossip {
    type Message = u64;
    type Verdict = bool;
    type Delivery = u64;
    type Note = String;

    fn size(_: &u64) -> u32 {
        100
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        if let Some(number) = self.starts_with {
            self.learn(number, effects);
        }
        effects.set_timer(Span::from_millis(50), TICK);
    }

    fn message(&mut self, _: NodeId, number: &u64, effects: &mut Effects<Self>) -> bool {
        self.learn(*number, effects)
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        assert_eq!(timer, TICK);
        self.ticks += 1;
        for number in &self.known {
            effects.send(Address::Others, *number);
        }
        if self.ticks < 20 {
            effects.set_timer(Span::from_millis(50), TICK);
        } else {
            effects.note("enough".into());
        }
    }
}

/// Writes every event down.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scribe {
    lines: Vec<String>,
    delivered: Vec<(NodeId, u64)>,
    lost: Vec<(Moment, Loss)>,
    arrived: Vec<(Moment, NodeId)>,
}

impl Observer<Gossip> for Scribe {
    fn event(&mut self, moment: Moment, event: Event<'_, Gossip>) {
        self.lines
            .push(format!("{} {} {event:?}", moment.at, moment.step));
        match event {
            Event::Delivered { node, delivery } => self.delivered.push((node, delivery)),
            Event::Lost { why, .. } => self.lost.push((moment, why)),
            Event::Arrived { to, .. } => self.arrived.push((moment, to)),
            _ => {}
        }
    }
}

const LIMITS: Limits = Limits {
    steps: 1_000_000,
    time: VirtualTime::from_secs(60),
};

fn machines(n: u16) -> Vec<Gossip> {
    (0..n)
        .map(|number| Gossip {
            starts_with: (number == 0).then_some(7),
            ..Gossip::default()
        })
        .collect()
}

fn node(number: u16) -> NodeId {
    NodeId::new(number)
}

fn run_on(mut engine: Engine<Gossip>) -> (Scribe, Engine<Gossip>, End) {
    let mut scribe = Scribe::default();
    engine.start(&mut scribe);
    loop {
        match engine.step(&mut scribe) {
            Step::Ran | Step::Call(_) => {}
            Step::RestartDue(node) => {
                let machine = Gossip::restored(engine.disk(node).unwrap().bytes());
                engine.restart(node, machine, &mut scribe);
            }
            Step::Ended(end) => return (scribe, engine, end),
        }
    }
}

fn run(faults: Faults, seed: u64) -> (Scribe, Engine<Gossip>, End) {
    run_on(Engine::new(
        machines(5),
        &[],
        faults,
        LIMITS,
        &Streams::new(seed),
    ))
}

fn hostile() -> Faults {
    Faults {
        loss: Chance::percent(20),
        duplication: Chance::percent(20),
        reordering: Chance::percent(20),
        partitions: vec![Partition {
            groups: vec![vec![node(0), node(1)]],
            from: VirtualTime::from_millis(20),
            until: VirtualTime::from_millis(90),
        }],
        crashes: vec![Crash {
            node: node(2),
            when: CrashPoint::AfterEffects(5),
            tail: Tail::Lost,
            down: Some(Span::from_millis(70)),
        }],
        ..Faults::default()
    }
}

#[test]
fn equal_seeds_give_equal_runs_on_any_thread_and_other_seeds_do_not() {
    let here = run(hostile(), 1).0;
    let there = std::thread::spawn(|| run(hostile(), 1).0).join().unwrap();
    assert_eq!(here, there);
    assert_ne!(here, run(hostile(), 2).0);
}

#[test]
fn gossip_reaches_everyone_through_loss_partition_and_a_crash() {
    for seed in 0..50 {
        let (_, engine, end) = run(hostile(), seed);
        assert_eq!(end, End::Quiet);
        for number in 0..5 {
            assert!(
                engine.machine(node(number)).unwrap().known.contains(&7),
                "seed {seed}, node {number}"
            );
        }
    }
}

#[test]
fn time_never_runs_backwards_and_a_perfect_network_loses_nothing() {
    let (scribe, ..) = run(Faults::default(), 3);
    assert!(scribe.arrived.is_sorted_by_key(|(moment, _)| *moment));
    assert_eq!(scribe.lost, []);
    assert_eq!(scribe.delivered.len(), 5);
}

#[test]
fn twenty_percent_loss_loses_twenty_percent() {
    let faults = Faults {
        loss: Chance::percent(20),
        ..Faults::default()
    };
    let (mut lost, mut arrived) = (0, 0);
    for seed in 0..20 {
        let (scribe, ..) = run(faults.clone(), seed);
        lost += scribe.lost.len();
        arrived += scribe.arrived.len();
    }
    let share = lost * 1_000 / (lost + arrived);
    assert!((185..215).contains(&share), "{share} per thousand");
}

#[test]
fn a_partition_keeps_everything_back_until_it_heals() {
    let (from, until) = (VirtualTime::ZERO, VirtualTime::from_millis(400));
    let faults = Faults {
        latency: Law::Constant(Span::from_millis(5)),
        partitions: vec![Partition {
            groups: vec![vec![node(0), node(1)], vec![node(2)]],
            from,
            until,
        }],
        ..Faults::default()
    };
    let (scribe, engine, _) = run(faults, 1);
    let early = |to: &[u16]| {
        scribe
            .arrived
            .iter()
            .any(|(m, at)| m.at < until && to.contains(&at.get()))
    };
    assert!(early(&[1]), "the same side is reached");
    assert!(!early(&[2]), "the other side is not");
    assert!(
        !early(&[3, 4]),
        "nor are those whom no group names, who know nothing to tell each other"
    );
    assert!((0..5).all(|number| engine.machine(node(number)).unwrap().known.contains(&7)));
    assert!(
        scribe
            .lost
            .iter()
            .all(|(moment, why)| moment.at < until && *why == Loss::Partition)
    );
}

/// A node that crashes after each of its effects in turn, and forgets what it had not synced.
#[test]
fn a_crash_falls_between_any_two_effects_and_only_synced_records_survive() {
    let mut kept = BTreeSet::new();
    for count in 0..8 {
        let faults = Faults {
            crashes: vec![Crash {
                node: node(0),
                when: CrashPoint::AfterEffects(count),
                tail: Tail::Lost,
                down: Some(Span::from_millis(500)),
            }],
            ..Faults::default()
        };
        let mut engine = Engine::new(machines(1), &[], faults, LIMITS, &Streams::new(1));
        let mut scribe = Scribe::default();
        engine.start(&mut scribe);
        // The effects of the start: persist, deliver, send, set a timer.
        while !matches!(
            engine.step(&mut scribe),
            Step::RestartDue(_) | Step::Ended(_)
        ) {}
        let records = engine.disk(node(0)).unwrap().bytes().len() / 8;
        kept.insert((count, records));
        assert_eq!(
            engine.effects_of(node(0)),
            count,
            "it did as much as it was allowed, and no more"
        );
    }
    let expected = [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 1),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 1),
    ];
    assert_eq!(kept, expected.into_iter().collect());
}

#[test]
fn timers_die_with_the_machine_that_set_them() {
    let faults = Faults {
        crashes: vec![Crash {
            node: node(1),
            when: CrashPoint::At(VirtualTime::from_millis(10)),
            tail: Tail::Kept,
            down: Some(Span::from_millis(5)),
        }],
        ..Faults::default()
    };
    let (scribe, engine, _) = run(faults, 1);
    let fired = |needle: &str| {
        scribe
            .lines
            .iter()
            .filter(|line| line.contains(needle))
            .count()
    };
    assert_eq!(
        fired("Fired { node: NodeId(1)"),
        20,
        "one series of ticks, not two"
    );
    assert_eq!(engine.machine(node(1)).unwrap().ticks, 20);
}

#[test]
fn healing_ends_every_fault_and_brings_the_crashed_back() {
    let heal_at = VirtualTime::from_millis(120);
    let faults = Faults {
        loss: Chance::percent(90),
        duplication: Chance::percent(50),
        partitions: vec![Partition {
            groups: vec![vec![node(0)]],
            from: VirtualTime::ZERO,
            until: VirtualTime::from_secs(50),
        }],
        crashes: vec![Crash {
            node: node(3),
            when: CrashPoint::At(VirtualTime::from_millis(1)),
            tail: Tail::Lost,
            down: Some(Span::from_secs(50)),
        }],
        heal_at: Some(heal_at),
        ..Faults::default()
    };
    let (scribe, engine, end) = run(faults, 1);
    assert_eq!(end, End::Quiet);
    assert!(scribe.lost.iter().all(|(moment, _)| moment.at <= heal_at));
    assert!((0..5).all(|number| engine.machine(node(number)).unwrap().known.contains(&7)));
}

#[test]
fn a_run_that_exceeds_a_limit_says_which() {
    let end = |limits| {
        run_on(Engine::new(
            machines(5),
            &[],
            Faults::default(),
            limits,
            &Streams::new(1),
        ))
        .2
    };
    assert_eq!(
        end(Limits {
            steps: 10,
            ..LIMITS
        }),
        End::StepLimit
    );
    assert_eq!(
        end(Limits {
            time: VirtualTime::from_millis(60),
            ..LIMITS
        }),
        End::TimeLimit
    );
    assert_eq!(end(LIMITS), End::Quiet);
}

/// Three messages of a megabyte each, sent at once over 50 Mbit/s, leave one after the other.
#[test]
fn packets_queue_on_a_slow_line_one_behind_the_other() {
    #[derive(Debug)]
    struct Bulk;
    impl Machine for Bulk {
        type Message = ();
        type Verdict = ();
        type Delivery = ();
        type Note = ();
        fn size((): &()) -> u32 {
            1_000_000
        }
        fn start(&mut self, _: &mut Effects<Self>) {}
        fn message(&mut self, _: NodeId, (): &(), _: &mut Effects<Self>) {}
        fn timer(&mut self, _: TimerId, _: &mut Effects<Self>) {}
    }
    struct Arrivals(Vec<u64>);
    impl Observer<Bulk> for Arrivals {
        fn event(&mut self, moment: Moment, event: Event<'_, Bulk>) {
            if let Event::Arrived { .. } = event {
                self.0.push(moment.at.as_nanos() / 1_000_000);
            }
        }
    }
    let slow = Rate::bits_per_second(50_000_000);
    let arrivals = |upload, download, senders: &[u16]| {
        let faults = Faults {
            latency: Law::Constant(Span::from_millis(40)),
            ..Faults::default()
        };
        let lines = [Bandwidth { upload, download }; 5];
        let machines = vec![Bulk, Bulk, Bulk, Bulk, Bulk];
        let mut engine = Engine::new(machines, &lines, faults, LIMITS, &Streams::new(1));
        let mut arrivals = Arrivals(Vec::new());
        for sender in senders {
            engine.input(node(*sender), &mut arrivals, |_, effects| {
                effects.send(Address::One(node(4)), ())
            });
        }
        while engine.step(&mut arrivals) == Step::Ran {}
        arrivals.0
    };
    assert_eq!(
        arrivals(slow, None, &[0, 0, 0]),
        [200, 360, 520],
        "they queue at the sender"
    );
    assert_eq!(
        arrivals(None, slow, &[1, 2, 3]),
        [200, 360, 520],
        "and at the receiver"
    );
    assert_eq!(
        arrivals(slow, slow, &[0, 0, 0]),
        [360, 520, 680],
        "and the last passes both lines in turn"
    );
    assert_eq!(arrivals(None, None, &[0, 0, 0]), [40, 40, 40]);
}
