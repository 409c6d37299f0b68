//! What the default vote of the lecture hides.

use super::file::File;
use super::{ExperimentError, Page};
use crate::fault::FaultKind;
use crate::majority_vote::{self, Absent};
use crate::outcome::Said;
use crate::row;
use crate::trial::{self, Plan};

const NODES: usize = 9;

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("A majority vote while voters disappear");
    page.line(format!(
        "{NODES} nodes, one leads; the others disappear one after the other"
    ));
    page.line("");
    let mut rows = vec![row![
        "gone",
        "votes that came",
        "default: decided",
        "votes granted",
        "ms",
        "no default: decided"
    ]];
    for gone in 0..NODES {
        let fault = if gone == 0 {
            FaultKind::None
        } else {
            FaultKind::Offline
        };
        let plan = Plan::new(NODES, file.seed).with(gone, fault);
        let with = trial::run(
            &plan,
            majority_vote::roster(Absent::VoteAsTheLeader, &plan)?,
        );
        let without = trial::run(&plan, majority_vote::roster(Absent::DoNotCount, &plan)?);
        let counted = with.said.iter().find_map(|(.., said)| match said {
            Said::Counted { came, granted } => Some((*came, *granted)),
            _ => None,
        });
        let (came, granted) = counted.unwrap_or_default();
        let took = with.latencies.first();
        let took = took.map_or("-".to_owned(), |span| {
            (span.as_nanos() / 1_000_000).to_string()
        });
        let yes = |decided: u64| if decided > 0 { "yes" } else { "no" };
        rows.push(row![
            gone,
            came,
            yes(with.decided),
            granted,
            took,
            yes(without.decided)
        ]);
    }
    page.table(&rows);
    page.line("");
    page.line("With the default vote the leader decides alone in the end, and nothing it says shows that nobody else is there.");
    Ok(page)
}
