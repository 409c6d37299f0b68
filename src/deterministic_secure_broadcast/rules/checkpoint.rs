//! The facts on which checkpoints rest.

/// What a member knows when it may attest what it has come to at a clock.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttestFacts {
    /// It has delivered all of it.
    pub delivered: bool,
    /// No message lies across the clock, and none below it has a cause beyond it: a replica may stand there.
    pub closed: bool,
}

/// What is known of a checkpoint.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdoptFacts {
    /// How many members attest it.
    pub attested: usize,
    /// How many members there are.
    pub members: usize,
}
