//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::swarm::Swarm;

/// Byzantine fault tolerant shared state without consensus: run scenarios, sweep seeds, replay histories, measure.
#[derive(Debug, Parser)]
#[command(name = "bft-crdts", version, about, max_term_width = 110)]
pub struct Cli {
    /// Say more on standard error: -v what happens, -vv every packet.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one scenario; prints a summary, writes its charts; exit code 1 on a violation.
    Run(Run),
    /// Run many seeds; exit code 1 on a violation, with the command that reproduces it.
    Sweep(Sweep),
    /// Measure against the floor of the cryptography that cannot be avoided.
    Bench(Bench),
    /// Type a recorded editing history again over secure broadcast; exit code 1 unless every correct member ends with its
    /// text.
    Replay(Replay),
    /// Check a proof file offline: evidence, a proof of operations, or a chain of generations. Exit code 1 if it does not
    /// prove what it says.
    Verify(Verify),
    /// Run an experiment of the laboratory; without a name, list them.
    Lab(Lab),
    /// Run several protocols on the same network under the same faults, and print one table.
    Compare(Compare),
    /// Write the pictures of the read-me.
    Assets(Assets),
    /// Make a file of operations, or compute the balances one must lead to.
    #[command(subcommand)]
    Ledger(Ledger),
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The scenario, a TOML file; a package of a failing run, a directory; or `campaign` or `handover`.
    pub scenario: PathBuf,
    /// Print one JSON object instead of the summary.
    #[arg(long)]
    pub json: bool,
    /// Use this seed instead of the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Directory for the charts [default: target/bft-crdts/ and its name].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write a page about the run, one HTML file, to be opened in any browser.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Use these rules instead of the scenario's: the name of a deliberately broken rule set.
    #[arg(long, value_name = "NAME")]
    pub rules: Option<String>,
    /// Run it twice, and say where the two runs differ; exit code 1 if they do. Writes no charts.
    #[arg(long)]
    pub self_check: bool,
    /// What a seed of a campaign may draw.
    #[command(flatten)]
    pub swarm: Swarm,
}

/// `sweep`.
#[derive(Debug, Args)]
pub struct Sweep {
    /// The scenario, a TOML file; the general campaign if there is none.
    pub scenario: Option<PathBuf>,
    /// How many seeds.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub first: u64,
    /// How many runs at a time [default: one a processor]. Changes nothing but the time it takes.
    #[arg(long, value_name = "J")]
    pub jobs: Option<usize>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Show that every deliberately broken rule set is caught, within as many seeds.
    #[arg(long, conflicts_with = "scenario")]
    pub controls: bool,
    /// Use these rules instead of the scenario's.
    #[arg(long, value_name = "NAME", conflicts_with = "controls")]
    pub rules: Option<String>,
    /// With `--controls`: write what came of it into this file.
    #[arg(
        long,
        value_name = "FILE",
        requires = "controls",
        num_args = 0..=1,
        default_missing_value = "docs/positive-controls.md"
    )]
    pub write: Option<PathBuf>,
    /// Keep what is done in this file, and go on from there if it is there already.
    #[arg(long, value_name = "FILE", conflicts_with = "controls")]
    pub resume: Option<PathBuf>,
    /// Pack so many of the seeds that break a promise, each made small.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub packages: usize,
    /// Spend at most so many runs on making one small.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub effort: usize,
    /// Directory for the packages.
    #[arg(long, value_name = "DIR", default_value = "target/bft-crdts/packages")]
    pub out: PathBuf,
    /// What a seed of a campaign may draw.
    #[command(flatten)]
    pub swarm: Swarm,
}

/// `bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    /// What to measure; the replicas against their floor, if nothing is named.
    #[command(subcommand)]
    pub what: Option<BenchWhat>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// A tenth of the time; noisier.
    #[arg(long)]
    pub quick: bool,
}

/// What `bench` measures.
#[derive(Debug, Subcommand)]
pub enum BenchWhat {
    /// How many messages per second of CPU time the simulated network carries in a flood.
    Sim(BenchSim),
    /// What it costs a newcomer to catch up: by every certificate, by one per source, by a snapshot.
    Join(BenchJoin),
}

/// `bench join`.
#[derive(Debug, Args)]
pub struct BenchJoin {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// How many operations there are before somebody joins, one per message.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub operations: usize,
}

/// `bench sim`.
#[derive(Debug, Args)]
pub struct BenchSim {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// A tenth of the time; noisier.
    #[arg(long)]
    pub quick: bool,
}

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The history: JSON, or JSON compressed by gzip.
    pub history: PathBuf,
    /// How many members, at which the agents of the history write [default: the number of agents, but 4 to 10].
    #[arg(long, value_name = "N")]
    pub members: Option<usize>,
    /// How many of them are faulty, fewer than a third; agents are not.
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub faulty: usize,
    /// The most transactions in one message.
    #[arg(long, value_name = "B", default_value = "1")]
    pub batch: NonZeroUsize,
    /// All randomness is derived from this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The proof file.
    pub file: PathBuf,
    /// The file of the genesis of its network.
    #[arg(long, value_name = "FILE")]
    pub genesis: PathBuf,
    /// A decision you are sure of: the number of a generation, and the digest of the decision that made it. Any other
    /// chain is refused, whoever has signed it.
    #[arg(long, value_name = "GENERATION:DIGEST")]
    pub pin: Option<String>,
    /// What the file has to be about; one about anything else proves nothing of that.
    #[arg(long, value_enum, value_name = "SUBJECT")]
    pub expect: Option<Expected>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// What a proof file may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Expected {
    /// A contradiction of one member.
    Evidence,
    /// Operations, and the quorum that has vouched for them.
    Proof,
    /// Who the members of every generation are.
    Chain,
}

/// `lab`.
#[derive(Debug, Args)]
pub struct Lab {
    /// Which experiment.
    #[arg(value_name = "NAME", conflicts_with = "load")]
    pub experiment: Option<String>,
    /// All randomness is derived from this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Run the experiment that this file describes.
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    pub load: Option<PathBuf>,
    /// Write what the experiment is made of (places, graph, services, seed) to this file, to be loaded again.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Directory for its pictures, logs and page [default: target/bft-crdts/lab/ and its name].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// Which protocols, separated by commas [default: all that know the fault].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub protocols: Vec<String>,
    /// How many nodes each has.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub nodes: usize,
    /// How many of them are faulty.
    #[arg(long, value_name = "F", default_value_t = 0)]
    pub faulty: usize,
    /// In which way: none, offline, malicious, malicious-commander, stuck, stalling-primary, forgetful-primary,
    /// lying-communication-node, eclipse, selfish-lottery.
    #[arg(long, value_name = "FAULT", default_value = "none")]
    pub fault: String,
    /// All randomness is derived from this.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many transactions are to be decided, one after the other.
    #[arg(long, value_name = "D", default_value_t = 1)]
    pub decisions: u64,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `assets`.
#[derive(Debug, Args)]
pub struct Assets {
    /// Directory for the pictures.
    #[arg(long, value_name = "DIR", default_value = "target/assets")]
    pub out: PathBuf,
}

/// `ledger`.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Print the operations of a made-up ledger, as CSV.
    Generate {
        /// Seed of the draws.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// How many rows.
        #[arg(long, value_name = "N", default_value_t = 1_400)]
        rows: usize,
    },
    /// Print the balances that a scenario's operations lead to, row after row, computed by the AT2 paper's algorithm.
    Balances {
        /// The scenario, a TOML file.
        scenario: PathBuf,
    },
}
