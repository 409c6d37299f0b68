//! The fates of packets, as a scenario writes them down: `"a b 3 lost"`.

use std::collections::BTreeSet;

use bft_crdts::net::{Fate, Span};

use super::check::{Checked, bad, known, some_time};
use super::file;
use super::locate::Path;

/// Most packets whose fate a scenario says.
pub const MAX_COPIES: usize = 100_000;

/// The fates of packets, in the place of what the network would draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How long every packet takes that is not named.
    pub latency: Span,
    /// Those that are.
    pub copies: Vec<Copy>,
}

/// What becomes of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Who sends it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// How many the one has sent the other before.
    pub number: u64,
    /// What becomes of it.
    pub fate: Fate,
}

impl Copy {
    /// As a scenario writes it.
    #[must_use]
    pub fn text(&self) -> String {
        let fate = match self.fate {
            Fate::Lost => "lost".to_owned(),
            Fate::Takes(span) => format!("{}ns", span.as_nanos()),
            Fate::Twice(one, two) => format!("{}ns {}ns", one.as_nanos(), two.as_nanos()),
        };
        format!("{} {} {} {fate}", self.from, self.to, self.number)
    }
}

/// The schedule, by the names of `nodes`.
pub(super) fn schedule(
    schedule: Option<&file::Schedule>,
    nodes: &[String],
) -> Checked<Option<Schedule>> {
    let path = Path::key("schedule");
    let Some(schedule) = schedule else {
        return Ok(None);
    };
    let latency = some_time(&schedule.latency, &path.at("latency"))?;
    let path = path.at("copies");
    if schedule.copies.len() > MAX_COPIES {
        let problem = format!("{} of them; at most {MAX_COPIES}", schedule.copies.len());
        return bad(path, problem);
    }
    let mut copies = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, text) in schedule.copies.iter().enumerate() {
        let copy = copy(text, nodes, &path.index(index))?;
        if !seen.insert((copy.from.clone(), copy.to.clone(), copy.number)) {
            return bad(path.index(index), "stands there twice");
        }
        copies.push(copy);
    }
    Ok(Some(Schedule { latency, copies }))
}

fn copy(text: &str, nodes: &[String], path: &Path) -> Checked<Copy> {
    let words: Vec<&str> = text.split(' ').collect();
    let (from, to, number, fate) = match words.as_slice() {
        [from, to, number, fate @ ..] if (1..=2).contains(&fate.len()) => (from, to, number, fate),
        _ => {
            let problem =
                "is no packet: write `FROM TO NUMBER lost`, or one or two times for `lost`";
            return bad(path.clone(), problem);
        }
    };
    known(from, nodes, path)?;
    known(to, nodes, path)?;
    let number = number.parse().map_err(|_| {
        let problem = format!("`{}` is no whole number", number.escape_debug());
        (path.clone(), problem)
    })?;
    let fate = match fate {
        ["lost"] => Fate::Lost,
        [one] => Fate::Takes(some_time(one, path)?),
        [one, two] => Fate::Twice(some_time(one, path)?, some_time(two, path)?),
        _ => Fate::Lost,
    };
    Ok(Copy {
        from: (*from).to_owned(),
        to: (*to).to_owned(),
        number,
        fate,
    })
}
