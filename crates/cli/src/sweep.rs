//! `sweep`: many seeds of one scenario, or all broken rule sets.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Result;
use bft_crdts_controls::CONTROLS;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::args;
use crate::input::Input;
use crate::report::Violation;
use crate::run::bar;
use crate::simulate::{Options, Ran, run as simulate};
use crate::{pool, scenario};

/// Most violations that are written down.
const MOST: usize = 20;

/// What a sweep of one scenario came to.
#[derive(Clone, Debug, Default, Serialize)]
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
    /// What villains and faults did, and how often: a sweep in which they did nothing shows nothing.
    pub sometimes: BTreeMap<&'static str, u64>,
}

/// A run that broke a promise.
#[derive(Clone, Debug, Serialize)]
pub struct Violated {
    /// Its seed.
    pub seed: u64,
    /// The first violation.
    #[serde(flatten)]
    pub violation: Violation,
    /// The command that runs it again.
    pub reproduce: String,
}

/// What became of every broken rule set.
#[derive(Clone, Debug, Serialize)]
pub struct Controls {
    /// One for each.
    pub controls: Vec<Control>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize)]
pub struct Control {
    /// Its name.
    pub name: &'static str,
    /// Whether the judges saw it broken.
    pub caught: bool,
    /// How many seeds that took, from 0; all of them if it was not caught.
    pub seeds: u64,
    /// Which promise they saw broken.
    #[serde(skip)]
    pub property: String,
    /// What the rules break.
    #[serde(skip)]
    pub breaks: &'static str,
}

/// Sweeps; whether every promise was kept, or every control caught.
///
/// # Errors
/// Bad input.
pub fn sweep(args: &args::Sweep) -> Result<bool> {
    let jobs = args.jobs.unwrap_or_else(pool::processors);
    let input = match &args.scenario {
        Some(path) => Input::read(path)?,
        None => Input::campaign()?,
    };
    let seeds = args.first..args.first.saturating_add(args.seeds);
    if args.controls {
        let controls = controls(&input, &seeds, jobs);
        print!(
            "{}",
            if args.json {
                json(&controls)
            } else {
                controls.text()
            }
        );
        return Ok(controls.controls.iter().all(|control| control.caught));
    }
    let rules = args.rules.as_deref().unwrap_or(&input.scenario.rules);
    let sweep = seeds_of(&input, rules, seeds, jobs)?;
    print!(
        "{}",
        if args.json {
            json(&sweep)
        } else {
            sweep.text()
        }
    );
    Ok(sweep.violated == 0)
}

