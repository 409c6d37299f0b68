//! What the simulator has to know about an algorithm to draw it, judge it, and attack it.

mod bank;
mod hosted;
mod orswot;

use std::fmt::Debug;

pub use orswot::DrawnMember;

use super::details::Entry;
use super::random::Stream;
use super::roster::Names;
use crate::actor::{Actor, Dot};
use crate::traits::SecureBroadcastAlgorithm;

/// An algorithm that can be put on stage. Every method has a default, so this is enough to simulate your own:
///
/// ```
/// # use bft_crdts::{Actor, Causes, Dot, SecureBroadcastAlgorithm, net::SimAlgorithm};
/// # #[derive(Clone, Debug, PartialEq, Eq)]
/// # struct Yours;
/// # impl SecureBroadcastAlgorithm for Yours {
/// #     type Op = u8;
/// #     type ReplicatedState = u8;
/// #     type Invalid = std::convert::Infallible;
/// #     fn new(_: Actor) -> Self { Yours }
/// #     fn state(&self) -> u8 { 0 }
/// #     fn sync_from(&mut self, _: u8) {}
/// #     fn causes(&self, _: &u8) -> Causes { Causes::Nothing }
/// #     fn validate(&self, _: &Dot, _: &u8) -> Result<(), Self::Invalid> { Ok(()) }
/// #     fn apply(&mut self, _: Dot, _: u8) {}
/// # }
/// impl SimAlgorithm for Yours {}
/// ```
pub trait SimAlgorithm: SecureBroadcastAlgorithm {
    /// A checker of this algorithm's own promises, such as the conservation of money, for one replica that starts from
    /// this state. It keeps its own books.
    fn auditor(genesis: &Self::ReplicatedState) -> Box<dyn Auditor<Self>> {
        let _ = genesis;
        Box::new(Trusting)
    }

    /// A short text for an operation, such as `pay b 10`.
    fn label(op: &Self::Op, names: &Names) -> String {
        let _ = names;
        format!("{op:?}")
    }

    /// A short text for the state, such as `a 90, b 110`; `None` draws nothing.
    fn state_label(&self, names: &Names) -> Option<String> {
        let _ = names;
        None
    }

    /// The state, entry by entry, so that people can see what changed: such as `balance`, `bob`, `70`. By default what
    /// [`SimAlgorithm::state_label`] says.
    fn state_entries(&self, names: &Names) -> Vec<Entry> {
        let label = self.state_label(names);
        label
            .map(|label| Entry::new("state", "", label))
            .into_iter()
            .collect()
    }

    /// An operation that `me` can broadcast in this state, for generated workloads; `None` if there is none.
    fn draw(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<Self::Op> {
        let _ = (me, everybody, stream);
        None
    }

    /// Two different operations, each of which `me` could broadcast in this state, but not both where that can be
    /// helped: a double spend.
    fn rivals(
        &self,
        me: &Actor,
        everybody: &[Actor],
        stream: &mut Stream,
    ) -> Option<[Self::Op; 2]> {
        let one = self.draw(me, everybody, stream)?;
        let other = (0..8).find_map(|_| {
            self.draw(me, everybody, stream)
                .filter(|other| *other != one)
        })?;
        Some([one, other])
    }

    /// An operation of `me` that every correct replica must refuse.
    fn invalid(&self, me: &Actor, everybody: &[Actor], stream: &mut Stream) -> Option<Self::Op> {
        let _ = (me, everybody, stream);
        None
    }

    /// An operation of `me` that would be valid if it did not name this dot among its causes, which may not exist yet.
    fn citing(
        &self,
        me: &Actor,
        cause: Dot,
        everybody: &[Actor],
        stream: &mut Stream,
    ) -> Option<Self::Op> {
        let _ = (me, cause, everybody, stream);
        None
    }
}

/// Watches what one replica delivers, and keeps its own books of it, by other means than the algorithm's.
pub trait Auditor<A: SecureBroadcastAlgorithm>: Debug {
    /// The replica has delivered this, in this order.
    ///
    /// # Errors
    /// What is wrong with that.
    fn delivered(&mut self, dot: &Dot, op: &A::Op) -> Result<(), String>;

    /// Compares the replica's copy with the books: what the last operation touched, or everything.
    ///
    /// # Errors
    /// Where they differ.
    fn compare(&self, copy: &A, last: Option<&A::Op>) -> Result<(), String>;
}

/// Believes everything.
#[derive(Debug)]
struct Trusting;

impl<A: SecureBroadcastAlgorithm> Auditor<A> for Trusting {
    fn delivered(&mut self, _: &Dot, _: &A::Op) -> Result<(), String> {
        Ok(())
    }

    fn compare(&self, _: &A, _: Option<&A::Op>) -> Result<(), String> {
        Ok(())
    }
}
