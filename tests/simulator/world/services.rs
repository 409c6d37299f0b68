//! Each service does what it says, and they work together.

use std::collections::BTreeMap;

use bft_crdts::net::world::peer::{
    Cargo, Item, ItemId, Parting, Peer, PeerContext, PeerMessage, Remark, Service, Validation,
    current_topology,
};
use bft_crdts::net::world::service::{Bootstrap, Connections, Producer, Pull, Push, RangedPull};
use bft_crdts::net::world::{
    Hardware, Locations, PeerType, Population, RateLaw, Topology, World, WorldError,
};
use bft_crdts::net::{
    Absence, Chance, Downtime, Engine, Event, Faults, Law, Limits, Machine, Moment, NodeId,
    Observer, Outage, Step, Streams, VirtualTime,
};

use super::support::{at, megabit, millis, node};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Number(u32);

impl Cargo for Number {
    fn bytes(&self) -> u32 {
        100
    }
}

type Net = Engine<Peer<Number>>;

/// What was sent by kind and bytes, what was delivered, and what was said.
#[derive(Debug, Default)]
struct Log {
    sent: BTreeMap<&'static str, (u64, u64)>,
    delivered: Vec<(VirtualTime, NodeId, ItemId)>,
    said: Vec<(VirtualTime, NodeId, Remark)>,
}

impl Observer<Peer<Number>> for Log {
    fn event(&mut self, moment: Moment, event: Event<'_, Peer<Number>>) {
        match event {
            Event::Sent { message, bytes, .. } => {
                let sent = self.sent.entry(Peer::kind(message)).or_default();
                sent.0 += 1;
                sent.1 += u64::from(bytes);
            }
            Event::Delivered { node, delivery } => {
                self.delivered.push((moment.at, node, delivery.0.id));
            }
            Event::Noted { node, note } => self.said.push((moment.at, node, note)),
            _ => {}
        }
    }
}

impl Log {
    fn sent(&self, kind: &str) -> u64 {
        self.sent.get(kind).map_or(0, |(count, _)| *count)
    }
}

fn calm() -> Faults {
    Faults {
        latency: Law::Constant(millis(10)),
        ..Faults::default()
    }
}

fn producer(count: u32) -> Producer<Number> {
    Producer::new(&Law::Constant(millis(100)), |number, _| Number(number)).count(count)
}

/// Peers on a topology, the first of which has a service more.
fn peers(
    topology: &Topology,
    first: impl Service<Number> + 'static,
    furnish: impl Fn(Peer<Number>) -> Peer<Number>,
) -> Vec<Peer<Number>> {
    let streams = Streams::new(1);
    let peer = |node| furnish(Peer::new(node, &streams).neighbours(topology.neighbours(node)));
    let mut peers: Vec<Peer<Number>> = topology.nodes().map(peer).collect();
    let maker = peers.remove(0).service(first);
    peers.insert(0, maker);
    peers
}

fn run_in(peers: Vec<Peer<Number>>, world: &World, faults: Faults, until: u64) -> (Net, Log) {
    let limits = Limits {
        steps: 1_000_000,
        time: at(until),
    };
    let mut engine = Engine::in_world(peers, world, faults, limits, &Streams::new(1)).unwrap();
    let mut log = Log::default();
    engine.start(&mut log);
    while engine.step(&mut log) == Step::Ran {}
    (engine, log)
}

fn run(peers: Vec<Peer<Number>>, faults: Faults, until: u64) -> (Net, Log) {
    run_in(peers, &World::default(), faults, until)
}

/// How many items every peer has.
fn counts(engine: &Net) -> Vec<usize> {
    let nodes = (0..engine.nodes()).map(|place| node(place as u16));
    nodes
        .map(|node| engine.machine(node).unwrap().store().len())
        .collect()
}

#[test]
fn an_item_is_passed_on_as_often_as_its_time_to_live_says() {
    let line = Topology::line(8);
    let nodes = peers(&line, producer(1).ttl(3), |peer| {
        peer.service(Push::to_all())
    });
    let (engine, log) = run(nodes, calm(), 10_000);
    assert_eq!(counts(&engine), [1, 1, 1, 1, 1, 0, 0, 0]);
    let times: Vec<VirtualTime> = log.delivered.iter().map(|(at, ..)| *at).collect();
    assert_eq!(times, [100, 110, 120, 130, 140].map(at));
}

