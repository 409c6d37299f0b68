//! The summary of a run, for people.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};

use crate::report::{Balance, RunReport, State};

/// Most rows of a list that are printed; the rest is counted.
const MOST: usize = 20;

/// The summary.
#[must_use]
pub fn text(report: &RunReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, report);
    text
}

fn write_all(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out, "{} (seed {})", report.scenario, report.seed)?;
    if !report.description.is_empty() {
        writeln!(out, "{}", report.description)?;
    }
    writeln!(out)?;
    who(out, report)?;
    done(out, report)?;
    agreement(out, report)?;
    state(out, report)?;
    refused(out, report)?;
    for evidence in &report.evidence {
        let held = format!("held by {}", count(evidence.held_by, "correct member"));
        line(
            out,
            "evidence",
            &format!(
                "{} against {}, slot {}; {held}",
                evidence.kind, evidence.against, evidence.slot
            ),
        )?;
        if let Some(outcome) = &evidence.outcome {
            line(out, "", outcome)?;
        }
    }
    traffic(out, report)?;
    latency(out, report)?;
    line(out, "trace", &report.trace_digest)?;
    for (place, file) in report.files.iter().enumerate() {
        line(
            out,
            if place == 0 { "written" } else { "" },
            &file.display().to_string(),
        )?;
    }
    verdict(out, report)
}

fn line(out: &mut String, what: &str, text: &str) -> std::fmt::Result {
    writeln!(out, "{what:<11} {text}")
}

