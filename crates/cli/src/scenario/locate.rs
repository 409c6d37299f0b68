//! From a place in a scenario's text to the field it belongs to, and back.

use std::fmt;
use std::ops::Range;

use serde_path_to_error::Segment;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::value::Wrong;
use super::{Scenario, ScenarioError};
use crate::old_spellings;

/// The way to a field: `operations[3].amount`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// The field `key` of the file itself.
    pub(super) fn key(key: &str) -> Self {
        Self::default().at(key)
    }

    /// The field `key` within this one.
    pub(super) fn at(&self, key: &str) -> Self {
        self.and(Step::Key(key.to_owned()))
    }

    /// The element `index` (from 0) of this array.
    pub(super) fn index(&self, index: usize) -> Self {
        self.and(Step::Index(index))
    }

    /// A field further in, such as `of[2].latency.min`.
    fn within(&self, field: &str) -> Self {
        let mut path = self.clone();
        for part in field.split('.').filter(|part| !part.is_empty()) {
            let (key, index) = part.split_once('[').unwrap_or((part, ""));
            path = path.at(key);
            if let Ok(number) = index.trim_end_matches(']').parse::<usize>() {
                path = path.index(number.saturating_sub(1));
            }
        }
        path
    }

    fn and(&self, step: Step) -> Self {
        let mut path = self.clone();
        path.0.push(step);
        path
    }
}

/// Elements are counted from 1, as people count.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("file");
        }
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if key.is_empty() => f.write_str("\"\"")?,
                Step::Key(key) if place == 0 => write!(f, "{}", key.escape_debug())?,
                Step::Key(key) => write!(f, ".{}", key.escape_debug())?,
                Step::Index(index) => write!(f, "[{}]", index + 1)?,
            }
        }
        Ok(())
    }
}

/// A scenario as TOML, with the place of every field in it.
pub(super) struct Places<'a> {
    /// Where each line but the first begins.
    lines: Vec<usize>,
    table: Spanned<DeTable<'a>>,
    /// To the old spellings in it: the table has the new ones.
    pub(super) hints: Vec<String>,
}

impl<'a> Places<'a> {
    /// Of a text that is at least TOML.
    pub(super) fn new(text: &'a str) -> Result<Self, ScenarioError> {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines: Vec<usize> = ends.map(|(end, _)| end + 1).collect();
        match DeTable::parse(text) {
            Ok(mut table) => Ok(Self {
                lines,
                hints: old_spellings::renew_fields(table.get_mut()),
                table,
            }),
            Err(why) => Err(ScenarioError {
                line: line_of(&lines, why.span().map_or(0, |span| span.start)),
                field: Path::default().to_string(),
                problem: why.message().replace('\n', " "),
            }),
        }
    }

    /// The scenario that is written there.
    pub(super) fn read(&self) -> Result<Scenario, ScenarioError> {
        let table = Deserializer::from(self.table.clone());
        serde_path_to_error::deserialize(table).map_err(|why| {
            let mut path = Path::default();
            for segment in why.path() {
                match segment {
                    Segment::Map { key } => path = path.at(key),
                    Segment::Seq { index } => path = path.index(*index),
                    Segment::Enum { .. } | Segment::Unknown => {}
                }
            }
            let wrong = Wrong::of(why.inner().message());
            self.at(&path.within(&wrong.field), wrong.problem)
        })
    }

    /// A problem with a field.
    pub(super) fn at(&self, path: &Path, problem: String) -> ScenarioError {
        ScenarioError {
            line: self.line(path),
            field: path.to_string(),
            problem,
        }
    }

    /// Whether the file has something there.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.find(path).1.is_some()
    }

    /// The line (from 1) of a field, or of the nearest thing around it when it is not there.
    pub(super) fn line(&self, path: &Path) -> usize {
        line_of(&self.lines, self.find(path).0)
    }

    /// The byte where a field begins, or the nearest thing around it; and its value.
    fn find(&self, path: &Path) -> (usize, Option<&DeValue<'a>>) {
        let (mut byte, mut value): (usize, Option<&DeValue<'a>>) = (0, None);
        for (depth, step) in path.0.iter().enumerate() {
            let next = match (step, value) {
                (Step::Key(key), None) if depth == 0 => entry(self.table.get_ref(), key),
                (Step::Key(key), Some(DeValue::Table(table))) => entry(table, key),
                (Step::Index(index), Some(DeValue::Array(array))) => array
                    .get(*index)
                    .map(|element| (element.span(), element.get_ref())),
                _ => None,
            };
            let Some((span, inner)) = next else {
                return (byte, None);
            };
            (byte, value) = (span.start, Some(inner));
        }
        (byte, value)
    }
}

fn entry<'t, 'a>(table: &'t DeTable<'a>, key: &str) -> Option<(Range<usize>, &'t DeValue<'a>)> {
    table
        .iter()
        .find(|(name, _)| name.get_ref() == key)
        .map(|(name, value)| (name.span(), value.get_ref()))
}

/// The line (from 1) of a byte, by where each line but the first begins.
fn line_of(lines: &[usize], byte: usize) -> usize {
    lines.partition_point(|begin| *begin <= byte) + 1
}
