//! From what the library reports of a run to what the command does: names for keys, rows for numbers, and what only the
//! command knows to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bft_crdts::membership::quorum::{faults, quorum};
use bft_crdts::net::trace::TraceKind;
use bft_crdts::net::{self, Ended, RefusedTask, VirtualTime, Wish};

use crate::input::Input;
use crate::operations::{Amounts, Row};
use crate::report::{Evidence, Group, Latency, RefusedRow, RunReport, State, Traffic, Violation};
use crate::scenario::{Algorithm, Scenario};
use crate::scenario_algorithm::{Identities, ScenarioAlgorithm};

/// A run that has ended, and what it was a run of.
pub(super) struct Run<'a, A: ScenarioAlgorithm> {
    pub(super) input: &'a Input,
    pub(super) scenario: &'a Scenario,
    pub(super) rows: &'a [Row],
    pub(super) people: &'a Identities,
    pub(super) ran: &'a net::Report<A>,
}

impl<A: ScenarioAlgorithm> Run<'_, A> {
    pub(super) fn report(self, rules: &str, real_signatures: bool) -> Result<RunReport> {
        let groups = self.groups();
        let violations = self.violations(&groups)?;
        let refused = self.refused();
        let evidence = self.evidence();
        let (scenario, ran) = (self.scenario, self.ran);
        let outsiders = scenario.adversaries.iter().map(|adversary| &adversary.who);
        let faulty = scenario.faulty();
        let faulty =
            faulty.map(|adversary| (adversary.who.clone(), adversary.kind.name().to_owned()));
        let by_kind = ran.traffic.by_kind();
        let by_kind = by_kind
            .map(|(kind, messages, bytes)| (kind.to_owned(), Traffic { messages, bytes }))
            .collect();
        let everywhere = ran.latency.everywhere;
        Ok(RunReport {
            scenario: scenario.name.clone(),
            description: scenario.description.clone(),
            algorithm: scenario.algorithm.name(),
            amounts: scenario.amounts(),
            rules: rules.to_owned(),
            seed: ran.seed,
            real_signatures,
            members: ran.members,
            tolerated: faults(ran.members),
            undecided: undecided(scenario, &ran.changes),
            changes: ran.changes.clone(),
            members_at_end: ran.members_at_end.clone(),
            faulty: faulty.collect(),
            outsiders: outsiders
                .filter(|who| !scenario.is_member(who))
                .cloned()
                .collect(),
            submitted: ran.submitted,
            delivered: ran.delivered,
            unfinished: (self.rows.len() as u64)
                .saturating_sub(ran.delivered + ran.refused.len() as u64),
            refused,
            violations,
            more_violations: ran.more_violations,
            converged: ran.converged,
            evidence,
            by_kind,
            lost: ran.traffic.lost,
            duplicated: ran.traffic.duplicated,
            latency: (everywhere.count > 0).then_some(Latency {
                p50: everywhere.p50,
                p90: everywhere.p90,
                p99: everywhere.p99,
                max: everywhere.max,
            }),
            groups,
            trace_digest: ran.trace_digest.to_hex(),
            ended: ran.ended_at - VirtualTime::ZERO,
            end: match ran.ended {
                Ended::Done => "quiet".to_owned(),
                Ended::Stalled => "stalled, with something still owed,".to_owned(),
                Ended::Limit(limit) => format!("given up: {limit};"),
            },
            files: Vec::new(),
        })
    }

    fn refused(&self) -> Vec<RefusedRow> {
        let refused = self.ran.refused.iter().filter_map(|item| {
            Some(RefusedRow {
                row: self.row_of(item.tag)?.clone(),
                why: item.reason.clone(),
            })
        });
        refused.collect()
    }

    fn evidence(&self) -> Vec<Evidence> {
        let evidence = self.ran.convictions.iter().map(|conviction| Evidence {
            against: conviction.culprit.clone(),
            kind: conviction.kind.to_owned(),
            slot: conviction.place.clone(),
            held_by: conviction.known_to.len(),
            outcome: self.outcome_of(&conviction.place),
        });
        evidence.collect()
    }

    /// Which operation came to stand in a slot, `name#counter`, of a traced run of the bank or the set.
    fn outcome_of(&self, slot: &str) -> Option<String> {
        let (_, counter) = slot.split_once('#')?;
        counter.parse::<u64>().ok()?;
        let events = self.ran.trace.as_ref()?.events.iter();
        let delivered: BTreeSet<&str> = events
            .filter_map(|event| match &event.kind {
                TraceKind::Delivered { label, .. } => label.strip_prefix(slot)?.strip_prefix(' '),
                _ => None,
            })
            .collect();
        let delivered: Vec<&str> = delivered.into_iter().collect();
        Some(match delivered.as_slice() {
            [] => format!("of {slot} nothing was delivered"),
            [one] => format!("of {slot} this was delivered: {one}"),
            many => format!("of {slot} this was delivered: {}", many.join("; ")),
        })
    }

    /// The promises that the library saw broken, and those that only the command knows of.
    fn violations(&self, groups: &[Group]) -> Result<Vec<Violation>> {
        let people = self.people;
        let seen = self.ran.violations.iter().map(|violation| Violation {
            property: violation.property.name().to_owned(),
            nodes: violation.nodes.clone(),
            dot: violation
                .dot
                .map(|dot| format!("{}#{}", people.name(&dot.actor), dot.counter))
                .unwrap_or_default(),
            step: violation.step,
            detail: people.put_names(&violation.detail),
        });
        let mut violations: Vec<Violation> = seen.collect();
        violations.extend(unexpected(
            self.input,
            groups,
            self.scenario.amounts(),
            self.ran.steps,
        )?);
        violations.extend(self.refused_although_valid());
        Ok(violations)
    }

    /// A violation for each generated row of the bank that was refused: they are valid, each in its turn. (Of the set, a
    /// later remove may have taken away what this one was to remove.)
    fn refused_although_valid(&self) -> Vec<Violation> {
        let scenario = self.scenario;
        if scenario.algorithm != Algorithm::Bank || scenario.generator.is_none() {
            return Vec::new();
        }
        let violation = |item: &RefusedTask| Violation {
            property: "valid rows".to_owned(),
            nodes: vec![item.who.clone()],
            dot: String::new(),
            step: self.ran.steps,
            detail: match self.row_of(item.tag) {
                Some(row) => format!(
                    "row {}, {}, was refused: {}",
                    row.number, row.what, item.reason
                ),
                None => item.reason.clone(),
            },
        };
        self.ran.refused.iter().map(violation).collect()
    }

    /// The row with this number.
    fn row_of(&self, number: u64) -> Option<&Row> {
        self.rows.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Correct members by the state they ended in, the largest group first.
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for end in &self.ran.finals {
            let digest = end
                .digest
                .map_or_else(|| "down".to_owned(), |digest| digest.to_string());
            match groups.iter_mut().find(|group| group.digest == digest) {
                Some(group) => group.members.push(end.name.clone()),
                None => groups.push(Group {
                    members: vec![end.name.clone()],
                    digest,
                    state: end
                        .copy
                        .as_ref()
                        .map(|copy| copy.show(self.scenario, self.people)),
                }),
            }
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
        groups
    }
}