#[test]
fn push_sends_each_item_to_as_many_as_its_fan_out_and_not_back() {
    let mesh = Topology::full_mesh(20);
    let maker = producer(1).ttl(100).fan_out(1);
    let (engine, log) = run(
        peers(&mesh, maker, |peer| peer.service(Push::new(3))),
        calm(),
        10_000,
    );
    let reached = counts(&engine).iter().sum::<usize>() as u64 - 1;
    assert!(reached > 10, "{reached}");
    assert_eq!(log.sent("item"), 1 + 3 * reached);

    let pair = Topology::line(2);
    let nodes = peers(&pair, producer(5), |peer| peer.service(Push::to_all()));
    assert_eq!(run(nodes, calm(), 10_000).1.sent("item"), 5);
}

#[test]
fn a_producer_makes_as_many_as_it_should_at_its_rate_and_begins_when_it_should() {
    let alone = Topology::unlinked(1);
    let maker = Producer::per_second(5.0, |number, _| Number(number)).after(millis(1_000));
    let (engine, log) = run(peers(&alone, maker, |peer| peer), calm(), 6_300);
    // At 1.2, 1.4, …, 6.2 s.
    assert_eq!(counts(&engine), [26]);
    assert_eq!(log.delivered[0].0, at(1_200));
    let store = engine.machine(node(0)).unwrap().store();
    let numbers = store.iter().map(|item| (item.id.number, item.cargo.0));
    assert!(
        numbers
            .zip(1..)
            .all(|(pair, number)| pair == (number, number))
    );
}

#[test]
fn pull_finds_by_itself_what_nobody_sent() {
    let line = Topology::line(6);
    let maker = || producer(30).fan_out(0);
    let (by_name, log) = run(
        peers(&line, maker(), |peer| peer.service(Pull::default())),
        calm(),
        9_000,
    );
    assert_eq!(counts(&by_name), [30; 6]);
    assert_eq!(log.sent("item"), 0);
    let (by_range, ranged) = run(
        peers(&line, maker(), |peer| peer.service(RangedPull::default())),
        calm(),
        9_000,
    );
    assert_eq!(counts(&by_range), [30; 6]);
    // One number for the only maker, against thirty names in the end.
    let bytes_per = |log: &Log, kind| log.sent[kind].1 / log.sent[kind].0;
    assert!(
        bytes_per(&ranged, "heights") <= 40,
        "{}",
        bytes_per(&ranged, "heights")
    );
    assert!(bytes_per(&log, "have") > 150, "{}", bytes_per(&log, "have"));
    assert_eq!((ranged.sent("have"), log.sent("heights")), (0, 0));
}

#[test]
fn ranged_pull_fills_holes_in_the_middle() {
    let pair = Topology::line(2);
    for fan_out in [0, usize::MAX] {
        let away = Downtime {
            node: node(1),
            when: Absence::Once {
                from: at(450),
                until: Some(at(1_250)),
            },
            how: Outage::Suspend,
        };
        let faults = Faults {
            downtimes: vec![away],
            ..calm()
        };
        let maker = producer(30).fan_out(fan_out);
        let pulls =
            |peer: Peer<Number>| peer.service(Push::to_all()).service(RangedPull::default());
        assert_eq!(
            counts(&run(peers(&pair, maker.clone(), pulls), faults.clone(), 9_000).0),
            [30; 2]
        );
        if fan_out > 0 {
            // Push alone leaves the hole.
            let pushes = |peer: Peer<Number>| peer.service(Push::to_all());
            assert_eq!(
                counts(&run(peers(&pair, maker, pushes), faults, 9_000).0),
                [30, 22]
            );
        }
    }
}

