//! `compare`: several protocols under one plan, in one table.

use std::fmt::Write;

use anyhow::{Result, anyhow, ensure};
use bft_crdts_lab::compare::{Comparison, Row, compare as run};
use bft_crdts_lab::fault::FaultKind;
use bft_crdts_lab::protocol::Protocol;
use bft_crdts_lab::trial::{Outcome, Plan};
use comfy_table::{CellAlignment, Table, presets};

use crate::args;

/// The most decisions of one run: none takes longer than some minutes.
const MOST_DECISIONS: u64 = 10_000;

/// What the command prints.
///
/// # Errors
/// Names that are not known, and numbers that no protocol runs with.
pub fn compare(args: &args::Compare) -> Result<String> {
    let fault = fault(&args.fault)?;
    let protocols = protocols(&args.protocols, fault)?;
    ensure!(
        (1..=MOST_DECISIONS).contains(&args.decisions),
        "--decisions: from 1 to {MOST_DECISIONS}"
    );
    let plan = Plan {
        decisions: args.decisions,
        ..Plan::new(args.nodes, args.seed).with(args.faulty, fault)
    };
    let comparison = run(&protocols, &plan)?;
    if args.json {
        return Ok(serde_json::to_string(&comparison)? + "\n");
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut text, &plan, &comparison);
    Ok(text)
}

/// Those named; without names all whose nodes can be faulty in this way.
fn protocols(names: &[String], fault: FaultKind) -> Result<Vec<Protocol>> {
    if names.is_empty() {
        let knows =
            |protocol: &Protocol| fault == FaultKind::None || protocol.faults().contains(&fault);
        return Ok(Protocol::ALL.into_iter().filter(knows).collect());
    }
    let known = Protocol::ALL.map(Protocol::name).join(", ");
    let named = |name: &String| {
        Protocol::named(name).ok_or_else(|| anyhow!("--protocols: {name} is none of {known}"))
    };
    names.iter().map(named).collect()
}

fn fault(name: &str) -> Result<FaultKind> {
    name.parse().map_err(|_| {
        let known: Vec<_> = FaultKind::ALL.iter().map(|fault| fault.name()).collect();
        anyhow!("--fault: {name} is none of {}", known.join(", "))
    })
}

fn millis(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.3}"))
}

fn write_text(out: &mut String, plan: &Plan, comparison: &Comparison) -> std::fmt::Result {
    let Plan {
        nodes,
        faulty,
        fault,
        seed,
        decisions,
        ..
    } = plan;
    let ways = match faulty {
        0 => String::new(),
        _ => format!(" ({fault})"),
    };
    let plural = if *decisions == 1 { "" } else { "s" };
    writeln!(
        out,
        "{decisions} decision{plural} of {nodes} nodes, {faulty} of them faulty{ways}, seed {seed}\n"
    )?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "protocol",
        "violations",
        "decided",
        "messages",
        "stored",
        "bytes",
        "busiest",
        "delays",
        "p50 ms",
        "p99 ms",
    ]);
    for row in &comparison.rows {
        let Row { protocol, .. } = row;
        table.add_row([
            (*protocol).to_owned(),
            row.violations.to_string(),
            format!("{}/{decisions}", row.decided),
            row.messages.to_string(),
            row.messages_stored.to_string(),
            row.bytes.to_string(),
            row.busiest_node_messages.to_string(),
            row.delays
                .map_or("-".to_owned(), |delays| delays.to_string()),
            millis(row.latency_p50_ms),
            millis(row.latency_p99_ms),
        ]);
    }
    for column in 1..10 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    for row in &comparison.rows {
        writeln!(out, "{} promises {}", row.protocol, row.promise)?;
    }
    for (row, outcome) in comparison.rows.iter().zip(&comparison.outcomes) {
        violations(out, row, outcome)?;
    }
    for (row, outcome) in comparison.rows.iter().zip(&comparison.outcomes) {
        if Protocol::named(row.protocol).is_some_and(Protocol::is_of_the_read_me) {
            as_in_the_read_me(out, row, outcome)?;
        }
    }
    Ok(())
}

/// The lines of the PBFT/CCRO read-me.
fn as_in_the_read_me(out: &mut String, row: &Row, outcome: &Outcome) -> std::fmt::Result {
    let list = |nodes: &[u16]| {
        let numbers: Vec<String> = nodes.iter().map(u16::to_string).collect();
        format!("[{}]", numbers.join(", "))
    };
    let all: Vec<u16> = (0..).take(row.nodes).collect();
    let faulty: Vec<u16> = outcome.faulty.iter().map(|node| node.get()).collect();
    writeln!(out, "\nTotal Nodes: {} -> {}", row.nodes, list(&all))?;
    writeln!(
        out,
        "Byzantine Nodes: {}  -> {}",
        faulty.len(),
        list(&faulty)
    )?;
    writeln!(out, "Commander Node: 1 -> 0")?;
    if row.protocol.starts_with("ccro") {
        writeln!(out, "Communication Node: 1")?;
    }
    let name = row.protocol.to_uppercase();
    match outcome.latencies.first() {
        Some(span) => {
            let micros = span.as_nanos() / 1_000;
            let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
            writeln!(out, "{name} Consensus Time: {whole}.{part:06}s")?;
        }
        None => writeln!(out, "{name} Consensus Time: none was reached")?,
    }
    for (node, ballots) in outcome.ballots.iter().enumerate().take(row.nodes) {
        let (correct, corrupt) = (ballots.correct, ballots.corrupt);
        writeln!(out, "Node {node} -> {correct} Correct {corrupt} Corrupt")?;
    }
    Ok(())
}

/// The first violations of a protocol, in words.
fn violations(out: &mut String, row: &Row, outcome: &Outcome) -> std::fmt::Result {
    for violation in outcome.violations.iter().take(3) {
        writeln!(
            out,
            "\n{}: {:?} broken at {} (step {}): {}",
            row.protocol,
            violation.property,
            violation.moment.at,
            violation.moment.step,
            violation.detail
        )?;
    }
    Ok(())
}
