//! From a place in a scenario's text to the field it belongs to, and back.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

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

/// The text of a scenario with the place of every field in it.
pub(super) struct Places<'a> {
    /// Where each line but the first begins.
    lines: Vec<usize>,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Places<'a> {
    /// Of a text that is at least TOML.
    pub(super) fn new(text: &'a str) -> Result<Self, toml::de::Error> {
        let table = DeTable::parse(text)?;
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = ends.map(|(end, _)| end + 1).collect();
        Ok(Self { lines, table })
    }

    /// The line (from 1) of a field, or of the nearest thing around it when it is not there.
    pub(super) fn line(&self, path: &Path) -> usize {
        let byte = self.span(path).map_or(0, |span| span.start);
        self.lines.partition_point(|begin| *begin <= byte) + 1
    }

    fn span(&self, path: &Path) -> Option<Range<usize>> {
        let mut span = None;
        let mut steps = path.0.iter();
        let Some(Step::Key(key)) = steps.next() else {
            return span;
        };
        let (at, mut value) = entry(self.table.get_ref(), key)?;
        span = Some(at);
        for step in steps {
            let next = match (step, value) {
                (Step::Key(key), DeValue::Table(table)) => entry(table, key),
                (Step::Index(index), DeValue::Array(array)) => array
                    .get(*index)
                    .map(|element| (element.span(), element.get_ref())),
                _ => None,
            };
            let Some((at, inner)) = next else { break };
            span = Some(at);
            value = inner;
        }
        span
    }

    /// The field whose key or value lies at `span`: the innermost one.
    pub(super) fn field(&self, span: &Range<usize>) -> Path {
        within(self.table.get_ref(), span, Path::default())
    }
}

fn entry<'t, 'a>(table: &'t DeTable<'a>, key: &str) -> Option<(Range<usize>, &'t DeValue<'a>)> {
    table
        .iter()
        .find(|(name, _)| name.get_ref() == key)
        .map(|(name, value)| (name.span(), value.get_ref()))
}

fn within(table: &DeTable<'_>, span: &Range<usize>, path: Path) -> Path {
    for (name, value) in table {
        if covers(&name.span(), span) {
            // An unknown key: serde names it, so the table it stands in is the better half of the answer.
            return path.at(name.get_ref());
        }
        if let Some(found) = inside(value, span, &path.at(name.get_ref())) {
            return found;
        }
    }
    path
}

fn inside(value: &Spanned<DeValue<'_>>, span: &Range<usize>, path: &Path) -> Option<Path> {
    let here = covers(&value.span(), span);
    match value.get_ref() {
        DeValue::Table(table) => {
            let found = within(table, span, path.clone());
            (here || found != *path).then_some(found)
        }
        DeValue::Array(array) => {
            let found = array
                .iter()
                .enumerate()
                .find_map(|(index, element)| inside(element, span, &path.index(index)));
            found.or_else(|| here.then(|| path.clone()))
        }
        _ => here.then(|| path.clone()),
    }
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end && outer.start < outer.end
}

/// The line (from 1) of a byte.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
