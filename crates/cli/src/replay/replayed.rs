//! What a replay came to, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use bft_crdts::net::Span;
use serde::Serialize;

use crate::report::Traffic;

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Transactions in the history.
    pub transactions: usize,
    /// The operations they are: one for each that changes something, more for a large one.
    pub operations: usize,
    /// Agents in the history.
    pub agents: usize,
    /// Members.
    pub members: usize,
    /// Faulty members.
    pub faulty: usize,
    /// The most transactions in one message.
    pub batch: usize,
    /// The seed.
    pub seed: u64,
    /// How many characters the text has at the end.
    pub characters: usize,
    /// Correct members.
    pub correct: usize,
    /// How many of them hold exactly the text that the history ends with.
    pub exact: usize,
    /// Whether all correct members have delivered the same and hold the same state.
    pub converged: bool,
    /// Operations that were not delivered by all correct members.
    pub unfinished: u64,
    /// Promises that were broken.
    pub violations: Vec<String>,
    /// Packets of faulty members that correct ones rejected, and operations of theirs that were refused.
    pub rejected: u64,
    /// Faulty members that correct members can convict.
    pub convicted: usize,
    /// What faulty members did, and how often.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// All packets.
    pub traffic: Traffic,
    /// Virtual time from an operation's submission to its delivery by all correct members: half of them, all of them.
    pub latency: (Span, Span),
    /// Virtual time of the whole.
    pub ended: Span,
    /// Time of the whole on the clock on the wall.
    pub took: Duration,
    /// Digest of everything that happened.
    pub trace_digest: String,
}

impl Replayed {
    /// Whether every correct member holds exactly the text that the history ends with.
    #[must_use]
    pub fn final_equal(&self) -> bool {
        self.exact == self.correct
    }

    /// Whether that is so, all correct members agree, and no promise was broken.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.final_equal() && self.converged && self.unfinished == 0 && self.violations.is_empty()
    }

    /// Transactions a second, on the clock on the wall.
    #[must_use]
    pub fn ops_per_second(&self) -> u64 {
        let nanos = self.took.as_nanos().max(1);
        let rate = self.transactions as u128 * 1_000_000_000 / nanos;
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    /// One JSON object. Of equal histories, options and seeds only `ops_per_second` differs.
    #[must_use]
    pub fn json(&self) -> String {
        let json = Json {
            transactions: self.transactions,
            operations: self.operations,
            agents: self.agents,
            members: self.members,
            faulty: self.faulty,
            batch: self.batch,
            seed: self.seed,
            final_equal: self.final_equal(),
            converged: self.converged,
            rejected: self.rejected,
            convicted: self.convicted,
            violations: &self.violations,
            messages: self.traffic.messages,
            bytes: self.traffic.bytes,
            latency_p50_ns: self.latency.0.as_nanos(),
            latency_max_ns: self.latency.1.as_nanos(),
            ops_per_second: self.ops_per_second(),
            trace_digest: &self.trace_digest,
        };
        // Integers, texts and lists of texts: none of what can fail to become JSON.
        serde_json::to_string_pretty(&json).unwrap_or_default()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Traffic { messages, bytes } = self.traffic;
        writeln!(
            out,
            "history     {} transactions of {} agents",
            self.transactions, self.agents
        )?;
        writeln!(
            out,
            "members     {}, {} of them faulty; ed25519 signatures; seed {}",
            self.members, self.faulty, self.seed
        )?;
        writeln!(out, "messages    of at most {} transactions", self.batch)?;
        for (what, times) in &self.sometimes {
            writeln!(out, "            {what}: {times}")?;
        }
        writeln!(
            out,
            "rejected    {} packets and operations of faulty members; {} of {} such members convicted",
            self.rejected, self.convicted, self.faulty
        )?;
        writeln!(out, "traffic     {messages} packets, {bytes} bytes")?;
        let (half, all) = self.latency;
        writeln!(
            out,
            "latency     half of the operations reached everybody within {half}, all within {all} (virtual time)"
        )?;
        writeln!(
            out,
            "speed       {} transactions a second, {:.1?} in all ({} of virtual time)",
            self.ops_per_second(),
            self.took,
            self.ended
        )?;
        writeln!(out, "trace       {}", self.trace_digest)?;
        for violation in &self.violations {
            writeln!(out, "VIOLATION   {violation}")?;
        }
        if self.unfinished > 0 {
            writeln!(
                out,
                "UNFINISHED  {} operations did not reach everybody",
                self.unfinished
            )?;
        }
        if !self.converged {
            writeln!(out, "DIVERGED    correct members ended in different states")?;
        }
        let verdict = match self.final_equal() {
            true => "exact",
            false => "WRONG",
        };
        writeln!(
            out,
            "text        {verdict}: {} of {} correct members end with the {} characters of the history",
            self.exact, self.correct, self.characters
        )
    }
}

#[derive(Serialize)]
struct Json<'a> {
    transactions: usize,
    operations: usize,
    agents: usize,
    members: usize,
    faulty: usize,
    batch: usize,
    seed: u64,
    final_equal: bool,
    converged: bool,
    rejected: u64,
    convicted: usize,
    violations: &'a [String],
    messages: u64,
    bytes: u64,
    latency_p50_ns: u64,
    latency_max_ns: u64,
    ops_per_second: u64,
    trace_digest: &'a str,
}
