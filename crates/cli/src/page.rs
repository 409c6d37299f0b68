//! The report page of a run: what the command knows of it, put on the page of the simulator.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bft_crdts::net::NodeId;
use bft_crdts::net::details::Details;
use bft_crdts::net::page::{Finding, Page};
use bft_crdts::net::trace::Trace;

use crate::args;
use crate::report::RunReport;
use crate::rules::SOUND;

/// The most rows that were refused, of which a page tells each.
const MOST: usize = 200;

/// The page of a run. `command` makes it again.
#[must_use]
pub fn page<'a>(
    report: &RunReport,
    trace: &'a Trace,
    details: &'a Details,
    command: &str,
) -> Page<'a> {
    let mut page = Page::new(trace)
        .details(details)
        .description(&report.description)
        .command(command)
        // They are most of the packets of a long run, and most of them come to nothing.
        .quiet("summary")
        .counts(counted(report, trace));
    for (what, value) in facts(report) {
        page = page.fact(what, value);
    }
    for violation in &report.violations {
        let what = format!("{} {}", violation.property, violation.dot);
        let finding = Finding::violation(what.trim_end(), &violation.detail)
            .at(violation.step)
            .of(&violation.nodes);
        page = page.finding(finding);
    }
    if report.more_violations > 0 {
        let detail = format!("{} more of the kind were seen", report.more_violations);
        page = page.finding(Finding::violation("and more", detail));
    }
    for evidence in &report.evidence {
        let what = format!("{} is convicted", evidence.against);
        let detail = format!(
            "{}, {}; {} of the correct members hold the proof",
            evidence.kind, evidence.slot, evidence.held_by
        );
        page = page.finding(Finding::evidence(what, detail));
    }
    for refused in report.refused.iter().take(MOST) {
        let what = format!("row {} was refused", refused.row.number);
        let detail = format!("{}, {}: {}", refused.row.who, refused.row.what, refused.why);
        page = page.finding(Finding::note(what, detail));
    }
    if report.refused.len() > MOST {
        let detail = format!("{} more rows", report.refused.len() - MOST);
        page = page.finding(Finding::note("and more were refused", detail));
    }
    page
}

/// Correct members of the end: they must have everything.
fn counted(report: &RunReport, trace: &Trace) -> Vec<NodeId> {
    let nodes = (0..).map(NodeId::new).zip(&trace.nodes);
    nodes
        .filter(|(_, node)| node.correct && report.members_at_end.contains(&node.name))
        .map(|(id, _)| id)
        .collect()
}

fn facts(report: &RunReport) -> Vec<(&'static str, String)> {
    let total = report.total();
    let mut facts = vec![
        ("algorithm", report.algorithm.to_owned()),
        (
            "members",
            format!(
                "{}, of whom {} may be faulty",
                report.members, report.tolerated
            ),
        ),
    ];
    if report.rules != SOUND {
        facts.push(("rules", format!("{}, broken on purpose", report.rules)));
    }
    if !report.faulty.is_empty() {
        let faulty = report
            .faulty
            .iter()
            .map(|(who, kind)| format!("{who} ({kind})"));
        facts.push(("adversaries", faulty.collect::<Vec<_>>().join(", ")));
    }
    if !report.outsiders.is_empty() {
        facts.push(("outsiders", report.outsiders.join(", ")));
    }
    if !report.changes.is_empty() {
        facts.push(("changes", report.changes.join(", ")));
        facts.push(("members at the end", report.members_at_end.join(", ")));
    }
    facts.push((
        "operations",
        format!(
            "{} submitted, {} delivered by all correct members, {} refused",
            report.submitted,
            report.delivered,
            report.refused.len()
        ),
    ));
    facts.push((
        "states",
        match (report.converged, report.groups.len()) {
            (true, _) => "all correct members ended in the same state".to_owned(),
            (false, groups) => format!("correct members ended in {groups} different states"),
        },
    ));
    facts.push((
        "packets",
        format!(
            "{} sent, {} bytes; {} lost, {} doubled by the network",
            total.messages, total.bytes, report.lost, report.duplicated
        ),
    ));
    facts.push(("end", format!("{} at {}", report.end, report.ended)));
    facts.push(("digest of the trace", report.trace_digest.clone()));
    facts
}

/// The command that makes the run again, with its page.
#[must_use]
pub fn command(args: &args::Run, seed: u64) -> String {
    let mut command = format!(
        "bft-crdts run {} --seed {seed}",
        quoted(&args.scenario.display().to_string())
    );
    if let Some(rules) = &args.rules {
        command += &format!(" --rules {}", quoted(rules));
    }
    command + " --report report.html"
}

/// A word of a command line as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=+,:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Writes a page into a file; its directory is made.
///
/// # Errors
/// Where it cannot be written.
pub fn write(path: &Path, html: &str) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("{}: cannot be made", directory.display()))?;
    }
    fs::write(path, html).with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_of_a_command_is_one_word() {
        assert_eq!(quoted("scenarios/a.toml"), "scenarios/a.toml");
        assert_eq!(quoted("my file"), "'my file'");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
        assert_eq!(quoted(""), "''");
    }
}
