//! The protocols, by name: what each promises, and how to run it.

use core::fmt;

use bft_crdts::net::{Faults, Law, Span};

use crate::fault::FaultKind;
use crate::trial::{self, Outcome, Plan, PlanError};
use crate::{pbft, secure_broadcast};

/// One of the protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// The protocol of this library.
    SecureBroadcast,
    /// Practical Byzantine fault tolerance.
    Pbft,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SecureBroadcast, Self::Pbft];

    /// Its name on the command line and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecureBroadcast => secure_broadcast::NAME,
            Self::Pbft => pbft::NAME,
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
        }
    }

    /// The ways its nodes can be faulty.
    #[must_use]
    pub fn faults(self) -> Vec<FaultKind> {
        match self {
            Self::SecureBroadcast => secure_broadcast::FAULTS.to_vec(),
            Self::Pbft => pbft::FAULTS.to_vec(),
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`PlanError`] if it cannot be set up as the plan says.
    pub fn run(self, plan: &Plan) -> Result<Outcome, PlanError> {
        Ok(match self {
            Self::SecureBroadcast => trial::run(plan, secure_broadcast::cast(plan)?),
            Self::Pbft => trial::run(plan, pbft::cast(plan)?),
        })
    }

    /// How many message delays a decision of so many nodes takes without faults, if every packet takes the same time.
    /// `None` where waiting for something else takes most of the time.
    ///
    /// # Errors
    /// [`PlanError`] if it does not run with that many nodes.
    pub fn delays(self, nodes: usize) -> Result<Option<u64>, PlanError> {
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
