//! Who may echo: members, generations, and how many of them are enough.

mod generation;
pub mod quorum;
mod signers;

pub use generation::{Generation, MAX_MEMBERS, MemberIndex, Members, Seat};
pub use signers::Signers;
