//! `sweep`: many seeds of one scenario, or all broken rule sets.

pub mod controls;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::{self, IsTerminal};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bft_crdts::codec::Digest;
use serde::{Deserialize, Serialize};

use crate::input::Input;
use crate::output;
use crate::package::Packed;
use crate::report::Violation;
use crate::run::bar;
use crate::simulate::{Options, Ran, run as simulate};
use crate::{args, package, pool};

/// Most violations that are written down.
const MOST: usize = 20;

/// What a sweep of one scenario came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sweep {
    /// The scenario.
    pub scenario: String,
    /// The rules of its replicas.
    pub rules: String,
    /// The first seed.
    pub first: u64,
    /// How many seeds were run.
    pub seeds: u64,
    /// How many of them broke a promise.
    pub violated: u64,
    /// The first violation of each of the first such seeds.
    pub violations: Vec<Violated>,
    /// Operations that correct members submitted, in all runs.
    pub submitted: u64,
    /// Those that all correct members delivered.
    pub delivered: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Runs in which somebody was convicted.
    pub convicted: u64,
    /// Packets put on the wire.
    pub messages: u64,
    /// Runs with real signatures.
    pub real_signatures: u64,
    /// What adversaries and faults did, and how often: a sweep in which they did nothing shows nothing.
    pub sometimes: BTreeMap<String, u64>,
}

/// A run that broke a promise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Violated {
    /// Its seed.
    pub seed: u64,
    /// The first violation.
    #[serde(flatten)]
    pub violation: Violation,
    /// The command that runs it again.
    pub reproduce: String,
    /// The run made small, if that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
}

/// A run made small.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Package {
    /// The directory, which `run` takes for a scenario.
    pub path: String,
    /// How much there was in it: nodes, adversaries, faults, changes, operations.
    pub before: usize,
    /// How much there is: the same, and the packets whose fate matters.
    pub after: usize,
}

impl Package {
    fn of(packed: &Packed) -> Self {
        Self {
            path: packed.path.display().to_string(),
            before: packed.before,
            after: packed.after,
        }
    }
}

/// Sweeps; whether every promise was kept, or every control caught.
///
/// # Errors
/// Bad input, a state to resume from that is another sweep's, or something that cannot be written.
pub fn sweep(args: &args::Sweep) -> Result<bool> {
    let jobs = args.jobs.unwrap_or_else(pool::processors);
    let seeds = args.first..args.first.saturating_add(args.seeds);
    if args.controls {
        return controls::sweep(args, &seeds, jobs);
    }
    let mut input = match &args.scenario {
        Some(path) => Input::read(path)?,
        None => Input::campaign()?,
    };
    input.swarm(&args.swarm)?;
    let rules = args.rules.as_deref().unwrap_or(&input.scenario.rules);
    let plan = Plan {
        input: &input,
        rules,
        seeds,
        jobs,
        options: args.swarm.text(),
    };
    let mut sweep = plan.run(args.resume.as_deref())?;
    for violated in sweep.violations.iter_mut().take(args.packages) {
        let (seed, property) = (violated.seed, &violated.violation.property);
        let spinner = bar(&format!("runs; making seed {seed} small"));
        let packed = package::pack(&input, rules, seed, property, args.effort, &args.out);
        spinner.finish_and_clear();
        match packed {
            Ok(packed) => violated.package = Some(Package::of(&packed)),
            // The finding is what matters.
            Err(why) => tracing::warn!("seed {seed} cannot be packed: {why:#}"),
        }
    }
    output::print(&if args.json {
        json(&sweep)
    } else {
        sweep.text()
    })?;
    Ok(sweep.violated == 0)
}

pub(crate) fn json(value: &impl Serialize) -> String {
    // Integers, texts and maps with text keys.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// One run, and if it panics, that as a violation.
pub(crate) fn run(input: &Input, rules: &str, seed: u64) -> Result<Ran, String> {
    match catch_unwind(AssertUnwindSafe(|| {
        simulate(input, Options::of(seed, rules), &mut |_, _| ())
    })) {
        Ok(ran) => ran.map_err(|why| format!("{why:#}")),
        Err(_) => Err("the program panicked; its message is on standard error".to_owned()),
    }
}

/// A sweep to be done.
struct Plan<'a> {
    input: &'a Input,
    rules: &'a str,
    seeds: Range<u64>,
    jobs: usize,
    /// What seeds may draw, as it was typed.
    options: String,
}

/// What Ctrl-C does to a sweep.
fn stopping(resume: Option<&Path>) -> String {
    match resume {
        None => {
            "Ctrl-C stops it, and what it has found is lost; --resume FILE keeps that".to_owned()
        }
        Some(file) => format!(
            "Ctrl-C stops it; the same command goes on from what {} says, at most {BLOCK} seeds before",
            file.display()
        ),
    }
}

/// How many seeds are done between two times that the state is written down. The same for any number of jobs, and of
/// no consequence for the result.
const BLOCK: u64 = 64;

