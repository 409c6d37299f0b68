//! From what the library reports of a run to what the command does: names for keys, rows for numbers, and what only the
//! command knows to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bft_crdts::membership::quorum::faults;
use bft_crdts::net::{self, Ended, RefusedTask, VirtualTime};

use crate::input::Input;
use crate::operations::Row;
use crate::report::{Evidence, Group, Latency, RefusedRow, RunReport, State, Traffic, Violation};
use crate::scenario::{Algorithm, Scenario};
use crate::scenario_algorithm::{Identities, ScenarioAlgorithm};

/// A run that has ended, and what it was a run of.
pub(super) struct Run<'a, A: ScenarioAlgorithm> {
    pub(super) input: &'a Input,
    pub(super) scenario: &'a Scenario,
    pub(super) rows: &'a [Row],
    pub(super) people: &'a Identities,
    pub(super) ran: net::Report<A>,
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
            rules: rules.to_owned(),
            seed: ran.seed,
            real_signatures,
            members: ran.members,
            tolerated: faults(ran.members),
            changes: ran.changes,
            members_at_end: ran.members_at_end,
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
        });
        evidence.collect()
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
        violations.extend(unexpected(self.input, groups, self.ran.steps)?);
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

/// A violation for each group of members whose balances are not the expected ones.
fn unexpected(input: &Input, groups: &[Group], step: u64) -> Result<Vec<Violation>> {
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
                let shown = |balance: Option<&u64>| {
                    balance.map_or_else(|| "nothing".to_owned(), u64::to_string)
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
