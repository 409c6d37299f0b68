//! How fast the replicas are, against a floor measured in the same run on the same machine.
//!
//! One row is a size: `n` members and `batch` operations per message. The *system* is `n` replicas in this process
//! that exchange encoded packets and write their journals to memory; the *floor* is a plain loop with only the
//! signatures, verifications, hashes, decodings and `apply` calls that no implementation of the protocol can avoid.
//! Both are timed by the process's CPU clock, in turns, so that a machine that slows down slows both.

mod floor;
pub mod sim;
mod system;

use anyhow::{Result, ensure};
use comfy_table::{CellAlignment, Table, presets};
use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use floor::Floor;
use system::System;

/// The sizes that are measured: members, operations per message, and messages in one turn.
const SIZES: [(usize, usize, usize); 9] = [
    (4, 1, 40),
    (4, 100, 20),
    (4, 1_000, 8),
    (7, 1, 14),
    (7, 100, 10),
    (7, 1_000, 4),
    (31, 1, 2),
    (31, 100, 2),
    (31, 1_000, 1),
];

/// Turns measured of each size; a tenth of it when quick.
const TURNS: usize = 50;

/// All rows.
#[derive(Clone, Debug, Serialize)]
pub struct Bench {
    /// One for each size.
    pub rows: Vec<Row>,
}

/// One size.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Members.
    pub n: usize,
    /// Operations per message.
    pub batch: usize,
    /// CPU time of all replicas together, in microseconds per operation; the median of all turns.
    pub us_per_op: f64,
    /// The same of the floor.
    pub floor_us_per_op: f64,
    /// The one over the other.
    pub ratio: f64,
    /// Bytes of all packets of one message together, on average.
    pub bytes: u64,
    /// Packets of one message.
    pub packets: u64,
}

/// Measures all sizes.
///
/// # Errors
/// When the replicas do not deliver what they are given: then there is nothing to measure.
pub fn measure(quick: bool) -> Result<Bench> {
    let turns = if quick { TURNS / 10 } else { TURNS };
    let progress = ProgressBar::new((SIZES.len() * turns) as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {eta}") {
        progress.set_style(style);
    }
    let mut rows = Vec::new();
    for (n, batch, messages) in SIZES {
        progress.set_message(format!("n={n} batch={batch}"));
        rows.push(size(n, batch, messages, turns, &progress)?);
    }
    progress.finish_and_clear();
    Ok(Bench { rows })
}

fn size(
    n: usize,
    batch: usize,
    messages: usize,
    turns: usize,
    progress: &ProgressBar,
) -> Result<Row> {
    let mut system = System::new(n)?;
    let mut floor = Floor::new(n)?;
    let mut times = (Vec::new(), Vec::new());
    let ops = batch * messages;
    // Some turns more, unmeasured, in front: every member has then been paid, so that every message measured cites one
    // credit.
    let warm_up = n.div_ceil(messages);
    system.begin_counting();
    for turn in 0..warm_up + turns {
        if turn == warm_up {
            system.begin_counting();
        }
        let work = system.work(batch, messages);
        let fixed = floor.prepare(&work);
        let begin = ProcessTime::now();
        system.carry_out(work)?;
        let system_took = begin.elapsed();
        let begin = ProcessTime::now();
        floor.carry_out(fixed)?;
        let floor_took = begin.elapsed();
        if turn >= warm_up {
            #[expect(
                clippy::cast_precision_loss,
                reason = "thousands of operations, not 2^52"
            )]
            let per_op = |took: std::time::Duration| took.as_secs_f64() * 1e6 / ops as f64;
            times.0.push(per_op(system_took));
            times.1.push(per_op(floor_took));
            progress.inc(1);
        }
    }
    ensure!(
        system.balances() == floor.balances(),
        "system and floor did different work at n={n} batch={batch}"
    );
    let (us_per_op, floor_us_per_op) = (median(times.0), median(times.1));
    let count = (messages * turns) as u64;
    let traffic = system.counted();
    Ok(Row {
        n,
        batch,
        us_per_op: rounded(us_per_op),
        floor_us_per_op: rounded(floor_us_per_op),
        ratio: rounded(us_per_op / floor_us_per_op),
        bytes: traffic.bytes.div_ceil(count),
        packets: traffic.messages.div_ceil(count),
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Three decimals are more than the clock is worth.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

impl Bench {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        // Numbers that are neither infinite nor NaN.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "n",
            "batch",
            "us/op",
            "floor us/op",
            "ratio",
            "bytes/message",
            "packets/message",
        ]);
        for row in &self.rows {
            table.add_row([
                row.n.to_string(),
                row.batch.to_string(),
                format!("{:.3}", row.us_per_op),
                format!("{:.3}", row.floor_us_per_op),
                format!("{:.3}", row.ratio),
                row.bytes.to_string(),
                row.packets.to_string(),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!(
            "CPU microseconds per operation, all n replicas together; bank transfers, one credit cited per message\n{table}\n"
        )
    }
}
