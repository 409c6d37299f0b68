//! A scenario on the simulated network.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use bft_crdts::bank::Bank;
use bft_crdts::membership::quorum::faults;
use bft_crdts::net::adversary::{Equivocator, Villain, VillainKind, Withholder};
use bft_crdts::net::details::Details;
use bft_crdts::net::trace::Trace;
use bft_crdts::net::{
    self, Cast, Chance, Crash, CrashPoint, Ended, FakeKeys, Fate, Faults, Law, Limits, Net, NodeId,
    Partition, PlannedChange, Progress, RefusedItem, Schedule, SeededKeys, Span, Tail, Transcript,
    VirtualTime, Way,
};
use bft_crdts::{Actor, Ed25519, Rules, Sound};
use bft_crdts_controls::chosen::{self, Chosen};
use bft_crdts_controls::planted::Planted;

use crate::exhibits::{self, Exhibited};
use crate::ground;
use crate::input::Input;
use crate::operations::Row;
use crate::play::{People, Play, Set, items};
use crate::report::{Evidence, Group, Latency, RefusedRow, Report, State, Traffic, Violation};
use crate::scenario::{Algorithm, Copy, SOUND, Scenario, Script, Signatures, When, Workload};

/// How one run is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// All randomness is derived from it.
    pub seed: u64,
    /// The rules of the replicas.
    pub rules: &'a str,
    /// Whether to keep a trace, for charts and logs.
    pub traced: bool,
    /// Whether to write down what becomes of every packet.
    pub write_schedule: bool,
    /// Whether to digest what is sent, persisted and delivered.
    pub transcribed: bool,
}

impl<'a> Options<'a> {
    /// A run of this seed under these rules, of which nothing is kept but what it came to.
    #[must_use]
    pub const fn of(seed: u64, rules: &'a str) -> Self {
        Self {
            seed,
            rules,
            traced: false,
            write_schedule: false,
            transcribed: false,
        }
    }
}

/// What a run gives.
#[derive(Debug)]
pub struct Ran {
    /// What it came to.
    pub report: Report,
    /// Everything that happened, if it was asked for.
    pub trace: Option<Trace>,
    /// What there is to know beyond that, if it was asked for.
    pub details: Option<Details>,
    /// What villains and faults did, and how often.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// What anybody could check who was not there, if the signatures are real and a trace was asked for.
    pub exhibits: Vec<Exhibited>,
    /// What became of every packet, if it was asked for.
    pub schedule: Option<Vec<Copy>>,
    /// The digests of what was sent, persisted and delivered, if they were asked for.
    pub transcript: Option<Transcript>,
}

