//! The fates of packets, as a scenario writes them down: `"a b 3 lost"`.

use std::collections::BTreeSet;

use bft_crdts::net::{Fate, Span};
use serde::{Deserialize, Serialize};

use super::locate::Path;
use super::problem::{Checked, bad, each, known};
use super::value::Time;
use crate::time;

/// Most packets whose fate a scenario says.
pub const MAX_COPIES: usize = 100_000;

/// The fates of packets, in the place of what the network would draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// How long every packet takes that is not named.
    pub latency: Time,
    /// Those that are.
    #[serde(default)]
    pub copies: Vec<Copy>,
}

/// What becomes of one packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl From<Copy> for String {
    fn from(copy: Copy) -> Self {
        let fate = match copy.fate {
            Fate::Lost => "lost".to_owned(),
            Fate::Takes(span) => format!("{}ns", span.as_nanos()),
            Fate::Twice(one, two) => format!("{}ns {}ns", one.as_nanos(), two.as_nanos()),
        };
        format!("{} {} {} {fate}", copy.from, copy.to, copy.number)
    }
}

impl TryFrom<String> for Copy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let time = |text: &str| -> Result<Span, String> {
            time::parse(text).map_err(|why| why.to_string())
        };
        let (from, to, number, fate) = match words.as_slice() {
            [from, to, number, "lost"] => (from, to, number, Fate::Lost),
            [from, to, number, one] => (from, to, number, Fate::Takes(time(one)?)),
            [from, to, number, one, two] => (from, to, number, Fate::Twice(time(one)?, time(two)?)),
            _ => {
                let problem =
                    "is no packet: write `FROM TO NUMBER lost`, or one or two times for `lost`";
                return Err(problem.to_owned());
            }
        };
        let whole = number.parse();
        Ok(Self {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            number: whole.map_err(|_| format!("`{}` is no whole number", number.escape_debug()))?,
            fate,
        })
    }
}

/// Every packet is one between nodes, and named once.
pub(super) fn check(schedule: &Schedule, nodes: &[String]) -> Checked {
    let path = Path::key("schedule").at("copies");
    if schedule.copies.len() > MAX_COPIES {
        let problem = format!("{} of them; at most {MAX_COPIES}", schedule.copies.len());
        return bad(path, problem);
    }
    let mut seen = BTreeSet::new();
    each(&schedule.copies, &path, |copy, path| {
        known(&copy.from, nodes, &path)?;
        known(&copy.to, nodes, &path)?;
        match seen.insert((&copy.from, &copy.to, copy.number)) {
            true => Ok(()),
            false => bad(path, "stands there twice"),
        }
    })
}
