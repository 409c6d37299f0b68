//! Faults that are known and not mended.
//!
//! Each test asserts what is right and fails today. It is ignored with the id of its row in the table "Open" of
//! `docs/defects.md`; `cargo test --test broadcast open_faults -- --ignored` runs them all. What mends a fault takes the
//! mark away.

mod checkpoints;
mod cost;
mod evidence;
mod liveness;
mod seals;
pub(crate) mod support;