#[test]
fn push_and_pull_together_reach_everybody_through_loss() {
    let mut stream = Streams::new(3).of("graph");
    let graph = Topology::erdos_renyi(25, Chance::percent(20), &mut stream);
    assert!(graph.is_connected());
    let faults = Faults {
        loss: Chance::percent(30),
        ..calm()
    };
    let push = |peer: Peer<Number>| peer.service(Push::new(2));
    let both = |peer: Peer<Number>| peer.service(Push::new(2)).service(Pull::default());
    let (pushed, _) = run(
        peers(&graph, producer(20).ttl(4), push),
        faults.clone(),
        12_000,
    );
    assert!(counts(&pushed).iter().sum::<usize>() < 20 * 25);
    let (engine, log) = run(peers(&graph, producer(20).ttl(4), both), faults, 12_000);
    assert_eq!(counts(&engine), [20; 25]);
    // Everything was delivered once.
    assert_eq!(log.delivered.len(), 20 * 25);
}

#[test]
fn a_silent_neighbour_is_let_go_after_five_seconds_and_taken_back_when_it_is_heard() {
    let ring = Topology::ring(5);
    let away = Downtime {
        node: node(2),
        when: Absence::Once {
            from: at(10_500),
            until: Some(at(20_500)),
        },
        how: Outage::Suspend,
    };
    let faults = Faults {
        downtimes: vec![away],
        ..calm()
    };
    let nodes = peers(&ring, producer(0), |peer| {
        peer.service(Connections::default())
    });
    let (engine, log) = run(nodes, faults, 30_000);
    assert_eq!(current_topology(&engine), ring);
    let by_others = log.said.iter().filter(|(_, who, _)| *who != node(2));
    let said: Vec<_> = by_others
        .map(|(at, who, what)| (at.as_nanos() / 1_000_000, who.get(), *what))
        .collect();
    // Heard last at about 10 s, so let go in the round of 16; back with its first ping after 20.5.
    let parted = Remark::Parted(node(2), Parting::Silent);
    assert_eq!(&said[..2], &[(16_000, 1, parted), (16_000, 3, parted)]);
    assert!(
        said[2..]
            .iter()
            .all(|(at, _, what)| *what == Remark::Linked(node(2)) && *at < 21_100)
    );
    assert_eq!(said.len(), 4);
    let links = engine.machine(node(0)).unwrap().links();
    assert!(
        links
            .values()
            .all(|link| link.round_trip == Some(millis(20))),
        "{links:?}"
    );
}

/// A bootstrap peer, and peers that find each other through it.
fn emergent(count: u16, min: usize, max: usize) -> Vec<Peer<Number>> {
    let streams = Streams::new(1);
    let seeds = [node(0)];
    let peer =
        |number| Peer::new(node(number), &streams).service(Connections::emergent(&seeds, min, max));
    let bootstrap = Peer::new(node(0), &streams).service(Bootstrap::default());
    std::iter::once(bootstrap)
        .chain((1..=count).map(peer))
        .collect()
}

fn degrees(engine: &Net) -> Vec<usize> {
    let topology = current_topology(engine);
    let peers = topology.nodes().skip(1);
    peers.map(|node| topology.neighbours(node).len()).collect()
}

#[test]
fn peers_that_know_only_a_bootstrap_peer_find_each_other() {
    let (engine, log) = run(emergent(10, 4, 8), calm(), 20_000);
    let degrees = degrees(&engine);
    assert!(
        degrees.iter().all(|degree| (4..=9).contains(degree)),
        "{degrees:?}"
    );
    let mut topology = current_topology(&engine);
    // The bootstrap peer is nobody's neighbour.
    assert!(topology.link(node(0), node(1)) && topology.is_connected());
    assert!(log.sent("hello") >= 10 && log.sent("peers") >= 10 && log.sent("connect") >= 20);
}

#[test]
fn who_is_gone_is_replaced_and_who_comes_later_finds_neighbours() {
    let once = |number, from, until: Option<u64>| Downtime {
        node: node(number),
        when: Absence::Once {
            from: at(from),
            until: until.map(at),
        },
        how: Outage::Suspend,
    };
    let faults = Faults {
        downtimes: vec![
            once(1, 10_000, None),
            once(2, 10_000, None),
            once(3, 0, Some(30_000)),
        ],
        ..calm()
    };
    let (engine, _) = run(emergent(10, 3, 6), faults, 60_000);
    let degrees = degrees(&engine);
    assert_eq!(&degrees[..2], &[0, 0]);
    assert!(
        degrees[2..].iter().all(|degree| (3..=7).contains(degree)),
        "{degrees:?}"
    );
    for number in 3..=10 {
        let links = engine.machine(node(number)).unwrap().links();
        assert!(
            !links.contains_key(&node(1)) && !links.contains_key(&node(2)),
            "{number}"
        );
    }
}

