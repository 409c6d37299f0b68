//! The type that `docs/your-own-algorithm.md` makes, with its tests. The guide shows this very code.

mod draft;

use std::collections::BTreeMap;

use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm};
use serde::{Deserialize, Serialize};

/// What anybody can do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Op {
    /// Asks a question with so many answers, numbered from 0.
    Ask { question: String, answers: u8 },
    /// Votes in a poll, or votes anew. A poll is called by the dot of its question.
    Vote { poll: Dot, answer: u8 },
}

/// One poll: everybody has one vote in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Poll {
    question: String,
    answers: u8,
    votes: BTreeMap<Actor, u8>,
}

/// All polls, by the dots of their questions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Polls(BTreeMap<Dot, Poll>);

/// Why something can never be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Invalid {
    #[error("a question has from 1 to 200 bytes and at least two answers")]
    BadQuestion,
    #[error("{0} is no poll")]
    NoPoll(Dot),
    #[error("there is no answer {0}")]
    NoAnswer(u8),
}

impl SecureBroadcastAlgorithm for Polls {
    type Op = Op;
    type ReplicatedState = BTreeMap<Dot, Poll>;
    type Invalid = Invalid;

    fn new(_: Actor) -> Self {
        Polls(BTreeMap::new())
    }
    fn state(&self) -> BTreeMap<Dot, Poll> {
        self.0.clone()
    }
    fn sync_from(&mut self, other: BTreeMap<Dot, Poll>) {
        self.0 = other;
    }

    fn validate(&self, _: &Dot, op: &Op) -> Result<(), Invalid> {
        match op {
            Op::Ask { question, answers } => {
                let good = (1..=200).contains(&question.len()) && *answers >= 2;
                good.then_some(()).ok_or(Invalid::BadQuestion)
            }
            Op::Vote { poll, answer } => {
                let poll = self.0.get(poll).ok_or(Invalid::NoPoll(*poll))?;
                let good = *answer < poll.answers;
                good.then_some(()).ok_or(Invalid::NoAnswer(*answer))
            }
        }
    }

    fn apply(&mut self, dot: Dot, op: Op) {
        match op {
            Op::Ask { question, answers } => {
                let votes = BTreeMap::new();
                self.0.insert(
                    dot,
                    Poll {
                        question,
                        answers,
                        votes,
                    },
                );
            }
            Op::Vote { poll, answer } => {
                if let Some(poll) = self.0.get_mut(&poll) {
                    poll.votes.insert(dot.actor, answer);
                }
            }
        }
    }

    fn causes(&self, op: &Op) -> Causes {
        match op {
            Op::Ask { .. } => Causes::Nothing,
            Op::Vote { poll, .. } => Causes::Dots([*poll].into()),
        }
    }
}

use bft_crdts::conformance::{Arbitrary, Gen, Turn};

/// Something that somebody might do, seeing what they see.
fn ask_or_vote(turn: &Turn<'_, Polls>, g: &mut Gen) -> Option<Op> {
    let polls: Vec<(&Dot, &Poll)> = turn.replica.0.iter().collect();
    let vote = g
        .choose(&polls)
        .copied()
        .filter(|_| u8::arbitrary(g) % 4 != 0);
    Some(match vote {
        Some((dot, poll)) => Op::Vote {
            poll: *dot,
            answer: u8::arbitrary(g) % poll.answers,
        },
        None => Op::Ask {
            question: "Who?".into(),
            answers: 2 + u8::arbitrary(g) % 3,
        },
    })
}

/// Anything that a peer could send.
impl Arbitrary for Op {
    fn arbitrary(g: &mut Gen) -> Self {
        match bool::arbitrary(g) {
            true => Op::Ask {
                question: String::arbitrary(g),
                answers: u8::arbitrary(g),
            },
            false => Op::Vote {
                poll: Dot::arbitrary(g),
                answer: u8::arbitrary(g),
            },
        }
    }
}

bft_crdts::conformance!(Polls, ask_or_vote);
