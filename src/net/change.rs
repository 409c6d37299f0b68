//! What the members of a run are to change about themselves, and who agrees to it.

use super::time::VirtualTime;

/// A change of members that a run plans.
///
/// Whoever is to join asks from then on, and those who agree approve from then on, as soon as they are asked. Nobody
/// approves anything that is not planned, but the expulsion of whom it can convict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedChange {
    /// What.
    pub what: Wish,
    /// Whom it is about, by name.
    pub who: String,
    /// When those who agree begin to.
    pub at: VirtualTime,
    /// Who agrees, by name; everybody who keeps to the protocol, if it does not say.
    pub approved_by: Option<Vec<String>>,
}

/// What somebody is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wish {
    /// Become a member.
    Join,
    /// Go, of its own will.
    Leave,
    /// Be made to go.
    Expel,
}

impl PlannedChange {
    /// Somebody is to become a member.
    #[must_use]
    pub fn join(who: impl Into<String>) -> Self {
        Self::of(Wish::Join, who.into())
    }

    /// A member is to go of its own will.
    #[must_use]
    pub fn leave(who: impl Into<String>) -> Self {
        Self::of(Wish::Leave, who.into())
    }

    /// A member is to be made to go.
    #[must_use]
    pub fn expel(who: impl Into<String>) -> Self {
        Self::of(Wish::Expel, who.into())
    }

    fn of(what: Wish, who: String) -> Self {
        Self {
            what,
            who,
            at: VirtualTime::ZERO,
            approved_by: None,
        }
    }

    /// Not before this time.
    #[must_use]
    pub fn at(mut self, at: VirtualTime) -> Self {
        self.at = at;
        self
    }

    /// Only these agree.
    #[must_use]
    pub fn approved_by<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.approved_by = Some(names.into_iter().map(Into::into).collect());
        self
    }
}
