//! The facts on which checkpoints rest.

/// What a member knows when it may attest the state it has at a clock.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttestFacts {
    /// It has delivered all of it.
    pub delivered: bool,
    /// No message lies across the clock, and none below it has a cause beyond it: a replica may stand there.
    pub closed: bool,
    /// It covers every clock that this member has attested, and everything that was certified in the generation before
    /// as far as a quorum of seals shows. So all checkpoints are in one line: of two that a quorum attests in one
    /// generation, one correct member has attested both; and one that an older generation attested lies below what any
    /// quorum of its seals shows.
    pub beyond: bool,
}

/// What is known of a checkpoint.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdoptFacts {
    /// How many members attest it.
    pub attested: usize,
    /// How many members there are.
    pub members: usize,
}
