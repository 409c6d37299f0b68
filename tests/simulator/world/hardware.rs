//! Lines and processors are queues.

use bft_crdts::net::world::{Cpu, Hardware, World};
use bft_crdts::net::{Address, Crash, CrashPoint, Faults, Law, Span, Tail};

use super::support::{Talker, at, engine, heard, line, millis, node, quietly, run};

const MEGABYTE: usize = 1_000_000;

fn constant() -> Faults {
    Faults {
        latency: Law::Constant(millis(40)),
        ..Faults::default()
    }
}

fn to(number: u16) -> Address {
    Address::One(node(number))
}

#[test]
fn a_megabyte_over_50_megabit_takes_160_ms_plus_latency_and_three_at_once_queue() {
    let lines = Hardware {
        bandwidth: line(50, 1_000_000_000),
        ..Hardware::default()
    };
    let world = World::new([lines]);
    let one = Talker::saying([(0, to(1), vec![0; MEGABYTE])]);
    let mut alone = engine(vec![one, Talker::default()], &world, constant(), 1);
    quietly(&mut alone);
    assert_eq!(heard(&alone, 1), [(200, MEGABYTE)]);

    let three = Talker::saying((0..3).map(|_| (0, to(1), vec![0; MEGABYTE])));
    let mut queue = engine(vec![three, Talker::default()], &world, constant(), 1);
    quietly(&mut queue);
    assert_eq!(heard(&queue, 1), [200, 360, 520].map(|at| (at, MEGABYTE)));
}

#[test]
fn a_download_queues_what_comes_from_several_at_once() {
    let slow = Hardware {
        bandwidth: line(1_000_000_000, 50),
        ..Hardware::default()
    };
    let world = World::new([slow]);
    let speaker = Talker::saying([(0, to(0), vec![0; MEGABYTE])]);
    let nodes = vec![Talker::default(), speaker.clone(), speaker.clone(), speaker];
    let mut engine = engine(nodes, &world, constant(), 1);
    quietly(&mut engine);
    assert_eq!(heard(&engine, 0), [200, 360, 520].map(|at| (at, MEGABYTE)));
}

fn busy() -> World {
    let cpu = Cpu::free()
        .kind("slow", millis(30))
        .kind("quick", millis(1))
        .timer(millis(2));
    World::new([Hardware {
        cpu,
        ..Hardware::default()
    }])
}

#[test]
fn a_busy_node_does_one_thing_after_the_other_and_each_kind_takes_its_time() {
    let speaker = Talker::saying([
        (0, to(0), b"s".to_vec()),
        (1, to(0), b"qq".to_vec()),
        (2, to(0), b"sss".to_vec()),
        (200, to(0), b"qqqq".to_vec()),
        (300, to(0), b"other".to_vec()),
    ]);
    let mut engine = engine(vec![Talker::default(), speaker], &busy(), constant(), 1);
    run(&mut engine);
    let expected = [(70, 1), (71, 2), (101, 3), (241, 4), (340, 5)];
    assert_eq!(heard(&engine, 0), expected);
}

#[test]
fn a_timer_waits_until_its_node_has_done_what_came_before() {
    let speaker = Talker::saying([(0, to(0), b"s".to_vec())]);
    let sleeper = Talker::saying([(50, to(1), b"x".to_vec()), (100, to(1), b"y".to_vec())]);
    let mut engine = engine(vec![sleeper, speaker], &busy(), constant(), 1);
    run(&mut engine);
    let fired = &engine.machine(node(0)).unwrap().fired;
    // Busy from 40 to 70, then 2 ms for each timer.
    assert_eq!(fired, &[at(72), at(102)]);
}

#[test]
fn work_that_a_crash_interrupts_is_lost() {
    let speaker = Talker::saying([(0, to(0), b"s".to_vec()), (100, to(0), b"qq".to_vec())]);
    let faults = Faults {
        crashes: vec![Crash {
            node: node(0),
            when: CrashPoint::At(at(50)),
            tail: Tail::Kept,
            down: Some(Span::from_millis(5)),
        }],
        ..constant()
    };
    let mut engine = engine(vec![Talker::default(), speaker], &busy(), faults, 1);
    let (scribe, _) = run(&mut engine);
    assert_eq!(heard(&engine, 0), [(141, 2)]);
    assert_eq!(scribe.first("ReceiverDown").0.at, at(70));
}
