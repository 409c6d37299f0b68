//! Generations: who may echo changes, safely, while operations keep flowing (R3–R7).
//!
//! The way of a change, in one direction: [`propose`](super::SecureBroadcast::propose) → members **approve** it
//! (`approve`) and announce the keys they will have (`keys`) → the leader of an attempt proposes one that a quorum
//! approves, and two rounds of votes **decide** (`decide`, `attempt`) → every member **seals** its generation: it
//! echoes no more, says what it is bound to (`seal`), and erases its key → with the decision and any quorum of seals a
//! replica **activates** the next generation, bound to all that those who sealed were bound to (`activate`) → what was
//! in flight is requested again. Whoever was away fetches the chain of decisions, and the seals (`chain`), and proves
//! old certificates by the headers after them (`ancestry`).
//!
//! The data path does not wait for any of it but between seal and activation.

mod accuse;
mod activate;
mod ancestry;
mod approve;
mod attempt;
mod chain;
mod decide;
mod headers;
mod join;
mod keys;
mod receive;
mod received;
mod records;
mod requested;
mod state;
mod statement_log;
mod step;
mod view;

pub(super) use ancestry::Ancestry;
pub use approve::ChangeRefused;
pub(super) use received::Received;
pub(super) use state::Reconfiguration;
