//! Byzantine behaviors on a protocol that is not this library's: each does harm to a way of broadcasting that has not
//! thought of it, and none to Bracha's.

use std::collections::BTreeSet;
use std::sync::Arc;

use bft_crdts::net::adversary::BehaviorKind;
use bft_crdts::net::adversary::interceptor::{
    Intercepted, InterceptorConfig, MessageMutator, Mixed,
};
use bft_crdts::net::{
    Engine, Faults, Law, Limits, NodeId, Span, Step, Stream, Streams, VirtualTime,
};

use crate::toy_broadcast::{Broadcast, Message, Promise, Way, judge};

/// The last of four nodes is the adversary.
const N: u16 = 4;

/// Knows values, and nothing else.
#[derive(Debug)]
struct Values;

impl MessageMutator<Broadcast> for Values {
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
fn run(way: Way, behavior: Option<BehaviorKind>, seed: u64) -> BTreeSet<Promise> {
    let streams = Streams::new(seed);
    let nodes = (0..N).map(NodeId::new).map(|me| {
        let broadcast = move |life| Broadcast::new(way, me, N, life);
        match behavior.filter(|_| me.get() == N - 1) {
            None => Mixed::Honest(broadcast(0)),
            Some(behavior) => {
                let mut life = 0;
                let strung = InterceptorConfig {
                    make: Box::new(move || {
                        life += 1;
                        Some(broadcast(life))
                    }),
                    others: (0..N - 1).map(NodeId::new).collect::<Arc<[NodeId]>>(),
                    mutator: Box::new(Values),
                    stream: streams.of_node("villain", me),
                    begins: VirtualTime::ZERO,
                };
                Mixed::Intercepted(Box::new(
                    Intercepted::new(behavior.build(), strung).unwrap(),
                ))
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

/// What this Byzantine behavior breaks in one of the seeds.
fn broken(way: Way, behavior: Option<BehaviorKind>) -> BTreeSet<Promise> {
    (0..SEEDS)
        .flat_map(|seed| run(way, behavior, seed))
        .collect()
}

/// A way of broadcasting that this Byzantine behavior does harm to, and the promise it breaks.
fn weakness(behavior: BehaviorKind) -> (Way, Promise) {
    match behavior {
        BehaviorKind::Mute | BehaviorKind::Stuck => (Way::Unanimous, Promise::Validity),
        BehaviorKind::Crasher | BehaviorKind::Censor => (Way::Naive, Promise::Totality),
        BehaviorKind::Slow => (Way::Timed, Promise::Agreement),
        BehaviorKind::Liar | BehaviorKind::Mutant => (Way::Gullible, Promise::Integrity),
        BehaviorKind::TwoFaced | BehaviorKind::OddOneOut | BehaviorKind::Twins => {
            (Way::Naive, Promise::Agreement)
        }
        BehaviorKind::Parrot | BehaviorKind::Stutterer | BehaviorKind::Amnesiac => {
            (Way::Forgetful, Promise::Once)
        }
        BehaviorKind::Shuffler => (Way::Naive, Promise::Order),
    }
}

#[test]
fn every_behavior_does_harm_to_a_protocol_that_has_not_thought_of_it() {
    for &behavior in BehaviorKind::ALL {
        let (way, promise) = weakness(behavior);
        let harm = broken(way, Some(behavior));
        assert!(harm.contains(&promise), "{behavior} and {way:?}: {harm:?}");
        assert_eq!(
            broken(way, None),
            BTreeSet::new(),
            "{way:?} without {behavior}"
        );
    }
}

#[test]
fn no_behavior_does_harm_to_brachas_broadcast() {
    for &behavior in BehaviorKind::ALL {
        assert_eq!(
            broken(Way::Bracha, Some(behavior)),
            BTreeSet::new(),
            "{behavior}"
        );
    }
}

#[test]
fn an_intercepted_node_does_the_same_again_from_the_same_seed() {
    for &behavior in BehaviorKind::ALL {
        assert_eq!(
            run(Way::Naive, Some(behavior), 3),
            run(Way::Naive, Some(behavior), 3),
            "{behavior}"
        );
    }
}
