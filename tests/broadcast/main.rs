//! Secure broadcast among members that stay the same: what it owes, attacks on it, and the bytes of it.

mod attacks;
mod corpus_replay;
mod files;
#[path = "../common/film.rs"]
mod film;
mod fixtures;
mod fuzzed;
#[path = "../common/golden.rs"]
mod golden;
mod mended;
#[path = "../common/networks.rs"]
mod networks;
mod open_faults;
mod proof_files;
mod regressions;
mod scripts;
mod secure_broadcast;
mod threats_application;
mod threats_broadcast;
mod threats_codec;
mod threats_signatures;
mod vectors;
mod wire;
#[allow(dead_code, reason = "shared with the generations, which use the rest")]
#[path = "../common/world/mod.rs"]
mod world;
