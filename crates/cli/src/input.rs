//! Opening what a scenario is made of: its file, the file of its operations, the file of expected balances.
//!
//! Every error begins with `file:line: field:`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use crate::operations::{self, Amounts, Format, Row};
use crate::scenario::swarm::Swarm;
use crate::scenario::{self, Algorithm, MAX_SCENARIO_BYTES, Scenario};
use crate::table;
use crate::workload;

/// The campaigns that are part of the command, by the names under which they stand where a scenario's file can be named.
const CAMPAIGNS: [(&str, &str); 2] = [
    (CAMPAIGN, include_str!("../../../scenarios/campaign.toml")),
    (
        RECONFIGURATION,
        include_str!("../../../scenarios/handover.toml"),
    ),
];
/// The general campaign.
pub const CAMPAIGN: &str = "campaign";
/// The campaign of members who come and go.
pub const RECONFIGURATION: &str = "handover";

/// The file of a package that `run` reads.
pub const SCENARIO: &str = "scenario.toml";

/// A scenario with the directory its paths are relative to.
#[derive(Clone, Debug)]
pub struct Input {
    /// The scenario.
    pub scenario: Scenario,
    /// The file it was read from, as it was named.
    pub path: PathBuf,
    /// Its rows, if they do not depend on the seed.
    fixed: Option<Vec<Row>>,
}

impl Input {
    /// Reads a scenario and the operations it names. [`CAMPAIGN`] and [`RECONFIGURATION`] are there without a file.
    ///
    /// # Errors
    /// What cannot be read, with file, line and field.
    pub fn read(path: &Path) -> Result<Self> {
        let known = CAMPAIGNS.iter().find(|(name, _)| path == Path::new(name));
        if let Some((name, text)) = known.filter(|_| !path.exists()) {
            return Self::parse(Path::new(name), text);
        }
        // A package.
        let inside = path.join(SCENARIO);
        let path = if path.is_dir() { &inside } else { path };
        let text = read(path, MAX_SCENARIO_BYTES)?;
        let text = String::from_utf8(text)
            .map_err(|_| anyhow!("{}:1: file: is not UTF-8", path.display()))?;
        for hint in scenario::hints(&text) {
            eprintln!("hint: {}: {hint}", path.display());
        }
        Self::parse(path, &text)
    }

    /// The general campaign, which is part of the command.
    ///
    /// # Errors
    /// None, as the tests show.
    pub fn campaign() -> Result<Self> {
        Self::known(CAMPAIGN)
    }

