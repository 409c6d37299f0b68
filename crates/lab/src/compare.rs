//! Several protocols under one plan: a row for each.

use bft_crdts::net::Span;
use serde::Serialize;

use crate::protocol::Protocol;
use crate::trial::{Outcome, Plan, PlanError};

/// One protocol's row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Which.
    pub protocol: &'static str,
    /// Nodes of the protocol.
    pub nodes: usize,
    /// How many of them were faulty.
    pub faulty: usize,
    /// In which way.
    pub fault: &'static str,
    /// Broken promises of safety: agreement and validity.
    pub violations: usize,
    /// Transactions settled within the bound.
    pub decided: u64,
    /// Packets until the requester has its reply and every correct node has decided.
    pub messages: u64,
    /// Packets until everybody was told to store it, where that is a step of its own.
    pub messages_stored: u64,
    /// Bytes of `messages_stored`.
    pub bytes: u64,
    /// What the busiest node sent and received.
    pub busiest_node_messages: u64,
    /// Message delays of a decision without faults; none where something else takes most of the time.
    pub delays: Option<u64>,
    /// The latency of half of the decisions, at most, in milliseconds.
    pub latency_p50_ms: Option<f64>,
    /// Of ninety-nine in a hundred.
    pub latency_p99_ms: Option<f64>,
    /// What it promises.
    pub promise: &'static str,
}

/// A comparison: its plan, and a row for each protocol.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The seed.
    pub seed: u64,
    /// Transactions handed in to each.
    pub decisions: u64,
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// What came of each, in the same order.
    #[serde(skip)]
    pub outcomes: Vec<Outcome>,
}

/// Runs each protocol under the plan.
///
/// # Errors
/// [`PlanError`] if one of them cannot be set up as it says.
pub fn compare(protocols: &[Protocol], plan: &Plan) -> Result<Comparison, PlanError> {
    let mut rows = Vec::new();
    let mut outcomes = Vec::new();
    for protocol in protocols {
        let outcome = protocol.run(plan)?;
        rows.push(row(*protocol, plan, &outcome)?);
        outcomes.push(outcome);
    }
    Ok(Comparison {
        seed: plan.seed,
        decisions: plan.decisions,
        rows,
        outcomes,
    })
}

fn row(protocol: Protocol, plan: &Plan, outcome: &Outcome) -> Result<Row, PlanError> {
    // To the microsecond.
    let millis = |span: Span| (span.as_nanos() / 1_000) as f64 / 1_000.0;
    Ok(Row {
        protocol: protocol.name(),
        nodes: plan.nodes,
        faulty: outcome.faulty.len(),
        fault: plan.fault.name(),
        violations: outcome.violations.len(),
        decided: outcome.decided,
        messages: outcome.messages.messages,
        messages_stored: outcome.stored.messages,
        bytes: outcome.stored.bytes,
        busiest_node_messages: outcome.busiest,
        delays: protocol.delays(plan.nodes)?,
        latency_p50_ms: outcome.percentile(50).map(millis),
        latency_p99_ms: outcome.percentile(99).map(millis),
        promise: protocol.promise(),
    })
}
