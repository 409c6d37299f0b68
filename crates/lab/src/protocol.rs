//! The protocols, by name: what each promises, and how to run it.

use core::fmt;

use bft_crdts::net::{Faults, Law, Span};

use crate::ccro::{self, Mode};
use crate::fault::FaultKind;
use crate::gossip::{self, Style};
use crate::majority_vote::{self, Absent};
use crate::trial::{self, Outcome, Plan, PlanError};
use crate::{lottery, naive_flood, pbft, secure_broadcast};

/// One of the protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// The protocol of this library.
    SecureBroadcast,
    /// Practical Byzantine fault tolerance.
    Pbft,
    /// CCRO, whose communication node shows the votes.
    Ccro,
    /// CCRO as the paper has it: the communication node says how many voted.
    CcroCount,
    /// A vote that one node counts, with a default for those who do not answer.
    MajorityVote,
    /// The longest chain.
    Lottery,
    /// Everybody tells everybody, and nobody counts to a quorum.
    NaiveFlood,
    /// One of the four kinds of gossip.
    Gossip(Style),
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SecureBroadcast,
        Self::Pbft,
        Self::Ccro,
        Self::CcroCount,
        Self::MajorityVote,
        Self::Lottery,
        Self::NaiveFlood,
        Self::Gossip(Style::Push),
        Self::Gossip(Style::Pull),
        Self::Gossip(Style::PushPull),
        Self::Gossip(Style::Ranged),
    ];

    /// Its name on the command line and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecureBroadcast => secure_broadcast::NAME,
            Self::Pbft => pbft::NAME,
            Self::Ccro => ccro::NAME,
            Self::CcroCount => ccro::COUNT_NAME,
            Self::MajorityVote => majority_vote::NAME,
            Self::Lottery => lottery::NAME,
            Self::NaiveFlood => naive_flood::NAME,
            Self::Gossip(style) => style.name(),
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name() == name)
    }

    /// What it promises, in a line.
    #[must_use]
    pub const fn promise(self) -> &'static str {
        match self {
            Self::SecureBroadcast => {
                "no two stories under one number, with f < n/3 liars; no order between sources, no leader, no clock"
            }
            Self::Pbft => {
                "one order of everything, with f < n/3 liars; goes on once the network is timely"
            }
            Self::Ccro => {
                "one value a round, with f < v/3 liars among v = n - 2 voters; needs a trusted monitor to go on"
            }
            Self::CcroCount => {
                "one value a round, if the communication node does not lie; needs a trusted monitor to go on"
            }
            Self::MajorityVote => {
                "one value, if the leader neither lies nor fails; always an answer, right or not"
            }
            Self::Lottery => {
                "one chain in the end, if most of the mining is honest; what counts can still be undone"
            }
            Self::NaiveFlood => "nothing, if anybody is faulty",
            Self::Gossip(_) => "that what is told spreads to nearly all; not which of two versions",
        }
    }

    /// Whether it is one of those that the PBFT/CCRO read-me is about, with its lines about votes.
    #[must_use]
    pub const fn is_of_the_read_me(self) -> bool {
        matches!(
            self,
            Self::Pbft | Self::Ccro | Self::CcroCount | Self::NaiveFlood
        )
    }

    /// The ways its nodes can be faulty.
    #[must_use]
    pub fn faults(self) -> Vec<FaultKind> {
        match self {
            Self::SecureBroadcast => secure_broadcast::FAULTS.to_vec(),
            Self::Pbft => pbft::FAULTS.to_vec(),
            Self::Ccro | Self::CcroCount => ccro::FAULTS.to_vec(),
            Self::MajorityVote => majority_vote::FAULTS.to_vec(),
            Self::Lottery => lottery::FAULTS.to_vec(),
            Self::NaiveFlood => naive_flood::FAULTS.to_vec(),
            Self::Gossip(_) => gossip::FAULTS.to_vec(),
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`PlanError`] if it cannot be set up as the plan says.
    pub fn run(self, plan: &Plan) -> Result<Outcome, PlanError> {
        Ok(match self {
            Self::SecureBroadcast => trial::run(plan, secure_broadcast::roster(plan)?),
            Self::Pbft => trial::run(plan, pbft::roster(plan)?),
            Self::Ccro => trial::run(plan, ccro::roster(Mode::Votes, plan)?),
            Self::CcroCount => trial::run(plan, ccro::roster(Mode::Count, plan)?),
            Self::MajorityVote => trial::run(plan, majority_vote::roster(Absent::default(), plan)?),
            Self::Lottery => trial::run(plan, lottery::roster(plan)?),
            Self::NaiveFlood => trial::run(plan, naive_flood::roster(plan)?),
            Self::Gossip(style) => trial::run(plan, gossip::roster(style, plan)?),
        })
    }

    /// How many message delays a decision of so many nodes takes without faults, if every packet takes the same time.
    /// `None` where waiting for something else takes most of the time.
    ///
    /// # Errors
    /// [`PlanError`] if it does not run with that many nodes.
    pub fn delays(self, nodes: usize) -> Result<Option<u64>, PlanError> {
        let waits = match self {
            Self::Lottery => true,
            Self::Gossip(style) => style != Style::Push,
            _ => false,
        };
        if waits {
            return Ok(None);
        }
        let one = Span::from_millis(10);
        let plan = Plan {
            network: Faults {
                latency: Law::Constant(one),
                ..Faults::default()
            },
            ..Plan::new(nodes, 0)
        };
        let outcome = self.run(&plan)?;
        let span = outcome.latencies.first();
        Ok(span.map(|span| span.as_nanos() / one.as_nanos()))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
