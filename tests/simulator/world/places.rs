//! Packets take as long as the map says.

use bft_crdts::net::world::{Hardware, Location, Locations, World, WorldError};
use bft_crdts::net::{Address, Faults, Law};

use super::support::{Talker, engine, heard, millis, node, run};

fn two_places() -> Locations {
    let constant = |time| Law::Constant(millis(time));
    Locations::new(["A", "B"])
        .and_then(|map| map.latency("A", "B", constant(10)))
        .and_then(|map| map.latency("A", "A", constant(2)))
        .and_then(|map| map.latency("B", "B", constant(1)))
        .unwrap()
}

fn standing(map: &Locations, places: &[&str]) -> World {
    let hardware = |place: &&str| Hardware {
        location: map.find(place).unwrap(),
        ..Hardware::default()
    };
    World::new(places.iter().map(hardware)).on(map.clone())
}

#[test]
fn a_packet_takes_as_long_as_its_way_and_the_way_back_the_same_unless_said_otherwise() {
    let places = ["A", "A", "B", "B"];
    let everybody_speaks = || vec![Talker::saying([(0, Address::Others, vec![0])]); 4];
    let times = |map: &Locations| -> Vec<Vec<u64>> {
        let mut engine = engine(
            everybody_speaks(),
            &standing(map, &places),
            Faults::default(),
            1,
        );
        run(&mut engine);
        let sorted = |number| {
            let mut heard: Vec<u64> = heard(&engine, number).iter().map(|(at, _)| *at).collect();
            heard.sort_unstable();
            heard
        };
        (0..4).map(sorted).collect()
    };
    let symmetric = times(&two_places());
    assert_eq!(
        symmetric,
        [[2, 10, 10], [2, 10, 10], [1, 10, 10], [1, 10, 10]]
    );
    let back = two_places()
        .latency("B", "A", Law::Constant(millis(30)))
        .unwrap();
    assert_eq!(
        times(&back),
        [[2, 30, 30], [2, 30, 30], [1, 10, 10], [1, 10, 10]]
    );
}

#[test]
fn the_three_regions_are_as_far_apart_as_was_measured() {
    let aws = Locations::aws();
    aws.check().unwrap();
    let mean = |from: &str, to: &str| {
        let law = aws
            .law(aws.find(from).unwrap(), aws.find(to).unwrap())
            .unwrap();
        let (sampler, mut stream) = (law.sampler(), bft_crdts::net::Streams::new(1).of("mean"));
        let sum: u64 = (0..4_000)
            .map(|_| sampler.draw(&mut stream).as_nanos())
            .sum();
        sum as f64 / 4_000.0 / 1e6
    };
    // The mean of an inverse gamma variate is scale / (shape - 1).
    let expected = [
        ("Ohio", "Ireland", 73.6995),
        ("Ireland", "Ohio", 73.6995),
        ("Ohio", "Tokyo", 156.009),
        ("Tokyo", "Ireland", 131.0275),
        ("Ohio", "Ohio", 0.333_305 + 0.987_249 / 4.540_90),
        ("Ireland", "Ireland", 0.831_275 + 1.086_192 / 5.436_046),
        ("Tokyo", "Tokyo", 0.337_193 + 2.025_900 / 10.104_508),
    ];
    for (from, to, expected) in expected {
        let mean = mean(from, to);
        assert!(
            (mean - expected).abs() < 0.02 * expected,
            "{from} {to}: {mean}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_map_is_said() {
    let same = Locations::new(["A", "A"]).unwrap_err();
    assert_eq!(same, WorldError::SamePlace("A".into()));
    let map = Locations::new(["A", "B"]).unwrap();
    let unknown = map.clone().latency("A", "C", Law::Constant(millis(1)));
    assert_eq!(unknown.unwrap_err(), WorldError::NoSuchPlace("C".into()));
    let half = map.latency("A", "A", Law::Constant(millis(1))).unwrap();
    let missing = half.check().unwrap_err();
    assert_eq!(
        missing.to_string(),
        "nothing says how long a packet takes from `A` to `B`"
    );
    let lost = Hardware {
        location: Location::new(7),
        ..Hardware::default()
    };
    let world = World::new([Hardware::default(), lost]).on(two_places());
    assert_eq!(world.check(), Err(WorldError::OffTheMap(1)));
}

#[test]
fn who_joins_later_stands_where_its_hardware_says() {
    let map = two_places();
    let mut engine = engine(
        vec![Talker::default()],
        &standing(&map, &["A"]),
        Faults::default(),
        1,
    );
    engine.start(&mut ());
    let far = Hardware {
        location: map.find("B").unwrap(),
        ..Hardware::default()
    };
    let talker = Talker::saying([(5, Address::Others, vec![0])]);
    assert_eq!(engine.join(talker, &far, &mut ()), Some(node(1)));
    while engine.step(&mut ()) == bft_crdts::net::Step::Ran {}
    assert_eq!(heard(&engine, 0), [(15, 1)]);
}
