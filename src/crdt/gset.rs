//! A set that only grows.

use std::collections::BTreeSet;

use crdts::CmRDT;
use serde::{Deserialize, Serialize};

use super::{Hosted, Invalid, Op, Value, check_named};
use crate::actor::Dot;

/// A set that only grows: [`crdts::GSet`]. Nothing in it has a name or an author.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "M: Value")]
pub struct GSet<M: Value>(crdts::GSet<M>);

/// What can be done to a [`GSet`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound = "M: Value")]
pub struct Insert<M> {
    /// From one to [`MAX_NAMED`](super::MAX_NAMED).
    pub members: BTreeSet<M>,
}

impl<M: Value> Default for GSet<M> {
    fn default() -> Self {
        GSet(crdts::GSet::new())
    }
}

impl<M: Value> GSet<M> {
    /// Whether `member` is in the set.
    pub fn contains(&self, member: &M) -> bool {
        self.0.contains(member)
    }

    /// The members, in order.
    pub fn members(&self) -> BTreeSet<M> {
        self.0.read()
    }

    /// The operation that inserts these members. It is valid if there are from one to
    /// [`MAX_NAMED`](super::MAX_NAMED).
    pub fn insert(&self, members: impl IntoIterator<Item = M>) -> Op<Self> {
        let members = members.into_iter().collect();
        Op::new(Insert { members })
    }
}

impl<M: Value> Hosted for GSet<M> {
    type Act = Insert<M>;
    type Ahead = ();

    fn name() -> String {
        "gset".into()
    }

    fn witnessed(_: &Insert<M>, _: &mut BTreeSet<Dot>) {}

    fn admit(&self, (): &mut (), _: &Dot, act: &Insert<M>) -> Result<(), Invalid> {
        check_named(act.members.len())
    }

    fn perform(&mut self, _: &Dot, act: Insert<M>) {
        act.members
            .into_iter()
            .for_each(|member| self.0.apply(member));
    }
}
