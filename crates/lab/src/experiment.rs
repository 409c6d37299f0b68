//! Experiments: the notebooks end to end, and what the laboratory adds to them, one name each.
//!
//! An experiment is a function of its [`File`] — places, graph, services, seed — and so can be saved, changed by hand and
//! run again. What comes of it is a [`Page`]: text for the terminal, pictures, and the logs of the peers.

mod bound;
mod conflict;
mod default_vote;
mod file;
mod fraction;
mod gossip;
mod latency;
mod modes;
mod overlay;
mod page;
mod scaling;
mod world;

pub use file::{Downtime, File, FileError, LawFile, Places, Services, Way};
pub use page::Page;

use crate::trial::PlanError;

/// An experiment of the laboratory.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What it is made of, with a seed.
    file: fn(u64) -> File,
    run: fn(&File) -> Result<Page, ExperimentError>,
}

/// Why an experiment cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// A trial of it cannot be set up.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Its file makes no sense.
    #[error(transparent)]
    File(#[from] FileError),
}

/// All experiments.
pub const ALL: [Experiment; 12] = [
    Experiment {
        name: "latency",
        about: "the latencies between two places: constant, and a hundred samples of laws",
        file: latency::file,
        run: latency::run,
    },
    Experiment {
        name: "random-topology",
        about: "ten peers on a random graph, who ping each other; their logs, and the graph",
        file: overlay::random,
        run: overlay::run,
    },
    Experiment {
        name: "emergent-topology",
        about: "ten peers who find each other through a bootstrap peer; their logs, and the graph",
        file: overlay::emergent,
        run: overlay::run,
    },
    Experiment {
        name: "crash-gossip",
        about: "25 peers and a client: push, pull, push-pull and ranged pull, while peers come and go",
        file: gossip::crash,
        run: gossip::run_crash,
    },
    Experiment {
        name: "malicious-gossip",
        about: "the same with 30 % malicious peers, without and with signature check",
        file: gossip::malicious,
        run: gossip::run_malicious,
    },
    Experiment {
        name: "conflicting-client",
        about: "a client that spends its money twice: who holds which version, and the same over other protocols",
        file: conflict::file,
        run: conflict::run,
    },
    Experiment {
        name: "bound",
        about: "m liars among 3m + 1 nodes, and among 3m",
        file: File::bare,
        run: bound::run,
    },
    Experiment {
        name: "scaling",
        about: "messages of a decision against the number of nodes",
        file: File::bare,
        run: scaling::run,
    },
    Experiment {
        name: "fraction",
        about: "safety and latency against the fraction of faulty nodes",
        file: File::bare,
        run: fraction::run,
    },
    Experiment {
        name: "ccro-modes",
        about: "a communication node that lies: bare counts against signed votes",
        file: File::bare,
        run: modes::run,
    },
    Experiment {
        name: "default-vote",
        about: "a majority vote while voters disappear: what the default vote hides",
        file: File::bare,
        run: default_vote::run,
    },
    Experiment {
        name: "selfish-lottery",
        about: "miners who hide their blocks: when what counts is undone",
        file: File::bare,
        run: fraction::run_selfish,
    },
];

impl Experiment {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|experiment| experiment.name == name)
    }

    /// What it is made of, with this seed.
    #[must_use]
    pub fn file(&self, seed: u64) -> File {
        File {
            experiment: self.name.to_owned(),
            ..(self.file)(seed)
        }
    }

    /// Runs it with this seed.
    ///
    /// # Errors
    /// [`ExperimentError`]; with the files of [`Experiment::file`] there is none.
    pub fn run(&self, seed: u64) -> Result<Page, ExperimentError> {
        (self.run)(&self.file(seed))
    }
}

/// Runs the experiment that a file describes.
///
/// # Errors
/// [`ExperimentError`] if its name is not known, or something in it makes no sense.
pub fn run(file: &File) -> Result<Page, ExperimentError> {
    let experiment = Experiment::named(&file.experiment);
    let experiment = experiment.ok_or_else(|| FileError::Unknown(file.experiment.clone()))?;
    file.check()?;
    (experiment.run)(file)
}
