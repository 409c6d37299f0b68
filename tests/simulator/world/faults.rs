//! Every fault does what it says, and nothing else.

use bft_crdts::net::world::World;
use bft_crdts::net::{
    Absence, Address, Chance, Clog, Crash, CrashPoint, Downtime, Effects, End, Engine, Faults,
    FullDisk, Law, Machine, NodeId, OneWay, Outage, SkewedClock, Slowdown, Step, Streams, Tail,
    TimerId, VirtualTime,
};

use super::support::{LIMITS, Talker, at, engine, heard, millis, node, quietly, run, run_with};

fn calm() -> Faults {
    Faults {
        latency: Law::Constant(millis(10)),
        ..Faults::default()
    }
}

/// Two nodes that say something to each other every ten milliseconds.
fn chatter(for_millis: u64) -> Vec<Talker> {
    let says = || Talker::saying((0..for_millis / 10).map(|i| (i * 10, Address::Others, vec![0])));
    vec![says(), says()]
}

#[test]
fn a_one_way_partition_silences_one_direction_while_it_stands() {
    let faults = Faults {
        one_way: vec![OneWay {
            senders: vec![node(0)],
            receivers: vec![node(1)],
            from: at(95),
            until: at(205),
        }],
        ..calm()
    };
    let mut engine = engine(chatter(400), &World::default(), faults, 1);
    let (scribe, _) = run(&mut engine);
    assert_eq!(heard(&engine, 0).len(), 40);
    // What was under way when it began does not arrive either: sent at 90 and at 100, …, 200.
    assert_eq!(heard(&engine, 1).len(), 40 - 12);
    assert_eq!(scribe.count("Lost"), 12);
    assert_eq!(scribe.first("Began").0.at, at(95));
    assert_eq!(scribe.first("Finished").0.at, at(205));
}

#[test]
fn an_empty_list_of_a_one_way_partition_is_everybody() {
    let faults = Faults {
        one_way: vec![OneWay {
            senders: vec![],
            receivers: vec![node(1)],
            from: at(0),
            until: at(1_000),
        }],
        ..calm()
    };
    let mut engine = engine(chatter(400), &World::default(), faults, 1);
    run(&mut engine);
    assert_eq!((heard(&engine, 0).len(), heard(&engine, 1).len()), (40, 0));
}

#[test]
fn a_clogged_link_loses_nothing_and_lets_all_go_at_once() {
    let faults = Faults {
        clogs: vec![Clog {
            senders: vec![node(0)],
            receivers: vec![node(1)],
            from: at(95),
            until: at(300),
        }],
        ..calm()
    };
    let mut engine = engine(chatter(400), &World::default(), faults, 1);
    let (scribe, _) = run(&mut engine);
    assert_eq!(scribe.count("Lost"), 0);
    let at_once = heard(&engine, 1)
        .iter()
        .filter(|(at, _)| *at == 310)
        .count();
    // Sent at 100, 110, …, 290, and at 300.
    assert_eq!(at_once, 21);
    assert_eq!(heard(&engine, 1).len(), 40);
    assert!(heard(&engine, 0).iter().all(|(at, _)| at % 10 == 0));
    assert_eq!(heard(&engine, 0).len(), 40);
}

#[test]
fn a_corrupted_message_arrives_as_what_the_machine_says_or_is_lost() {
    let faults = Faults {
        corruption: Chance::percent(20),
        ..calm()
    };
    let message = vec![7; 10];
    let says = Talker::saying((0..2_000).map(|i| (i, Address::Others, message.clone())));
    let mut engine = engine(vec![says, Talker::default()], &World::default(), faults, 1);
    let (scribe, _) = run(&mut engine);
    let (changed, lost) = (scribe.count("Corrupted"), scribe.count("Lost"));
    assert!((320..400).contains(&changed), "{changed}");
    assert!((25..60).contains(&lost), "{lost}");
    let heard = &engine.machine(node(1)).unwrap().heard;
    assert_eq!(heard.len(), 2_000 - lost);
    let differs = heard.iter().filter(|(.., heard)| *heard != message).count();
    assert_eq!(differs, changed);
}

#[test]
fn configured_eighty_percent_down_measures_eighty() {
    for how in [Outage::Suspend, Outage::Crash(Tail::Kept)] {
        let faults = Faults {
            downtimes: vec![Downtime::share(
                node(0),
                Chance::percent(80),
                millis(10),
                how,
            )],
            ..calm()
        };
        let mut engine = engine(vec![Talker::default()], &World::default(), faults, 1);
        engine.start(&mut ());
        let (mut down, mut restarts) = (0_u64, 0);
        for millis in 1..=40_000 {
            engine.call_at(at(millis), millis);
        }
        loop {
            match engine.step(&mut ()) {
                Step::Call(40_000) => break,
                Step::Call(_) => down += u64::from(!engine.is_present(node(0))),
                Step::RestartDue(node) => {
                    restarts += 1;
                    engine.restart(node, Talker::default(), &mut ());
                }
                Step::Ran => {}
                Step::Ended(end) => panic!("{end}"),
            }
        }
        let share = down as f64 / 40_000.0;
        assert!((share - 0.80).abs() < 0.02, "{how:?}: {share}");
        assert_eq!(
            restarts > 1_000,
            how != Outage::Suspend,
            "{how:?}: {restarts}"
        );
    }
}

