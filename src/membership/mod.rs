//! Who may echo: members, generations, and how many of them are enough.

mod generation;
pub mod quorum;
mod signers;

pub use generation::{Generation, MAX_MEMBERS, MAX_SEATS, MemberIndex, Members, Seat};
pub use signers::Signers;
