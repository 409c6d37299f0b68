//! How many messages per second of CPU time the simulated network carries.
//!
//! The flood: every millisecond each of `n` nodes sends 64 bytes to all others, on the engine on which `run` runs, with
//! its events and its links; only nobody writes a trace. A message counts when its receiver has handled it. *With
//! bandwidth* every message queues on the line of its sender and on that of its receiver, at a gigabit a second each.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bft_crdts::net::{
    Address, Bandwidth, Effects, End, Engine, Faults, Limits, Machine, NodeId, Rate, Span, Step,
    Streams, TimerId, VirtualTime,
};
use comfy_table::{CellAlignment, Table, presets};
use cpu_time::ProcessTime;
use serde::Serialize;

/// The sizes that are measured.
const SIZES: [(u16, bool); 4] = [(32, false), (32, true), (100, false), (100, true)];

/// Turns of each size, of which the median counts; a part of them when quick.
const TURNS: usize = 5;

/// Events in one turn; a tenth of it when quick.
const EVENTS: u64 = 6_000_000;

/// Bytes of one message.
const BYTES: u32 = 64;

/// All rows.
#[derive(Clone, Debug, Serialize)]
pub struct BenchSim {
    /// One for each size.
    pub rows: Vec<Row>,
}

/// One size.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Nodes.
    pub n: u16,
    /// Whether messages queue on lines.
    pub bandwidth: bool,
    /// Messages handled by their receivers, per second of the process's CPU time; the median of all turns.
    pub messages_per_cpu_second: u64,
}

/// A node of the flood.
#[derive(Debug, Default)]
struct Flood {
    /// The sum of the numbers in what it was sent, so that nobody can say that it did not look.
    sum: u64,
}

impl Machine for Flood {
    type Message = Arc<[u8; BYTES as usize]>;
    type Verdict = ();
    type Delivery = ();
    type Note = ();

    fn size(_: &Self::Message) -> u32 {
        BYTES
    }

    fn start(&mut self, effects: &mut Effects<Self>) {
        effects.set_timer(Span::from_millis(1), TimerId(0));
    }

    fn message(&mut self, _: NodeId, message: &Self::Message, _: &mut Effects<Self>) {
        self.sum += u64::from(message[0]);
    }

    fn timer(&mut self, timer: TimerId, effects: &mut Effects<Self>) {
        effects.send(Address::Others, Arc::new([1; BYTES as usize]));
        effects.set_timer(Span::from_millis(1), timer);
    }
}

/// Measures all sizes.
///
/// # Errors
/// When the engine does not do what it is given: then there is nothing to measure.
pub fn measure(quick: bool) -> Result<BenchSim> {
    let (turns, events) = if quick {
        (3, EVENTS / 10)
    } else {
        (TURNS, EVENTS)
    };
    let mut rows = Vec::new();
    for (n, bandwidth) in SIZES {
        let mut rates = (0..turns)
            .map(|_| turn(n, bandwidth, events))
            .collect::<Result<Vec<u64>>>()?;
        rates.sort_unstable();
        rows.push(Row {
            n,
            bandwidth,
            messages_per_cpu_second: rates.get(turns / 2).copied().unwrap_or_default(),
        });
    }
    Ok(BenchSim { rows })
}

/// Messages per second of one flood.
fn turn(n: u16, bandwidth: bool, events: u64) -> Result<u64> {
    let line = match bandwidth {
        true => Rate::bits_per_second(1_000_000_000),
        false => None,
    };
    let lines = Bandwidth {
        upload: line,
        download: line,
    };
    let lines = vec![lines; usize::from(n)];
    let limits = Limits {
        steps: events,
        time: VirtualTime::NEVER,
    };
    let begin = ProcessTime::now();
    let nodes = (0..n).map(|_| Flood::default()).collect();
    let mut engine = Engine::new(nodes, &lines, Faults::default(), limits, &Streams::new(1));
    engine.start(&mut ());
    let end = loop {
        match engine.step(&mut ()) {
            Step::Ran => {}
            Step::Ended(end) => break end,
            Step::Call(_) | Step::RestartDue(_) => {}
        }
    };
    let took = begin.elapsed();
    ensure!(end == End::StepLimit, "the flood ran dry: {end:?}");
    let handled: u64 = (0..n)
        .filter_map(|node| engine.machine(NodeId::new(node)))
        .map(|machine| machine.sum)
        .sum();
    // Of each node's messages at most those of the last ten milliseconds are still under way.
    let sent = (engine.now().as_nanos() / 1_000_000) * u64::from(n) * u64::from(n - 1);
    let under_way = 12 * u64::from(n) * u64::from(n - 1);
    ensure!(
        handled <= sent && handled + under_way >= sent,
        "{handled} of {sent} messages were handled"
    );
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "millions of messages, not 2^52"
    )]
    let rate = (handled as f64 / took.as_secs_f64()) as u64;
    Ok(rate)
}

impl BenchSim {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["n", "bandwidth", "messages per CPU second"]);
        for row in &self.rows {
            table.add_row([
                row.n.to_string(),
                if row.bandwidth { "on" } else { "off" }.to_owned(),
                row.messages_per_cpu_second.to_string(),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!(
            "A flood of {BYTES}-byte messages, from everybody to everybody, on one thread\n{table}\n"
        )
    }
}