#[test]
fn a_suspended_node_misses_packets_keeps_its_memory_and_catches_up_on_its_timers() {
    let away = Downtime {
        node: node(1),
        when: Absence::Once {
            from: at(95),
            until: Some(at(205)),
        },
        how: Outage::Suspend,
    };
    let faults = Faults {
        downtimes: vec![away],
        ..calm()
    };
    let mut engine = engine(chatter(400), &World::default(), faults, 1);
    let (scribe, _) = run(&mut engine);
    assert_eq!(scribe.count("Suspended"), 1);
    let there = engine.machine(node(1)).unwrap();
    assert_eq!(there.started, [at(0)]);
    // Sent at 90, …, 190 it is not there to hear; it hears of 80 at 90.
    assert_eq!(there.heard.len(), 40 - 11);
    // Eleven timers that were due from 100 to 200 fire when it is back.
    assert_eq!(
        there
            .fired
            .iter()
            .filter(|fired| **fired == at(205))
            .count(),
        11
    );
    assert_eq!(there.fired.len(), 40);
}

#[test]
fn somebody_joins_leaves_comes_back_and_leaves_for_good() {
    let once = |from, until: Option<u64>, how| Downtime {
        node: node(1),
        when: Absence::Once {
            from: at(from),
            until: until.map(at),
        },
        how,
    };
    for how in [Outage::Suspend, Outage::Crash(Tail::Wiped)] {
        let faults = Faults {
            downtimes: vec![
                once(0, Some(100), how),
                once(200, Some(250), how),
                once(300, None, how),
            ],
            ..calm()
        };
        let mut engine = engine(chatter(400), &World::default(), faults, 1);
        let (scribe, _) = run_with(&mut engine, |_, disk| {
            assert!(disk.bytes().is_empty());
            chatter(400).remove(1)
        });
        // It hears nothing before 100, from 200 to 250, and from 300 on.
        let heard: usize = scribe
            .0
            .iter()
            .filter(|(_, event)| event.starts_with("Arrived") && event.contains("to: NodeId(1)"))
            .map(|(moment, _)| {
                let there = [(100, 200), (250, 300)];
                let is_there = |(from, until)| moment.at >= at(from) && moment.at <= at(until);
                assert!(there.into_iter().any(is_there), "{how:?} {moment:?}");
            })
            .count();
        assert!((14..=16).contains(&heard), "{how:?}: {heard}");
        assert!(!engine.is_present(node(1)));
    }
}

#[test]
fn a_slow_node_takes_longer_for_everything_and_its_queue_grows() {
    let faults = Faults {
        slowdowns: vec![Slowdown {
            node: node(1),
            from: at(95),
            until: at(205),
            by: millis(15),
        }],
        ..calm()
    };
    let says = Talker::saying((0..40).map(|i| (i * 10, Address::Others, vec![0])));
    let mut engine = engine(vec![says, Talker::default()], &World::default(), faults, 1);
    run(&mut engine);
    let heard: Vec<u64> = heard(&engine, 1).iter().map(|(at, _)| *at).collect();
    assert_eq!(heard.len(), 40);
    // The first that is slow arrives at 100; each waits for the one before it.
    assert_eq!(&heard[8..12], &[90, 115, 130, 145]);
    // Eleven came while it was slow; then those that waited go at once.
    assert_eq!(&heard[19..22], &[265, 265, 265]);
    assert_eq!(heard.last(), Some(&400));
}

#[test]
fn a_full_disk_takes_no_record_and_nothing_that_depends_on_it_leaves() {
    let faults = Faults {
        full_disks: vec![FullDisk {
            node: node(1),
            from: at(95),
            until: at(205),
        }],
        ..calm()
    };
    let says = Talker::saying((0..40).map(|i| (i * 10, Address::Others, vec![i as u8])));
    let repeater = Talker {
        repeats: true,
        ..Talker::default()
    };
    let nodes = vec![says, repeater.clone()];
    let mut engine = engine(nodes, &World::default(), faults, 1);
    let (scribe, _) = run_with(&mut engine, |_, _| repeater.clone());
    // It has kept 0..=8, crashes at the next record, and goes on with the first that arrives after 205.
    assert_eq!(scribe.first("Crashed").0.at, at(100));
    assert_eq!(scribe.first("Restarted").0.at, at(205));
    let kept: Vec<u8> = (0..=8).chain(20..40).collect();
    assert_eq!(engine.disk(node(1)).unwrap().bytes(), kept);
    assert_eq!(heard(&engine, 0).len(), kept.len());
}

