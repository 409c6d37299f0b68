//! How fast the engine is. Run it alone, in release: `cargo test --release --test simulator speed -- --ignored
//! --nocapture`.

use std::sync::Arc;

use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::{
    Address, Bandwidth, Chance, Effects, Engine, Faults, Limits, Machine, NodeId, Rate, Span, Step,
    Streams, TimerId, VirtualTime,
};

use crate::support::{bank, drawn, honest};

/// Sends 64 bytes to everyone, again and again, and counts what it gets.
#[derive(Debug, Default)]
struct Flood {
    received: u64,
}

impl Machine for Flood {
    type Message = Arc<[u8; 64]>;
    type Verdict = ();
    type Delivery = ();
    type Note = ();

    fn size(_: &Self::Message) -> u32 {
        64
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        effects.set_timer(Span::from_millis(1), TimerId(0));
    }

    fn message(&mut self, _: NodeId, message: &Self::Message, _: &mut Effects<Self>) {
        self.received += u64::from(message[0]);
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        effects.send(Address::Others, Arc::new([1; 64]));
        effects.set_timer(Span::from_millis(1), timer);
    }
}

fn flood(n: u16, messages: u64) -> u64 {
    let rate = Rate::bits_per_second(1_000_000_000);
    let lines = vec![
        Bandwidth {
            upload: rate,
            download: None
        };
        usize::from(n)
    ];
    let limits = Limits {
        steps: messages,
        time: VirtualTime::NEVER,
    };
    let nodes = (0..n).map(|_| Flood::default()).collect();
    let mut engine = Engine::new(nodes, &lines, Faults::default(), limits, &Streams::new(1));
    engine.start(&mut ());
    while engine.step(&mut ()) == Step::Ran {}
    (0..n)
        .filter_map(|node| engine.machine(NodeId::new(node)))
        .map(|machine| machine.received)
        .sum()
}

#[test]
fn a_flood_is_counted_to_the_last_message() {
    // Each of 4 nodes ticks once a millisecond: one step for the tick, three for the arrivals.
    assert!((70_000..=75_000).contains(&flood(4, 100_000)));
}

/// Nanoseconds this thread has had of a processor; other work on the machine does not count.
fn cpu_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

fn per_second(count: u64, since: u64) -> f64 {
    count as f64 * 1e9 / (cpu_time() - since) as f64
}

#[test]
#[ignore = "measures; wants a release build"]
fn two_million_messages_a_second() {
    for n in [32, 100] {
        let start = cpu_time();
        let rate = per_second(flood(n, 10_000_000), start) / 1e6;
        println!("n = {n}: {rate:.2} million messages per second");
        assert!(rate > if n == 32 { 2.0 } else { 1.0 });
    }
}

#[test]
#[ignore = "measures; wants a release build"]
fn two_hundred_short_runs_a_second() {
    let kinds = AdversaryKind::MEMBERS;
    let start = cpu_time();
    for seed in 0..600 {
        let faults = Faults {
            loss: Chance::percent(10),
            ..Faults::default()
        };
        let adversary = kinds[seed as usize % kinds.len()].build();
        let net = bank(4).seed(seed).faults(faults).adversary("d", adversary);
        honest(&net.workload(drawn(&["a", "b", "c"], 20)).run().unwrap());
    }
    let rate = per_second(600, start);
    println!(
        "{rate:.0} runs per second of 4 members, 20 operations, 10 % loss and an adversary, with all checkers"
    );
    assert!(rate > 200.0);
}
