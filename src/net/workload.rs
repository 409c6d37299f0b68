//! What the correct members are asked to do, and when.

mod rows;
mod task_queue;

use std::fmt;

use super::random::Stream;
use super::sim_algorithm::SimAlgorithm;
use super::time::VirtualTime;
use crate::actor::{Actor, Counter, Dot};
use crate::traits::nth;

pub use rows::{BankRow, bank_rows};
pub(crate) use task_queue::{Ready, TaskQueue};

/// One operation that a member is to submit. A member submits its items in the order of the list.
pub struct Task<A: SimAlgorithm> {
    /// The member, by name.
    pub who: String,
    /// What a refusal is reported by, such as a row number.
    pub tag: u64,
    /// Not before this time.
    pub at: VirtualTime,
    /// Items, by their places in the list, that must be settled first: refused, or delivered at this very member.
    pub after: Vec<usize>,
    /// The operation.
    pub make: Make<A>,
}

/// Makes the operation of an item.
pub enum Make<A: SimAlgorithm> {
    /// It is known beforehand.
    Op(A::Op),
    /// It is made when it is submitted, from what its member has delivered by then. An error refuses the item for
    /// good, with the reason.
    From(Maker<A>),
    /// Drawn from the run's randomness with [`SimAlgorithm::draw`]; left out if that gives nothing.
    Drawn,
}

/// A recipe for an operation.
pub type Maker<A> = Box<
    dyn Fn(
        &WorkloadContext<'_, A>,
    ) -> Result<<A as crate::traits::SecureBroadcastAlgorithm>::Op, String>,
>;

/// What a member sees when it makes an operation.
pub struct WorkloadContext<'a, A: SimAlgorithm> {
    /// Its copy of the algorithm: everything delivered there is applied.
    pub copy: &'a A,
    /// Its own operations that are submitted and not yet delivered there, in order.
    pub under_way: &'a [A::Op],
    /// Its actor.
    pub me: Actor,
    pub(crate) item_of: &'a dyn Fn(&Dot) -> Option<usize>,
}

impl<A: SimAlgorithm> WorkloadContext<'_, A> {
    /// The item, by its place in the list, that became the operation with this dot.
    #[must_use]
    pub fn item_of(&self, dot: &Dot) -> Option<usize> {
        (self.item_of)(dot)
    }

    /// The same for the algorithm inside of this one.
    #[must_use]
    pub fn inside<'s, B: SimAlgorithm<Op = A::Op>>(
        &'s self,
        copy: &'s B,
    ) -> WorkloadContext<'s, B> {
        WorkloadContext {
            copy,
            under_way: self.under_way,
            me: self.me,
            item_of: self.item_of,
        }
    }
}

impl<A: SimAlgorithm> Task<A> {
    /// An operation that is known beforehand, submitted as soon as the run starts.
    #[must_use]
    pub fn op(who: impl Into<String>, op: A::Op) -> Self {
        Self::of(who, Make::Op(op))
    }

    /// An operation made from what its member has delivered when its turn comes.
    #[must_use]
    pub fn from(
        who: impl Into<String>,
        make: impl Fn(&WorkloadContext<'_, A>) -> Result<A::Op, String> + 'static,
    ) -> Self {
        Self::of(who, Make::From(Box::new(make)))
    }

    /// An operation drawn from the run's randomness.
    #[must_use]
    pub fn drawn(who: impl Into<String>) -> Self {
        Self::of(who, Make::Drawn)
    }

    fn of(who: impl Into<String>, make: Make<A>) -> Self {
        Self {
            who: who.into(),
            tag: 0,
            at: VirtualTime::ZERO,
            after: Vec::new(),
            make,
        }
    }

    /// Not before this time.
    #[must_use]
    pub fn at(mut self, at: VirtualTime) -> Self {
        self.at = at;
        self
    }

    /// With this tag.
    #[must_use]
    pub fn tagged(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }
}

impl<A: SimAlgorithm> fmt::Debug for Task<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let make = match &self.make {
            Make::Op(op) => format!("{op:?}"),
            Make::From(_) => "made when it is its turn".into(),
            Make::Drawn => "drawn".into(),
        };
        f.debug_struct("Task")
            .field("who", &self.who)
            .field("tag", &self.tag)
            .field("at", &self.at)
            .field("after", &self.after)
            .field("make", &make)
            .finish()
    }
}

/// Draws one operation that is valid after those under way.
pub(crate) fn drawn<A: SimAlgorithm>(
    context: &WorkloadContext<'_, A>,
    everybody: &[Actor],
    stream: &mut Stream,
    delivered: Counter,
) -> Option<A::Op> {
    if context.under_way.is_empty() {
        return context.copy.draw(&context.me, everybody, stream);
    }
    let mut copy = context.copy.clone();
    let first = Dot::new(context.me, delivered.next()?);
    for (step, op) in context.under_way.iter().enumerate() {
        copy.apply(nth(&first, step), op.clone());
    }
    copy.draw(&context.me, everybody, stream)
}
