//! Members come and go, and what a quorum attests is forgotten.

mod checkpoint_adversaries;
mod checkpoints;
#[path = "../common/film.rs"]
mod film;
mod generations;
#[path = "../common/networks.rs"]
mod networks;
mod records;
#[allow(dead_code, reason = "shared with the attacks, which use the rest")]
#[path = "../common/world/mod.rs"]
mod world;
