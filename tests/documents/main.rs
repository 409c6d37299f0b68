//! The repository: its documents say what is true, and what its users were promised is there.

mod docs_protocol;
mod docs_threats;
mod floors;
mod house;
mod quickcheck_scales;
mod readme;
