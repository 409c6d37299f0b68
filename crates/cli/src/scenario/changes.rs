//! Who wants to be a member, and what the members are to change about themselves.

use std::collections::BTreeSet;

use bft_crdts::net::Wish;
use serde::{Deserialize, Serialize};

use super::locate::Path;
use super::problem::{Checked, Known, bad, each, few, known};
use super::value::{Time, Wrong};
use super::{MAX_MEMBERS, Scenario};
use crate::names;

/// A change of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Change {
    /// From when on it is wanted.
    pub at: Time,
    /// What.
    pub what: Wish,
    /// Whom it is about.
    pub who: String,
    /// Who approves it; everybody correct, if it does not say.
    pub approved_by: Option<Vec<String>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a change of members")]
struct Fields {
    #[serde(default)]
    at: Time,
    join: Option<String>,
    leave: Option<String>,
    expel: Option<String>,
    approved_by: Option<Vec<String>>,
}

impl TryFrom<Fields> for Change {
    type Error = Wrong;

    fn try_from(fields: Fields) -> Result<Self, Wrong> {
        let (what, who) = match (fields.join, fields.leave, fields.expel) {
            (Some(who), None, None) => (Wish::Join, who),
            (None, Some(who), None) => (Wish::Leave, who),
            (None, None, Some(who)) => (Wish::Expel, who),
            _ => {
                return Err(Wrong::new(
                    "",
                    "a change is one of `join`, `leave`, `expel`",
                ));
            }
        };
        Ok(Self {
            at: fields.at,
            what,
            who,
            approved_by: fields.approved_by,
        })
    }
}

impl From<Change> for Fields {
    fn from(change: Change) -> Self {
        let mut fields = Self {
            at: change.at,
            approved_by: change.approved_by,
            ..Self::default()
        };
        let what = match change.what {
            Wish::Join => &mut fields.join,
            Wish::Leave => &mut fields.leave,
            Wish::Expel => &mut fields.expel,
        };
        *what = Some(change.who);
        fields
    }
}

/// Those who are no members at the start, and may become some, have names of their own.
pub(super) fn joiners(joiners: &[String], members: &[String]) -> Checked {
    let path = Path::key("joiners");
    if joiners.len() > MAX_MEMBERS {
        return bad(path, format!("at most {MAX_MEMBERS} may want to join"));
    }
    let mut seen = BTreeSet::new();
    each(joiners, &path, |name, path| {
        names::check(name).map_err(|why| (path.clone(), why.to_string()))?;
        match members.contains(name) || !seen.insert(name) {
            true => bad(path, format!("`{name}` takes part already")),
            false => Ok(()),
        }
    })
}

/// Whom the changes are about, and who approves them.
pub(super) fn check(scenario: &Scenario, all: &Known<'_>) -> Checked {
    let free = ", which does what it likes";
    few(&scenario.changes, "changes", |change, path| {
        match change.what {
            Wish::Join => all.correct(&change.who, &path.at("join"), free)?,
            Wish::Leave => all.correct(&change.who, &path.at("leave"), free)?,
            Wish::Expel => known(&change.who, &all.people, &path.at("expel"))?,
        }
        let approved = change.approved_by.as_deref().unwrap_or_default();
        each(approved, &path.at("approved_by"), |name, path| {
            all.correct(name, &path, free)
        })
    })?;
    let joins = |change: &Change, name: &str| change.what == Wish::Join && change.who == name;
    each(&scenario.joiners, &Path::key("joiners"), |name, path| {
        all.correct(name, &path, "; only correct ones join")?;
        match scenario.changes.iter().any(|change| joins(change, name)) {
            true => Ok(()),
            false => bad(path, format!("no change lets `{name}` join")),
        }
    })
}
