//! Who may echo: members, generations, what changes between them, and how many members are enough.

// I19: no clock, input, output, randomness, thread or hash order, and no panic that a peer could reach.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods,
        clippy::disallowed_types,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod change;
mod generation;
pub mod quorum;
mod signers;

pub use change::{Change, ChangeError};
pub use generation::{Generation, MAX_SEATS, MemberIndex, Members, Seat};
pub use signers::Signers;

/// The most members a generation may have.
pub const MAX_MEMBERS: usize = 100;