impl Plan<'_> {
    /// Does it, from the beginning or from where a state says that it stopped.
    fn run(&self, resume: Option<&Path>) -> Result<Sweep> {
        let (input, rules) = (self.input, self.rules);
        let (first, end) = (self.seeds.start, self.seeds.end);
        // What does not work for the first seed is bad input, not a finding.
        if first < end {
            simulate(input, Options::of(first, rules), &mut |_, _| ())?;
        }
        let key = self.key();
        let begun = resume.map(|file| State::read(file, &key)).transpose()?;
        let mut state = begun.flatten().unwrap_or_else(|| State {
            of: key,
            next: first,
            sweep: Sweep {
                scenario: input.scenario.name.clone(),
                rules: rules.to_owned(),
                first,
                ..Sweep::default()
            },
        });
        if io::stderr().is_terminal() {
            // Whoever stops it should know before what is lost.
            eprintln!("{}", stopping(resume));
        }
        let bar = bar("seeds");
        bar.set_length(end - first);
        bar.set_position(state.next.saturating_sub(first));
        while state.next < end {
            let block = state.next..end.min(state.next.saturating_add(BLOCK));
            let run = |seed| run(input, rules, seed);
            let results = pool::all(block.clone(), self.jobs, run, |_| bar.inc(1));
            for (seed, result) in block.clone().zip(results) {
                let reproduce = self.reproduce(seed);
                state.sweep.add(seed, result, reproduce);
            }
            state.next = block.end;
            if let Some(file) = resume {
                state.write(file)?;
            }
        }
        bar.finish_and_clear();
        Ok(state.sweep)
    }

    /// What makes this sweep another one than others: everything that its result depends on.
    fn key(&self) -> String {
        let all = format!("{:?} {} {:?}", self.input.scenario, self.rules, self.seeds);
        Digest::of(all.as_bytes()).to_hex()
    }

    /// The command that runs a seed again.
    fn reproduce(&self, seed: u64) -> String {
        let rules = match self.rules == self.input.scenario.rules {
            true => String::new(),
            false => format!(" --rules {}", self.rules),
        };
        let (file, options) = (self.input.path.display(), &self.options);
        format!("bft-crdts run {file} --seed {seed}{rules}{options}")
    }
}

/// How far a sweep has come.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Which sweep: the digest of everything that its result depends on.
    of: String,
    /// The first seed that is not done.
    next: u64,
    /// What it has come to.
    sweep: Sweep,
}

impl State {
    /// The state in a file, if there is one.
    fn read(file: &Path, key: &str) -> Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => {
                return Err(why).with_context(|| format!("{}: cannot be read", file.display()));
            }
        };
        let state: Self = serde_json::from_str(&text)
            .with_context(|| format!("{}: is no state of a sweep", file.display()))?;
        ensure!(
            state.of == key,
            "{}: is the state of another sweep (another scenario, other rules, seeds or options)",
            file.display()
        );
        Ok(Some(state))
    }

    /// Replaces the file at once: whoever reads it finds this state or the one before it.
    fn write(&self, file: &Path) -> Result<()> {
        let writing = || format!("{}: cannot be written", file.display());
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory).with_context(writing)?;
        }
        let new = file.with_extension("new");
        fs::write(&new, json(self)).with_context(writing)?;
        fs::rename(&new, file).with_context(writing)
    }
}

impl Sweep {
    fn add(&mut self, seed: u64, result: Result<Ran, String>, reproduce: String) {
        self.seeds += 1;
        let violation = match result {
            Err(detail) => Some(Violation {
                property: "no panic".to_owned(),
                nodes: Vec::new(),
                dot: String::new(),
                step: 0,
                detail,
            }),
            Ok(Ran {
                report, sometimes, ..
            }) => {
                self.submitted += report.submitted;
                self.delivered += report.delivered;
                self.refused += report.refused.len() as u64;
                self.convicted += u64::from(!report.evidence.is_empty());
                self.messages += report.total().messages;
                self.real_signatures += u64::from(report.real_signatures);
                for (what, times) in sometimes {
                    *self.sometimes.entry(what.to_owned()).or_default() += times;
                }
                report.violations.into_iter().next()
            }
        };
        let Some(violation) = violation else { return };
        self.violated += 1;
        if self.violations.len() < MOST {
            self.violations.push(Violated {
                seed,
                violation,
                reproduce,
                package: None,
            });
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let last = (self.first + self.seeds).saturating_sub(1);
        writeln!(
            out,
            "{}: seeds {} to {last}, rules {}",
            self.scenario, self.first, self.rules
        )?;
        writeln!(
            out,
            "operations  {} submitted by correct members: {} delivered by all of them, {} refused",
            self.submitted, self.delivered, self.refused
        )?;
        writeln!(out, "packets     {}", self.messages)?;
        writeln!(out, "convicted   somebody in {} runs", self.convicted)?;
        writeln!(
            out,
            "signatures  real ones in {} runs",
            self.real_signatures
        )?;
        writeln!(out, "sometimes")?;
        for (what, times) in &self.sometimes {
            writeln!(out, "{times:>12}  {what}")?;
        }
        if self.violated == 0 {
            return writeln!(out, "\nEvery promise was kept in all {} runs.", self.seeds);
        }
        writeln!(
            out,
            "\n{} of {} runs broke a promise:",
            self.violated, self.seeds
        )?;
        for Violated {
            seed,
            violation,
            reproduce,
            package,
        } in &self.violations
        {
            writeln!(
                out,
                "  seed {seed}: {}: {}",
                violation.property, violation.detail
            )?;
            writeln!(out, "    {reproduce}")?;
            if let Some(package) = package {
                writeln!(
                    out,
                    "    made small, from {} parts to {}: bft-crdts run {}",
                    package.before, package.after, package.path
                )?;
            }
        }
        match usize::try_from(self.violated).unwrap_or(usize::MAX) - self.violations.len() {
            0 => Ok(()),
            more => writeln!(out, "  ... and {more} more"),
        }
    }
}
