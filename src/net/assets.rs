//! The two pictures of the read-me, drawn by the repository itself: `bft-crdts assets` writes them.

use super::chart::{onion, sequence};
use super::trace::Trace;

/// The three layers of a replica, and the way of an operation through them, as SVG.
#[must_use]
pub fn onion_layers() -> String {
    onion::draw()
}

/// One secure broadcast, drawn from a run, as SVG: the packets, and on the left the states of all processes as
/// they evolve.
///
/// Meant for a run of a few members in which one operation is broadcast; of a longer one it shows the requests,
/// echoes and proofs up to the last delivery, and the states for the first source.
#[must_use]
pub fn secure_broadcast_seq_diag(trace: &Trace) -> String {
    sequence::draw(trace)
}
