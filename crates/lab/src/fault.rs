//! Faulty nodes: a correct machine, and something that stands between it and the network and bends what it hears and
//! says. One small file for each way to be faulty; those of one protocol alone stand beside it.

mod eclipse;
mod forger;
mod malicious;
mod offline;
mod peer;
mod stuck;

use core::fmt::Debug;

use bft_crdts::net::{NodeId, TimerId};

use crate::outcome::Verdict;
use crate::packet::{Out, Process};
use crate::tx::SignedTx;

pub use eclipse::Eclipse;
pub use forger::Forger;
pub use malicious::Malicious;
pub use offline::Offline;
pub use peer::Peer;
pub(crate) use peer::{pass_on, receivers};
pub use stuck::Stuck;

/// A way to be faulty. The default of every method is what a correct node does.
pub trait Fault<M: Process>: Debug {
    /// The node starts.
    fn start(&mut self, inner: &mut M, out: &mut Out<M::Message>) {
        inner.start(out);
    }

    /// A transaction is handed in.
    fn submit(&mut self, inner: &mut M, request: SignedTx, out: &mut Out<M::Message>) {
        inner.submit(request, out);
    }

    /// A packet arrives. `out` is what the correct machine inside asks for; it goes through [`Fault::send`].
    fn message(
        &mut self,
        inner: &mut M,
        from: NodeId,
        message: &M::Message,
        out: &mut Out<M::Message>,
    ) -> Verdict {
        inner.message(from, message, out)
    }

    /// A timer fires.
    fn timer(&mut self, inner: &mut M, timer: TimerId, out: &mut Out<M::Message>) {
        inner.timer(timer, out);
    }

    /// What becomes of a packet that the machine inside sends to one node; `None` withholds it.
    fn send(&mut self, to: NodeId, message: M::Message) -> Option<M::Message> {
        let _ = to;
        Some(message)
    }
}

/// The names of the ways to be faulty. Not every protocol has all of them.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum FaultKind {
    /// Nobody is faulty.
    None,
    /// It says nothing.
    Offline,
    /// It says the same wrong value to all.
    Malicious,
    /// The node that leads (commander, primary, source, leader) tells one half another value, and its accomplices vote
    /// for both.
    MaliciousCommander,
    /// It repeats its first answer for ever.
    Stuck,
    /// PBFT's primary leaves one client's requests lying, and orders others all the time.
    StallingPrimary,
    /// PBFT's next primary says that nothing was prepared before it.
    ForgetfulPrimary,
    /// CCRO's communication node reports votes that nobody gave.
    LyingCommunicationNode,
    /// All neighbours of one victim are faulty, and keep it in the dark.
    Eclipse,
    /// Miners keep blocks to themselves until it pays.
    SelfishLottery,
}

impl FaultKind {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// What nodes of most protocols can be.
    pub const COMMON: [Self; 4] = [
        Self::Offline,
        Self::Malicious,
        Self::MaliciousCommander,
        Self::Stuck,
    ];

    /// Its name on the command line and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
