//! What a run came to, as plain data: the summary and the JSON are two ways to print it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bft_crdts::net::Span;
use serde::{Deserialize, Serialize};

use crate::operations::{Amounts, Row};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// Name of the scenario.
    pub scenario: String,
    /// What it shows.
    pub description: String,
    /// `bank` or `orswot`.
    pub algorithm: &'static str,
    /// How amounts are written.
    pub amounts: Amounts,
    /// The rules of the replicas; `sound` unless the scenario names broken ones.
    pub rules: String,
    /// The seed.
    pub seed: u64,
    /// Whether its signatures were real ones.
    pub real_signatures: bool,
    /// How many members there are at the start.
    pub members: usize,
    /// What made every generation after the first, such as `join bob`.
    pub changes: Vec<String>,
    /// Changes that were wanted and did not come about, and why as far as the scenario says.
    pub undecided: Vec<String>,
    /// Who is a member at the end.
    pub members_at_end: Vec<String>,
    /// How many of them may be faulty.
    pub tolerated: usize,
    /// Adversaries that are members: name and kind.
    pub faulty: Vec<(String, String)>,
    /// Adversaries that are not.
    pub outsiders: Vec<String>,
    /// Distinct operations that correct members submitted, refused ones included.
    pub submitted: u64,
    /// Those of them that every correct member delivered.
    pub delivered: u64,
    /// Rows that were refused.
    pub refused: Vec<RefusedRow>,
    /// How many rows were neither refused nor delivered by every correct member.
    pub unfinished: u64,
    /// Promises that were broken.
    pub violations: Vec<Violation>,
    /// How many more there were than are written down.
    pub more_violations: u64,
    /// Whether all correct members ended in the same state.
    pub converged: bool,
    /// Proofs of misbehaviour that correct members hold.
    pub evidence: Vec<Evidence>,
    /// Packets put on the wire, by kind.
    pub by_kind: BTreeMap<String, Traffic>,
    /// How many of them never arrived.
    pub lost: u64,
    /// Copies of them that the network made; not counted as packets.
    pub duplicated: u64,
    /// Virtual time from submission until every correct member had delivered; `None` if nothing was.
    pub latency: Option<Latency>,
    /// Correct members by the state they ended in; the largest group first.
    pub groups: Vec<Group>,
    /// Digest of everything that happened, 64 hexadecimal digits.
    pub trace_digest: String,
    /// Virtual time at the end.
    pub ended: Span,
    /// How it ended: quiet, or at a limit.
    pub end: String,
    /// The charts and tables that were written.
    pub files: Vec<PathBuf>,
}

/// A row that was refused.
#[derive(Clone, Debug)]
pub struct RefusedRow {
    /// The row.
    pub row: Row,
    /// Why.
    pub why: String,
}

/// A promise that was broken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Violation {
    /// Which promise.
    pub property: String,
    /// The nodes concerned.
    pub nodes: Vec<String>,
    /// The operation concerned, as `name#counter`; empty if it is no single one.
    pub dot: String,
    /// The step of the run at which it was seen.
    pub step: u64,
    /// What was seen.
    pub detail: String,
}

/// A proof of misbehaviour.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// Whom it convicts.
    pub against: String,
    /// Of what.
    pub kind: String,
    /// In which slot, as `name#counter`; if it is about none, in which generation and attempt.
    pub slot: String,
    /// How many correct members hold it.
    pub held_by: usize,
    /// What became of the slot, if the run was traced: which of its operations was delivered, if any.
    #[serde(skip)]
    pub outcome: Option<String>,
}

/// Packets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// How many, lost ones included.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Virtual time an operation took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Half of them took at most this.
    pub p50: Span,
    /// Nine of ten.
    pub p90: Span,
    /// Ninety-nine of a hundred.
    pub p99: Span,
    /// All.
    pub max: Span,
}

/// Correct members that ended in the same state.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their names.
    pub members: Vec<String>,
    /// Digest of the state.
    pub digest: String,
    /// The state; `None` of members that were down.
    pub state: Option<State>,
}

/// A state as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Accounts with what they held at the start and hold now.
    Balances(Vec<Balance>),
    /// The members of the set.
    Set(Vec<String>),
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whose.
    pub account: String,
    /// Held at the start.
    pub before: u64,
    /// Held now.
    pub now: u64,
}

impl RunReport {
    /// All packets together.
    #[must_use]
    pub fn total(&self) -> Traffic {
        self.by_kind
            .values()
            .fold(Traffic::default(), |sum, kind| Traffic {
                messages: sum.messages + kind.messages,
                bytes: sum.bytes + kind.bytes,
            })
    }

    /// One JSON object: no times, no paths, the same bytes for the same scenario and seed.
    #[must_use]
    pub fn json(&self) -> String {
        let total = self.total();
        let json = Json {
            seed: self.seed,
            members: self.members,
            changes: &self.changes,
            undecided: &self.undecided,
            members_at_end: &self.members_at_end,
            faulty: self.faulty.len(),
            submitted: self.submitted,
            delivered: self.delivered,
            refused: self.refused.len(),
            violations: &self.violations,
            converged: self.converged,
            evidence: &self.evidence,
            messages: total.messages,
            bytes: total.bytes,
            by_kind: &self.by_kind,
            trace_digest: &self.trace_digest,
        };
        // Integers, texts and maps with text keys: none of what can fail to become JSON.
        serde_json::to_string_pretty(&json).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Json<'a> {
    seed: u64,
    members: usize,
    changes: &'a [String],
    undecided: &'a [String],
    members_at_end: &'a [String],
    faulty: usize,
    submitted: u64,
    delivered: u64,
    refused: usize,
    violations: &'a [Violation],
    converged: bool,
    evidence: &'a [Evidence],
    messages: u64,
    bytes: u64,
    by_kind: &'a BTreeMap<String, Traffic>,
    trace_digest: &'a str,
}
