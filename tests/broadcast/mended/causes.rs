//! What an operation needs follows from the operation, not from what its source claims.

use std::collections::BTreeMap;

use bft_crdts::codec::encode;
use bft_crdts::deterministic_secure_broadcast::Header;
use bft_crdts::{
    Actor, Causes, Counter, Dot, Ed25519, PacketKind, Payload, Seat, SecureBroadcastAlgorithm,
};
use serde::{Deserialize, Serialize};

use crate::wire::{Wire, identities};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum PollOp {
    Ask,
    Vote { poll: Dot },
}

/// Polls and who has voted in them. A vote names its poll, and needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Polls(BTreeMap<Dot, Vec<Actor>>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no poll")]
struct NoPoll(Dot);

impl SecureBroadcastAlgorithm for Polls {
    type Op = PollOp;
    type ReplicatedState = BTreeMap<Dot, Vec<Actor>>;
    type Invalid = NoPoll;

    fn new(_: Actor) -> Self {
        Self(BTreeMap::new())
    }

    fn state(&self) -> Self::ReplicatedState {
        self.0.clone()
    }

    fn sync_from(&mut self, other: Self::ReplicatedState) {
        self.0 = other;
    }

    fn causes(&self, op: &PollOp) -> Causes {
        match op {
            PollOp::Ask => Causes::Nothing,
            PollOp::Vote { poll } => Causes::Dots([*poll].into()),
        }
    }

    fn validate(&self, _: &Dot, op: &PollOp) -> Result<(), NoPoll> {
        match op {
            PollOp::Vote { poll } if !self.0.contains_key(poll) => Err(NoPoll(*poll)),
            _ => Ok(()),
        }
    }

    fn apply(&mut self, dot: Dot, op: PollOp) {
        match op {
            PollOp::Ask => {
                self.0.insert(dot, Vec::new());
            }
            PollOp::Vote { poll } => {
                if let Some(votes) = self.0.get_mut(&poll) {
                    votes.push(dot.actor);
                }
            }
        }
    }
}

/// The trait used to provide `causes`: everything that the source had delivered, as its header claims. The Byzantine node in
/// seat 3 votes in a poll, and its header says that it needs nothing. Members 0 and 1, which knew the poll, echoed it;
/// member 2 delivered the vote before the poll and applied it to nothing, and their states differed for ever.
///
/// What an operation needs follows from the operation: nobody echoes a vote whose header does not cover its poll, and one
/// that does is applied after it everywhere.
#[test]
fn states_are_equal_whatever_a_source_claims_to_build_on() {
    let mut wire = Wire::<Polls>::new(
        "polls",
        "polls/1",
        identities::<Ed25519>(4),
        BTreeMap::new(),
    );
    wire.submit(0, [PollOp::Ask]);
    let _ = wire.quiet_without(2);
    let poll = Dot::new(wire.actor(0), Counter::FIRST);
    let (mut header, ops) = wire.message(3, 1, None, &[PollOp::Vote { poll }]);
    assert!(header.causes.is_empty(), "it claims to need nothing");
    let adversary = wire.actor(3);
    let request = |wire: &Wire<Polls>, header: &Header| {
        encode(&Payload::Request(
            wire.request(&(header.clone(), ops.clone())),
        ))
    };
    let stripped = request(&wire, &header);
    for witness in [0, 1] {
        wire.hand(witness, adversary, &stripped)
            .expect("a refusal is an answer");
    }
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 0);
    assert_eq!(wire.take_kind(PacketKind::Refusal).len(), 2);

    let mut wire = Wire::<Polls>::new(
        "polls",
        "polls/1",
        identities::<Ed25519>(4),
        BTreeMap::new(),
    );
    wire.submit(0, [PollOp::Ask]);
    let late = wire.quiet_without(2);
    header.causes = vec![(Seat::new(0), Counter::FIRST)];
    let truthful = request(&wire, &header);
    for witness in [0, 1] {
        wire.hand(witness, adversary, &truthful)
            .expect("a valid vote");
    }
    assert_eq!(wire.take_kind(PacketKind::Echo).len(), 2);
    let proof = encode(&Payload::Proof(wire.proof(&(header, ops), &[0, 1, 3])));
    for member in [0, 1, 2] {
        let _ = wire.hand(member, adversary, &proof);
    }
    assert_eq!(wire.machine(2).delivered(&adversary), Counter::ZERO);
    wire.silence(3);
    wire.flying.extend(late);
    for _ in 0..20 {
        wire.heal_but_for_pending();
    }
    let (one, other) = (wire.machine(0), wire.machine(2));
    assert_eq!(one.clock(), other.clock(), "both have delivered both");
    assert_eq!(
        one.algorithm(),
        other.algorithm(),
        "equal clocks, equal states"
    );
    assert!(one.algorithm().0.values().any(|votes| !votes.is_empty()));
}
