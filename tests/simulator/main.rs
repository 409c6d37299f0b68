//! The simulated network: its engine and faults, what villains do on it, and the charts of its runs.

mod amnesia;
mod bank;
mod campaign;
mod changes_villains;
mod charts;
mod contract;
mod details;
mod engine;
mod faults;
mod generations;
#[path = "../common/golden.rs"]
mod golden;
mod ledger;
mod speed;
mod support;
mod toy_broadcast;
mod vices;
mod villains;
mod world;
