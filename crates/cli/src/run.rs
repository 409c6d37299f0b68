//! `run`: one scenario, its charts, its summary.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args;
use crate::charts;
use crate::input::Input;
use crate::operations::Row;
use crate::output;
use crate::proof_files;
use crate::report::{Balance, Group, RefusedRow, RunReport, State};
use crate::scenario::Scenario;
use crate::simulate::{self, Options, Ran};
use crate::{logging, page, self_check, statements, summary, table};

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
    let out = args.out.clone().unwrap_or_else(|| default_out(scenario));
    prepare(&out)?;
    if let Some(folder) = args.report.as_deref().and_then(Path::parent) {
        prepare(if folder == Path::new("") {
            Path::new(".")
        } else {
            folder
        })?;
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
        report.files = charts::draw(trace, scenario, &out)?;
        let rows = input.rows(&scenario.of_seed(seed), seed);
        report.files.extend(tables(&report, &rows, &out)?);
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
        // The numbers first: what does not fit a narrow terminal is the bar.
        ProgressStyle::with_template(&format!("{{pos}}/{{len}} {unit} {{eta}} {{wide_bar}}"))
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn default_out(scenario: &Scenario) -> PathBuf {
    Path::new("target").join("bft-crdts").join(&scenario.name)
}

/// Writes the balances and a statement of every account, if all correct members agree on them, and the rows that were
/// refused, as CSV; where they are.
fn tables(report: &RunReport, rows: &[Row], out: &Path) -> Result<Vec<PathBuf>> {
    let amounts = report.amounts;
    let mut written = Vec::new();
    let mut write = |what: &str, text: String| -> Result<()> {
        let path = out.join(format!("{}.{what}.csv", report.scenario));
        fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))?;
        written.push(path);
        Ok(())
    };
    if let [
        Group {
            state: Some(State::Balances(balances)),
            ..
        },
    ] = report.groups.as_slice()
    {
        let line = |balance: &Balance| {
            let now = amounts.show(u128::from(balance.now));
            table::line([balance.account.as_str(), &now])
        };
        let balances_now: String = balances.iter().map(line).collect();
        write(
            "balances",
            table::line(["account", "balance"]) + &balances_now,
        )?;
        // Of a row that is neither refused nor delivered everywhere it is not known whether it counts.
        if report.unfinished == 0 {
            write("statements", statements::csv(report, balances, rows))?;
        }
    }
    let line = |RefusedRow { row, why }: &RefusedRow| {
        let (number, at) = (row.number.to_string(), row.line.to_string());
        let what = row.what.shown(amounts);
        table::line([number.as_str(), &at, &row.who, &what, why])
    };
    let refused: String = report.refused.iter().map(line).collect();
    let heading = table::line(["row", "line", "who", "what", "why"]);
    write("refused", heading + &refused)?;
    Ok(written)
}

/// Makes a directory, and shows that files can be written in it: a run may take long, and what it came to would be lost.
fn prepare(directory: &Path) -> Result<()> {
    let writing = || format!("{}: cannot be written in", directory.display());
    fs::create_dir_all(directory).with_context(writing)?;
    let probe = directory.join(format!(".bft-crdts.{}", std::process::id()));
    fs::write(&probe, "").with_context(writing)?;
    fs::remove_file(&probe).with_context(writing)
}
