//! Spellings of the command line and of scenarios that this release still takes, each with a hint to the one that has taken its
//! place. The next release takes the new ones only.

use std::borrow::Cow;
use std::ffi::OsString;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a spelling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An option of the command, such as `--name`.
    Flag,
    /// A field of a scenario: its name, behind the name of the table it stands in.
    Field,
}

/// Every spelling that has changed: where it stands, as it was, as it is.
pub const OLD: [(Place, &str, &str); 4] = [
    (Place::Flag, "--villains", "--adversaries"),
    (Place::Field, "villains", "adversaries"),
    (Place::Field, "draw.villains", "draw.adversaries"),
    (Place::Field, "expel_convicted", "expel_proven_faulty"),
];

fn of(place: Place) -> impl Iterator<Item = (&'static str, &'static str)> {
    let there = OLD
        .into_iter()
        .filter(move |(where_it_is, ..)| *where_it_is == place);
    there.map(|(_, old, new)| (old, new))
}

/// The arguments of the command in their new spelling, and the hints to those that were not.
#[must_use]
pub fn renew_arguments(arguments: impl Iterator<Item = OsString>) -> (Vec<OsString>, Vec<String>) {
    let mut hints = Vec::new();
    let mut renewed = |argument: OsString| {
        let Some(text) = argument.to_str() else {
            return argument;
        };
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (text, None),
        };
        let Some((old, new)) = of(Place::Flag).find(|(old, _)| *old == flag) else {
            return argument;
        };
        hints.push(format!("{old} is now {new}"));
        match value {
            Some(value) => format!("{new}={value}").into(),
            None => new.into(),
        }
    };
    let renewed = arguments.map(&mut renewed).collect();
    (renewed, hints)
}

/// Gives the fields of a scenario their new spelling; the hints to those that had another.
pub(crate) fn renew_fields(table: &mut DeTable<'_>) -> Vec<String> {
    let mut hints = Vec::new();
    for (old, new) in of(Place::Field) {
        let renewed = match (old.split_once('.'), new.split_once('.')) {
            (Some((outer, old)), Some((_, new))) => match table.get_mut(outer) {
                Some(inner) => match inner.get_mut() {
                    DeValue::Table(inner) => renew(inner, old, new),
                    _ => false,
                },
                None => false,
            },
            _ => renew(table, old, new),
        };
        if renewed {
            hints.push(format!("`{old}` is now `{new}`"));
        }
    }
    hints
}

/// Gives one key its new spelling, unless both are there: then the old one is an unknown field.
fn renew(table: &mut DeTable<'_>, old: &str, new: &'static str) -> bool {
    if table.contains_key(new) {
        return false;
    }
    let Some((key, value)) = table.remove_entry(old) else {
        return false;
    };
    table.insert(Spanned::new(key.span(), Cow::Borrowed(new)), value);
    true
}
