//! Secure broadcast keeps its promises in a world in which everything goes wrong that may.

use std::cell::Cell;

use bft_crdts::bank::{self, Bank, Ledger};
use bft_crdts::net::adversary::AdversaryKind;
use bft_crdts::net::world::{Cpu, Hardware, Locations, World};
use bft_crdts::net::{
    Absence, Chance, Clog, Downtime, FakeKeys, Faults, FullDisk, Law, Net, NodeId, OneWay, Outage,
    Report, Roster, SkewedClock, Slowdown, Span, Stream, Streams, Tail, Task, VirtualTime,
};

use super::support::{at, line, millis, node};
use crate::networks;

const HEAL: u64 = 5_000;

/// A time of the plan, and a later one.
fn times(stream: &mut Stream) -> (VirtualTime, VirtualTime) {
    let (one, other) = (stream.below(HEAL), stream.below(HEAL));
    (at(one.min(other)), at(one.max(other)))
}

fn anybody(stream: &mut Stream) -> NodeId {
    node(stream.below(4) as u16)
}

fn pick(stream: &mut Stream) -> Vec<NodeId> {
    (0..4).filter(|_| stream.below(2) == 0).map(node).collect()
}

/// All of the newer faults, drawn from a seed.
fn drawn(seed: u64) -> Faults {
    let mut stream = Streams::new(seed).of("plan");
    let stream = &mut stream;
    let corruption = Chance::percent(stream.below(20) as u32);
    let one_way = (0..stream.below(3)).map(|_| {
        let (from, until) = times(stream);
        OneWay {
            senders: pick(stream),
            receivers: pick(stream),
            from,
            until,
        }
    });
    let one_way = one_way.collect();
    let clogs = (0..stream.below(3)).map(|_| {
        let (from, until) = times(stream);
        Clog {
            senders: pick(stream),
            receivers: pick(stream),
            from,
            until,
        }
    });
    let clogs = clogs.collect();
    let slowdowns = (0..stream.below(3)).map(|_| {
        let (from, until) = times(stream);
        Slowdown {
            node: anybody(stream),
            from,
            until,
            by: stream.span(Span::ZERO, millis(30)),
        }
    });
    let slowdowns = slowdowns.collect();
    let full_disks = (0..stream.below(3)).map(|_| {
        let (from, until) = times(stream);
        FullDisk {
            node: anybody(stream),
            from,
            until,
        }
    });
    let full_disks = full_disks.collect();
    let downtimes = (0..4).filter_map(|number| {
        let tail = [
            Tail::Kept,
            Tail::Lost,
            Tail::TornAfter(stream.below(400) as u32),
        ];
        let crash = Outage::Crash(*stream.pick(&tail).unwrap());
        let how = [Outage::Suspend, crash][stream.index(2)];
        let cycle = millis(stream.range(500, 3_000));
        let share = Chance::percent(stream.below(60) as u32);
        (stream.below(2) == 0).then(|| Downtime::share(node(number), share, cycle, how))
    });
    let mut downtimes: Vec<Downtime> = downtimes.collect();
    if stream.below(4) == 0 {
        downtimes.retain(|downtime| downtime.node != node(2));
        downtimes.push(Downtime {
            node: node(2),
            when: Absence::Once {
                from: VirtualTime::ZERO,
                until: Some(at(stream.below(HEAL))),
            },
            how: Outage::Crash(Tail::Lost),
        });
    }
    let clocks = (0..4).map(|number| SkewedClock {
        node: node(number),
        ahead: stream.span(Span::ZERO, Span::from_secs(3_600)),
        drift: stream.range(0, 1_000_000) as i32 - 500_000,
    });
    let clocks = clocks.collect();
    Faults {
        loss: Chance::percent(stream.below(20) as u32),
        corruption,
        one_way,
        clogs,
        slowdowns,
        full_disks,
        downtimes,
        clocks,
        heal_at: Some(at(HEAL)),
        ..Faults::default()
    }
}

fn network(seed: u64) -> Net<Bank> {
    let roster = Roster::<FakeKeys>::letters(4);
    let ledger = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap();
    let to = roster.actor("d").unwrap();
    let pays = move |who: &str| {
        Task::<Bank>::from(who, move |context| {
            let paid = context.copy.transfer(&context.me, to, 1);
            paid.map_err(|invalid| invalid.to_string())
        })
    };
    Net::<Bank>::new(roster, bank::ALGORITHM, ledger)
        .seed(seed)
        .workload(["a", "b", "c", "a", "b", "c", "a", "b", "c"].map(pays))
}

fn judged(seed: u64, report: &Report<Bank>) {
    assert_eq!(report.violations, [], "seed {seed}");
    assert!(report.converged, "seed {seed}");
    assert_eq!(
        report.delivered, 9,
        "seed {seed}: {:?} {:?}",
        report.ended, report.refused
    );
}

#[test]
fn nothing_that_only_the_world_does_breaks_a_promise() {
    let (corrupted, crashed) = (Cell::new(0), Cell::new(0));
    networks::check(2, 9, |plan| {
        let mut net = network(plan.seed).faults(plan.faults(drawn(plan.seed)));
        if plan.number % 2 == 0 {
            let kinds = AdversaryKind::MEMBERS;
            net = net.adversary("d", kinds[plan.number as usize / 2 % kinds.len()].build());
        }
        let report = networks::run_net(net);
        judged(plan.seed, &report);
        corrupted.set(corrupted.get() + report.traffic.corrupted);
        let crashes = report.sometimes.get("a node crashed").unwrap_or(&0);
        crashed.set(crashed.get() + crashes);
    });
    let runs = networks::cases(2);
    let both = corrupted.get() > runs && crashed.get() > runs;
    assert!(both || runs < 50, "{corrupted:?} {crashed:?}");
}

#[test]
fn replicas_on_three_continents_agree_and_take_the_time_their_ways_take() {
    let aws = Locations::aws();
    let hardware = |place| Hardware {
        location: aws.find(place).unwrap(),
        bandwidth: line(50, 50),
        cpu: Cpu::free()
            .message(Span::from_micros(100))
            .timer(Span::from_micros(10)),
    };
    let places = ["Ohio", "Ireland", "Tokyo", "Tokyo"].map(hardware);
    let world = World::new(places).on(aws.clone());
    let report = network(1).world(world).run().unwrap();
    judged(1, &report);
    // From Ohio to a quorum and back, and once more to the last: two ways of 156 ms, and one of them again.
    let all = report.latency.everywhere;
    assert!(
        all.p50 > millis(300) && all.max < Span::from_secs(4),
        "{all:?}"
    );
}

#[test]
fn a_member_whose_disk_flips_a_bit_counts_as_faulty_and_the_others_go_on() {
    let faults = |tail| Faults {
        latency: Law::Constant(millis(5)),
        downtimes: vec![Downtime {
            node: node(3),
            when: Absence::Once {
                from: at(300),
                until: Some(at(400)),
            },
            how: Outage::Crash(tail),
        }],
        ..Faults::default()
    };
    let correct = |tail| {
        let report = network(1).faults(faults(tail)).run().unwrap();
        judged(1, &report);
        report.finals.len()
    };
    assert_eq!(correct(Tail::Lost), 4);
    assert_eq!(correct(Tail::Flipped(77)), 3);
}
