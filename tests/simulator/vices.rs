//! Vices on a protocol that is not this library's: each does harm to a way of broadcasting that has not thought of it, and
//! none to Bracha's.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::adversary::ViceKind;
use bft_crdts::net::adversary::puppet::{Mixed, Puppet, Strung, Tongue};
use bft_crdts::net::{
    Engine, Faults, Law, Limits, NodeId, Span, Step, Stream, Streams, VirtualTime,
};

use crate::toy_broadcast::{Broadcast, Message, Promise, Way, judge};

/// The last of four nodes is the villain.
const N: u16 = 4;

/// Knows values, and nothing else.
#[derive(Debug)]
struct Values;

impl Tongue<Broadcast> for Values {
    fn lie(&mut self, message: &Message, _: &mut Stream) -> Option<Message> {
        Some(message.with(message.value() + 1_000))
    }

    fn mutate(&mut self, message: &Message, way: u64, _: &mut Stream) -> Option<Message> {
        Some(message.with(match way {
            0 => message.value() + 1,
            _ => message.value() - 1,
        }))
    }

    fn ways(&self) -> u64 {
        2
    }
}

/// Which promises are broken among the three correct nodes.
fn run(way: Way, vice: Option<ViceKind>, seed: u64) -> BTreeSet<Promise> {
    let streams = Streams::new(seed);
    let nodes = (0..N).map(NodeId::new).map(|me| {
        let broadcast = move |life| Broadcast::new(way, me, N, life);
        match vice.filter(|_| me.get() == N - 1) {
            None => Mixed::Honest(broadcast(0)),
            Some(vice) => {
                let mut life = 0;
                let strung = Strung {
                    make: Box::new(move || {
                        life += 1;
                        Some(broadcast(life))
                    }),
                    others: (0..N - 1).map(NodeId::new).collect::<Arc<[NodeId]>>(),
                    tongue: Box::new(Values),
                    stream: streams.of_node("villain", me),
                    begins: VirtualTime::ZERO,
                };
                Mixed::Puppet(Box::new(Puppet::new(vice.build(), strung).unwrap()))
            }
        }
    });
    // Links keep their order, for those who count on it; where order means nothing, anybody may be the first.
    let latency = match way {
        Way::Gullible => Law::Uniform {
            min: Span::from_millis(5),
            max: Span::from_millis(15),
        },
        _ => Law::Constant(Span::from_millis(10)),
    };
    let faults = Faults {
        latency,
        ..Faults::default()
    };
    let limits = Limits {
        steps: 100_000,
        time: VirtualTime::from_secs(60),
    };
    let mut engine = Engine::new(nodes.collect(), &[], faults, limits, &streams);
    engine.start(&mut ());
    while engine.step(&mut ()) == Step::Ran {}
    let correct: Vec<_> = (0..N - 1)
        .map(|node| engine.machine(NodeId::new(node)).unwrap())
        .map(|mixed| mixed.honest().unwrap())
        .collect();
    judge(&correct)
}

const SEEDS: u64 = 30;

/// What this vice breaks in one of the seeds.
fn broken(way: Way, vice: Option<ViceKind>) -> BTreeSet<Promise> {
    (0..SEEDS).flat_map(|seed| run(way, vice, seed)).collect()
}

/// A way of broadcasting that this vice does harm to, and the promise it breaks.
fn weakness(vice: ViceKind) -> (Way, Promise) {
    match vice {
        ViceKind::Mute | ViceKind::Stuck => (Way::Unanimous, Promise::Validity),
        ViceKind::Crasher | ViceKind::Censor => (Way::Naive, Promise::Totality),
        ViceKind::Slow => (Way::Timed, Promise::Agreement),
        ViceKind::Liar | ViceKind::Mutant => (Way::Gullible, Promise::Integrity),
        ViceKind::TwoFaced | ViceKind::OddOneOut | ViceKind::Twins => {
            (Way::Naive, Promise::Agreement)
        }
        ViceKind::Parrot | ViceKind::Stutterer | ViceKind::Amnesiac => {
            (Way::Forgetful, Promise::Once)
        }
        ViceKind::Shuffler => (Way::Naive, Promise::Order),
    }
}

#[test]
fn every_vice_does_harm_to_a_protocol_that_has_not_thought_of_it() {
    for vice in ViceKind::ALL {
        let (way, promise) = weakness(vice);
        let harm = broken(way, Some(vice));
        assert!(harm.contains(&promise), "{vice} and {way:?}: {harm:?}");
        assert_eq!(broken(way, None), BTreeSet::new(), "{way:?} without {vice}");
    }
}

#[test]
fn no_vice_does_harm_to_brachas_broadcast() {
    for vice in ViceKind::ALL {
        assert_eq!(broken(Way::Bracha, Some(vice)), BTreeSet::new(), "{vice}");
    }
}

#[test]
fn a_puppet_does_the_same_again_from_the_same_seed() {
    for vice in ViceKind::ALL {
        assert_eq!(
            run(Way::Naive, Some(vice), 3),
            run(Way::Naive, Some(vice), 3),
            "{vice}"
        );
    }
}