    /// A campaign that is part of the command, by its name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn known(name: &str) -> Result<Self> {
        let text = CAMPAIGNS.iter().find(|(known, _)| *known == name);
        let (name, text) = text.with_context(|| format!("there is no campaign `{name}`"))?;
        Self::parse(Path::new(name), text)
    }

    /// Of a scenario that is known; `path` is what its files are beside of, and what errors name.
    ///
    /// # Errors
    /// What cannot be read, with file, line and field.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let scenario = scenario::parse(text).map_err(|why| {
            anyhow!(
                "{}:{}: {}: {}",
                path.display(),
                why.line,
                why.field,
                why.problem
            )
        })?;
        let from_file = match &scenario.operations_file {
            Some(file) => {
                let format = Format::of_path(file);
                let file = beside(path, file);
                let bytes = read(&file, operations::MAX_FILE_BYTES)?;
                let located = |line, field: &str, why: &str| {
                    anyhow!("{}:{line}: {field}: {why}", file.display())
                };
                let rows =
                    operations::parse_as(&bytes, format.unwrap_or(Format::Csv), &scenario.layout())
                        .map_err(|why| located(why.line, &why.field, &why.problem))?;
                for row in &rows {
                    scenario
                        .check_row(row)
                        .map_err(|(field, why)| located(row.line, field, &why))?;
                }
                Some(rows)
            }
            None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            ..Self::with(scenario, from_file)
        })
    }

    /// Of a scenario that says everything itself.
    #[must_use]
    pub fn of(scenario: Scenario) -> Self {
        Self::with(scenario, None)
    }

    fn with(scenario: Scenario, from_file: Option<Vec<Row>>) -> Self {
        let drawn = scenario.generator.is_some() || scenario.draw.is_some();
        let rows = || from_file.unwrap_or_else(|| scenario.operations.clone());
        Self {
            fixed: (!drawn).then(rows),
            scenario,
            path: PathBuf::new(),
        }
    }

    /// Changes what a seed may draw, as the command line says.
    ///
    /// # Errors
    /// An option that is wrong, or one for a scenario of which seeds draw nothing.
    pub fn swarm(&mut self, swarm: &Swarm) -> Result<()> {
        let bank = self.scenario.algorithm == Algorithm::Bank;
        match &mut self.scenario.draw {
            _ if *swarm == Swarm::default() => Ok(()),
            Some(draw) => swarm.apply(draw, bank).map_err(|why| anyhow!(why)),
            None => Err(anyhow!(
                "{}: seeds draw nothing in it, for it has no `draw`",
                self.path.display()
            )),
        }
    }

    /// The rows of a run of this scenario (the one of the file, or what it draws) with this seed.
    #[must_use]
    pub fn rows(&self, scenario: &Scenario, seed: u64) -> Vec<Row> {
        match (&self.fixed, &scenario.generator) {
            (Some(rows), _) => rows.clone(),
            (None, Some(generator)) => workload::generate(scenario, generator, seed),
            (None, None) => Vec::new(),
        }
    }

    /// The balances that must result, if the scenario names a file of them.
    ///
    /// # Errors
    /// What cannot be read, with file, line and field.
    pub fn expected(&self) -> Result<Option<BTreeMap<String, u64>>> {
        let Some(file) = &self.scenario.expected_balances else {
            return Ok(None);
        };
        let file = beside(&self.path, file);
        let bytes = read(&file, MAX_SCENARIO_BYTES)?;
        balances(&bytes, self.scenario.amounts())
            .map_err(|(line, field, why)| anyhow!("{}:{line}: {field}: {why}", file.display()))
            .map(Some)
    }
}

fn beside(scenario: &Path, file: &str) -> PathBuf {
    scenario.parent().unwrap_or(Path::new("")).join(file)
}

/// Takes off what a spreadsheet or an editor may put in front of a text.
pub(crate) fn drop_byte_order_mark(text: &mut Vec<u8>) {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if text.starts_with(MARK) {
        text.drain(..MARK.len());
    }
}

/// The bytes of a text file without its byte order mark, unless there are more than `most`.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    let open = || format!("{}: cannot be read", path.display());
    let file = File::open(path).with_context(open)?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(open)?;
    ensure!(
        bytes.len() <= most,
        "{}:1: file: is longer than {most} bytes",
        path.display()
    );
    drop_byte_order_mark(&mut bytes);
    Ok(bytes)
}

/// A file of balances: `account,balance` and a line for each account.
fn balances(
    bytes: &[u8],
    amounts: Amounts,
) -> Result<BTreeMap<String, u64>, (usize, &'static str, String)> {
    const COLUMNS: [&str; 2] = ["account", "balance"];
    let mut rows = table::rows(bytes).map(|row| {
        row.map_err(|error| {
            let field = COLUMNS.get(error.cell).copied();
            (error.line, field.unwrap_or("row"), error.problem)
        })
    });
    match rows.next().transpose()? {
        Some((_, header)) if header == COLUMNS => {}
        header => {
            let line = header.map_or(1, |(line, _)| line);
            return Err((line, "header", "is not `account,balance`".to_owned()));
        }
    }
    let mut balances = BTreeMap::new();
    for row in rows {
        let (number, cells) = row?;
        let [account, balance] = cells.as_slice() else {
            return Err((number, "row", "is not `account,balance`".to_owned()));
        };
        let balance = amounts
            .parse(balance)
            .map_err(|problem| (number, "balance", problem))?;
        if balances.insert(account.clone(), balance).is_some() {
            return Err((
                number,
                "account",
                format!("`{}` stands there twice", account.escape_debug()),
            ));
        }
    }
    Ok(balances)
}
