//! What a replica delivers must be what the others deliver.

use std::collections::BTreeMap;

use bft_crdts::codec::encode;
use bft_crdts::{Actor, Counter, Dot, Ed25519, PacketKind, Payload, SecureBroadcastAlgorithm};
use serde::{Deserialize, Serialize};

use crate::wire::{Wire, identities};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum PollOp {
    Ask,
    Vote { poll: Dot },
}

/// Polls and who has voted in them, with the causes that the trait provides.
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

/// A poll, and a vote of the Byzantine node in seat 3 whose header says that it needs nothing. Members 0 and 1, which
/// know the poll, echo it; member 2 does not know the poll yet, delivers the vote first and applies it to nothing. All
/// three have delivered the same, and their states differ for ever.
///
/// Right: what an operation needs follows from the operation, not from what its source claims, so no replica applies
/// the vote before the poll.
#[test]
#[ignore = "open: DP1"]
fn dp1_states_are_equal_whatever_a_source_claims_to_build_on() {
    let mut wire = Wire::<Polls>::new(
        "polls",
        "polls/1",
        identities::<Ed25519>(4),
        BTreeMap::new(),
    );
    wire.submit(0, [PollOp::Ask]);
    let late = wire.quiet_without(2);
    let poll = Dot::new(wire.actor(0), Counter::FIRST);
    let vote = wire.message(3, 1, None, &[PollOp::Vote { poll }]);
    let adversary = wire.actor(3);
    let request = encode(&Payload::Request(wire.request(&vote)));
    for witness in [0, 1] {
        wire.hand(witness, adversary, &request)
            .expect("a valid vote");
    }
    assert_eq!(
        wire.take_kind(PacketKind::Echo).len(),
        2,
        "with the Byzantine node's own, a quorum"
    );
    let proof = encode(&Payload::Proof(wire.proof(&vote, &[0, 1, 3])));
    for member in [0, 1, 2] {
        wire.hand(member, adversary, &proof).expect("a proof");
    }
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
}
