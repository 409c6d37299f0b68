//! The checkers: they stand outside the machines, look after every step, and can change nothing (I24).
//!
//! Each keeps its own books from what the correct replicas deliver, never from what a replica says about itself. What
//! a step costs them depends on what was delivered in it, not on the history; only a replica that comes back from
//! its journal is looked at from the beginning.

mod checkers;
mod model;

use std::fmt;

use super::time::VirtualTime;
use crate::actor::Dot;

pub(crate) use checkers::{Checked, Checkers, Ending};

/// A promise of the protocol or of the algorithm (`docs/protocol.md`).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Property {
    /// No two correct replicas deliver different operations for one dot.
    Agreement,
    /// What is delivered from a correct source was broadcast by it.
    Integrity,
    /// The operations of a source are delivered once each, in order, without gaps.
    #[strum(serialize = "source order")]
    SourceOrder,
    /// Nothing is delivered before its causes.
    #[strum(serialize = "causal order")]
    CausalOrder,
    /// The algorithm's own promise holds at every replica: money is neither made nor spent twice.
    Conservation,
    /// No correct replica is convicted of anything.
    Accusation,
    /// No correct replica halts.
    Halt,
    /// The generations of all correct replicas are of one chain (G9).
    #[strum(serialize = "one chain")]
    OneChain,
    /// A change that enough members approve is decided, or no longer applies (G10); and nothing is decided that nobody
    /// correct approves (R3).
    Change,
    /// Every operation of a correct source is delivered everywhere, or given back to its caller.
    Validity,
    /// What one correct member delivers, or one who left, all members deliver.
    Totality,
    /// Replicas that have delivered the same have the same state.
    Convergence,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub property: Property,
    /// Names of the nodes concerned.
    pub nodes: Vec<String>,
    /// The operation concerned, if it is one.
    pub dot: Option<Dot>,
    /// The seed of the run.
    pub seed: u64,
    /// The engine's step after which it was noticed.
    pub step: u64,
    /// When that was.
    pub at: VirtualTime,
    /// What was seen.
    pub detail: String,
}

impl Property {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.property)?;
        if let Some(dot) = self.dot {
            write!(f, "{dot} ")?;
        }
        write!(
            f,
            "at {} (seed {}, step {}, {}): {}",
            self.nodes.join(" and "),
            self.seed,
            self.step,
            self.at,
            self.detail
        )
    }
}
