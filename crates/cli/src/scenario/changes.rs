//! Who wants to be a member, and what the members are to change about themselves.

use std::collections::BTreeSet;

use bft_crdts::net::{Span, Wish};

use super::check::{Checked, bad, few, known, some_time};
use super::locate::Path;
use super::{Change, MAX_MEMBERS, Villain, file};
use crate::names;

/// Those who are no members at the start, and may become some.
pub(super) fn joiners(joiners: &[String], members: &[String]) -> Checked<Vec<String>> {
    let path = Path::key("joiners");
    if joiners.len() > MAX_MEMBERS {
        return bad(path, format!("at most {MAX_MEMBERS} may want to join"));
    }
    let mut seen = BTreeSet::new();
    for (index, name) in joiners.iter().enumerate() {
        names::check(name).map_err(|why| (path.index(index), why.to_string()))?;
        if members.contains(name) || !seen.insert(name) {
            let problem = format!("`{name}` takes part already");
            return bad(path.index(index), problem);
        }
    }
    Ok(joiners.to_vec())
}

/// The changes, by the names of `people`: the members and the joiners.
pub(super) fn changes(
    file: &file::File,
    joiners: &[String],
    people: &[String],
    villains: &[Villain],
) -> Checked<Vec<Change>> {
    let path = Path::key("changes");
    few(file.changes.len(), &path)?;
    let mut checked = Vec::new();
    for (index, change) in file.changes.iter().enumerate() {
        checked.push(self::change(change, people, villains, &path.index(index))?);
    }
    let joins = |name: &String| {
        let join = |change: &Change| change.what == Wish::Join && change.who == *name;
        checked.iter().any(join)
    };
    for (index, name) in joiners.iter().enumerate() {
        if villains.iter().any(|villain| villain.who == *name) {
            let problem = format!("`{name}` is a villain; only correct ones join");
            return bad(Path::key("joiners").index(index), problem);
        }
        if !joins(name) {
            let problem = format!("no change lets `{name}` join");
            return bad(Path::key("joiners").index(index), problem);
        }
    }
    Ok(checked)
}

fn change(
    change: &file::Change,
    people: &[String],
    villains: &[Villain],
    path: &Path,
) -> Checked<Change> {
    let (what, field, who) = match (&change.join, &change.leave, &change.expel) {
        (Some(who), None, None) => (Wish::Join, "join", who),
        (None, Some(who), None) => (Wish::Leave, "leave", who),
        (None, None, Some(who)) => (Wish::Expel, "expel", who),
        _ => return bad(path.clone(), "a change is one of `join`, `leave`, `expel`"),
    };
    known(who, people, &path.at(field))?;
    let is_villain = |who: &String| villains.iter().any(|villain| villain.who == *who);
    if what != Wish::Expel && is_villain(who) {
        let problem = format!("`{who}` is a villain, which does what it likes");
        return bad(path.at(field), problem);
    }
    for (index, name) in change.approved_by.iter().flatten().enumerate() {
        let path = path.at("approved_by").index(index);
        known(name, people, &path)?;
        if is_villain(name) {
            let problem = format!("`{name}` is a villain, which does what it likes");
            return bad(path, problem);
        }
    }
    let at = match &change.at {
        Some(at) => some_time(at, &path.at("at"))?,
        None => Span::ZERO,
    };
    Ok(Change {
        at,
        what,
        who: who.clone(),
        approved_by: change.approved_by.clone(),
    })
}
