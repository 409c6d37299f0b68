//! The facts on which an accusation rests that is about two statements of different kinds.

/// What an echo and the same member's seal of that generation say of one slot.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct HiddenFacts {
    /// The seal shows a certificate at or past the slot. Whoever has one forgets what it has echoed below.
    pub passed: bool,
    /// The seal shows the header that was echoed.
    pub open: bool,
}

/// What a second vote and a timeout of the same member and generation say about what it knew.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct StaleTimeoutFacts {
    /// The attempt voted in: so it knew of a quorum of first votes of this attempt, or of a later one, ever after.
    pub voted: u32,
    /// The attempt given up. Of an attempt before the vote's it proves nothing: it may have been signed earlier.
    pub given_up: u32,
    /// The attempt of the highest quorum of first votes that the timeout shows.
    pub shown: Option<u32>,
}
