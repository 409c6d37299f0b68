//! A data type of your own, replicated: a guest book that nobody can rewrite, with three lines for everybody.

use std::collections::{BTreeMap, VecDeque};

use bft_crdts::{
    Actor, Causes, Dot, Effect, Genesis, Packet, SecureBroadcast, SecureBroadcastAlgorithm,
    SigningActor, To,
};

/// Ordered, so that equal books have equal bytes. Who wrote a line is in its dot: nobody can forge that.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GuestBook(BTreeMap<Dot, String>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("three lines are enough")]
struct TooMany;

impl SecureBroadcastAlgorithm for GuestBook {
    type Op = String;
    type ReplicatedState = BTreeMap<Dot, String>;
    type Invalid = TooMany;

    fn new(_: Actor) -> Self {
        GuestBook(BTreeMap::new())
    }
    fn state(&self) -> BTreeMap<Dot, String> {
        self.0.clone()
    }
    fn sync_from(&mut self, other: BTreeMap<Dot, String>) {
        self.0 = other;
    }
    /// A line needs nothing to be there first, so it waits for nothing.
    fn causes(&self, _: &String) -> Causes {
        Causes::Dots([].into())
    }
    /// Looks at the writer's own past only: what others write cannot make a good line bad, so no order is needed.
    fn validate(&self, dot: &Dot, _: &String) -> Result<(), TooMany> {
        let written = self.0.keys().filter(|line| line.actor == dot.actor);
        (written.count() < 3).then_some(()).ok_or(TooMany)
    }
    fn apply(&mut self, dot: Dot, line: String) {
        self.0.insert(dot, line);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = [1, 2, 3, 4].map(|n| SigningActor::from_seed([n; 32]));
    let members = keys.each_ref().map(SigningActor::actor);
    let genesis = Genesis::new("our book", "guest-book/1", members, BTreeMap::new())?;
    let mut replicas = Vec::new();
    for key in keys {
        replicas.push(SecureBroadcast::<GuestBook>::new(key, genesis.clone())?);
    }

    let lines = ["We came", "We saw", "It rained", "It still rains"].map(String::from);
    let mut todo = VecDeque::from([(members[0], replicas[0].broadcast(lines)?)]);
    while let Some((from, effects)) = todo.pop_front() {
        for effect in effects {
            match effect {
                Effect::Send { to, payload } => {
                    for replica in replicas.iter_mut().filter(|other| other.actor() != from) {
                        let (actor, payload) = (replica.actor(), payload.clone());
                        if to == To::Members || to == To::One(actor) {
                            let answer = replica.handle(Packet { from, payload });
                            todo.extend(answer.ok().map(|effects| (actor, effects)));
                        }
                    }
                }
                Effect::Returned { op, reason } => println!("not written: {op:?} ({reason})"),
                _ => {} // a real driver keeps the journal: see the example `bank`
            }
        }
    }

    let book = replicas[3].algorithm();
    for (dot, line) in &book.0 {
        println!("{dot}: {line}");
    }
    assert!(replicas.iter().all(|replica| replica.algorithm() == book));
    assert_eq!(book.0.len(), 3);
    Ok(())
}
