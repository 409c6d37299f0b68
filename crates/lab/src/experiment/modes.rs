//! CCRO with a communication node that lies, in both modes of COMMIT.

use super::file::File;
use super::{ExperimentError, Page};
use crate::fault::FaultKind;
use crate::outcome::Said;
use crate::protocol::Protocol;
use crate::row;
use crate::trial::Plan;

const SEEDS: u64 = 50;

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("CCRO: a bare count, or the votes");
    page.line(format!(
        "the communication node tells one half of the consensus nodes something else; {SEEDS} seeds, two transactions each"
    ));
    page.line("");
    let mut rows = vec![row![
        "COMMIT shows",
        "nodes",
        "liars",
        "safety broken",
        "decided",
        "bytes of a run"
    ]];
    for (protocol, shows) in [
        (Protocol::CcroCount, "a count"),
        (Protocol::Ccro, "the votes"),
    ] {
        for (nodes, liars) in [(6, 1), (9, 1), (9, 3), (12, 4)] {
            let (mut broken, mut decided, mut bytes) = (0, 0, 0);
            for seed in file.seed..file.seed + SEEDS {
                let plan = Plan {
                    decisions: 2,
                    ..Plan::new(nodes, seed).with(liars, FaultKind::LyingCommunicationNode)
                };
                let outcome = protocol.run(&plan)?;
                broken += u32::from(!outcome.violations.is_empty());
                decided += outcome.decided;
                bytes += outcome.stored.bytes;
            }
            rows.push(row![shows, nodes, liars, broken, decided, bytes / SEEDS]);
        }
    }
    page.table(&rows);
    page.line("");
    page.line("Beside the communication node the liars are consensus nodes, as many as are tolerated at most: f of the n - 2.");
    page.line("");
    page.line("roles and trust, round by round, with one silent node (seed, round, primary, trust of each in thousandths)");
    let plan = Plan {
        decisions: 4,
        ..Plan::new(6, file.seed).with(1, FaultKind::Offline)
    };
    let outcome = Protocol::Ccro.run(&plan)?;
    let silent = outcome.faulty.first().map_or(0, |node| node.get());
    let mut rows = vec![row!["round", "then leads", "trust"]];
    let mut round = 0;
    let mut trust = String::new();
    for (_, _, said) in &outcome.said {
        match said {
            Said::Trust(all) => {
                round += 1;
                let all: Vec<String> = all.iter().map(u32::to_string).collect();
                trust = all.join(" ");
            }
            Said::Leads(node) => rows.push(row![round, node, trust]),
            _ => {}
        }
    }
    page.line(format!("(n{silent} is silent)"));
    page.table(&rows);
    Ok(page)
}