pub(crate) fn count(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn who(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let named = |(name, kind): &(String, String)| format!("{name}: {kind}");
    let faulty = match report.faulty.len() {
        0 => "none of them faulty".to_owned(),
        many => {
            let names: Vec<String> = report.faulty.iter().map(named).collect();
            format!("{many} of them faulty ({})", names.join(", "))
        }
    };
    let members = count(report.members, "member");
    line(
        out,
        "members",
        &format!("{members}, {faulty}; {} tolerated", report.tolerated),
    )?;
    if report.faulty.len() > report.tolerated {
        line(
            out,
            "",
            "MORE FAULTY MEMBERS THAN TOLERATED: nothing is promised",
        )?;
    }
    if !report.changes.is_empty() {
        let mut first = "generations";
        for (number, change) in (1..).zip(&report.changes) {
            line(out, first, &format!("g{number}: {change}"))?;
            first = "";
        }
        line(out, "at the end", &report.members_at_end.join(", "))?;
    }
    for (place, change) in report.undecided.iter().enumerate() {
        line(out, if place == 0 { "no change" } else { "" }, change)?;
    }
    if !report.outsiders.is_empty() {
        line(out, "outsiders", &report.outsiders.join(", "))?;
    }
    if report.rules != crate::rules::SOUND {
        line(
            out,
            "rules",
            &format!("{} - DELIBERATELY BROKEN", report.rules),
        )?;
    }
    Ok(())
}

fn done(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let text = format!(
        "{} submitted by correct members: {} delivered by all of them, {} refused, {} unfinished",
        report.submitted,
        report.delivered,
        report.refused.len(),
        report.unfinished,
    );
    line(out, "operations", &text)
}

fn agreement(out: &mut String, report: &RunReport) -> std::fmt::Result {
    if let [group] = report.groups.as_slice() {
        let text = format!(
            "all {} hold the same state {}",
            count(group.members.len(), "correct member"),
            group.digest
        );
        return line(out, "agreement", &text);
    }
    for group in &report.groups {
        line(
            out,
            "agreement",
            &format!("{} hold {}", group.members.join(", "), group.digest),
        )?;
    }
    Ok(())
}

fn table(headings: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headings);
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn indented(out: &mut String, table: &Table) -> std::fmt::Result {
    for row in table.to_string().lines() {
        writeln!(out, "{:<11}{}", "", row.trim_end())?;
    }
    Ok(())
}

fn state(out: &mut String, report: &RunReport) -> std::fmt::Result {
    for group in &report.groups {
        let whose = if report.groups.len() > 1 {
            format!("of {}", group.members.join(", "))
        } else {
            String::new()
        };
        match group.state.as_ref().unwrap_or(&State::Balances(Vec::new())) {
            State::Set(items) if items.is_empty() => line(out, "set", &format!("{whose} empty"))?,
            State::Set(items) => line(out, "set", &format!("{whose}{}", items.join(", ")))?,
            State::Balances(balances) => {
                line(out, "balances", &whose)?;
                let shown = |balance| report.amounts.show(u128::from(balance));
                let mut table = table(&["account", "before", "now"], &[1, 2]);
                for Balance {
                    account,
                    before,
                    now,
                } in balances.iter().take(MOST)
                {
                    table.add_row([account.clone(), shown(*before), shown(*now)]);
                }
                let sum = |of: fn(&Balance) -> u64| {
                    let sum = balances.iter().map(|balance| u128::from(of(balance))).sum();
                    report.amounts.show(sum)
                };
                if !balances.is_empty() {
                    let (before, now) = (sum(|balance| balance.before), sum(|balance| balance.now));
                    table.add_row(["total".to_owned(), before, now]);
                }
                indented(out, &table)?;
                more(out, balances.len())?;
            }
        }
    }
    Ok(())
}

fn more(out: &mut String, have: usize) -> std::fmt::Result {
    match have.saturating_sub(MOST) {
        0 => Ok(()),
        left => line(out, "", &format!("... and {left} more")),
    }
}

fn refused(out: &mut String, report: &RunReport) -> std::fmt::Result {
    if report.refused.is_empty() {
        return Ok(());
    }
    line(out, "refused", &count(report.refused.len(), "row"))?;
    let mut table = table(&["row", "line", "who", "what", "why"], &[0, 1]);
    for refused in report.refused.iter().take(MOST) {
        let row = &refused.row;
        let cells = [
            row.number.to_string(),
            row.line.to_string(),
            row.who.clone(),
            row.what.shown(report.amounts),
            refused.why.clone(),
        ];
        table.add_row(cells);
    }
    indented(out, &table)?;
    more(out, report.refused.len())
}

fn traffic(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let text = format!(
        "{} lost, {} copied by the network",
        report.lost, report.duplicated
    );
    line(out, "packets", &text)?;
    let mut table = table(&["kind", "messages", "bytes"], &[1, 2]);
    for (kind, traffic) in &report.by_kind {
        table.add_row([
            kind.clone(),
            traffic.messages.to_string(),
            traffic.bytes.to_string(),
        ]);
    }
    let total = report.total();
    table.add_row([
        "all".to_owned(),
        total.messages.to_string(),
        total.bytes.to_string(),
    ]);
    indented(out, &table)
}

fn latency(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let Some(latency) = &report.latency else {
        return line(
            out,
            "latency",
            "nothing of a correct member was delivered by all of them",
        );
    };
    let text = format!(
        "p50 {}  p90 {}  p99 {}  max {}",
        latency.p50, latency.p90, latency.p99, latency.max
    );
    line(
        out,
        "latency",
        &format!("{text}  (virtual, submitted to delivered everywhere)"),
    )
}

fn verdict(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out)?;
    writeln!(
        out,
        "{} at {} of virtual time; {}",
        report.end,
        report.ended,
        match report.violations.len() {
            0 => "every promise was kept.".to_owned(),
            many => format!("{}:", count(many, "VIOLATION")),
        }
    )?;
    for violation in report.violations.iter().take(MOST) {
        let dot = if violation.dot.is_empty() {
            String::new()
        } else {
            format!(" {}", violation.dot)
        };
        let nodes = violation.nodes.join(", ");
        writeln!(
            out,
            "  {}{dot} at step {} ({nodes}): {}",
            violation.property, violation.step, violation.detail
        )?;
    }
    more(out, report.violations.len())
}
