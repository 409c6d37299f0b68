//! The simulated world: laws, places, peers, topologies, services, faults, and that it is the same every time.

mod determinism;
mod faults;
mod hardware;
mod laws;
mod places;
mod replicas;
mod services;
mod support;
mod topologies;
