//! The `bft-crdts` command, as a library.
//!
//! `main.rs` only hands the arguments over. What reads input from outside — [`scenario::parse`],
//! [`operations::parse`] and [`replay::history::parse`] — is pure and returns typed errors, so that it can be fuzzed and
//! tested.

// What is printed goes through `output`, which knows of full disks.
#![deny(clippy::print_stdout)]

pub mod args;
pub mod assets;
pub mod bench;
pub mod charts;
pub mod compare;
pub mod draw;
mod environment;
pub mod input;
pub mod lab;
pub mod ledger;
pub mod logging;
pub mod names;
pub mod old_spellings;
pub mod operations;
mod output;
pub mod package;
pub mod page;
pub mod pool;
pub mod proof_files;
pub mod replay;
pub mod report;
pub mod rules;
pub mod run;
pub mod scenario;
pub mod scenario_algorithm;
pub mod self_check;
pub mod shrink;
pub mod simulate;
mod statements;
pub mod summary;
pub mod sweep;
mod table;
pub mod time;
pub mod verify;
pub mod workload;

use std::process::ExitCode;

use anyhow::Context;
use args::{BenchWhat, Cli, Command, Ledger};
use input::Input;

/// Exit code of a run that broke a promise, and of a proof file that does not prove what it says.
pub const VIOLATION: u8 = 1;
/// Exit code of bad input.
pub const BAD_INPUT: u8 = 2;

/// Carries out a command; the exit code is 0, [`VIOLATION`] or [`BAD_INPUT`].
#[must_use]
pub fn main(cli: Cli) -> ExitCode {
    logging::start(cli.verbose);
    match carry_out(cli.command) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::from(BAD_INPUT)
        }
    }
}

fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => {
            if !run::run(&args)? {
                return Ok(ExitCode::from(VIOLATION));
            }
        }
        Command::Sweep(args) => {
            if !sweep::sweep(&args)? {
                return Ok(ExitCode::from(VIOLATION));
            }
        }
        Command::Ledger(Ledger::Generate { seed, rows }) => {
            output::print(&ledger::generate(seed, rows))?;
        }
        Command::Ledger(Ledger::Balances { scenario }) => {
            let input = Input::read(&scenario)?;
            output::print(&ledger::outcome(&input, input.scenario.seed)?.csv())?;
        }
        Command::Bench(args::Bench {
            what: Some(BenchWhat::Sim(args)),
            ..
        }) => {
            let bench = bench::sim::measure(args.quick)?;
            output::print(&if args.json {
                bench.json() + "\n"
            } else {
                bench.text()
            })?;
        }
        Command::Bench(args::Bench {
            what: Some(BenchWhat::Join(args)),
            ..
        }) => {
            let join = bench::join::measure(args.operations)?;
            output::print(&if args.json {
                join.json() + "\n"
            } else {
                join.text()
            })?;
        }
        Command::Bench(args) => {
            let bench = bench::measure(args.quick)?;
            output::print(&if args.json {
                bench.json() + "\n"
            } else {
                bench.text()
            })?;
        }
        Command::Replay(args) => {
            let replayed = replay::replay(&args);
            let file = args.history.display().to_string();
            if !replayed.with_context(|| file)? {
                return Ok(ExitCode::from(VIOLATION));
            }
        }
        Command::Verify(args) => {
            if !verify::verify(&args)? {
                return Ok(ExitCode::from(VIOLATION));
            }
        }
        Command::Lab(args) => output::print(&lab::lab(&args)?)?,
        Command::Compare(args) => output::print(&compare::compare(&args)?)?,
        Command::Assets(args) => {
            for path in assets::write(&args.out)? {
                output::print(&format!("{}\n", path.display()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
