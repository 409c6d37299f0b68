//! The lecture's bound from both sides: m liars among 3m + 1 nodes, and among 3m.

use super::file::File;
use super::{ExperimentError, Page};
use crate::fault::FaultKind;
use crate::protocol::Protocol;
use crate::row;
use crate::trial::Plan;

/// Seeds of every line.
const SEEDS: u64 = 20;

pub(super) fn run(file: &File) -> Result<Page, ExperimentError> {
    let mut page = Page::new("The bound of 3m + 1");
    page.line(format!(
        "runs of {SEEDS} seeds, in which the liars tell each half another story; one transaction each"
    ));
    page.line("");
    let mut rows = vec![row![
        "",
        "m",
        "nodes",
        "safety broken",
        "decided",
        "the first seed that broke it"
    ]];
    for protocol in [Protocol::Pbft, Protocol::SecureBroadcast] {
        for liars in 1..=3 {
            for nodes in [3 * liars + 1, 3 * liars] {
                let mut broken = Vec::new();
                let mut decided = 0;
                for seed in file.seed..file.seed + SEEDS {
                    let plan = Plan::new(nodes, seed).with(liars, FaultKind::MaliciousCommander);
                    let outcome = protocol.run(&plan)?;
                    decided += outcome.decided;
                    if !outcome.violations.is_empty() {
                        broken.push(seed);
                    }
                }
                rows.push(row![
                    protocol,
                    liars,
                    nodes,
                    broken.len(),
                    decided,
                    broken.first().map_or("-".to_owned(), u64::to_string)
                ]);
            }
        }
    }
    page.table(&rows);
    page.line("");
    page.line("With 3m nodes PBFT decides two things. Secure broadcast, whose quorum is more than two thirds, has no quorum");
    page.line("without the liars, and with them it has no more than one story; it is safe there and stands still. With one more");
    page.line("liar it breaks, too:");
    page.line("");
    let mut rows = vec![row!["", "liars", "nodes", "safety broken", "decided"]];
    for protocol in [Protocol::Pbft, Protocol::SecureBroadcast] {
        for faults in 1..=3 {
            let nodes = 3 * faults + 1;
            for liars in [faults, faults + 1] {
                let mut broken = 0;
                let mut decided = 0;
                for seed in file.seed..file.seed + SEEDS {
                    let plan = Plan::new(nodes, seed).with(liars, FaultKind::MaliciousCommander);
                    let outcome = protocol.run(&plan)?;
                    decided += outcome.decided;
                    broken += u32::from(!outcome.violations.is_empty());
                }
                rows.push(row![protocol, liars, nodes, broken, decided]);
            }
        }
    }
    page.table(&rows);
    page.line("");
    page.line("(Over secure broadcast the one who asks is the liar: that nothing of it is decided harms nobody else.)");
    Ok(page)
}
