//! Secure broadcast among members that stay the same: what it owes, attacks on it, and the bytes of it.

mod attacks;
mod certificates;
mod corpus_replay;
mod files;
mod fixtures;
mod fuzzed;
#[path = "../common/golden.rs"]
mod golden;
mod mended;
mod open_faults;
mod proof_files;
mod regressions;
mod scripts;
mod secure_broadcast;
#[path = "../common/seed.rs"]
mod seed;
mod threats_application;
mod threats_broadcast;
mod threats_codec;
mod threats_signatures;
mod vectors;
mod wire;
#[allow(dead_code, reason = "shared with the generations, which use the rest")]
#[path = "../common/world/mod.rs"]
mod world;