fn json(value: &impl Serialize) -> String {
    // Integers, texts and maps with text keys.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// One run, and if it panics, that as a violation.
fn run(input: &Input, rules: &str, seed: u64) -> Result<Ran, String> {
    let options = Options {
        seed,
        rules,
        traced: false,
    };
    match catch_unwind(AssertUnwindSafe(|| {
        simulate(input, options, &mut |_, _| ())
    })) {
        Ok(ran) => ran.map_err(|why| format!("{why:#}")),
        Err(_) => Err("the program panicked; its message is on standard error".to_owned()),
    }
}

fn seeds_of(input: &Input, rules: &str, seeds: Range<u64>, jobs: usize) -> Result<Sweep> {
    // What does not work for the first seed is bad input, not a finding.
    if let Some(seed) = seeds.clone().next() {
        simulate(
            input,
            Options {
                seed,
                rules,
                traced: false,
            },
            &mut |_, _| (),
        )?;
    }
    let bar = bar("seeds");
    bar.set_length(seeds.end - seeds.start);
    let mut sweep = Sweep {
        scenario: input.scenario.name.clone(),
        rules: rules.to_owned(),
        first: seeds.start,
        ..Sweep::default()
    };
    let results = pool::all(
        seeds.clone(),
        jobs,
        |seed| run(input, rules, seed),
        |_| bar.inc(1),
    );
    bar.finish_and_clear();
    for (seed, result) in seeds.zip(results) {
        sweep.add(input, seed, result);
    }
    Ok(sweep)
}

impl Sweep {
    fn add(&mut self, input: &Input, seed: u64, result: Result<Ran, String>) {
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
                for (what, times) in sometimes {
                    *self.sometimes.entry(what).or_default() += times;
                }
                report.violations.into_iter().next()
            }
        };
        let Some(violation) = violation else { return };
        self.violated += 1;
        if self.violations.len() < MOST {
            let reproduce = reproduce(input, &self.rules, seed);
            self.violations.push(Violated {
                seed,
                violation,
                reproduce,
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
        } in &self.violations
        {
            writeln!(
                out,
                "  seed {seed}: {}: {}",
                violation.property, violation.detail
            )?;
            writeln!(out, "    {reproduce}")?;
        }
        match usize::try_from(self.violated).unwrap_or(usize::MAX) - self.violations.len() {
            0 => Ok(()),
            more => writeln!(out, "  ... and {more} more"),
        }
    }
}

/// The command that runs a seed again.
fn reproduce(input: &Input, rules: &str, seed: u64) -> String {
    let rules = if rules == input.scenario.rules {
        String::new()
    } else {
        format!(" --rules {rules}")
    };
    format!(
        "bft-crdts run {} --seed {seed}{rules}",
        input.path.display()
    )
}

/// Every broken rule set, until a seed shows that it is broken.
#[must_use]
pub fn controls(input: &Input, seeds: &Range<u64>, jobs: usize) -> Controls {
    let bar = bar("rule sets");
    bar.set_length(CONTROLS.len() as u64);
    let mut controls = Vec::new();
    for control in CONTROLS {
        bar.inc(1);
        let found = pool::first(seeds.clone(), jobs, |seed| {
            match run(input, control.name, seed) {
                // A control that cannot be run is not caught.
                Err(_) => None,
                Ok(ran) => ran.report.violations.into_iter().next(),
            }
        });
        controls.push(Control {
            name: control.name,
            caught: found.is_some(),
            seeds: found
                .as_ref()
                .map_or(seeds.end - seeds.start, |(seed, _)| seed - seeds.start + 1),
            property: found
                .map(|(_, violation)| violation.property)
                .unwrap_or_default(),
            breaks: control.breaks.trim(),
        });
    }
    bar.finish_and_clear();
    Controls { controls }
}

impl Controls {
    /// The table of `docs/controls.md`.
    #[must_use]
    pub fn markdown(&self) -> String {
        let row = |control: &Control| {
            let Control {
                name,
                caught,
                seeds,
                property,
                breaks,
            } = control;
            let seeds = if *caught {
                seeds.to_string()
            } else {
                format!("not within {seeds}")
            };
            format!("| `{name}` | {breaks} | {seeds} | {property} |\n")
        };
        let rows: String = self.controls.iter().map(row).collect();
        format!(
            "| rules | what they break | caught after seeds | by |\n| --- | --- | --- | --- |\n{rows}"
        )
    }

    fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["rules", "caught", "after seeds", "by", "what they break"]);
        for control in &self.controls {
            table.add_row([
                control.name.to_owned(),
                if control.caught { "yes" } else { "NO" }.to_owned(),
                control.seeds.to_string(),
                control.property.clone(),
                control.breaks.to_owned(),
            ]);
        }
        if let Some(column) = table.column_mut(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let missed = self
            .controls
            .iter()
            .filter(|control| !control.caught)
            .count();
        let verdict = match missed {
            0 => format!("All {} broken rule sets were caught.", self.controls.len()),
            _ => format!(
                "{missed} of {} broken rule sets were NOT caught.",
                self.controls.len()
            ),
        };
        debug_assert!(
            self.controls
                .iter()
                .all(|control| control.name != scenario::SOUND)
        );
        format!("{table}\n\n{verdict}\n")
    }
}
