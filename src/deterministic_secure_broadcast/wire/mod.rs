//! Nouns: everything that is signed, travels or lies on disk, and what it takes to check it. Nothing here knows the machine
//! that sends or keeps it.

mod approval;
pub mod checkpoint;
mod decision;
pub mod evidence;
mod excerpt;
mod generations;
mod headers;
mod link;
mod next_key;
pub mod proof_file;
mod proposal;
mod seal;
pub(crate) mod signed;
pub mod snapshot;
pub mod statement;
mod timeout;
mod vote;

pub use approval::{Approvals, Join};
pub use decision::Decision;
pub use excerpt::Excerpt;
pub use generations::{ChainError, Generations, Pin};
pub(super) use headers::MAX_HEADERS;
pub use headers::{Headers, PullHeaders};
pub use link::{Chain, Link, MAX_LINKS, PullChain};
pub use next_key::{Announced, NextKey, NextKeys};
pub use proposal::Proposal;
pub(super) use seal::Named;
pub use seal::{Seal, SealedSource};
pub use signed::{SignedDigest, SignedHeader};
pub(super) use timeout::precommit;
pub use timeout::{Shown, Timeout, Timeouts};
pub(crate) use vote::vote_bytes;
pub use vote::{Lock, Phase, Vote};
