//! Operations as people write them down: one row, one operation, `who` does `what`.
//!
//! A file of operations is CSV with a header, or JSON lines. The columns (or keys) are
//!
//! | field | meaning |
//! | --- | --- |
//! | `who` | the member that submits the row |
//! | `what` | `transfer` or `issue` (bank), `add` or `remove` (set) |
//! | `to`, `amount` | bank: payee, and how much, in the smallest unit |
//! | `item` | set: what is added or removed |
//! | `at` | optional: virtual time before which the row is not submitted, such as `250ms` |
//! | `note` | optional: for people; not read |
//! | `id` | optional: a name of the row, of which no two may be the same |
//!
//! A [`Layout`] says in which columns of somebody's own export they are.

mod csv;
mod json_lines;
mod layout;

use std::collections::BTreeMap;
use std::fmt;

pub use layout::{Amounts, Layout, MAX_SCALE, MAX_SKIP};

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names;
use crate::scenario::{Time, Wrong};

/// Largest file of operations, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Most rows of one workload.
pub const MAX_ROWS: usize = 1_000_000;

/// One row of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Row {
    /// Its number, from 1: what a refusal is reported by.
    pub number: usize,
    /// The line it begins at, from 1, in the file it was read from.
    pub line: usize,
    /// The member that submits it.
    pub who: String,
    /// What it does.
    pub what: What,
    /// Not submitted before this time.
    pub at: Time,
    /// What it is called where it comes from, if it is: no two rows are called the same.
    pub id: Option<String>,
}

/// What a row does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub enum What {
    /// Pays `amount` to `to`.
    Transfer {
        /// The payee, a member or another account. One that has no account is the algorithm's to refuse.
        to: String,
        /// How much.
        amount: u64,
    },
    /// Creates `amount` for `to`; issuers only.
    Issue {
        /// The payee.
        to: String,
        /// How much.
        amount: u64,
    },
    /// Adds `item` to the set.
    Add {
        /// The item.
        item: String,
    },
    /// Removes `item` from the set.
    Remove {
        /// The item.
        item: String,
    },
}

impl What {
    /// The word for it in a file.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Transfer { .. } => "transfer",
            Self::Issue { .. } => "issue",
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
        }
    }

    /// Who is paid, if somebody is.
    #[must_use]
    pub fn payee(&self) -> Option<&str> {
        match self {
            Self::Transfer { to, .. } | Self::Issue { to, .. } => Some(to),
            Self::Add { .. } | Self::Remove { .. } => None,
        }
    }

    /// Whether it is an operation of the bank (else of the set).
    #[must_use]
    pub fn is_bank(&self) -> bool {
        matches!(self, Self::Transfer { .. } | Self::Issue { .. })
    }
}

impl What {
    /// What it says, amounts written so.
    #[must_use]
    pub fn shown(&self, amounts: Amounts) -> String {
        match self {
            Self::Transfer { to, amount } | Self::Issue { to, amount } => {
                let amount = amounts.show(u128::from(*amount));
                format!("{} {amount} to {to}", self.verb())
            }
            Self::Add { item } | Self::Remove { item } => format!("{} {item}", self.verb()),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(Amounts::default()))
    }
}

/// How a file of operations is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    /// By the end of the file's name: `.csv`, or `.jsonl` / `.ndjson`.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let end = path
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase())?;
        match end.as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {field}: {problem}")]
pub struct RowError {
    /// The line, from 1.
    pub line: usize,
    /// The column or key; `row` when it is no single one.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl RowError {
    pub(crate) fn new(line: usize, field: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self {
            line,
            field: field.into(),
            problem: problem.to_string(),
        }
    }
}

/// Reads a file of operations. Pure: the same bytes give the same rows, and no bytes make it panic.
///
/// # Errors
/// [`RowError`] naming line and field: an unknown column or key, a field that is missing, that the row's `what`
/// does not take, or that does not read as what it should be; a file or workload beyond [`MAX_FILE_BYTES`] or
/// [`MAX_ROWS`].
pub fn parse(bytes: &[u8], format: Format) -> Result<Vec<Row>, RowError> {
    parse_as(bytes, format, &Layout::default())
}

/// As [`parse`], of a file that is laid out so.
///
/// # Errors
/// As those of [`parse`].
pub fn parse_as(bytes: &[u8], format: Format, layout: &Layout) -> Result<Vec<Row>, RowError> {
    if bytes.len() > MAX_FILE_BYTES {
        let problem = format!(
            "{} bytes; a file of operations has at most {MAX_FILE_BYTES}",
            bytes.len()
        );
        return Err(RowError::new(1, "file", problem));
    }
    let rows = match format {
        Format::Csv => csv::parse(bytes, layout),
        Format::JsonLines => json_lines::parse(bytes, layout.amounts),
    }?;
    match repeated(&rows) {
        None => Ok(rows),
        Some((row, first)) => {
            let problem = already(row, first.line);
            Err(RowError::new(row.line, layout.named("id"), problem))
        }
    }
}

/// The first row with the `id` of an earlier one, and that one: what was exported twice would be paid twice.
pub(crate) fn repeated(rows: &[Row]) -> Option<(&Row, &Row)> {
    let mut seen: BTreeMap<&str, &Row> = BTreeMap::new();
    rows.iter().find_map(|row| {
        let first = seen.insert(row.id.as_deref()?, row)?;
        Some((row, first))
    })
}

