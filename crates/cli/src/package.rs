//! A failing run as a package: a directory with everything it takes to see it again.
//!
//! | file | what |
//! | --- | --- |
//! | `scenario.toml` | the scenario, shrunk, with its seed, its rules and the fates of its packets |
//! | `report.json` | what `run --json` prints of it |
//! | `NAME.msc`, `NAME.svg` | its charts |

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::charts;
use crate::input::{Input, SCENARIO};
use crate::scenario::{self, Scenario};
use crate::shrink::{Shrinker, fixed, size};
use crate::simulate::{Options, run as simulate};

/// What became of packing a run.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The directory.
    pub path: PathBuf,
    /// The scenario in it.
    pub scenario: Scenario,
    /// How much there was in it before it was shrunk.
    pub before: usize,
    /// How much there is now.
    pub after: usize,
    /// How many runs that took.
    pub runs: usize,
}

/// Shrinks a run that breaks a promise, spending at most so many runs, and writes its package below a directory.
///
/// # Errors
/// When it cannot be written down, or does not break the promise again when it is read.
pub fn pack(
    input: &Input,
    rules: &str,
    seed: u64,
    property: &str,
    runs: usize,
    below: &Path,
) -> Result<Packed> {
    let whole = fixed(input, rules, seed);
    let before = size(&whole);
    let mut shrinker = Shrinker::new(rules, seed, property, runs);
    let mut small = shrinker.shrink(whole);
    let name = &input.scenario.name;
    small.description =
        format!("{name}, seed {seed}, rules {rules}, made small: breaks {property}");
    let text = scenario::text(&small).context("a scenario that does not say everything itself")?;
    // What is packed is what is read.
    let path = below.join(format!("{name}-{rules}-{seed}"));
    let read = Input::parse(&path.join(SCENARIO), &text)?;
    let options = Options {
        traced: true,
        ..Options::of(read.scenario.seed, &read.scenario.rules)
    };
    let ran = simulate(&read, options, &mut |_, _| ())?;
    let mut violations = ran.report.violations.iter();
    ensure!(
        violations.any(|violation| violation.property == property),
        "seed {seed} does not break {property} when it is read again"
    );
    let writing = || format!("{}: cannot be written", path.display());
    fs::create_dir_all(&path).with_context(writing)?;
    fs::write(path.join(SCENARIO), text).with_context(writing)?;
    fs::write(path.join("report.json"), ran.report.json() + "\n").with_context(writing)?;
    if let Some(trace) = &ran.trace {
        charts::draw(trace, &read.scenario, &path)?;
    }
    Ok(Packed {
        after: size(&read.scenario),
        scenario: read.scenario,
        path,
        before,
        runs: runs - shrinker.left(),
    })
}