/// The changes that a scenario wants and that did not come about.
fn undecided(scenario: &Scenario, decided: &[String]) -> Vec<String> {
    let mut decided: Vec<&str> = decided.iter().map(String::as_str).collect();
    let said = scenario.changes.iter().filter_map(|change| {
        let verb = match change.what {
            Wish::Join => "join",
            Wish::Leave => "leave",
            Wish::Expel => "expel",
        };
        let label = format!("{verb} {}", change.who);
        if let Some(place) = decided.iter().position(|made| *made == label) {
            decided.swap_remove(place);
            return None;
        }
        let members = scenario.members.len();
        let needed = quorum(members);
        let why = match &change.approved_by {
            Some(by) if by.len() < needed => {
                format!(
                    "approved by {}; of {members} members {needed} have to",
                    by.len()
                )
            }
            _ => "the members did not decide on it".to_owned(),
        };
        Some(format!("{label}: {why}"))
    });
    said.collect()
}

/// A violation for each group of members whose balances are not the expected ones.
fn unexpected(
    input: &Input,
    groups: &[Group],
    amounts: Amounts,
    step: u64,
) -> Result<Vec<Violation>> {
    let Some(expected) = input.expected()? else {
        return Ok(Vec::new());
    };
    let mut violations = Vec::new();
    for group in groups {
        let Some(State::Balances(balances)) = &group.state else {
            continue;
        };
        let have: BTreeMap<&str, u64> = balances
            .iter()
            .map(|balance| (balance.account.as_str(), balance.now))
            .collect();
        let names: BTreeSet<&str> = have
            .keys()
            .copied()
            .chain(expected.keys().map(String::as_str))
            .collect();
        let wrong: Vec<String> = names
            .into_iter()
            .filter(|name| have.get(name) != expected.get(*name))
            .map(|name| {
                let shown = |balance: Option<&u64>| match balance {
                    None => "nothing".to_owned(),
                    Some(balance) => amounts.show(u128::from(*balance)),
                };
                format!(
                    "{name} has {}, expected {}",
                    shown(have.get(name)),
                    shown(expected.get(name))
                )
            })
            .collect();
        if !wrong.is_empty() {
            violations.push(Violation {
                property: "expected balances".to_owned(),
                nodes: group.members.clone(),
                dot: String::new(),
                step,
                detail: wrong.join("; "),
            });
        }
    }
    Ok(violations)
}
