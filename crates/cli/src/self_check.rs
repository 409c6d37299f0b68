//! `run --self-check`: one scenario twice, and where the two runs differ.

use anyhow::{Context, Result};
use bft_crdts::net::{Difference, first_difference};
use serde::Serialize;

use crate::input::Input;
use crate::output;
use crate::simulate::{Options, run as simulate};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Checked {
    seed: u64,
    same: bool,
    trace_digest: String,
    events: usize,
    /// In words.
    difference: Option<String>,
}

/// Runs a scenario twice and prints whether the two runs are the same; whether they are.
///
/// # Errors
/// Bad input.
pub fn check(input: &Input, options: Options<'_>, json: bool) -> Result<bool> {
    let run = || {
        let ran = simulate(input, options, &mut |_, _| {})?;
        let trace = ran.trace.context("a traced run has a trace")?;
        Ok::<_, anyhow::Error>((ran.report.trace_digest, trace))
    };
    let (one, other) = (run()?, run()?);
    let difference = first_difference(&one.1, &other.1);
    let difference = difference.as_ref().map(Difference::to_string);
    let difference = difference.or_else(|| {
        // What a chart does not show: what was written to disks, for instance.
        (one.0 != other.0).then(|| "the digests differ, the traces do not".to_owned())
    });
    let checked = Checked {
        seed: options.seed,
        same: difference.is_none(),
        trace_digest: one.0,
        events: one.1.events.len(),
        difference,
    };
    let same = checked.same;
    if json {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&checked)?))?;
    } else {
        output::print(&match checked.difference {
            None => format!(
                "seed {}: both runs are the same, {} events, trace digest {}\n",
                checked.seed, checked.events, checked.trace_digest
            ),
            Some(difference) => format!("seed {}: {difference}\n", checked.seed),
        })?;
    }
    Ok(same)
}
