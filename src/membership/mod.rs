//! Who may echo: members, generations, what changes between them, and how many members are enough.

mod change;
mod generation;
pub mod quorum;
mod signers;

pub use change::{Change, ChangeError};
pub use generation::{Generation, MAX_MEMBERS, MAX_SEATS, MemberIndex, Members, Seat};
pub use signers::Signers;
