//! `run`: one scenario, its charts, its summary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args;
use crate::charts;
use crate::input::Input;
use crate::output;
use crate::proof_files;
use crate::report::{Balance, Group, RefusedRow, RunReport, State};
use crate::scenario::Scenario;
use crate::simulate::{self, Options, Ran};
use crate::{logging, page, self_check, summary};

/// Runs a scenario, writes its charts and prints what it came to; whether every promise was kept.
///
/// # Errors
/// Bad input, or a chart that cannot be written.
pub fn run(args: &args::Run) -> Result<bool> {
    let mut input = Input::read(&args.scenario)?;
    input.swarm(&args.swarm)?;
    let scenario = &input.scenario;
    let seed = args.seed.unwrap_or(scenario.seed);
    let rules = args.rules.as_deref().unwrap_or(&scenario.rules);
    let options = Options {
        traced: true,
        detailed: args.report.is_some(),
        ..Options::of(seed, rules)
    };
    if args.self_check {
        return self_check::check(&input, options, args.json);
    }
    let bar = bar("rows");
    let ran = simulate::run(&input, options, &mut |settled, tasks| {
        bar.set_length(tasks as u64);
        bar.set_position(settled as u64);
    });
    bar.finish_and_clear();
    let Ran {
        mut report,
        trace,
        details,
        sometimes,
        proof_files,
        schedule: _,
        transcript: _,
    } = ran?;
    if let Some(trace) = &trace {
        logging::trace(trace);
        let out = args.out.clone().unwrap_or_else(|| default_out(scenario));
        report.files = charts::draw(trace, scenario, &out)?;
        report.files.extend(tables(&report, &out)?);
        if let (Some(path), Some(details)) = (&args.report, &details) {
            let command = page::command(args, options.seed);
            let html = page::page(&report, trace, details, &command).render();
            page::write(path, &html)?;
            report.files.push(path.clone());
        }
        report
            .files
            .extend(proof_files::write(&proof_files, &scenario.name, &out)?);
    }
    for (what, times) in &sometimes {
        tracing::info!(times, "{what}");
    }
    output::print(&if args.json {
        report.json() + "\n"
    } else {
        summary::text(&report)
    })?;
    Ok(is_kept(&report))
}

/// Whether every promise was kept.
#[must_use]
pub fn is_kept(report: &RunReport) -> bool {
    report.violations.is_empty()
}

/// A progress bar on standard error; nothing where there is no terminal.
#[must_use]
pub fn bar(unit: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}}/{{len}} {unit} {{eta}}"))
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn default_out(scenario: &Scenario) -> PathBuf {
    Path::new("target").join("bft-crdts").join(&scenario.name)
}

/// Writes the balances, if all correct members agree on them, and the rows that were refused, as CSV; where they are.
fn tables(report: &RunReport, out: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let mut table = |what: &str, rows: Vec<Vec<String>>| -> Result<()> {
        let path = out.join(format!("{}.{what}.csv", report.scenario));
        let writing = || format!("{}: cannot be written", path.display());
        let mut csv = csv::Writer::from_path(&path).with_context(writing)?;
        for row in rows {
            csv.write_record(&row).with_context(writing)?;
        }
        csv.flush().with_context(writing)?;
        written.push(path);
        Ok(())
    };
    let heading = |columns: &[&str]| {
        columns
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<String>>()
    };
    if let [
        Group {
            state: Some(State::Balances(balances)),
            ..
        },
    ] = report.groups.as_slice()
    {
        let row = |balance: &Balance| vec![balance.account.clone(), balance.now.to_string()];
        let heading = heading(&["account", "balance"]);
        table(
            "balances",
            std::iter::once(heading)
                .chain(balances.iter().map(row))
                .collect(),
        )?;
    }
    let row = |RefusedRow { row, why }: &RefusedRow| {
        vec![
            row.number.to_string(),
            row.line.to_string(),
            row.who.clone(),
            row.what.to_string(),
            why.clone(),
        ]
    };
    let heading = heading(&["row", "line", "who", "what", "why"]);
    table(
        "refused",
        std::iter::once(heading)
            .chain(report.refused.iter().map(row))
            .collect(),
    )?;
    Ok(written)
}
