//! The picture of a broadcast in the read-me, drawn by the repository itself: `bft-crdts assets` writes it.

use super::chart::sequence;
use super::trace::Trace;
use super::{Faults, Law, Net, NetError, Roster, Span, Task};
use crate::bank::{self, Bank, Ledger};

/// One secure broadcast, drawn from a run, as SVG: the packets, and on the left the states of all processes as
/// they evolve.
///
/// Meant for a run of a few members in which one operation is broadcast, such as [`broadcast_run`]; of a longer one
/// it shows the requests, echoes and proofs up to the last delivery, and the states for the first source.
#[must_use]
pub fn secure_broadcast_seq_diag(trace: &Trace) -> String {
    sequence::draw(trace)
}

/// The run that the read-me shows: four members of a bank, of whom alice pays bob 30.
///
/// # Errors
/// None that can happen: the run names only members it has.
pub fn broadcast_run() -> Result<Trace, NetError> {
    let roster = Roster::new(["alice", "bob", "carol", "dave"]);
    let bob = roster
        .actor("bob")
        .unwrap_or(crate::Actor::from_bytes([0; 32]));
    let state = Ledger::genesis(roster.actors().map(|actor| (actor, 100)), []).unwrap_or_default();
    let pay = Task::<Bank>::from("alice", move |scene| {
        scene
            .copy
            .transfer(&scene.me, bob, 30)
            .map_err(|error| error.to_string())
    });
    let latency = Law::Uniform {
        min: Span::from_millis(8),
        max: Span::from_millis(20),
    };
    let net: Net<Bank> = Net::new(roster, bank::ALGORITHM, state);
    let report = net
        // Of the seeds tried, the one in which the fewest arrows cross.
        .seed(85)
        .faults(Faults {
            latency,
            ..Faults::default()
        })
        .workload([pay])
        .traced("secure_broadcast_seq_diag", "one payment among four")
        .run()?;
    Ok(report.trace.unwrap_or_default())
}
