//! Who does not keep to the protocol, and what it is told to do.

use std::collections::BTreeSet;

use bft_crdts::net::adversary::AdversaryKind;
use serde::{Deserialize, Serialize};

use super::locate::Path;
use super::problem::{Checked, bad, each, few, groups, known};
use super::value::{Kind, Time, Wrong};
use super::{Algorithm, Scenario};
use crate::names;
use crate::operations::What;

/// Somebody who does not keep to the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Adversary {
    /// Its name: a member's, or a new one for an outsider.
    pub who: String,
    /// What it does.
    pub kind: AdversaryKind,
    /// When it begins.
    pub at: Time,
    /// What it does for once instead of what it draws from the seed.
    pub script: Script,
}

/// What an adversary is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// Nothing: it draws what it does from the seed.
    Drawn,
    /// An equivocator signs these operations for one slot, and tells each to the members behind it.
    Versions(Vec<(What, Vec<String>)>),
    /// A withholder tells its proofs to this member only.
    Tells(String),
}

impl Script {
    /// The versions of an equivocator; none of anybody else.
    #[must_use]
    pub fn versions(&self) -> &[(What, Vec<String>)] {
        match self {
            Self::Versions(versions) => versions,
            Self::Drawn | Self::Tells(_) => &[],
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an adversary")]
struct Fields {
    who: String,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Time::is_zero")]
    at: Time,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    split: Vec<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<What>,
    tells: Option<String>,
}

impl TryFrom<Fields> for Adversary {
    type Error = Wrong;

    fn try_from(fields: Fields) -> Result<Self, Wrong> {
        let Fields {
            who,
            kind: Kind(kind),
            at,
            split,
            versions,
            tells,
        } = fields;
        let (many, groups) = (versions.len(), split.len());
        let equivocates = kind == AdversaryKind::Equivocator;
        if !equivocates && groups > 0 {
            return Err(Wrong::new(
                "split",
                "only an equivocator splits the members",
            ));
        }
        if !equivocates && many > 0 {
            return Err(Wrong::new("versions", "only an equivocator has versions"));
        }
        if kind != AdversaryKind::Withholder && tells.is_some() {
            return Err(Wrong::new(
                "tells",
                "only a withholder tells one member only",
            ));
        }
        if many != groups {
            let problem = format!("{many} versions for {groups} groups");
            return Err(Wrong::new("versions", problem));
        }
        if many == 1 {
            let problem = "one version is no equivocation; give two";
            return Err(Wrong::new("versions", problem));
        }
        let script = match tells {
            Some(name) => Script::Tells(name),
            None if many == 0 => Script::Drawn,
            None => Script::Versions(versions.into_iter().zip(split).collect()),
        };
        Ok(Self {
            who,
            kind,
            at,
            script,
        })
    }
}

impl From<Adversary> for Fields {
    fn from(adversary: Adversary) -> Self {
        let (tells, versions) = match adversary.script {
            Script::Drawn => (None, Vec::new()),
            Script::Tells(name) => (Some(name), Vec::new()),
            Script::Versions(versions) => (None, versions),
        };
        let (versions, split) = versions.into_iter().unzip();
        Self {
            who: adversary.who,
            kind: Kind(adversary.kind),
            at: adversary.at,
            split,
            versions,
            tells,
        }
    }
}

/// Each is a member or an outsider, once, and what it is told fits the scenario.
pub(super) fn check(scenario: &Scenario, members: &[String]) -> Checked {
    let mut taken = BTreeSet::new();
    few(&scenario.adversaries, "adversaries", |adversary, path| {
        let who = path.at("who");
        names::check(&adversary.who).map_err(|why| (who.clone(), why.to_string()))?;
        let name = &adversary.who;
        match adversary.kind {
            AdversaryKind::Outsider if members.contains(name) => {
                return bad(who, format!("`{name}` is a member, so no outsider"));
            }
            AdversaryKind::Outsider => {}
            _ => known(name, members, &who)?,
        }
        if !taken.insert(name) {
            return bad(who, format!("`{name}` is an adversary already"));
        }
        script(&adversary.script, members, scenario.algorithm, &path)
    })
}

fn script(script: &Script, members: &[String], algorithm: Algorithm, path: &Path) -> Checked {
    if let Script::Tells(name) = script {
        known(name, members, &path.at("tells"))?;
    }
    let versions = script.versions();
    let split = versions.iter().map(|(_, names)| names);
    groups(split, members, &path.at("split"))?;
    each(versions, &path.at("versions"), |(what, _), path| {
        let fits = algorithm.takes(what);
        fits.map_err(|problem| (path.at("what"), problem))
    })
}
