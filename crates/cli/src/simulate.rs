//! A scenario on the simulated network.

mod outcome;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use bft_crdts::bank::Bank;
use bft_crdts::net::adversary::{Adversary, AdversaryKind, Equivocator, Withholder};
use bft_crdts::net::details::Details;
use bft_crdts::net::trace::Trace;
use bft_crdts::net::{
    FakeKeys, Fate, Limits, Net, NodeId, PacketId, PlannedChange, Progress, Roster, SeededKeys,
    Transcript, VirtualTime,
};
use bft_crdts::{Actor, Ed25519, Rules, Sound};
use bft_crdts_controls::chosen::{self, Chosen};
use bft_crdts_controls::seeded_bugs::SeededBugs;

use crate::environment;
use crate::input::Input;
use crate::operations::Row;
use crate::proof_files::{self, NamedFile};
use crate::report::RunReport;
use crate::rules::SOUND;
use crate::scenario::{Algorithm, Copy, Scenario, Script, Signatures};
use crate::scenario_algorithm::{Identities, ScenarioAlgorithm, Set, tasks};

/// How one run is to be done, and what is kept of it.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// All randomness is derived from it.
    pub seed: u64,
    /// The rules of the replicas.
    pub rules: &'a str,
    /// Whether to keep a trace, for charts and logs.
    pub traced: bool,
    /// Whether to keep details of the trace, for a report page.
    pub detailed: bool,
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
            detailed: false,
            write_schedule: false,
            transcribed: false,
        }
    }

    /// Whether its signatures are real: broken rules need none to be seen broken.
    fn is_real(&self, scenario: &Scenario) -> bool {
        scenario.signatures == Signatures::Ed25519 && self.rules == SOUND
    }
}

/// What a run gives.
#[derive(Debug)]
pub struct Ran {
    /// What it came to.
    pub report: RunReport,
    /// Everything that happened, if it was asked for.
    pub trace: Option<Trace>,
    /// What there is to know beyond that, if it was asked for.
    pub details: Option<Details>,
    /// What adversaries and faults did, and how often.
    pub sometimes: BTreeMap<&'static str, u64>,
    /// What anybody could check who was not there, if the signatures are real and a trace was asked for.
    pub proof_files: Vec<NamedFile>,
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
    let scenario = &input.scenario.of_seed(options.seed);
    if options.is_real(scenario) {
        return match scenario.algorithm {
            Algorithm::Bank => play::<Bank, Ed25519, Sound>(input, scenario, options, progress),
            Algorithm::Orswot => play::<Set, Ed25519, Sound>(input, scenario, options, progress),
        };
    }
    let ran = chosen::with(options.rules, || match scenario.algorithm {
        Algorithm::Bank => {
            play::<SeededBugs<Bank>, FakeKeys, Chosen>(input, scenario, options, progress)
        }
        Algorithm::Orswot => {
            play::<SeededBugs<Set>, FakeKeys, Chosen>(input, scenario, options, progress)
        }
    });
    ran.with_context(|| format!("`{}` are no rules", options.rules))?
}

fn play<A: ScenarioAlgorithm, K: SeededKeys, R: Rules>(
    input: &Input,
    scenario: &Scenario,
    options: Options<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Ran> {
    let rows = input.rows(scenario, options.seed);
    let people = Arc::new(Identities::new::<K>(scenario, &rows));
    let net = network::<A, K>(scenario, &people, options, &rows)?.rules::<R>();
    let nodes = scenario.all_nodes().into_iter();
    let nodes: BTreeMap<NodeId, String> = nodes
        .filter_map(|name| Some((net.node(&name)?, name)))
        .collect();
    let outcome =
        net.run_to_end(&mut |Progress { settled, tasks, .. }| progress(*settled, *tasks))?;
    let proof_files = match options.is_real(scenario) && options.traced {
        true => proof_files::of(&outcome, &people),
        false => Vec::new(),
    };
    let mut ran = outcome.report;
    let name = |node: &NodeId| nodes.get(node).cloned();
    let copy = |(way, fate): (PacketId, Fate)| {
        Some(Copy {
            from: name(&way.from)?,
            to: name(&way.to)?,
            number: way.number,
            fate,
        })
    };
    let schedule = ran.schedule.take();
    let outcome = outcome::Run {
        input,
        scenario,
        rows: &rows,
        people: &people,
        ran: &ran,
    };
    let report = outcome.report(options.rules, options.is_real(scenario))?;
    Ok(Ran {
        report,
        trace: ran.trace.take(),
        details: ran.details.take(),
        transcript: ran.transcript,
        sometimes: std::mem::take(&mut ran.sometimes),
        proof_files,
        schedule: schedule.map(|fates| fates.into_iter().filter_map(copy).collect()),
    })
}

fn network<A: ScenarioAlgorithm, K: SeededKeys>(
    scenario: &Scenario,
    people: &Arc<Identities>,
    options: Options<'_>,
    rows: &[Row],
) -> Result<Net<A, K>> {
    let mut roster = Roster::<K>::new(scenario.members.iter().cloned());
    for (name, actor) in people.iter() {
        roster.call(actor, name);
    }
    let mut net = Net::<A, K>::new(roster, A::NAME, A::genesis(scenario, people)?)
        .seed(options.seed)
        .tick(scenario.network.tick.0)
        .limits(Limits {
            steps: scenario.limits.events,
            time: VirtualTime::ZERO + scenario.limits.time.0,
        });
    for joiner in &scenario.joiners {
        net = net.joiner(joiner);
    }
    net = net.changes(scenario.changes.iter().map(|change| PlannedChange {
        what: change.what,
        who: change.who.clone(),
        at: VirtualTime::ZERO + change.at.0,
        approved_by: change.approved_by.clone(),
    }));
    if scenario.expel_convicted {
        net = net.expel_convicted();
    }
    if let Some(messages) = scenario.checkpoint_every {
        net = net.checkpoint_every(messages);
    }
    for adversary in &scenario.adversaries {
        let plays = script::<A, K>(adversary.kind, &adversary.script, people);
        net = net.adversary_from(&adversary.who, plays, VirtualTime::ZERO + adversary.at.0);
    }
    let faults = environment::faults(scenario, |name| net.node(name))?;
    let world = environment::world(scenario, |name| net.node(name));
    net = net
        .faults(faults)
        .world(world)
        .workload(tasks::<A>(rows, people));
    if let Some(bytes) = scenario.limits.memory {
        net = net.limit_memory(bytes);
    }
    if options.write_schedule {
        net = net.write_schedule();
    }
    if options.transcribed {
        net = net.transcribed();
    }
    if options.detailed {
        net = net.detailed();
    }
    if options.traced {
        let title = scenario.chart.title.as_ref().unwrap_or(&scenario.name);
        net = net.traced(title, &scenario.name);
    }
    Ok(net)
}

fn script<A: ScenarioAlgorithm, K: SeededKeys>(
    kind: AdversaryKind,
    script: &Script,
    people: &Identities,
) -> Box<dyn Adversary<A, K>> {
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
