//! CCRO: Yu and others, *Communication consensus mechanism for resource optimization* (BIOTC 2022), as its read-me and
//! the paper describe it.
//!
//! Instead of everybody telling everybody, one *communication node* C collects signed votes. Of n nodes one is the
//! primary P, one is C, and v = n − 2 are consensus nodes, of which f = ⌊(v−1)/3⌋ may lie. A trusted monitor outside
//! watches how fast and how well each node answers, and gives the roles for the next round to the two it trusts most.
//!
//! | | packets |
//! | --- | --- |
//! | REQUEST, P → all others | n − 1 |
//! | PRE-PREPARE, C → consensus nodes; must equal the REQUEST they hold | n − 2 |
//! | PREPARE, a signed vote → C | n − 2 |
//! | COMMIT, C → consensus nodes | n − 2 |
//! | REPLY → P, which waits for f + 1 alike | n − 2 |
//! | to the reply | 5n − 9 |
//! | BLOCK, P → all others, with the f + 1 replies | n − 1 |
//! | all | 6n − 10 |
//!
//! In m domains, each with its own P and C, N nodes need 5N − 9m.
//!
//! What the paper says of COMMIT is a bare count of votes ([`Mode::Count`]). Then C need only claim a quorum, and two
//! halves decide differently. With the votes themselves in COMMIT ([`Mode::Votes`]) it can at worst say nothing.
//!
//! The paper does not say what happens to a round that does not end. Here the monitor ends it, trusts its P and C less,
//! and the next round has others. A consensus node votes once a round, so no round can have two quorums; a transaction
//! that was handed in again may be decided in two rounds, and is the same one in both.

mod byzantine;
mod message;
mod monitor;
mod node;
mod roster;
pub mod trust;

use bft_crdts::net::Span;

use crate::fault::FaultKind;

pub use message::{Message, Roles};
pub use monitor::Monitor;
pub use node::Member;
pub use roster::{roster, roster_in_domains};

/// Its name in tables, with signed votes.
pub const NAME: &str = "ccro";
/// Its name in tables, with a bare count.
pub const COUNT_NAME: &str = "ccro-count";
/// The ways its nodes can be faulty.
pub const FAULTS: [FaultKind; 5] = [
    FaultKind::Offline,
    FaultKind::Malicious,
    FaultKind::MaliciousCommander,
    FaultKind::Stuck,
    FaultKind::LyingCommunicationNode,
];
/// How often the monitor asks how things go; a round that is the same two times in a row is ended.
pub const PATIENCE: Span = Span::from_millis(500);

/// What COMMIT shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// How many voted. The paper's.
    Count,
    /// Their votes.
    Votes,
}

impl Mode {
    /// The name of the protocol in this mode.
    #[must_use]
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Count => COUNT_NAME,
            Self::Votes => NAME,
        }
    }
}
