//! Members come and go, and what a quorum attests is forgotten.

mod checkpoint_adversaries;
mod checkpoints;
mod generations;
mod records;
#[path = "../common/seed.rs"]
mod seed;
#[allow(dead_code, reason = "shared with the attacks, which use the rest")]
#[path = "../common/world/mod.rs"]
mod world;