#[test]
fn a_clock_that_is_ahead_and_fast_shows_it_and_its_timers_run_by_it() {
    let clock = |number, ahead, drift| SkewedClock {
        node: node(number),
        ahead: millis(ahead),
        drift,
    };
    let faults = Faults {
        clocks: vec![clock(0, 500, 1_000_000), clock(1, 0, -500_000)],
        heal_at: Some(at(1)),
        ..calm()
    };
    let nodes = vec![Talker::saying([(100, Address::Others, vec![0])]); 3];
    let mut engine = engine(nodes, &World::default(), faults, 1);
    let (scribe, _) = run(&mut engine);
    let fired: Vec<VirtualTime> = scribe
        .0
        .iter()
        .filter(|(_, event)| event.starts_with("Fired"))
        .map(|(moment, _)| moment.at)
        .collect();
    // Twice as fast: after 50 ms. Half as fast: after 200. Right: after 100.
    assert_eq!(fired, [at(50), at(100), at(200)]);
    let shown = |number| engine.machine(node(number)).unwrap().fired.clone();
    assert_eq!(shown(0), [at(600)]);
    assert_eq!(shown(1), [at(100)]);
    assert_eq!(shown(2), [at(100)]);
}

#[test]
fn healing_ends_everything_but_clocks_and_brings_back_who_is_to_come_back() {
    let long = at(1_000_000);
    let faults = Faults {
        corruption: Chance::ALWAYS,
        one_way: vec![OneWay {
            senders: vec![node(0)],
            receivers: vec![],
            from: at(0),
            until: long,
        }],
        slowdowns: vec![Slowdown {
            node: node(0),
            from: at(0),
            until: long,
            by: millis(50),
        }],
        downtimes: vec![
            Downtime {
                node: node(2),
                when: Absence::Once {
                    from: at(10),
                    until: Some(long),
                },
                how: Outage::Suspend,
            },
            Downtime {
                node: node(3),
                when: Absence::Once {
                    from: at(10),
                    until: None,
                },
                how: Outage::Suspend,
            },
        ],
        heal_at: Some(at(300)),
        ..calm()
    };
    let nodes = [chatter(600), chatter(600)].concat();
    let mut engine = engine(nodes, &World::default(), faults, 1);
    let (scribe, end) = run(&mut engine);
    assert_eq!(end, End::Quiet);
    let after = |number| {
        let heard = &engine.machine(node(number)).unwrap().heard;
        let after = heard
            .iter()
            .filter(|(at, ..)| *at >= VirtualTime::from_millis(310));
        after.filter(|(.., bytes)| *bytes == [0]).count()
    };
    assert_eq!(scribe.first("Resumed").0.at, at(300));
    // Two others speak every ten milliseconds, and the third when it has come back; the fourth is gone.
    assert!(after(1) >= 58, "{}", after(1));
    assert!(after(2) >= 58, "{}", after(2));
    assert_eq!(engine.machine(node(3)).unwrap().heard.len(), 0);
}

#[test]
fn a_run_that_takes_too_much_memory_ends_and_says_why() {
    let says =
        |bytes| Talker::saying((0..2_000).map(move |i| (i, Address::Others, vec![0; bytes])));
    let listen = || {
        engine(
            vec![says(10_000), Talker::default()],
            &World::default(),
            calm(),
            1,
        )
    };
    let mut free = listen();
    assert_eq!(quietly(&mut free), End::Quiet);
    // About ten messages are under way at a time.
    let mut enough = listen();
    enough.limit_memory(1_000_000);
    assert_eq!(quietly(&mut enough), End::Quiet);
    let mut too_little = listen();
    too_little.limit_memory(50_000);
    let end = quietly(&mut too_little);
    assert_eq!(end.to_string(), "the limit of memory is exceeded");

    let holds = Talker {
        holds: 1 << 40,
        ..says(1)
    };
    let mut hoarder = engine(vec![holds], &World::default(), calm(), 1);
    hoarder.limit_memory(1_000_000);
    assert_eq!(quietly(&mut hoarder), End::MemoryLimit);
}

/// Writes two records at once, and sends nothing after them.
#[derive(Debug)]
struct Writer;

impl Machine for Writer {
    type Message = ();
    type Verdict = ();
    type Delivery = ();
    type Note = ();
    fn size((): &()) -> u32 {
        0
    }
    fn start(&mut self, effects: &mut Effects<Self>) {
        effects.persist(b"one.".to_vec());
        effects.send(Address::Others, ());
        effects.persist(b"two.".to_vec());
        effects.persist(b"four".to_vec());
    }
    fn message(&mut self, _: NodeId, (): &(), _: &mut Effects<Self>) {}
    fn timer(&mut self, _: TimerId, _: &mut Effects<Self>) {}
}

#[test]
fn torn_and_flipped_writes_damage_only_what_was_not_synced() {
    let after = |tail| {
        let faults = Faults {
            crashes: vec![Crash {
                node: node(0),
                when: CrashPoint::At(at(50)),
                tail,
                down: None,
            }],
            ..calm()
        };
        let mut engine = Engine::new(vec![Writer], &[], faults, LIMITS, &Streams::new(1));
        run_with(&mut engine, |_, _| Writer);
        engine.disk(node(0)).unwrap().bytes().to_vec()
    };
    assert_eq!(after(Tail::TornAfter(6)), b"one.two.fo");
    assert_eq!(after(Tail::Flipped(1)), b"one.vwo.four");
    assert_eq!(after(Tail::Lost), b"one.");
}
