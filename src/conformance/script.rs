//! A scenario as a list of steps. Every step stands for itself, so that any of them can be left out.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A scenario: equal scripts give equal runs of a type that is deterministic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "O: Serialize + DeserializeOwned")]
pub(super) struct Script<O> {
    /// How many act.
    pub(super) actors: u8,
    /// What the genesis is drawn from.
    pub(super) genesis: Draw,
    pub(super) steps: Vec<Step<O>>,
}

/// Randomness for one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Draw {
    pub(super) seed: u64,
    /// The size of the `Gen`.
    pub(super) size: u32,
}

/// One thing that happens. People are numbers into the cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "O: Serialize + DeserializeOwned")]
pub(super) enum Step<O> {
    /// Somebody acts. What they do is drawn from what they see at this moment.
    Act {
        actor: u8,
        draw: Draw,
        /// Whether they are up to no good.
        hostile: bool,
    },
    /// Somebody does this very thing, if it is valid.
    Exactly { actor: u8, op: O, hostile: bool },
    /// The next operation of `from` is delivered at `at`, if there is one and its causes are there.
    Deliver { at: u8, from: u8 },
    /// What the clause at hand does with the replica of `at` besides watching.
    Extra { at: u8, draw: Draw },
}

impl<O> Step<O> {
    /// Shows everybody who has a part in it.
    pub(super) fn people(&mut self, mut see: impl FnMut(&mut u8)) {
        match self {
            Step::Act { actor, .. } | Step::Exactly { actor, .. } => see(actor),
            Step::Deliver { at, from } => {
                see(at);
                see(from);
            }
            Step::Extra { at, .. } => see(at),
        }
    }
}