/// Runs a scenario; `progress` is told every now and then how many of how many rows are settled.
///
/// # Errors
/// When there are no such rules, or the network cannot be set up.
pub fn run(
    input: &Input,
    options: Options<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Ran> {
    run_with(input, options, false, progress)
}

/// Like [`run`], and keeps details of the trace, for a report page.
///
/// # Errors
/// As [`run`].
pub fn run_detailed(
    input: &Input,
    options: Options<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Ran> {
    run_with(input, options, true, progress)
}

fn run_with(
    input: &Input,
    options: Options<'_>,
    detailed: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Ran> {
    let scenario = &input.scenario.of_seed(options.seed);
    let stage = Stage {
        input,
        scenario,
        options,
        detailed,
        progress,
    };
    if is_real(scenario, options.rules) {
        return match scenario.algorithm {
            Algorithm::Bank(_) => stage.play::<Bank, Ed25519, Sound>(),
            Algorithm::Orswot => stage.play::<Set, Ed25519, Sound>(),
        };
    }
    // Broken rules need no real signatures to be seen broken.
    let ran = chosen::with(options.rules, || match scenario.algorithm {
        Algorithm::Bank(_) => stage.play::<Planted<Bank>, FakeKeys, Chosen>(),
        Algorithm::Orswot => stage.play::<Planted<Set>, FakeKeys, Chosen>(),
    });
    ran.with_context(|| format!("`{}` are no rules", options.rules))?
}

/// Broken rules are always played with simulated signatures.
fn is_real(scenario: &Scenario, rules: &str) -> bool {
    scenario.signatures == Signatures::Ed25519 && rules == SOUND
}

struct Stage<'a> {
    input: &'a Input,
    scenario: &'a Scenario,
    options: Options<'a>,
    detailed: bool,
    progress: &'a mut dyn FnMut(usize, usize),
}

impl Stage<'_> {
    fn play<A: Play, K: SeededKeys, R: Rules>(self) -> Result<Ran> {
        let scenario = self.scenario;
        let rows = self.input.rows(scenario, self.options.seed);
        let people = Arc::new(People::new::<K>(scenario, &rows));
        let mut net = network::<A, K>(scenario, &people, self.options, &rows)?.rules::<R>();
        if self.detailed {
            net = net.detailed();
        }
        let nodes = scenario.nodes();
        let nodes: BTreeMap<NodeId, String> = nodes
            .into_iter()
            .filter_map(|name| Some((net.node(&name)?, name)))
            .collect();
        let progress = self.progress;
        let outcome =
            net.run_to_end(&mut |Progress { settled, items, .. }| progress(*settled, *items))?;
        let real = scenario.signatures == Signatures::Ed25519 && self.options.rules == SOUND;
        let exhibits = match real && self.options.traced {
            true => exhibits::of(&outcome, &people),
            false => Vec::new(),
        };
        let mut ran = outcome.report;
        let (trace, details) = (ran.trace.take(), ran.details.take());
        let sometimes = std::mem::take(&mut ran.sometimes);
        let name = |node: &NodeId| nodes.get(node).cloned();
        let copy = |(way, fate): (Way, Fate)| {
            Some(Copy {
                from: name(&way.from)?,
                to: name(&way.to)?,
                number: way.number,
                fate,
            })
        };
        let transcript = ran.transcript;
        let schedule = ran.schedule.take();
        let schedule = schedule.map(|fates| fates.into_iter().filter_map(copy).collect());
        let report = report(self.input, scenario, self.options, &rows, &people, ran)?;
        Ok(Ran {
            report,
            trace,
            details,
            sometimes,
            exhibits,
            schedule,
            transcript,
        })
    }
}

fn network<A: Play, K: SeededKeys>(
    scenario: &Scenario,
    people: &Arc<People>,
    options: Options<'_>,
    rows: &[Row],
) -> Result<Net<A, K>> {
    let mut cast = Cast::<K>::new(scenario.members.iter().cloned());
    for (name, actor) in people.iter() {
        cast.call(actor, name);
    }
    let mut net = Net::<A, K>::new(cast, A::NAME, A::genesis(scenario, people)?)
        .seed(options.seed)
        .tick(scenario.network.tick)
        .limits(Limits {
            steps: scenario.limits.events,
            time: VirtualTime::ZERO + scenario.limits.time,
        });
    for joiner in &scenario.joiners {
        net = net.joiner(joiner);
    }
    net = net.changes(scenario.changes.iter().map(|change| PlannedChange {
        what: change.what,
        who: change.who.clone(),
        at: VirtualTime::ZERO + change.at,
        approved_by: change.approved_by.clone(),
    }));
    if scenario.expel_convicted {
        net = net.expel_convicted();
    }
    if let Some(messages) = scenario.checkpoint_every {
        net = net.checkpoint_every(messages);
    }
    for villain in &scenario.villains {
        let plays = script::<A, K>(villain.kind, &villain.script, people);
        net = net.villain_from(&villain.who, plays, VirtualTime::ZERO + villain.at);
    }
    let faults = plan(scenario, |name| net.node(name))?;
    let ground = ground::world(scenario, |name| net.node(name));
    net = net
        .faults(faults)
        .world(ground)
        .workload(items::<A>(rows, people));
    if let Some(bytes) = scenario.ground.memory {
        net = net.limit_memory(bytes);
    }
    if options.write_schedule {
        net = net.write_schedule();
    }
    if options.transcribed {
        net = net.transcribed();
    }
    if options.traced {
        let title = scenario.chart.title.as_ref().unwrap_or(&scenario.name);
        net = net.traced(title, &scenario.name);
    }
    Ok(net)
}

fn script<A: Play, K: SeededKeys>(
    kind: VillainKind,
    script: &Script,
    people: &People,
) -> Box<dyn Villain<A, K>> {
    match script {
        Script::Drawn => kind.build(),
        Script::Tells(name) => Box::new(Withholder::telling(people.actor(name))),
        Script::Versions(versions) => {
            let audience = |names: &Vec<String>| {
                names
                    .iter()
                    .map(|name| people.actor(name))
                    .collect::<Vec<Actor>>()
            };
            let version = |(what, names)| Some((A::bare_op(what, people)?, audience(names)));
            Box::new(Equivocator::scripted(
                versions
                    .iter()
                    .filter_map(|(what, names)| version((what, names))),
            ))
        }
    }
}

fn plan(scenario: &Scenario, node: impl Fn(&str) -> Option<NodeId>) -> Result<Faults> {
    let network = &scenario.network;
    let node = |name: &String| node(name).with_context(|| format!("`{name}` does not take part"));
    let (min, max) = network.latency;
    let mut faults = Faults {
        latency: Law::Uniform { min, max },
        loss: Chance::from_ppm(network.loss),
        duplication: Chance::from_ppm(network.duplicate),
        reordering: Chance::from_ppm(network.reorder),
        detour: Law::Uniform {
            min: max,
            max: max.times(8) + Span::from_millis(1),
        },
        heal_at: network.heal.map(|heal| VirtualTime::ZERO + heal),
        ..Faults::default()
    };
    if let Some(schedule) = &scenario.schedule {
        let copies = schedule.copies.iter().map(|copy| {
            let way = Way {
                from: node(&copy.from)?,
                to: node(&copy.to)?,
                number: copy.number,
            };
            Ok((way, copy.fate))
        });
        faults.schedule = Some(Schedule {
            latency: schedule.latency,
            fates: copies.collect::<Result<_>>()?,
        });
    }
    for cut in &scenario.partitions {
        let groups = cut
            .groups
            .iter()
            .map(|group| group.iter().map(node).collect::<Result<Vec<NodeId>>>());
        faults.partitions.push(Partition {
            groups: groups.collect::<Result<_>>()?,
            from: VirtualTime::ZERO + cut.at,
            until: VirtualTime::ZERO + cut.heal,
        });
    }
    for crash in &scenario.crashes {
        faults.crashes.push(Crash {
            node: node(&crash.member)?,
            when: match crash.when {
                When::At(at) => CrashPoint::At(VirtualTime::ZERO + at),
                When::AfterEffects(count) => CrashPoint::AfterEffects(count),
            },
            tail: if crash.lose_unsynced {
                Tail::Lost
            } else {
                Tail::Kept
            },
            down: Some(crash.down),
        });
    }
    ground::faults(&scenario.ground, node, &mut faults)?;
    Ok(faults)
}

fn report<A: Play>(
    input: &Input,
    scenario: &Scenario,
    options: Options<'_>,
    rows: &[Row],
    people: &People,
    ran: net::Report<A>,
) -> Result<Report> {
    let refused = ran.refused.iter().filter_map(|item| {
        Some(RefusedRow {
            row: row_of(rows, item.tag)?.clone(),
            why: item.reason.clone(),
        })
    });
    let groups = groups(scenario, people, &ran);
    let mut violations: Vec<Violation> = ran
        .violations
        .iter()
        .map(|violation| Violation {
            property: violation.property.name().to_owned(),
            nodes: violation.nodes.clone(),
            dot: violation
                .dot
                .map(|dot| format!("{}#{}", people.name(&dot.actor), dot.counter))
                .unwrap_or_default(),
            step: violation.step,
            detail: people.put_names(&violation.detail),
        })
        .collect();
    violations.extend(unexpected(input, &groups, ran.steps)?);
    violations.extend(refused_although_valid(scenario, rows, &ran));
    let evidence = ran.convictions.iter().map(|conviction| Evidence {
        against: conviction.culprit.clone(),
        kind: conviction.kind.to_owned(),
        slot: conviction.place.clone(),
        held_by: conviction.known_to.len(),
    });
    let everywhere = ran.latency.everywhere;
    let by_kind = ran
        .traffic
        .by_kind()
        .map(|(kind, messages, bytes)| (kind.to_owned(), Traffic { messages, bytes }));
    Ok(Report {
        scenario: scenario.name.clone(),
        description: scenario.description.clone(),
        algorithm: scenario.algorithm.name(),
        rules: options.rules.to_owned(),
        seed: ran.seed,
        real_signatures: is_real(scenario, options.rules),
        members: ran.members,
        tolerated: faults(ran.members),
        changes: ran.changes.clone(),
        members_at_end: ran.members_at_end.clone(),
        faulty: scenario
            .faulty()
            .map(|villain| (villain.who.clone(), villain.kind.name().to_owned()))
            .collect(),
        outsiders: scenario
            .villains
            .iter()
            .filter(|villain| !scenario.is_member(&villain.who))
            .map(|villain| villain.who.clone())
            .collect(),
        submitted: ran.submitted,
        delivered: ran.delivered,
        refused: refused.collect(),
        unfinished: (rows.len() as u64).saturating_sub(ran.delivered + ran.refused.len() as u64),
        violations,
        more_violations: ran.more_violations,
        converged: ran.converged,
        evidence: evidence.collect(),
        by_kind: by_kind.collect(),
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

/// A violation for each generated row of the bank that was refused: they are valid, each in its turn. (Of the set, a
/// later remove may have taken away what this one was to remove.)
fn refused_although_valid<A: Play>(
    scenario: &Scenario,
    rows: &[Row],
    ran: &net::Report<A>,
) -> Vec<Violation> {
    let bank = matches!(scenario.algorithm, Algorithm::Bank(_));
    if !bank || !matches!(scenario.workload, Workload::Generator(_)) {
        return Vec::new();
    }
    let violation = |item: &RefusedItem| Violation {
        property: "valid rows".to_owned(),
        nodes: vec![item.who.clone()],
        dot: String::new(),
        step: ran.steps,
        detail: match row_of(rows, item.tag) {
            Some(row) => format!(
                "row {}, {}, was refused: {}",
                row.number, row.what, item.reason
            ),
            None => item.reason.clone(),
        },
    };
    ran.refused.iter().map(violation).collect()
}

/// The row with this number.
fn row_of(rows: &[Row], number: u64) -> Option<&Row> {
    rows.get(usize::try_from(number).ok()?.checked_sub(1)?)
}

/// Correct members by the state they ended in, the largest group first.
fn groups<A: Play>(scenario: &Scenario, people: &People, ran: &net::Report<A>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for end in &ran.finals {
        let digest = end
            .digest
            .map_or_else(|| "down".to_owned(), |digest| digest.to_string());
        match groups.iter_mut().find(|group| group.digest == digest) {
            Some(group) => group.members.push(end.name.clone()),
            None => groups.push(Group {
                members: vec![end.name.clone()],
                digest,
                state: end.copy.as_ref().map(|copy| copy.show(scenario, people)),
            }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    groups
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
        let names: std::collections::BTreeSet<&str> = have
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
