//! `replay`: a recorded editing history, typed again over secure broadcast.
//!
//! Every agent of the history writes at a member, alone if there are as many correct members; the other members only
//! witness. An agent submits a transaction when its ancestors are delivered at its replica; its positions are resolved on a
//! view that holds these and nothing else, and the operation has exactly these as causes, and what the member has written
//! before. The replicas are real ones with real keys ([`Ed25519`]), and packets are encoded bytes on the simulated network,
//! where a packet takes 1 to 10 ms of virtual time. In the end every correct member must hold the text that the history ends
//! with, to the letter.
//!
//! Faulty members ([`Options::faulty`]) are never agents. Each loses half of what it gets, answers some of the rest with
//! false signatures, forges dots, equivocates, and asks in others' names; none of it may be accepted.

mod adversary;
mod editor;
pub mod history;
mod replayed;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bft_crdts::crdt::{Replicated, State};
use bft_crdts::membership::MAX_MEMBERS;
use bft_crdts::membership::quorum::faults;
use bft_crdts::net::{Net, NetError, Outcome, Progress, Report, Roster, Span, Task};
use bft_crdts::text::Text;
use bft_crdts::{Actor, Ed25519, PacketKind, Sound};

use crate::args;
use crate::output;
use crate::report::Traffic;
use crate::run::bar;
use adversary::Vandal;
use editor::Editor;
use history::{History, HistoryError};

pub use editor::OutsideText;
pub use replayed::Replayed;

/// What is replicated.
type Algorithm = Replicated<Text>;

/// How often a replica's clock ticks, in virtual time. Nothing needs it until something is lost.
const TICK: Span = Span::from_millis(200);

/// The fewest members by default: with fewer no fault is tolerated.
const FEWEST: usize = 4;

/// The most members by default: more agents than that share members.
const MOST: usize = 10;

/// How a history is to be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Members; by default as many as there are agents, but four to ten.
    pub members: Option<usize>,
    /// How many of them are faulty.
    pub faulty: usize,
    /// The most transactions in one message.
    pub batch: usize,
    /// All randomness is derived from it.
    pub seed: u64,
}

