//! The simulated network: its engine and faults, what adversaries do on it, and the charts of its runs.

mod adversaries;
mod amnesia;
mod bank;
mod behaviors;
mod campaign;
mod changes_adversaries;
mod charts;
mod contract;
mod details;
mod engine;
mod faults;
#[path = "../common/film.rs"]
mod film;
mod generations;
#[path = "../common/golden.rs"]
mod golden;
mod ledger;
#[path = "../common/networks.rs"]
mod networks;
mod speed;
mod support;
mod toy_broadcast;
mod world;
