//! What is wrong with a field, and how it is said.

use std::collections::BTreeSet;

use super::locate::Path;
use super::value::Time;
use super::{Adversary, MAX_FAULTS};

/// A field that is wrong, and why; its line is looked up when it is reported.
pub(super) type Problem = (Path, String);
pub(super) type Checked<T = ()> = Result<T, Problem>;

pub(super) fn bad<T>(path: Path, problem: impl Into<String>) -> Checked<T> {
    Err((path, problem.into()))
}

/// The names that a scenario may use, and who of them is an adversary.
pub(super) struct Known<'a> {
    /// The members and the joiners.
    pub(super) people: Vec<String>,
    /// Those and the outsiders.
    pub(super) nodes: Vec<String>,
    pub(super) adversaries: &'a [Adversary],
}

impl Known<'_> {
    fn is_adversary(&self, name: &str) -> bool {
        self.adversaries
            .iter()
            .any(|adversary| adversary.who == name)
    }

    /// A member or joiner that keeps to the protocol.
    pub(super) fn correct(&self, name: &str, path: &Path, otherwise: &str) -> Checked {
        known(name, &self.people, path)?;
        match self.is_adversary(name) {
            true => bad(path.clone(), format!("`{name}` is an adversary{otherwise}")),
            false => Ok(()),
        }
    }

    pub(super) fn all_nodes(&self, names: &[String], path: &Path) -> Checked {
        each(names, path, |name, path| known(name, &self.nodes, &path))
    }
}

pub(super) fn known<N: AsRef<str>>(name: &str, known: &[N], path: &Path) -> Checked {
    if known.iter().any(|member| member.as_ref() == name) {
        return Ok(());
    }
    let all: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let problem = format!("`{}` is none of {}", name.escape_debug(), all.join(", "));
    bad(path.clone(), problem)
}

/// Checks every element of a list.
pub(super) fn each<'a, T>(
    list: &'a [T],
    path: &Path,
    mut check: impl FnMut(&'a T, Path) -> Checked,
) -> Checked {
    let mut numbered = list.iter().enumerate();
    numbered.try_for_each(|(index, element)| check(element, path.index(index)))
}

/// Checks every element of a list of faults, which there may not be too many of.
pub(super) fn few<'a, T>(
    list: &'a [T],
    field: &str,
    check: impl FnMut(&'a T, Path) -> Checked,
) -> Checked {
    let path = Path::key(field);
    if list.len() > MAX_FAULTS {
        let problem = format!("{} of them; at most {MAX_FAULTS}", list.len());
        return bad(path, problem);
    }
    each(list, &path, check)
}

pub(super) fn later(at: Time, end: Time, field: &str, path: &Path) -> Checked {
    match end > at {
        true => Ok(()),
        false => bad(path.at(field), "is not later than `at`"),
    }
}

pub(super) fn range(value: u64, most: u64, path: Path) -> Checked {
    match value {
        value if value == 0 || value > most => {
            bad(path, format!("{value} is not between 1 and {most}"))
        }
        _ => Ok(()),
    }
}

/// Every name is known and stands in one group only.
pub(super) fn groups<'a>(
    groups: impl IntoIterator<Item = &'a Vec<String>>,
    names: &[String],
    path: &Path,
) -> Checked {
    let mut seen = BTreeSet::new();
    for (index, group) in groups.into_iter().enumerate() {
        each(group, &path.index(index), |name, path| {
            known(name, names, &path)?;
            match seen.insert(name) {
                true => Ok(()),
                false => bad(path, format!("`{name}` stands there twice")),
            }
        })?;
    }
    Ok(())
}