/// Why a history cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The history contradicts itself.
    #[error(transparent)]
    OutsideText(#[from] OutsideText),
    /// Nobody at whom agents could write, or more than there can be.
    #[error("{members} members: there are 1 to {MAX_MEMBERS}")]
    Members {
        /// How many members there were to be.
        members: usize,
    },
    /// More than f of n.
    #[error("{faulty} of {members} members faulty: at most {tolerated} are tolerated")]
    TooManyFaulty {
        /// How many were to be faulty.
        faulty: usize,
        /// Of how many.
        members: usize,
        /// How many may be.
        tolerated: usize,
    },
    /// The network cannot be set up.
    #[error(transparent)]
    Net(#[from] NetError),
}

/// Replays a file and prints what came of it; whether all is as it must be.
///
/// # Errors
/// [`ReplayError`], or what cannot be printed.
pub fn replay(args: &args::Replay) -> anyhow::Result<bool> {
    let history = history::read(&args.history)?;
    let options = Options {
        members: args.members,
        faulty: args.faulty,
        batch: args.batch.get(),
        seed: args.seed,
    };
    let bar = bar("operations");
    let replayed = run(&Arc::new(history), options, &mut |progress| {
        bar.set_length(progress.tasks as u64);
        bar.set_position(progress.settled as u64);
    });
    bar.finish_and_clear();
    let replayed = replayed?;
    if args.json {
        output::print(&format!("{}\n", replayed.json()))?;
    } else {
        output::print(&format!("{}\n", args.history.display()))?;
        output::print(&replayed.text())?;
    }
    Ok(replayed.is_right())
}

/// Replays a history; `progress` is told every now and then how many operations are settled.
///
/// # Errors
/// [`ReplayError`], but no [`ReplayError::History`].
pub fn run(
    history: &Arc<History>,
    options: Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Replayed, ReplayError> {
    let agents = history.agents;
    let members = options.members.unwrap_or(agents.clamp(FEWEST, MOST));
    let faulty = check(members, options.faulty)?;
    let begin = Instant::now();
    let roster = Roster::<Ed25519>::letters(members);
    let names: Vec<String> = (0..members)
        .filter_map(|place| roster.name_at(place).map(str::to_owned))
        .collect();
    let actors: Vec<Actor> = roster.actors().collect();
    // Agents are not faulty, so nobody writes at those who are.
    let writers = history.hands.min(members - faulty);
    let editor = Editor::new(history, &actors[..writers]);
    let editor = Rc::new(RefCell::new(editor));
    let tasks = tasks(history, &editor, &names[..writers], options.batch);
    let mut net = Net::<Algorithm, Ed25519>::new(roster, &Algorithm::algorithm(), State::default())
        .network("replay")
        .seed(options.seed)
        .tick(TICK)
        .message_ops(options.batch)
        .workload(tasks);
    for name in names.iter().rev().take(faulty) {
        net = net.adversary(name, Box::new(Vandal::default()));
    }
    let outcome = net.run_to_end(progress)?;
    if let Some(stuck) = editor.borrow().stuck() {
        return Err(stuck.clone().into());
    }
    Ok(summed_up(history, options, &outcome, begin.elapsed()))
}

fn check(members: usize, faulty: usize) -> Result<usize, ReplayError> {
    if !(1..=MAX_MEMBERS).contains(&members) {
        return Err(ReplayError::Members { members });
    }
    let tolerated = faults(members);
    if faulty > tolerated {
        return Err(ReplayError::TooManyFaulty {
            faulty,
            members,
            tolerated,
        });
    }
    Ok(faulty)
}

/// One operation for each transaction that changes something, after those it follows, and with at most `batch` of a
/// member under way.
fn tasks(
    history: &Arc<History>,
    editor: &Rc<RefCell<Editor>>,
    names: &[String],
    batch: usize,
) -> Vec<Task<Algorithm>> {
    // For each hand, and for each member, the places of its items.
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); history.hands];
    let mut of_members: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
    let mut tasks = Vec::with_capacity(history.transactions.len());
    for (index, transaction) in history.transactions.iter().enumerate() {
        if transaction.operation.is_none() {
            continue;
        }
        let (hand, member) = (transaction.hand, transaction.hand % names.len());
        let editor = editor.clone();
        let mut item = Task::from(names[member].as_str(), move |_| {
            let written = editor.borrow_mut().write(index);
            written.map_err(|why| why.to_string())
        });
        item.tag = index as u64;
        for (other, known) in transaction.known.iter().enumerate() {
            // What its own member has written it has always seen, delivered or not.
            if other % names.len() != member {
                let before = usize::try_from(*known).unwrap_or(usize::MAX).checked_sub(1);
                let before = before.and_then(|before| places[other].get(before));
                item.after.extend(before);
            }
        }
        let under_way = of_members[member].len().checked_sub(batch);
        let under_way = under_way.and_then(|before| of_members[member].get(before));
        item.after.extend(under_way);
        places[hand].push(tasks.len());
        of_members[member].push(tasks.len());
        tasks.push(item);
    }
    tasks
}

fn summed_up(
    history: &History,
    options: Options,
    outcome: &Outcome<Algorithm, Ed25519, Sound>,
    took: Duration,
) -> Replayed {
    let Outcome {
        report, replicas, ..
    } = outcome;
    let Report {
        members, faulty, ..
    } = *report;
    let exact = replicas
        .iter()
        .filter(|(_, replica)| replica.algorithm().value().chars().eq(history.end.chars()));
    let operations = history.operations();
    let violations = report.violations.iter();
    Replayed {
        transactions: history.recorded,
        operations,
        agents: history.agents,
        members,
        faulty,
        batch: options.batch,
        seed: options.seed,
        characters: history.end.chars().count(),
        correct: members - faulty,
        exact: exact.count(),
        converged: report.converged,
        unfinished: (operations as u64).saturating_sub(report.delivered),
        violations: violations
            .map(|violation| format!("{}: {}", violation.property, violation.detail))
            .collect(),
        rejected: report.rejected + report.traffic.packets_of(PacketKind::Refusal),
        convicted: report.convictions.len(),
        sometimes: report.sometimes.clone(),
        traffic: Traffic {
            messages: report.traffic.packets(),
            bytes: report.traffic.bytes(),
        },
        latency: (report.latency.everywhere.p50, report.latency.everywhere.max),
        ended: report.ended_at - bft_crdts::net::VirtualTime::ZERO,
        took,
        trace_digest: report.trace_digest.to_hex(),
    }
}