/// Asks the first node to be its neighbour, at these times.
#[derive(Debug)]
struct Knocker(Vec<u64>);

impl Service<Number> for Knocker {
    fn start(&mut self, context: &mut PeerContext<'_, Number>) {
        for (timer, time) in (0..).zip(&self.0) {
            context.set_timer(millis(*time), timer);
        }
    }

    fn timer(&mut self, _: u32, context: &mut PeerContext<'_, Number>) {
        context.send(node(0), PeerMessage::Connect);
    }

    fn message(
        &mut self,
        from: NodeId,
        message: &PeerMessage<Number>,
        context: &mut PeerContext<'_, Number>,
    ) {
        if matches!(message, PeerMessage::Ping) {
            context.send(from, PeerMessage::Pong);
        }
    }
}

#[test]
fn when_there_are_too_many_neighbours_the_slowest_goes() {
    // The first stands in the middle; the others are so many milliseconds away.
    let distances = [0, 200, 5, 50, 20];
    let names = distances.map(|distance| distance.to_string());
    let mut map = Locations::new(names.clone()).unwrap();
    for name in &names {
        let law = Law::Constant(millis(name.parse().unwrap()));
        map = map.latency("0", name, law).unwrap();
        for other in &names {
            if other != "0" && name != "0" {
                map = map.latency(name, other, Law::Constant(millis(1))).unwrap();
            }
        }
    }
    let stands = |name: &String| Hardware {
        location: map.find(name).unwrap(),
        ..Hardware::default()
    };
    let world = World::new(names.iter().map(stands)).on(map.clone());
    let streams = Streams::new(1);
    let peer = |number| Peer::new(node(number), &streams);
    let knocks = [vec![], vec![10], vec![220], vec![300], vec![500, 3_000]];
    let hub = peer(0).service(Connections::emergent(&[], 0, 2));
    let mut nodes = vec![hub];
    for number in 1..5 {
        nodes.push(peer(number).service(Knocker(knocks[usize::from(number)].clone())));
    }
    let (engine, log) = run_in(nodes, &world, calm(), 10_000);
    let at_hub = log.said.iter().filter(|(_, who, _)| *who == node(0));
    let said: Vec<_> = at_hub
        .map(|(at, _, what)| (at.as_nanos() / 1_000_000, *what))
        .collect();
    // Three are one too many, and taken; the fourth knocks in vain at 500 ms, and again when the slowest has gone.
    let slowest = |number| Remark::Parted(node(number), Parting::Slowest);
    let expected = [
        (210, Remark::Linked(node(1))),
        (225, Remark::Linked(node(2))),
        (350, Remark::Linked(node(3))),
        (1_000, slowest(1)),
        (3_020, Remark::Linked(node(4))),
        (4_000, slowest(3)),
    ];
    assert_eq!(said, expected);
    assert_eq!(log.sent("refuse"), 1);
    let left: Vec<NodeId> = engine
        .machine(node(0))
        .unwrap()
        .links()
        .keys()
        .copied()
        .collect();
    assert_eq!(left, [node(2), node(4)]);
}

#[test]
fn a_validation_takes_its_time_and_its_veto_ends_the_way_of_an_item() {
    let line = Topology::line(4);
    let odd = |item: &Item<Number>, _: &_| item.cargo.0 % 2 == 1;
    let maker = || {
        Producer::new(&Law::Constant(millis(1)), |number, _| Number(number))
            .count(4)
            .ttl(9)
    };
    let strict = |validation: Validation<Number>| {
        let nodes = peers(&line, maker(), |peer| {
            peer.service(Push::to_all()).validation(validation.clone())
        });
        run(nodes, calm(), 10_000)
    };
    let at_once = Validation::new(&Law::Constant(millis(30)), odd);
    let (engine, log) = strict(at_once.clone());
    // The maker does not validate its own.
    assert_eq!(counts(&engine), [4, 2, 2, 2]);
    let vetoes = log
        .said
        .iter()
        .filter(|(.., what)| matches!(what, Remark::Vetoed(..)));
    assert_eq!(vetoes.count(), 2);
    let arrivals = |log: &Log| -> Vec<(u64, u32)> {
        let second = log.delivered.iter().filter(|(_, who, _)| *who == node(1));
        second
            .map(|(at, _, id)| (at.as_nanos() / 1_000_000, id.number))
            .collect()
    };
    assert_eq!(arrivals(&log), [(41, 1), (43, 3)]);
    let (_, in_turn) = strict(at_once.in_turn());
    assert_eq!(arrivals(&in_turn), [(41, 1), (101, 3)]);
}

