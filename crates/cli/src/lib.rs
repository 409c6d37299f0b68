//! The `bft-crdts` command, as a library.
//!
//! `main.rs` only hands the arguments over. What reads input from outside — [`scenario::parse`] and
//! [`operations::parse`] — is pure and returns typed errors, so that it can be fuzzed and tested.

pub mod names;
pub mod operations;
pub mod rules;
pub mod scenario;
pub mod time;
