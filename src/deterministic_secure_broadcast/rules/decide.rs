//! R4: the facts on which the decision about the next generation rests.

/// A quorum of first votes (`QC1`) as the other rules see it: in which attempt, for what.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precommit<V> {
    /// The attempt the votes were cast in.
    pub attempt: u32,
    /// What they were cast for.
    pub value: V,
}

/// What is known of a proposal.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProposeFacts {
    /// It is the leader of its attempt who proposes.
    pub leader: bool,
    /// Its change has enough approvals, and applies to this generation.
    pub approved: bool,
    /// It is the first attempt, or a quorum of timeouts of the attempt before is shown.
    pub justified: bool,
    /// It is the value of the [highest](super::Rules::highest) `QC1` in those timeouts, if they show any.
    pub carries_highest: bool,
}

/// What a member knows when it may vote for a proposal.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vote1Facts {
    /// The proposal is of the attempt the member is in.
    pub current: bool,
    /// The member has given this attempt up.
    pub timed_out: bool,
    /// The member has voted in this attempt.
    pub voted: bool,
    /// The proposal.
    pub proposal: ProposeFacts,
}

/// What a member knows when it may cast its second vote.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vote2Facts {
    /// The first votes are of the attempt the member is in.
    pub current: bool,
    /// The member has given this attempt up.
    pub timed_out: bool,
    /// The member has cast its second vote in this attempt.
    pub voted: bool,
    /// How many members have voted for the value.
    pub votes1: usize,
    /// How many members there are.
    pub members: usize,
}

/// What a member knows when it may give an attempt up.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeoutFacts {
    /// It is the attempt the member is in. Who gives up a later one shows too little: it may still vote in its own.
    pub current: bool,
    /// The member has given it up before.
    pub timed_out: bool,
}

/// What a member knows when it may go on to a later attempt.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnterFacts {
    /// The attempt that was given up is the member's or a later one.
    pub not_behind: bool,
    /// How many members have given it up.
    pub timeouts: usize,
    /// How many members there are.
    pub members: usize,
}

pub(super) fn highest<V: Clone>(
    shown: impl IntoIterator<Item = Option<Precommit<V>>>,
) -> Option<Precommit<V>> {
    shown
        .into_iter()
        .flatten()
        .max_by_key(|shown| shown.attempt)
}
