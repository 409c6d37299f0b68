//! A protocol of your own on the simulator: a rumour among seven nodes on three continents, over lines that lose.

use bft_crdts::net::world::{Hardware, Locations, World};
use bft_crdts::net::*;

const NODES: u16 = 7;

/// Whoever knows the rumour tells somebody in turn, twice a second, ten times.
#[derive(Debug)]
struct Gossip(u16, Option<u16>);

impl Machine for Gossip {
    type Message = &'static str;
    type Verdict = bool;
    type Delivery = &'static str;
    type Note = ();

    fn size(rumour: &&'static str) -> u32 {
        rumour.len() as u32
    }
    fn start(&mut self, effects: &mut Effects<Self>) {
        if self.0 == 0 {
            self.message(NodeId::new(0), &"it works", effects);
        }
    }
    fn message(&mut self, _: NodeId, rumour: &&'static str, out: &mut Effects<Self>) -> bool {
        let new = self.1.is_none();
        if new {
            self.1 = Some(0);
            out.deliver(rumour);
            out.set_timer(Span::from_millis(500), TimerId(0));
        }
        new
    }
    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        if let Some(told) = self.1.as_mut().filter(|told| **told < 10) {
            *told += 1;
            let next = NodeId::new((self.0 + *told) % NODES);
            effects.send(Address::One(next), "it works");
            effects.set_timer(Span::from_millis(500), timer);
        }
    }
}

/// A checker: nobody hears it for the first time twice.
struct Judge([bool; NODES as usize]);

impl Observer<Gossip> for Judge {
    fn event(&mut self, _: Moment, event: Event<'_, Gossip>) {
        if let Event::Delivered { node, .. } = event {
            assert!(!std::mem::replace(&mut self.0[node.index()], true));
        }
    }
}

fn gossip(seed: u64) -> Engine<Gossip> {
    let places = (0..NODES).map(|node| Hardware {
        location: world::Location::new(node % 3),
        ..Hardware::default()
    });
    let faults = Faults {
        loss: Chance::percent(20),
        ..Faults::default()
    };
    let limits = Limits {
        steps: 10_000,
        time: VirtualTime::from_secs(60),
    };
    let nodes = (0..NODES).map(|node| Gossip(node, None)).collect();
    let world = World::new(places).on(Locations::aws());
    Engine::in_world(nodes, &world, faults, limits, &Streams::new(seed))
        .expect("all are on the map")
}

fn main() {
    for seed in 0..100 {
        let mut judge = Judge([false; NODES as usize]);
        assert_eq!(gossip(seed).run(&mut judge, &mut ()), End::Quiet);
        assert_eq!(judge.0, [true; NODES as usize], "seed {seed}");
    }
    let same = self_check(|| (gossip(7), ())).expect("a run is the same every time");
    println!(
        "all hear it in 100 of 100 runs; one of them has {} steps, always",
        same.steps
    );
}