/// Tells one half of its neighbours one thing and the other half another, under one name.
#[derive(Debug)]
struct TwoFaced;

impl Service<Number> for TwoFaced {
    fn start(&mut self, context: &mut PeerContext<'_, Number>) {
        let all = context.sample(usize::MAX, &[]);
        let (one, other) = all.split_at(all.len() / 2);
        for (to, cargo) in [(one, 1), (other, 2)] {
            let id = ItemId {
                source: context.me(),
                number: 1,
            };
            let item = Item {
                id,
                ttl: 5,
                cargo: Number(cargo),
            };
            context.send_all(to.to_vec(), PeerMessage::Item(item.into()));
        }
    }
}

#[test]
fn a_service_of_ones_own_can_lie_and_everybody_keeps_what_came_first() {
    let mesh = Topology::full_mesh(9);
    let nodes = peers(&mesh, TwoFaced, |peer| {
        peer.service(Push::new(4)).service(Pull::default())
    });
    let (engine, log) = run(nodes, calm(), 10_000);
    let told = |number| {
        let item = ItemId {
            source: node(0),
            number: 1,
        };
        engine
            .machine(node(number))
            .unwrap()
            .store()
            .get(item)
            .unwrap()
            .cargo
            .0
    };
    let versions: Vec<u32> = (1..9).map(told).collect();
    assert_eq!(versions, [1, 1, 1, 1, 2, 2, 2, 2]);
    // Delivered once each; the Byzantine node itself hears of its item from others.
    assert_eq!(log.delivered.len(), 9);
}

#[test]
fn a_population_is_drawn_by_type_and_the_same_for_the_same_seed() {
    let normal = RateLaw::Normal {
        mean: megabit(50).unwrap(),
        deviation: megabit(10).unwrap(),
    };
    let population = Population::new()
        .kind(
            "peer",
            PeerType::new(|peer: Peer<Number>| peer.service(Push::new(3)))
                .anywhere(["Ohio", "Ireland"])
                .lines(normal, normal),
        )
        .kind("client", PeerType::new(|peer| peer.service(producer(3))))
        .on(Locations::aws());
    let mut topology = Topology::full_mesh(30);
    let client = topology.add("client").unwrap();
    topology.link(client, node(0));
    let draw = |seed| population.settle(&topology, &Streams::new(seed)).unwrap();
    let (nodes, world) = draw(1);
    assert_eq!(world, draw(1).1);
    assert_ne!(world, draw(2).1);
    let places: Vec<usize> = world
        .nodes()
        .iter()
        .map(|node| node.location.index())
        .collect();
    let ohio = places[..30].iter().filter(|place| **place == 0).count();
    assert!(
        (5..=25).contains(&ohio) && places[..30].iter().all(|place| *place < 2),
        "{places:?}"
    );
    assert!(
        world.nodes()[..30]
            .iter()
            .all(|node| node.bandwidth.upload.is_some())
    );
    assert_eq!(world.nodes()[30].bandwidth.upload, None);
    let (engine, _) = run_in(nodes, &world, Faults::default(), 10_000);
    assert_eq!(counts(&engine)[0], 3);

    topology.set_kind(client, "stranger");
    let error = population.settle(&topology, &Streams::new(1)).unwrap_err();
    assert_eq!(error, WorldError::NoSuchKind("stranger".into()));
    let lost = Population::new().kind(
        "peer",
        PeerType::new(|peer: Peer<Number>| peer).anywhere(["Atlantis"]),
    );
    let error = lost
        .on(Locations::aws())
        .settle(&Topology::ring(3), &Streams::new(1));
    assert_eq!(
        error.unwrap_err(),
        WorldError::NoSuchPlace("Atlantis".into())
    );
}