/// What is wrong with a repeated row.
pub(crate) fn already(row: &Row, line: usize) -> String {
    let id = row.id.as_deref().unwrap_or_default().escape_debug();
    format!("`{id}` is the row of line {line} already; keep it once")
}

/// A row before it is checked, as every format delivers it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a row")]
pub(crate) struct Fields {
    pub(crate) who: Option<String>,
    pub(crate) what: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) amount: Option<Amount>,
    pub(crate) item: Option<String>,
    pub(crate) at: Option<Time>,
    #[serde(rename = "note", skip_serializing)]
    _note: Option<String>,
    pub(crate) id: Option<String>,
}

/// An amount as it is written: a number, or a text with decimals.
#[derive(Clone, Debug)]
pub(crate) enum Amount {
    Number(u64),
    Text(String),
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or a text such as \"6.99\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                let number = u64::try_from(number);
                number
                    .map(Amount::Number)
                    .map_err(|_| E::custom("amounts are not negative"))
            }

            // TOML's way of numbers above 2^63.
            fn visit_u128<E: de::Error>(self, number: u128) -> Result<Amount, E> {
                let number = u64::try_from(number);
                number
                    .map(Amount::Number)
                    .map_err(|_| E::custom(format!("amounts are at most {}", u64::MAX)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Fields {
    /// The fields' names, as a header may list them.
    pub(crate) const NAMES: [&'static str; 8] =
        ["who", "what", "to", "amount", "item", "at", "note", "id"];

    /// What the row does, `who` and `at` apart.
    fn into_what(self) -> Result<What, Wrong> {
        let verb = text("what", self.what)?;
        let absent = |field: &str, present: bool| match present {
            true => Err(Wrong::new(field, format!("`{verb}` takes no `{field}`"))),
            false => Ok(()),
        };
        match verb.as_str() {
            "transfer" | "issue" => {
                absent("item", self.item.is_some())?;
                let to = text("to", self.to)?;
                let amount = match self.amount.ok_or_else(|| missing("amount"))? {
                    Amount::Number(number) => number,
                    Amount::Text(_) => {
                        let problem =
                            "is a text; here amounts are whole numbers of the smallest unit";
                        return Err(Wrong::new("amount", problem));
                    }
                };
                Ok(match verb.as_str() {
                    "issue" => What::Issue { to, amount },
                    _ => What::Transfer { to, amount },
                })
            }
            "add" | "remove" => {
                absent("to", self.to.is_some())?;
                absent("amount", self.amount.is_some())?;
                let item = text("item", self.item)?;
                Ok(match verb.as_str() {
                    "remove" => What::Remove { item },
                    _ => What::Add { item },
                })
            }
            other => {
                let known = "transfer, issue (bank), add, remove (orswot)";
                let problem = format!("`{}` is none of {known}", other.escape_debug());
                Err(Wrong::new("what", problem))
            }
        }
    }
}

/// Its number and line are what they are where it stands.
impl TryFrom<Fields> for Row {
    type Error = Wrong;

    fn try_from(mut fields: Fields) -> Result<Self, Wrong> {
        Ok(Self {
            number: 0,
            line: 0,
            who: text("who", fields.who.take())?,
            at: fields.at.unwrap_or_default(),
            id: match fields.id.take() {
                Some(id) => Some(text("id", Some(id))?),
                None => None,
            },
            what: fields.into_what()?,
        })
    }
}

impl TryFrom<Fields> for What {
    type Error = Wrong;

    fn try_from(fields: Fields) -> Result<Self, Wrong> {
        if fields.who.is_some() || fields.at.is_some() || fields.id.is_some() {
            let problem = "a version says `what` only; who and when are the adversary's";
            return Err(Wrong::new("", problem));
        }
        fields.into_what()
    }
}

impl From<What> for Fields {
    fn from(what: What) -> Self {
        let verb = Some(what.verb().to_owned());
        let (to, amount, item) = match what {
            What::Transfer { to, amount } | What::Issue { to, amount } => {
                (Some(to), Some(Amount::Number(amount)), None)
            }
            What::Add { item } | What::Remove { item } => (None, None, Some(item)),
        };
        Self {
            what: verb,
            to,
            amount,
            item,
            ..Self::default()
        }
    }
}

impl From<Row> for Fields {
    fn from(row: Row) -> Self {
        Self {
            who: Some(row.who),
            id: row.id,
            at: (row.at != Time::default()).then_some(row.at),
            ..row.what.into()
        }
    }
}

fn missing(field: &str) -> Wrong {
    Wrong::new(field, "is missing")
}

fn text(field: &str, value: Option<String>) -> Result<String, Wrong> {
    let value = value.ok_or_else(|| missing(field))?;
    names::check_text(&value).map_err(|why| Wrong::new(field, why.to_string()))?;
    Ok(value)
}

/// Adds a row, unless there are too many.
pub(crate) fn push(rows: &mut Vec<Row>, fields: Fields, line: usize) -> Result<(), RowError> {
    if rows.len() >= MAX_ROWS {
        return Err(RowError::new(
            line,
            "row",
            format!("more than {MAX_ROWS} rows"),
        ));
    }
    let mut row = Row::try_from(fields)
        .map_err(|Wrong { field, problem }| RowError::new(line, field, problem))?;
    (row.number, row.line) = (rows.len() + 1, line);
    rows.push(row);
    Ok(())
}
